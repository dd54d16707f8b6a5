//! What sessions, desks and other daemons ask the table, and tell those who are in it.

use model::{Email, Name, NodeId, SessionId, Status, UserId};

use super::Presence;
use crate::Outlet;
use crate::ns::{Called, Notice};

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

impl<O: Outlet<Notice = Notice>> Presence<O> {
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

    /// How much has been told here of rosters that changed. If it is the same when a session
    /// [enters](Self::enter), the session's user was told nothing since, and their roster is as it was
    /// read then; provided that this is their home, and no other server had a session of theirs.
    pub const fn as_of(&self) -> u64 {
        self.roster_news
    }

    /// Tells the session of a user who is here. False if they are not.
    pub fn notify(&mut self, user: UserId, notice: Notice) -> bool {
        self.roster_news += 1;
        self.here.get(&user).map(|here| here.outlet.notify(notice)).is_some()
    }

    /// The user's friendly name and capability bits, as their session stands.
    pub fn card(&mut self, user: UserId, session: SessionId) -> Option<(Name, u32)> {
        let here = self.mine(user, session)?;
        Some((here.name.clone(), here.view.as_ref().map_or(0, |view| view.capabilities)))
    }

    /// Everyone who is signed in here.
    pub fn everyone(&self) -> impl Iterator<Item = (UserId, &Email)> {
        self.here.iter().map(|(user, here)| (*user, &here.email))
    }

    /// Tells every session.
    pub fn notify_all(&self, notice: impl Fn() -> Notice) {
        for here in self.here.values() {
            here.outlet.notify(notice());
        }
    }

    /// Who watches whom: someone who is watched, who watches them, and the server where the watcher is,
    /// if not here. All of those here, and those elsewhere who watch someone here. For tests.
    pub fn watches(&self) -> impl Iterator<Item = (UserId, UserId, Option<NodeId>)> {
        let here =
            self.watchers.iter().flat_map(|(target, all)| all.iter().map(|(watcher, _)| (*target, watcher, None)));
        let followers = self.followers.iter();
        let afar = followers.flat_map(|(target, all)| all.iter().map(|(watcher, at)| (*target, watcher, Some(at))));
        here.chain(afar)
    }

    /// Who is shown by other servers: someone, the watcher here, and the server. For tests.
    pub fn shown_from_afar(&self) -> impl Iterator<Item = (UserId, UserId, NodeId)> {
        self.afar.iter().flat_map(|(user, there)| there.seen_by.iter().map(|seer| (*user, seer.watcher, seer.node)))
    }

    /// How many are signed in here.
    pub fn count(&self) -> usize {
        self.here.len()
    }
}
