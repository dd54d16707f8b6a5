//! A script: who plays, and what is said, statement by statement.

use std::time::Duration;

use crate::Dialect;
use crate::pattern::{Captures, Found, Pattern};

mod cast;
mod cut;
mod enlist;
mod parse;
mod quoted;
mod recast;
mod step;

pub(crate) use cast::person;
pub use cast::{Account, Cast, Contact, Group, decoded};
pub use parse::ParseError;
pub use recast::Recasting;

/// A parsed `*.msnp` file.
#[derive(Clone, Debug)]
pub struct Script {
    /// The file, as it was named.
    pub file: String,
    /// What the play is about.
    pub title: Option<String>,
    /// Accounts, lists and configuration to be in place before the play.
    pub cast: Cast,
    /// The stages it is for; empty: all.
    pub stages: Vec<String>,
    /// The play.
    pub statements: Vec<Statement>,
}

/// One statement of the play.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Its line in the file, from 1.
    pub line: usize,
    /// It, as the file has it.
    pub text: String,
    /// What to do.
    pub action: Action,
}

/// What a statement does. A `link` is the name of a connection: `alice.ns`.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Opens a connection, to the dispatch server if there is no address.
    Connect {
        /// The connection.
        link: String,
        /// `host:port`, usually a capture.
        to: Option<Pattern>,
    },
    /// Sends one command.
    Send {
        /// The connection.
        link: String,
        /// The line.
        line: Pattern,
        /// What follows it.
        payload: Payload,
    },
    /// Sends exactly these bytes.
    SendRaw {
        /// The connection.
        link: String,
        /// All of them.
        bytes: Vec<u8>,
    },
    /// The server's next commands must be these: one, or several in any order.
    Expect {
        /// The connection.
        link: String,
        /// At least one.
        expected: Vec<Expectation>,
    },
    /// The server closes, having sent nothing more.
    Closed(String),
    /// The client closes.
    Drop {
        /// The connection.
        link: String,
        /// With a TCP reset.
        reset: bool,
    },
    /// Nothing is waiting on these connections.
    Silence(Vec<String>),
    /// Time passes.
    Wait(Duration),
    /// A step that many plays share.
    Macro(Macro),
}

/// One command that the server must send.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Its line in the file, from 1.
    pub line: usize,
    /// It, as the file has it.
    pub text: String,
    /// The line.
    pub pattern: Pattern,
    /// What must follow it.
    pub payload: Payload,
}

/// What follows a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// Nothing.
    Empty,
    /// These lines, with CR LF between them (so the last is empty if the payload ends with one).
    Lines(Vec<Pattern>),
    /// Whatever the announced length covers; only in expectations.
    Any,
}

/// The steps that many plays share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Macro {
    /// `alice.ns signs in MSNP7`
    SignIn(String, Dialect),
    /// `alice.ns syncs`
    Sync(String),
    /// `alice.ns online MSNP7 BSY`
    Online(String, Dialect, String),
    /// `alice.sb opens`
    Open(String),
    /// `bob.sb joins alice.sb`
    Join(String, String),
    /// `alice.sb says "Hello" to bob.sb`
    Say {
        /// Who speaks.
        link: String,
        /// What.
        text: String,
        /// All others in the room.
        to: Vec<String>,
    },
}

impl Macro {
    /// The connections that must belong to an account of the cast.
    pub fn links(&self) -> Vec<&str> {
        match self {
            Self::SignIn(link, _) | Self::Sync(link) | Self::Online(link, ..) | Self::Open(link) => vec![link],
            Self::Join(link, caller) => vec![link, caller],
            Self::Say { link, to, .. } => to.iter().chain([link]).map(String::as_str).collect(),
        }
    }
}

impl Payload {
    /// Is `bytes` such a payload? What it captures, if so.
    pub fn matches(&self, bytes: &[u8], captures: &Captures) -> Option<Found> {
        let lines = match self {
            Self::Empty => return bytes.is_empty().then(Vec::new),
            Self::Any => return Some(Vec::new()),
            Self::Lines(lines) => lines,
        };
        let came = split(bytes);
        if came.len() != lines.len() {
            return None;
        }
        let mut known = captures.clone();
        let mut found = Found::new();
        for (line, came) in lines.iter().zip(came) {
            let new = line.matches(came, &known, 0)?;
            known.extend(new.clone());
            found.extend(new);
        }
        Some(found)
    }
}

/// The lines of a payload; the last one is what no CR LF follows.
fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        lines.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    lines.push(rest);
    lines
}
