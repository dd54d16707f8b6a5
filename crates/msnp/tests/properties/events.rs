//! What a server tells clients of each dialect: every event, word by word.

use model::{
    Contact, Email, Group, GroupId, GroupSet, Guid, HostPort, List, Lists, MessagePrivacy, Name, Presence, Property,
    Props, ReversePrompt, RoomId, Serial, Status, UserId,
};
use msnp::ns::{Event, Hit, PageText, ProfileFields, SystemMessage, contact_properties};
use msnp::{Code, Dialect, Limits, Parsed, TrId, frame, url};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::values::{cases, dialect, email, group, group_name, keep, name, place, property, serial, text, token, trid};

/// What a word of a line must be.
#[derive(Debug)]
pub(crate) enum Slot {
    /// Just this.
    Is(String),
    /// This, URL-encoded.
    Text(String),
    /// A key, an equals sign, and this, URL-encoded.
    Pair(&'static str, String),
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
            }
        }
    }
}

/// A line from a server, and what follows it.
#[derive(Debug)]
pub(crate) struct Line {
    /// All words, but not the length of the payload.
    pub(crate) words: Vec<String>,
    pub(crate) payload: Option<Vec<u8>>,
}

/// Reads what a server wrote. Exactly one blank stands between two words, and CR LF at the end.
pub(crate) fn lines(mut bytes: &[u8]) -> Vec<Line> {
    const LIMITS: Limits =
        Limits { line: 8192, payload: |verb| matches!(&verb, b"MSG" | b"IPG" | b"NOT").then_some(8192) };
    let mut lines = Vec::new();
    while !bytes.is_empty() {
        let (frame, used) = match frame::parse(bytes, &LIMITS) {
            Ok(Parsed::Frame(frame, used)) => (frame, used),
            other => panic!("{other:?} in {:?}", String::from_utf8_lossy(bytes)),
        };
        let line = std::str::from_utf8(&bytes[..used - frame.payload.len()]).expect("text");
        let line = line.strip_suffix("\r\n").expect("CR LF");
        assert!(line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{line:?}");
        let mut words: Vec<String> = line.split(' ').map(String::from).collect();
        assert!(words.iter().all(|word| !word.is_empty()), "more than one blank in {line:?}");
        let payload = (LIMITS.payload)(frame.verb).map(|_| {
            let length = words.pop().expect("a length");
            assert_eq!(length, frame.payload.len().to_string());
            frame.payload.to_vec()
        });
        lines.push(Line { words, payload });
        bytes = &bytes[used..];
    }
    lines
}

const OWN: [List; 4] = [List::Forward, List::Allow, List::Block, List::Reverse];
const VISIBLE: [(&str, Status); 8] = [
    ("NLN", Status::Online),
    ("BSY", Status::Busy),
    ("IDL", Status::Idle),
    ("BRB", Status::BeRightBack),
    ("AWY", Status::Away),
    ("PHN", Status::OnThePhone),
    ("LUN", Status::OutToLunch),
    ("HDN", Status::Hidden),
];

fn status() -> impl Strategy<Value = Status> {
    select(VISIBLE.map(|(_, status)| status).to_vec())
}

fn held<T: std::fmt::Debug + 'static>(values: impl Strategy<Value = T>) -> impl Strategy<Value = &'static T> {
    values.prop_map(|value| -> &'static T { keep(value) })
}

fn presence() -> impl Strategy<Value = Presence> {
    (email(), name(), status(), any::<u32>(), option::of(token())).prop_map(
        |(email, name, status, capabilities, picture)| {
            let picture = picture.map(Into::into);
            Presence { user: UserId(1), email, name, status, capabilities, picture }
        },
    )
}

fn contact() -> impl Strategy<Value = Contact> {
    (email(), name(), any::<u8>(), 0..1u32 << 30).prop_map(|(email, name, lists, groups)| Contact {
        user: UserId(1),
        guid: Guid([0; 16]),
        email,
        name,
        lists: Lists(lists & 31),
        groups: GroupSet(groups),
        props: Props::default(),
    })
}

fn sign_in_event() -> BoxedStrategy<Event<'static>> {
    let (to, current) = (|| held(place()), || held(place()));
    prop_oneof![
        (trid(), any::<bool>()).prop_map(|(trid, cvr0)| Event::Ver { trid, cvr0 }),
        trid().prop_map(|trid| Event::VerCvr0 { trid }),
        trid().prop_map(|trid| Event::VerRefused { trid }),
        (trid(), any::<bool>(), token(), token(), token())
            .prop_map(|(trid, query, version, download, info)| Event::Cvr { trid, query, version, download, info }),
        trid().prop_map(|trid| Event::Inf { trid }),
        (trid(), token()).prop_map(|(trid, challenge)| Event::UsrChallenge { trid, challenge }),
        (trid(), held(email()), held(name()), any::<bool>()).prop_map(|(trid, email, name, verified)| Event::UsrOk {
            trid,
            email,
            name,
            verified
        }),
        (trid(), to(), current()).prop_map(|(trid, to, current)| Event::XfrNs { trid, to, current }),
        (trid(), to(), token()).prop_map(|(trid, to, cookie)| Event::XfrSb { trid, to, cookie }),
        select(vec![Event::OutOth, Event::OutSsd, Event::Out]),
        (any::<u32>(), to(), token(), held(email()), held(name()))
            .prop_map(|(room, at, cookie, email, name)| Event::Rng { room: RoomId(room), at, cookie, email, name }),
        (trid(), token()).prop_map(|(trid, challenge)| Event::Chl { trid, challenge }),
        trid().prop_map(|trid| Event::Qry { trid }),
    ]
    .boxed()
}

fn list_event() -> BoxedStrategy<Event<'static>> {
    let prompt = select(vec![ReversePrompt::Ask, ReversePrompt::Allow]);
    let privacy = select(vec![MessagePrivacy::AllButBlocked, MessagePrivacy::OnlyAllowed]);
    let list = || select(OWN.to_vec());
    let group_named = |(id, name)| Group { id, guid: Guid([0; 16]), name };
    let groups = vec((group(), group_name()).prop_map(group_named), 0..5);
    let value = |(property, value): (Property, String)| (property, keep(value).as_str());
    prop_oneof![
        (trid(), serial()).prop_map(|(trid, serial)| Event::Syn { trid, serial }),
        (trid(), serial(), prompt).prop_map(|(trid, serial, prompt)| Event::Gtc { trid, serial, prompt }),
        (trid(), serial(), privacy).prop_map(|(trid, serial, privacy)| Event::Blp { trid, serial, privacy }),
        (trid(), serial(), property(&Property::ALL).prop_map(value))
            .prop_map(|(trid, serial, (property, value))| Event::Prp { trid, serial, property, value }),
        (serial(), held(email()), property(&Property::ALL).prop_map(value))
            .prop_map(|(serial, email, (property, value))| Event::Bpr { serial, email, property, value }),
        (trid(), serial(), held(groups)).prop_map(|(trid, serial, groups)| Event::Lsg { trid, serial, groups }),
        (trid(), list(), serial(), 1..99usize, 1..99usize, held(contact())).prop_map(
            |(trid, list, serial, item, total, contact)| Event::Lst { trid, list, serial, item, total, contact }
        ),
        (trid(), list(), serial()).prop_map(|(trid, list, serial)| Event::LstEmpty { trid, list, serial }),
        (trid(), list(), serial(), held(email()), held(name()), option::of(group()))
            .prop_map(|(trid, list, serial, email, name, group)| Event::Add { trid, list, serial, email, name, group }),
        (trid(), list(), serial(), held(email()), option::of(group())).prop_map(
            |(trid, list, serial, email, group)| {
                let group = group.filter(|_| list == List::Forward);
                Event::Rem { trid, list, serial, email, group }
            }
        ),
        (trid(), serial(), held(email()), held(name())).prop_map(|(trid, serial, email, name)| Event::Rea {
            trid,
            serial,
            email,
            name
        }),
        (trid(), serial(), group(), held(group_name())).prop_map(|(trid, serial, group, name)| Event::Adg {
            trid,
            serial,
            group,
            name
        }),
        (trid(), serial(), group()).prop_map(|(trid, serial, group)| Event::Rmg { trid, serial, group }),
        (trid(), serial(), group(), held(group_name())).prop_map(|(trid, serial, group, name)| Event::Reg {
            trid,
            serial,
            group,
            name
        }),
    ]
    .boxed()
}

fn other_event() -> BoxedStrategy<Event<'static>> {
    let words = || prop_oneof![Just(String::new()), text(6)].prop_map(|text| keep(text).as_str());
    let hit = (words(), words(), words(), words(), words()).prop_map(|(first, last, city, state, country)| Hit {
        first,
        last,
        city,
        state,
        country,
    });
    let profile = (any::<i64>(), held(email()), any::<u64>()).prop_map(|(login_time, email, member)| ProfileFields {
        login_time,
        email,
        member,
    });
    let page = (held(email()), held(name()), held(email()), words()).prop_map(|(from, name, to, text)| PageText {
        from,
        name,
        to,
        text,
    });
    prop_oneof![
        (trid(), status()).prop_map(|(trid, status)| Event::Chg { trid, status }),
        (trid(), held(presence())).prop_map(|(trid, presence)| Event::Iln { trid, presence }),
        held(presence()).prop_map(|presence| Event::Nln { presence }),
        held(email()).prop_map(|email| Event::Fln { email }),
        Just(Event::Qng),
        (trid(), token(), token()).prop_map(|(trid, service, sign_in)| Event::Url { trid, service, sign_in }),
        (trid(), 1..99usize, 1..99usize, held(hit)).prop_map(|(trid, item, total, hit)| Event::Fnd {
            trid,
            item,
            total,
            hit
        }),
        trid().prop_map(|trid| Event::FndNone { trid }),
        trid().prop_map(|trid| Event::Snd { trid }),
        trid().prop_map(|trid| Event::Sdc { trid }),
        (trid(), any::<bool>()).prop_map(|(trid, on)| Event::Ims { trid, on }),
        held(profile).prop_map(Event::Profile),
        any::<u32>().prop_map(|minutes| Event::System(SystemMessage::Maintenance { minutes })),
        held(page).prop_map(Event::Ipg),
        words().prop_map(|document| Event::Not { document }),
    ]
    .boxed()
}

#[expect(clippy::needless_pass_by_value, reason = "most are numbers")]
fn is(word: impl ToString) -> Slot {
    Slot::Is(word.to_string())
}

fn named(name: &(impl ToString + ?Sized)) -> Slot {
    Slot::Text(name.to_string())
}

/// A value that is not sent at all when it is empty.
fn value(value: &str) -> Option<Slot> {
    (!value.is_empty()).then(|| named(value))
}

fn list_word(list: List) -> &'static str {
    ["FL", "AL", "BL", "RL"][OWN.iter().position(|other| *other == list).expect("not a list of MSNP10")]
}

fn property_word(property: Property) -> &'static str {
    let words = ["PHH", "PHW", "PHM", "MOB", "MBE"];
    words[Property::ALL.iter().position(|other| *other == property).expect("a property")]
}

fn state(status: Status) -> &'static str {
    VISIBLE.iter().find(|(_, other)| *other == status).expect("a state").0
}

/// The form of a command with a transaction, by its verb and what follows.
fn form(verb: &str, trid: TrId, rest: impl IntoIterator<Item = Slot>) -> Vec<Slot> {
    [is(verb), is(trid)].into_iter().chain(rest).collect()
}

/// The lines of an event in dialect number `n`, without payloads. (protocol page, 2–4 and 7–9)
fn forms(event: &Event<'_>, n: u8) -> Vec<Vec<Slot>> {
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
        Event::UsrChallenge { trid, challenge } => form("USR", trid, [is("MD5"), is("S"), is(challenge)]),
        Event::UsrOk { trid, email, name, verified } => {
            let verified = (n >= 6).then(|| is(if verified { "1" } else { "0" }));
            form("USR", trid, [is("OK"), is(email), named(name)].into_iter().chain(verified))
        }
        Event::XfrNs { trid, to, current } => {
            let zero = (n >= 3).then(|| is("0"));
            let current = (n >= 7).then(|| is(current));
            form("XFR", trid, [is("NS"), is(to)].into_iter().chain(zero).chain(current))
        }
        Event::XfrSb { trid, to, cookie } => form("XFR", trid, [is("SB"), is(to), is("CKI"), is(cookie)]),
        Event::OutOth => vec![is("OUT"), is("OTH")],
        Event::OutSsd => vec![is("OUT"), is("SSD")],
        Event::Out => vec![is("OUT")],
        Event::Rng { room, at, cookie, email, name } => {
            vec![is("RNG"), is(room), is(at), is("CKI"), is(cookie), is(email), named(name)]
        }
        Event::Chl { trid, challenge } => form("CHL", trid, [is(challenge)]),
        Event::Qry { trid } => form("QRY", trid, []),
        _ => return other_forms(event, n),
    };
    vec![one]
}

fn other_forms(event: &Event<'_>, n: u8) -> Vec<Vec<Slot>> {
    let one = match *event {
        Event::Chg { trid, status } => form("CHG", trid, [is(state(status))]),
        Event::Iln { trid, presence: who } => {
            form("ILN", trid, [is(state(who.status)), is(&who.email), named(&who.name)])
        }
        Event::Nln { presence: who } => vec![is("NLN"), is(state(who.status)), is(&who.email), named(&who.name)],
        Event::Fln { email } => vec![is("FLN"), is(email)],
        Event::Qng => vec![is("QNG")],
        Event::Url { trid, service, sign_in } => {
            form("URL", trid, [is(service), is(sign_in)].into_iter().chain((n >= 3).then(|| is("1"))))
        }
        Event::Fnd { trid, item, total, hit } => {
            let pairs = [("fname", hit.first), ("lname", hit.last), ("city", hit.city), ("state", hit.state)];
            let pairs = pairs.into_iter().chain([("country", hit.country)]);
            form(
                "FND",
                trid,
                [is(item), is(total)].into_iter().chain(pairs.map(|(key, value)| Slot::Pair(key, value.into()))),
            )
        }
        Event::FndNone { trid } => form("FND", trid, [is("0"), is("0")]),
        Event::Snd { trid } => form("SND", trid, [is("OK")]),
        Event::Sdc { trid } => form("SDC", trid, [is("OK")]),
        Event::Ims { trid, on } => form("IMS", trid, [is("0"), is(if on { "ON" } else { "OFF" })]),
        Event::Profile(_) | Event::System(_) => vec![is("MSG"), is("Hotmail"), is("Hotmail")],
        // Pages come back from MSNP6 on, alerts from MSNP5 on; older clients know neither.
        Event::Ipg(_) if n < 6 => return vec![],
        Event::Ipg(_) => vec![is("IPG")],
        Event::Not { .. } if n < 5 => return vec![],
        Event::Not { .. } => vec![is("NOT")],
        _ => return list_forms(event, n),
    };
    vec![one]
}

/// (protocol page, 5.3 and 12.1)
fn list_forms(event: &Event<'_>, n: u8) -> Vec<Vec<Slot>> {
    let groups_word = |groups: GroupSet| match groups.iter().map(|id| id.number().to_string()).collect::<Vec<_>>() {
        none if none.is_empty() => "0".to_owned(),
        some => some.join(","),
    };
    let one = match *event {
        Event::Syn { trid, serial } => form("SYN", trid, [is(serial)]),
        Event::Gtc { trid, serial, prompt } => {
            form("GTC", trid, [is(serial), is(if prompt == ReversePrompt::Ask { "A" } else { "N" })])
        }
        Event::Blp { trid, serial, privacy } => {
            form("BLP", trid, [is(serial), is(if privacy == MessagePrivacy::AllButBlocked { "AL" } else { "BL" })])
        }
        Event::Prp { trid, serial, property, value: text } => {
            form("PRP", trid, [is(serial), is(property_word(property))].into_iter().chain(value(text)))
        }
        Event::Bpr { serial, email, property, value: text } => {
            let words = [is("BPR"), is(serial), is(email), is(property_word(property))];
            words.into_iter().chain(value(text)).collect()
        }
        Event::Lsg { trid, serial, groups } => {
            let group = |(at, group): (usize, &Group)| {
                let number = group.id.number();
                form("LSG", trid, [is(serial), is(at + 1), is(groups.len()), is(number), named(&group.name), is("0")])
            };
            return groups.iter().enumerate().map(group).collect();
        }
        Event::Lst { trid, list, serial, item, total, contact } => {
            let words =
                [is(list_word(list)), is(serial), is(item), is(total), is(&contact.email), named(&contact.name)];
            let groups = (n >= 7 && list == List::Forward).then(|| is(groups_word(contact.groups)));
            form("LST", trid, words.into_iter().chain(groups))
        }
        Event::LstEmpty { trid, list, serial } => {
            form("LST", trid, [is(list_word(list)), is(serial), is("0"), is("0")])
        }
        Event::Add { trid, list, serial, email, name, group } => {
            // A group on FL alone, and always there: Twisted counts on it.
            let group = (n >= 7 && list == List::Forward).then(|| is(group.map_or(0, GroupId::number)));
            let words = [is(list_word(list)), is(serial), is(email), named(name)];
            form("ADD", trid, words.into_iter().chain(group))
        }
        Event::Rem { trid, list, serial, email, group } => {
            let group = group.filter(|_| n >= 7).map(|group| is(group.number()));
            form("REM", trid, [is(list_word(list)), is(serial), is(email)].into_iter().chain(group))
        }
        Event::Rea { trid, serial, email, name } => form("REA", trid, [is(serial), is(email), named(name)]),
        Event::Adg { trid, serial, group, name } => {
            form("ADG", trid, [is(serial), named(name), is(group.number()), is("0")])
        }
        Event::Rmg { trid, serial, group } => form("RMG", trid, [is(serial), is(group.number())]),
        Event::Reg { trid, serial, group, name } => {
            form("REG", trid, [is(serial), is(group.number()), named(name), is("0")])
        }
        _ => unreachable!("another table's event"),
    };
    vec![one]
}

/// (protocol page, 7.1)
fn check_profile(text: &str, fields: &ProfileFields<'_>, n: u8) {
    let text = text.strip_suffix("\r\n\r\n").expect("an empty line at the end");
    let lines: Vec<(&str, &str)> = text.split("\r\n").map(|line| line.split_once(": ").expect("a header")).collect();
    let mut keys = vec!["MIME-Version", "Content-Type", "LoginTime"];
    if n >= 3 {
        keys.extend(["EmailEnabled", "MemberIdHigh", "MemberIdLow", "lang_preference", "preferredEmail", "country"]);
        keys.extend([
            "PostalCode",
            "Gender",
            "Kid",
            "Age",
            "BDayPre",
            "Birthday",
            "Wallet",
            "Flags",
            "sid",
            "kv",
            "MSPAuth",
        ]);
        let half = |key: &str| lines.iter().find(|(other, _)| *other == key).expect("half a number").1.parse::<i32>();
        let [high, low] = ["MemberIdHigh", "MemberIdLow"].map(|key| half(key).expect("a signed number") as u32);
        assert_eq!(u64::from(high) << 32 | u64::from(low), fields.member);
        assert!(lines.contains(&("preferredEmail", fields.email.as_str())));
    }
    assert_eq!(lines.iter().map(|(key, _)| *key).collect::<Vec<_>>(), keys);
    assert_eq!(lines[0], ("MIME-Version", "1.0"));
    assert_eq!(lines[1], ("Content-Type", "text/x-msmsgsprofile; charset=UTF-8"));
    assert_eq!(lines[2].1, fields.login_time.to_string());
}

fn check_payload(event: &Event<'_>, payload: &[u8], n: u8) {
    let text = std::str::from_utf8(payload).expect("text");
    match event {
        Event::Profile(fields) => check_profile(text, fields, n),
        Event::System(SystemMessage::Maintenance { minutes }) => {
            let (head, body) = text.split_once("\r\n\r\n").expect("an empty line behind the headers");
            assert!(head.contains("Content-Type: application/x-msmsgssystemmessage"));
            assert!(body.starts_with(&format!("Type: 1\r\nArg1: {minutes}\r\n")), "{body:?}");
        }
        Event::Ipg(page) => assert_eq!(PageText::read(payload).as_deref(), Some(page.text), "{text}"),
        Event::Not { document } => assert_eq!(text, *document),
        _ => panic!("a payload of {event:?}"),
    }
}

fn check(event: &Event<'_>, dialect: Dialect) {
    let mut bytes = Vec::new();
    event.encode(dialect.traits(), &mut bytes);
    let (lines, n) = (lines(&bytes), dialect.number());
    let forms = forms(event, n);
    assert_eq!(lines.len(), forms.len(), "{event:?} in {dialect:?}");
    for (line, form) in lines.iter().zip(&forms) {
        Slot::check(form, &line.words);
        if let Some(payload) = &line.payload {
            check_payload(event, payload, n);
        }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn of_the_way_in_and_out(event in sign_in_event(), dialect in dialect()) {
        check(&event, dialect);
    }

    #[test]
    fn of_lists(event in list_event(), dialect in dialect()) {
        check(&event, dialect);
    }

    #[test]
    fn of_presence_and_the_rest(event in other_event(), dialect in dialect()) {
        check(&event, dialect);
    }

    #[test]
    fn errors_are_a_number_and_a_transaction(code in select(Code::ALL), trid in trid()) {
        let mut bytes = Vec::new();
        msnp::error(&mut bytes, trid, code);
        prop_assert_eq!(String::from_utf8_lossy(&bytes), format!("{:03} {trid}\r\n", code.number()));
    }
}

/// Four lines, whatever is set. (protocol page, 5.2 and 12.2)
#[test]
fn a_contact_that_shows_nothing_has_four_blank_properties() {
    let email = Email::parse("cy@example.com").unwrap();
    let mut bytes = Vec::new();
    contact_properties(&mut bytes, Dialect::Msnp5.traits(), Serial(9), &email, &Props::default());
    let lines = String::from_utf8(bytes).unwrap();
    let expected = ["PHH", "PHW", "PHM", "MOB N"].map(|property| format!("BPR 9 cy@example.com {property}\r\n"));
    assert_eq!(lines, expected.concat());
}

/// Events are taken apart by verb, so each must begin with its own.
#[test]
fn names_are_one_word() {
    let name = Name::friendly("a b\u{3000}%c\u{a0}é").unwrap();
    let email = Email::parse("cy@example.com").unwrap();
    let mut bytes = Vec::new();
    Event::Rea { trid: TrId(1), serial: Serial(2), email: &email, name: &name }
        .encode(Dialect::Msnp2.traits(), &mut bytes);
    assert_eq!(String::from_utf8(bytes).unwrap(), "REA 1 2 cy@example.com a%20b%E3%80%80%25c%C2%A0%C3%A9\r\n");
}

/// An address that is no name is written in brackets.
#[test]
fn a_place_is_one_word() {
    let to = HostPort { host: "2001:db8::1".into(), port: 1863 };
    let mut bytes = Vec::new();
    Event::XfrNs { trid: TrId(1), to: &to, current: &to }.encode(Dialect::Msnp7.traits(), &mut bytes);
    assert_eq!(String::from_utf8(bytes).unwrap(), "XFR 1 NS [2001:db8::1]:1863 0 [2001:db8::1]:1863\r\n");
}
