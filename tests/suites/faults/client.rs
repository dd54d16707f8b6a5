//! A small MSNP7 client over a blocking socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use md5::{Digest, Md5};

/// A connection that is signed in at a notification server.
pub(crate) struct Client {
    reader: BufReader<TcpStream>,
    trid: u32,
}

impl Client {
    /// Signs in directly at the notification server.
    pub(crate) fn sign_in(ns: SocketAddr, handle: &str, password: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(ns)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.set_nodelay(true)?;
        let mut client = Self { reader: BufReader::new(stream), trid: 0 };
        client.send("VER {} MSNP7 CVR0")?;
        client.line()?;
        client.send(&format!("USR {{}} MD5 I {handle}"))?;
        let challenge = client.line()?.split(' ').next_back().unwrap_or_default().to_owned();
        let digest = Md5::new().chain_update(&challenge).chain_update(password).finalize();
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        client.send(&format!("USR {{}} MD5 S {digest}"))?;
        let answer = client.line()?;
        if !answer.contains(" OK ") {
            return Err(io::Error::other(format!("not signed in: {answer}")));
        }
        client.message()?;
        Ok(client)
    }

    /// Opens a room at a switchboard.
    pub(crate) fn enter(sb: SocketAddr, handle: &str, cookie: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(sb)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.set_nodelay(true)?;
        let mut client = Self { reader: BufReader::new(stream), trid: 0 };
        client.send(&format!("USR {{}} {handle} {cookie}"))?;
        let answer = client.line()?;
        if answer.contains(" OK ") { Ok(client) } else { Err(io::Error::other(format!("not entered: {answer}"))) }
    }

    /// The payload of a message that must come next.
    pub(crate) fn message(&mut self) -> io::Result<String> {
        let head = self.line()?;
        assert!(head.starts_with("MSG Hotmail Hotmail "), "{head}");
        let length = head.rsplit(' ').next().and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut payload = vec![0; length];
        self.reader.read_exact(&mut payload)?;
        String::from_utf8(payload).map_err(io::Error::other)
    }

    /// Sends a command with the next transaction for `{}`, and returns that.
    pub(crate) fn send(&mut self, command: &str) -> io::Result<u32> {
        self.trid += 1;
        // A payload follows its line, and has no end of its own.
        let end = if command.contains("\r\n") { "" } else { "\r\n" };
        let line = command.replace("{}", &self.trid.to_string()) + end;
        self.reader.get_mut().write_all(line.as_bytes())?;
        Ok(self.trid)
    }

    /// The next line, without its end.
    pub(crate) fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 || !line.ends_with("\r\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.len() - 2);
        Ok(line)
    }

    /// The handles on a list.
    pub(crate) fn list(&mut self, list: &str) -> io::Result<Vec<String>> {
        self.send(&format!("LST {{}} {list}"))?;
        let mut handles = Vec::new();
        loop {
            let line = self.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(words[0], "LST", "{line}");
            if let Some(handle) = words.get(6) {
                handles.push((*handle).to_owned());
            }
            if words[4] == words[5] {
                return Ok(handles);
            }
        }
    }
}
