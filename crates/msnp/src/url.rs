//! URL-encoding of parameters: text with blanks or non-ASCII characters as one word.

use std::borrow::Cow;

/// Appends `text` to `out` with every byte that cannot stand in a word as `%XX`.
pub fn encode_into(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| model::must_escape(*byte)) {
        let (plain, [byte, ..]) = rest.split_at(at) else { break };
        out.extend_from_slice(plain);
        out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// The URL-encoded form of `text`.
pub fn encode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    encode_into(&mut out, text);
    String::from_utf8(out).expect("escapes and ASCII are UTF-8")
}

/// Undoes `%XX`. `None` if an escape is cut short or is not hexadecimal, or if the result is not
/// UTF-8 (overlong forms and lone surrogates among them, which crash some clients).
pub fn decode(word: &str) -> Option<Cow<'_, str>> {
    if !word.contains('%') {
        return Some(Cow::Borrowed(word));
    }
    let mut bytes = word.bytes();
    let mut out = Vec::with_capacity(word.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high << 4 | low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for text in ["Amy", "Bob B", "100% sure", "žluťoučký kůň", "日本", "a+b=c&d", ""] {
            assert_eq!(decode(&encode(text)).unwrap(), text);
        }
        assert_eq!(encode("Bob B"), "Bob%20B");
        assert_eq!(decode("%41+%e9%BE%8d").unwrap(), "A+龍");
    }

    #[test]
    fn refuses_what_is_not_text() {
        for bad in ["%", "%2", "%zz", "%+1", "%C0%80", "%FF", "%ED%A0%80"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
