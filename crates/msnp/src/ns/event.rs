//! What a server tells a client, before it is written.

use model::{
    Contact, Email, Group, Guid, HostPort, List, MessagePrivacy, Name, Presence, Property, ReversePrompt, RoomId,
    Serial, Stamps, Status,
};

use super::{
    Farewell, Head, Hit, Mailbox, PageText, ProfileFields, SystemMessage, Told, challenge, directory, groups,
    handshake, lists, message, presence, ring, service, sync,
};
use crate::{TrId, Traits};

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
