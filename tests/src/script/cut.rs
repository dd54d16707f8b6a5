//! Where a statement ends: at a comment, or at the ` ; ` before the next.

/// A wire line or a title without the comment behind it. Both may hold `#`, so only one that
/// stands between two blanks and a blank begins a comment.
pub(super) fn without_comment(text: &str) -> &str {
    let comment = text.find("  # ").or_else(|| text.strip_suffix("  #").map(str::len));
    text[..comment.unwrap_or(text.len())].trim_end()
}

/// A sentence, and what follows its ` ; `. A comment ends both; neither counts inside quotes.
pub(super) fn cut(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        quoted ^= byte == b'"' && !escaped;
        escaped = quoted && byte == b'\\' && !escaped;
        let alone =
            at > 0 && bytes[at - 1].is_ascii_whitespace() && bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace);
        if quoted || !alone {
            continue;
        }
        match byte {
            b';' => return (text[..at].trim_end(), text[at + 1..].trim_start()),
            b'#' => return (text[..at].trim_end(), ""),
            _ => {}
        }
    }
    (text.trim_end(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hide_what_would_end_a_sentence() {
        assert_eq!(cut("a ; b ; c"), ("a", "b ; c"));
        assert_eq!(cut("a;b#c # d ; e"), ("a;b#c", ""));
        assert_eq!(cut(r#"x "a ; \\" # b" ; c"#), (r#"x "a ; \\""#, ""), "an escaped backslash");
        assert_eq!(cut(r#"x "a \" ; # b" ; c"#), (r#"x "a \" ; # b""#, "c"), "an escaped quote");
    }

    #[test]
    fn wire_lines_need_two_blanks_before_a_comment() {
        assert_eq!(without_comment("VER 0 # X"), "VER 0 # X");
        assert_eq!(without_comment("VER 0   # X"), "VER 0");
        assert_eq!(without_comment("VER 0  #"), "VER 0");
        assert_eq!(without_comment("VER  0 #X "), "VER  0 #X");
    }
}
