//! An answer, as bytes.

use std::time::SystemTime;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderName, Method};

/// Names whose capitals are not those of their words. Clients compare the first letter by letter.
const SPELLED: [(&str, &str); 4] = [
    ("passporturls", "PassportURLs"),
    ("www-authenticate", "WWW-Authenticate"),
    ("x-msn-messenger", "X-MSN-Messenger"),
    ("x-msn-host", "X-MSN-Host"),
];

/// The head and the body of an answer to a request with this method.
pub(super) fn encode(parts: &Parts, body: &[u8], method: &Method, keep_alive: bool, now: SystemTime) -> Bytes {
    let mut out = BytesMut::with_capacity(512 + body.len());
    let reason = parts.status.canonical_reason().unwrap_or("Unknown");
    out.put_slice(format!("HTTP/1.1 {} {reason}\r\n", parts.status.as_u16()).as_bytes());
    let mut line = |name: &str, value: &[u8]| {
        spell_into(&mut out, name);
        out.put_slice(b": ");
        out.put_slice(value);
        out.put_slice(b"\r\n");
    };
    line("date", httpdate::fmt_http_date(now).as_bytes());
    for (name, value) in &parts.headers {
        if !is_ours(name) {
            line(name.as_str(), value.as_bytes());
        }
    }
    match parts.headers.get(CONTENT_LENGTH) {
        // The router has dropped the body already.
        Some(length) if method == Method::HEAD => line("content-length", length.as_bytes()),
        _ => line("content-length", body.len().to_string().as_bytes()),
    }
    line("connection", if keep_alive { b"Keep-Alive" } else { b"close" });
    out.put_slice(b"\r\n");
    if method != Method::HEAD {
        out.put_slice(body);
    }
    out.freeze()
}

/// Is it about the connection, which is not the business of who answers?
fn is_ours(name: &HeaderName) -> bool {
    [CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING].contains(name)
}

fn spell_into(out: &mut BytesMut, name: &str) {
    if let Some((_, spelled)) = SPELLED.iter().find(|(lower, _)| *lower == name) {
        return out.put_slice(spelled.as_bytes());
    }
    let mut begins = true;
    for byte in name.bytes() {
        out.put_u8(if begins { byte.to_ascii_uppercase() } else { byte });
        begins = byte == b'-';
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn written(method: &Method, keep_alive: bool) -> String {
        let response = http::Response::builder()
            .status(401)
            .header("passporturls", "DALogin=a,")
            .header("x-msn-messenger", "SessionID=1.2")
            .header("www-authenticate", "Passport1.4")
            .header("authentication-info", "b")
            .header("content-length", "99")
            .header("connection", "upgrade")
            .body(());
        let (parts, ()) = response.unwrap().into_parts();
        let now = UNIX_EPOCH + Duration::from_secs(1_062_764_229);
        String::from_utf8(encode(&parts, b"passporturls: x", method, keep_alive, now).to_vec()).unwrap()
    }

    #[test]
    fn names_have_their_capitals_and_bodies_are_left_alone() {
        assert_eq!(
            written(&Method::GET, true),
            "HTTP/1.1 401 Unauthorized\r\n\
             Date: Fri, 05 Sep 2003 12:17:09 GMT\r\n\
             PassportURLs: DALogin=a,\r\n\
             X-MSN-Messenger: SessionID=1.2\r\n\
             WWW-Authenticate: Passport1.4\r\n\
             Authentication-Info: b\r\n\
             Content-Length: 15\r\n\
             Connection: Keep-Alive\r\n\
             \r\n\
             passporturls: x"
        );
    }

    #[test]
    fn a_head_has_no_body_but_its_length() {
        let head = written(&Method::HEAD, false);
        assert!(head.ends_with("Content-Length: 99\r\nConnection: close\r\n\r\n"), "{head}");
    }
}
