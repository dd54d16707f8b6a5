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
mod service;
mod sync;

pub use directory::{Addressee, Hit, Invitation, Search, Service};
pub use handshake::{Farewell, Step, Version};
pub use lists::{WhichGroup, Whom};
pub use message::{Mailbox, PageText, ProfileFields, SystemMessage};
pub use presence::{MAX_PERSONAL, MAX_PICTURE, StatusWord, Told};
pub use ring::ReferTo;
pub use sync::{Head, Known, contact_properties, own_properties};

use model::{
    Contact, Email, Group, Guid, HostPort, List, MessagePrivacy, Name, Presence, Property, ReversePrompt, RoomId,
    Serial, Stamps, Status,
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
    Adc = b"ADC", Sbp = b"SBP", Uux = b"UUX", Gcf = b"GCF", Pgd = b"PGD",
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
        b"PAG" | b"PGD" => Some(1024),
        b"UUX" => Some(MAX_PERSONAL),
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
    Syn { trid: TrId, known: Known<'a> },
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
    Chg { trid: TrId, status: StatusWord, told: Told<'a> },
    /// Set personal message and current media; empty takes them back.
    Uux { trid: TrId, personal: &'a str },
    /// Is the server there?
    Png,
    /// Send me a challenge.
    Chl { trid: TrId },
    /// The answer to a challenge.
    Qry { trid: TrId, product: &'a str, digest: &'a str },
    /// Put someone on a list; on FL, into a group.
    Add { trid: TrId, list: List, whom: Whom, name: Option<Name>, group: Option<WhichGroup> },
    /// Take someone off a list, or on FL out of a group.
    Rem { trid: TrId, list: List, whom: Whom, group: Option<WhichGroup> },
    /// Rename a contact, or (`None`, or one's own handle) oneself. The name is to be confirmed in the
    /// client's own spelling.
    Rea { trid: TrId, whom: Option<Whom>, name: Name, spelling: &'a str },
    /// Make a group.
    Adg { trid: TrId, name: Name },
    /// Remove a group.
    Rmg { trid: TrId, group: WhichGroup },
    /// Rename a group.
    Reg { trid: TrId, group: WhichGroup, name: Name },
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
    /// Page someone's mobile phone, with `PAG` or `PGD`.
    Pag { trid: TrId, handle: Email, text: &'a [u8] },
    /// Which versions and contents are blocked.
    Gcf { trid: TrId },
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
            Command::Syn => sync::syn(words, traits),
            Command::Lst => sync::lst(words),
            Command::Lsg => Ok(Self::Lsg { trid: words.trid }),
            Command::Gtc => sync::gtc(words),
            Command::Blp => sync::blp(words),
            Command::Prp => sync::prp(words, traits),
            Command::Chg => presence::chg(words, traits),
            Command::Uux => presence::uux(&words, frame.payload),
            Command::Chl => Ok(Self::Chl { trid: words.trid }),
            Command::Qry => challenge::qry(words, frame.payload),
            Command::Add => lists::add(words, traits),
            Command::Adc => lists::adc(words),
            Command::Sbp => lists::sbp(words),
            Command::Rem => lists::rem(words, traits),
            Command::Rea => lists::rea(words),
            Command::Adg => groups::adg(words),
            Command::Rmg => groups::rmg(words, traits),
            Command::Reg => groups::reg(words, traits),
            Command::Url => directory::url(words),
            Command::Fnd => directory::fnd(words),
            Command::Snd => directory::snd(words, traits),
            Command::Sdc => directory::sdc(words, frame.payload),
            Command::Ims => ring::ims(words),
            Command::Pag => message::pag(words, frame.payload, traits),
            Command::Pgd => message::pgd(words, frame.payload),
            Command::Gcf => service::gcf(words),
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
            | Self::Uux { trid, .. }
            | Self::Gcf { trid }
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
    /// The session ends.
    Out(Farewell),
    /// The version of lists and settings; if they follow, how many people and groups they hold.
    Syn { trid: TrId, serial: Serial, stamps: Stamps, counts: Option<(usize, usize)> },
    /// The prompt setting.
    Gtc { head: Head, prompt: ReversePrompt },
    /// The privacy setting.
    Blp { head: Head, privacy: MessagePrivacy },
    /// One of the account's own properties.
    Prp { head: Head, property: Property, value: &'a str },
    /// The account's own friendly name, as a property.
    PrpName { head: Head, name: &'a Name },
    /// A contact's property; in what follows `SYN`, that of the contact before it.
    Bpr { in_burst: bool, serial: Serial, email: &'a Email, property: Property, value: &'a str },
    /// All groups.
    Lsg { head: Head, groups: &'a [Group] },
    /// Someone on whatever lists; the groups are all that there are.
    LstPerson { contact: &'a Contact, groups: &'a [Group] },
    /// Entry `item` of `total` of a list.
    Lst { trid: TrId, list: List, serial: Serial, item: usize, total: usize, contact: &'a Contact },
    /// A list with nobody on it.
    LstEmpty { trid: TrId, list: List, serial: Serial },
    /// The new state of the client.
    Chg { trid: TrId, status: Status, told: Told<'a> },
    /// Personal message and current media are set.
    Uux { trid: TrId },
    /// A contact's personal message and current media; empty if they have taken them back.
    Ubx { email: &'a Email, personal: &'a str },
    /// Someone who is online already.
    Iln { trid: TrId, presence: &'a Presence },
    /// Someone came online, or changed.
    Nln { presence: &'a Presence },
    /// Someone went offline.
    Fln { email: &'a Email },
    /// The server is there, and wants to be asked again after so many seconds.
    Qng { next: u32 },
    /// Prove what program you are.
    Chl { trid: TrId, challenge: &'a str },
    /// You have.
    Qry { trid: TrId },
    /// Someone was put on a list.
    Add {
        trid: TrId,
        list: List,
        serial: Serial,
        email: &'a Email,
        name: &'a Name,
        guid: Guid,
        group: Option<&'a Group>,
        /// They were not on this list before, rather than in another group of it.
        is_new: bool,
    },
    /// Someone was taken off a list, or out of a group.
    Rem { trid: TrId, list: List, serial: Serial, email: &'a Email, guid: Guid, group: Option<&'a Group> },
    /// A contact, or (without an identifier) oneself, has another name, URL-encoded in the spelling of
    /// the client that set it: msnp11-sdk waits for just that.
    Rea { trid: TrId, serial: Serial, email: &'a Email, guid: Option<Guid>, spelling: &'a str },
    /// A group was made.
    Adg { trid: TrId, serial: Serial, group: &'a Group },
    /// A group was removed.
    Rmg { trid: TrId, serial: Serial, group: &'a Group },
    /// A group has another name.
    Reg { trid: TrId, serial: Serial, group: &'a Group },
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
    /// The state of the account's mailbox.
    Mailbox(&'a Mailbox<'a>),
    /// Which versions and contents are blocked: none.
    Gcf { trid: TrId },
    /// The credit for text messages: there are none.
    Sbs,
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
            | Self::Out(_) => handshake::encode(self, traits, out),
            Self::Syn { .. }
            | Self::Gtc { .. }
            | Self::Blp { .. }
            | Self::Prp { .. }
            | Self::PrpName { .. }
            | Self::Bpr { .. }
            | Self::Lsg { .. }
            | Self::Lst { .. }
            | Self::LstPerson { .. }
            | Self::LstEmpty { .. } => sync::encode(self, traits, out),
            Self::Chg { .. }
            | Self::Iln { .. }
            | Self::Nln { .. }
            | Self::Fln { .. }
            | Self::Uux { .. }
            | Self::Ubx { .. }
            | Self::Qng { .. } => presence::encode(self, traits, out),
            Self::Chl { .. } | Self::Qry { .. } => challenge::encode(self, out),
            Self::Add { .. } | Self::Rem { .. } | Self::Rea { .. } => lists::encode(self, traits, out),
            Self::Adg { .. } | Self::Rmg { .. } | Self::Reg { .. } => groups::encode(self, traits, out),
            Self::XfrSb { .. } | Self::Rng { .. } | Self::Ims { .. } => ring::encode(self, out),
            Self::Url { .. } | Self::Fnd { .. } | Self::FndNone { .. } | Self::Snd { .. } | Self::Sdc { .. } => {
                directory::encode(self, traits, out);
            }
            Self::Gcf { .. } | Self::Sbs => service::encode(self, out),
            Self::Profile(_) | Self::Mailbox(_) | Self::System(_) | Self::Ipg(_) | Self::Not { .. } => {
                message::encode(self, traits, out)
            }
        }
    }
}
