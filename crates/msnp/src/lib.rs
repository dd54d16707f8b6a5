//! The codec of the Microsoft Notification Protocol: bytes to frames, frames to typed requests,
//! typed events to bytes, each in the exact form of its dialect.
//!
//! * [`frame`] cuts the byte stream into lines and payloads, within limits.
//! * [`dialect`] is the one place that knows dialects by number; all other code asks for a trait.
//! * [`gateway`] reads what a request to the HTTP gateway asks for.
//! * [`codes`] is the table of error codes.
//! * [`ns`] and [`sb`] have one file per command family: what clients send to a notification (or
//!   dispatch) server and to a switchboard, and what is sent to them.
//!
//! Nothing here does I/O, keeps time or decides anything. Facts and their sources:
//! `docs/PROTOCOL.md`.

pub mod codes;
pub mod dialect;
pub mod frame;
pub mod gateway;
pub mod ns;
pub mod sb;
mod stamp;
mod traits;
pub mod url;
mod word;
mod write;
mod xml;

pub use codes::Code;
pub use dialect::{Dialect, Traits};
pub use frame::{Frame, FrameError, Limits, Parsed};
pub use word::{Bad, TrId, Verdict};
pub use write::error;
