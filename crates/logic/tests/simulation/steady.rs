//! What must be true in the meantime: nobody is told that someone is offline, or online, who has long
//! been the contrary, with nothing in the way.

use std::collections::BTreeMap;

use model::{NodeId, SessionId};

use crate::client::{Client, Stage};
use crate::model::{PEOPLE, Truth, email};
use crate::world::World;

/// After so long, in milliseconds, whatever was lost or late before has been made good.
const LONG: u64 = 6_000;

/// Whether a watcher is to see someone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sight {
    /// Something is in the way: what is shown may be late.
    Unclear,
    Seen(SessionId),
    Unseen,
}

/// Someone's session, unless it is unclear what others are to see of it.
#[derive(Clone, Copy)]
enum Known<'a> {
    Unclear,
    Session(&'a Client),
    Nobody,
}

impl World {
    /// An account with two sessions, or whose lists its server does not know yet, is unclear.
    fn known(&self, person: usize) -> Known<'_> {
        let mut sessions = self.clients.values().filter(|client| client.person == person);
        match (sessions.next(), sessions.next()) {
            (None, _) => Known::Nobody,
            (Some(one), None) if !one.busy && one.known == self.accounts[person] => Known::Session(one),
            _ => Known::Unclear,
        }
    }

    fn sight(&self, watching: Known<'_>, target: Known<'_>) -> Sight {
        let Known::Session(watching) = watching else { return Sight::Unclear };
        if watching.stage < Stage::Appeared {
            return Sight::Unclear;
        }
        match target {
            Known::Unclear => Sight::Unclear,
            Known::Nobody => Sight::Unseen,
            Known::Session(target) if !self.together(watching.node, target.node) => Sight::Unclear,
            Known::Session(target) => {
                let truth = Truth { accounts: &self.accounts, clients: &self.clients };
                let seen = truth.shows(target, watching.person);
                if seen { Sight::Seen(target.session) } else { Sight::Unseen }
            }
        }
    }

    /// Do both servers see each other, and is nothing in between?
    fn together(&self, one: NodeId, other: NodeId) -> bool {
        let sees = |one, other| self.servers.get(&one).is_some_and(|server| server.view.contains(&other));
        one == other || sees(one, other) && sees(other, one) && self.reach(one, other)
    }

    /// Notes since when each watcher has been to see whom.
    pub(crate) fn look_on(&mut self) {
        let people: [Known<'_>; PEOPLE] = std::array::from_fn(|person| self.known(person));
        let mut steady = BTreeMap::new();
        for watcher in people {
            let Known::Session(Client { session, .. }) = watcher else { continue };
            for (target, known) in people.into_iter().enumerate() {
                let (sight, key) = (self.sight(watcher, known), (*session, target));
                let since = self.steady.get(&key).filter(|(before, _)| *before == sight).map(|(_, since)| *since);
                steady.insert(key, (sight, since.unwrap_or(self.now)));
            }
        }
        self.steady = steady;
    }

    /// A client has been told this.
    pub(crate) fn check_told(&self, watcher: SessionId, line: &str) {
        let is_about = |target: &usize| line.split(' ').any(|word| word == email(*target).as_str());
        let Some(target) = (0..PEOPLE).find(is_about) else { return };
        let sight = self.sight(self.known(self.clients[&watcher].person), self.known(target));
        let steady = self.steady.get(&(watcher, target));
        if steady.is_some_and(|(before, since)| *before == sight && since + LONG < self.now) {
            let offline = line.starts_with("FLN ");
            let wrong = matches!((sight, offline), (Sight::Seen(_), true) | (Sight::Unseen, false));
            assert!(!wrong, "s{watcher} is told {line}, and has long been {sight:?}");
        }
    }
}
