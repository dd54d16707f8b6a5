//! Quoted texts, and the byte expressions of `>raw`: `"a\r\n"`, `"a"*2000 + "\r\n"`.

/// Reads a text in double quotes at the start of `text`; what follows it is the second result.
pub(super) fn text(text: &str) -> Result<(Vec<u8>, &str), String> {
    let inside = text.strip_prefix('"').ok_or_else(|| format!("expected a text in double quotes, found `{text}`"))?;
    let mut bytes = Vec::new();
    let mut chars = inside.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Ok((bytes, &inside[at + 1..])),
            '\\' => {
                let escape = chars.next().map(|(_, char)| char);
                bytes.push(match escape {
                    Some('r') => b'\r',
                    Some('n') => b'\n',
                    Some('t') => b'\t',
                    Some('0') => 0,
                    Some('\\') => b'\\',
                    Some('"') => b'"',
                    Some('x') => {
                        let digits: String = chars.by_ref().take(2).map(|(_, char)| char).collect();
                        let byte = u8::from_str_radix(&digits, 16);
                        byte.map_err(|_| format!("expected two hex digits after \\x, found `{digits}`"))?
                    }
                    _ => return Err("expected \\r \\n \\t \\0 \\\\ \\\" or \\xNN after a backslash".to_owned()),
                });
            }
            _ => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err("the text has no closing double quote".to_owned())
}

/// Longest result of a repetition: far above every limit of a server.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Reads a whole byte expression.
pub(super) fn bytes(expression: &str) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    let mut rest = expression.trim();
    loop {
        let (piece, after) = text(rest)?;
        rest = after.trim_start();
        let mut times = 1;
        if let Some(after) = rest.strip_prefix('*') {
            let after = after.trim_start();
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            times = after[..digits].parse().map_err(|_| format!("expected a number after `*`, found `{after}`"))?;
            rest = after[digits..].trim_start();
        }
        if piece.len().saturating_mul(times) > MAX_BYTES {
            return Err(format!("more than {MAX_BYTES} bytes"));
        }
        all.extend(piece.repeat(times));
        if rest.is_empty() {
            return Ok(all);
        }
        rest = rest.strip_prefix('+').ok_or_else(|| format!("expected `+` or the end, found `{rest}`"))?.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_repetition() {
        assert_eq!(bytes(r#""VER 0\r\n\x00\xFF\"\\""#).expect("bytes"), b"VER 0\r\n\x00\xff\"\\");
        assert_eq!(bytes(r#""a"*3 + "b" * 2+"é""#).expect("bytes"), "aaabbé".as_bytes());
        assert_eq!(text("\"a # ; b\" to bob.sb").expect("text"), (b"a # ; b".to_vec(), " to bob.sb"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for wrong in ["", "a", "\"a", "\"\\q\"", "\"\\x4\"", "\"a\"*", "\"a\" \"b\"", "\"a\" +", "\"a\"*99999999999"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
