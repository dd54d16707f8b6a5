//! The head of a request.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, uri::PathAndQuery};
use httparse::{EMPTY_HEADER, Status};

use super::target::{self, Target};

/// Most header lines. Clients of the time send ten.
const MOST_HEADERS: usize = 64;

/// What the head of a request says.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) path: PathAndQuery,
    /// The host that was asked, with its port if that was named; as it came.
    pub(super) authority: Option<String>,
    pub(super) headers: HeaderMap,
    /// Bytes of the body.
    pub(super) length: usize,
    /// May another request follow?
    pub(super) keep_alive: bool,
    /// Does the client wait for a word before it sends the body?
    pub(super) expects_continue: bool,
}

/// Where the head ends that begins at the beginning: behind the first empty line. What was looked at
/// before is `seen` bytes. Empty lines before the request line do not count.
pub(super) fn end(bytes: &[u8], seen: usize) -> Option<usize> {
    let begin = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let mut at = seen.saturating_sub(3).max(begin);
    while let Some(found) = bytes[at..].iter().position(|&byte| byte == b'\n') {
        at += found + 1;
        match &bytes[at..] {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// Reads a head up to its [`end`]. Otherwise, the status to refuse it with.
pub(super) fn parse(bytes: &[u8]) -> Result<Head, StatusCode> {
    let (bytes, has_version) = with_version(bytes);
    let mut lines = [EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut lines);
    match request.parse(&bytes) {
        Ok(Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        Err(httparse::Error::Version) => return Err(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
        Ok(Status::Partial) | Err(_) => return Err(StatusCode::BAD_REQUEST),
    }
    let bad = |()| StatusCode::BAD_REQUEST;
    let method = request.method.ok_or(()).map_err(bad)?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| bad(()))?;
    let Target { authority, path } = request.path.and_then(target::parse).ok_or(()).map_err(bad)?;
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for line in request.headers.iter() {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| bad(()))?;
        let mut value = HeaderValue::from_bytes(line.value).map_err(|_| bad(()))?;
        // So that not even their `Debug` form shows them.
        value.set_sensitive(name == AUTHORIZATION || name == "x-password");
        headers.append(name, value);
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    let host = || headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let is_new = request.version == Some(1);
    Ok(Head {
        method,
        path,
        authority: authority.or_else(host),
        length: length(&headers).ok_or(()).map_err(bad)?,
        keep_alive: has_version && keeps_alive(&headers, is_new),
        expects_continue: is_new && has_token(&headers, &EXPECT, "100-continue"),
        headers,
    })
}

/// The head with a version in its request line, and whether it had one itself.
fn with_version(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let begin = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    let bytes = &bytes[begin..];
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(end);
    let line = line.trim_ascii_end();
    if line.split(|&byte| byte == b' ').count() == 2 {
        (Cow::Owned([line, b" HTTP/1.0\r", rest].concat()), false)
    } else {
        (Cow::Borrowed(bytes), true)
    }
}

/// The length of the body. None: it is not a number, or there are several.
fn length(headers: &HeaderMap) -> Option<usize> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let length = match values.next() {
        None => 0,
        Some(value) if !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit) => {
            // Whatever is too long for a number is too long for us, too.
            value.to_str().ok()?.parse().unwrap_or(usize::MAX)
        }
        Some(_) => return None,
    };
    values.next().is_none().then_some(length)
}

fn keeps_alive(headers: &HeaderMap, is_new: bool) -> bool {
    let proxy = HeaderName::from_static("proxy-connection");
    let says = |token| has_token(headers, &CONNECTION, token) || has_token(headers, &proxy, token);
    if is_new { !says("close") } else { says("keep-alive") }
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(head: &str) -> u16 {
        assert_eq!(end(head.as_bytes(), 0), Some(head.len()), "{head:?}");
        parse(head.as_bytes()).expect_err(head).as_u16()
    }

    fn read(head: &str) -> Head {
        assert_eq!(end(head.as_bytes(), 0), Some(head.len()), "{head:?}");
        parse(head.as_bytes()).unwrap_or_else(|status| panic!("{head:?}: {status}"))
    }

    #[test]
    fn ends_behind_the_first_empty_line() {
        for (bytes, at) in [
            ("GET / HTTP/1.1\r\nA: b\r\n\r\nrest", Some(24)),
            ("GET /\r\n\r\n", Some(9)),
            ("GET / HTTP/1.0\n\nrest", Some(16)),
            ("\r\n\r\nGET / HTTP/1.0\r\n\r\n", Some(22)),
            ("GET / HTTP/1.0\r\n", None),
            ("GET / HTTP/1.0\r\n\r", None),
            ("\r\n\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(end(bytes.as_bytes(), 0), at, "{bytes:?}");
            // Byte by byte, remembering what was seen, it is found as soon as it is there.
            let found = (1..=bytes.len()).find_map(|len| end(&bytes.as_bytes()[..len], len - 1));
            assert_eq!(found, at, "{bytes:?}");
        }
    }

    #[test]
    fn gaim_2004_names_no_version() {
        let head = read("GET /rdr/pprdr.asp\r\n\r\n");
        assert_eq!((head.method, head.path.as_str(), head.keep_alive), (Method::GET, "/rdr/pprdr.asp", false));
        assert_eq!(read("GET /rdr/pprdr.asp\n\n").path.as_str(), "/rdr/pprdr.asp");
        let head = read("\r\nGET /a\r\nHost: b\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!((head.authority.as_deref(), head.keep_alive), (Some("b"), false));
    }

    #[test]
    fn secrets_are_not_shown() {
        let head = read("GET / HTTP/1.1\r\nAuthorization: canary\r\nX-Password: canary\r\nA: shown\r\n\r\n");
        let shown = format!("{head:?}");
        assert!(shown.contains("shown") && !shown.contains("canary"), "{shown}");
    }

    #[test]
    fn hosts() {
        assert_eq!(read("GET / HTTP/1.0\r\n\r\n").authority, None);
        assert_eq!(read("GET / HTTP/1.1\r\nhost: a:80\r\n\r\n").authority.as_deref(), Some("a:80"));
        assert_eq!(read("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n").authority.as_deref(), Some("b"));
    }

    #[test]
    fn connections_that_go_on() {
        for (rest, keeps) in [
            ("HTTP/1.1", true),
            ("HTTP/1.1\r\nConnection: Close", false),
            ("HTTP/1.1\r\nConnection: TE, close", false),
            ("HTTP/1.1\r\nProxy-Connection: Keep-Alive", true),
            ("HTTP/1.0", false),
            ("HTTP/1.0\r\nConnection: Keep-Alive", true),
            ("HTTP/1.0\r\nProxy-Connection: Keep-Alive", true),
        ] {
            assert_eq!(read(&format!("GET / {rest}\r\n\r\n")).keep_alive, keeps, "{rest}");
        }
    }

    #[test]
    fn bodies() {
        let post = |lines: &str| format!("POST / HTTP/1.1\r\n{lines}\r\n\r\n");
        assert_eq!(read("POST / HTTP/1.1\r\n\r\n").length, 0);
        let head = read(&post("Content-Length: 24\r\nExpect: 100-Continue"));
        assert_eq!((head.length, head.expects_continue), (24, true));
        assert_eq!(read(&post("Content-Length: 99999999999999999999999999")).length, usize::MAX);
        for bad in [
            "Content-Length: -1",
            "Content-Length: +1",
            "Content-Length: 1,1",
            "Content-Length:",
            "Content-Length: 0x10",
            "Content-Length: 1\r\nContent-Length: 1",
        ] {
            assert_eq!(refusal(&post(bad)), 400, "{bad}");
        }
        assert_eq!(refusal(&post("Transfer-Encoding: chunked")), 501);
        assert_eq!(refusal(&post("Content-Length: 1\r\nTransfer-Encoding: chunked")), 501);
    }

    #[test]
    fn what_is_no_request() {
        for bad in [
            "\0\r\n\r\n",
            "GET\r\n\r\n",
            "GET a HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\nA : b\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nA: \0\r\n\r\n",
            "G@T / HTTP/1.1\r\n\r\n",
        ] {
            assert!(matches!(refusal(bad), 400 | 505), "{bad:?}");
        }
        assert_eq!(refusal("GET / HTTP/2.0\r\n\r\n"), 505);
        let many = "A: b\r\n".repeat(MOST_HEADERS + 1);
        assert_eq!(refusal(&format!("GET / HTTP/1.1\r\n{many}\r\n")), 431);
    }
}
