//! Personal messages (`UUX`): what is taken of one client is a document that every other can read, and is
//! relayed as it is.
//!
//! The input: the payload.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::Email;
use msnp::ns::{Event, MAX_PERSONAL, Request, SIGNED_IN};
use msnp::{Dialect, Parsed, TrId, Verdict, frame};

fuzz_target!(|payload: &[u8]| {
    let traits = Dialect::Msnp11.traits();
    let mut bytes = format!("UUX 7 {}\r\n", payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    let Ok(Parsed::Frame(frame, used)) = frame::parse(&bytes, &SIGNED_IN) else {
        assert!(payload.len() > MAX_PERSONAL);
        return;
    };
    assert_eq!(used, bytes.len());
    let personal = match Request::decode(&frame, traits) {
        Ok(Request::Uux { trid: TrId(7), personal }) => personal,
        Ok(other) => panic!("{other:?}"),
        Err(bad) => return assert_eq!(bad.verdict, Verdict::Close),
    };
    assert_eq!(personal.as_bytes(), payload);
    if !personal.is_empty() {
        check(personal.trim_ascii());
    }
    let email = Email::parse("u@example.com").expect("an address");
    let mut out = Vec::new();
    Event::Ubx { email: &email, personal }.encode(traits, &mut out);
    assert_eq!(fuzz::lines(&out), [format!("UBX u@example.com {}", personal.len())]);
});

/// What must hold of the text, whatever reads it.
fn check(text: &str) {
    assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n')), "{text:?}");
    let inside = text.strip_prefix("<Data").expect("the element's name");
    assert!(inside.starts_with(['>', '/', ' ', '\t', '\r', '\n']), "{text:?}");
    assert!(text.ends_with('>'), "{text:?}");
    // Each `<` begins a comment, raw text, or a tag; no declaration and no instruction.
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        references(before);
        rest = match (behind.strip_prefix("!--"), behind.strip_prefix("![CDATA[")) {
            (Some(comment), _) => comment.split_once("-->").expect("the end of a comment").1,
            (_, Some(raw)) => raw.split_once("]]>").expect("the end of raw text").1,
            _ => {
                let first = behind.chars().next().expect("a tag");
                assert!(first.is_alphabetic() || first == '_' || first == '/', "{behind:?} in {text:?}");
                behind
            }
        };
    }
    references(rest);
}

/// Text, or a tag and the text behind it: nothing refers to what a reader might not know.
fn references(text: &str) {
    for reference in text.split('&').skip(1) {
        let (name, _) = reference.split_once(';').expect("the end of a reference");
        assert!(matches!(name, "lt" | "gt" | "amp" | "apos" | "quot") || name.starts_with('#'), "&{name};");
    }
}
