//! Lines and payloads: the byte stream cut into frames, within limits.
//!
//! A line ends with CR LF; a bare LF is accepted, since gaim of 2001 sends nothing else. A
//! payload command ends with a decimal length, and that many bytes follow.
//! (docs/PROTOCOL.md, Framing)

use std::str;

/// What a peer may send, decided by who it is and how far it has come.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Longest line in bytes, without its end.
    pub line: usize,
    /// The longest payload of a verb in bytes; `None` for verbs without one.
    pub payload: fn(Verb) -> Option<usize>,
}

/// The three characters that begin a command. They are case-sensitive.
pub type Verb = [u8; 3];

/// One command as it came: its verb, the words behind it, and its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The command.
    pub verb: Verb,
    /// The rest of the line. Words are separated by runs of blanks.
    pub rest: &'a str,
    /// The payload; empty for commands without one.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The words behind the verb.
    pub fn words(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.rest.split([' ', '\t']).filter(|word| !word.is_empty())
    }
}

/// What [`parse`] found at the beginning of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// No whole frame yet; more bytes are needed.
    Incomplete,
    /// An empty line of this many bytes, which means nothing.
    Blank(usize),
    /// A frame, and how many bytes it took.
    Frame(Frame<'a>, usize),
}

/// Why a stream cannot be read on. The connection must be closed: what follows has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// More bytes than [`Limits::line`] and no end of line.
    #[error("the line is longer than {0} bytes")]
    LineTooLong(usize),
    /// Control characters, or bytes that are not UTF-8.
    #[error("the line is not text")]
    NotText,
    /// The first word is not three characters long.
    #[error("the line does not begin with a three-letter command")]
    NoVerb,
    /// The last word of a payload command is not a decimal number.
    #[error("the payload length is not a decimal number")]
    BadLength,
    /// The payload is longer than its command may have.
    #[error("the payload is longer than {0} bytes")]
    PayloadTooLong(usize),
}

/// Finds the first frame in `buffer`.
pub fn parse<'a>(buffer: &'a [u8], limits: &Limits) -> Result<Parsed<'a>, FrameError> {
    // One more than the limit: the CR of a line that is just as long as it may be.
    let window = &buffer[..buffer.len().min(limits.line + 2)];
    let Some(end) = memchr::memchr(b'\n', window) else {
        return if buffer.len() > limits.line + 1 {
            Err(FrameError::LineTooLong(limits.line))
        } else {
            Ok(Parsed::Incomplete)
        };
    };
    let line = buffer[..end].strip_suffix(b"\r").unwrap_or(&buffer[..end]);
    if line.len() > limits.line {
        return Err(FrameError::LineTooLong(limits.line));
    }
    if line.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(FrameError::NotText);
    }
    let text = str::from_utf8(line).map_err(|_| FrameError::NotText)?.trim_matches([' ', '\t']);
    let start = end + 1;
    if text.is_empty() {
        return Ok(Parsed::Blank(start));
    }
    let (first, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    let verb: Verb = first.as_bytes().try_into().map_err(|_| FrameError::NoVerb)?;
    let length = match (limits.payload)(verb) {
        None => 0,
        Some(most) => payload_length(rest, most)?,
    };
    match buffer.get(start..start + length) {
        None => Ok(Parsed::Incomplete),
        Some(payload) => Ok(Parsed::Frame(Frame { verb, rest, payload }, start + length)),
    }
}

/// The decimal number that ends a payload command. No sign, no blank, no other base.
fn payload_length(rest: &str, most: usize) -> Result<usize, FrameError> {
    let last = rest.rsplit([' ', '\t']).next().unwrap_or_default();
    if last.is_empty() || !last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FrameError::BadLength);
    }
    // A number too long for usize is also too long for the payload.
    match last.parse::<usize>() {
        Ok(length) if length <= most => Ok(length),
        _ => Err(FrameError::PayloadTooLong(most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { line: 20, payload: |verb| if &verb == b"MSG" { Some(10) } else { None } };

    fn one(bytes: &[u8]) -> Result<Parsed<'_>, FrameError> {
        parse(bytes, &LIMITS)
    }

    fn frame<'a>(verb: &[u8; 3], rest: &'a str, payload: &'a [u8], used: usize) -> Result<Parsed<'a>, FrameError> {
        Ok(Parsed::Frame(Frame { verb: *verb, rest, payload }, used))
    }

    #[test]
    fn lines_end_with_crlf_or_lf() {
        assert_eq!(one(b"PNG\r\n"), frame(b"PNG", "", b"", 5));
        assert_eq!(one(b"PNG\nOUT\n"), frame(b"PNG", "", b"", 4));
        assert_eq!(one(b"VER 0 MSNP2\r"), Ok(Parsed::Incomplete));
        assert_eq!(one(b"\r\nPNG\r\n"), Ok(Parsed::Blank(2)));
        assert_eq!(one(b"  \nPNG\r\n"), Ok(Parsed::Blank(3)));
    }

    #[test]
    fn runs_of_blanks_separate_words() {
        let Ok(Parsed::Frame(frame, _)) = one(b"VER  0 \t MSNP2 \r\n") else { panic!("no frame") };
        assert_eq!(frame.words().collect::<Vec<_>>(), ["0", "MSNP2"]);
    }

    #[test]
    fn payloads() {
        assert_eq!(one(b"MSG 1 U 3\r\nabcPNG"), frame(b"MSG", "1 U 3", b"abc", 14));
        assert_eq!(one(b"MSG 1 U 3\r\nab"), Ok(Parsed::Incomplete));
        assert_eq!(one(b"MSG 1 U 0\r\n"), frame(b"MSG", "1 U 0", b"", 11));
        assert_eq!(one(b"MSG 1 U 0010\r\n0123456789"), frame(b"MSG", "1 U 0010", b"0123456789", 24));
        for bad in ["-1", "+1", "0x1", "1a", "1.", "U"] {
            assert_eq!(one(format!("MSG 1 {bad}\r\n").as_bytes()), Err(FrameError::BadLength), "{bad}");
        }
        assert_eq!(one(b"MSG\r\n"), Err(FrameError::BadLength));
        for long in ["11", "4294967296", "99999999999999"] {
            assert_eq!(one(format!("MSG {long}\r\n").as_bytes()), Err(FrameError::PayloadTooLong(10)), "{long}");
        }
    }

    #[test]
    fn limits() {
        let line = |n: usize, end: &str| format!("VER {}{end}", "x".repeat(n - 4));
        assert!(matches!(one(line(20, "\r\n").as_bytes()), Ok(Parsed::Frame(..))));
        assert_eq!(one(line(20, "").as_bytes()), Ok(Parsed::Incomplete));
        assert_eq!(one(line(21, "\n").as_bytes()), Err(FrameError::LineTooLong(20)));
        assert_eq!(one(line(21, "\r\n").as_bytes()), Err(FrameError::LineTooLong(20)));
        assert_eq!(one(line(22, "").as_bytes()), Err(FrameError::LineTooLong(20)));
    }

    #[test]
    fn garbage() {
        assert_eq!(one(b"VE\x000\r\n"), Err(FrameError::NotText));
        assert_eq!(one(b"VER \xff\r\n"), Err(FrameError::NotText));
        for bad in ["VE 0", "VERS 0", "V"] {
            assert_eq!(one(format!("{bad}\r\n").as_bytes()), Err(FrameError::NoVerb), "{bad}");
        }
    }
}
