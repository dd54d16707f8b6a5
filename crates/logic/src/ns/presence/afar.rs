//! Who watches whom from another notification server, and what each tells the other about it.
//!
//! A watch has a number, and whatever a server tells goes with the highest number that it knew of
//! the receiver's: so what it tells of someone is told from what it told when they were watched
//! before.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use model::{Address, NodeId, Notice as News, Presence as Shown, UserId};
use msnp::TrId;
use msnp::ns::Event;

use super::heal::BATCH;
use super::watch::Showing;
use super::watchers::{Watchers, forget};
use super::{Afar, Look, Presence, Seer};
use crate::Outlet;
use crate::ns::Notice;
use crate::ns::fan::Fan;

/// About how many bytes of people shown go into one message. The bus carries 1 MiB.
const ROOM: usize = 256 << 10;

impl<O: Outlet<Notice = Notice>> Presence<O> {
    /// Takes a notice of another notification server.
    pub fn hear(&mut self, from: NodeId, news: News, afar: &mut Vec<(Address, News)>) {
        match news {
            News::Reverse { user, serial, peer, added } => {
                self.notify(user, Notice::Reverse { serial, peer: Box::new(peer), added });
            }
            News::Property { to, serial, user, email, property, value } => {
                self.notify(to, Notice::Property { serial, user, email, property, value });
            }
            News::Changed { user } => {
                self.notify(user, Notice::Reload);
            }
            // Of one that we do not see, nothing lasts: we would not see it go. When we do see it, we
            // tell each other everything.
            _ if !self.peers.contains_key(&from) => {}
            News::Watch { watcher, targets, tag, arrived } => {
                self.followed(from, tag, &[(watcher, targets)], afar);
                if arrived {
                    self.follow_back(from, [watcher], afar);
                }
            }
            News::Unwatch { watcher, targets } => {
                for target in targets {
                    forget(&mut self.followers, target, watcher, Some(from));
                }
            }
            News::Watched { watcher, tag, visible } => {
                for presence in visible {
                    self.show(from, u64::MAX, tag.map(TrId), &presence, &[watcher]);
                }
            }
            News::Shown { to, presence } => self.show(from, u64::MAX, None, &presence, &to),
            News::Gone { to, user, email: _ } => self.gone(from, user, &to, afar),
            News::Held { users } => self.held(from, &users, afar),
            News::Follow { number, tag, watches } => {
                self.learn(from, number);
                self.followed(from, tag, &watches, afar);
            }
            News::Show { knows, tag, shown } => {
                for (presence, to) in shown {
                    self.show(from, knows, tag.map(TrId), &presence, &to);
                }
            }
            News::Heal(step) => self.heal(from, step, afar),
        }
    }

    /// Users of another server watch others from now on: it is told who of them is here and visible.
    fn followed(
        &mut self,
        from: NodeId,
        tag: Option<u32>,
        watches: &[(UserId, Vec<UserId>)],
        afar: &mut Vec<(Address, News)>,
    ) {
        let mut visible: BTreeMap<UserId, (Shown, Vec<UserId>)> = BTreeMap::new();
        for (watcher, target) in watches.iter().flat_map(|(watcher, targets)| targets.iter().map(|to| (*watcher, *to)))
        {
            let Some(here) = self.here.get(&target) else { continue };
            let shown = if here.lets(watcher) { here.visible(target) } else { None };
            if let Some(shown) = shown {
                visible.entry(target).or_insert_with(|| (shown, Vec::new())).1.push(watcher);
            }
            self.followers.entry(target).or_default().insert(watcher, from);
        }
        self.show_afar(from, tag, visible.into_values(), afar);
    }

    /// Tells another server that its users are shown these.
    pub(super) fn show_afar(
        &self,
        node: NodeId,
        tag: Option<u32>,
        visible: impl Iterator<Item = (Shown, Vec<UserId>)>,
        afar: &mut Vec<(Address, News)>,
    ) {
        let knows = self.known(node);
        let (mut shown, mut size) = (Vec::new(), 0);
        for (presence, to) in visible {
            for to in to.chunks(BATCH) {
                if size > ROOM {
                    afar.push((Address::Node(node), News::Show { knows, tag, shown: std::mem::take(&mut shown) }));
                    size = 0;
                }
                size += weight(&presence) + to.len() * 10;
                shown.push((presence.clone(), to.to_vec()));
            }
        }
        if !shown.is_empty() {
            afar.push((Address::Node(node), News::Show { knows, tag, shown }));
        }
    }

    /// Asks a server how it shows someone to a watcher here.
    pub(super) fn ask_again(&self, watcher: UserId, target: UserId, node: NodeId) -> (Address, News) {
        let watches = vec![(watcher, vec![target])];
        (Address::Node(node), News::Follow { number: self.number, tag: None, watches })
    }

    /// These came online at `node`: it is told who watches them here.
    pub(super) fn follow_back(
        &self,
        node: NodeId,
        arrived: impl IntoIterator<Item = UserId>,
        afar: &mut Vec<(Address, News)>,
    ) {
        let mut watches: BTreeMap<UserId, Vec<UserId>> = BTreeMap::new();
        for target in arrived {
            for (watcher, _) in self.watchers.get(&target).into_iter().flat_map(Watchers::iter) {
                watches.entry(watcher).or_default().push(target);
            }
        }
        let (mut batch, mut size) = (Vec::new(), 0);
        for (watcher, targets) in watches {
            if size > BATCH {
                let watches = std::mem::take(&mut batch);
                afar.push((Address::Node(node), News::Follow { number: self.number, tag: None, watches }));
                size = 0;
            }
            size += 1 + targets.len();
            batch.push((watcher, targets));
        }
        if !batch.is_empty() {
            afar.push((Address::Node(node), News::Follow { number: self.number, tag: None, watches: batch }));
        }
    }

    /// Shows someone at `node` to watchers here, as far as they still watch.
    fn show(&mut self, node: NodeId, knows: u64, trid: Option<TrId>, presence: &Shown, to: &[UserId]) {
        let (mut initial, mut news) = (Showing::initial(presence, trid), Showing::initial(presence, None));
        let look = Look::of(presence);
        for watcher in to {
            let number = self.watchers.get(&presence.user).and_then(|all| all.of(*watcher));
            if number.is_none_or(|number| number > knows) {
                continue;
            }
            let before = self.on_screen(presence.user, *watcher);
            let Some(here) = self.here.get(watcher) else { continue };
            let showing = if before.is_some() { &mut news } else { &mut initial };
            showing.turn(&here.outlet, before, look);
            let there = self.afar.entry(presence.user);
            let there = there.or_insert_with(|| Afar { email: presence.email.clone(), seen_by: Vec::new() });
            there.seen_by.retain(|seer| (seer.watcher, seer.node) != (*watcher, node));
            there.seen_by.push(Seer { watcher: *watcher, node, knows, look });
        }
    }

    /// These watchers here are no longer shown someone by `node`. If they were shown them by
    /// another server since, that is how it stays; if before, they are told of that again.
    pub(super) fn gone(&mut self, node: NodeId, user: UserId, watchers: &[UserId], afar: &mut Vec<(Address, News)>) {
        let Some(email) = self.afar.get(&user).map(|there| there.email.clone()) else { return };
        let mut offline = Fan::new(Event::Fln { email: &email });
        for watcher in watchers {
            let (last, before) = (self.shown_by(user, *watcher), self.on_screen(user, *watcher));
            if !self.forget_seen(user, *watcher, Some(node)) {
                continue;
            }
            let Some(here) = self.here.get(watcher) else { continue };
            if let Some(shown) = self.seen(user, *watcher) {
                Showing::initial(&shown, None).turn(&here.outlet, before, Look::of(&shown));
                self.on_screen_now(user, *watcher, Some(Look::of(&shown)));
            } else if let Some(other) = self.shown_by(user, *watcher) {
                if last == Some(node) {
                    self.on_screen_now(user, *watcher, before);
                    afar.push(self.ask_again(*watcher, user, other));
                }
            } else {
                offline.send(&here.outlet);
            }
        }
    }

    /// All whom `node` shows to watchers here, as far as they are such: they are gone.
    pub(super) fn gone_where(&mut self, node: NodeId, which: impl Fn(&Seer) -> bool, afar: &mut Vec<(Address, News)>) {
        let shown = |there: &Afar| -> Vec<UserId> {
            there.seen_by.iter().filter(|seer| seer.node == node && which(seer)).map(|seer| seer.watcher).collect()
        };
        let mut gone: Vec<(UserId, Vec<UserId>)> = self
            .afar
            .iter()
            .map(|(user, there)| (*user, shown(there)))
            .filter(|(_, watchers)| !watchers.is_empty())
            .collect();
        gone.sort_unstable();
        for (user, watchers) in gone {
            self.gone(node, user, &watchers, afar);
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

    /// How the client of a watcher here shows someone: as it was last told, by whichever server.
    pub(super) fn on_screen(&self, target: UserId, watcher: UserId) -> Option<Look> {
        let there = self.afar.get(&target);
        let last = there.and_then(|there| there.seen_by.iter().rev().find(|seer| seer.watcher == watcher));
        last.map(|seer| seer.look).or_else(|| self.seen(target, watcher).map(|shown| Look::of(&shown)))
    }

    /// The client of a watcher here shows someone like this, whichever server has said it.
    pub(super) fn on_screen_now(&mut self, target: UserId, watcher: UserId, look: Option<Look>) {
        let (Some(look), Some(there)) = (look, self.afar.get_mut(&target)) else { return };
        if let Some(last) = there.seen_by.iter_mut().rev().find(|seer| seer.watcher == watcher) {
            last.look = look;
        }
    }

    /// The other server that shows `target` to a watcher here, if one does.
    pub(super) fn shown_by(&self, target: UserId, watcher: UserId) -> Option<NodeId> {
        let there = self.afar.get(&target)?;
        there.seen_by.iter().rev().find(|seer| seer.watcher == watcher).map(|seer| seer.node)
    }
}

impl Look {
    pub(super) fn of(presence: &Shown) -> Self {
        Self { face: digest(&presence.face()), personal: digest(&presence.personal) }
    }
}

/// Tells what is shown from anything else that might be; good within one process.
fn digest(shown: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    shown.hash(&mut hasher);
    hasher.finish()
}

/// About how many bytes it takes to tell of someone.
fn weight(presence: &Shown) -> usize {
    let long = |text: &Option<std::sync::Arc<str>>| text.as_deref().map_or(0, str::len);
    presence.email.as_str().len()
        + presence.name.as_str().len()
        + long(&presence.picture)
        + long(&presence.personal)
        + 32
}
