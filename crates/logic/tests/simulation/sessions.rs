//! What sessions do, as the desks of the servers have the tables do it.

use model::{Change, List, NodeId, SessionId, Status};
use msnp::TrId;
use rand::RngExt as _;

use crate::client::{Client, DIALECTS, Stage};
use crate::model::{personal, user};
use crate::world::{Edit, Event, Weather, World};

/// How long a request waits for its answer.
const DEADLINE: u64 = 2_000;
/// How long watchers go on seeing a session that another has taken over.
const LINGER: u64 = 5_000;

impl World {
    /// A client signs in: its server first asks for the session that the account has elsewhere.
    pub(crate) fn sign_in(&mut self, person: usize, id: NodeId) {
        let Some(server) = self.servers.get(&id) else { return };
        if server.table.is_here(user(person)) {
            return self.at(self.now, Event::Enter(person, id));
        }
        if server.broken > self.now {
            return self.at(self.now + DEADLINE, Event::Enter(person, id));
        }
        let holder = self
            .clients
            .values()
            .filter(|client| client.person == person && self.reach(id, client.node))
            .max_by_key(|client| client.session)
            .map(|client| client.node);
        let Some(holder) = holder else { return self.at(self.now, Event::Enter(person, id)) };
        let (there, back) = (self.random.random_range(1..40), self.random.random_range(1..40));
        let (fair, fate) = (self.weather == Weather::Fair, self.random.random_range(0..10));
        if fair || fate > 1 {
            self.at(self.now + there, Event::TakeOver(holder, person));
        }
        let answered = fair || fate > 2;
        let time = self.now + if answered { there + back } else { DEADLINE };
        self.at(time, Event::Enter(person, id));
    }

    pub(crate) fn take_over(&mut self, id: NodeId, person: usize) {
        for client in self.clients.values().filter(|client| client.person == person && client.node == id) {
            self.asked.insert(client.session);
        }
        self.on(id, |table, _| table.take_over(user(person)));
        assert!(self.clients.values().all(|client| (client.person, client.node) != (person, id) || client.ending));
    }

    pub(crate) fn enter(&mut self, person: usize, id: NodeId) {
        let Some(server) = self.servers.get(&id) else { return };
        let since = i64::try_from(self.now).expect("a short time") + server.skew;
        self.counter += 1;
        let session = SessionId(self.counter);
        let dialect = DIALECTS[self.random.random_range(0..DIALECTS.len())];
        let client = Client::new(person, id, session, since, dialect);
        let (way, identity) = (client.way.clone(), self.accounts[person].identity(person));
        self.note(|| format!("u{person} signs in at n{id} with {dialect:?}: s{session}"));
        self.entered.entry(person).or_default().insert((since, id));
        self.clients.insert(session, client);
        let lingers = self.on(id, |table, afar| table.enter(&identity, session, since, way, afar));
        if lingers == Some(true) {
            self.at(self.now + LINGER, Event::Settle(session));
        }
        self.within(1..30, Event::Load(session));
    }

    pub(crate) fn load(&mut self, session: SessionId) {
        let Some(client) = self.clients.get_mut(&session) else { return };
        let (person, id) = (client.person, client.node);
        let account = self.accounts[person].clone();
        client.learn(&account);
        client.stage = client.stage.max(Stage::Loaded);
        self.note(|| format!("s{session} of u{person} reads its roster"));
        self.on(id, |table, afar| table.load(user(person), session, &account.roster(person), afar));
    }

    pub(crate) fn settle(&mut self, session: SessionId) {
        let Some(client) = self.clients.get(&session).filter(|client| client.stage < Stage::Appeared) else { return };
        let (person, id) = (client.person, client.node);
        self.note(|| format!("s{session} of u{person} has not appeared in time"));
        self.on(id, |table, afar| table.settle(user(person), session, afar));
    }

    /// `CHG`
    pub(crate) fn change(&mut self, session: SessionId, status: Status) {
        let Some(client) = self.clients.get_mut(&session) else { return };
        let change = u32::try_from(self.changes.len()).expect("few changes");
        self.changes.push(session);
        if client.stage == Stage::Loaded {
            client.asked.insert(change);
        }
        (client.stage, client.status, client.change) = (Stage::Appeared, Some(status), change);
        let (person, id, view) = (client.person, client.node, client.view(status));
        self.note(|| format!("s{session} of u{person} is {status:?}: change {change}"));
        self.on(id, |table, afar| table.appear(user(person), session, view, TrId(change), afar));
    }

    /// `UUX`
    pub(crate) fn say(&mut self, session: SessionId, saying: Option<u8>) {
        let Some(client) = self.clients.get_mut(&session) else { return };
        client.personal = saying;
        let (person, id) = (client.person, client.node);
        self.note(|| format!("s{session} of u{person} says {saying:?}"));
        let saying = saying.map(|saying| personal(saying).into());
        self.on(id, |table, afar| table.personal(user(person), session, saying, afar));
    }

    /// `IMS`
    pub(crate) fn take_calls(&mut self, session: SessionId, on: bool) {
        let Some(client) = self.clients.get_mut(&session) else { return };
        client.takes_calls = on;
        let (person, id) = (client.person, client.node);
        self.on(id, |table, _| table.take_calls(user(person), session, on));
    }

    /// An edit: now or a little later it is in the store, and then or a little later the table learns
    /// of it.
    pub(crate) fn edit(&mut self, session: SessionId, edit: Edit) {
        self.clients.get_mut(&session).expect("it edits").busy = true;
        if self.odds(0.7) { self.carry_out(session, edit) } else { self.within(1..60, Event::Edit(session, edit)) }
    }

    pub(crate) fn carry_out(&mut self, session: SessionId, edit: Edit) {
        let Some(client) = self.clients.get(&session) else { return };
        let person = client.person;
        if client.known != self.accounts[person] {
            self.load(session);
        }
        let account = &mut self.accounts[person];
        let change = match edit {
            Edit::Toggle(list, peer) => account.toggle(list, peer),
            Edit::Privacy => account.toggle_privacy(),
            Edit::Rename => account.rename(person),
        };
        self.note(|| format!("s{session} of u{person} edits: {change:?}"));
        let twice = self.clients.values().filter(|client| client.person == person).count() > 1;
        let client = self.clients.get_mut(&session).expect("it edits");
        client.dirty |= twice;
        if self.odds(0.7) { self.edited(session, &change) } else { self.within(1..60, Event::Edited(session, change)) }
    }

    pub(crate) fn edited(&mut self, session: SessionId, change: &Change) {
        let Some(client) = self.clients.get_mut(&session) else { return };
        let (person, id) = (client.person, client.node);
        client.busy = false;
        let mut known = client.known.clone();
        let mut watch = None;
        match change {
            Change::Contact { peer, was, now } => {
                let lists = now.as_ref().map_or(model::Lists::NONE, |now| now.lists);
                known.lists[usize::try_from(peer.0 - 1).expect("a person")] = lists;
                watch = (lists.has(List::Forward) && !was.has(List::Forward)).then_some(*peer);
            }
            Change::Privacy(privacy) => known.privacy = *privacy,
            _ => known.name += 1,
        }
        client.learn(&known);
        self.counter += 1;
        let trid = u32::try_from(self.counter).expect("few of them");
        self.on(id, |table, afar| table.edited(user(person), session, std::slice::from_ref(change), afar));
        if let (Some(peer), Some(client)) = (watch, self.clients.get_mut(&session)) {
            client.asked.insert(trid);
            self.on(id, |table, afar| table.watch(user(person), session, peer, Some(TrId(trid)), afar));
        }
        // It may be taken back before anything else happens.
        self.look_on();
    }

    pub(crate) fn end(&mut self, session: SessionId) {
        let Some(client) = self.clients.get(&session) else { return };
        if client.busy {
            return self.within(1..30, Event::End(session));
        }
        let (person, id) = (client.person, client.node);
        self.note(|| format!("s{session} of u{person} ends"));
        self.close(session);
        self.on(id, |table, afar| table.leave(user(person), session, afar));
    }

    /// A client is gone. What it edited while its server could tell nobody of it, or did not know that
    /// the account has a later session, is in the store only: that this one reads it again is not a
    /// matter of presence.
    pub(crate) fn close(&mut self, session: SessionId) -> Option<Client> {
        let client = self.clients.remove(&session)?;
        if client.dirty && (self.weather != Weather::Fair || !client.ending) {
            self.reload_all(client.person);
        }
        Some(client)
    }

    /// All sessions of an account read its roster again in a second.
    pub(crate) fn reload_all(&mut self, person: usize) {
        let sessions: Vec<SessionId> =
            self.clients.values().filter(|client| client.person == person).map(|client| client.session).collect();
        for session in sessions {
            self.within(0..1_000, Event::Reload(session));
        }
    }

    pub(crate) fn reload(&mut self, session: SessionId) {
        let Some(client) = self.clients.get(&session) else { return };
        if client.stage == Stage::Entered || client.busy {
            return self.within(1..30, Event::Reload(session));
        }
        self.load(session);
    }
}
