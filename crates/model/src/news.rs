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
    /// `watcher`, who is at the sender, watches `targets` from now on. The receiver answers if it
    /// holds any of them. Superseded by [`Notice::Follow`]; no longer sent.
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
    /// The answer to [`Notice::Watch`]. Superseded by [`Notice::Show`]; no longer sent.
    Watched {
        /// Who watches.
        watcher: UserId,
        /// From the question.
        tag: Option<u32>,
        /// Those of the targets who are here and visible to the watcher.
        visible: Vec<Presence>,
    },
    /// To these watchers, who are at the receiver, someone is now shown like this. Superseded by
    /// [`Notice::Show`]; no longer sent.
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
    /// These are signed in at the sender. The receiver answers with [`Notice::Follow`] for its own
    /// users who watch them. Of two sessions of one account the later stays: the receiver ends its
    /// own, or contradicts with a [`Notice::Held`].
    Held {
        /// Who, and since when: Unix milliseconds, or [`i64::MIN`] for a session that is told to
        /// end already.
        users: Vec<(UserId, i64)>,
    },
    /// Users of the sender watch others from now on, or as before. The receiver answers with
    /// [`Notice::Show`] for those whom it holds and who are visible.
    Follow {
        /// How many times users of the sender had begun to watch someone, this time included.
        number: u64,
        /// Comes back in [`Notice::Show`]: the transaction whose `ILN`s these are, or none where
        /// the watcher is to be told by `NLN`.
        tag: Option<u32>,
        /// Who watches, and whom.
        watches: Vec<(UserId, Vec<UserId>)>,
    },
    /// To these watchers, who are at the receiver, someone is shown like this from now on.
    Show {
        /// The highest number that the receiver had told the sender: it tells an answer to the
        /// watch that is from one to a watch before it.
        knows: u64,
        /// From the question, in an answer.
        tag: Option<u32>,
        /// Who is shown, and to whom.
        shown: Vec<(Presence, Vec<UserId>)>,
    },
    /// A step of the way in which two servers make whole what they know of each other.
    Heal(Heal),
}

/// How one server's users and the other's watchers of them are told anew, whatever was lost before.
/// The first and the last two steps go one way, those between them the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Heal {
    /// All users of the sender follow, in [`Notice::Held`].
    Holding {
        /// The receiver is to tell of its own users, too.
        answer: bool,
    },
    /// Those were all.
    Held,
    /// The watchers of the receiver's users follow, in [`Notice::Follow`]; there are no others.
    Watching {
        /// As in [`Notice::Follow`].
        number: u64,
    },
    /// Those were all.
    Watched {
        /// Comes back in [`Heal::Shown`].
        number: u64,
    },
    /// To all those watchers, everyone has been shown who is visible.
    Shown {
        /// From the question.
        number: u64,
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
