//! A small MSN server that makes mistakes, to see that they are noticed. It speaks MSNP7, lets
//! anybody in, and takes `user0` for the one whom all others watch.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What it does wrong. Messages and events to the first of its receivers are counted from 1 on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    None,
    /// This one is lost.
    Drop(usize),
    /// This one and all after it are lost.
    DropFrom(usize),
    /// This one comes after the next one.
    Swap(usize),
    /// This one comes twice.
    Repeat(usize),
    /// Instead of this one the connection is closed.
    Close(usize),
}

/// A receiver, with what its fault needs to know.
#[derive(Clone)]
struct Receiver(Arc<Mutex<Inner>>);

struct Inner {
    stream: TcpStream,
    fault: Fault,
    count: usize,
    held: Vec<u8>,
}

impl Receiver {
    fn new(stream: &TcpStream, fault: Fault) -> Self {
        Self(Arc::new(Mutex::new(Inner { stream: stream.try_clone().unwrap(), fault, count: 0, held: Vec::new() })))
    }

    /// Sends what is no message and no event.
    fn say(&self, text: &str) {
        // The client may be gone.
        let _ = self.0.lock().unwrap().stream.write_all(text.as_bytes());
    }

    fn send(&self, bytes: &[u8]) {
        let mut inner = self.0.lock().unwrap();
        inner.count += 1;
        let (fault, count) = (inner.fault, inner.count);
        let mut out = bytes.to_vec();
        match fault {
            Fault::Drop(n) if n == count => return,
            Fault::DropFrom(n) if n <= count => return,
            Fault::Swap(n) if n == count => {
                inner.held = out;
                return;
            }
            Fault::Repeat(n) if n == count => out.extend_from_slice(bytes),
            Fault::Close(n) if n == count => {
                let _ = inner.stream.shutdown(std::net::Shutdown::Both);
                return;
            }
            _ => {}
        }
        out.append(&mut inner.held);
        let _ = inner.stream.write_all(&out);
    }
}

#[derive(Default)]
struct State {
    /// By handle.
    sessions: HashMap<String, Receiver>,
    /// By number.
    rooms: HashMap<String, Vec<(String, Receiver)>>,
}

/// It runs as long as the test.
pub(crate) struct Server {
    address: SocketAddr,
}

impl Server {
    pub(crate) fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state: Arc<Mutex<State>> = Arc::default();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let state = state.clone();
                std::thread::spawn(move || serve(&stream.unwrap(), address, fault, &state));
            }
        });
        Self { address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Only one receiver of all is served badly.
fn is_served_badly(handle: &str) -> bool {
    handle.starts_with("user1@")
}

fn serve(stream: &TcpStream, at: SocketAddr, fault: Fault, state: &Mutex<State>) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut me, mut handle, mut room) = (Receiver::new(stream, Fault::None), String::new(), String::new());
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let trid = words.get(1).copied().unwrap_or_default();
        match words[..] {
            ["VER", ..] => me.say(&format!("VER {trid} MSNP7 CVR0\r\n")),
            ["INF", ..] => me.say(&format!("INF {trid} MD5\r\n")),
            ["USR", _, "MD5", "I", who] => {
                handle = who.to_owned();
                let fault = if is_served_badly(&handle) { fault } else { Fault::None };
                me = Receiver::new(stream, fault);
                state.lock().unwrap().sessions.insert(handle.clone(), me.clone());
                me.say(&format!("USR {trid} MD5 S 1.2\r\n"));
            }
            ["USR", _, "MD5", ..] => me.say(&format!("USR {trid} OK {handle} {handle} 1\r\n")),
            ["SYN", ..] => me.say(&format!("SYN {trid} 1\r\nLST {trid} RL 1 0 0\r\n")),
            ["PNG"] => me.say("QNG\r\n"),
            ["CHG", _, what] => {
                me.say(&format!("CHG {trid} {what}\r\n"));
                changed(state, &me, (&handle, trid, what));
            }
            ["XFR", _, "SB"] => me.say(&format!("XFR {trid} SB {at} CKI {handle}\r\n")),
            ["USR", _, who, _] => {
                (handle, room) = (who.to_owned(), format!("{}", state.lock().unwrap().rooms.len() + 1));
                state.lock().unwrap().rooms.insert(room.clone(), vec![(handle.clone(), me.clone())]);
                me.say(&format!("USR {trid} OK {handle} {handle}\r\n"));
            }
            ["CAL", _, who] => {
                let callee = state.lock().unwrap().sessions.get(who).cloned().unwrap();
                callee.say(&format!("RNG {room} {at} CKI x {handle} {handle}\r\n"));
                me.say(&format!("CAL {trid} RINGING {room}\r\n"));
            }
            ["ANS", _, who, _, number] => {
                (handle, room) = (who.to_owned(), number.to_owned());
                let fault = if is_served_badly(&handle) { fault } else { Fault::None };
                me = Receiver::new(stream, fault);
                let mut state = state.lock().unwrap();
                let there = state.rooms.get_mut(&room).unwrap();
                me.say(&format!("IRO {trid} 1 1 {0} {0}\r\nANS {trid} OK\r\n", there[0].0));
                there.iter().for_each(|(_, other)| other.say(&format!("JOI {handle} {handle}\r\n")));
                there.push((handle.clone(), me.clone()));
            }
            ["MSG", _, _, length] => {
                let mut message = format!("MSG {handle} {handle} {length}\r\n").into_bytes();
                let start = message.len();
                message.resize(start + length.parse::<usize>().unwrap(), 0);
                if reader.read_exact(&mut message[start..]).is_err() {
                    return;
                }
                let others = state.lock().unwrap().rooms[&room].clone();
                others.iter().filter(|(who, _)| *who != handle).for_each(|(_, other)| other.send(&message));
            }
            _ => return,
        }
        line.clear();
    }
}

/// What `user0` tells is sent to all others; the first that others tell brings them what it told.
fn changed(state: &Mutex<State>, me: &Receiver, (handle, trid, what): (&str, &str, &str)) {
    if !handle.starts_with("user0@") {
        me.say(&format!("ILN {trid} NLN user0@example.com Zero\r\n"));
        return;
    }
    let others: Vec<Receiver> = state
        .lock()
        .unwrap()
        .sessions
        .iter()
        .filter(|(who, _)| *who != handle)
        .map(|(_, other)| other.clone())
        .collect();
    others.iter().for_each(|other| other.send(format!("NLN {what} {handle} Zero\r\n").as_bytes()));
}
