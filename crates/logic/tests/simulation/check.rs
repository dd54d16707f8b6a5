//! What must be true when all is at rest.

use std::collections::BTreeSet;

use model::NodeId;

use crate::client::Stage;
use crate::model::{PEOPLE, Truth, email, user};
use crate::world::World;

impl World {
    /// Compares the world with what it must be.
    pub(crate) fn check(&self) {
        self.check_sessions();
        let truth = Truth { accounts: &self.accounts, clients: &self.clients };
        for client in self.clients.values() {
            assert_eq!(client.screen, truth.screen(client), "what u{} (s{}) shows", client.person, client.session);
        }
        for (id, server) in &self.servers {
            let others: BTreeSet<NodeId> = self.servers.keys().filter(|other| *other != id).copied().collect();
            assert_eq!(server.view, others, "whom n{id} sees");
            assert!(server.table.is_whole(), "n{id} is still being told of someone's users");
            let (watches, shown): (BTreeSet<_>, BTreeSet<_>) =
                (server.table.watches().collect(), server.table.shown_from_afar().collect());
            assert_eq!(watches, truth.watches_at(*id), "who watches whom, by n{id}");
            assert_eq!(shown, truth.shown_at(*id), "who is shown by whom at n{id}");
            for (callee, caller) in (0..PEOPLE).flat_map(|callee| (0..PEOPLE).map(move |caller| (callee, caller))) {
                let is_here = truth.session(callee).is_some_and(|client| client.node == *id);
                let called = server.table.call(email(callee), user(caller)).is_ok();
                assert_eq!(called, is_here && truth.takes_call(callee, caller), "u{caller} calls u{callee} at n{id}");
            }
        }
    }

    /// One session per account, and none that nobody has.
    fn check_sessions(&self) {
        for person in 0..PEOPLE {
            let sessions: Vec<_> = self.clients.values().filter(|client| client.person == person).collect();
            assert!(sessions.len() < 2, "u{person} has {} sessions", sessions.len());
            assert!(sessions.iter().all(|client| !client.ending && !client.busy), "u{person} is at rest");
            for (id, server) in &self.servers {
                let is_here = sessions.iter().any(|client| client.node == *id);
                assert_eq!(server.table.is_here(user(person)), is_here, "u{person} at n{id}");
            }
        }
    }
}

impl Truth<'_> {
    /// What a server knows of who watches whom.
    fn watches_at(&self, id: NodeId) -> BTreeSet<(model::UserId, model::UserId, Option<NodeId>)> {
        let mut watches = BTreeSet::new();
        for (target, watcher) in self.watches() {
            if watcher.node == id {
                watches.insert((user(target), user(watcher.person), None));
            } else if self.session(target).is_some_and(|client| client.node == id) {
                watches.insert((user(target), user(watcher.person), Some(watcher.node)));
            }
        }
        watches
    }

    /// Who is shown to a server's users by other servers.
    fn shown_at(&self, id: NodeId) -> BTreeSet<(model::UserId, model::UserId, NodeId)> {
        let here = self.watches().filter(|(_, watcher)| watcher.node == id && watcher.stage == Stage::Appeared);
        let seen = here.filter_map(|(target, watcher)| {
            let seen = self.seen(target, watcher.person).filter(|seen| seen.node != id)?;
            Some((user(target), user(watcher.person), seen.node))
        });
        seen.collect()
    }
}
