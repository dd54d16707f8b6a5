//! What is reported when a play fails.

use std::fmt;

use super::{Link, Player};
use crate::script::Expectation;
use crate::stage::{Stage, StageError};

/// A statement that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The script.
    pub file: Box<str>,
    /// The statement's line in it, from 1; 0 before the play.
    pub line: usize,
    /// The statement.
    pub statement: Box<str>,
    /// What should have come, with all captures filled in that were known.
    pub expected: Box<str>,
    /// What came instead.
    pub came: Box<str>,
    /// The last lines of traffic on that connection, `>` from the client and `<` from the server.
    pub traffic: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}: {}", self.file, self.line, self.statement)?;
        labelled(f, "expected", &self.expected)?;
        labelled(f, "came", &self.came)?;
        if !self.traffic.is_empty() {
            f.write_str("  the last traffic on this connection:\n")?;
        }
        for line in &self.traffic {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

/// One value, its further lines below its first.
fn labelled(f: &mut fmt::Formatter<'_>, label: &str, value: &str) -> fmt::Result {
    for (index, line) in value.lines().enumerate() {
        let label = if index == 0 { format!("{label}:") } else { String::new() };
        writeln!(f, "  {label:<9} {line}")?;
    }
    Ok(())
}

impl std::error::Error for Failure {}

impl<S: Stage> Player<'_, S> {
    /// The stage could not do what the statement needs.
    pub(super) fn broken(&self, expected: &str, error: &StageError, link: &str) -> Failure {
        let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
        self.failed(expected, &format!("{error}{source}"), Some(link))
    }

    /// A failure of the statement that is being played.
    pub(crate) fn failed(&self, expected: &str, came: &str, link: Option<&str>) -> Failure {
        let traffic =
            link.and_then(|name| self.links.get(name)).map(|link: &Link| link.traffic.iter().cloned().collect());
        Failure {
            file: self.file.into(),
            line: self.at.0,
            statement: self.at.1.as_str().into(),
            expected: expected.into(),
            came: came.into(),
            traffic: traffic.unwrap_or_default(),
        }
    }

    /// The same for one of several lines that are expected together.
    pub(super) fn failed_at(&self, expectation: &Expectation, expected: &str, came: &str, link: &str) -> Failure {
        let failure = self.failed(expected, came, Some(link));
        if expectation.line == 0 {
            return failure;
        }
        Failure { line: expectation.line, statement: expectation.text.as_str().into(), ..failure }
    }
}
