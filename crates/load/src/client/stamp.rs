//! What is said in rooms: chat messages whose text names the sender, its count and the time.

use super::wire::number;

const HEADERS: &[u8] = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
    X-MMS-IM-Format: FN=MS%20Shell%20Dlg; EF=; CO=0; CS=0; PF=0\r\n\r\n";
const TYPING: &[u8] = b"MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: ";

/// The text: three numbers of fixed length.
const SENDER: usize = 8;
const COUNT: usize = 12;
const TIME: usize = 18;
/// Bytes of the text, which is what people wrote on average.
const TEXT: usize = SENDER + 1 + COUNT + 1 + TIME;

/// What a message tells of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Said {
    /// Who says it.
    pub(crate) sender: u64,
    /// The how manieth of theirs it is, from 0 on.
    pub(crate) count: u64,
    /// When it was said, or should have been, in nanoseconds of the machine's clock.
    pub(crate) at: u64,
}

/// Someone who says numbered things in one room.
pub(crate) struct Speaker {
    sender: u64,
    next: u64,
    delivery: char,
}

impl Speaker {
    /// One who has said nothing, and wants to hear so much of delivery: `U`, `N` or `A`.
    pub(crate) const fn new(sender: u64, delivery: char) -> Self {
        Self { sender, next: 0, delivery }
    }

    /// How much they have said.
    pub(crate) const fn said(&self) -> u64 {
        self.next
    }

    /// Appends the next message, said at `at`.
    pub(crate) fn say(&mut self, out: &mut Vec<u8>, at: u64) {
        out.extend_from_slice(b"MSG ");
        digits(out, self.next % 1_000_000_000 + 1, 0);
        out.extend_from_slice(&[b' ', self.delivery as u8, b' ']);
        digits(out, (HEADERS.len() + TEXT) as u64, 0);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(HEADERS);
        digits(out, self.sender, SENDER);
        out.push(b' ');
        digits(out, self.next, COUNT);
        out.push(b' ');
        digits(out, at, TIME);
        self.next += 1;
    }
}

/// Appends a notice that `handle` is typing.
pub(crate) fn typing(out: &mut Vec<u8>, trid: u64, handle: &str) {
    out.extend_from_slice(b"MSG ");
    digits(out, trid % 1_000_000_000 + 1, 0);
    out.extend_from_slice(b" U ");
    digits(out, (TYPING.len() + handle.len() + 6) as u64, 0);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(TYPING);
    out.extend_from_slice(handle.as_bytes());
    out.extend_from_slice(b"\r\n\r\n\r\n");
}

/// What a payload tells of itself, if it is a [`Speaker`]'s.
pub(crate) fn read_stamp(payload: &[u8]) -> Option<Said> {
    let text = payload.strip_prefix(HEADERS).filter(|text| text.len() == TEXT)?;
    let (sender, rest) = text.split_at(SENDER);
    let (count, at) = rest.strip_prefix(b" ")?.split_at(COUNT);
    Some(Said { sender: number(sender)?, count: number(count)?, at: number(at.strip_prefix(b" ")?)? })
}

/// Appends a decimal number, filled up with zeros to `width`.
fn digits(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut text = [b'0'; 20];
    let mut first = text.len();
    while value > 0 || first == text.len() || text.len() - first < width {
        first -= 1;
        text[first] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&text[first..]);
}

#[cfg(test)]
mod tests {
    use super::super::wire::cut;
    use super::*;

    #[test]
    fn what_is_said_is_read_again() {
        let (mut out, mut speaker) = (Vec::new(), Speaker::new(17, 'N'));
        for at in [1, 123_456_789_012_345_678] {
            out.clear();
            speaker.say(&mut out, at);
            let (frame, used) = cut(&out).unwrap().unwrap();
            assert_eq!((used, frame.word(2)), (out.len(), Some(&b"N"[..])));
            assert_eq!(read_stamp(frame.payload), Some(Said { sender: 17, count: speaker.said() - 1, at }));
            assert_eq!(frame.payload.len(), HEADERS.len() + TEXT);
        }
        out.clear();
        typing(&mut out, 3, "amy@example.com");
        let (frame, used) = cut(&out).unwrap().unwrap();
        assert_eq!((used, read_stamp(frame.payload)), (out.len(), None));
        assert!(frame.payload.ends_with(b"TypingUser: amy@example.com\r\n\r\n\r\n"));
    }

    #[test]
    fn what_was_altered_is_not_read() {
        let mut out = Vec::new();
        Speaker::new(1, 'U').say(&mut out, 5);
        let (frame, _) = cut(&out).unwrap().unwrap();
        assert_eq!(read_stamp(&frame.payload[..frame.payload.len() - 1]), None);
        let mut altered = frame.payload.to_vec();
        *altered.last_mut().unwrap() = b'x';
        assert_eq!(read_stamp(&altered), None);
    }

    #[test]
    fn numbers() {
        for (value, width, text) in [(0, 0, "0"), (0, 3, "000"), (120, 2, "120"), (7, 4, "0007")] {
            let mut out = Vec::new();
            digits(&mut out, value, width);
            assert_eq!(out, text.as_bytes());
        }
    }
}
