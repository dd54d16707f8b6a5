//! Who watches whom, and what each watcher is told when someone changes.

use std::collections::BTreeMap;

use model::{Address, Email, NodeId, Notice as News, Presence as Shown, Role, SessionId, UserId};
use msnp::TrId;
use msnp::ns::Event;

use super::heal::BATCH;
use super::watchers::forget;
use super::{Here, Look, Presence};
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
            self.add_watcher(*target, user);
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
        if forget(&mut self.watchers, target, user, None) {
            self.forget_seen(target, user, None);
            let unwatch = News::Unwatch { watcher: user, targets: vec![target] };
            afar.push((Address::Role(Role::Notification), unwatch));
        }
    }

    /// The user watches nobody any more.
    pub(super) fn stop_watching(&mut self, user: UserId, targets: Vec<UserId>, afar: &mut Vec<(Address, News)>) {
        for target in &targets {
            forget(&mut self.watchers, *target, user, None);
            self.forget_seen(*target, user, None);
        }
        if !targets.is_empty() {
            afar.push((Address::Role(Role::Notification), News::Unwatch { watcher: user, targets }));
        }
    }

    /// Someone here watches `target` from now on, or goes on doing so.
    fn add_watcher(&mut self, target: UserId, watcher: UserId) {
        let watchers = self.watchers.entry(target).or_default();
        if watchers.of(watcher).is_none() {
            watchers.insert(watcher, self.number);
        }
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
        let Some(here) = self.here.get_mut(&user) else { return };
        let watchers = self.watchers.remove(&user).unwrap_or_default();
        let followers = self.followers.remove(&user).unwrap_or_default();
        let before = here.visible(user);
        let could = |watcher| before.is_some() && here.lets(watcher);
        let watchers_could: Vec<bool> = watchers.iter().map(|(watcher, _)| could(watcher)).collect();
        let followers_could: Vec<bool> = followers.iter().map(|(watcher, _)| could(watcher)).collect();
        change(here);
        let after = here.visible(user);
        let email = here.email.clone();
        let both = before.as_ref().zip(after.as_ref());
        let turn = Turn {
            user,
            email: &email,
            after: after.as_ref(),
            face: both.is_none_or(|(before, after)| !before.looks_like(after)),
            personal: both.is_none_or(|(before, after)| before.personal != after.personal),
        };
        self.tell_watchers(&turn, watchers.iter().zip(watchers_could), afar);
        self.tell_followers(&turn, followers.iter().zip(followers_could), afar);
        if !watchers.is_empty() {
            self.watchers.insert(user, watchers);
        }
        if !followers.is_empty() {
            self.followers.insert(user, followers);
        }
    }

    /// Tells each of these watchers here, of whom is known whether they could see the one who has
    /// changed.
    fn tell_watchers(
        &mut self,
        turn: &Turn<'_>,
        watchers: impl Iterator<Item = ((UserId, u64), bool)>,
        afar: &mut Vec<(Address, News)>,
    ) {
        let Turn { user, email, after, face, personal } = *turn;
        let mut online = after.map(|presence| Showing::initial(presence, None));
        let has_personal = after.is_some_and(|after| after.personal.is_some());
        let mut offline = Fan::new(Event::Fln { email });
        // Hardly ever: another server has shown them, and has yet to take it back.
        let elsewhere = after.filter(|_| self.afar.contains_key(&user)).map(Look::of);
        let mut moved = Vec::new();
        for ((watcher, _), could) in watchers {
            let can = after.is_some() && self.here[&user].lets(watcher);
            if !turn.is_news(could, can) {
                continue;
            }
            match &mut online {
                Some(online) if can => {
                    let Some(to) = self.here.get(&watcher) else { continue };
                    match elsewhere.filter(|_| self.shown_by(user, watcher).is_some()) {
                        Some(look) => {
                            online.turn(&to.outlet, self.on_screen(user, watcher), look);
                            moved.push(watcher);
                        }
                        None if could => online.send(&to.outlet, face, personal),
                        None => online.send(&to.outlet, true, has_personal),
                    }
                }
                // Someone who is at another server by now is not gone.
                _ => match (self.shown_by(user, watcher), self.here.get(&watcher)) {
                    (Some(node), _) => afar.push(self.ask_again(watcher, user, node)),
                    (None, Some(to)) => offline.send(&to.outlet),
                    (None, None) => {}
                },
            }
        }
        for watcher in moved {
            self.on_screen_now(user, watcher, elsewhere);
        }
    }

    /// Tells the servers of these watchers.
    fn tell_followers(
        &self,
        turn: &Turn<'_>,
        followers: impl Iterator<Item = ((UserId, NodeId), bool)>,
        afar: &mut Vec<(Address, News)>,
    ) {
        let mut shown: BTreeMap<NodeId, Vec<UserId>> = BTreeMap::new();
        let mut gone: BTreeMap<NodeId, Vec<UserId>> = BTreeMap::new();
        for ((watcher, node), could) in followers {
            let can = turn.after.is_some() && self.here[&turn.user].lets(watcher);
            if turn.is_news(could, can) {
                let told = if can { &mut shown } else { &mut gone };
                told.entry(node).or_default().push(watcher);
            }
        }
        for (node, to) in shown {
            self.show_afar(node, None, turn.after.iter().map(|presence| ((*presence).clone(), to.clone())), afar);
        }
        for (node, to) in gone {
            for to in to.chunks(BATCH) {
                let gone = News::Gone { to: to.to_vec(), user: turn.user, email: turn.email.clone() };
                afar.push((Address::Node(node), gone));
            }
        }
    }
}

/// What a change makes different for those who watch someone.
struct Turn<'a> {
    user: UserId,
    email: &'a Email,
    /// How they are shown from now on.
    after: Option<&'a Shown>,
    /// Is anything different but the personal message?
    face: bool,
    /// And that?
    personal: bool,
}

impl Turn<'_> {
    /// Is it news to a watcher who could see them before, or could not, and can now, or cannot?
    const fn is_news(&self, could: bool, can: bool) -> bool {
        could != can || can && (self.face || self.personal)
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
