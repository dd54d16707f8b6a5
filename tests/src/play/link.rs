//! One connection of a play: what has come and is not consumed, and what was said on it.

use std::collections::VecDeque;

use bytes::BytesMut;

use crate::Dialect;
use crate::stage::{Patience, Received, Stage, StageError};
use crate::wire::{Frame, TooLong, escaped};

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
    /// More bytes without an end than any server would send.
    TooLong,
    /// The server has closed the connection.
    Closed,
    /// Nothing.
    Nothing,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: usize,
    pub(crate) end: End,
    /// The dialect that the server agreed to here.
    pub(crate) dialect: Option<Dialect>,
    pub(crate) traffic: VecDeque<String>,
    buffer: BytesMut,
    last_trid: u32,
}

impl Link {
    /// A new connection, under a name that may have had others before it, with `traffic`.
    pub(crate) fn new(id: usize, traffic: VecDeque<String>) -> Self {
        Self { id, end: End::Open, dialect: None, traffic, buffer: BytesMut::new(), last_trid: 0 }
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
            match Frame::take(&mut self.buffer) {
                Ok(Some(frame)) => {
                    self.log("<", &frame.shown());
                    return Ok(Next::Frame(frame));
                }
                Err(TooLong) => return Ok(Next::TooLong),
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
            Self::TooLong => "a line or payload that is far too long".to_owned(),
            Self::Closed => "the server closed the connection".to_owned(),
            Self::Nothing => "nothing".to_owned(),
        }
    }
}
