//! `CAL IRO JOI BYE`: who is in the room. (docs/PROTOCOL.md, Switchboard)

use crate::sb::{Event, Request};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Traits};

pub(super) fn cal<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    Ok(Request::Cal { trid: words.trid, handle: words.word()? })
}

pub(super) fn encode(event: &Event<'_>, traits: &Traits, out: &mut Vec<u8>) {
    match *event {
        Event::Iro { trid, item, total, email, name, capabilities } => {
            let line = line(out, "IRO").trid(trid).number(item as u64).number(total as u64).email(email).name(name);
            if traits.roster_capabilities { line.number(capabilities).end() } else { line.end() }
        }
        Event::Joi { email, name, capabilities } => {
            let line = line(out, "JOI").email(email).name(name);
            if traits.roster_capabilities { line.number(capabilities).end() } else { line.end() }
        }
        Event::Bye { email, idle } => {
            let line = line(out, "BYE").email(email);
            if idle { line.word("1").end() } else { line.end() }
        }
        Event::Cal { trid, room } => line(out, "CAL").trid(trid).word("RINGING").number(room.0).end(),
        _ => unreachable!("another family's event"),
    }
}
