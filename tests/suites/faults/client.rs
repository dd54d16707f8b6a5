//! A small client over a blocking socket: of MSNP7, or of MSNP9 where it signs in with a ticket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use md5::{Digest, Md5};

/// A connection that is signed in at a notification server.
#[derive(Debug)]
pub(crate) struct Client {
    reader: BufReader<TcpStream>,
    trid: u32,
}

impl Client {
    /// Signs in directly at the notification server.
    pub(crate) fn sign_in(ns: SocketAddr, handle: &str, password: &str) -> io::Result<Self> {
        let mut client = Self::connect(ns)?;
        client.send("VER {} MSNP7 CVR0")?;
        client.line()?;
        client.send(&format!("USR {{}} MD5 I {handle}"))?;
        let answer = client.line()?;
        if !answer.starts_with("USR ") {
            return Err(io::Error::other(format!("not signed in: {answer}")));
        }
        let challenge = answer.split(' ').next_back().unwrap_or_default().to_owned();
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

    /// Signs in directly at the notification server with a ticket, as it came: `t=…&p=`.
    pub(crate) fn with_ticket(ns: SocketAddr, handle: &str, ticket: &str) -> io::Result<Self> {
        let mut client = Self::connect(ns)?;
        client.send("VER {} MSNP9 CVR0")?;
        client.line()?;
        client.send(&format!("USR {{}} TWN I {handle}"))?;
        client.line()?;
        client.send(&format!("USR {{}} TWN S {ticket}"))?;
        let answer = client.line()?;
        if answer.contains(" OK ") { Ok(client) } else { Err(io::Error::other(format!("not signed in: {answer}"))) }
    }

    fn connect(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream), trid: 0 })
    }

    /// Opens a room at a switchboard.
    pub(crate) fn enter(sb: SocketAddr, handle: &str, cookie: &str) -> io::Result<Self> {
        let mut client = Self::connect(sb)?;
        client.send(&format!("USR {{}} {handle} {cookie}"))?;
        let answer = client.line()?;
        if answer.contains(" OK ") { Ok(client) } else { Err(io::Error::other(format!("not entered: {answer}"))) }
    }

    /// Calls someone into a room of its own, and returns both ends of it: the caller's and the callee's.
    pub(crate) fn converse(&mut self, own: &str, callee: &mut Self, handle: &str) -> io::Result<(Self, Self)> {
        let odd = |line: &str| io::Error::other(format!("not expected: {line}"));
        for client in [&mut *self, &mut *callee] {
            client.send("CHG {} NLN")?;
            client.line()?;
        }
        self.send("XFR {} SB")?;
        let line = self.line()?;
        let [_, _, _, at, _, cookie] = line.split(' ').collect::<Vec<_>>()[..] else { return Err(odd(&line)) };
        let mut caller = Self::enter(at.parse().map_err(io::Error::other)?, own, cookie)?;
        caller.send(&format!("CAL {{}} {handle}"))?;
        caller.line()?;
        let line = callee.line()?;
        let [_, room, at, _, cookie, ..] = line.split(' ').collect::<Vec<_>>()[..] else { return Err(odd(&line)) };
        let mut called = Self::connect(at.parse().map_err(io::Error::other)?)?;
        called.send(&format!("ANS {{}} {handle} {cookie} {room}"))?;
        for client in [&mut called, &mut caller] {
            client.line()?;
        }
        called.line()?;
        Ok((caller, called))
    }

    /// The payload of a message from the service that must come next.
    pub(crate) fn message(&mut self) -> io::Result<String> {
        self.message_from("Hotmail")
    }

    /// The payload of a message that must come next.
    pub(crate) fn message_from(&mut self, sender: &str) -> io::Result<String> {
        let head = self.line()?;
        assert!(head.starts_with(&format!("MSG {sender} ")), "{head}");
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

    /// Reads all lists, which are told from then on.
    pub(crate) fn synchronise(&mut self) -> io::Result<()> {
        self.send("SYN {} 0")?;
        // The last line is that of the empty RL.
        while !self.line()?.contains(" RL ") {}
        Ok(())
    }

    /// Sends a command, and returns the line that answers it: one of the same verb, or an error.
    pub(crate) fn ask(&mut self, command: &str) -> io::Result<String> {
        let verb = command.split(' ').next().unwrap_or_default();
        let trid = self.send(command)?.to_string();
        loop {
            let line = self.line()?;
            let mut words = line.split(' ');
            let (first, second) = (words.next().unwrap_or_default(), words.next());
            if second == Some(&*trid) {
                assert!(first == verb || first.parse::<u16>().is_ok(), "{command} was answered {line}");
                return Ok(line);
            }
            // What was changed by others, and the properties of someone who was just added.
            assert!(second == Some("0") || first == "BPR", "{command} was answered {line}");
        }
    }

    /// The handles on a list.
    pub(crate) fn list(&mut self, list: &str) -> io::Result<Vec<String>> {
        let trid = self.send(&format!("LST {{}} {list}"))?.to_string();
        let mut handles = Vec::new();
        loop {
            let line = self.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            if words[..2] != ["LST", &*trid] {
                // News of others' changes.
                assert!(words[1] == "0" || words[0] == "BPR", "{line}");
                continue;
            }
            if let Some(handle) = words.get(6) {
                handles.push((*handle).to_owned());
            }
            if words[4] == words[5] {
                return Ok(handles);
            }
        }
    }
}
