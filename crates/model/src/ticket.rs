//! What a switchboard cookie stands for.

use serde::{Deserialize, Serialize};

use crate::{Email, Name, NodeId, RoomId, UserId};

/// What a switchboard cookie entitles its bearer to. Kept in the store under a hash of the
/// cookie, taken out when the cookie is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Admission {
    /// Who may use it.
    pub user: UserId,
    /// Their handle; the client must present the same.
    pub email: Email,
    /// Their friendly name at the time, which the conversation goes on showing.
    pub name: Name,
    /// The dialect that their client speaks, as its number: a switchboard hears no `VER`.
    pub dialect: u8,
    /// Their client's capability bits.
    pub capabilities: u32,
    /// The switchboard that it is good for.
    pub node: NodeId,
    /// `None`: it opens a room (`USR`). A room: it answers a call into that one (`ANS`).
    pub room: Option<RoomId>,
}

/// A switchboard cookie as the client sees it. It holds at least 128 random bits, works once,
/// and is a secret: its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie(pub String);

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cookie(…)")
    }
}
