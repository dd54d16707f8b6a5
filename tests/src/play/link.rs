//! One connection of a play: what has come and is not consumed, and what was said on it.

use std::collections::VecDeque;

use bytes::BytesMut;

use crate::Dialect;
use crate::http::Response;
use crate::stage::{Patience, Received, Stage, StageError};
use crate::wire::{Frame, escaped};

/// Lines of traffic that a failure shows.
const SHOWN_TRAFFIC: usize = 10;

/// Is a connection over, and by whom?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Open,
    /// The server closed it, and the play has noticed.
    Closed,
    /// The client closed it.
    Dropped,
}

/// What a connection gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A whole command.
    Frame(Frame),
    /// These bytes and then nothing more, or the end of the connection.
    Piece(Vec<u8>),
    /// Bytes that are no command or answer, for this reason.
    Unreadable(String),
    /// The server has closed the connection.
    Closed,
    /// Nothing.
    Nothing,
}

/// What the server's bytes are cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Commands.
    Commands,
    /// HTTP answers: the line is the status, the payload all that follows.
    Answers,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: usize,
    pub(crate) end: End,
    /// The dialect that the server agreed to here.
    pub(crate) dialect: Option<Dialect>,
    /// A burst has just ended, as far as its totals tell; properties of its last line may follow.
    pub(crate) in_burst: bool,
    pub(crate) traffic: VecDeque<String>,
    framing: Framing,
    buffer: BytesMut,
    last_trid: u32,
}

impl Link {
    /// A new connection, under a name that may have had others before it, with `traffic`.
    pub(crate) fn new(id: usize, framing: Framing, traffic: VecDeque<String>) -> Self {
        Self {
            id,
            end: End::Open,
            dialect: None,
            in_burst: false,
            traffic,
            framing,
            buffer: BytesMut::new(),
            last_trid: 0,
        }
    }

    /// Is this a conversation of commands, not of HTTP?
    pub(crate) fn has_commands(&self) -> bool {
        self.framing == Framing::Commands
    }

    /// Cuts the first whole command or answer off what has come; an error says why there can be none.
    fn take(&mut self) -> Result<Option<Frame>, String> {
        match self.framing {
            Framing::Commands => Frame::take(&mut self.buffer).map_err(|error| error.to_string()),
            Framing::Answers => {
                let response = Response::take(&mut self.buffer).map_err(|error| error.to_string())?;
                Ok(response.map(|Response { line, rest, .. }| Frame { line, payload: Some(rest) }))
            }
        }
    }

    /// Can anything still come?
    pub(crate) fn is_open(&self) -> bool {
        self.end == End::Open
    }

    /// The next transaction id for a macro.
    pub(crate) fn next_trid(&mut self) -> u32 {
        self.last_trid += 1;
        self.last_trid
    }

    /// Notes a command for the report of a failure.
    pub(crate) fn log(&mut self, direction: &str, text: &str) {
        for (index, line) in text.lines().enumerate() {
            if self.traffic.len() == SHOWN_TRAFFIC {
                self.traffic.pop_front();
            }
            self.traffic.push_back(format!("{} {line}", if index == 0 { direction } else { " " }));
        }
    }

    /// What the server sent next.
    pub(crate) async fn next(&mut self, stage: &mut impl Stage, patience: Patience) -> Result<Next, StageError> {
        loop {
            match self.take() {
                Ok(Some(frame)) => {
                    self.log("<", &frame.shown());
                    return Ok(Next::Frame(frame));
                }
                Err(why) => return Ok(Next::Unreadable(why)),
                Ok(None) if self.end == End::Closed => return Ok(self.rest(Next::Closed)),
                Ok(None) => {}
            }
            // Half a command is waited for, even where silence was expected: the report shows it whole.
            let patience = if self.buffer.is_empty() { patience } else { Patience::Expecting };
            match stage.receive(self.id, patience).await? {
                Received::Bytes(bytes) => self.buffer.extend_from_slice(&bytes),
                Received::Nothing => return Ok(self.rest(Next::Nothing)),
                Received::Closed => {
                    self.end = End::Closed;
                    let rest = self.rest(Next::Closed);
                    self.log("<", "(closed)");
                    return Ok(rest);
                }
            }
        }
    }

    /// The bytes that make no command, or `otherwise` if there are none.
    fn rest(&mut self, otherwise: Next) -> Next {
        if self.buffer.is_empty() {
            return otherwise;
        }
        let bytes = std::mem::take(&mut self.buffer);
        self.log("<", &escaped(&bytes));
        Next::Piece(bytes.to_vec())
    }
}

impl Next {
    /// It, for a report.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Frame(frame) => frame.shown(),
            Self::Piece(bytes) => format!("only a piece of a command: {}", escaped(bytes)),
            Self::Unreadable(why) => why.clone(),
            Self::Closed => "the server closed the connection".to_owned(),
            Self::Nothing => "nothing".to_owned(),
        }
    }
}
