//! What a client sends, read.

use model::{Email, List, MessagePrivacy, Name, Property, ReversePrompt};

use super::{
    Command, Invitation, Known, ReferTo, Search, Service, StatusWord, Step, Told, Version, WhichGroup, Whom, challenge,
    directory, groups, handshake, lists, message, presence, ring, service, sync,
};
use crate::word::words;
use crate::{Bad, Frame, TrId, Traits};

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
