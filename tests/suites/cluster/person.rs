//! Someone with an MSNP7 client, who remembers what it is shown.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use md5::{Digest, Md5};

/// The password of every account.
pub(crate) const PASSWORD: &str = "password";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection, with a thread that reads what comes.
pub(crate) struct Wire {
    stream: TcpStream,
    shared: Arc<Shared>,
    trid: u32,
    /// Where it leads.
    pub(crate) at: SocketAddr,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
}

/// What has come.
#[derive(Default)]
pub(crate) struct State {
    /// Who is shown, and how.
    pub(crate) shown: BTreeMap<String, String>,
    /// The first line of each answer.
    answers: HashMap<u32, String>,
    /// The server wants us to go there.
    pub(crate) referral: Option<SocketAddr>,
    /// Calls that came.
    rings: VecDeque<String>,
    /// Payloads of messages in a room.
    pub(crate) heard: Vec<String>,
    /// The last word of the server.
    pub(crate) out: Option<String>,
    pub(crate) closed: bool,
    /// Why the client is not to be trusted: it was shown what makes no sense.
    pub(crate) odd: Option<String>,
}

impl Wire {
    pub(crate) fn open(at: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&at, PATIENCE)?;
        stream.set_nodelay(true)?;
        let shared = Arc::<Shared>::default();
        let (reader, told) = (BufReader::new(stream.try_clone()?), Arc::clone(&shared));
        std::thread::spawn(move || {
            let _ = listen(reader, &told);
            lock(&told.state).closed = true;
            told.news.notify_all();
        });
        Ok(Self { stream, shared, trid: 0, at })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    /// Sends a command with the next transaction for `{}`, which it returns.
    pub(crate) fn send(&mut self, command: &str) -> io::Result<u32> {
        self.trid += 1;
        let end = if command.contains("\r\n") { "" } else { "\r\n" };
        self.stream.write_all((command.replace("{}", &self.trid.to_string()) + end).as_bytes())?;
        Ok(self.trid)
    }

    /// Sends a command, and returns the first line of the answer. An error of the protocol is an error.
    pub(crate) fn ask(&mut self, command: &str) -> io::Result<String> {
        let trid = self.send(command)?;
        let answer = self.wait(|state| state.answers.remove(&trid))?;
        match answer.split(' ').next().and_then(|word| word.parse::<u16>().ok()) {
            Some(_) => Err(io::Error::other(format!("{command} was answered {answer}"))),
            None => Ok(answer),
        }
    }

    /// Waits until something has come.
    pub(crate) fn wait<T>(&self, mut find: impl FnMut(&mut State) -> Option<T>) -> io::Result<T> {
        let end = Instant::now() + PATIENCE;
        let mut state = self.state();
        loop {
            if let Some(found) = find(&mut state) {
                return Ok(found);
            }
            if state.closed {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            state = self.shared.news.wait_timeout(state, left).unwrap().0;
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap()
}

/// Reads until the connection ends.
fn listen(mut reader: BufReader<TcpStream>, shared: &Shared) -> io::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let text = line.trim_end();
        let mut payload = Vec::new();
        if text.starts_with("MSG ") {
            let length = text.rsplit(' ').next().and_then(|length| length.parse().ok()).unwrap_or(0);
            payload.resize(length, 0);
            reader.read_exact(&mut payload)?;
        }
        lock(&shared.state).take(text, &payload);
        shared.news.notify_all();
    }
}

impl State {
    fn take(&mut self, line: &str, payload: &[u8]) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["ILN", _, status, handle, ..] | ["NLN", status, handle, ..] => {
                self.shown.insert(handle.to_owned(), status.to_owned());
            }
            ["FLN", handle] if self.shown.remove(handle).is_none() => {
                self.odd = Some(format!("{line} of someone who was not shown"));
            }
            ["FLN", _] => {}
            ["XFR", "0", "NS", to, ..] => self.referral = to.parse().ok(),
            ["OUT", why] => self.out = Some(why.to_owned()),
            ["RNG", ..] => self.rings.push_back(line.to_owned()),
            // What stands second is no transaction there, but a list version.
            ["MSG", "Hotmail", ..] | ["BPR", ..] => {}
            ["MSG", ..] => self.heard.push(String::from_utf8_lossy(payload).into_owned()),
            [_, trid, ..] => {
                if let Some(trid) = trid.parse().ok().filter(|trid| *trid > 0) {
                    self.answers.entry(trid).or_insert_with(|| line.to_owned());
                }
            }
            _ => {}
        }
    }
}

/// Someone with an account.
pub(crate) struct Person {
    pub(crate) handle: String,
    pub(crate) status: &'static str,
    /// The connection to the notification server, while signed in.
    pub(crate) wire: Option<Wire>,
}

impl Person {
    pub(crate) fn new(handle: String) -> Self {
        Self { handle, status: "NLN", wire: None }
    }

    /// Signs in, from this dispatch or notification server on.
    pub(crate) fn sign_in(&mut self, from: SocketAddr) -> io::Result<()> {
        self.wire = None;
        let mut at = from;
        for _ in 0..6 {
            let mut wire = Wire::open(at)?;
            wire.ask("VER {} MSNP7 CVR0")?;
            wire.ask("INF {}")?;
            let answer = wire.ask(&format!("USR {{}} MD5 I {}", self.handle))?;
            let words: Vec<&str> = answer.split(' ').collect();
            match words[..] {
                ["XFR", _, "NS", to, ..] => at = to.parse().map_err(io::Error::other)?,
                ["USR", _, "MD5", "S", challenge] => {
                    let digest = Md5::new().chain_update(challenge).chain_update(PASSWORD).finalize();
                    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                    wire.ask(&format!("USR {{}} MD5 S {digest}"))?;
                    wire.ask("SYN {} 0")?;
                    wire.ask(&format!("CHG {{}} {}", self.status))?;
                    self.wire = Some(wire);
                    return Ok(());
                }
                _ => return Err(io::Error::other(format!("not understood: {answer}"))),
            }
        }
        Err(io::Error::other("sent from server to server"))
    }

    /// Goes where the server has sent us, if it has.
    pub(crate) fn follow(&mut self) {
        if let Some(to) = self.wire.as_ref().and_then(|wire| wire.state().referral) {
            self.sign_in(to).unwrap_or_else(|error| panic!("{} was sent to {to}: {error}", self.handle));
        }
    }

    pub(crate) fn change(&mut self, status: &'static str) {
        self.status = status;
        self.online().ask(&format!("CHG {{}} {status}")).unwrap();
    }

    /// Signs out, with a word or without one.
    pub(crate) fn leave(&mut self, with_a_word: bool) {
        if let Some(mut wire) = self.wire.take()
            && with_a_word
        {
            let _ = wire.send("OUT");
        }
    }

    pub(crate) fn online(&mut self) -> &mut Wire {
        self.wire.as_mut().expect("they are signed in")
    }

    pub(crate) fn at(&self) -> Option<SocketAddr> {
        self.wire.as_ref().map(|wire| wire.at)
    }

    /// Opens a conversation with someone: both ends of it, and where it is.
    pub(crate) fn converse(&mut self, callee: &mut Self) -> io::Result<(Wire, Wire, SocketAddr)> {
        let referral = self.online().ask("XFR {} SB")?;
        let odd = |line: &str| io::Error::other(format!("not understood: {line}"));
        let words: Vec<&str> = referral.split(' ').collect();
        let at: SocketAddr = words[3].parse().map_err(|_| odd(&referral))?;
        let mut mine = Wire::open(at)?;
        mine.ask(&format!("USR {{}} {} {}", self.handle, words[5]))?;
        mine.ask(&format!("CAL {{}} {}", callee.handle))?;
        let ring = callee.online().wait(|state| state.rings.pop_front())?;
        let words: Vec<&str> = ring.split(' ').collect();
        let mut theirs = Wire::open(words[2].parse().map_err(|_| odd(&ring))?)?;
        theirs.ask(&format!("ANS {{}} {} {} {}", callee.handle, words[4], words[1]))?;
        Ok((mine, theirs, at))
    }
}

/// Says something in a room, and waits until it is acknowledged; then the other has been sent it.
pub(crate) fn say(room: &mut Wire, text: &str) -> io::Result<()> {
    room.ask(&format!("MSG {{}} A {}\r\n{text}", text.len())).map(drop)
}
