//! `CHG ILN NLN FLN PNG QNG`: who is here, in which state. (docs/PROTOCOL.md, Presence)

use model::{Presence, Status};

use crate::dialect::PresenceShape;
use crate::ns::{Event, Request};
use crate::word::Words;
use crate::write::{Line, line};
use crate::{Bad, Traits};

/// The state in a `CHG`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatusWord {
    /// One that a client can be in.
    To(Status),
    /// `FLN`: in the draft, but refused by the servers that followed.
    Offline,
}

pub(super) fn chg<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
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
    Ok(Request::Chg { trid, status })
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
        Event::Chg { trid, status } => line(out, "CHG").trid(trid).word(status_word(status)).end(),
        Event::Iln { trid, presence } => shown(line(out, "ILN").trid(trid), traits.presence, presence),
        Event::Nln { presence } => shown(line(out, "NLN"), traits.presence, presence),
        Event::Fln { email } => line(out, "FLN").email(email).end(),
        Event::Qng => line(out, "QNG").end(),
        _ => unreachable!("another family's event"),
    }
}

fn shown(line: Line<'_>, shape: PresenceShape, presence: &Presence) {
    let line = line.word(status_word(presence.status)).email(&presence.email).name(&presence.name);
    match shape {
        PresenceShape::Plain => line.end(),
    }
}
