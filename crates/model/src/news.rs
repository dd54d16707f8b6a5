//! What notification servers tell each other about their users.
//!
//! `logic` decides what is to be told and what follows from it; `bus` carries it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Contact, Email, NodeId, Presence, Property, Role, Serial, UserId};

/// Whom a message on the bus is for.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Address {
    /// The notification server that holds this user, wherever that is.
    User(Email),
    /// This daemon.
    Node(NodeId),
    /// Every other daemon with this role.
    Role(Role),
}

/// One-way messages, from notification server to notification server, handled in the order in
/// which their sender sent them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Notice {
    /// `watcher`, who is at the sender, watches `targets` from now on. The receiver answers with
    /// [`Notice::Watched`] if it holds any of them.
    Watch {
        /// Who watches.
        watcher: UserId,
        /// Whom.
        targets: Vec<UserId>,
        /// Comes back in [`Notice::Watched`]: the transaction whose `ILN`s these are, or none
        /// where the watcher is to be told by `NLN`.
        tag: Option<u32>,
        /// The watcher has just come online: if anyone at the receiver watches *them*, it
        /// answers with a [`Notice::Watch`] of its own for each.
        arrived: bool,
    },
    /// `watcher` no longer watches `targets`.
    Unwatch {
        /// Who watched.
        watcher: UserId,
        /// Whom.
        targets: Vec<UserId>,
    },
    /// The answer to [`Notice::Watch`].
    Watched {
        /// Who watches.
        watcher: UserId,
        /// From the question.
        tag: Option<u32>,
        /// Those of the targets who are here and visible to the watcher.
        visible: Vec<Presence>,
    },
    /// To these watchers, who are at the receiver, someone is now shown like this.
    Shown {
        /// Who is to be told.
        to: Vec<UserId>,
        /// What.
        presence: Presence,
    },
    /// To these watchers, who are at the receiver, someone is now offline.
    Gone {
        /// Who is to be told.
        to: Vec<UserId>,
        /// Who is gone.
        user: UserId,
        /// Their handle.
        email: Email,
    },
    /// Someone put `user` on their forward list, or took them off it.
    Reverse {
        /// Whose reverse list changed.
        user: UserId,
        /// Their new serial.
        serial: Serial,
        /// Who did it, as `user`'s roster is to show them if it does not hold them yet.
        peer: Contact,
        /// Put on or taken off?
        added: bool,
    },
    /// Someone changed a property that this watcher may see.
    Property {
        /// Who is to be told.
        to: UserId,
        /// Their new serial.
        serial: Serial,
        /// Whose property.
        user: UserId,
        /// The owner's handle.
        email: Email,
        /// Which.
        property: Property,
        /// The new value.
        value: String,
    },
    /// The roster of `user` looks different by what someone else did: read it again.
    Changed {
        /// Whose.
        user: UserId,
    },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(email) => write!(f, "the user {email}"),
            Self::Node(id) => write!(f, "node {id}"),
            Self::Role(role) => write!(f, "the {role} servers"),
        }
    }
}
