//! What lines match, and what they capture.

use super::*;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).expect("a pattern")
}

fn captures(values: &[(&str, &str)]) -> Captures {
    let mut captures = Captures::new([("amy@hotmail.com".to_owned(), "password".to_owned())]);
    captures.extend(values.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect());
    captures
}

fn found(text: &str, line: &str, values: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
    let found = pattern(text).matches(line.as_bytes(), &captures(values), 7)?;
    Some(found.into_iter().map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect())
}

#[test]
fn text_must_be_equal_to_the_byte() {
    assert!(found("VER 0 MSNP2", "VER 0 MSNP2", &[]).is_some());
    for line in ["VER 0 MSNP2 ", "VER  0 MSNP2", "VER 0 MSNP", "ver 0 MSNP2", ""] {
        assert!(found("VER 0 MSNP2", line, &[]).is_none(), "{line}");
    }
}

#[test]
fn a_capture_binds_one_token_and_is_equal_later() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        found("XFR 1 SB {sb} CKI {c}", "XFR 1 SB h:1 CKI 2.3", &[]).expect("fits"),
        [pair("sb", "h:1"), pair("c", "2.3")]
    );
    assert_eq!(found("{a} {a}", "x x", &[]).expect("fits"), [pair("a", "x")]);
    assert!(found("{a} {a}", "x y", &[]).is_none());
    assert!(found("{a}", "x", &[("a", "x")]).expect("fits").is_empty());
    assert!(found("{a}", "y", &[("a", "x")]).is_none());
    assert!(found("LST {a}", "LST ", &[]).is_none());
    assert_eq!(found("{host}:{port}", "::1:1863", &[]).expect("fits"), [pair("host", "::1"), pair("port", "1863")]);
    assert_eq!(found("N={x} 1", "N=a@b.c 1", &[]).expect("fits"), [pair("x", "a@b.c")]);
}

#[test]
fn wildcards() {
    assert!(found("RNG {_} {_}", "RNG 1 2", &[]).is_some());
    assert!(found("RNG {_}", "RNG 1 2", &[]).is_none());
    for line in ["RNG", "RNG ", "RNG 1 2 3"] {
        assert!(found("RNG {_*}", line, &[]).is_some(), "{line}");
    }
    assert!(found("RNG {_*}", "RNGX", &[]).is_none());
    assert!(found("N={_*}", "N=", &[]).is_some());
    for line in ["<a b><T>x y</T>c", "<T>x y</T>"] {
        assert!(found("{...}<T>x {_}</T>{...}", line, &[]).is_some(), "{line}");
    }
    assert!(found("a{...}c", "ab", &[]).is_none());
    let value = found("{...}='t={secret}&p={...}'", "x='t=1 'y='t=2&p='", &[]).expect("fits");
    assert_eq!(value, [("secret".to_owned(), "2".to_owned())]);
}

#[test]
fn numbers_lengths_and_digests() {
    assert!(found("SYN {ser+2}", "SYN 1", &[("ser", "4294967295")]).is_some());
    assert!(found("SYN {ser-1}", "SYN 4294967295", &[("ser", "0")]).is_some());
    assert!(found("{ser} {ser+1}", "4 5", &[]).is_some());
    assert!(found("SYN {ser+1}", "SYN 5", &[]).is_none(), "never captured");
    assert!(found("MSG {len}", "MSG 7", &[]).is_some());
    assert!(found("MSG {len}", "MSG 07", &[]).is_none());
    let known = [("challenge", "1234567890.123456789")];
    let line = pattern("USR 6 MD5 S {md5 challenge amy@hotmail.com}").fill(&captures(&known), 0);
    assert_eq!(line.expect("filled"), b"USR 6 MD5 S f59af8f2fa91d38aff7c870c17f99903");
}

#[test]
fn sending_needs_all_values() {
    assert_eq!(pattern("{x}").fill(&captures(&[]), 0), Err(Unfilled::Unbound("x".to_owned())));
    assert_eq!(pattern("{_}").fill(&captures(&[]), 0), Err(Unfilled::Wildcard));
    assert_eq!(pattern("{x+1}").fill(&captures(&[("x", "y")]), 0), Err(Unfilled::NotANumber("x".to_owned())));
    assert_eq!(pattern("{{{x}}} {len}").fill(&captures(&[("x", "y")]), 3).expect("filled"), b"{y} 3");
}

#[test]
fn what_is_no_pattern() {
    assert_eq!(Pattern::parse("{x"), Err(BadPattern::Unbalanced));
    assert_eq!(Pattern::parse("x}"), Err(BadPattern::Unbalanced));
    assert_eq!(Pattern::parse("{_*} x"), Err(BadPattern::RestNotLast));
    for inside in ["", "X", "a b", "a+b", "md5 x", "md5 x y"] {
        assert_eq!(Pattern::parse(&format!("{{{inside}}}")), Err(BadPattern::Unknown(inside.to_owned())));
    }
}

#[test]
fn a_report_shows_what_is_known() {
    let pattern = pattern("ADD {t} {ser+1} {_} {len} {_*}");
    assert_eq!(pattern.shown(&captures(&[("t", "4")])), "ADD 4 {ser+1} {_} {len} {_*}");
    assert_eq!(self::pattern("{...}a").shown(&captures(&[])), "{...}a");
}
