//! `SYN LST LSG GTC BLP PRP BPR`: the client's copy of lists and settings, and the settings.
//! (docs/PROTOCOL.md, Synchronisation)

use model::{GroupSet, List, MessagePrivacy, Property, ReversePrompt, Serial};

use crate::ns::{Event, Request};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Code, TrId, Traits, url};

pub(super) fn syn<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let known = words.word()?;
    let TrId(known) =
        TrId::parse(known).ok_or(Bad::refuse(trid, Code::InvalidParameter, "the list version is not a number"))?;
    Ok(Request::Syn { trid, known: Serial(known) })
}

pub(super) fn lst<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let list = list(words.word()?).ok_or(Bad::refuse(trid, Code::InvalidParameter, "there is no such list"))?;
    Ok(Request::Lst { trid, list })
}

pub(super) fn gtc<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let prompt = match words.word()? {
        "A" => ReversePrompt::Ask,
        "N" => ReversePrompt::Allow,
        _ => return Err(Bad::refuse(trid, Code::InvalidParameter, "GTC takes A or N")),
    };
    Ok(Request::Gtc { trid, prompt })
}

pub(super) fn blp<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let privacy = match words.word()? {
        "AL" => MessagePrivacy::AllButBlocked,
        "BL" => MessagePrivacy::OnlyAllowed,
        _ => return Err(Bad::refuse(trid, Code::InvalidParameter, "BLP takes AL or BL")),
    };
    Ok(Request::Blp { trid, privacy })
}

/// A name of other than three characters, or a value that is too long, closes; an unknown name
/// of three is refused with 715. No value at all makes the property empty.
pub(super) fn prp<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let name = words.word()?;
    if name.len() != 3 {
        return Err(Bad::close("the name of a property has three characters"));
    }
    let property = match name {
        "PHH" => Property::HomePhone,
        "PHW" => Property::WorkPhone,
        "PHM" => Property::MobilePhone,
        "MOB" => Property::MobilePages,
        _ => return Err(Bad::refuse(trid, Code::NotExpected, "clients cannot set this property")),
    };
    let word = words.optional().unwrap_or_default();
    if word.len() > Property::MAX {
        return Err(Bad::close("the value of the property is too long"));
    }
    let invalid = Bad::refuse(trid, Code::InvalidParameter, "the value of the property is not text");
    let value = url::decode(word).ok_or(invalid)?.into_owned();
    let switch = property == Property::MobilePages;
    if value.contains(char::is_control) || (switch && value != "Y" && value != "N") {
        return Err(invalid);
    }
    Ok(Request::Prp { trid, property, value })
}

/// The list with this name.
pub(super) fn list(word: &str) -> Option<List> {
    match word {
        "FL" => Some(List::Forward),
        "AL" => Some(List::Allow),
        "BL" => Some(List::Block),
        "RL" => Some(List::Reverse),
        _ => None,
    }
}

/// The name of a list.
pub(super) const fn list_name(list: List) -> &'static str {
    match list {
        List::Forward => "FL",
        List::Allow => "AL",
        List::Block => "BL",
        List::Reverse => "RL",
        List::Pending => "PL",
    }
}

const fn property_name(property: Property) -> &'static str {
    match property {
        Property::HomePhone => "PHH",
        Property::WorkPhone => "PHW",
        Property::MobilePhone => "PHM",
        Property::MobilePages => "MOB",
        Property::MobileEnabled => "MBE",
    }
}

/// A comma list of group numbers; `0` for a contact in none.
fn groups_word(groups: GroupSet) -> String {
    if groups.is_empty() {
        return "0".to_owned();
    }
    groups.iter().map(|id| id.number().to_string()).collect::<Vec<_>>().join(",")
}

pub(super) fn encode(event: &Event<'_>, traits: &Traits, out: &mut Vec<u8>) {
    match *event {
        Event::Syn { trid, serial } => line(out, "SYN").trid(trid).number(serial.0).end(),
        Event::Gtc { trid, serial, prompt } => {
            let letter = match prompt {
                ReversePrompt::Ask => "A",
                ReversePrompt::Allow => "N",
            };
            line(out, "GTC").trid(trid).number(serial.0).word(letter).end();
        }
        Event::Blp { trid, serial, privacy } => {
            let list = match privacy {
                MessagePrivacy::AllButBlocked => "AL",
                MessagePrivacy::OnlyAllowed => "BL",
            };
            line(out, "BLP").trid(trid).number(serial.0).word(list).end();
        }
        Event::Prp { trid, serial, property, value } => {
            line(out, "PRP").trid(trid).number(serial.0).word(property_name(property)).text(value).end();
        }
        Event::Bpr { serial, email, property, value } => {
            line(out, "BPR").number(serial.0).email(email).word(property_name(property)).text(value).end();
        }
        Event::Lsg { trid, serial, groups } => {
            for (item, group) in groups.iter().enumerate() {
                let line = line(out, "LSG").trid(trid).number(serial.0);
                let line = line.number(item as u64 + 1).number(groups.len() as u64);
                line.number(group.id.number()).name(&group.name).word("0").end();
            }
        }
        Event::Lst { trid, list, serial, item, total, contact } => {
            let line = line(out, "LST").trid(trid).word(list_name(list)).number(serial.0);
            let line = line.number(item as u64).number(total as u64).email(&contact.email).name(&contact.name);
            if list == List::Forward && traits.burst.has_groups() {
                line.word(&groups_word(contact.groups)).end();
            } else {
                line.end();
            }
        }
        Event::LstEmpty { trid, list, serial } => {
            line(out, "LST").trid(trid).word(list_name(list)).number(serial.0).number(0u32).number(0u32).end();
        }
        _ => unreachable!("another family's event"),
    }
}
