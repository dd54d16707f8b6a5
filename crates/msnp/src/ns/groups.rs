//! `ADG RMG REG`: groups of the forward list. (docs/PROTOCOL.md, Groups)

use model::{BadName, GroupId, Guid, Name, Serial};

use crate::dialect::Keys;
use crate::ns::lists::{self, WhichGroup};
use crate::ns::{Event, Request};
use crate::word::Words;
use crate::write::{Line, line};
use crate::{Bad, Code, TrId, Traits, url};

pub(super) fn adg<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    Ok(Request::Adg { trid: words.trid, name: name(&mut words)? })
}

/// MSN Messenger 7.0 sends the name instead of the identifier in one situation, encoded twice.
pub(super) fn rmg<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
    let word = words.word()?;
    let group = match which(word, traits) {
        Err(_) if traits.keys == Keys::Guids => named(word).ok_or(Bad::close("no group can be meant by this"))?,
        which => which?,
    };
    Ok(Request::Rmg { trid: words.trid, group })
}

pub(super) fn reg<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
    let group = which(words.word()?, traits)?;
    Ok(Request::Reg { trid: words.trid, group, name: name(&mut words)? })
}

/// The group that a word names. A number or an identifier that no group can have closes.
pub(super) fn which(word: &str, traits: &Traits) -> Result<WhichGroup, Bad> {
    if traits.keys == Keys::Guids {
        return lists::guid(word).map(WhichGroup::Guid);
    }
    let number = TrId::parse(word).and_then(|TrId(number)| u8::try_from(number).ok());
    number.and_then(GroupId::new).map(WhichGroup::Number).ok_or(Bad::close("no group can have this number"))
}

fn named(word: &str) -> Option<WhichGroup> {
    let once = url::decode(word)?;
    let twice = url::decode(&once)?;
    Name::parse(&twice, Name::GROUP).ok().map(WhichGroup::Name)
}

fn name<'a>(words: &mut Words<impl Iterator<Item = &'a str>>) -> Result<Name, Bad> {
    let trid = words.trid;
    let text = words.text(Code::InvalidParameter)?;
    Name::parse(&text, Name::GROUP).map_err(|why| match why {
        BadName::TooLong(_) => Bad::refuse(trid, Code::GroupNameTooLong, "the name of the group is too long"),
        BadName::Empty | BadName::Control => Bad::refuse(trid, Code::InvalidParameter, "no group can have this name"),
    })
}

pub(super) fn encode(event: &Event<'_>, traits: &Traits, out: &mut Vec<u8>) {
    let key = |id: GroupId, guid: Guid| match traits.keys {
        Keys::Guids => guid.to_string(),
        Keys::Handles | Keys::GroupNumbers => id.number().to_string(),
    };
    match *event {
        Event::Adg { trid, serial, group } => {
            let line = begin(out, "ADG", trid, serial, traits).name(&group.name).word(&key(group.id, group.guid));
            if traits.list_versions { line.word("0") } else { line }.end();
        }
        Event::Rmg { trid, serial, group } => {
            begin(out, "RMG", trid, serial, traits).word(&key(group.id, group.guid)).end();
        }
        Event::Reg { trid, serial, group } => {
            let line = begin(out, "REG", trid, serial, traits).word(&key(group.id, group.guid)).name(&group.name);
            if traits.list_versions { line.word("0") } else { line }.end();
        }
        _ => unreachable!("another family's event"),
    }
}

fn begin<'o>(out: &'o mut Vec<u8>, verb: &str, trid: TrId, serial: Serial, traits: &Traits) -> Line<'o> {
    let line = line(out, verb).trid(trid);
    if traits.list_versions { line.number(serial.0) } else { line }
}
