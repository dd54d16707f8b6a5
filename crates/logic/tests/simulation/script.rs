//! What people do, and what breaks, drawn from the seed; and how all comes to rest.

use model::{List, NodeId, SessionId, Status};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use crate::client::Stage;
use crate::model::PEOPLE;
use crate::network::Parcel;
use crate::world::{Edit, Event, Weather, World};

impl World {
    /// Lets people act for some seconds, with whatever weather there is, and everything come to rest.
    pub(crate) fn phase(&mut self, length: u64) {
        self.calm = false;
        let end = self.now + length;
        self.at(self.now, Event::Act);
        if self.weather != Weather::Fair {
            self.within(0..3_000, Event::Fault);
        }
        if self.weather == Weather::Cloud {
            self.within(0..2_000, Event::Count);
        }
        while let Some((time, event)) = self.next(end) {
            self.now = time;
            self.happen(event);
        }
        self.now = end;
        self.rest();
    }

    fn next(&mut self, end: u64) -> Option<(u64, Event)> {
        let first = self.events.first_entry().filter(|first| first.key().0 < end)?;
        let time = first.key().0;
        Some((time, first.remove()))
    }

    /// Everything is mended, and what is on its way arrives.
    fn rest(&mut self) {
        self.note(|| "everything is mended".to_owned());
        self.calm = true;
        for (one, other) in self.cuts.keys().copied().collect::<Vec<_>>() {
            self.mended(one, other, true);
        }
        for id in self.servers.keys().copied().collect::<Vec<_>>() {
            if self.servers[&id].broken > self.now {
                self.healed(id);
            }
        }
        for place in 0..self.places.len() {
            if self.places[place].is_none() {
                self.start(place);
            }
        }
        self.drain();
        self.count();
        self.drain();
    }

    /// What is on its way arrives, and what is due happens.
    pub(crate) fn drain(&mut self) {
        while let Some((time, event)) = self.next(u64::MAX) {
            self.now = self.now.max(time);
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        // What arrives changes what is known, not what is true.
        let changes = !matches!(event, Event::Arrive(..) | Event::Count);
        self.carry_on(event);
        if changes {
            self.look_on();
        }
    }

    fn carry_on(&mut self, event: Event) {
        match event {
            Event::Act if self.calm => {}
            Event::Act => {
                self.act();
                let pause = [0, 5, 30, 300, 1_000].choose(&mut self.random).copied().unwrap_or(0);
                self.within(0..pause + 1, Event::Act);
            }
            Event::Fault if self.calm => {}
            Event::Fault => {
                self.fault();
                self.within(0..4_000, Event::Fault);
            }
            Event::Count if self.calm => {}
            Event::Count => {
                self.count();
                self.within(1_000..2_000, Event::Count);
            }
            Event::Arrive(from, to) => self.arrive(from, to),
            Event::TakeOver(id, person) => self.take_over(id, person),
            Event::SignIn(person, id) => self.sign_in(person, id),
            Event::Enter(person, id) => self.enter(person, id),
            Event::Load(session) => {
                self.load(session);
                if self.odds(0.9) {
                    self.within(0..200, Event::Appear(session));
                }
            }
            Event::Appear(session) => {
                if self.clients.get(&session).is_some_and(|client| client.stage == Stage::Loaded && !client.busy) {
                    let status = self.status();
                    self.change(session, status);
                }
            }
            Event::Settle(session) => self.settle(session),
            Event::Edit(session, edit) => self.carry_out(session, edit),
            Event::Edited(session, change) => self.edited(session, &change),
            Event::End(session) => self.end(session),
            Event::Reload(session) => self.reload(session),
            Event::Look(id, other) => self.look(id, other),
            Event::Healed(id) => self.healed(id),
            Event::Mended(one, other) => self.mended(one, other, false),
            Event::Start(place) => {
                if self.places[place].is_none() {
                    self.start(place);
                }
            }
        }
    }

    /// The carrier tells everyone how many notices there were, so that the loss of the last is noticed.
    fn count(&mut self) {
        if self.weather != Weather::Cloud {
            return;
        }
        let ids: Vec<NodeId> = self.servers.keys().copied().collect();
        for (from, to) in ids.iter().flat_map(|from| ids.iter().map(move |to| (*from, *to))) {
            if from != to {
                self.send(from, to, Parcel::Count);
            }
        }
    }

    fn status(&mut self) -> Status {
        let all = [Status::Online, Status::Online, Status::Away, Status::Busy, Status::Hidden];
        all[self.random.random_range(0..all.len())]
    }

    /// Someone does something.
    fn act(&mut self) {
        let person = self.random.random_range(0..PEOPLE);
        let ready = |session: &SessionId| {
            let client = &self.clients[session];
            client.person == person && client.stage > Stage::Entered && !client.busy && !client.ending
        };
        let sessions: Vec<SessionId> = self.clients.keys().copied().filter(ready).collect();
        let session = sessions.choose(&mut self.random).copied();
        let (Some(session), 0..36) = (session, self.random.random_range(0..40)) else {
            let id = self.places.choose(&mut self.random).copied().flatten();
            id.into_iter().for_each(|id| self.sign_in(person, id));
            return;
        };
        let peer = self.random.random_range(0..PEOPLE);
        match self.random.random_range(0..32) {
            0..8 => {
                let picture = self.odds(0.5).then(|| self.random.random_range(0..3));
                self.clients.get_mut(&session).expect("it is ready").picture = picture;
                let status = self.status();
                self.change(session, status);
            }
            8..12 => {
                let saying = self.odds(0.7).then(|| self.random.random_range(0..3));
                self.say(session, saying);
            }
            12..19 => {
                let list = [List::Forward, List::Forward, List::Allow, List::Block][self.random.random_range(0..4)];
                self.edit(session, Edit::Toggle(list, peer));
                // People change their mind.
                if self.odds(0.3) && self.clients.get(&session).is_some_and(|client| !client.busy) {
                    self.edit(session, Edit::Toggle(list, peer));
                }
            }
            19..21 => self.edit(session, Edit::Privacy),
            21..23 => self.edit(session, Edit::Rename),
            23..27 => self.end(session),
            27..29 => {
                let on = self.odds(0.5);
                self.take_calls(session, on);
            }
            _ => self.act_outside(person, peer),
        }
    }

    /// The operator does something behind the servers' backs, who notice it in a second.
    fn act_outside(&mut self, person: usize, peer: usize) {
        let list = [List::Forward, List::Allow, List::Block][self.random.random_range(0..3)];
        let account = &mut self.accounts[person];
        match self.random.random_range(0..4) {
            0..2 => drop(account.toggle(list, peer)),
            2 => drop(account.toggle_privacy()),
            _ => drop(account.rename(person)),
        }
        self.note(|| format!("the operator changes the account of u{person}"));
        self.reload_all(person);
    }

    /// Something breaks.
    fn fault(&mut self) {
        let ids: Vec<NodeId> = self.servers.keys().copied().collect();
        let (Some(one), Some(other)) = (ids.choose(&mut self.random), ids.choose(&mut self.random)) else { return };
        let (one, other) = (*one, *other);
        let length = if self.odds(0.5) { 300 } else { 6_000 };
        let until = self.now + self.random.random_range(1..length);
        match self.random.random_range(0..10) {
            0..2 => {
                // Rather one that is out of sight of some.
                let cut = self.cuts.keys().next().map(|(one, _)| *one).filter(|_| self.random.random());
                self.crash(cut.filter(|id| self.servers.contains_key(id)).unwrap_or(one));
            }
            2..5 => self.cut_off(one, until),
            _ if one == other || self.weather == Weather::Hub => {}
            5..9 => self.cut(one, other, until),
            // It is taken for dead for a moment.
            _ => {
                if self.servers.get_mut(&one).is_some_and(|server| server.view.remove(&other)) {
                    self.note(|| format!("n{one} takes n{other} for dead"));
                    self.on(one, |table, afar| table.lost(other, afar));
                    self.within(1..2_000, Event::Look(one, other));
                }
            }
        }
    }

    /// A server dies. What it has sent is on its way; its clients sign in elsewhere after a while.
    fn crash(&mut self, id: NodeId) {
        self.note(|| format!("n{id} dies"));
        self.look_around(id);
        self.servers.remove(&id);
        let place = self.places.iter().position(|there| *there == Some(id)).expect("it ran somewhere");
        self.places[place] = None;
        self.within(10..4_000, Event::Start(place));
        let gone: Vec<SessionId> =
            self.clients.values().filter(|client| client.node == id).map(|client| client.session).collect();
        for session in gone {
            let next = self.places.choose(&mut self.random).copied().flatten();
            if let (Some(client), Some(next)) = (self.close(session), next) {
                self.within(10..3_000, Event::SignIn(client.person, next));
            }
        }
    }

    /// A server's own connection breaks.
    fn cut_off(&mut self, id: NodeId, until: u64) {
        let Some(server) = self.servers.get_mut(&id).filter(|server| server.broken <= self.now) else { return };
        server.broken = until;
        let (now, mut lost) = (self.now, 0);
        let Self { network, random, .. } = self;
        lost += network.lose(|_, to| to == id, || random.random_bool(0.8));
        lost += network.lose(|from, _| from == id, || random.random_bool(0.5));
        self.note(|| format!("n{id} is cut off for {} ms, {lost} messages are lost", until - now));
        self.at(until, Event::Healed(id));
        self.look_around(id);
    }

    fn healed(&mut self, id: NodeId) {
        let Some(server) = self.servers.get_mut(&id).filter(|server| server.broken > 0) else { return };
        server.broken = 0;
        let view: Vec<NodeId> = server.view.iter().copied().collect();
        self.note(|| format!("n{id} is back"));
        for other in view {
            self.reconcile(id, other);
        }
        self.look_around(id);
    }

    /// Two servers do not reach each other.
    fn cut(&mut self, one: NodeId, other: NodeId, until: u64) {
        let (one, other) = (one.min(other), one.max(other));
        if self.cuts.insert((one, other), until).is_some() {
            return;
        }
        let (now, chance) = (self.now, if self.odds(0.5) { 1.0 } else { 0.5 });
        let Self { network, random, .. } = self;
        let between = |from, to| (from, to) == (one, other) || (to, from) == (one, other);
        let lost = network.lose(between, || random.random_bool(chance));
        self.note(|| format!("n{one} and n{other} are cut for {} ms, {lost} messages are lost", until - now));
        self.at(until, Event::Mended(one, other));
        self.look_both(one, other);
        // Some sign in on the other side meanwhile.
        for (person, id) in self.clients.values().map(|client| (client.person, client.node)).collect::<Vec<_>>() {
            if (id == one || id == other) && self.odds(0.4) {
                self.within(0..until - now, Event::SignIn(person, if id == one { other } else { one }));
            }
        }
    }

    fn mended(&mut self, one: NodeId, other: NodeId, now: bool) {
        if self.cuts.get(&(one, other)).is_some_and(|until| now || *until <= self.now) {
            self.cuts.remove(&(one, other));
            self.note(|| format!("n{one} and n{other} reach each other again"));
            self.look_both(one, other);
        }
    }
}
