//! Who is here, and who watches whom: the table that all sessions of a notification server share.
//!
//! It is an ordinary struct. Its daemon keeps it behind one lock, so that changes reach every
//! watcher in the order in which they were made. What other notification servers must be told
//! is pushed onto `afar`, in order; `presence_afar` is the other direction.
//!
//! B sees A exactly if A is signed in here and not hidden, B watches A (A is on B's FL and B has
//! made a first `CHG`), and A's lists let B. Whatever flips that is told to B at once.
//! (docs/PROTOCOL.md, Visibility)

use std::collections::{BTreeMap, HashMap};

use model::{
    Address, Change, Email, List, Lists, MessagePrivacy, Name, NodeId, Notice as News, Picture, Presence as Shown,
    Role, Roster, SessionId, Status, UserId,
};
use msnp::TrId;
use msnp::ns::Event;

use super::fan::Fan;
use super::presence_afar::ask_again;
use super::privacy;
use super::{Called, Identity, Notice};
use crate::Outlet;

/// What a client tells of itself with `CHG`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// Its state.
    pub status: Status,
    /// Its capability bits.
    pub capabilities: u32,
    /// Its display picture.
    pub picture: Option<Picture>,
}

/// Someone who may be called.
pub struct Callee<'a, O> {
    /// Who.
    pub user: UserId,
    /// Their friendly name.
    pub name: &'a Name,
    /// Their client's capability bits.
    pub capabilities: u32,
    /// The way to their client.
    pub outlet: &'a O,
}

/// Who is signed in here.
pub(super) struct Here<O> {
    pub(super) session: SessionId,
    pub(super) outlet: O,
    pub(super) email: Email,
    name: Name,
    /// `None` until the first `CHG`.
    pub(super) view: Option<View>,
    /// What watchers still see of a session that this one took over, until its first `CHG`.
    lingering: Option<View>,
    takes_calls: bool,
    privacy: MessagePrivacy,
    /// Everyone on a list of theirs.
    lists: Vec<(UserId, Lists)>,
}

/// Someone who watches someone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Watcher {
    Here(UserId),
    There(UserId, NodeId),
}

/// Someone at another notification server, as users here are shown them.
pub(super) struct Afar {
    pub(super) email: Email,
    /// Who is shown them, and by which server: the last to have told something comes last. While
    /// someone moves there may be two.
    pub(super) seen_by: Vec<Seer>,
}

/// A watcher here, and the server that shows them someone.
pub(super) struct Seer {
    pub(super) watcher: UserId,
    pub(super) node: NodeId,
    /// A digest of what was shown, so that nothing is shown twice.
    pub(super) shown: u64,
}

/// Who is here, and who watches whom.
pub struct Presence<O> {
    pub(super) here: HashMap<UserId, Here<O>>,
    by_email: HashMap<Email, UserId>,
    /// By the one who is watched, be they here, elsewhere or offline.
    pub(super) watchers: HashMap<UserId, Vec<Watcher>>,
    pub(super) afar: HashMap<UserId, Afar>,
    /// Whom a watcher here may no longer be shown by a server: it has been asked.
    pub(super) doubts: HashMap<(UserId, NodeId), Vec<UserId>>,
}

impl<O> Default for Presence<O> {
    fn default() -> Self {
        Self {
            here: HashMap::new(),
            by_email: HashMap::new(),
            watchers: HashMap::new(),
            afar: HashMap::new(),
            doubts: HashMap::new(),
        }
    }
}

impl<O> Here<O> {
    /// What others are shown: the view, or that of the session before, unless hidden.
    fn visible(&self, user: UserId) -> Option<Shown> {
        let view = self.view.as_ref().or(self.lingering.as_ref())?;
        (view.status != Status::Hidden).then(|| Shown {
            user,
            email: self.email.clone(),
            name: self.name.clone(),
            status: view.status,
            capabilities: view.capabilities,
            picture: view.picture.clone(),
        })
    }

    pub(super) fn lists_of(&self, peer: UserId) -> Lists {
        self.lists.iter().find(|(user, _)| *user == peer).map_or(Lists::NONE, |(_, lists)| *lists)
    }

    fn lets(&self, peer: UserId) -> bool {
        privacy::lets(self.privacy, self.lists_of(peer))
    }

    /// Whom this user watches.
    pub(super) fn forward(&self) -> Vec<UserId> {
        self.lists.iter().filter(|(_, lists)| lists.has(List::Forward)).map(|(user, _)| *user).collect()
    }
}

impl<O: Outlet<Notice = Notice>> Presence<O> {
    /// A session begins, before its roster is known. One that the account already has here is
    /// told that it is taken over; true if watchers still see that one.
    pub fn enter(
        &mut self,
        identity: &Identity,
        session: SessionId,
        outlet: O,
        afar: &mut Vec<(Address, News)>,
    ) -> bool {
        let user = identity.user;
        let mut here = Here {
            session,
            outlet,
            email: identity.email.clone(),
            name: identity.name.clone(),
            view: None,
            lingering: None,
            takes_calls: true,
            privacy: MessagePrivacy::OnlyAllowed,
            lists: Vec::new(),
        };
        if let Some(old) = self.here.remove(&user) {
            old.outlet.notify(Notice::TakenOver);
            self.stop_watching(user, old.forward(), afar);
            here.lingering = old.view.or(old.lingering);
            // What watchers have been shown, until the roster brings the new one.
            here.name = old.name;
            here.privacy = old.privacy;
            here.lists = old.lists;
        }
        let lingers = here.lingering.is_some();
        self.by_email.insert(here.email.clone(), user);
        self.here.insert(user, here);
        lingers
    }

    /// The roster of a session that has entered, or a newer one. Watchers are told what it
    /// changes, and new targets are watched.
    pub fn load(&mut self, user: UserId, session: SessionId, roster: &Roster, afar: &mut Vec<(Address, News)>) {
        let Some(here) = self.mine(user, session) else { return };
        let targets = here.forward();
        let watching = here.view.is_some();
        self.reveal(user, afar, |here| {
            here.privacy = roster.privacy;
            here.name = roster.name.clone();
            here.lists = roster.contacts.iter().map(|contact| (contact.user, contact.lists.own())).collect();
        });
        if watching {
            for contact in roster.on(List::Forward).filter(|contact| !targets.contains(&contact.user)) {
                self.watch(user, session, contact.user, &contact.email, None, afar);
            }
            for target in targets {
                if !roster.by_id(target).is_some_and(|contact| contact.lists.has(List::Forward)) {
                    self.unwatch(user, session, target, afar);
                }
            }
        }
    }

    /// `CHG`. The first one of a session makes it a watcher: it is sent an `ILN` with this
    /// transaction for each contact whom it can see.
    pub fn appear(
        &mut self,
        user: UserId,
        session: SessionId,
        view: View,
        trid: TrId,
        afar: &mut Vec<(Address, News)>,
    ) {
        let Some(here) = self.mine(user, session) else { return };
        let first = here.view.is_none();
        let unchanged = here.view.as_ref().or(here.lingering.as_ref()) == Some(&view);
        let targets = if first { here.forward() } else { Vec::new() };
        let set = |here: &mut Here<O>| {
            here.view = Some(view);
            here.lingering = None;
        };
        if unchanged {
            self.here.get_mut(&user).map(set);
        } else {
            self.reveal(user, afar, set);
        }
        if first {
            for target in &targets {
                self.add_watcher(*target, Watcher::Here(user));
                self.tell_initial(user, *target, Some(trid));
            }
            let watch = News::Watch { watcher: user, targets, tag: Some(trid.0), arrived: true };
            afar.push((Address::Role(Role::Notification), watch));
        }
    }

    /// The time that a session had to appear before watchers are told that the one before it is
    /// gone is over.
    pub fn settle(&mut self, user: UserId, session: SessionId, afar: &mut Vec<(Address, News)>) {
        if self.mine(user, session).is_some_and(|here| here.view.is_none()) {
            self.reveal(user, afar, |here| here.lingering = None);
        }
    }

    /// The session has ended. False if it had been taken over, and nothing is left of it.
    pub fn leave(&mut self, user: UserId, session: SessionId, afar: &mut Vec<(Address, News)>) -> bool {
        if self.mine(user, session).is_none() {
            return false;
        }
        self.reveal(user, afar, |here| {
            here.view = None;
            here.lingering = None;
        });
        let Some(here) = self.here.remove(&user) else { return false };
        self.by_email.remove(&here.email);
        self.stop_watching(user, here.forward(), afar);
        // Watchers at other servers start anew when the user arrives somewhere again.
        if let Some(watchers) = self.watchers.get_mut(&user) {
            watchers.retain(|watcher| matches!(watcher, Watcher::Here(_)));
            if watchers.is_empty() {
                self.watchers.remove(&user);
            }
        }
        true
    }

    /// The user watches nobody any more.
    fn stop_watching(&mut self, user: UserId, targets: Vec<UserId>, afar: &mut Vec<(Address, News)>) {
        for target in &targets {
            self.drop_watcher(*target, Watcher::Here(user));
            self.forget_seen(*target, user, None);
        }
        if !targets.is_empty() {
            afar.push((Address::Role(Role::Notification), News::Unwatch { watcher: user, targets }));
        }
    }

    /// An edit of the user's lists or settings is in the store: tell whoever it concerns.
    /// If another session has taken over meanwhile, it is told to read its roster again.
    pub fn edited(&mut self, user: UserId, session: SessionId, changes: &[Change], afar: &mut Vec<(Address, News)>) {
        if self.mine(user, session).is_none() {
            self.notify(user, Notice::Reload);
            return;
        }
        self.reveal(user, afar, |here| {
            for change in changes {
                match change {
                    Change::Contact { peer, now, .. } => {
                        here.lists.retain(|(contact, _)| contact != peer);
                        here.lists.extend(now.as_ref().map(|now| (*peer, now.lists)));
                    }
                    Change::Name(name) => here.name = name.clone(),
                    Change::Privacy(privacy) => here.privacy = *privacy,
                    Change::Prompt(_) | Change::Property(..) | Change::PutGroup(_) | Change::DropGroup(_) => {}
                }
            }
        });
    }

    /// The user watches one more. Whether and how the target is shown is told by `ILN` with this
    /// transaction, or by `NLN` without one.
    pub fn watch(
        &mut self,
        user: UserId,
        session: SessionId,
        target: UserId,
        email: &Email,
        trid: Option<TrId>,
        afar: &mut Vec<(Address, News)>,
    ) {
        if self.mine(user, session).is_none_or(|here| here.view.is_none()) {
            return;
        }
        self.add_watcher(target, Watcher::Here(user));
        if self.here.contains_key(&target) {
            self.tell_initial(user, target, trid);
        } else {
            let tag = trid.map(|trid| trid.0);
            let watch = News::Watch { watcher: user, targets: vec![target], tag, arrived: false };
            afar.push((Address::User(email.clone()), watch));
        }
    }

    /// The user watches one less.
    pub fn unwatch(&mut self, user: UserId, session: SessionId, target: UserId, afar: &mut Vec<(Address, News)>) {
        if self.mine(user, session).is_none() {
            return;
        }
        self.drop_watcher(target, Watcher::Here(user));
        while let Some(node) = self.shown_by(target, user) {
            let unwatch = News::Unwatch { watcher: user, targets: vec![target] };
            afar.push((Address::Node(node), unwatch));
            self.forget_seen(target, user, Some(node));
        }
    }

    /// `IMS`: does the user take calls?
    pub fn take_calls(&mut self, user: UserId, session: SessionId, on: bool) {
        if let Some(here) = self.mine(user, session) {
            here.takes_calls = on;
        }
    }

    /// May `caller` call the user with this handle?
    pub fn call(&self, callee: &Email, caller: UserId) -> Result<Callee<'_, O>, Called> {
        let user = self.by_email.get(callee).ok_or(Called::Offline)?;
        let here = self.here.get(user).ok_or(Called::Offline)?;
        match &here.view {
            Some(view) if view.status != Status::Hidden && here.takes_calls => {
                // Who is not there says nothing of whom they block.
                if !here.lets(caller) {
                    return Err(Called::Blocked);
                }
                let (name, outlet) = (&here.name, &here.outlet);
                Ok(Callee { user: *user, name, capabilities: view.capabilities, outlet })
            }
            _ => Err(Called::Offline),
        }
    }

    /// May this user, who is here, call others? Not while hidden. One who has yet to appear in this
    /// session may: rooms outlive sign-ins.
    pub fn may_call(&self, user: UserId) -> bool {
        let view = self.here.get(&user).and_then(|here| here.view.as_ref());
        view.is_none_or(|view| view.status != Status::Hidden)
    }

    /// Is this user signed in here?
    pub fn is_here(&self, user: UserId) -> bool {
        self.here.contains_key(&user)
    }

    /// The way to the client of the user with this handle, if they are here and have appeared.
    pub fn outlet(&self, email: &Email) -> Option<&O> {
        let here = self.here.get(self.by_email.get(email)?)?;
        here.view.as_ref().map(|_| &here.outlet)
    }

    /// Tells the session of a user who is here. False if they are not.
    pub fn notify(&self, user: UserId, notice: Notice) -> bool {
        self.here.get(&user).map(|here| here.outlet.notify(notice)).is_some()
    }

    /// The user's friendly name and capability bits, as their session stands.
    pub fn card(&mut self, user: UserId, session: SessionId) -> Option<(Name, u32)> {
        let here = self.mine(user, session)?;
        Some((here.name.clone(), here.view.as_ref().map_or(0, |view| view.capabilities)))
    }

    /// Tells every session.
    pub fn notify_all(&self, notice: impl Fn() -> Notice) {
        for here in self.here.values() {
            here.outlet.notify(notice());
        }
    }

    /// How many are signed in here.
    pub fn count(&self) -> usize {
        self.here.len()
    }

    pub(super) fn mine(&mut self, user: UserId, session: SessionId) -> Option<&mut Here<O>> {
        self.here.get_mut(&user).filter(|here| here.session == session)
    }

    pub(super) fn add_watcher(&mut self, target: UserId, watcher: Watcher) {
        let watchers = self.watchers.entry(target).or_default();
        if !watchers.contains(&watcher) {
            watchers.push(watcher);
        }
    }

    pub(super) fn drop_watcher(&mut self, target: UserId, watcher: Watcher) {
        if let Some(watchers) = self.watchers.get_mut(&target) {
            watchers.retain(|other| *other != watcher);
            if watchers.is_empty() {
                self.watchers.remove(&target);
            }
        }
    }

    /// What `viewer` is shown of `target`, who may be here.
    pub(super) fn seen(&self, target: UserId, viewer: UserId) -> Option<Shown> {
        let here = self.here.get(&target)?;
        if here.lets(viewer) { here.visible(target) } else { None }
    }

    pub(super) fn tell_initial(&self, watcher: UserId, target: UserId, trid: Option<TrId>) {
        if let (Some(shown), Some(here)) = (self.seen(target, watcher), self.here.get(&watcher)) {
            Fan::new(initial(&shown, trid)).send(&here.outlet);
        }
    }

    /// Makes a change to someone who is here, and tells each watcher what it changes for them.
    fn reveal(&mut self, user: UserId, afar: &mut Vec<(Address, News)>, change: impl FnOnce(&mut Here<O>)) {
        let watchers = self.watchers.remove(&user).unwrap_or_default();
        let Some(here) = self.here.get_mut(&user) else { return };
        let before = here.visible(user);
        let could: Vec<bool> = watchers.iter().map(|watcher| before.is_some() && here.lets(watcher.user())).collect();
        change(here);
        let after = here.visible(user);
        let email = here.email.clone();
        let mut online = after.as_ref().map(|presence| Fan::new(Event::Nln { presence }));
        let mut offline = Fan::new(Event::Fln { email: &email });
        let mut shown: BTreeMap<NodeId, Vec<UserId>> = BTreeMap::new();
        let mut gone: BTreeMap<NodeId, Vec<UserId>> = BTreeMap::new();
        for (watcher, could) in watchers.iter().zip(could) {
            let can = after.is_some() && self.here[&user].lets(watcher.user());
            if !can && !could || can && could && before == after {
                continue;
            }
            match (*watcher, &mut online) {
                (Watcher::Here(watcher), Some(online)) if can => {
                    self.here.get(&watcher).map(|to| online.send(&to.outlet))
                }
                // Someone who is at another server by now is not gone.
                (Watcher::Here(watcher), _) => match self.shown_by(user, watcher) {
                    Some(node) => {
                        afar.push(ask_again(watcher, user, node));
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
        for (node, to) in shown {
            if let Some(presence) = after.clone() {
                afar.push((Address::Node(node), News::Shown { to, presence }));
            }
        }
        for (node, to) in gone {
            afar.push((Address::Node(node), News::Gone { to, user, email: email.clone() }));
        }
        if !watchers.is_empty() {
            self.watchers.insert(user, watchers);
        }
    }
}

impl Watcher {
    pub(super) const fn user(self) -> UserId {
        match self {
            Self::Here(user) | Self::There(user, _) => user,
        }
    }
}

/// The first that a watcher hears of someone: `ILN` in answer to a transaction, else `NLN`.
pub(super) fn initial(presence: &Shown, trid: Option<TrId>) -> Event<'_> {
    match trid {
        Some(trid) => Event::Iln { trid, presence },
        None => Event::Nln { presence },
    }
}
