//! The line by which a proxy tells whom it speaks for: PROXY protocol, version 1.
//!
//! `PROXY TCP4 198.51.100.7 192.0.2.1 49152 1863`, before anything else. Only those whom the operator
//! names may send it; from anybody else it is a command that there is not. One of them that sends
//! something else speaks for itself, as clients on the same machine do.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time;

/// Longest line with its end, in bytes, as the protocol has it.
const LONGEST: usize = 107;
/// How long a proxy may take to send it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may say nothing before it is taken for a client.
const SILENCE: Duration = Duration::from_secs(1);
/// How the line begins.
const BEGIN: &[u8] = b"PROXY ";
/// How long to wait for the rest of a line that is not whole.
const AGAIN: Duration = Duration::from_millis(5);

/// The addresses of the client and of what it reached. `None`: the proxy speaks for itself.
///
/// # Errors
/// The line is malformed, too long, or does not come in time.
pub(crate) async fn introduced(stream: &TcpStream) -> io::Result<Option<(SocketAddr, SocketAddr)>> {
    if time::timeout(SILENCE, stream.peek(&mut [0])).await.is_err() {
        return Ok(None);
    }
    time::timeout(PATIENCE, read(stream)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn read(stream: &TcpStream) -> io::Result<Option<(SocketAddr, SocketAddr)>> {
    let mut line = [0; LONGEST];
    let end = loop {
        let count = stream.peek(&mut line).await?;
        let seen = &line[..count];
        let length = count.min(BEGIN.len());
        if count == 0 || seen[..length] != BEGIN[..length] {
            return Ok(None);
        }
        match memchr::memchr(b'\n', seen) {
            Some(end) => break end,
            None if count == LONGEST => return Err(malformed()),
            // What has been seen stays to be read, so the socket is ready all the time.
            None => time::sleep(AGAIN).await,
        }
    };
    let introduced = parse(&line[..end])?;
    let mut taken = 0;
    while taken <= end {
        stream.readable().await?;
        match stream.try_read(&mut line[taken..=end]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => taken += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(introduced)
}

fn parse(line: &[u8]) -> io::Result<Option<(SocketAddr, SocketAddr)>> {
    let text = line.strip_suffix(b"\r").and_then(|line| str::from_utf8(line).ok()).ok_or_else(malformed)?;
    let words: Vec<&str> = text.split(' ').collect();
    let address = |ip: &str, port: &str| -> Option<SocketAddr> {
        let plain = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        Some(SocketAddr::new(ip.parse::<IpAddr>().ok()?, port.parse().ok().filter(|_| plain)?))
    };
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => Ok(None),
        ["PROXY", family @ ("TCP4" | "TCP6"), from, to, from_port, to_port] => {
            let both = address(from, from_port).zip(address(to, to_port));
            let right =
                both.filter(|(from, to)| from.is_ipv4() == (family == "TCP4") && to.is_ipv4() == from.is_ipv4());
            right.map(Some).ok_or_else(malformed)
        }
        _ => Err(malformed()),
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a malformed PROXY line")
}

/// The line that introduces a client.
pub fn line(peer: SocketAddr, reached: SocketAddr) -> String {
    let (from, to) = (peer.ip().to_canonical(), reached.ip().to_canonical());
    match (from, to) {
        (IpAddr::V4(_), IpAddr::V4(_)) => format!("PROXY TCP4 {from} {to} {} {}\r\n", peer.port(), reached.port()),
        _ => {
            let six = |ip: IpAddr| match ip {
                IpAddr::V4(four) => four.to_ipv6_mapped(),
                IpAddr::V6(six) => six,
            };
            format!("PROXY TCP6 {} {} {} {}\r\n", six(from), six(to), peer.port(), reached.port())
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn lines() {
        let (peer, reached) = ("198.51.100.7:0".parse().unwrap(), "192.0.2.1:1863".parse().unwrap());
        assert_eq!(line(peer, reached), "PROXY TCP4 198.51.100.7 192.0.2.1 0 1863\r\n");
        for (peer, reached) in [(peer, reached), ("[2001:db8::7]:9".parse().unwrap(), reached)] {
            let line = line(peer, reached);
            assert!(line.len() <= LONGEST);
            let (from, to) = parse(line.trim_end_matches('\n').as_bytes()).unwrap().unwrap();
            assert_eq!((from.ip().to_canonical(), from.port()), (peer.ip(), peer.port()));
            assert_eq!(to.ip().to_canonical(), reached.ip());
        }
        assert_eq!(parse(b"PROXY UNKNOWN\r").unwrap(), None);
        for bad in [
            "",
            "VER 1 MSNP7\r",
            "PROXY TCP4 198.51.100.7 192.0.2.1 0 1863",
            "PROXY TCP4 198.51.100.7 192.0.2.1 0\r",
            "PROXY TCP6 198.51.100.7 192.0.2.1 0 1863\r",
            "PROXY TCP4 198.51.100.7 192.0.2.1 +1 1863\r",
            "PROXY TCP4 198.51.100.7 192.0.2.1 0 70000\r",
            "PROXY  TCP4 198.51.100.7 192.0.2.1 0 1863\r",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn what_follows_the_line_is_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        near.write_all(b"PROXY TCP4 198.51.100.7 192.0.2.1 7").await.unwrap();
        let told = tokio::spawn(async move { (introduced(&far).await.unwrap(), far) });
        time::sleep(Duration::from_millis(20)).await;
        near.write_all(b" 1863\r\nVER 1 MSNP7\r\n").await.unwrap();
        let (told, far) = told.await.unwrap();
        assert_eq!(told, Some(("198.51.100.7:7".parse().unwrap(), "192.0.2.1:1863".parse().unwrap())));
        let mut rest = [0; 64];
        far.readable().await.unwrap();
        let count = far.try_read(&mut rest).unwrap();
        assert_eq!(&rest[..count], b"VER 1 MSNP7\r\n");
    }

    #[tokio::test]
    async fn whoever_says_something_else_or_nothing_speaks_for_itself() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for first in [&b"VER 1 MSNP7\r\n"[..], b"PRO", b""] {
            let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (far, _) = listener.accept().await.unwrap();
            near.write_all(first).await.unwrap();
            if first == b"PRO" {
                near.write_all(b"D\r\n").await.unwrap();
            }
            assert_eq!(introduced(&far).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn a_line_without_end_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        near.write_all(b"PROXY ").await.unwrap();
        near.write_all(&[b'P'; 200]).await.unwrap();
        assert_eq!(introduced(&far).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
