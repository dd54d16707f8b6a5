//! The switchboard: rooms, and the clients in them.
//!
//! * [`Session`]: one client's state machine.
//! * [`Room`]: one conversation, shared by its clients' sessions.

mod room;
mod rules;
mod session;

pub use room::{Entry, Idle, Member, Room};
pub use rules::Rules;
pub use session::{Answer, Notice, Question, Refused, Session};
