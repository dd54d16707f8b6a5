//! HTTP/1.1 as the clients of the time speak it: requests in one write, and answers with a
//! `Content-Length`, whose header names are told by their exact spelling.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::stage::StageError;
use crate::wire::escaped;

/// Longest head that is waited for.
const MAX_HEAD: usize = 64 * 1024;
/// Longest body that is waited for.
const MAX_BODY: usize = 1024 * 1024;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// The status line, without its CR LF.
    pub(crate) line: Bytes,
    /// Header lines, an empty line, and the body.
    pub(crate) rest: Bytes,
    /// Where in `rest` the body begins.
    body: usize,
}

/// Why bytes are no answer that these clients could read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no HTTP answer that a client could read: {0}")]
pub(crate) struct Unreadable(String);

impl Response {
    /// Cuts the first whole answer off `buffer`; `None` if there is none yet.
    pub(crate) fn take(buffer: &mut BytesMut) -> Result<Option<Self>, Unreadable> {
        let Some(head) = buffer.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4) else {
            let long = || Unreadable("a head that is far too long".to_owned());
            return if buffer.len() > MAX_HEAD { Err(long()) } else { Ok(None) };
        };
        let line = buffer.windows(2).position(|pair| pair == b"\r\n").unwrap_or_default();
        if !buffer.starts_with(b"HTTP/1.") {
            return Err(Unreadable(format!("it begins with {}", escaped(&buffer[..line]))));
        }
        let length = announced(&buffer[line + 2..head])?;
        if buffer.len() < head + length {
            return Ok(None);
        }
        let all = buffer.split_to(head + length).freeze();
        Ok(Some(Self { line: all.slice(..line), rest: all.slice(line + 2..), body: head - line - 2 }))
    }

    /// The body.
    pub(crate) fn body(&self) -> Bytes {
        self.rest.slice(self.body..)
    }

    /// The value of the header whose name is spelled exactly so.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        headers(&self.rest[..self.body]).find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// Is the status 200?
    pub(crate) fn is_ok(&self) -> bool {
        self.line == "HTTP/1.1 200 OK"
    }
}

/// The headers of a head, as far as they are text.
fn headers(head: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let text = std::str::from_utf8(head).unwrap_or_default();
    text.split("\r\n").filter_map(|line| line.split_once(": "))
}

/// The length of the body. These clients count its bytes: they know no chunks, and few of them wait
/// for the end of the connection.
fn announced(head: &[u8]) -> Result<usize, Unreadable> {
    let named = |name: &'static str| headers(head).filter(move |(own, _)| own.eq_ignore_ascii_case(name));
    if named("Transfer-Encoding").next().is_some() {
        return Err(Unreadable("it has a Transfer-Encoding".to_owned()));
    }
    let mut lengths = named("Content-Length").map(|(_, value)| value.parse::<usize>());
    match (lengths.next(), lengths.next()) {
        (Some(Ok(length)), None) if length <= MAX_BODY => Ok(length),
        (None, _) => Err(Unreadable("it has no Content-Length".to_owned())),
        _ => Err(Unreadable("its Content-Length is not one number of a sensible size".to_owned())),
    }
}

/// A client of one server, which keeps its connection as long as the server does.
#[derive(Debug)]
pub(crate) struct Client {
    address: String,
    patience: Duration,
    stream: Option<TcpStream>,
}

impl Client {
    /// Not connected yet. An answer may take as long as `patience`.
    pub(crate) fn new(address: String, patience: Duration) -> Self {
        Self { address, patience, stream: None }
    }

    /// Sends a request, and receives its answer. `head` is the lines without the empty one; a body
    /// puts its length behind them.
    pub(crate) async fn exchange(&mut self, head: &str, body: Option<&[u8]>) -> Result<Response, StageError> {
        let length = body.map_or_else(String::new, |body| format!("Content-Length: {}\r\n", body.len()));
        let mut request = format!("{head}{length}\r\n").into_bytes();
        request.extend_from_slice(body.unwrap_or_default());
        // A server may close a connection that was idle just when the next request is on its way.
        if let Some(stream) = self.stream.take()
            && let Some(response) = self.ask(stream, &request).await?
        {
            return Ok(response);
        }
        let connected = match timeout(self.patience, TcpStream::connect(&self.address)).await {
            Ok(connected) => connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)),
            Err(late) => Err(late.into()),
        };
        let stream = connected.map_err(|source| StageError::Connect { place: self.address.clone(), source })?;
        let response = self.ask(stream, &request).await?;
        response.ok_or_else(|| self.broken("closed without an answer"))
    }

    /// The answer; `None` if the connection was over before a byte of it came.
    async fn ask(&mut self, mut stream: TcpStream, request: &[u8]) -> Result<Option<Response>, StageError> {
        if stream.write_all(request).await.is_err() {
            return Ok(None);
        }
        let mut buffer = BytesMut::new();
        let response = loop {
            match Response::take(&mut buffer) {
                Ok(Some(response)) => break response,
                Ok(None) => {}
                Err(unreadable) => return Err(self.broken(&unreadable.to_string())),
            }
            match timeout(self.patience, stream.read_buf(&mut buffer)).await {
                Err(_) => return Err(self.broken("did not answer in time")),
                Ok(Ok(0) | Err(_)) if buffer.is_empty() => return Ok(None),
                Ok(Ok(0) | Err(_)) => return Err(self.broken("closed within an answer")),
                Ok(Ok(_)) => {}
            }
        };
        if !buffer.is_empty() {
            return Err(self.broken("sent more than the Content-Length of its answer"));
        }
        if !response.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            self.stream = Some(stream);
        }
        Ok(Some(response))
    }

    fn broken(&self, what: &str) -> StageError {
        StageError::Broken(format!("the web daemon at {} {what}", self.address))
    }
}

/// `text` with everything escaped that is not a letter, a digit, `.`, `-` or `_`.
pub(crate) fn encoded(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            word.push(char::from(byte));
        } else {
            word.push_str(&format!("%{byte:02X}"));
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str) -> Result<Option<Response>, Unreadable> {
        Response::take(&mut BytesMut::from(text))
    }

    #[test]
    fn an_answer_is_cut_by_its_length() {
        let mut buffer = BytesMut::from("HTTP/1.1 200 OK\r\nX-A: b: c\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1");
        let response = Response::take(&mut buffer).expect("readable").expect("whole");
        assert_eq!((&response.line[..], &response.body()[..]), (&b"HTTP/1.1 200 OK"[..], &b"abc"[..]));
        assert_eq!(response.rest, "X-A: b: c\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!((response.header("X-A"), response.header("x-a"), response.is_ok()), (Some("b: c"), None, true));
        assert_eq!(buffer, "HTTP/1.1");
        assert_eq!(take("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), Ok(None));
        assert_eq!(take("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"), Ok(None));
        assert!(take("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").is_ok_and(|response| response.is_some()));
    }

    #[test]
    fn answers_that_no_client_could_read() {
        for wrong in [
            "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "VER 1 MSNP9\r\n\r\n",
        ] {
            assert!(take(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_of_a_url() {
        assert_eq!(encoded("amy_b@x.y, é"), "amy_b%40x.y%2C%20%C3%A9");
    }
}
