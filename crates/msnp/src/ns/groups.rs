//! `ADG RMG REG`: groups of the forward list. (docs/PROTOCOL.md, Groups)

use model::{BadName, Name};

use crate::ns::{Event, Request, lists};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Code};

pub(super) fn adg<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    Ok(Request::Adg { trid: words.trid, name: name(&mut words)? })
}

pub(super) fn rmg<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    Ok(Request::Rmg { trid: words.trid, group: lists::group_id(words.word()?)? })
}

pub(super) fn reg<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let group = lists::group_id(words.word()?)?;
    Ok(Request::Reg { trid: words.trid, group, name: name(&mut words)? })
}

fn name<'a>(words: &mut Words<impl Iterator<Item = &'a str>>) -> Result<Name, Bad> {
    let trid = words.trid;
    let text = words.text(Code::InvalidParameter)?;
    Name::parse(&text, Name::GROUP).map_err(|why| match why {
        BadName::TooLong(_) => Bad::refuse(trid, Code::GroupNameTooLong, "the name of the group is too long"),
        BadName::Empty | BadName::Control => Bad::refuse(trid, Code::InvalidParameter, "no group can have this name"),
    })
}

pub(super) fn encode(event: &Event<'_>, out: &mut Vec<u8>) {
    match *event {
        Event::Adg { trid, serial, group, name } => {
            line(out, "ADG").trid(trid).number(serial.0).name(name).number(group.number()).word("0").end();
        }
        Event::Rmg { trid, serial, group } => line(out, "RMG").trid(trid).number(serial.0).number(group.number()).end(),
        Event::Reg { trid, serial, group, name } => {
            line(out, "REG").trid(trid).number(serial.0).number(group.number()).name(name).word("0").end();
        }
        _ => unreachable!("another family's event"),
    }
}
