//! Who watches whom, and what each watcher is told when someone changes.

use std::collections::BTreeMap;

use model::{Address, NodeId, Notice as News, Presence as Shown, Role, SessionId, UserId};
use msnp::TrId;
use msnp::ns::Event;

use super::heal::BATCH;
use super::{Here, Look, Presence, Watcher};
use crate::Outlet;
use crate::ns::Notice;
use crate::ns::fan::Fan;

impl<O: Outlet<Notice = Notice>> Presence<O> {
    /// The user watches one more. Whether and how the target is shown is told by `ILN` with this
    /// transaction, or by `NLN` without one.
    pub fn watch(
        &mut self,
        user: UserId,
        session: SessionId,
        target: UserId,
        trid: Option<TrId>,
        afar: &mut Vec<(Address, News)>,
    ) {
        if self.mine(user, session).is_some_and(|here| here.view.is_some()) {
            self.watch_all(user, vec![target], trid, afar);
        }
    }

    /// The user watches these from now on, wherever they are: someone who moves is at two servers
    /// for a moment.
    pub(super) fn watch_all(
        &mut self,
        user: UserId,
        targets: Vec<UserId>,
        trid: Option<TrId>,
        afar: &mut Vec<(Address, News)>,
    ) {
        self.number += 1;
        for target in &targets {
            self.add_watcher(*target, Watcher::Here(user, self.number));
            self.tell_initial(user, *target, trid);
        }
        if !targets.is_empty() {
            let tag = trid.map(|trid| trid.0);
            let follow = News::Follow { number: self.number, tag, watches: vec![(user, targets)] };
            afar.push((Address::Role(Role::Notification), follow));
        }
    }

    /// The user watches one less.
    pub(super) fn unwatch(&mut self, user: UserId, target: UserId, afar: &mut Vec<(Address, News)>) {
        if self.drop_watcher(target, |watcher| matches!(watcher, Watcher::Here(other, _) if other == user)) {
            self.forget_seen(target, user, None);
            let unwatch = News::Unwatch { watcher: user, targets: vec![target] };
            afar.push((Address::Role(Role::Notification), unwatch));
        }
    }

    /// The user watches nobody any more.
    pub(super) fn stop_watching(&mut self, user: UserId, targets: Vec<UserId>, afar: &mut Vec<(Address, News)>) {
        for target in &targets {
            self.drop_watcher(*target, |watcher| matches!(watcher, Watcher::Here(other, _) if other == user));
            self.forget_seen(*target, user, None);
        }
        if !targets.is_empty() {
            afar.push((Address::Role(Role::Notification), News::Unwatch { watcher: user, targets }));
        }
    }

    /// Someone watches `target`, or goes on doing so.
    pub(super) fn add_watcher(&mut self, target: UserId, watcher: Watcher) {
        let watchers = self.watchers.entry(target).or_default();
        if !watchers.iter().any(|other| other.is(watcher)) {
            watchers.push(watcher);
        }
    }

    /// True if there was one.
    pub(super) fn drop_watcher(&mut self, target: UserId, which: impl Fn(Watcher) -> bool) -> bool {
        let Some(watchers) = self.watchers.get_mut(&target) else { return false };
        let before = watchers.len();
        watchers.retain(|watcher| !which(*watcher));
        let dropped = watchers.len() < before;
        if watchers.is_empty() {
            self.watchers.remove(&target);
        }
        dropped
    }

    /// What `viewer` is shown of `target`, who may be here.
    pub(super) fn seen(&self, target: UserId, viewer: UserId) -> Option<Shown> {
        let here = self.here.get(&target)?;
        if here.lets(viewer) { here.visible(target) } else { None }
    }

    /// Shows someone who is here to a watcher who is, too, and has not been shown them.
    fn tell_initial(&self, watcher: UserId, target: UserId, trid: Option<TrId>) {
        if let (Some(shown), Some(here)) = (self.seen(target, watcher), self.here.get(&watcher)) {
            Showing::initial(&shown, trid).turn(&here.outlet, None, Look::of(&shown));
        }
    }

    /// Makes a change to someone who is here, and tells each watcher what it changes for them.
    pub(super) fn reveal(&mut self, user: UserId, afar: &mut Vec<(Address, News)>, change: impl FnOnce(&mut Here<O>)) {
        let watchers = self.watchers.remove(&user).unwrap_or_default();
        let Some(here) = self.here.get_mut(&user) else { return };
        let before = here.visible(user);
        let could: Vec<bool> = watchers.iter().map(|watcher| before.is_some() && here.lets(watcher.user())).collect();
        change(here);
        let after = here.visible(user);
        let email = here.email.clone();
        let mut online = after.as_ref().map(|presence| Showing::initial(presence, None));
        let both = before.as_ref().zip(after.as_ref());
        let (face, personal) = (
            both.is_none_or(|(before, after)| !before.looks_like(after)),
            both.is_none_or(|(before, after)| before.personal != after.personal),
        );
        let has_personal = after.as_ref().is_some_and(|after| after.personal.is_some());
        let mut offline = Fan::new(Event::Fln { email: &email });
        let mut shown: BTreeMap<NodeId, Vec<UserId>> = BTreeMap::new();
        let mut gone: BTreeMap<NodeId, Vec<UserId>> = BTreeMap::new();
        // Hardly ever: another server has shown them, and has yet to take it back.
        let elsewhere = after.as_ref().filter(|_| self.afar.contains_key(&user)).map(Look::of);
        let mut moved = Vec::new();
        for (watcher, could) in watchers.iter().zip(could) {
            let can = after.is_some() && self.here[&user].lets(watcher.user());
            if !can && !could || can && could && !face && !personal {
                continue;
            }
            match (*watcher, &mut online) {
                (Watcher::Here(watcher, _), Some(online)) if can => self.here.get(&watcher).map(|to| {
                    match elsewhere.filter(|_| self.shown_by(user, watcher).is_some()) {
                        Some(look) => {
                            online.turn(&to.outlet, self.on_screen(user, watcher), look);
                            moved.push(watcher);
                        }
                        None if could => online.send(&to.outlet, face, personal),
                        None => online.send(&to.outlet, true, has_personal),
                    }
                }),
                // Someone who is at another server by now is not gone.
                (Watcher::Here(watcher, _), _) => match self.shown_by(user, watcher) {
                    Some(node) => {
                        afar.push(self.ask_again(watcher, user, node));
                        None
                    }
                    None => self.here.get(&watcher).map(|to| offline.send(&to.outlet)),
                },
                (Watcher::There(watcher, node), _) => {
                    let told = if can { &mut shown } else { &mut gone };
                    told.entry(node).or_default().push(watcher);
                    None
                }
            };
        }
        for watcher in moved {
            self.on_screen_now(user, watcher, elsewhere);
        }
        for (node, to) in shown {
            self.show_afar(node, None, after.iter().map(|presence| (presence.clone(), to.clone())), afar);
        }
        for (node, to) in gone {
            for to in to.chunks(BATCH) {
                let gone = News::Gone { to: to.to_vec(), user, email: email.clone() };
                afar.push((Address::Node(node), gone));
            }
        }
        if !watchers.is_empty() {
            self.watchers.insert(user, watchers);
        }
    }
}

impl Watcher {
    pub(super) const fn user(self) -> UserId {
        match self {
            Self::Here(user, _) | Self::There(user, _) => user,
        }
    }

    /// Are both the same, whenever they began?
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Here(one, _), Self::Here(other, _)) => one == other,
            (one, other) => one == other,
        }
    }
}

/// How someone is shown to watchers: `ILN` or `NLN`, and behind it `UBX` to those whose clients can
/// show a personal message.
pub(super) struct Showing<'a> {
    face: Fan<'a>,
    personal: Fan<'a>,
    has_personal: bool,
}

impl<'a> Showing<'a> {
    /// `ILN` in answer to a transaction, else `NLN`.
    pub(super) fn initial(presence: &'a Shown, trid: Option<TrId>) -> Self {
        let face = Fan::new(match trid {
            Some(trid) => Event::Iln { trid, presence },
            None => Event::Nln { presence },
        });
        let personal = presence.personal.as_deref().unwrap_or_default();
        let has_personal = presence.personal.is_some();
        Self { face, personal: Fan::new(Event::Ubx { email: &presence.email, personal }), has_personal }
    }

    /// Tells one of them what is different from what it was shown before.
    pub(super) fn turn(&mut self, outlet: &impl Outlet, before: Option<Look>, now: Look) {
        let face = before.is_none_or(|before| before.face != now.face);
        let personal = before.map_or(self.has_personal, |before| before.personal != now.personal);
        self.send(outlet, face, personal);
    }

    /// Tells one of them what is news to it.
    pub(super) fn send(&mut self, outlet: &impl Outlet, face: bool, personal: bool) {
        if face {
            self.face.send(outlet);
        }
        if personal && outlet.traits().personal {
            self.personal.send(outlet);
        }
    }
}
