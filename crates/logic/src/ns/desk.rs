//! What a session asks of its desk, what the desk answers, and what others tell a session.

use model::{
    Contact, Cookie, Edit, Email, Endpoint, Guid, Name, Person, Personal, Property, RoomId, Roster, Serial, UserId,
};
use msnp::dialect::Package;
use msnp::ns::Search;
use msnp::{Dialect, TrId};

use super::View;

/// What a session asks.
#[derive(Debug)]
pub enum Question {
    /// Is this their home, and what do they have to answer to sign in this way?
    Identify(Email, Package),
    /// Is it they?
    Prove(Email, Proof),
    /// It is: take over what session they had, and begin this one, with a client of this dialect.
    SignIn(Box<Candidate>, Dialect),
    /// The account with this handle, as the session's user would have it as a contact.
    Find(Email),
    /// Carry out an edit; tell the watchers and the peers whom it concerns, whose handles are
    /// these.
    Edit(Edit, Vec<(UserId, Email)>),
    /// A sign-in failed: count it against the client's address.
    Failed,
    /// Read the roster again, and name those of these people who are on no list of it any more.
    Reload(Vec<UserId>),
    /// `CHG`.
    Appear(View, TrId),
    /// `UUX`; empty takes it back.
    Personal(Option<Personal>),
    /// The one who was taken over is gone for good, if this session has not appeared yet.
    Settle,
    /// Watch one more contact, whom an edit has put on FL.
    Watch(UserId, TrId),
    /// `IMS`.
    TakeCalls(bool),
    /// A switchboard, and a cookie that opens a room there.
    OpenRoom,
    /// A fresh challenge of 20 digits.
    Challenge,
    /// Search the directory.
    Search(Search),
    /// Send an invitation by mail.
    Invite {
        /// To whom.
        to: Email,
        /// In whose name.
        from: Name,
        /// In whose words; empty for the server's own.
        text: String,
    },
    /// Page someone who takes pages.
    Page(Email, String),
    /// Good-bye.
    SignOut,
}

/// Who wants to sign in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The account.
    pub user: UserId,
    /// Its identifier for MSNP10+ clients.
    pub guid: Guid,
    /// Its handle.
    pub email: Email,
    /// Its friendly name.
    pub name: Name,
    /// Is its e-mail address verified?
    pub verified: bool,
}

/// What shows that someone is who they say they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// The digest of a challenge and the password.
    Digest {
        /// What the client was sent.
        challenge: String,
        /// What it sent.
        response: String,
    },
    /// A ticket of the login server's.
    Ticket(Secret),
}

/// Someone who has proved who they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// Who it is.
    pub identity: Identity,
    /// Their lists and settings, as they were read with the account.
    pub roster: Roster,
    /// [When](super::Presence::as_of) that was.
    pub as_of: u64,
}

/// What [`Question::Identify`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// Whether there is such an account does not matter yet. This is sent to the client, which is to
    /// answer it, or to hand it on to the login server.
    Challenge(String),
    /// The account's home is another notification server.
    Elsewhere(Endpoint),
    /// Too many sign-ins from the client's address have failed.
    TooMany,
}

/// A ticket on its way to the comparison. Its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a session begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedIn {
    /// The account's lists and settings.
    pub roster: Roster,
    /// Now, in Unix seconds.
    pub unix_seconds: i64,
    /// Watchers still see the session that this one took over.
    pub lingers: bool,
}

/// A roster that was read again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reloaded {
    /// The account's lists and settings.
    pub roster: Roster,
    /// Those of the [people who were asked for](Question::Reload) who are on no list any more.
    pub gone: Vec<Person>,
}

/// A hit of a search in the directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Who.
    pub email: Email,
    /// What `FND` tells: first and last name, city, state, country.
    pub card: [String; 5],
}

/// What the desk answers.
#[derive(Debug)]
pub enum Answer {
    /// To [`Question::Identify`].
    Identified(Found),
    /// To [`Question::Prove`]: who may sign in, if anyone.
    Proved(Option<Box<Candidate>>),
    /// To [`Question::SignIn`].
    SignedIn(Box<SignedIn>),
    /// To [`Question::Find`].
    Found(Option<Box<Contact>>),
    /// To [`Question::Edit`]: done, with the account's new serial.
    Edited(Serial),
    /// To [`Question::Edit`]: the lists had changed meanwhile; these are they. And to
    /// [`Question::Reload`]. `None`: the account is no more.
    Reloaded(Option<Box<Reloaded>>),
    /// To [`Question::OpenRoom`].
    Room(Endpoint, Cookie),
    /// To [`Question::OpenRoom`]: there is no switchboard.
    NoSwitchboard,
    /// To [`Question::Challenge`].
    Challenge(String),
    /// To [`Question::Search`]; more than the limit if there are too many.
    Hits(Vec<Entry>),
    /// To [`Question::Invite`] and [`Question::Page`]: on its way, or not.
    Sent(bool),
    /// To [`Question::Invite`]: the operator does not offer it.
    Disabled,
    /// The store or the bus did not answer; nothing was changed.
    Unavailable,
    /// To all that only needs to be done.
    Done,
}

/// Someone is called, by someone who may.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ring {
    /// Into which room.
    pub room: RoomId,
    /// Where its switchboard is for clients.
    pub endpoint: Endpoint,
    /// What the callee's client presents there.
    pub cookie: Cookie,
    /// Who calls.
    pub caller: Email,
    /// Their friendly name.
    pub caller_name: Name,
}

/// Why a user cannot be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Called {
    /// Not signed in, hidden, or not taking calls.
    Offline,
    /// The callee's lists keep the caller away.
    Blocked,
}

/// What others tell a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Someone signed in elsewhere with this account.
    TakenOver,
    /// Someone calls.
    Ring(Box<Ring>),
    /// Someone put the user on their forward list, or took them off it.
    Reverse {
        /// The user's new serial.
        serial: Serial,
        /// Who.
        peer: Box<Contact>,
        /// Put on or taken off?
        added: bool,
    },
    /// A contact changed a property.
    Property {
        /// The user's new serial.
        serial: Serial,
        /// The contact.
        user: UserId,
        /// Their handle.
        email: Email,
        /// Which property.
        property: Property,
        /// Its new value.
        value: String,
    },
    /// Lists or settings were changed from outside, by the operator for example.
    Reload,
    /// A page for the user's mobile phone, which their client can show.
    Page {
        /// Who sends it.
        from: Email,
        /// Their friendly name.
        name: Name,
        /// The text.
        text: String,
    },
    /// The user's home is another notification server from now on: go there.
    Refer(Endpoint),
    /// The server goes down in so many minutes, or now.
    Shutdown {
        /// 0: now.
        minutes: u32,
    },
}
