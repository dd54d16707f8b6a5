//! `CHG ILN NLN FLN UUX UBX PNG QNG`: who is here, in which state. (docs/PROTOCOL.md, Presence)

use std::str;

use model::{Presence, Status};

use crate::dialect::PresenceShape;
use crate::ns::{Event, Request};
use crate::word::Words;
use crate::write::{Line, line};
use crate::{Bad, Code, TrId, Traits, xml};

/// The state in a `CHG`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatusWord {
    /// One that a client can be in.
    To(Status),
    /// `FLN`: in the draft, but refused by the servers that followed.
    Offline,
}

/// Longest display picture object in a `CHG`, in bytes as it is encoded. Clients make some 300.
pub const MAX_PICTURE: usize = 2048;
/// Longest personal message with current media (`UUX`), in bytes.
pub const MAX_PERSONAL: usize = 4096;

/// What a client tells of itself behind its state, in the dialects that can: it is echoed as it came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Told<'a> {
    /// Capability bits (MSNP8+).
    pub capabilities: Option<u32>,
    /// A display picture object, URL-encoded; `0` is none (MSNP9+).
    pub picture: Option<&'a str>,
}

pub(super) fn chg<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let status = match words.word()? {
        "NLN" => StatusWord::To(Status::Online),
        "BSY" => StatusWord::To(Status::Busy),
        "IDL" => StatusWord::To(Status::Idle),
        "BRB" => StatusWord::To(Status::BeRightBack),
        "AWY" => StatusWord::To(Status::Away),
        "PHN" => StatusWord::To(Status::OnThePhone),
        "LUN" => StatusWord::To(Status::OutToLunch),
        "HDN" => StatusWord::To(Status::Hidden),
        "FLN" => StatusWord::Offline,
        _ => return Err(Bad::close("there is no such state")),
    };
    let mut told = Told::default();
    if traits.presence != PresenceShape::Plain {
        told.capabilities = words.optional().map(|word| capabilities(trid, word)).transpose()?;
    }
    if traits.presence == PresenceShape::Picture {
        told.picture = words.optional();
    }
    if told.picture.is_some_and(|picture| picture.len() > MAX_PICTURE) {
        return Err(Bad::refuse(trid, Code::InvalidParameter, "the display picture object is too long"));
    }
    Ok(Request::Chg { trid, status, told })
}

fn capabilities(trid: TrId, word: &str) -> Result<u32, Bad> {
    let bits = TrId::parse(word).map(|TrId(bits)| bits);
    bits.ok_or(Bad::refuse(trid, Code::InvalidParameter, "the capabilities are not a number"))
}

/// `UUX t len` with a `<Data>` document, or with nothing to take it back. Anything else closes.
pub(super) fn uux<'a>(words: &Words<impl Iterator<Item = &'a str>>, payload: &'a [u8]) -> Result<Request<'a>, Bad> {
    let bad = Bad::close("the personal message is not a <Data> document");
    let personal = str::from_utf8(payload).map_err(|_| bad)?;
    if !personal.is_empty() && !xml::is_document(personal, "Data") {
        return Err(bad);
    }
    Ok(Request::Uux { trid: words.trid, personal })
}

const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Online => "NLN",
        Status::Busy => "BSY",
        Status::Idle => "IDL",
        Status::BeRightBack => "BRB",
        Status::Away => "AWY",
        Status::OnThePhone => "PHN",
        Status::OutToLunch => "LUN",
        Status::Hidden => "HDN",
    }
}

pub(super) fn encode(event: &Event<'_>, traits: &Traits, out: &mut Vec<u8>) {
    match *event {
        Event::Chg { trid, status, told } => {
            let mut line = line(out, "CHG").trid(trid).word(status_word(status));
            if let Some(capabilities) = told.capabilities {
                line = line.number(capabilities);
            }
            match told.picture {
                Some(picture) => line.word(picture).end(),
                None => line.end(),
            }
        }
        Event::Iln { trid, presence } => shown(line(out, "ILN").trid(trid), traits.presence, presence),
        Event::Nln { presence } => shown(line(out, "NLN"), traits.presence, presence),
        Event::Fln { email } => line(out, "FLN").email(email).end(),
        Event::Ubx { email, personal } => {
            if traits.personal {
                line(out, "UBX").email(email).payload(personal.as_bytes());
            }
        }
        Event::Uux { trid } => line(out, "UUX").trid(trid).word("0").end(),
        Event::Qng { next } => {
            let line = line(out, "QNG");
            if traits.next_ping { line.number(next).end() } else { line.end() }
        }
        _ => unreachable!("another family's event"),
    }
}

fn shown(line: Line<'_>, shape: PresenceShape, presence: &Presence) {
    let line = line.word(status_word(presence.status)).email(&presence.email).name(&presence.name);
    match shape {
        PresenceShape::Plain => line.end(),
        PresenceShape::Capabilities => line.number(presence.capabilities).end(),
        PresenceShape::Picture => match &presence.picture {
            Some(picture) => line.number(presence.capabilities).word(picture).end(),
            None => line.number(presence.capabilities).end(),
        },
    }
}
