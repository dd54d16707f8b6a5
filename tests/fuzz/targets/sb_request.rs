//! Requests to a switchboard, in any dialect.
//!
//! The input: a byte that picks the dialect, and commands as a client sends them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use msnp::sb::{Delivery, LIMITS, Request};
use msnp::{Parsed, TrId, Verdict, frame};

fuzz_target!(|input: &[u8]| {
    let [pick, stream @ ..] = input else { return };
    let traits = fuzz::dialect(*pick).traits();
    let mut at = 0;
    while let Ok(parsed) = frame::parse(&stream[at..], &LIMITS) {
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
            Ok(Request::Msg { trid, delivery, payload }) => {
                assert_eq!(Some(trid), first);
                assert!(delivery != Delivery::Data || traits.data_messages);
                assert!(payload.len() <= msnp::sb::MAX_PAYLOAD);
            }
            Ok(Request::Usr { trid, .. } | Request::Ans { trid, .. } | Request::Cal { trid, .. }) => {
                assert_eq!(Some(trid), first);
            }
            Ok(Request::Out) => {}
            Err(bad) => match bad.verdict {
                Verdict::Refuse(trid, _) | Verdict::RefuseAndClose(trid, _) => assert_eq!(Some(trid), first),
                Verdict::Close => {}
            },
        }
    }
});
