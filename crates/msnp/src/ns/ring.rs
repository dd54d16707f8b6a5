//! `XFR … SB`, `RNG` and `IMS`: the way into conversations. (docs/PROTOCOL.md, Calls)

use crate::ns::{Event, Request};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Code};

/// The kind of server in a client's `XFR`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReferTo {
    /// `SB`
    Switchboard,
    /// `NS`: the beta client's first command to a dispatch server.
    Notification,
}

pub(super) fn xfr<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let to = match words.word()? {
        "SB" => ReferTo::Switchboard,
        "NS" => ReferTo::Notification,
        _ => return Err(Bad::refuse(trid, Code::InvalidParameter, "XFR takes SB or NS")),
    };
    Ok(Request::Xfr { trid, to })
}

pub(super) fn ims<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let on = match words.word()? {
        "ON" => true,
        "OFF" => false,
        _ => return Err(Bad::refuse(trid, Code::InvalidParameter, "IMS takes ON or OFF")),
    };
    Ok(Request::Ims { trid, on })
}

pub(super) fn encode(event: &Event<'_>, out: &mut Vec<u8>) {
    match *event {
        Event::XfrSb { trid, to, cookie } => {
            line(out, "XFR").trid(trid).word("SB").word(&to.to_string()).word("CKI").word(cookie).end();
        }
        Event::Rng { room, at, cookie, email, name } => {
            let line = line(out, "RNG").number(room.0).word(&at.to_string()).word("CKI").word(cookie);
            line.email(email).name(name).end();
        }
        Event::Ims { trid, on } => {
            line(out, "IMS").trid(trid).word("0").word(if on { "ON" } else { "OFF" }).end();
        }
        _ => unreachable!("another family's event"),
    }
}
