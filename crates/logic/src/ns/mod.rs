//! The notification server: sign-in, lists, presence, rings.
//!
//! * [`session`](self::Session): one client's state machine.
//! * [`presence`](self::Presence): who is here and who watches whom, shared by all sessions.
//! * [`lists`]: which edits of a roster are allowed, and what they change. Pure functions.
//! * [`circle`]: who is on which lists of an account, in few bytes.
//! * [`privacy`]: may one person see and call another?

mod call;
mod changed;
pub mod circle;
mod context;
mod desk;
mod directory;
mod edits;
mod fan;
pub mod lists;
mod online;
mod presence;
pub mod privacy;
mod recall;
mod session;
mod sign_in;
mod sync;

pub use context::{Rules, Site};
pub use desk::{
    Answer, Called, Candidate, Entry, Found, Identity, Notice, Proof, Question, Reloaded, Ring, Secret, SignedIn,
};
pub use presence::{Callee, Presence, View};
pub use session::Session;
pub use sign_in::shown_name;
pub(crate) use sign_in::{bad_handle, greeting};
