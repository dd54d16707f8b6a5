//! Frames: however the bytes of a stream are cut into pieces, they mean the same.

use msnp::frame::Verb;
use msnp::{FrameError, Limits, Parsed, frame, ns, sb};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::values::cases;

const SHORT: Limits = Limits {
    line: 24,
    payload: |verb: Verb| match &verb {
        b"MSG" => Some(20),
        b"QRY" => Some(0),
        _ => None,
    },
};

/// What a stream means: its frames, and why it cannot be read on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Meaning {
    frames: Vec<(Verb, String, Vec<u8>)>,
    error: Option<FrameError>,
}

/// A reader that keeps what it cannot use yet and puts the next piece behind it.
struct Reader<'l> {
    limits: &'l Limits,
    rest: Vec<u8>,
    meaning: Meaning,
}

impl<'l> Reader<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self { limits, rest: Vec::new(), meaning: Meaning::default() }
    }

    fn read(&mut self, piece: &[u8]) {
        self.rest.extend_from_slice(piece);
        let mut at = 0;
        while self.meaning.error.is_none() {
            match frame::parse(&self.rest[at..], self.limits) {
                Ok(Parsed::Incomplete) => break,
                Ok(Parsed::Blank(used)) => at += used,
                Ok(Parsed::Frame(frame, used)) => {
                    self.meaning.frames.push((frame.verb, frame.rest.to_owned(), frame.payload.to_owned()));
                    at += used;
                }
                Err(error) => self.meaning.error = Some(error),
            }
        }
        self.rest.drain(..at);
    }
}

fn whole(limits: &Limits, stream: &[u8]) -> Meaning {
    let mut reader = Reader::new(limits);
    reader.read(stream);
    reader.meaning
}

fn in_pieces(limits: &Limits, stream: &[u8], cuts: &[Index]) -> Meaning {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    cuts.sort_unstable();
    let mut reader = Reader::new(limits);
    let mut from = 0;
    for to in cuts.into_iter().chain([stream.len()]) {
        reader.read(&stream[from..to]);
        from = to;
    }
    reader.meaning
}

fn byte_by_byte(limits: &Limits, stream: &[u8]) -> Meaning {
    let mut reader = Reader::new(limits);
    stream.iter().for_each(|byte| reader.read(&[*byte]));
    reader.meaning
}

/// A frame that is within the limits of `SHORT`, and its bytes.
fn frame() -> impl Strategy<Value = ((Verb, String, Vec<u8>), Vec<u8>)> {
    let verb = select(vec![*b"MSG", *b"QRY", *b"PNG", *b"USR", *b"ver"]);
    let words = "[!-~é]{0,3}( [!-~]{1,3}){0,2}".prop_map(|words| words.trim().to_owned());
    let end = select(vec!["\r\n", "\n", " \r\n", "\r\n\r\n", "\r\n \n"]);
    (verb, words, vec(any::<u8>(), 0..=20), end).prop_map(|(verb, words, payload, end)| {
        let most = (SHORT.payload)(verb);
        let payload = payload[..most.unwrap_or(0).min(payload.len())].to_vec();
        let rest = match most {
            Some(_) => format!("{words} {}", payload.len()).trim_start().to_owned(),
            None => words,
        };
        // Only before a command may there be blank lines, not before a payload.
        let end = if most.is_some() { "\r\n" } else { end };
        let line = format!("{} {rest}{end}", String::from_utf8_lossy(&verb));
        let bytes = [line.as_bytes(), &payload].concat();
        ((verb, rest, payload), bytes)
    })
}

/// Bytes that look like a stream here and there.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"MSG 1 U 3\r\n",
        b"MSG 1 ",
        b"QRY x 0\n",
        b"QRY 1 1\n",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\t",
        b"PNG",
        b"99999999999",
        b"VER 0 MSNP2",
        b"abc",
        "é".as_bytes(),
        b"\xff",
        b"\0",
        b"xxxxxxxxxxxxxxxxxxxx",
    ];
    let piece = prop_oneof![8 => select(pieces).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..4)];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn cuts_do_not_matter_to_a_good_stream(frames in vec(frame(), 0..8), cuts in vec(any::<Index>(), 0..12)) {
        let stream: Vec<u8> = frames.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        let frames: Vec<_> = frames.into_iter().map(|(frame, _)| frame).collect();
        let meaning = Meaning { frames, error: None };
        prop_assert_eq!(&whole(&SHORT, &stream), &meaning);
        prop_assert_eq!(&in_pieces(&SHORT, &stream, &cuts), &meaning);
        prop_assert_eq!(&byte_by_byte(&SHORT, &stream), &meaning);
    }

    #[test]
    fn nor_to_garbage(stream in garbage(), cuts in vec(any::<Index>(), 0..12)) {
        for limits in [&SHORT, &ns::BEFORE_SIGN_IN, &ns::SIGNED_IN, &sb::LIMITS] {
            let meaning = whole(limits, &stream);
            prop_assert_eq!(&in_pieces(limits, &stream, &cuts), &meaning);
            prop_assert_eq!(&byte_by_byte(limits, &stream), &meaning);
        }
    }

    /// What a reader must keep while it waits for more is bounded by the limits.
    #[test]
    fn what_is_kept_is_bounded(stream in garbage()) {
        let mut reader = Reader::new(&SHORT);
        for byte in stream {
            reader.read(&[byte]);
            prop_assert!(reader.meaning.error.is_some() || reader.rest.len() <= SHORT.line + 2 + 20);
        }
    }
}
