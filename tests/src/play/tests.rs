//! Plays against a fake server.

use std::time::Duration;

use crate::fake::{CLOSE, Cue, cue, perform};
use crate::stage::{Operation, Place};
use crate::{Failure, Played};

fn passes(text: &str, cues: impl IntoIterator<Item = Cue>) {
    match perform(text, cues).0 {
        Ok(Played::Passed) => {}
        Ok(skipped) => panic!("{skipped:?}"),
        Err(failure) => panic!("{failure}"),
    }
}

fn fails(text: &str, cues: impl IntoIterator<Item = Cue>) -> Failure {
    perform(text, cues).0.expect_err("a failure")
}

#[test]
fn lines_captures_and_the_way_from_server_to_server() {
    let text = "a.ns connects ds\na.ns > VER 0 MSNP2 CVR0\na.ns < VER 0 MSNP2\na.ns > USR 1\n\
                a.ns < XFR 1 NS {ns}\na.ns closed\na.ns connects {ns}\na.ns >raw \"A\\r\\nB\\r\\n\"\n\
                a.ns < X {ser}\na.ns < X {ser+1}\nwait 5m ; silence a.ns ; a.ns resets";
    let cues = [
        cue(0, "VER 0 MSNP2 CVR0\r\n", "VER 0 MSNP2\r\n"),
        cue(0, "USR 1\r\n", "XFR 1 NS h:1863\r\n\u{4}"),
        cue(1, "A\r\nB\r\n", "X 8\r\nX 9\r\n"),
    ];
    let (result, fake) = perform(text, cues);
    assert_eq!(result, Ok(Played::Passed));
    assert_eq!(fake.places, [Place::Dispatch, Place::At("h:1863".to_owned())]);
    assert_eq!(fake.waited, Duration::from_secs(300));
    assert_eq!(fake.dropped, [(0, false), (1, true)], "a name that goes to a second connection lets go of the first");
}

#[test]
fn the_operator_does_what_the_stage_can() {
    let (result, fake) = perform("operator suspends a@x.y ; operator stops", []);
    assert_eq!(result, Ok(Played::Passed));
    assert_eq!(fake.operations, [Operation::Suspend("a@x.y".to_owned()), Operation::Stop]);
    let (result, fake) = perform("operator sends a@x.y to h:1863", []);
    assert!(matches!(result, Ok(Played::Skipped(_))) && fake.operations.is_empty(), "{result:?}");
}

#[test]
fn a_line_that_differs_is_reported_with_the_traffic() {
    let cues = [cue(0, "VER 0 X\r\n", "VER 0 \u{1}\r\n")];
    let failure = fails("\na.ns connects ds\na.ns > VER 0 X\na.ns < VER {t} {_} # no comment", cues);
    assert_eq!((failure.line, &*failure.statement), (4, "a.ns < VER {t} {_} # no comment"));
    assert_eq!((&*failure.expected, &*failure.came), ("VER {t} {_} # no comment", "VER 0 \\x01"));
    assert_eq!(failure.traffic, ["> VER 0 X", "< VER 0 \\x01"]);
    let report = failure.to_string();
    assert!(report.starts_with("x.msnp:4: a.ns < VER {t} {_} # no comment\n  expected: VER {t} {_}"), "{report}");
}

#[test]
fn the_traffic_is_the_last_ten_lines() {
    let text = format!("a.ns connects ds\n{}a.ns < X", "a.ns > PNG\n".repeat(12));
    assert_eq!(fails(&text, []).traffic, ["> PNG"; 10]);
}

#[test]
fn payload_lengths_are_computed_and_checked() {
    let text = "a.sb connects ds\na.sb > MSG 3 A {len}\n| T: 1\n|\n|$ Hi {{x}}\n\
                a.sb < MSG b@x.y {name} {len}\n| T: {t}\n|\n|$ Hi {t}\na.sb < MSG c C {n}\n|*\na.sb < MSG c C {len}";
    let sent = "MSG 3 A 14\r\nT: 1\r\n\r\nHi {x}";
    passes(text, [cue(0, sent, "MSG b@x.y B 12\r\nT: 1\r\n\r\nHi 1MSG c C 3\r\n\r\nxMSG c C 0\r\n")]);
    for (answer, came) in [
        ("MSG b@x.y B 12\r\nT: 1\r\n\r\nHi 2", "MSG b@x.y B 12\n| T: 1\n| \n|$ Hi 2"),
        ("MSG b@x.y B 012\r\nT: 1\r\n\r\nHi 1", "MSG b@x.y B 012\n| T: 1\n| \n|$ Hi 1"),
        ("MSG b@x.y B 13\r\nT: 1\r\n\r\nHi 1", "only a piece of a command: MSG b@x.y B 13\\r\\nT: 1\\r\\n\\r\\nHi 1"),
        ("MSG b@x.y B 14\r\nT: 1\r\n\r\nHi 1\r\n", "MSG b@x.y B 14\n| T: 1\n| \n| Hi 1"),
    ] {
        assert_eq!(&*fails(text, [cue(0, sent, answer)]).came, came);
    }
    // A length that is written out is sent as it is, right or wrong.
    passes("a.sb connects ds\na.sb > MSG 3 A 99\n|$ x\na.sb closed", [cue(0, "MSG 3 A 99\r\nx", CLOSE)]);
    let unexpected = fails("a.sb connects ds\na.sb > X\na.sb < MSG a b 1", [cue(0, "X\r\n", "MSG a b 1\r\nx")]);
    assert_eq!(&*unexpected.came, "MSG a b 1\n|$ x");
}

#[test]
fn lines_in_any_order() {
    let text = "a.ns connects ds\na.ns > X\na.ns <~ NLN {one}\na.ns <~ NLN NLN2\na.ns <~ FLN {one}\na.ns < END";
    // The first match must be taken back: only NLN2 fits the second expectation.
    passes(text, [cue(0, "X\r\n", "NLN NLN2\r\nNLN b\r\nFLN b\r\nEND\r\n")]);
    passes(text, [cue(0, "X\r\n", "FLN c\r\nNLN NLN2\r\nNLN c\r\nEND\r\n")]);
    let failure = fails(text, [cue(0, "X\r\n", "NLN b\r\nNLN c\r\nFLN b\r\nEND\r\n")]);
    assert_eq!(&*failure.came, "NLN c");
    assert_eq!(&*failure.expected, "one of\nNLN NLN2\nFLN {one}");
    assert_eq!(failure.line, 4);
    assert_eq!(&*fails(text, [cue(0, "X\r\n", "NLN NLN2\r\nNLN b\r\n")]).came, "nothing");
}

#[test]
fn what_is_left_over_fails() {
    let text = "a.ns connects ds ; b.ns connects ds ; a.ns > X\na.ns < Y";
    let failure = fails(text, [cue(0, "X\r\n", "Y\r\n").and(1, "FLN a\r\n")]);
    assert_eq!((&*failure.statement, &*failure.came), ("(end of the play)", "FLN a"));
    assert_eq!(&*fails(text, [cue(0, "X\r\n", "Y\r\nZ")]).came, "only a piece of a command: Z");
    assert_eq!(&*fails(text, [cue(0, "X\r\n", "Y\r\n\u{4}")]).came, "the server closed the connection");
    assert_eq!(&*fails("a.ns connects ds ; a.ns > X\na.ns closed", [cue(0, "X\r\n", "Y\r\n\u{4}")]).came, "Y");
    assert_eq!(&*fails("a.ns connects ds ; a.ns > X ; \nsilence a.ns", [cue(0, "X ;\r\n", "Y\r\n")]).came, "Y");
}

#[test]
fn after_the_end_of_a_connection() {
    let closing = || [cue(0, "X\r\n", CLOSE)];
    passes("a.ns connects ds\na.ns > X\na.ns closed\na.ns > into the void\na.ns closed", closing());
    assert_eq!(&*fails("a.ns > X", []).came, "it was never opened");
    assert_eq!(&*fails("a.ns connects ds\na.ns drops\na.ns > X", []).came, "the client has closed it");
    assert_eq!(&*fails("a.ns connects ds\na.ns connects ds", []).came, "it is open already");
    assert_eq!(&*fails("a.ns connects ds\na.ns > {x}", []).came, "{x} has not been captured");
}

#[test]
fn plays_that_do_not_suit_the_stage_are_skipped() {
    let skipped = |text: &str| perform(text, []).0.expect("no failure");
    assert_eq!(skipped("on tcp cluster"), Played::Skipped("only for tcp, cluster".to_owned()));
    assert_eq!(skipped("config a.b = 1"), Played::Skipped("needs config".to_owned()));
    assert_eq!(skipped("on memory"), Played::Passed);
}
