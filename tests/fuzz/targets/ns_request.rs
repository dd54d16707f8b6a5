//! Requests to a dispatch or notification server, in any dialect.
//!
//! The input: a byte that picks the dialect or none, and commands as a client sends them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use msnp::dialect::STRANGER;
use msnp::ns::{Command, Request, SIGNED_IN};
use msnp::{Dialect, Parsed, TrId, Verdict, frame};

fuzz_target!(|input: &[u8]| {
    let [pick, stream @ ..] = input else { return };
    let pick = usize::from(*pick) % (Dialect::ALL.len() + 1);
    let traits = Dialect::ALL.get(pick).map_or(&STRANGER, |dialect| dialect.traits());
    let mut at = 0;
    while let Ok(parsed) = frame::parse(&stream[at..], &SIGNED_IN) {
        let frame = match parsed {
            Parsed::Incomplete => break,
            Parsed::Blank(used) => {
                at += used;
                continue;
            }
            Parsed::Frame(frame, used) => {
                at += used;
                frame
            }
        };
        let first = frame.words().next().and_then(TrId::parse);
        match Request::decode(&frame, traits) {
            Ok(request) => {
                let command = Command::from_verb(frame.verb).expect("a command");
                assert!(traits.commands.has(command));
                assert!(request.trid().is_none_or(|trid| Some(trid) == first), "another transaction");
            }
            Err(bad) => match bad.verdict {
                Verdict::Refuse(trid, _) | Verdict::RefuseAndClose(trid, _) => assert_eq!(Some(trid), first),
                Verdict::Close => {}
            },
        }
    }
});
