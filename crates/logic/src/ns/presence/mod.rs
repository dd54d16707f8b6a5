//! Who is here, and who watches whom: the table that all sessions of a notification server share.
//!
//! It is an ordinary struct. Its daemon keeps it behind one lock, so that changes reach every
//! watcher in the order in which they were made. What other notification servers must be told
//! is pushed onto `afar`, in order; what they tell is in `afar`.
//!
//! B sees A exactly if A is signed in here and not hidden, B watches A (A is on B's FL and B has
//! made a first `CHG`), and A's lists let B. Whatever flips that is told to B at once.
//! (docs/PROTOCOL.md, Visibility)

mod afar;
mod ask;
mod watch;

use std::collections::HashMap;

use model::{
    Address, Change, Email, List, Lists, MessagePrivacy, Name, NodeId, Notice as News, Personal, Picture,
    Presence as Shown, Role, Roster, SessionId, Status, UserId,
};
use msnp::TrId;

use super::privacy;
use super::{Identity, Notice};
use crate::Outlet;

pub use ask::Callee;

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

/// Who is signed in here.
struct Here<O> {
    session: SessionId,
    outlet: O,
    email: Email,
    name: Name,
    /// `None` until the first `CHG`.
    view: Option<View>,
    /// What the client tells with `UUX`.
    personal: Option<Personal>,
    /// What watchers still see of a session that this one took over, until its first `CHG`.
    lingering: Option<(View, Option<Personal>)>,
    takes_calls: bool,
    privacy: MessagePrivacy,
    /// Everyone on a list of theirs.
    lists: Vec<(UserId, Lists)>,
}

/// Someone who watches someone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Watcher {
    Here(UserId),
    There(UserId, NodeId),
}

/// Someone at another notification server, as users here are shown them.
struct Afar {
    email: Email,
    /// Who is shown them, and by which server: the last to have told something comes last. While
    /// someone moves there may be two.
    seen_by: Vec<Seer>,
}

/// A watcher here, and the server that shows them someone.
struct Seer {
    watcher: UserId,
    node: NodeId,
    /// Digests of what was shown, so that nothing is shown twice.
    face: u64,
    personal: u64,
}

/// Who is here, and who watches whom.
pub struct Presence<O> {
    here: HashMap<UserId, Here<O>>,
    by_email: HashMap<Email, UserId>,
    /// By the one who is watched, be they here, elsewhere or offline.
    watchers: HashMap<UserId, Vec<Watcher>>,
    afar: HashMap<UserId, Afar>,
    /// Whom a watcher here may no longer be shown by a server: it has been asked.
    doubts: HashMap<(UserId, NodeId), Vec<UserId>>,
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
        let (view, personal) = match (&self.view, &self.lingering) {
            (Some(view), _) => (view, &self.personal),
            (None, Some((view, personal))) => (view, personal),
            (None, None) => return None,
        };
        (view.status != Status::Hidden).then(|| Shown {
            user,
            email: self.email.clone(),
            name: self.name.clone(),
            status: view.status,
            capabilities: view.capabilities,
            picture: view.picture.clone(),
            personal: personal.clone(),
        })
    }

    fn lists_of(&self, peer: UserId) -> Lists {
        self.lists.iter().find(|(user, _)| *user == peer).map_or(Lists::NONE, |(_, lists)| *lists)
    }

    fn lets(&self, peer: UserId) -> bool {
        privacy::lets(self.privacy, self.lists_of(peer))
    }

    /// Whom this user watches.
    fn forward(&self) -> Vec<UserId> {
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
            personal: None,
            lingering: None,
            takes_calls: true,
            privacy: MessagePrivacy::OnlyAllowed,
            lists: Vec::new(),
        };
        if let Some(old) = self.here.remove(&user) {
            old.outlet.notify(Notice::TakenOver);
            self.stop_watching(user, old.forward(), afar);
            here.lingering = old.view.map(|view| (view, old.personal)).or(old.lingering);
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
        let unchanged = match (&here.view, &here.lingering) {
            (Some(old), _) => *old == view,
            (None, Some((old, personal))) => *old == view && *personal == here.personal,
            (None, None) => false,
        };
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
                self.tell_initial(user, *target, Some(trid), false);
            }
            let watch = News::Watch { watcher: user, targets, tag: Some(trid.0), arrived: true };
            afar.push((Address::Role(Role::Notification), watch));
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
        if let Some(watchers) = self.watchers.get_mut(&user) {
            watchers.retain(|watcher| matches!(watcher, Watcher::Here(_)));
            if watchers.is_empty() {
                self.watchers.remove(&user);
            }
        }
        true
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

    /// `IMS`: does the user take calls?
    pub fn take_calls(&mut self, user: UserId, session: SessionId, on: bool) {
        if let Some(here) = self.mine(user, session) {
            here.takes_calls = on;
        }
    }

    fn mine(&mut self, user: UserId, session: SessionId) -> Option<&mut Here<O>> {
        self.here.get_mut(&user).filter(|here| here.session == session)
    }
}
