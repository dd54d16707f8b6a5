//! What clients send to a dispatch or notification server, and what those send to them.
//!
//! Each command family has a file of its own, with its part of [`Request::decode`] and
//! [`Event::encode`].

mod challenge;
mod directory;
mod groups;
mod handshake;
mod lists;
mod message;
mod presence;
mod ring;
mod sync;

pub use directory::{Addressee, Hit, Invitation, Search, Service};
pub use handshake::{Step, Version};
pub use message::{PageText, ProfileFields, SystemMessage};
pub use presence::StatusWord;
pub use ring::ReferTo;

use model::{
    Contact, Email, Group, GroupId, HostPort, List, MessagePrivacy, Name, Presence, Property, Props, ReversePrompt,
    RoomId, Serial, Status,
};

use crate::frame::Verb;
use crate::word::words;
use crate::{Bad, Frame, Limits, TrId, Traits};

macro_rules! commands {
    ($($variant:ident = $verb:literal,)*) => {
        /// A command that some dialect's clients send.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs, reason = "the names are the wire verbs")]
        pub enum Command { $($variant,)* }

        impl Command {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The command with this verb.
            pub fn from_verb(verb: Verb) -> Option<Self> {
                match &verb { $($verb => Some(Self::$variant),)* _ => None }
            }

            /// Its verb.
            pub const fn verb(self) -> &'static [u8; 3] {
                match self { $(Self::$variant => $verb,)* }
            }
        }
    };
}

commands! {
    Ver = b"VER", Cvr = b"CVR", Cvq = b"CVQ", Inf = b"INF", Usr = b"USR", Xfr = b"XFR", Out = b"OUT",
    Syn = b"SYN", Lst = b"LST", Lsg = b"LSG", Gtc = b"GTC", Blp = b"BLP", Prp = b"PRP",
    Chg = b"CHG", Png = b"PNG", Chl = b"CHL", Qry = b"QRY",
    Add = b"ADD", Rem = b"REM", Rea = b"REA", Adg = b"ADG", Rmg = b"RMG", Reg = b"REG",
    Url = b"URL", Fnd = b"FND", Snd = b"SND", Sdc = b"SDC", Ims = b"IMS", Pag = b"PAG",
}

/// Longest line before sign-in, in bytes. (docs/PROTOCOL.md, Limits)
pub const LINE_BEFORE_SIGN_IN: usize = 1024;
/// Longest line after sign-in, in bytes.
pub const LINE: usize = 8192;

/// The limits for a client that has not signed in. It may send no payload that means anything,
/// but what it sends is cut as payload, lest its contents run as commands.
pub const BEFORE_SIGN_IN: Limits = Limits { line: LINE_BEFORE_SIGN_IN, payload: payload_limit };
/// The limits for a client that has.
pub const SIGNED_IN: Limits = Limits { line: LINE, payload: payload_limit };

fn payload_limit(verb: Verb) -> Option<usize> {
    match &verb {
        b"QRY" => Some(32),
        b"PAG" => Some(1024),
        b"SDC" => Some(4096),
        _ => None,
    }
}

/// A command of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields are the words of the command")]
pub enum Request<'a> {
    /// Which dialects the client speaks.
    Ver { trid: TrId, offered: Vec<&'a str> },
    /// The client's version, and the question for the newest.
    Cvr { trid: TrId, version: Version<'a> },
    /// The same from a client that shares no dialect with us.
    Cvq { trid: TrId, version: Version<'a> },
    /// Which security packages there are.
    Inf { trid: TrId },
    /// A step of a sign-in.
    Usr { trid: TrId, step: Step<'a> },
    /// Where to find another server.
    Xfr { trid: TrId, to: ReferTo },
    /// Good-bye.
    Out,
    /// Bring the client's copy of lists and settings up to date.
    Syn { trid: TrId, known: Serial },
    /// One list.
    Lst { trid: TrId, list: List },
    /// The groups.
    Lsg { trid: TrId },
    /// Set what happens when someone adds the account.
    Gtc { trid: TrId, prompt: ReversePrompt },
    /// Set who may see and call the account.
    Blp { trid: TrId, privacy: MessagePrivacy },
    /// Set a property. The value is decoded.
    Prp { trid: TrId, property: Property, value: String },
    /// Change state.
    Chg { trid: TrId, status: StatusWord },
    /// Is the server there?
    Png,
    /// Send me a challenge.
    Chl { trid: TrId },
    /// The answer to a challenge.
    Qry { trid: TrId, product: &'a str, digest: &'a str },
    /// Put someone on a list; on FL, into a group.
    Add { trid: TrId, list: List, handle: Email, name: Name, group: Option<GroupId> },
    /// Take someone off a list, or on FL out of a group.
    Rem { trid: TrId, list: List, handle: Email, group: Option<GroupId> },
    /// Rename oneself or a contact.
    Rea { trid: TrId, handle: Email, name: Name },
    /// Make a group.
    Adg { trid: TrId, name: Name },
    /// Remove a group.
    Rmg { trid: TrId, group: GroupId },
    /// Rename a group.
    Reg { trid: TrId, group: GroupId, name: Name },
    /// Where a web service is.
    Url { trid: TrId, service: Service<'a> },
    /// Search the directory.
    Fnd { trid: TrId, search: Search },
    /// Invite someone by mail, in the server's words.
    Snd { trid: TrId, invitation: Invitation<'a> },
    /// Invite someone by mail, in the user's words.
    Sdc { trid: TrId, invitation: Invitation<'a> },
    /// Take calls, or none.
    Ims { trid: TrId, on: bool },
    /// Page someone's mobile phone.
    Pag { trid: TrId, handle: Email, text: &'a [u8] },
}

impl<'a> Request<'a> {
    /// Reads a command of a client of the dialect `traits`.
    ///
    /// A verb that the dialect does not have closes the connection, as the real servers did.
    pub fn decode(frame: &Frame<'a>, traits: &Traits) -> Result<Self, Bad> {
        let command = Command::from_verb(frame.verb).ok_or(Bad::close("no dialect has this command"))?;
        if !traits.commands.has(command) {
            return Err(Bad::close("the client's dialect does not have this command"));
        }
        match command {
            Command::Out => return Ok(Self::Out),
            Command::Png => return Ok(Self::Png),
            _ => {}
        }
        let words = words(frame)?;
        match command {
            Command::Ver => handshake::ver(words),
            Command::Cvr => handshake::cvr(words),
            Command::Cvq => handshake::cvq(words),
            Command::Inf => Ok(Self::Inf { trid: words.trid }),
            Command::Usr => handshake::usr(words, traits),
            Command::Xfr => ring::xfr(words),
            Command::Syn => sync::syn(words),
            Command::Lst => sync::lst(words),
            Command::Lsg => Ok(Self::Lsg { trid: words.trid }),
            Command::Gtc => sync::gtc(words),
            Command::Blp => sync::blp(words),
            Command::Prp => sync::prp(words),
            Command::Chg => presence::chg(words),
            Command::Chl => Ok(Self::Chl { trid: words.trid }),
            Command::Qry => challenge::qry(words, frame.payload),
            Command::Add => lists::add(words, traits),
            Command::Rem => lists::rem(words, traits),
            Command::Rea => lists::rea(words),
            Command::Adg => groups::adg(words),
            Command::Rmg => groups::rmg(words),
            Command::Reg => groups::reg(words),
            Command::Url => directory::url(words),
            Command::Fnd => directory::fnd(words),
            Command::Snd => directory::snd(words, traits),
            Command::Sdc => directory::sdc(words, frame.payload),
            Command::Ims => ring::ims(words),
            Command::Pag => message::pag(words, frame.payload),
            Command::Out | Command::Png => unreachable!("handled above"),
        }
    }
}

impl Request<'_> {
    /// The transaction that it begins, if it has one.
    pub const fn trid(&self) -> Option<TrId> {
        match *self {
            Self::Out | Self::Png => None,
            Self::Ver { trid, .. }
            | Self::Cvr { trid, .. }
            | Self::Cvq { trid, .. }
            | Self::Inf { trid }
            | Self::Usr { trid, .. }
            | Self::Xfr { trid, .. }
            | Self::Syn { trid, .. }
            | Self::Lst { trid, .. }
            | Self::Lsg { trid }
            | Self::Gtc { trid, .. }
            | Self::Blp { trid, .. }
            | Self::Prp { trid, .. }
            | Self::Chg { trid, .. }
            | Self::Chl { trid }
            | Self::Qry { trid, .. }
            | Self::Add { trid, .. }
            | Self::Rem { trid, .. }
            | Self::Rea { trid, .. }
            | Self::Adg { trid, .. }
            | Self::Rmg { trid, .. }
            | Self::Reg { trid, .. }
            | Self::Url { trid, .. }
            | Self::Fnd { trid, .. }
            | Self::Snd { trid, .. }
            | Self::Sdc { trid, .. }
            | Self::Ims { trid, .. }
            | Self::Pag { trid, .. } => Some(trid),
        }
    }
}

/// What a dispatch or notification server tells a client.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are the words of the command")]
pub enum Event<'a> {
    /// The dialect of this connection, and whether the client offered `CVR0`.
    Ver { trid: TrId, cvr0: bool },
    /// No common dialect, but the client may ask `CVQ`.
    VerCvr0 { trid: TrId },
    /// No common dialect.
    VerRefused { trid: TrId },
    /// The newest client, here always the one that asks.
    Cvr { trid: TrId, query: bool, version: &'a str, download: &'a str, info: &'a str },
    /// The security package.
    Inf { trid: TrId },
    /// The challenge of a sign-in.
    UsrChallenge { trid: TrId, challenge: &'a str },
    /// Signed in.
    UsrOk { trid: TrId, email: &'a Email, name: &'a Name, verified: bool },
    /// Go to another notification server.
    XfrNs { trid: TrId, to: &'a HostPort, current: &'a HostPort },
    /// Go to a switchboard with this cookie.
    XfrSb { trid: TrId, to: &'a HostPort, cookie: &'a str },
    /// Someone signed in elsewhere with this account.
    OutOth,
    /// The server goes down.
    OutSsd,
    /// The session ends, as after a challenge that was not answered.
    Out,
    /// The version of lists and settings.
    Syn { trid: TrId, serial: Serial },
    /// The prompt setting.
    Gtc { trid: TrId, serial: Serial, prompt: ReversePrompt },
    /// The privacy setting.
    Blp { trid: TrId, serial: Serial, privacy: MessagePrivacy },
    /// One of the account's own properties.
    Prp { trid: TrId, serial: Serial, property: Property, value: &'a str },
    /// A contact's property.
    Bpr { serial: Serial, email: &'a Email, property: Property, value: &'a str },
    /// All groups.
    Lsg { trid: TrId, serial: Serial, groups: &'a [Group] },
    /// Entry `item` of `total` of a list.
    Lst { trid: TrId, list: List, serial: Serial, item: usize, total: usize, contact: &'a Contact },
    /// A list with nobody on it.
    LstEmpty { trid: TrId, list: List, serial: Serial },
    /// The new state of the client.
    Chg { trid: TrId, status: Status },
    /// Someone who is online already.
    Iln { trid: TrId, presence: &'a Presence },
    /// Someone came online, or changed.
    Nln { presence: &'a Presence },
    /// Someone went offline.
    Fln { email: &'a Email },
    /// The server is there.
    Qng,
    /// Prove what program you are.
    Chl { trid: TrId, challenge: &'a str },
    /// You have.
    Qry { trid: TrId },
    /// Someone was put on a list.
    Add { trid: TrId, list: List, serial: Serial, email: &'a Email, name: &'a Name, group: Option<GroupId> },
    /// Someone was taken off a list, or out of a group.
    Rem { trid: TrId, list: List, serial: Serial, email: &'a Email, group: Option<GroupId> },
    /// Someone has another name.
    Rea { trid: TrId, serial: Serial, email: &'a Email, name: &'a Name },
    /// A group was made.
    Adg { trid: TrId, serial: Serial, group: GroupId, name: &'a Name },
    /// A group was removed.
    Rmg { trid: TrId, serial: Serial, group: GroupId },
    /// A group has another name.
    Reg { trid: TrId, serial: Serial, group: GroupId, name: &'a Name },
    /// Come into this room.
    Rng { room: RoomId, at: &'a HostPort, cookie: &'a str, email: &'a Email, name: &'a Name },
    /// Where a web service is.
    Url { trid: TrId, service: &'a str, sign_in: &'a str },
    /// Hit `item` of `total` of a search.
    Fnd { trid: TrId, item: usize, total: usize, hit: &'a Hit<'a> },
    /// Nobody was found.
    FndNone { trid: TrId },
    /// The invitation is on its way.
    Snd { trid: TrId },
    /// The invitation is on its way.
    Sdc { trid: TrId },
    /// Calls are taken, or not.
    Ims { trid: TrId, on: bool },
    /// The profile after sign-in.
    Profile(&'a ProfileFields<'a>),
    /// A message from the operator.
    System(SystemMessage),
    /// A page from someone.
    Ipg(&'a PageText<'a>),
    /// An alert: a whole `<NOTIFICATION>` document.
    Not { document: &'a str },
}

impl Event<'_> {
    /// Appends the event in the form of the dialect `traits`.
    pub fn encode(&self, traits: &Traits, out: &mut Vec<u8>) {
        match *self {
            Self::Ver { .. }
            | Self::VerCvr0 { .. }
            | Self::VerRefused { .. }
            | Self::Cvr { .. }
            | Self::Inf { .. }
            | Self::UsrChallenge { .. }
            | Self::UsrOk { .. }
            | Self::XfrNs { .. }
            | Self::OutOth
            | Self::OutSsd
            | Self::Out => handshake::encode(self, traits, out),
            Self::Syn { .. }
            | Self::Gtc { .. }
            | Self::Blp { .. }
            | Self::Prp { .. }
            | Self::Bpr { .. }
            | Self::Lsg { .. }
            | Self::Lst { .. }
            | Self::LstEmpty { .. } => sync::encode(self, traits, out),
            Self::Chg { .. } | Self::Iln { .. } | Self::Nln { .. } | Self::Fln { .. } | Self::Qng => {
                presence::encode(self, traits, out);
            }
            Self::Chl { .. } | Self::Qry { .. } => challenge::encode(self, out),
            Self::Add { .. } | Self::Rem { .. } | Self::Rea { .. } => lists::encode(self, traits, out),
            Self::Adg { .. } | Self::Rmg { .. } | Self::Reg { .. } => groups::encode(self, out),
            Self::XfrSb { .. } | Self::Rng { .. } | Self::Ims { .. } => ring::encode(self, out),
            Self::Url { .. } | Self::Fnd { .. } | Self::FndNone { .. } | Self::Snd { .. } | Self::Sdc { .. } => {
                directory::encode(self, traits, out);
            }
            Self::Profile(_) | Self::System(_) | Self::Ipg(_) | Self::Not { .. } => message::encode(self, traits, out),
        }
    }
}

/// The four `BPR` lines that tell a contact's properties.
pub fn contact_properties(out: &mut Vec<u8>, traits: &Traits, serial: Serial, email: &Email, props: &Props) {
    for property in Property::SHOWN {
        Event::Bpr { serial, email, property, value: props.get(property) }.encode(traits, out);
    }
}
