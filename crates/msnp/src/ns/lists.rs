//! `ADD REM REA`: people on lists, and their names. (docs/PROTOCOL.md, Lists)

use model::{BadEmail, BadName, Email, GroupId, List, Name};

use crate::ns::{Event, Request, sync};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Code, TrId, Traits, url};

pub(super) fn add<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let list = own_list(trid, words.word()?)?;
    let handle = handle(trid, &mut words)?;
    let name = name(trid, words.word()?)?;
    let group = group(&mut words, list, traits)?;
    Ok(Request::Add { trid, list, handle, name, group })
}

pub(super) fn rem<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let list = own_list(trid, words.word()?)?;
    let handle = handle(trid, &mut words)?;
    let group = group(&mut words, list, traits)?;
    Ok(Request::Rem { trid, list, handle, group })
}

pub(super) fn rea<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let handle = handle(trid, &mut words)?;
    let name = name(trid, words.word()?)?;
    Ok(Request::Rea { trid, handle, name })
}

/// A list that clients may change. RL is the server's own: touching it closes.
fn own_list(trid: TrId, word: &str) -> Result<List, Bad> {
    match sync::list(word) {
        Some(List::Reverse) => Err(Bad::close("clients cannot change the reverse list")),
        Some(list) => Ok(list),
        None => Err(Bad::refuse(trid, Code::InvalidParameter, "there is no such list")),
    }
}

fn handle<'a>(trid: TrId, words: &mut Words<impl Iterator<Item = &'a str>>) -> Result<Email, Bad> {
    words.handle()?.map_err(|bad| match bad {
        BadEmail::NoDomain => Bad::refuse(trid, Code::DomainMissing, "the handle has no domain"),
        _ => Bad::refuse(trid, Code::InvalidParameter, "the handle is malformed"),
    })
}

/// A friendly name. One that is too long closes, as it did on the real servers.
fn name(trid: TrId, word: &str) -> Result<Name, Bad> {
    let bad = Bad::refuse(trid, Code::InvalidFriendlyName, "the name cannot be used");
    let text = url::decode(word).ok_or(bad)?;
    Name::friendly(&text).map_err(|why| match why {
        BadName::TooLong(_) => Bad::close("the friendly name is too long"),
        BadName::Empty | BadName::Control => bad,
    })
}

/// The group at the end of a command about FL, in dialects that have groups.
fn group<'a>(
    words: &mut Words<impl Iterator<Item = &'a str>>,
    list: List,
    traits: &Traits,
) -> Result<Option<GroupId>, Bad> {
    if list != List::Forward || !traits.burst.has_groups() {
        return Ok(None);
    }
    words.optional().map(group_id).transpose()
}

/// A group's number. One that no group can have closes.
pub(super) fn group_id(word: &str) -> Result<GroupId, Bad> {
    let number = TrId::parse(word).and_then(|TrId(number)| u8::try_from(number).ok());
    number.and_then(GroupId::new).ok_or(Bad::close("no group can have this number"))
}

pub(super) fn encode(event: &Event<'_>, traits: &Traits, out: &mut Vec<u8>) {
    // FL lines name the group, group 0 where none was given: some clients insist on the field.
    let group_of = |list: List, group: Option<GroupId>| {
        (list == List::Forward && traits.burst.has_groups()).then(|| group.unwrap_or(GroupId::OTHER))
    };
    match *event {
        Event::Add { trid, list, serial, email, name, group } => {
            let line = begin(out, "ADD", trid, list, serial).email(email).name(name);
            match group_of(list, group) {
                Some(group) => line.number(group.number()).end(),
                None => line.end(),
            }
        }
        Event::Rem { trid, list, serial, email, group } => {
            let line = begin(out, "REM", trid, list, serial).email(email);
            match group.filter(|_| traits.burst.has_groups()) {
                Some(group) => line.number(group.number()).end(),
                None => line.end(),
            }
        }
        Event::Rea { trid, serial, email, name } => {
            line(out, "REA").trid(trid).number(serial.0).email(email).name(name).end();
        }
        _ => unreachable!("another family's event"),
    }
}

fn begin<'o>(
    out: &'o mut Vec<u8>,
    verb: &str,
    trid: TrId,
    list: List,
    serial: model::Serial,
) -> crate::write::Line<'o> {
    line(out, verb).trid(trid).word(sync::list_name(list)).number(serial.0)
}
