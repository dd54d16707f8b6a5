//! The player's own reading of the server's stream: lines, payloads, and how they are shown.

use bytes::{Bytes, BytesMut};

/// Longest line that is waited for; no server sends one near it.
const MAX_LINE: usize = 64 * 1024;
/// Longest payload that is waited for.
const MAX_PAYLOAD: usize = 1024 * 1024;

/// Server commands whose last word, when it is a number, is the length of a payload.
const WITH_PAYLOAD: [&[u8]; 15] = [
    b"MSG", b"NOT", b"IPG", b"GCF", b"UBX", b"UBN", b"UBM", b"UUX", b"UUN", b"ADL", b"RML", b"FQY", b"SDG", b"NFY",
    b"PUT",
];

/// One command of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The line without its CR LF.
    pub(crate) line: Bytes,
    /// What followed it, for a command that announces a payload (even of no bytes).
    pub(crate) payload: Option<Bytes>,
}

impl Frame {
    /// Cuts the first whole command off `buffer`; `None` if there is none yet.
    pub(crate) fn take(buffer: &mut BytesMut) -> Result<Option<Self>, TooLong> {
        let Some(end) = buffer.windows(2).position(|pair| pair == b"\r\n") else {
            return if buffer.len() > MAX_LINE { Err(TooLong) } else { Ok(None) };
        };
        let Some(length) = announced(&buffer[..end]) else {
            let line = buffer.split_to(end + 2).freeze().slice(..end);
            return Ok(Some(Self { line, payload: None }));
        };
        if length > MAX_PAYLOAD {
            return Err(TooLong);
        }
        if buffer.len() < end + 2 + length {
            return Ok(None);
        }
        let line = buffer.split_to(end + 2).freeze().slice(..end);
        Ok(Some(Self { line, payload: Some(buffer.split_to(length).freeze()) }))
    }

    /// The words of the line, as text.
    pub(crate) fn words(&self) -> Vec<String> {
        self.line.split(|&byte| byte == b' ').map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    /// Bytes in the payload; 0 without one.
    pub(crate) fn payload_len(&self) -> usize {
        self.payload.as_ref().map_or(0, Bytes::len)
    }

    /// One or more readable lines for a report.
    pub(crate) fn shown(&self) -> String {
        shown(&self.line, self.payload.as_deref())
    }
}

/// A line or payload longer than the player is willing to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line or payload that is far too long")]
pub(crate) struct TooLong;

/// The payload length that a line announces.
fn announced(line: &[u8]) -> Option<usize> {
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let (first, last) = (words.first()?, words.last()?);
    // From MSNP13 an error may carry a payload as well: `241 t length`.
    let error = words.len() == 3 && first.len() == 3 && words.iter().all(|word| number(word).is_some());
    if words.len() > 1 && (error || WITH_PAYLOAD.contains(first)) { number(last) } else { None }
}

fn number(word: &[u8]) -> Option<usize> {
    if word.is_empty() || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// A line with its payload below it, as a script would write them.
pub(crate) fn shown(line: &[u8], payload: Option<&[u8]>) -> String {
    let mut text = escaped(line);
    let Some(payload) = payload.filter(|payload| !payload.is_empty()) else { return text };
    let mut rest = payload;
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        text.push_str(&format!("\n| {}", escaped(&rest[..end])));
        rest = &rest[end + 2..];
    }
    if !rest.is_empty() {
        text.push_str(&format!("\n|$ {}", escaped(rest)));
    }
    text
}

/// Bytes as text, with everything escaped that is not printable ASCII.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(bytes: &[u8]) -> (Option<Frame>, BytesMut) {
        let mut buffer = BytesMut::from(bytes);
        (Frame::take(&mut buffer).expect("short"), buffer)
    }

    #[test]
    fn a_line_needs_cr_lf() {
        assert_eq!(take(b"VER 0 MSNP2\r").0, None);
        assert_eq!(take(b"VER 0 MSNP2\n").0, None);
        let (frame, rest) = take(b"VER 0 MSNP2\r\nINF");
        assert_eq!(frame.expect("a frame").line, "VER 0 MSNP2");
        assert_eq!(rest, "INF");
    }

    #[test]
    fn a_payload_is_cut_by_its_announced_length() {
        assert_eq!(take(b"MSG a@b.c A 5\r\nHell").0, None);
        let (frame, rest) = take(b"MSG a@b.c A 5\r\nHello217 4\r\n");
        assert_eq!(frame.expect("a frame").payload.expect("a payload"), "Hello");
        assert_eq!(rest, "217 4\r\n");
        assert_eq!(take(b"UBX a@b.c 0\r\n").0.expect("a frame").payload.expect("empty").len(), 0);
        assert_eq!(take(b"217 4\r\n").0.expect("a frame").payload, None);
        assert_eq!(take(b"241 4 3\r\nabc").0.expect("a frame").payload_len(), 3);
    }

    #[test]
    fn what_is_too_long_is_not_waited_for() {
        let mut buffer = BytesMut::from(&b"MSG a b 99999999\r\n"[..]);
        assert_eq!(Frame::take(&mut buffer), Err(TooLong));
        let mut buffer = BytesMut::from(&vec![b'x'; MAX_LINE + 1][..]);
        assert_eq!(Frame::take(&mut buffer), Err(TooLong));
    }

    #[test]
    fn frames_are_shown_as_a_script_writes_them() {
        let (frame, _) = take(b"MSG a A 10\r\nx: \xff\r\n\r\nab");
        assert_eq!(frame.expect("a frame").shown(), "MSG a A 10\n| x: \\xff\n| \n|$ ab");
    }
}
