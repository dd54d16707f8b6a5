//! `ADD ADC REM REA SBP`: people on lists, and their names. (docs/PROTOCOL.md, Lists)

use model::{BadEmail, BadName, Email, Group, GroupId, Guid, List, Name};

use crate::dialect::Keys;
use crate::ns::{Event, Request, groups, sync};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Code, TrId, Traits, url};

/// How a command names a contact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whom {
    /// By the handle.
    Handle(Email),
    /// By the identifier that clients of MSNP10+ were told for who is on FL.
    Guid(Guid),
}

/// How a command names a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WhichGroup {
    /// By its number (MSNP7–9).
    Number(GroupId),
    /// By its identifier (MSNP10+).
    Guid(Guid),
    /// By its name, as MSN Messenger 7.0 does now and then.
    Name(Name),
}

pub(super) fn add<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let list = own_list(trid, words.word()?)?;
    let whom = Whom::Handle(handle(trid, words.word()?)?);
    let name = Some(name(trid, words.word()?)?);
    let group = group(&mut words, list, traits)?;
    Ok(Request::Add { trid, list, whom, name, group })
}

/// `ADC t FL N=handle F=name`, `ADC t FL C=guid group`, `ADC t AL|BL|RL N=handle`
pub(super) fn adc<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let list = match sync::list(words.word()?) {
        Some(List::Pending) => return Err(Bad::close("clients cannot put anyone on the pending list")),
        Some(list) => list,
        None => return Err(Bad::refuse(trid, Code::InvalidParameter, "there is no such list")),
    };
    let (mut whom, mut called, mut group) = (None, None, None);
    while let Some(word) = words.optional() {
        match word.split_once('=') {
            Some(("N", text)) => whom = Some(Whom::Handle(handle(trid, text)?)),
            Some(("C", text)) => whom = Some(Whom::Guid(guid(text)?)),
            Some(("F", text)) => called = Some(name(trid, text)?),
            _ if list == List::Forward => group = Some(WhichGroup::Guid(guid(word)?)),
            _ => return Err(Bad::refuse(trid, Code::InvalidParameter, "ADC takes N=, F=, C= and a group")),
        }
    }
    let whom = whom.ok_or(Bad::refuse(trid, Code::FieldsMissing, "ADC without N= and C="))?;
    Ok(Request::Add { trid, list, whom, name: called, group })
}

pub(super) fn rem<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let word = words.word()?;
    let by_guid = traits.keys == Keys::Guids;
    let list = match sync::list(word) {
        Some(List::Pending) if by_guid => List::Pending,
        _ => own_list(trid, word)?,
    };
    let word = words.word()?;
    let whom = if by_guid && list == List::Forward {
        let bad = Bad::refuse(trid, Code::AddressBookUnavailable, "a contact on FL is removed by its identifier");
        Whom::Guid(Guid::parse(word).ok_or(bad)?)
    } else {
        Whom::Handle(handle(trid, word)?)
    };
    let group = group(&mut words, list, traits)?;
    Ok(Request::Rem { trid, list, whom, group })
}

pub(super) fn rea<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let whom = Some(Whom::Handle(handle(trid, words.word()?)?));
    let spelling = words.word()?;
    Ok(Request::Rea { trid, whom, name: name(trid, spelling)?, spelling })
}

/// `SBP t guid MFN name`. What other properties of a contact would be for is not recorded.
pub(super) fn sbp<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let whom = Some(Whom::Guid(guid(words.word()?)?));
    if words.word()? != "MFN" {
        return Err(Bad::refuse(trid, Code::NotExpected, "clients cannot set this property of a contact"));
    }
    let spelling = words.word()?;
    Ok(Request::Rea { trid, whom, name: name(trid, spelling)?, spelling })
}

/// Is one's own name a property (`PRP MFN`), and a contact's (`SBP MFN`), rather than set by `REA`?
pub(super) fn names_are_properties(traits: &Traits) -> bool {
    traits.keys == Keys::Guids
}

/// A list that clients may change. RL is the server's own: touching it closes.
fn own_list(trid: TrId, word: &str) -> Result<List, Bad> {
    match sync::list(word) {
        Some(List::Reverse) => Err(Bad::close("clients cannot change the reverse list")),
        Some(List::Pending) | None => Err(Bad::refuse(trid, Code::InvalidParameter, "there is no such list")),
        Some(list) => Ok(list),
    }
}

fn handle(trid: TrId, word: &str) -> Result<Email, Bad> {
    Email::parse(word).map_err(|bad| match bad {
        BadEmail::NoDomain => Bad::refuse(trid, Code::DomainMissing, "the handle has no domain"),
        _ => Bad::refuse(trid, Code::InvalidParameter, "the handle is malformed"),
    })
}

/// A friendly name. One that is too long closes, as it did on the real servers.
pub(super) fn name(trid: TrId, word: &str) -> Result<Name, Bad> {
    let bad = Bad::refuse(trid, Code::InvalidFriendlyName, "the name cannot be used");
    let text = url::decode(word).ok_or(bad)?;
    Name::friendly(&text).map_err(|why| match why {
        BadName::TooLong(_) => Bad::close("the friendly name is too long"),
        BadName::Empty | BadName::Control => bad,
    })
}

/// An identifier. One that is malformed closes.
pub(super) fn guid(word: &str) -> Result<Guid, Bad> {
    Guid::parse(word).ok_or(Bad::close("no identifier has this form"))
}

/// The group at the end of a command about FL, in dialects that have groups.
fn group<'a>(
    words: &mut Words<impl Iterator<Item = &'a str>>,
    list: List,
    traits: &Traits,
) -> Result<Option<WhichGroup>, Bad> {
    if list != List::Forward || traits.keys == Keys::Handles {
        return Ok(None);
    }
    words.optional().map(|word| groups::which(word, traits)).transpose()
}

pub(super) fn encode(event: &Event<'_>, traits: &Traits, out: &mut Vec<u8>) {
    match *event {
        Event::Add { trid, list, email, name, guid, group, is_new, .. } if traits.keys == Keys::Guids => {
            let line = line(out, "ADC").trid(trid).word(sync::list_name(list));
            match (list, group.filter(|group| traits.shows(group))) {
                (List::Forward, Some(group)) if !is_new => {
                    line.pair("C", &guid.to_string()).word(&group.guid.to_string()).end();
                }
                // Whoever is new is introduced, also where they come into a group at once.
                (List::Forward, group) => {
                    let line =
                        line.pair("N", email.as_str()).pair_text("F", name.as_str()).pair("C", &guid.to_string());
                    match group {
                        Some(group) => line.word(&group.guid.to_string()).end(),
                        None => line.end(),
                    }
                }
                // Who was put on RL by themselves is introduced.
                (List::Reverse, _) if trid == TrId::ASYNC => {
                    line.pair("N", email.as_str()).pair_text("F", name.as_str()).end();
                }
                _ => line.pair("N", email.as_str()).end(),
            }
        }
        Event::Add { trid, list, serial, email, name, group, .. } => {
            let line = line(out, "ADD").trid(trid).word(sync::list_name(list)).number(serial.0);
            let line = line.email(email).name(name);
            // FL lines name the group, group 0 where none was given: some clients insist on the field.
            match (list, traits.keys) {
                (List::Forward, Keys::GroupNumbers) => line.number(number(group)).end(),
                _ => line.end(),
            }
        }
        Event::Rem { trid, list, serial, email, guid, group } => {
            let mut line = line(out, "REM").trid(trid).word(sync::list_name(list));
            if traits.list_versions {
                line = line.number(serial.0);
            }
            let line = match (list, traits.keys) {
                (List::Forward, Keys::Guids) => line.word(&guid.to_string()),
                _ => line.email(email),
            };
            match (group, traits.keys) {
                (Some(group), Keys::GroupNumbers) => line.number(group.id.number()).end(),
                (Some(group), Keys::Guids) => line.word(&group.guid.to_string()).end(),
                _ => line.end(),
            }
        }
        Event::Rea { trid, serial, email, guid, spelling } => match (names_are_properties(traits), guid) {
            (true, None) => line(out, "PRP").trid(trid).word("MFN").word(spelling).end(),
            (true, Some(guid)) => line(out, "SBP").trid(trid).word(&guid.to_string()).word("MFN").word(spelling).end(),
            (false, _) => line(out, "REA").trid(trid).number(serial.0).email(email).word(spelling).end(),
        },
        _ => unreachable!("another family's event"),
    }
}

fn number(group: Option<&Group>) -> u8 {
    group.map_or(GroupId::OTHER, |group| group.id).number()
}
