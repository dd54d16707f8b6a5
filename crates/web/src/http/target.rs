//! The target of a request, in the one form that the router knows.

use http::uri::PathAndQuery;

/// What was asked for.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Target {
    /// The host of an absolute target, which goes before that of the `Host` header.
    pub(super) authority: Option<String>,
    /// The path in lower case and with single slashes, and the query as it came.
    pub(super) path: PathAndQuery,
}

/// Reads `/path?query` or `http://host/path?query`. Paths are compared without regard to case, and
/// libpurple writes `//RST.srf`. None: it is neither.
pub(super) fn parse(text: &str) -> Option<Target> {
    let text = text.split('#').next().unwrap_or_default();
    let (authority, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
            let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            (Some(authority.to_owned()), rest)
        }
        _ if text.starts_with('/') || text == "*" => (None, text.trim_start_matches('*')),
        _ => return None,
    };
    let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    let mut out = String::with_capacity(rest.len() + 1);
    out.push('/');
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if out.len() > 1 {
            out.push('/');
        }
        escape_into(&mut out, &segment.to_ascii_lowercase());
    }
    escape_into(&mut out, query);
    Some(Target { authority, path: PathAndQuery::try_from(out).ok()? })
}

/// Writes what cannot stand in a target as `%XX`.
fn escape_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Option<(Option<String>, String)> {
        parse(text).map(|target| (target.authority, target.path.to_string()))
    }

    #[test]
    fn one_form() {
        for (text, authority, path) in [
            ("/", None, "/"),
            ("*", None, "/"),
            ("/RDR/PPRDR.asp", None, "/rdr/pprdr.asp"),
            ("//RST.srf", None, "/rst.srf"),
            ("///a//b/", None, "/a/b"),
            ("/login2.srf?lc=1033", None, "/login2.srf?lc=1033"),
            ("/Gateway/gateway.dll?SessionID=1.2&Action=poll", None, "/gateway/gateway.dll?SessionID=1.2&Action=poll"),
            (
                "http://Gateway.example.net/Gateway/Gateway.dll?IP=1",
                Some("Gateway.example.net"),
                "/gateway/gateway.dll?IP=1",
            ),
            ("HTTP://a:8080", Some("a:8080"), "/"),
            ("https://a?b=C", Some("a"), "/?b=C"),
            ("/a?u=http://x/Y//z", None, "/a?u=http://x/Y//z"),
            ("/a?b{c}|\"d\"", None, "/a?b%7Bc%7D%7C%22d%22"),
            ("/é", None, "/%C3%A9"),
            ("/../a/./b", None, "/../a/./b"),
            ("/a#b", None, "/a"),
        ] {
            assert_eq!(paths(text), Some((authority.map(str::to_owned), path.to_owned())), "{text}");
        }
        for bad in ["", "a", "ftp://a/", "example.com:443", "*x/", "?a"] {
            let parsed = paths(bad);
            assert!(parsed.is_none(), "{bad}: {parsed:?}");
        }
    }
}
