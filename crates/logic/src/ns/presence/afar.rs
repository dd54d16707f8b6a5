//! What other notification servers tell this one about their users, and what follows here.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use model::{Address, NodeId, Notice as News, Role, UserId};
use msnp::TrId;
use msnp::ns::Event;

use super::watch::Showing;
use super::{Afar, Presence, Seer, Watcher};
use crate::Outlet;
use crate::ns::Notice;
use crate::ns::fan::Fan;

impl<O: Outlet<Notice = Notice>> Presence<O> {
    /// Takes a notice of another notification server.
    pub fn hear(&mut self, from: NodeId, news: News, afar: &mut Vec<(Address, News)>) {
        match news {
            News::Watch { watcher, targets, tag, arrived } => {
                let visible: Vec<_> = targets
                    .iter()
                    .filter(|target| self.here.contains_key(target))
                    .copied()
                    .collect::<Vec<UserId>>()
                    .into_iter()
                    .filter_map(|target| {
                        self.add_watcher(target, Watcher::There(watcher, from));
                        self.seen(target, watcher)
                    })
                    .collect();
                if !visible.is_empty() {
                    afar.push((Address::Node(from), News::Watched { watcher, tag, visible }));
                }
                // Whoever asks after a break needs to know that this was all.
                if arrived && tag.is_none() {
                    afar.push((Address::Node(from), News::Watched { watcher, tag, visible: Vec::new() }));
                }
                if arrived {
                    self.watch_arrival(watcher, from, afar);
                }
            }
            News::Unwatch { watcher, targets } => {
                for target in targets {
                    self.drop_watcher(target, Watcher::There(watcher, from));
                }
            }
            News::Watched { watcher, visible, .. } if visible.is_empty() => {
                for target in self.doubts.remove(&(watcher, from)).unwrap_or_default() {
                    self.gone(from, target, &[watcher], afar);
                }
            }
            News::Watched { watcher, tag, visible } => {
                for presence in visible {
                    self.show(from, watcher, tag.map(TrId), &presence);
                }
            }
            News::Shown { to, presence } => {
                for watcher in to {
                    self.show(from, watcher, None, &presence);
                }
            }
            News::Gone { to, user, email: _ } => self.gone(from, user, &to, afar),
            News::Reverse { user, serial, peer, added } => {
                self.notify(user, Notice::Reverse { serial, peer: Box::new(peer), added });
            }
            News::Property { to, serial, user: _, email, property, value } => {
                self.notify(to, Notice::Property { serial, email, property, value });
            }
            News::Changed { user } => {
                self.notify(user, Notice::Reload);
            }
        }
    }

    /// These watchers here are no longer shown someone by `node`. If they were shown them by
    /// another server since, that is how it stays; if before, they are told of that again.
    fn gone(&mut self, node: NodeId, user: UserId, watchers: &[UserId], afar: &mut Vec<(Address, News)>) {
        let Some(email) = self.afar.get(&user).map(|there| there.email.clone()) else { return };
        let mut offline = Fan::new(Event::Fln { email: &email });
        for watcher in watchers {
            let last = self.shown_by(user, *watcher);
            self.hand_on(user, *watcher, node);
            if !self.forget_seen(user, *watcher, Some(node)) {
                continue;
            }
            if self.seen(user, *watcher).is_some() {
                self.tell_initial(*watcher, user, None, true);
                self.shown_here(user, *watcher);
            } else if let Some(other) = self.shown_by(user, *watcher) {
                if last == Some(node) {
                    afar.push(ask_again(*watcher, user, other));
                }
            } else if let Some(here) = self.here.get(watcher) {
                offline.send(&here.outlet);
            }
        }
    }

    /// A notification server is gone, and everyone whom it held with it.
    pub fn lost(&mut self, node: NodeId) {
        self.doubts.retain(|(_, at), _| *at != node);
        let shown = |there: &Afar| -> Vec<UserId> {
            there.seen_by.iter().filter(|seer| seer.node == node).map(|seer| seer.watcher).collect()
        };
        let gone: Vec<(UserId, Vec<UserId>)> = self
            .afar
            .iter()
            .map(|(user, there)| (*user, shown(there)))
            .filter(|(_, watchers)| !watchers.is_empty())
            .collect();
        for (user, watchers) in gone {
            self.gone(node, user, &watchers, &mut Vec::new());
        }
        self.watchers.retain(|_, watchers| {
            watchers.retain(|watcher| !matches!(watcher, Watcher::There(_, at) if *at == node));
            !watchers.is_empty()
        });
    }

    /// Asks everyone again who is there: what came meanwhile may have been lost. Watchers are told
    /// only what differs; whoever is not told of again is gone.
    pub fn resume(&mut self, afar: &mut Vec<(Address, News)>) {
        self.doubts.clear();
        for (target, there) in &self.afar {
            for seer in &there.seen_by {
                self.doubts.entry((seer.watcher, seer.node)).or_default().push(*target);
            }
        }
        for (user, here) in self.here.iter().filter(|(_, here)| here.view.is_some()) {
            let watch = News::Watch { watcher: *user, targets: here.forward(), tag: None, arrived: true };
            afar.push((Address::Role(Role::Notification), watch));
        }
    }

    /// Forgets that `watcher` is shown `target` by this server, or by any. True if that was so.
    pub(super) fn forget_seen(&mut self, target: UserId, watcher: UserId, node: Option<NodeId>) -> bool {
        let Some(there) = self.afar.get_mut(&target) else { return false };
        let before = there.seen_by.len();
        there.seen_by.retain(|seer| seer.watcher != watcher || node.is_some_and(|node| node != seer.node));
        let saw = there.seen_by.len() < before;
        if there.seen_by.is_empty() {
            self.afar.remove(&target);
        }
        saw
    }

    /// What `node` has shown to a watcher here, as the last to do so, is what the client goes on
    /// showing when that server no longer counts.
    fn hand_on(&mut self, target: UserId, watcher: UserId, node: NodeId) {
        let Some(there) = self.afar.get_mut(&target) else { return };
        let mut seers = there.seen_by.iter_mut().rev().filter(|seer| seer.watcher == watcher);
        if let (Some(last), Some(next)) = (seers.next(), seers.next())
            && last.node == node
        {
            (next.face, next.personal) = (last.face, last.personal);
        }
    }

    /// A watcher here has been shown someone who is here: that is what the client shows now, whatever
    /// another server has shown it before.
    pub(super) fn shown_here(&mut self, target: UserId, watcher: UserId) {
        let (Some(shown), Some(there)) = (self.seen(target, watcher), self.afar.get_mut(&target)) else { return };
        if let Some(last) = there.seen_by.iter_mut().rev().find(|seer| seer.watcher == watcher) {
            (last.face, last.personal) = (digest(&shown.face()), digest(&shown.personal));
        }
    }

    /// The other server that shows `target` to a watcher here, if one does.
    pub(super) fn shown_by(&self, target: UserId, watcher: UserId) -> Option<NodeId> {
        let there = self.afar.get(&target)?;
        there.seen_by.iter().rev().find(|seer| seer.watcher == watcher).map(|seer| seer.node)
    }

    /// Someone came online at `node`: whoever watches them here asks to be shown.
    fn watch_arrival(&self, arrived: UserId, node: NodeId, afar: &mut Vec<(Address, News)>) {
        for watcher in self.watchers.get(&arrived).into_iter().flatten() {
            if let Watcher::Here(watcher) = *watcher {
                afar.push(ask_again(watcher, arrived, node));
            }
        }
    }

    /// Shows someone at `node` to a watcher here, if the watcher still is one.
    fn show(&mut self, node: NodeId, watcher: UserId, trid: Option<TrId>, presence: &model::Presence) {
        if !self.watchers.get(&presence.user).is_some_and(|all| all.contains(&Watcher::Here(watcher))) {
            return;
        }
        let is_here = self.seen(presence.user, watcher).is_some();
        let Some(here) = self.here.get(&watcher) else { return };
        let there = self
            .afar
            .entry(presence.user)
            .or_insert_with(|| Afar { email: presence.email.clone(), seen_by: Vec::new() });
        let (face, personal) = (digest(&presence.face()), digest(&presence.personal));
        // What the watcher was shown last, by whichever server.
        let last = there.seen_by.iter().rev().find(|seer| seer.watcher == watcher);
        let same = last.filter(|seer| trid.is_none() && seer.node == node);
        let is_news = same.is_none_or(|seer| seer.face != face);
        // Who comes from another server may have said something there, and say nothing now.
        let has_more = match same {
            Some(seer) => seer.personal != personal,
            None => presence.personal.is_some() || last.is_some() || is_here,
        };
        Showing::initial(presence, trid).send(&here.outlet, is_news, has_more);
        there.seen_by.retain(|seer| (seer.watcher, seer.node) != (watcher, node));
        there.seen_by.push(Seer { watcher, node, face, personal });
        if let Some(doubts) = self.doubts.get_mut(&(watcher, node)) {
            doubts.retain(|target| *target != presence.user);
        }
    }
}

/// Tells what is shown from anything else that might be; good within one process.
fn digest(shown: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    shown.hash(&mut hasher);
    hasher.finish()
}

/// Asks a server how it shows someone to a watcher here.
pub(super) fn ask_again(watcher: UserId, target: UserId, node: NodeId) -> (Address, News) {
    (Address::Node(node), News::Watch { watcher, targets: vec![target], tag: None, arrived: false })
}
