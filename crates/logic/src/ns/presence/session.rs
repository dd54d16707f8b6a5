//! What a session does in the table, from its beginning to its end.

use model::{Address, Change, List, Lists, MessagePrivacy, Notice as News, Personal, Role, Roster, SessionId, UserId};
use msnp::TrId;

use super::{ENDING, Here, Presence, View};
use crate::Outlet;
use crate::ns::circle::Circle;
use crate::ns::{Identity, Notice};

impl<O: Outlet<Notice = Notice>> Presence<O> {
    /// A session begins, before its roster is known, at this time in Unix milliseconds. One that
    /// the account already has is told that it is taken over, here or elsewhere; true if watchers
    /// still see the one here.
    pub fn enter(
        &mut self,
        identity: &Identity,
        session: SessionId,
        since: i64,
        outlet: O,
        afar: &mut Vec<(Address, News)>,
    ) -> bool {
        let user = identity.user;
        let mut here = Here {
            session,
            since,
            outlet,
            email: identity.email.clone(),
            name: identity.name.clone(),
            view: None,
            personal: None,
            lingering: None,
            takes_calls: true,
            privacy: MessagePrivacy::OnlyAllowed,
            lists: Circle::default(),
        };
        if let Some(mut old) = self.here.remove(&user).map(|old| *old) {
            old.end();
            self.stop_watching(user, old.forward(), afar);
            here.lingering = old.view.map(|view| Box::new((view, old.personal))).or(old.lingering);
            // What watchers have been shown, until the roster brings the new one.
            here.name = old.name;
            here.privacy = old.privacy;
            here.lists = old.lists;
        }
        let lingers = here.lingering.is_some();
        self.by_email.insert(here.email.clone(), user);
        self.here.insert(user, Box::new(here));
        afar.push((Address::Role(Role::Notification), News::Held { users: vec![(user, since)] }));
        lingers
    }

    /// The roster of a session that has entered, or a newer one. Watchers are told what it
    /// changes, and new targets are watched.
    pub fn load(&mut self, user: UserId, session: SessionId, roster: &Roster, afar: &mut Vec<(Address, News)>) {
        let Some(here) = self.mine(user, session) else { return };
        let watching = here.view.is_some();
        // Not those who are on RL only: they would be searched for nothing, and someone well known has
        // thousands of them.
        let own = roster.contacts.iter().map(|contact| (contact.user, contact.lists.own()));
        let own = own.filter(|(_, lists)| !lists.is_empty());
        let (before, now): (Circle, Circle) = (here.lists.clone(), own.collect());
        for target in before.on(List::Forward).filter(|target| !now.lists_of(*target).has(List::Forward)) {
            self.unwatch(user, target, afar);
        }
        let new = now.on(List::Forward).filter(|target| !before.lists_of(*target).has(List::Forward)).collect();
        self.reveal(user, afar, |here| {
            here.privacy = roster.privacy;
            here.name = roster.name.clone();
            here.lists = now;
        });
        if watching {
            self.watch_all(user, new, None, afar);
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
        let unchanged = match (&here.view, &here.lingering) {
            (Some(old), _) => *old == view,
            (None, Some(old)) => old.0 == view && old.1 == here.personal,
            (None, None) => false,
        };
        let targets = if first { here.forward() } else { Vec::new() };
        let set = |here: &mut Here<O>| {
            here.view = Some(view);
            here.lingering = None;
        };
        match self.here.get_mut(&user).filter(|_| unchanged) {
            Some(here) => set(here),
            None => self.reveal(user, afar, set),
        }
        if first {
            self.watch_all(user, targets, Some(trid), afar);
        }
    }

    /// `UUX`: personal message and current media, which may be told before the first `CHG`.
    pub fn personal(
        &mut self,
        user: UserId,
        session: SessionId,
        personal: Option<Personal>,
        afar: &mut Vec<(Address, News)>,
    ) {
        if self.mine(user, session).is_some() {
            self.reveal(user, afar, |here| here.personal = personal);
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
        self.followers.remove(&user);
        true
    }

    /// An edit of the user's lists or settings is in the store: tell whoever it concerns, and watch
    /// nobody any more who has left FL. Whoever has come onto it is to be [watched](Self::watch).
    /// If another session has taken over meanwhile, here or elsewhere, it is told to read its roster
    /// again.
    pub fn edited(&mut self, user: UserId, session: SessionId, changes: &[Change], afar: &mut Vec<(Address, News)>) {
        self.roster_news += 1;
        let mine = self.mine(user, session).map(|here| here.since);
        if mine.is_none_or(|since| since == ENDING) {
            afar.push((Address::Role(Role::Notification), News::Changed { user }));
        }
        if mine.is_none() {
            self.notify(user, Notice::Reload);
            return;
        }
        for change in changes {
            if let Change::Contact { peer, now, .. } = change
                && now.as_ref().is_none_or(|now| !now.lists.has(List::Forward))
            {
                self.unwatch(user, *peer, afar);
            }
        }
        self.reveal(user, afar, |here| {
            for change in changes {
                match change {
                    Change::Contact { peer, now, .. } => {
                        here.lists.set(*peer, now.as_ref().map_or(Lists::NONE, |now| now.lists));
                    }
                    Change::Name(name) => here.name = name.clone(),
                    Change::Privacy(privacy) => here.privacy = *privacy,
                    Change::Prompt(_) | Change::Property(..) | Change::PutGroup(_) | Change::DropGroup(_) => {}
                }
            }
        });
    }

    /// `IMS`: does the user take calls?
    pub fn take_calls(&mut self, user: UserId, session: SessionId, on: bool) {
        if let Some(here) = self.mine(user, session) {
            here.takes_calls = on;
        }
    }

    pub(super) fn mine(&mut self, user: UserId, session: SessionId) -> Option<&mut Here<O>> {
        self.here.get_mut(&user).map(|here| &mut **here).filter(|here| here.session == session)
    }
}
