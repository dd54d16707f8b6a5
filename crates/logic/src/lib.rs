//! What the servers decide, as pure state machines over the codec.
//!
//! * [`Machine`]: the contract between a connection's state and the loop that drives it.
//! * [`ds`], [`ns`], [`sb`]: the sessions of the three servers, and the tables that their
//!   sessions share: [`ns::Presence`] and [`sb::Room`].
//! * [`login`]: one file per sign-in scheme.
//!
//! Nothing here does I/O. Time and randomness come in as arguments; what needs the store, the
//! bus or a shared table goes out as a question and comes back as an answer.

mod bucket;
pub mod challenge;
pub mod ds;
pub mod login;
mod machine;
pub mod ns;
mod outlet;
pub mod sb;

pub use bucket::{Bucket, Rate};
pub use machine::{Effects, Machine};
pub use outlet::Outlet;
