//! Version 1 of what the daemons say to each other.
//!
//! A *notice* goes one way and is handled in the order in which its sender sent it. A *request*
//! is answered, or fails after a deadline. Nothing here knows a dialect: each daemon turns
//! meaning into bytes for its own clients.

use model::{Email, Endpoint, Name, NodeId, Role, RoomId, UserId};
use serde::{Deserialize, Serialize};

pub use model::{Address, Notice};

/// What every daemon tells the others about itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Node {
    /// Drawn at random when the daemon starts.
    pub id: NodeId,
    /// What it does.
    pub role: Role,
    /// Where clients find it.
    pub endpoint: Endpoint,
    /// Its share of the users, relative to the others' (rendezvous hashing).
    pub weight: u32,
    /// Connections that it holds now.
    pub load: u32,
    /// It finishes what it has and takes nothing new.
    pub draining: bool,
}

/// Questions that want an answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Switchboard to [`Address::User`]: ring this user.
    Ring {
        /// Who is called.
        callee: Email,
        /// Into which room.
        room: RoomId,
        /// On which switchboard.
        switchboard: NodeId,
        /// Where that is for clients.
        endpoint: Endpoint,
        /// Who calls.
        caller: UserId,
        /// Their handle.
        caller_email: Email,
        /// Their friendly name.
        caller_name: Name,
    },
    /// Notification server to [`Address::User`]: this account has just signed in at the sender;
    /// end the session that it has at the receiver.
    TakeOver {
        /// Whose.
        user: UserId,
    },
    /// Switchboard to [`Address::User`]: may this user call others now?
    MayCall {
        /// Who calls.
        user: UserId,
    },
    /// Notification server to [`Address::User`]: show this user's client a page for their mobile
    /// phone.
    Page {
        /// Whom it is for.
        to: Email,
        /// Who sends it.
        from: Email,
        /// Their friendly name.
        name: Name,
        /// Plain text.
        text: String,
    },
    /// To [`Address::Node`]: may a client be sent to you now? A notification server is asked for
    /// someone who signs in, a switchboard for a conversation that begins.
    Ready,
}

/// Answers to [`Request`]s.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Response {
    /// The user's client has been rung.
    Rung,
    /// The user cannot be called.
    NotRung(NotRung),
    /// The old session is told to end.
    TakenOver,
    /// The user may call.
    MayCall,
    /// The page is with the user's client.
    Delivered,
    /// The user's client cannot show pages.
    NotDelivered,
    /// The receiver could not do it, for a reason that is in its own log.
    Failed,
    /// A client may be sent here.
    Ready,
    /// The receiver is draining, or full.
    NotReady,
}

/// Why someone cannot be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum NotRung {
    /// Not signed in, hidden, or not taking calls (`IMS OFF`).
    Offline,
    /// The callee's lists keep the caller away.
    Blocked,
    /// The caller is hidden, or has yet to appear.
    CallerHidden,
}
