//! What a script is played on.

use std::io;
use std::time::Duration;

use crate::Cast;

/// Where a client connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The dispatch server, wherever this stage has it.
    Dispatch,
    /// A `host:port` that a server named, or that the script holds: a notification server, or a
    /// dispatch server.
    At(String),
    /// A `host:port` of a switchboard.
    Switchboard(String),
    /// The web daemon, wherever this stage has it.
    Web,
}

/// What a script may need beside the servers of the conversation, and not every stage has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Passport tickets, with which clients from MSNP8 on sign in.
    Tickets,
    /// The web daemon, to speak HTTP to.
    Web,
    /// A dispatch server, to speak to in so many words.
    Dispatch,
    /// That the server notices when a client closes its connection.
    HangingUp,
    /// The operator, who suspends accounts and stops servers.
    Operator,
    /// The operator, who sends clients to another notification server.
    Referrals,
}

/// What the operator does during a play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Suspends the account with this handle.
    Suspend(String),
    /// Sends the client of the account `handle`, which is signed in, to another notification server.
    Refer {
        /// Whose client.
        handle: String,
        /// The address of that server, as clients are to be told it: `host:port`.
        to: String,
    },
    /// Stops the servers, with the notice that they are configured to give.
    Stop,
}

/// How long [`Stage::receive`] waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Something must come: wait for it, up to some seconds.
    Expecting,
    /// Nothing should come: wait only as long as this stage needs to be sure.
    Silence,
}

/// What came from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// At least one byte; any piece of the stream.
    Bytes(Vec<u8>),
    /// The server has closed the connection, and all that it sent before has been received.
    Closed,
    /// Nothing, within the patience that was asked for.
    Nothing,
}

/// Why a stage could not do its part.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// This stage cannot give the script what it needs: the script is skipped, not failed.
    #[error("needs {0}")]
    Unsupported(String),
    /// The accounts and lists of the cast could not be brought in place.
    #[error("cannot prepare the cast: {0}")]
    Unprepared(String),
    /// No connection to that place.
    #[error("cannot connect to {place}")]
    Connect {
        /// The address that was tried.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// The stage broke down; says nothing about the server under test.
    #[error("the stage failed: {0}")]
    Broken(String),
}

/// What a script is played on.
///
/// A stage numbers its connections itself. A connection that the server has closed stays valid
/// until [`Stage::drop`].
#[expect(async_fn_in_trait, reason = "plays run on a current-thread runtime, so Send is not needed")]
pub trait Stage {
    /// `memory`, `tcp`, `cluster` or `gateway`: what a script's `on` statement names.
    fn name(&self) -> &'static str;

    /// Why this stage cannot give a script what it needs; `None` if it can. Asked before
    /// [`Stage::prepare`].
    fn lacks(&self, need: Need) -> Option<String>;

    /// May [`Place::Dispatch`] take a sign-in itself, instead of referring to a notification server?
    fn may_serve_directly(&self) -> bool {
        false
    }

    /// Brings accounts, lists and configuration in place before the first connection.
    async fn prepare(&mut self, cast: &Cast) -> Result<(), StageError>;

    /// A ticket `t=…&p=…` for the account with this handle and password, to answer `challenge` with.
    async fn ticket(&mut self, handle: &str, password: &str, challenge: &str) -> Result<String, StageError>;

    /// Opens a connection and returns its number.
    async fn connect(&mut self, place: &Place) -> Result<usize, StageError>;

    /// Sends bytes. On a connection that the server has closed this does nothing: the next
    /// expectation of the script tells.
    async fn send(&mut self, connection: usize, bytes: &[u8]) -> Result<(), StageError>;

    /// Receives what the server sent next.
    async fn receive(&mut self, connection: usize, patience: Patience) -> Result<Received, StageError>;

    /// Closes the client's side, with a TCP reset if `reset`.
    async fn drop(&mut self, connection: usize, reset: bool);

    /// Lets this much of the play's time pass.
    async fn wait(&mut self, time: Duration);

    /// Does what only an operator can. Asked of those alone that do not [lack](Stage::lacks) it.
    async fn operate(&mut self, operation: &Operation) -> Result<(), StageError> {
        Err(StageError::Broken(format!("there is no operator who could do this: {operation:?}")))
    }
}
