//! Cutting what a server sends into commands.

use memchr::memchr;

/// Longest line that is waited for: longer than any that a server sends.
const MAX_LINE: usize = 16 * 1024;
/// Longest payload that is waited for.
const MAX_PAYLOAD: usize = 64 * 1024;

/// Server commands that end in the length of a payload. (`UUX t 0` is an answer without one, and
/// its length of 0 fits.)
const WITH_PAYLOAD: [&[u8]; 5] = [b"MSG", b"UBX", b"NOT", b"IPG", b"GCF"];

/// One command of a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Frame<'a> {
    /// The line, without its end.
    pub(crate) line: &'a [u8],
    /// What follows it, for commands that have a payload.
    pub(crate) payload: &'a [u8],
}

/// What no server should send.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Garbled {
    /// A line without an end.
    #[error("the server sent a line of more than {MAX_LINE} bytes")]
    Line,
    /// A payload whose length is none, or is beyond reason.
    #[error("the server sent a payload whose length is no number, or more than {MAX_PAYLOAD}")]
    Payload,
}

/// Cuts the first whole command off `bytes`: the command, and how many bytes it takes. None: it
/// has yet to come whole.
pub(crate) fn cut(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, Garbled> {
    let Some(end) = memchr(b'\n', bytes) else {
        return if bytes.len() > MAX_LINE { Err(Garbled::Line) } else { Ok(None) };
    };
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    let after = end + 1;
    if !has_payload(line) {
        return Ok(Some((Frame { line, payload: &[] }, after)));
    }
    let last = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let length = number(last).filter(|length| *length <= MAX_PAYLOAD as u64).ok_or(Garbled::Payload)?;
    let total = after + usize::try_from(length).map_err(|_| Garbled::Payload)?;
    match bytes.get(after..total) {
        Some(payload) => Ok(Some((Frame { line, payload }, total))),
        None => Ok(None),
    }
}

fn has_payload(line: &[u8]) -> bool {
    line.get(3) == Some(&b' ') && WITH_PAYLOAD.iter().any(|verb| line.starts_with(verb))
}

/// A decimal number without a sign.
pub(crate) fn number(word: &[u8]) -> Option<u64> {
    if word.is_empty() || word.len() > 19 {
        return None;
    }
    word.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
}

impl<'a> Frame<'a> {
    /// The verb, or the number of an error.
    pub(crate) fn verb(&self) -> &'a [u8] {
        &self.line[..self.line.len().min(3)]
    }

    /// The `n`th word, of which the verb is number 0.
    pub(crate) fn word(&self, n: usize) -> Option<&'a [u8]> {
        self.line.split(|byte| *byte == b' ').nth(n)
    }

    /// Is it an error: three digits?
    pub(crate) fn is_error(&self) -> bool {
        self.verb().len() == 3 && self.verb().iter().all(u8::is_ascii_digit)
    }

    /// The line, to be shown.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let (mut rest, mut frames) = (bytes, Vec::new());
        while let Some((frame, used)) = cut(rest).unwrap() {
            frames.push((frame.line.to_vec(), frame.payload.to_vec()));
            rest = &rest[used..];
        }
        assert!(rest.is_empty(), "{rest:?} is left");
        frames
    }

    #[test]
    fn lines_and_payloads() {
        let frames = whole(b"QNG\r\nMSG a@b.c Amy 5\r\nab\r\ncUUX 4 0\r\nNLN NLN a@b.c MSG\nUBX a@b.c 0\r\n217 3\r\n");
        let lines: Vec<_> = frames.iter().map(|(line, _)| String::from_utf8_lossy(line)).collect();
        assert_eq!(lines, ["QNG", "MSG a@b.c Amy 5", "UUX 4 0", "NLN NLN a@b.c MSG", "UBX a@b.c 0", "217 3"]);
        assert_eq!(frames[1].1, b"ab\r\nc");
        assert!(frames.iter().enumerate().all(|(n, frame)| n == 1 || frame.1.is_empty()));
    }

    #[test]
    fn what_has_yet_to_come() {
        for part in ["", "MSG a", "MSG a b 5\r", "MSG a b 5\r\n1234"] {
            assert_eq!(cut(part.as_bytes()), Ok(None), "{part:?}");
        }
    }

    #[test]
    fn what_no_server_sends() {
        for bad in
            ["MSG a b x\r\n", "MSG a b -1\r\n", "MSG a b 65537\r\n", "MSG a b 99999999999999999999\r\n", "MSG \r\n"]
        {
            assert_eq!(cut(bad.as_bytes()), Err(Garbled::Payload), "{bad:?}");
        }
        assert_eq!(cut(&[b'x'; MAX_LINE + 1]), Err(Garbled::Line));
    }

    #[test]
    fn words() {
        let (frame, _) = cut(b"NLN BSY amy@example.com Amy 0\r\n").unwrap().unwrap();
        assert_eq!((frame.verb(), frame.word(2), frame.word(5)), (&b"NLN"[..], Some(&b"amy@example.com"[..]), None));
        assert!(!frame.is_error());
        let (error, _) = cut(b"911 4\r\n").unwrap().unwrap();
        assert!(error.is_error());
        assert_eq!([number(b"007"), number(b""), number(b"+1"), number(b"1x")], [Some(7), None, None, None]);
    }

    proptest! {
        /// Wherever the stream is cut, the commands are the same.
        #[test]
        fn any_split_gives_the_same_commands(
            payloads in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..50)), 0..8),
            at in any::<prop::sample::Index>(),
        ) {
            let mut stream = Vec::new();
            for payload in &payloads {
                match payload {
                    None => stream.extend(b"FLN amy@example.com\r\n"),
                    Some(payload) => {
                        stream.extend(format!("MSG amy@example.com Amy {}\r\n", payload.len()).bytes());
                        stream.extend(payload);
                    }
                }
            }
            let split = at.index(stream.len() + 1);
            let (mut held, mut frames) = (Vec::new(), 0);
            for part in [&stream[..split], &stream[split..]] {
                held.extend(part);
                while let Some((frame, used)) = cut(&held).unwrap() {
                    let expected = payloads[frames].as_deref().unwrap_or_default();
                    prop_assert_eq!(frame.payload, expected);
                    frames += 1;
                    held.drain(..used);
                }
            }
            prop_assert_eq!((frames, held.len()), (payloads.len(), 0));
        }
    }
}
