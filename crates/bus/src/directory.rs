//! Who holds which user. Pure; both carriers that know it themselves use this.

use std::collections::{HashMap, HashSet};

use model::{Email, NodeId};

/// Which members hold which users.
///
/// While a user moves from one server to another, both may hold them for a moment. Then the one
/// that said so last counts, and if that one lets go, the other counts again.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// Those who hold the user, the latest last; never empty.
    holders: HashMap<Email, Vec<NodeId>>,
    held: HashMap<NodeId, HashSet<Email>>,
}

impl Directory {
    /// `node` holds `user` from now on. Saying so again changes nothing.
    pub(crate) fn hold(&mut self, node: NodeId, user: &Email) {
        if self.held.entry(node).or_default().insert(user.clone()) {
            self.holders.entry(user.clone()).or_default().push(node);
        }
    }

    /// `node` holds `user` no longer.
    pub(crate) fn release(&mut self, node: NodeId, user: &Email) {
        if self.held.get_mut(&node).is_some_and(|held| held.remove(user)) {
            self.drop_holder(node, user);
        }
    }

    /// `node` holds nobody any longer.
    pub(crate) fn forget(&mut self, node: NodeId) {
        for user in self.held.remove(&node).unwrap_or_default() {
            self.drop_holder(node, &user);
        }
    }

    /// Who holds `user`?
    pub(crate) fn holder(&self, user: &Email) -> Option<NodeId> {
        self.holders.get(user).and_then(|holders| holders.last()).copied()
    }

    fn drop_holder(&mut self, node: NodeId, user: &Email) {
        if let Some(holders) = self.holders.get_mut(user) {
            holders.retain(|holder| *holder != node);
            if holders.is_empty() {
                self.holders.remove(user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);

    #[test]
    fn the_last_to_hold_counts() {
        let amy = Email::parse("amy@example.com").unwrap();
        let mut directory = Directory::default();
        assert_eq!(directory.holder(&amy), None);
        directory.hold(A, &amy);
        directory.hold(B, &amy);
        directory.hold(A, &amy);
        assert_eq!(directory.holder(&amy), Some(B), "holding is idempotent");
        directory.release(B, &amy);
        directory.release(B, &amy);
        assert_eq!(directory.holder(&amy), Some(A));
        directory.forget(A);
        assert_eq!(directory.holder(&amy), None);
        assert!(directory.holders.is_empty(), "nothing stays behind");
    }
}
