//! A script: who plays, and what is said, statement by statement.

use std::time::Duration;

use crate::Dialect;
use crate::macros::Login;
use crate::pattern::Pattern;
use crate::stage::{Need, Operation};

mod cast;
mod cut;
mod enlist;
mod parse;
mod payload;
mod quoted;
mod recast;
mod step;

pub use cast::{Account, Cast, Contact, Group, decoded};
pub(crate) use cast::{is_room, is_web, person};
pub use parse::ParseError;
pub use payload::Payload;
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
    /// Stages that it is not for, and why.
    pub exceptions: Vec<(String, String)>,
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
    /// Opens a connection.
    Connect {
        /// The connection.
        link: String,
        /// Where to.
        to: Target,
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
    /// The operator does something.
    Operate(Operation),
    /// A step that many plays share.
    Macro(Macro),
}

/// Where a statement connects to.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The dispatch server.
    Dispatch,
    /// The web daemon.
    Web,
    /// `host:port`, usually a capture.
    Address(Pattern),
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

/// The steps that many plays share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Macro {
    /// `alice.ns signs in MSNP7`
    SignIn(String, Dialect),
    /// `alice.ns syncs`
    Sync(String),
    /// `alice.ns online MSNP7 BSY`, with all words of `CHG` behind its transaction id
    Online(String, Dialect, String),
    /// `alice.ns fetches {ticket} for {challenge}`
    Fetch {
        /// Whose ticket.
        link: String,
        /// The capture that it is kept as.
        ticket: String,
        /// The capture that holds the challenge.
        challenge: String,
    },
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
            Self::Fetch { link, .. } => vec![link],
            Self::Join(link, caller) => vec![link, caller],
            Self::Say { link, to, .. } => to.iter().chain([link]).map(String::as_str).collect(),
        }
    }
}

impl Script {
    /// What its statements need of a stage, beside the servers of the conversation.
    pub fn needs(&self) -> Vec<Need> {
        let mut needs: Vec<Need> = self.statements.iter().filter_map(|statement| statement.action.need()).collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    }
}

impl Action {
    fn need(&self) -> Option<Need> {
        match self {
            Self::Macro(Macro::SignIn(_, dialect) | Macro::Online(_, dialect, _)) => {
                (dialect.traits().login == Login::Tweener).then_some(Need::Tickets)
            }
            Self::Macro(Macro::Fetch { .. }) => Some(Need::Tickets),
            Self::Connect { to: Target::Web, .. } => Some(Need::Web),
            Self::Connect { to: Target::Dispatch, .. } => Some(Need::Dispatch),
            Self::Drop { link, .. } => (!is_web(link)).then_some(Need::HangingUp),
            Self::Operate(Operation::Refer { .. }) => Some(Need::Referrals),
            Self::Operate(Operation::Suspend(_) | Operation::Stop) => Some(Need::Operator),
            _ => None,
        }
    }
}
