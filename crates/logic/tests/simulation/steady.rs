//! What must be true in the meantime: nobody is told that someone is offline, or online, who has long
//! been the contrary, with nothing in the way.

use model::SessionId;

use crate::client::Stage;
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

impl World {
    fn sight(&self, watcher: SessionId, target: usize) -> Sight {
        let watching = &self.clients[&watcher];
        let of = |person| self.clients.values().filter(move |client| client.person == person);
        let knows = |person: usize| of(person).all(|client| client.known == self.accounts[person] && !client.busy);
        let apart = |client: &crate::client::Client| {
            let (one, other) = (client.node, watching.node);
            let blind = |one, other| !self.servers[&one].view.contains(&other) || !self.reach(one, other);
            one != other && (blind(one, other) || blind(other, one))
        };
        if watching.stage < Stage::Appeared || !knows(watching.person) || !knows(target) || of(target).any(apart) {
            return Sight::Unclear;
        }
        let truth = Truth { accounts: &self.accounts, clients: &self.clients };
        match of(target).count() {
            0 => Sight::Unseen,
            1 => truth.seen(target, watching.person).map_or(Sight::Unseen, |client| Sight::Seen(client.session)),
            _ => Sight::Unclear,
        }
    }

    /// Notes since when each watcher has been to see whom.
    pub(crate) fn look_on(&mut self) {
        let pairs: Vec<(SessionId, usize)> =
            self.clients.keys().flat_map(|watcher| (0..PEOPLE).map(|target| (*watcher, target))).collect();
        self.steady.retain(|(watcher, _), _| self.clients.contains_key(watcher));
        for (watcher, target) in pairs {
            let sight = self.sight(watcher, target);
            let steady = self.steady.entry((watcher, target)).or_insert((sight, self.now));
            if steady.0 != sight {
                *steady = (sight, self.now);
            }
        }
    }

    /// A client has been told this.
    pub(crate) fn check_told(&self, watcher: SessionId, line: &str) {
        let is_about = |target: &usize| line.split(' ').any(|word| word == email(*target).as_str());
        let Some(target) = (0..PEOPLE).find(is_about) else { return };
        let sight = self.sight(watcher, target);
        let steady = self.steady.get(&(watcher, target));
        if steady.is_some_and(|(before, since)| *before == sight && since + LONG < self.now) {
            let offline = line.starts_with("FLN ");
            let wrong = matches!((sight, offline), (Sight::Seen(_), true) | (Sight::Unseen, false));
            assert!(!wrong, "s{watcher} is told {line}, and has long been {sight:?}");
        }
    }
}
