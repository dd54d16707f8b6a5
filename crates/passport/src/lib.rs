//! Passport, the sign-in of MSNP8 and newer, as it is written: bytes to handles and passwords, tickets
//! to bytes.
//!
//! * [`header`]: Passport 1.4, for MSN Messenger 5.0 to 7.0.
//! * [`rst`]: security tokens, for 7.5 and for many others.
//!
//! Nothing here does I/O, keeps time or checks a password. What is asked and answered where is in
//! `web`. (docs/PROTOCOL.md, Passport)

mod credentials;
pub mod header;
pub mod rst;

pub use credentials::{Credentials, MAX_PASSWORD};
