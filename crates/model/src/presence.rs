//! What others see of someone who is signed in.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Email, Name, UserId};

/// A state that a client can put itself in with `CHG`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Status {
    /// `NLN`
    Online,
    /// `BSY`
    Busy,
    /// `IDL`
    Idle,
    /// `BRB`
    BeRightBack,
    /// `AWY`
    Away,
    /// `PHN`
    OnThePhone,
    /// `LUN`
    OutToLunch,
    /// `HDN`: signed in, watching, and to all others offline.
    Hidden,
}

/// The URL-encoded MSNObject of a display picture, relayed byte for byte (MSNP9+).
pub type Picture = Arc<str>;

/// The personal message and current media of a user: the `<Data>` document of a `UUX`, relayed byte
/// for byte in `UBX` (MSNP11+).
pub type Personal = Arc<str>;

/// What a watcher is shown of someone who is online and visible to them.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// Their handle.
    pub email: Email,
    /// Their friendly name.
    pub name: Name,
    /// Their state; never [`Status::Hidden`].
    pub status: Status,
    /// Capability bits (MSNP8+), 0 for clients that tell none.
    pub capabilities: u32,
    /// Their display picture, if they have one (MSNP9+).
    pub picture: Option<Picture>,
    /// Their personal message and current media, if they have told any (MSNP11+).
    pub personal: Option<Personal>,
}

impl Presence {
    /// Do both look the same but for the personal message, which is told apart?
    pub fn looks_like(&self, other: &Self) -> bool {
        self.face() == other.face()
    }

    /// All but the personal message.
    pub fn face(&self) -> impl PartialEq + std::hash::Hash {
        (self.user, &self.email, &self.name, self.status, self.capabilities, &self.picture)
    }
}
