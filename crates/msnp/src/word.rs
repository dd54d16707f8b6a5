//! Reading the words of a command.

use std::borrow::Cow;
use std::fmt;

use model::{BadEmail, Email};

use crate::{Code, Frame, url};

/// A transaction identifier: 0…2³²−1, chosen by the client, echoed in every answer (draft §5.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TrId(pub u32);

impl TrId {
    /// Stands in commands whose form has a transaction but which answer none.
    pub const ASYNC: Self = Self(0);

    /// Reads one: decimal digits and nothing else.
    pub fn parse(word: &str) -> Option<Self> {
        if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        word.parse().ok().map(Self)
    }
}

impl fmt::Display for TrId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a server does about a command that it cannot take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Answer this code and go on.
    Refuse(TrId, Code),
    /// Answer this code, then close.
    RefuseAndClose(TrId, Code),
    /// Close.
    Close,
}

/// A command that cannot be taken as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bad {
    /// What to do about it.
    pub verdict: Verdict,
    /// What is wrong, for the log.
    pub why: &'static str,
}

impl Bad {
    pub(crate) const fn close(why: &'static str) -> Self {
        Self { verdict: Verdict::Close, why }
    }

    pub(crate) const fn refuse(trid: TrId, code: Code, why: &'static str) -> Self {
        Self { verdict: Verdict::Refuse(trid, code), why }
    }

    pub(crate) const fn refuse_and_close(trid: TrId, code: Code, why: &'static str) -> Self {
        Self { verdict: Verdict::RefuseAndClose(trid, code), why }
    }
}

/// The words of one command, read from left to right, behind its transaction identifier.
pub(crate) struct Words<I> {
    pub(crate) trid: TrId,
    rest: I,
}

/// Begins to read a command. Without a transaction identifier there is nothing that an error
/// could name, so the connection is closed.
pub(crate) fn words<'a>(frame: &Frame<'a>) -> Result<Words<impl Iterator<Item = &'a str> + use<'a>>, Bad> {
    let mut rest = frame.words();
    let trid = rest.next().and_then(TrId::parse).ok_or(Bad::close("no transaction identifier"))?;
    Ok(Words { trid, rest })
}

impl<'a, I: Iterator<Item = &'a str>> Words<I> {
    /// The next word, if there is one.
    pub(crate) fn optional(&mut self) -> Option<&'a str> {
        self.rest.next()
    }

    /// The next word; 300 if there is none.
    pub(crate) fn word(&mut self) -> Result<&'a str, Bad> {
        self.rest.next().ok_or(Bad::refuse(self.trid, Code::FieldsMissing, "a parameter is missing"))
    }

    /// The next word, URL-decoded; `code` if it is not URL-encoded text.
    pub(crate) fn text(&mut self, code: Code) -> Result<Cow<'a, str>, Bad> {
        let word = self.word()?;
        url::decode(word).ok_or(Bad::refuse(self.trid, code, "a parameter is not URL-encoded text"))
    }

    /// The next word as a handle that is well formed or not.
    pub(crate) fn handle(&mut self) -> Result<Result<Email, BadEmail>, Bad> {
        self.word().map(Email::parse)
    }

    /// All that is left.
    pub(crate) fn all(self) -> Vec<&'a str> {
        self.rest.collect()
    }
}
