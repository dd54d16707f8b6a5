//! Frames: however a stream is cut, it means the same.
//!
//! The input: a byte that picks the limits, a byte that decides where to cut, and the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;
use msnp::frame::Verb;
use msnp::{FrameError, Limits, Parsed, frame, ns, sb};

const SHORT: Limits = Limits { line: 24, payload: |verb| (&verb == b"MSG").then_some(20) };

type Meaning = (Vec<(Verb, String, Vec<u8>)>, Option<FrameError>);

/// Reads a stream that comes in pieces: what cannot be used yet is kept.
fn read<'a>(limits: &Limits, pieces: impl Iterator<Item = &'a [u8]>) -> Meaning {
    let (mut rest, mut frames) = (Vec::new(), Vec::new());
    for piece in pieces {
        rest.extend_from_slice(piece);
        let mut at = 0;
        loop {
            match frame::parse(&rest[at..], limits) {
                Ok(Parsed::Incomplete) => break,
                Ok(Parsed::Blank(used)) => at += used,
                Ok(Parsed::Frame(frame, used)) => {
                    assert!(frame.words().all(|word| !word.is_empty() && !word.contains([' ', '\t'])));
                    frames.push((frame.verb, frame.rest.to_owned(), frame.payload.to_owned()));
                    at += used;
                }
                Err(error) => return (frames, Some(error)),
            }
        }
        rest.drain(..at);
    }
    (frames, None)
}

fuzz_target!(|input: &[u8]| {
    let [pick, cut, stream @ ..] = input else { return };
    let limits = [&SHORT, &ns::BEFORE_SIGN_IN, &ns::SIGNED_IN, &sb::LIMITS][usize::from(pick % 4)];
    let whole = read(limits, std::iter::once(stream));
    let size = usize::from(*cut) % 61 + 1;
    assert_eq!(read(limits, stream.chunks(size)), whole);
    let (head, tail) = stream.split_at(usize::from(*cut).min(stream.len()));
    assert_eq!(read(limits, [head, tail].into_iter()), whole);
});
