//! Writing lines.

use model::{Email, Name};

use crate::{Code, TrId, url};

/// A line under way. [`Line::end`] finishes it.
#[must_use]
pub(crate) struct Line<'o> {
    out: &'o mut Vec<u8>,
}

/// Begins a line with its verb.
pub(crate) fn line<'o>(out: &'o mut Vec<u8>, verb: &str) -> Line<'o> {
    out.extend_from_slice(verb.as_bytes());
    Line { out }
}

impl Line<'_> {
    /// A word that is known to hold neither blanks nor line ends.
    pub(crate) fn word(self, word: &str) -> Self {
        debug_assert!(!word.bytes().any(|byte| byte <= b' '), "{word:?} is not one word");
        self.out.push(b' ');
        self.out.extend_from_slice(word.as_bytes());
        self
    }

    pub(crate) fn number(self, number: impl Into<u64>) -> Self {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut left: u64 = number.into();
        loop {
            at -= 1;
            digits[at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        self.out.push(b' ');
        self.out.extend_from_slice(&digits[at..]);
        self
    }

    pub(crate) fn trid(self, trid: TrId) -> Self {
        self.number(trid.0)
    }

    pub(crate) fn email(self, email: &Email) -> Self {
        self.word(email.as_str())
    }

    /// Any text, URL-encoded. Empty text adds nothing: an empty parameter is an absent one.
    pub(crate) fn text(self, text: &str) -> Self {
        if !text.is_empty() {
            self.out.push(b' ');
            url::encode_into(self.out, text);
        }
        self
    }

    /// `key=value`, where the value needs no encoding.
    pub(crate) fn pair(self, key: &str, value: &str) -> Self {
        debug_assert!(!value.bytes().any(|byte| byte <= b' '), "{value:?} is not one word");
        let line = self.word(key);
        line.out.push(b'=');
        line.out.extend_from_slice(value.as_bytes());
        line
    }

    /// `key=value`, the value URL-encoded.
    pub(crate) fn pair_text(self, key: &str, value: &str) -> Self {
        let line = self.pair(key, "");
        url::encode_into(line.out, value);
        line
    }

    pub(crate) fn name(self, name: &Name) -> Self {
        self.text(name.as_str())
    }

    pub(crate) fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }

    /// The length of a payload, the end of the line, and the payload.
    pub(crate) fn payload(self, payload: &[u8]) {
        let out = self.number(payload.len() as u64).out;
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(payload);
    }
}

/// Writes an error: the code and the transaction that caused it, and nothing else, since newer
/// clients take a number behind it for a payload length.
pub fn error(out: &mut Vec<u8>, trid: TrId, code: Code) {
    let number = code.number();
    let digits = [number / 100, number / 10 % 10, number % 10].map(|digit| b'0' + digit as u8);
    out.extend_from_slice(&digits);
    Line { out }.trid(trid).end();
}
