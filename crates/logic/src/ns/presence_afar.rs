//! What other notification servers tell this one about their users, and what follows here.

use model::{Address, NodeId, Notice as News, UserId};
use msnp::TrId;
use msnp::ns::Event;

use super::Notice;
use super::fan::Fan;
use super::presence::{Afar, Presence, Watcher, initial};
use crate::Outlet;

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
                if arrived {
                    self.watch_arrival(watcher, from, afar);
                }
            }
            News::Unwatch { watcher, targets } => {
                for target in targets {
                    self.drop_watcher(target, Watcher::There(watcher, from));
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
            News::Gone { to, user, email } => {
                let mut offline = Fan::new(Event::Fln { email: &email });
                for watcher in to {
                    // Someone who has arrived at another server since is not gone.
                    if self.afar.get(&user).is_some_and(|there| there.node == from)
                        && self.forget_seen(user, watcher)
                        && let Some(here) = self.here.get(&watcher)
                    {
                        offline.send(&here.outlet);
                    }
                }
            }
            News::Reverse { user, serial, peer, added } => {
                self.notify(user, Notice::Reverse { serial, peer: Box::new(peer), added });
            }
            News::Property { to, serial, user: _, email, property, value } => {
                self.notify(to, Notice::Property { serial, email, property, value });
            }
        }
    }

    /// A notification server is gone, and everyone whom it held with it.
    pub fn lost(&mut self, node: NodeId) {
        let gone: Vec<UserId> =
            self.afar.iter().filter(|(_, there)| there.node == node).map(|(user, _)| *user).collect();
        for user in gone {
            let Some(there) = self.afar.remove(&user) else { continue };
            let mut offline = Fan::new(Event::Fln { email: &there.email });
            for watcher in &there.seen_by {
                if let Some(here) = self.here.get(watcher) {
                    offline.send(&here.outlet);
                }
            }
        }
        self.watchers.retain(|_, watchers| {
            watchers.retain(|watcher| !matches!(watcher, Watcher::There(_, at) if *at == node));
            !watchers.is_empty()
        });
    }

    /// Someone came online at `node`: whoever watches them here asks to be shown.
    fn watch_arrival(&self, arrived: UserId, node: NodeId, afar: &mut Vec<(Address, News)>) {
        for watcher in self.watchers.get(&arrived).into_iter().flatten() {
            if let Watcher::Here(watcher) = *watcher {
                let watch = News::Watch { watcher, targets: vec![arrived], tag: None, arrived: false };
                afar.push((Address::Node(node), watch));
            }
        }
    }

    /// Shows someone at `node` to a watcher here, if the watcher still is one.
    fn show(&mut self, node: NodeId, watcher: UserId, trid: Option<TrId>, presence: &model::Presence) {
        if !self.watchers.get(&presence.user).is_some_and(|all| all.contains(&Watcher::Here(watcher))) {
            return;
        }
        let Some(here) = self.here.get(&watcher) else { return };
        Fan::new(initial(presence, trid)).send(&here.outlet);
        let there = self.afar.entry(presence.user).or_insert_with(|| Afar {
            node,
            email: presence.email.clone(),
            seen_by: Vec::new(),
        });
        there.node = node;
        if !there.seen_by.contains(&watcher) {
            there.seen_by.push(watcher);
        }
    }
}
