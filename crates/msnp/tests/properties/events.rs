//! What a server tells clients of each dialect: every event has the form that the page gives it.

use model::{Email, HostPort, Name, Props, Serial};
use msnp::ns::{Event, contact_properties};
use msnp::{Code, Dialect, Limits, Parsed, TrId, frame};
use proptest::prelude::*;
use proptest::sample::select;

use crate::forms::{Slot, forms, is_told};
use crate::values::{cases, dialect, trid};
use crate::{bodies, told};

/// A line from a server, and what follows it.
#[derive(Debug)]
pub(crate) struct Line {
    /// All words, but not the length of the payload.
    pub(crate) words: Vec<String>,
    pub(crate) payload: Option<Vec<u8>>,
}

/// Reads what a server wrote. Exactly one blank stands between two words, and CR LF at the end.
pub(crate) fn lines(mut bytes: &[u8]) -> Vec<Line> {
    const LIMITS: Limits = Limits {
        line: 8192,
        payload: |verb| matches!(&verb, b"MSG" | b"IPG" | b"NOT" | b"UBX" | b"GCF").then_some(8192),
    };
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

fn check(event: &Event<'_>, dialect: Dialect) {
    let n = dialect.number();
    if !is_told(event, n) {
        return;
    }
    let mut bytes = Vec::new();
    event.encode(dialect.traits(), &mut bytes);
    let (lines, forms) = (lines(&bytes), forms(event, n));
    assert_eq!(lines.len(), forms.len(), "{event:?} in {dialect:?}");
    for (line, form) in lines.iter().zip(&forms) {
        Slot::check(form, &line.words);
        if let Some(payload) = &line.payload {
            bodies::check(event, payload, n);
        }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn of_the_way_in_and_out(event in told::sign_in(), dialect in dialect()) {
        check(&event, dialect);
    }

    #[test]
    fn of_lists(event in told::lists(), dialect in dialect()) {
        check(&event, dialect);
    }

    #[test]
    fn of_edits(event in told::edits(), dialect in dialect()) {
        check(&event, dialect);
    }

    #[test]
    fn of_presence_and_the_rest(event in told::others(), dialect in dialect()) {
        check(&event, dialect);
    }

    #[test]
    fn errors_are_a_number_and_a_transaction(code in select(Code::ALL), trid in trid()) {
        let mut bytes = Vec::new();
        msnp::error(&mut bytes, trid, code);
        prop_assert_eq!(String::from_utf8_lossy(&bytes), format!("{:03} {trid}\r\n", code.number()));
    }
}

/// The properties of a contact, as lines of their own.
fn properties(dialect: Dialect, props: &Props, in_burst: bool) -> Vec<String> {
    let email = Email::parse("cy@example.com").expect("an address");
    let mut bytes = Vec::new();
    contact_properties(&mut bytes, dialect.traits(), Serial(9), &email, props, in_burst);
    String::from_utf8(bytes).expect("text").split_terminator("\r\n").map(String::from).collect()
}

/// Four lines up to MSNP7, and up to MSNP9 behind an `ADD`. Later only what is set is told.
/// (protocol page, 5.2, 5.3 and 12.2)
#[test]
fn a_contact_that_shows_nothing() {
    let blank = ["PHH", "PHW", "PHM", "MOB N"].map(|property| format!("BPR 9 cy@example.com {property}"));
    for dialect in Dialect::ALL {
        let n = dialect.number();
        let in_burst = if (5..=7).contains(&n) { blank.as_slice() } else { &[] };
        assert_eq!(properties(dialect, &Props::default(), true), in_burst, "{dialect:?}");
        let behind_add = if (5..=9).contains(&n) { blank.as_slice() } else { &[] };
        assert_eq!(properties(dialect, &Props::default(), false), behind_add, "{dialect:?}");
    }
}

#[test]
fn a_contact_that_shows_something() {
    let props = Props { work: "1 (2)".to_owned(), pages: true, ..Props::default() };
    for n in 8..=12 {
        let dialect = Dialect::from_number(n).expect("a dialect");
        assert_eq!(properties(dialect, &props, true), ["BPR PHW 1%20(2)", "BPR MOB Y"]);
        let whole = ["BPR 9 cy@example.com PHH", "BPR 9 cy@example.com PHW 1%20(2)", "BPR 9 cy@example.com PHM"];
        let expected = match n {
            ..=9 => whole.into_iter().chain(["BPR 9 cy@example.com MOB Y"]).collect::<Vec<_>>(),
            _ => vec!["BPR cy@example.com PHW 1%20(2)", "BPR cy@example.com MOB Y"],
        };
        assert_eq!(properties(dialect, &props, false), expected);
    }
}

/// Events are taken apart by blanks, so each name must be one word.
#[test]
fn names_are_one_word() {
    let name = Name::friendly("a b\u{3000}%c\u{a0}é").unwrap();
    let email = Email::parse("cy@example.com").unwrap();
    let mut bytes = Vec::new();
    Event::UsrOk { trid: TrId(1), email: &email, name: &name, verified: true }
        .encode(Dialect::Msnp2.traits(), &mut bytes);
    assert_eq!(String::from_utf8(bytes).unwrap(), "USR 1 OK cy@example.com a%20b%E3%80%80%25c%C2%A0%C3%A9\r\n");
}

/// An address that is no name is written in brackets.
#[test]
fn a_place_is_one_word() {
    let to = HostPort { host: "2001:db8::1".into(), port: 1863 };
    let mut bytes = Vec::new();
    Event::XfrNs { trid: TrId(1), to: &to, current: &to }.encode(Dialect::Msnp7.traits(), &mut bytes);
    assert_eq!(String::from_utf8(bytes).unwrap(), "XFR 1 NS [2001:db8::1]:1863 0 [2001:db8::1]:1863\r\n");
}
