//! What a client knows of its forward list while it edits it.

use std::collections::BTreeSet;
use std::io;

use crate::client::Client;

/// People to put on the list and take off it.
pub(crate) const PEOPLE: usize = 12;

pub(crate) fn person(number: usize) -> String {
    format!("person{number}@example.com")
}

/// What was acknowledged, and the edit that was not.
#[derive(Default, Debug)]
pub(crate) struct Known {
    pub(crate) acknowledged: BTreeSet<String>,
    under_way: Option<(bool, String)>,
    /// How many edits were acknowledged.
    pub(crate) edits: u32,
}

/// How an edit was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Done,
    /// With this code. It may have been carried out all the same.
    Refused(u16),
}

impl Known {
    /// Is this what the list may be?
    pub(crate) fn allows(&self, found: &BTreeSet<String>) -> bool {
        let mut after = self.acknowledged.clone();
        if let Some((add, handle)) = &self.under_way {
            if *add {
                after.insert(handle.clone())
            } else {
                after.remove(handle)
            };
        }
        *found == self.acknowledged || *found == after
    }

    /// From now on, this is what the list is.
    pub(crate) fn adopt(&mut self, found: BTreeSet<String>) {
        self.acknowledged = found;
        self.under_way = None;
    }

    /// Makes one edit: the one that was refused before, or another.
    pub(crate) fn edit(&mut self, client: &mut Client) -> io::Result<Outcome> {
        let again = self.under_way.is_some();
        let (add, handle) = self.under_way.take().unwrap_or_else(|| {
            let handle = person(rand_below(PEOPLE));
            (!self.acknowledged.contains(&handle), handle)
        });
        self.under_way = Some((add, handle.clone()));
        let verb = if add { "ADD" } else { "REM" };
        let name = if add { format!(" {handle}") } else { String::new() };
        let answer = client.ask(&format!("{verb} {{}} FL {handle}{name}"))?;
        match answer.split(' ').next().and_then(|word| word.parse().ok()) {
            None => {}
            // It had been carried out when it was first asked for.
            Some(215 | 216) if again => {}
            Some(code) => return Ok(Outcome::Refused(code)),
        }
        self.under_way = None;
        self.edits += 1;
        if add {
            self.acknowledged.insert(handle)
        } else {
            self.acknowledged.remove(&handle)
        };
        Ok(Outcome::Done)
    }
}

/// A number that differs from run to run; which one does not matter.
pub(crate) fn rand_below(limit: usize) -> usize {
    use std::hash::{BuildHasher, RandomState};
    usize::try_from(RandomState::new().hash_one(0) % limit as u64).unwrap()
}
