//! The forms of what a server tells, word by word and by the number of the dialect: the tables of
//! the protocol page (2–5, 7–9, 12), written down without a look at the codec.

use model::{Contact, Group, GroupSet, List, MessagePrivacy, Property, ReversePrompt, Serial, Status};
use msnp::TrId;
use msnp::ns::{Event, Farewell, Head};
use msnp::url;

/// What a word of a line must be.
#[derive(Debug)]
pub(crate) enum Slot {
    /// Just this.
    Is(String),
    /// This, URL-encoded.
    Text(String),
    /// A key, an equals sign, and this, URL-encoded.
    Pair(&'static str, String),
    /// This time, in Unix milliseconds.
    Time(i64),
}

impl Slot {
    /// Fails unless the words are these.
    pub(crate) fn check(form: &[Self], words: &[String]) {
        assert_eq!(form.len(), words.len(), "{words:?} should have the form {form:?}");
        for (slot, word) in form.iter().zip(words) {
            let text = |word: &str| url::decode(word).expect("URL-encoded text").into_owned();
            match slot {
                Self::Is(expected) => assert_eq!(word, expected, "in {words:?}"),
                Self::Text(expected) => assert_eq!(&text(word), expected, "in {words:?}"),
                Self::Pair(key, expected) => {
                    let value = word.strip_prefix(key).and_then(|word| word.strip_prefix('=')).expect("a pair");
                    assert_eq!(&text(value), expected, "in {words:?}");
                }
                Self::Time(expected) => assert_eq!(time(word), Some(*expected), "in {words:?}"),
            }
        }
    }
}

/// The time that a stamp of `SYN` means: ISO 8601 with seven digits of a second and an offset.
fn time(stamp: &str) -> Option<i64> {
    let field = |from: usize, to: usize| stamp.get(from..to)?.parse::<i64>().ok();
    let separators = [(4, '-'), (7, '-'), (10, 'T'), (13, ':'), (16, ':'), (19, '.'), (30, ':')];
    if stamp.len() != 33 || separators.iter().any(|(at, char)| stamp.chars().nth(*at) != Some(*char)) {
        return None;
    }
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::try_from(month - 1).ok().filter(|month| *month < 12)?;
    if !(1..=months[month]).contains(&day) {
        return None;
    }
    let years: i64 = if year < 1970 { -365 } else { (1970..year).map(|year| 365 + i64::from(leap(year))).sum() };
    let days = years + months[..month].iter().sum::<i64>() + day - 1;
    let (hour, minute, second, parts) = (field(11, 13)?, field(14, 16)?, field(17, 19)?, field(20, 27)?);
    let (sign, offset) = (stamp.chars().nth(27)?, field(28, 30)? * 60 + field(31, 33)?);
    let offset = match sign {
        '-' => -offset,
        '+' => offset,
        _ => return None,
    };
    let minutes = days * 1440 + hour * 60 + minute - offset;
    (hour < 24 && minute < 60 && second < 60).then_some((minutes * 60 + second) * 1000 + parts / 10_000)
}

#[expect(clippy::needless_pass_by_value, reason = "most are numbers")]
pub(crate) fn is(word: impl ToString) -> Slot {
    Slot::Is(word.to_string())
}

pub(crate) fn named(name: &(impl ToString + ?Sized)) -> Slot {
    Slot::Text(name.to_string())
}

/// A value that is not sent at all when it is empty.
fn value(value: &str) -> Option<Slot> {
    (!value.is_empty()).then(|| named(value))
}

fn list_word(list: List) -> &'static str {
    match list {
        List::Forward => "FL",
        List::Allow => "AL",
        List::Block => "BL",
        List::Reverse => "RL",
        List::Pending => "PL",
    }
}

fn property_word(property: Property) -> &'static str {
    let words = ["PHH", "PHW", "PHM", "MOB", "MBE"];
    words[Property::ALL.iter().position(|other| *other == property).expect("a property")]
}

fn state(status: Status) -> &'static str {
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

/// The form of a command with a transaction, by its verb and what follows.
fn form(verb: &str, trid: TrId, rest: impl IntoIterator<Item = Slot>) -> Vec<Slot> {
    [is(verb), is(trid)].into_iter().chain(rest).collect()
}

/// The form of an answer about lists or settings: with the list version up to MSNP9.
fn versioned(verb: &str, trid: TrId, serial: Serial, n: u8, rest: impl IntoIterator<Item = Slot>) -> Vec<Slot> {
    form(verb, trid, (n < 10).then(|| is(serial)).into_iter().chain(rest))
}

/// The form of a line that is also part of what follows `SYN`: there it is bare from MSNP8 on.
fn headed(verb: &str, head: Head, n: u8, rest: impl IntoIterator<Item = Slot>) -> Vec<Slot> {
    match head {
        Head::Burst(..) if n >= 8 => [is(verb)].into_iter().chain(rest).collect(),
        Head::Burst(trid, serial) | Head::Answer(trid, serial) => versioned(verb, trid, serial, n, rest),
    }
}

/// Is the event ever told to a client of dialect number `n`?
pub(crate) fn is_told(event: &Event<'_>, n: u8) -> bool {
    match event {
        Event::Inf { .. } | Event::Fnd { .. } | Event::FndNone { .. } => n <= 7,
        Event::Ims { .. } => n >= 3,
        Event::Prp { .. } | Event::Bpr { .. } | Event::Sdc { .. } => n >= 5,
        Event::Chl { .. } | Event::Qry { .. } => n >= 6,
        Event::Adg { .. } | Event::Reg { .. } => n >= 7,
        Event::Rmg { group, .. } => n >= 7 && (n < 10 || group.id.number() != 0),
        Event::PrpName { .. } => n >= 10,
        Event::Uux { .. } | Event::Gcf { .. } | Event::Sbs => n >= 11,
        Event::Lsg { head: Head::Burst(..), .. } => n >= 7,
        Event::Lsg { head: Head::Answer(..), .. } => (7..=8).contains(&n),
        // Clients of MSNP8 may still ask for a list, and are told it in the old form.
        Event::Lst { .. } | Event::LstEmpty { .. } => n <= 8,
        Event::LstPerson { .. } => n >= 8,
        Event::Rem { list: List::Pending, .. } => n >= 10,
        Event::Rem { group: Some(group), .. } => n < 10 || group.id.number() != 0,
        _ => true,
    }
}

/// The lines of an event in dialect number `n`, without payloads.
pub(crate) fn forms(event: &Event<'_>, n: u8) -> Vec<Vec<Slot>> {
    let one = match *event {
        Event::Ver { trid, cvr0 } => {
            form("VER", trid, [is(format!("MSNP{n}"))].into_iter().chain((cvr0 && n >= 7).then(|| is("CVR0"))))
        }
        Event::VerCvr0 { trid } => form("VER", trid, [is("CVR0")]),
        Event::VerRefused { trid } => form("VER", trid, [is("0")]),
        Event::Cvr { trid, query, version, download, info } => {
            let verb = if query { "CVQ" } else { "CVR" };
            form(verb, trid, [version, version, version, download, info].map(is))
        }
        Event::Inf { trid } => form("INF", trid, [is("MD5")]),
        Event::UsrChallenge { trid, challenge } => {
            form("USR", trid, [is(if n >= 8 { "TWN" } else { "MD5" }), is("S"), is(challenge)])
        }
        Event::UsrOk { trid, email, name, verified } => {
            let name = (n <= 9).then(|| named(name));
            let verified = (n >= 6).then(|| is(u8::from(verified)));
            let restricted = (n >= 8).then(|| is("0"));
            form("USR", trid, [is("OK"), is(email)].into_iter().chain(name).chain(verified).chain(restricted))
        }
        Event::XfrNs { trid, to, current } => {
            let zero = (n >= 3).then(|| is("0"));
            let current = (n >= 7).then(|| is(current));
            form("XFR", trid, [is("NS"), is(to)].into_iter().chain(zero).chain(current))
        }
        Event::XfrSb { trid, to, cookie } => form("XFR", trid, [is("SB"), is(to), is("CKI"), is(cookie)]),
        Event::Out(farewell) => [is("OUT")].into_iter().chain(why(farewell, n)).collect(),
        Event::Rng { room, at, cookie, email, name } => {
            vec![is("RNG"), is(room), is(at), is("CKI"), is(cookie), is(email), named(name)]
        }
        Event::Chl { trid, challenge } => form("CHL", trid, [is(challenge)]),
        Event::Qry { trid } => form("QRY", trid, []),
        _ => return other_forms(event, n),
    };
    vec![one]
}

/// What clients of the time have no word for is told as a server that goes down. (4.6)
fn why(farewell: Farewell, n: u8) -> Vec<Slot> {
    match farewell {
        Farewell::Unsaid => vec![],
        Farewell::Elsewhere => vec![is("OTH")],
        Farewell::GoingDown { back_in } if n >= 11 && back_in > 0 => vec![is("RCT"), is(back_in)],
        Farewell::Migrated if n >= 10 => vec![is("MIG")],
        Farewell::Terms if n >= 10 => vec![is("TOU")],
        Farewell::GoingDown { .. } | Farewell::Migrated | Farewell::Terms => vec![is("SSD")],
    }
}

/// (7, 9 and 10)
fn other_forms(event: &Event<'_>, n: u8) -> Vec<Vec<Slot>> {
    let face = |who: &model::Presence| {
        let bits = (n >= 8).then(|| is(who.capabilities));
        let picture = who.picture.as_ref().filter(|_| n >= 9).map(is);
        [is(state(who.status)), is(&who.email), named(&who.name)].into_iter().chain(bits).chain(picture)
    };
    let one = match *event {
        Event::Chg { trid, status, told } => {
            let told = told.capabilities.map(is).into_iter().chain(told.picture.map(is));
            form("CHG", trid, [is(state(status))].into_iter().chain(told))
        }
        Event::Iln { trid, presence } => form("ILN", trid, face(presence)),
        Event::Nln { presence } => [is("NLN")].into_iter().chain(face(presence)).collect(),
        Event::Fln { email } => vec![is("FLN"), is(email)],
        Event::Uux { trid } => form("UUX", trid, [is("0")]),
        // Older clients do not know it.
        Event::Ubx { .. } if n < 11 => return vec![],
        Event::Ubx { email, .. } => vec![is("UBX"), is(email)],
        Event::Qng { next } => [is("QNG")].into_iter().chain((n >= 9).then(|| is(next))).collect(),
        Event::Url { trid, service, sign_in } => {
            form("URL", trid, [is(service), is(sign_in)].into_iter().chain((n >= 3).then(|| is("1"))))
        }
        Event::Fnd { trid, item, total, hit } => {
            let pairs = [("fname", hit.first), ("lname", hit.last), ("city", hit.city), ("state", hit.state)];
            let pairs = pairs.into_iter().chain([("country", hit.country)]);
            let pairs = pairs.map(|(key, value)| Slot::Pair(key, value.into()));
            form("FND", trid, [is(item), is(total)].into_iter().chain(pairs))
        }
        Event::FndNone { trid } => form("FND", trid, [is("0"), is("0")]),
        Event::Snd { trid } => form("SND", trid, [is("OK")]),
        Event::Sdc { trid } => form("SDC", trid, [is("OK")]),
        Event::Ims { trid, on } => form("IMS", trid, [is("0"), is(if on { "ON" } else { "OFF" })]),
        Event::Gcf { trid } => form("GCF", trid, [is("Shields.xml")]),
        Event::Sbs => vec![is("SBS"), is("0"), is("null")],
        Event::Profile(_) | Event::Mailbox(_) | Event::System(_) => vec![is("MSG"), is("Hotmail"), is("Hotmail")],
        // Pages come back from MSNP6 on, alerts from MSNP5 on; older clients know neither.
        Event::Ipg(_) if n < 6 => return vec![],
        Event::Ipg(_) => vec![is("IPG")],
        Event::Not { .. } if n < 5 => return vec![],
        Event::Not { .. } => vec![is("NOT")],
        _ => return list_forms(event, n),
    };
    vec![one]
}

/// (5.1, 5.3 and 5.5)
fn list_forms(event: &Event<'_>, n: u8) -> Vec<Vec<Slot>> {
    let one = match *event {
        Event::Syn { trid, serial, stamps, counts } => {
            let version = match n {
                10.. => vec![Slot::Time(stamps.lists), Slot::Time(stamps.settings)],
                _ => vec![is(serial)],
            };
            let counts = counts.filter(|_| n >= 8).map(|(contacts, groups)| [is(contacts), is(groups)]);
            form("SYN", trid, version.into_iter().chain(counts.into_iter().flatten()))
        }
        Event::Gtc { head, prompt } => {
            headed("GTC", head, n, [is(if prompt == ReversePrompt::Ask { "A" } else { "N" })])
        }
        Event::Blp { head, privacy } => {
            headed("BLP", head, n, [is(if privacy == MessagePrivacy::AllButBlocked { "AL" } else { "BL" })])
        }
        Event::Prp { head, property, value: text } => {
            headed("PRP", head, n, [is(property_word(property))].into_iter().chain(value(text)))
        }
        Event::PrpName { head, name } => headed("PRP", head, n, [is("MFN"), named(name)]),
        Event::Bpr { in_burst, serial, email, property, value: text } => {
            let whose = match n {
                8.. if in_burst => vec![],
                10.. => vec![is(email)],
                _ => vec![is(serial), is(email)],
            };
            let words = [is("BPR")].into_iter().chain(whose).chain([is(property_word(property))]);
            words.chain(value(text)).collect()
        }
        Event::Lsg { head, groups } => {
            return groups.iter().enumerate().filter_map(|one| group(head, groups, one, n)).collect();
        }
        Event::Lst { trid, list, serial, item, total, contact } => {
            let words =
                [is(list_word(list)), is(serial), is(item), is(total), is(&contact.email), named(&contact.name)];
            let groups = (n >= 7 && list == List::Forward).then(|| is(numbers(contact.groups)));
            form("LST", trid, words.into_iter().chain(groups))
        }
        Event::LstEmpty { trid, list, serial } => {
            form("LST", trid, [is(list_word(list)), is(serial), is("0"), is("0")])
        }
        Event::LstPerson { contact, groups } => person(contact, groups, n),
        _ => return edit_forms(event, n),
    };
    vec![one]
}

/// Numbers are for clients of MSNP7–9; those of MSNP10 and newer know no group 0.
fn group(head: Head, groups: &[Group], (at, group): (usize, &Group), n: u8) -> Option<Vec<Slot>> {
    let number = group.id.number();
    match (n, head) {
        (10.., _) if number == 0 => None,
        (10.., _) => Some(vec![is("LSG"), named(&group.name), is(group.guid)]),
        (8.., Head::Burst(..)) => Some(vec![is("LSG"), is(number), named(&group.name), is("0")]),
        (_, Head::Burst(trid, serial) | Head::Answer(trid, serial)) => {
            let words = [is(serial), is(at + 1), is(groups.len()), is(number), named(&group.name), is("0")];
            Some(form("LSG", trid, words))
        }
    }
}

fn numbers(groups: GroupSet) -> String {
    match groups.iter().map(|id| id.number().to_string()).collect::<Vec<_>>() {
        none if none.is_empty() => "0".to_owned(),
        some => some.join(","),
    }
}

fn person(contact: &Contact, groups: &[Group], n: u8) -> Vec<Slot> {
    let bits = contact.lists.0;
    let watched = bits & 1 != 0;
    if n < 10 {
        let words = [is("LST"), is(&contact.email), named(&contact.name), is(bits)];
        return words.into_iter().chain(watched.then(|| is(numbers(contact.groups)))).collect();
    }
    // Who is on RL and neither on AL nor BL waits for an answer, on PL.
    let bits = if bits & 8 != 0 && bits & 6 == 0 { bits - 8 + 16 } else { bits };
    let guids: Vec<_> = groups
        .iter()
        .filter(|group| group.id.number() != 0 && contact.groups.0 & 1 << group.id.number() != 0)
        .map(|group| group.guid.to_string())
        .collect();
    let head = [is("LST"), is(format!("N={}", contact.email)), Slot::Pair("F", contact.name.to_string())];
    let guid = watched.then(|| is(format!("C={}", contact.guid)));
    let network = (n >= 12).then(|| is("1"));
    let groups = (watched && !guids.is_empty()).then(|| is(guids.join(",")));
    head.into_iter().chain(guid).chain([is(bits)]).chain(network).chain(groups).collect()
}

/// (12.1)
fn edit_forms(event: &Event<'_>, n: u8) -> Vec<Vec<Slot>> {
    let one = match *event {
        Event::Add { trid, list, email, name, guid, group, .. } if n >= 10 => {
            let (handle, name) = (is(format!("N={email}")), Slot::Pair("F", name.to_string()));
            let rest = match (list, group.filter(|group| group.id.number() != 0)) {
                (List::Forward, Some(group)) => vec![is(format!("C={guid}")), is(group.guid)],
                (List::Forward, None) => vec![handle, name, is(format!("C={guid}"))],
                // Unasked, so that the client can ask its user.
                (List::Reverse, _) if trid.0 == 0 => vec![handle, name],
                _ => vec![handle],
            };
            form("ADC", trid, [is(list_word(list))].into_iter().chain(rest))
        }
        Event::Add { trid, list, serial, email, name, group, .. } => {
            // A group on FL alone, and always there: Twisted counts on it.
            let group = (n >= 7 && list == List::Forward).then(|| is(group.map_or(0, |group| group.id.number())));
            let words = [is(list_word(list)), is(serial), is(email), named(name)];
            form("ADD", trid, words.into_iter().chain(group))
        }
        Event::Rem { trid, list, email, guid, group, .. } if n >= 10 => {
            let whom = if list == List::Forward { is(guid) } else { is(email) };
            form("REM", trid, [is(list_word(list)), whom].into_iter().chain(group.map(|group| is(group.guid))))
        }
        Event::Rem { trid, list, serial, email, group, .. } => {
            let group = group.filter(|_| n >= 7).map(|group| is(group.id.number()));
            form("REM", trid, [is(list_word(list)), is(serial), is(email)].into_iter().chain(group))
        }
        Event::Rea { trid, guid, spelling, .. } if n >= 10 => match guid {
            None => form("PRP", trid, [is("MFN"), is(spelling)]),
            Some(guid) => form("SBP", trid, [is(guid), is("MFN"), is(spelling)]),
        },
        Event::Rea { trid, serial, email, spelling, .. } => form("REA", trid, [is(serial), is(email), is(spelling)]),
        Event::Adg { trid, serial, group } => {
            let rest = if n >= 10 { vec![is(group.guid)] } else { vec![is(group.id.number()), is("0")] };
            versioned("ADG", trid, serial, n, [named(&group.name)].into_iter().chain(rest))
        }
        Event::Rmg { trid, serial, group } => versioned("RMG", trid, serial, n, [key(group, n)]),
        Event::Reg { trid, serial, group } => {
            let zero = (n < 10).then(|| is("0"));
            versioned("REG", trid, serial, n, [key(group, n), named(&group.name)].into_iter().chain(zero))
        }
        _ => unreachable!("another table's event"),
    };
    vec![one]
}

fn key(group: &Group, n: u8) -> Slot {
    if n >= 10 { is(group.guid) } else { is(group.id.number()) }
}
