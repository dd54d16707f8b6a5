//! Is this an XML document that may be relayed?

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Deepest nesting of elements.
const DEPTH: usize = 8;
/// Most tags, texts and references.
const EVENTS: usize = 512;

/// Is `text` one well-formed element with the name `root`, without declarations, processing
/// instructions, entities of its own or control characters, and of bounded size? A byte order mark,
/// which the reader would skip, is refused too: whoever gets the text sees it.
pub(crate) fn is_document(text: &str, root: &str) -> bool {
    if text.starts_with('\u{feff}') || text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n')) {
        return false;
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let (mut depth, mut done) = (0_usize, false);
    for _ in 0..EVENTS {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                let is_root = depth == 0;
                if depth >= DEPTH || (is_root && (done || tag.name().as_ref() != root)) || !is_sound(&tag) {
                    return false;
                }
                depth += 1;
            }
            Ok(Event::Empty(tag)) => {
                let is_root = depth == 0;
                if (is_root && (done || tag.name().as_ref() != root)) || !is_sound(&tag) {
                    return false;
                }
                done |= is_root;
            }
            // The reader has compared its name with that of the start.
            Ok(Event::End(_)) => {
                depth -= 1;
                done |= depth == 0;
            }
            Ok(Event::Text(text)) => {
                if text.contains("]]>") || (depth == 0 && !text.bytes().all(|byte| byte.is_ascii_whitespace())) {
                    return false;
                }
            }
            Ok(Event::GeneralRef(name)) => {
                if depth == 0 || !is_known(&name) {
                    return false;
                }
            }
            Ok(Event::Eof) => return done && depth == 0,
            Ok(Event::CData(_) | Event::Comment(_)) if depth > 0 => {}
            Ok(_) | Err(_) => return false,
        }
    }
    false
}

/// The reader takes anything for a name, and what an attribute refers to is not looked at.
fn is_sound(tag: &BytesStart<'_>) -> bool {
    let is_good = |attribute: Attribute<'_>| {
        is_name(attribute.key.as_ref()) && !attribute.value.contains('<') && unescape(&attribute.value).is_ok()
    };
    is_name(tag.name().as_ref()) && tag.attributes().all(|attribute| attribute.is_ok_and(is_good))
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    first && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}

fn is_known(name: &BytesRef<'_>) -> bool {
    match name.resolve_char_ref() {
        Ok(Some(_)) => true,
        Ok(None) => matches!(&**name, "lt" | "gt" | "amp" | "apos" | "quot"),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_messages() {
        for good in [
            "<Data></Data>",
            "<Data/>",
            "<Data a='&lt;1&#50;'><é.b-c:d_1/><!-- x --><![CDATA[<y>]]></Data>",
            "<Data><PSM>hello &amp; &#233; world</PSM><CurrentMedia></CurrentMedia></Data>",
            "<Data><PSM>grüße</PSM><CurrentMedia>\\0Music\\01\\0{0} - {1}\\0Song\\0Band\\0\\0\\0</CurrentMedia></Data>\r\n",
        ] {
            assert!(is_document(good, "Data"), "{good}");
        }
        for bad in [
            "",
            "hello",
            "<Data>",
            "<Data></data>",
            "\u{feff}<Data></Data>",
            "<Other></Other>",
            "<Data></Data><Data></Data>",
            "<Data></Data>x",
            "x<Data></Data>",
            "<Data>&nbsp;</Data>",
            "<Data>a & b</Data>",
            "<Data>\0</Data>",
            "<Data a='<'></Data>",
            "<Data a></Data>",
            "<Data a='&nbsp;'></Data>",
            "<Data b!='1'></Data>",
            "<Data><a<b/></Data>",
            "<Data><$/></Data>",
            "<Data><1></1></Data>",
            "<Data>]]></Data>",
            "<Data><!-- -- --></Data>",
            "<?xml version=\"1.0\"?><Data></Data>",
            "<!DOCTYPE Data [<!ENTITY a \"b\">]><Data>&a;</Data>",
        ] {
            assert!(!is_document(bad, "Data"), "{bad}");
        }
    }

    #[test]
    fn deep_and_broad_documents_are_refused() {
        let deep = format!("<Data>{}{}</Data>", "<a>".repeat(1000), "</a>".repeat(1000));
        assert!(!is_document(&deep, "Data"));
        assert!(!is_document(&format!("<Data>{}</Data>", "<a/>".repeat(1000)), "Data"));
    }
}
