//! `SYN LST LSG GTC BLP PRP BPR`: the client's copy of lists and settings, and the settings.
//! (docs/PROTOCOL.md, Synchronisation)

use model::{
    Contact, Email, Group, GroupId, GroupSet, List, MessagePrivacy, Name, Property, Props, ReversePrompt, Serial,
    Stamps,
};

use crate::dialect::Burst;
use crate::ns::{Event, Request, lists};
use crate::word::Words;
use crate::write::{Line, line};
use crate::{Bad, Code, TrId, Traits, stamp, url};

/// The version of lists and settings that a client says it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known<'a> {
    /// A list version; 0 is none.
    Serial(Serial),
    /// Two time stamps, of lists and of settings, as it was told them; anything else is none.
    Stamps(&'a str, &'a str),
}

impl Known<'_> {
    /// Is it the version that `serial` and `stamps` stand for?
    pub fn is_current(&self, serial: Serial, stamps: Stamps) -> bool {
        match *self {
            Self::Serial(known) => known == serial && known != Serial(0),
            Self::Stamps(lists, settings) => {
                lists == stamp::text(stamps.lists) && settings == stamp::text(stamps.settings)
            }
        }
    }
}

/// What stands before the words of a line about lists or settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Head {
    /// The line is part of what follows `SYN`.
    Burst(TrId, Serial),
    /// It answers a command, or comes unasked.
    Answer(TrId, Serial),
}

pub(super) fn syn<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let known = words.word()?;
    if traits.burst.is_stamped() {
        let settings = words.optional().unwrap_or("0");
        return Ok(Request::Syn { trid, known: Known::Stamps(known, settings) });
    }
    let TrId(known) =
        TrId::parse(known).ok_or(Bad::refuse(trid, Code::InvalidParameter, "the list version is not a number"))?;
    Ok(Request::Syn { trid, known: Known::Serial(Serial(known)) })
}

pub(super) fn lst<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    match list(words.word()?) {
        Some(list) if list != List::Pending => Ok(Request::Lst { trid, list }),
        _ => Err(Bad::refuse(trid, Code::InvalidParameter, "there is no such list")),
    }
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
pub(super) fn prp<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
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
        "MFN" if lists::names_are_properties(traits) => {
            let spelling = words.word()?;
            return Ok(Request::Rea { trid, whom: None, name: lists::name(trid, spelling)?, spelling });
        }
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
        "PL" => Some(List::Pending),
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
fn group_numbers(groups: GroupSet) -> String {
    if groups.is_empty() {
        return "0".to_owned();
    }
    groups.iter().map(|id| id.number().to_string()).collect::<Vec<_>>().join(",")
}

/// A comma list of the identifiers of those groups that clients of MSNP10+ know.
fn group_guids(set: GroupSet, groups: &[Group]) -> String {
    let known = groups.iter().filter(|group| group.id != GroupId::OTHER && set.has(group.id));
    known.map(|group| group.guid.to_string()).collect::<Vec<_>>().join(",")
}

/// Does a property have a value that is worth telling where only those are told?
fn is_set(value: &str) -> bool {
    !value.is_empty() && value != "N"
}

/// `PRP` for each of the account's own properties, as part of what follows `SYN`.
pub fn own_properties(out: &mut Vec<u8>, traits: &Traits, head: Head, name: &Name, props: &Props) {
    if !traits.burst.has_properties() {
        return;
    }
    if traits.burst.is_stamped() {
        Event::PrpName { head, name }.encode(traits, out);
    }
    for property in Property::ALL {
        let value = props.get(property);
        if !traits.burst.is_compact() || is_set(value) {
            Event::Prp { head, property, value }.encode(traits, out);
        }
    }
}

/// `BPR` for the properties of a contact, behind the line that names them: an `LST` of what follows
/// `SYN`, or the answer to an `ADD` or `ADC`.
pub fn contact_properties(
    out: &mut Vec<u8>,
    traits: &Traits,
    serial: Serial,
    email: &Email,
    props: &Props,
    in_burst: bool,
) {
    if !traits.burst.has_properties() {
        return;
    }
    let only_set = !traits.list_versions || (in_burst && traits.burst.is_compact());
    for property in Property::SHOWN {
        let value = props.get(property);
        if !only_set || is_set(value) {
            Event::Bpr { in_burst, serial, email, property, value }.encode(traits, out);
        }
    }
}

pub(super) fn encode(event: &Event<'_>, traits: &Traits, out: &mut Vec<u8>) {
    match *event {
        Event::Syn { trid, serial, stamps, counts } => {
            let mut line = line(out, "SYN").trid(trid);
            line = match traits.burst.is_stamped() {
                true => line.word(&stamp::text(stamps.lists)).word(&stamp::text(stamps.settings)),
                false => line.number(serial.0),
            };
            match counts {
                Some((contacts, groups)) if traits.burst.is_compact() => {
                    line.number(contacts as u64).number(groups as u64).end();
                }
                _ => line.end(),
            }
        }
        Event::Gtc { head, prompt } => {
            let letter = match prompt {
                ReversePrompt::Ask => "A",
                ReversePrompt::Allow => "N",
            };
            begin(line(out, "GTC"), head, traits).word(letter).end();
        }
        Event::Blp { head, privacy } => {
            let list = match privacy {
                MessagePrivacy::AllButBlocked => "AL",
                MessagePrivacy::OnlyAllowed => "BL",
            };
            begin(line(out, "BLP"), head, traits).word(list).end();
        }
        Event::Prp { head, property, value } => {
            begin(line(out, "PRP"), head, traits).word(property_name(property)).text(value).end();
        }
        Event::PrpName { head, name } => begin(line(out, "PRP"), head, traits).word("MFN").name(name).end(),
        Event::Bpr { in_burst, serial, email, property, value } => {
            let mut line = line(out, "BPR");
            if !(in_burst && traits.burst.is_compact()) {
                line = if traits.list_versions { line.number(serial.0) } else { line }.email(email);
            }
            line.word(property_name(property)).text(value).end();
        }
        Event::Lsg { head, groups } => self::groups(out, head, groups, traits),
        Event::Lst { trid, list, serial, item, total, contact } => {
            let line = line(out, "LST").trid(trid).word(list_name(list)).number(serial.0);
            let line = line.number(item as u64).number(total as u64).email(&contact.email).name(&contact.name);
            if list == List::Forward && traits.burst.has_groups() {
                line.word(&group_numbers(contact.groups)).end();
            } else {
                line.end();
            }
        }
        Event::LstEmpty { trid, list, serial } => {
            line(out, "LST").trid(trid).word(list_name(list)).number(serial.0).number(0u32).number(0u32).end();
        }
        Event::LstPerson { contact, groups } => person(line(out, "LST"), contact, groups, traits),
        _ => unreachable!("another family's event"),
    }
}

fn begin<'o>(line: Line<'o>, head: Head, traits: &Traits) -> Line<'o> {
    match head {
        Head::Burst(..) if traits.burst.is_compact() => line,
        Head::Burst(trid, serial) | Head::Answer(trid, serial) => {
            let line = line.trid(trid);
            if traits.list_versions { line.number(serial.0) } else { line }
        }
    }
}

/// The groups, one line each. An account without groups of its own has group 0 alone.
fn groups(out: &mut Vec<u8>, head: Head, groups: &[Group], traits: &Traits) {
    let shown = groups.iter().filter(|group| traits.shows(group)).enumerate();
    for (item, group) in shown {
        let start = line(out, "LSG");
        let number = group.id.number();
        match (traits.burst, head) {
            (Burst::Stamped | Burst::StampedWithNetwork, _) => {
                start.name(&group.name).word(&group.guid.to_string()).end();
            }
            (Burst::Compact, Head::Burst(..)) => start.number(number).name(&group.name).word("0").end(),
            (_, Head::Burst(trid, serial) | Head::Answer(trid, serial)) => {
                let line = start.trid(trid).number(serial.0).number(item as u64 + 1).number(groups.len() as u64);
                line.number(number).name(&group.name).word("0").end();
            }
        }
    }
}

/// Someone on whatever lists. Only who is on FL has groups, and in MSNP10+ an identifier.
fn person(line: Line<'_>, contact: &Contact, groups: &[Group], traits: &Traits) {
    let on_forward = contact.lists.has(List::Forward);
    if !traits.burst.is_stamped() {
        let line = line.email(&contact.email).name(&contact.name).number(contact.lists.0);
        return if on_forward { line.word(&group_numbers(contact.groups)).end() } else { line.end() };
    }
    let mut line = line.pair("N", contact.email.as_str()).pair_text("F", contact.name.as_str());
    if on_forward {
        line = line.pair("C", &contact.guid.to_string());
    }
    line = line.number(contact.lists.with_pending().0);
    if traits.burst == Burst::StampedWithNetwork {
        line = line.word(NETWORK);
    }
    match group_guids(contact.groups, groups) {
        guids if on_forward && !guids.is_empty() => line.word(&guids).end(),
        _ => line.end(),
    }
}

/// The number of the Messenger network; no other is connected.
const NETWORK: &str = "1";
