//! Servers, clients and the network between them, on a clock that only events move.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use logic::ns::{Notice, Presence};
use model::{Address, Change, List, NodeId, Notice as News, SessionId};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

use crate::client::{Client, Way};
use crate::model::{Account, PEOPLE};
use crate::network::{Network, Parcel};
use crate::steady::Sight;

/// What may happen to the network and the servers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Weather {
    /// Nothing but delay.
    Fair,
    /// As with a carrier that each server has one connection to: connections break, servers die, and
    /// whoever was cut off knows it.
    Hub,
    /// As with one that is many servers itself: besides, two servers lose sight of each other, or a
    /// message is lost, which the receiver is told with the next.
    Cloud,
}

/// What happens at some time.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Someone does something.
    Act,
    /// Something breaks.
    Fault,
    Arrive(NodeId, NodeId),
    /// A server is asked to end someone's session, and does.
    TakeOver(NodeId, usize),
    /// A client has found this server and says who it is.
    SignIn(usize, NodeId),
    /// What session there was elsewhere has been seen to.
    Enter(usize, NodeId),
    Load(SessionId),
    /// The first `CHG`.
    Appear(SessionId),
    Settle(SessionId),
    /// An edit is carried out.
    Edit(SessionId, Edit),
    /// One has been, and the table learns of it.
    Edited(SessionId, Change),
    End(SessionId),
    Reload(SessionId),
    /// A server learns whether it sees another.
    Look(NodeId, NodeId),
    /// A server that was cut off is back.
    Healed(NodeId),
    Mended(NodeId, NodeId),
    /// A server starts in this place.
    Start(usize),
    /// The carrier tells everyone how many notices there were.
    Count,
}

/// What someone does to their own account.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    Toggle(List, usize),
    Privacy,
    Rename,
}

pub(crate) struct Server {
    pub(crate) table: Presence<Way>,
    /// Whom it sees.
    pub(crate) view: BTreeSet<NodeId>,
    /// Its connection is broken until then.
    pub(crate) broken: u64,
    /// How far its clock is off.
    pub(crate) skew: i64,
}

pub(crate) struct World {
    pub(crate) random: Xoshiro256PlusPlus,
    pub(crate) weather: Weather,
    pub(crate) now: u64,
    pub(crate) events: BTreeMap<(u64, u64), Event>,
    pub(crate) servers: BTreeMap<NodeId, Server>,
    /// Which server runs where.
    pub(crate) places: Vec<Option<NodeId>>,
    pub(crate) cuts: BTreeMap<(NodeId, NodeId), u64>,
    pub(crate) network: Network,
    pub(crate) accounts: [Account; PEOPLE],
    pub(crate) clients: BTreeMap<SessionId, Client>,
    /// Which session made a change, by the number of the change.
    pub(crate) changes: Vec<SessionId>,
    /// The last change of a session that a watcher's session was shown.
    latest: BTreeMap<(SessionId, SessionId), u32>,
    /// Whom each watcher is to see, and since when that is so.
    pub(crate) steady: BTreeMap<(SessionId, usize), (Sight, u64)>,
    /// When someone signed in, and where.
    pub(crate) entered: BTreeMap<usize, BTreeSet<(i64, NodeId)>>,
    /// Sessions that were asked to end.
    pub(crate) asked: BTreeSet<SessionId>,
    /// How many messages are lost for no reason.
    loss: f64,
    /// Does the carrier send to a role only those of it whom the sender sees?
    by_view: bool,
    pub(crate) calm: bool,
    pub(crate) counter: u64,
    pub(crate) log: Option<VecDeque<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, weather: Weather, log: bool) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let places = random.random_range(2..=4);
        let loss = [0.0, 0.003, 0.02, 0.1][random.random_range(0..4)];
        let by_view = random.random();
        let mut world = Self {
            random,
            weather,
            now: 0,
            events: BTreeMap::new(),
            servers: BTreeMap::new(),
            places: vec![None; places],
            cuts: BTreeMap::new(),
            network: Network::default(),
            accounts: std::array::from_fn(|_| Account::default()),
            clients: BTreeMap::new(),
            changes: vec![SessionId(0)],
            latest: BTreeMap::new(),
            steady: BTreeMap::new(),
            entered: BTreeMap::new(),
            asked: BTreeSet::new(),
            loss,
            by_view,
            calm: false,
            counter: 100,
            log: log.then(VecDeque::new),
        };
        world.people();
        (0..places).for_each(|place| world.start(place));
        world
    }

    /// Lists that let most people see most others at first.
    fn people(&mut self) {
        for account in &mut self.accounts {
            for lists in &mut account.lists {
                *lists = model::Lists([1, 1, 3, 3, 5, 0, 2, 4][self.random.random_range(0..8)]);
            }
            if self.random.random_bool(0.7) {
                account.toggle_privacy();
            }
        }
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push_back(format!("{:>6} {}", self.now, what()));
        }
    }

    pub(crate) fn at(&mut self, time: u64, event: Event) {
        self.counter += 1;
        self.events.insert((time, self.counter), event);
    }

    pub(crate) fn within(&mut self, range: std::ops::Range<u64>, event: Event) {
        let time = self.now + self.random.random_range(range);
        self.at(time, event);
    }

    pub(crate) fn odds(&mut self, chance: f64) -> bool {
        self.random.random_bool(chance)
    }

    /// How long a message takes.
    fn delay(&mut self) -> u64 {
        if self.odds(0.1) { self.random.random_range(1..600) } else { self.random.random_range(1..20) }
    }

    pub(crate) fn reach(&self, one: NodeId, other: NodeId) -> bool {
        let up = |id| self.servers.get(&id).is_some_and(|server| server.broken <= self.now);
        up(one) && up(other) && !self.cuts.contains_key(&(one.min(other), one.max(other)))
    }

    /// Changes a table, sends what it says, and lets clients take what they are told.
    pub(crate) fn on<T>(
        &mut self,
        id: NodeId,
        change: impl FnOnce(&mut Presence<Way>, &mut Vec<(Address, News)>) -> T,
    ) -> Option<T> {
        let mut afar = Vec::new();
        let result = change(&mut self.servers.get_mut(&id)?.table, &mut afar);
        for (to, news) in afar {
            let receivers: Vec<NodeId> = match to {
                Address::Role(_) if self.by_view => self.servers[&id].view.iter().copied().collect(),
                Address::Role(_) => self.servers.keys().filter(|other| **other != id).copied().collect(),
                Address::Node(other) => vec![other],
                Address::User(_) => unreachable!("nothing here is for whoever holds a user"),
            };
            for to in receivers {
                self.note(|| format!("  n{id} to n{to}: {news:?}"));
                self.send(id, to, Parcel::Notice(news.clone()));
            }
        }
        self.listen(id);
        Some(result)
    }

    pub(crate) fn send(&mut self, from: NodeId, to: NodeId, parcel: Parcel) {
        let mut at = self.now + self.delay();
        let mut lost = self.weather == Weather::Cloud && !self.calm && self.odds(self.loss);
        if !self.reach(from, to) {
            // What is sent into a broken connection may wait for it to be whole.
            let whole = self.servers.get(&from).map_or(0, |server| server.broken);
            lost = whole <= self.now || self.odds(0.7);
            at += whole.saturating_sub(self.now);
        }
        if lost {
            self.note(|| "    (lost)".to_owned());
        }
        let at = self.network.send((from, to), parcel, at, lost);
        self.at(at, Event::Arrive(from, to));
    }

    /// Lets the clients of a server take what they are told.
    fn listen(&mut self, id: NodeId) {
        let sessions: Vec<SessionId> =
            self.clients.values().filter(|client| client.node == id).map(|client| client.session).collect();
        for session in sessions {
            let client = self.clients.get_mut(&session).expect("it has just been there");
            let (person, lines) = (client.person, client.read());
            for line in &lines {
                self.note(|| format!("  u{person} (s{session}) is told {line}"));
                self.check_told(session, line);
            }
            if !lines.is_empty() {
                self.check_order(session);
            }
            for notice in self.clients[&session].notices() {
                self.notice(session, &notice);
            }
        }
    }

    fn notice(&mut self, session: SessionId, notice: &Notice) {
        match notice {
            Notice::TakenOver => {
                self.check_taken_over(session);
                self.note(|| format!("  s{session} is taken over"));
                self.clients.get_mut(&session).expect("it is told").ending = true;
                self.within(0..100, Event::End(session));
            }
            Notice::Reload => self.within(0..10, Event::Reload(session)),
            other => unreachable!("{other:?}"),
        }
    }

    /// Of each session, changes are shown in their order.
    fn check_order(&mut self, watcher: SessionId) {
        let client = &self.clients[&watcher];
        for change in client.screen.values().map(|face| face.change).filter(|change| *change != 0) {
            let of = self.changes[change as usize];
            let latest = self.latest.entry((watcher, of)).or_default();
            assert!(*latest <= change, "s{watcher} is shown change {change} of s{of} after {latest}");
            *latest = change;
        }
        let (repeats, person) = (client.repeats, client.person);
        assert!(repeats == 0, "u{person} (s{watcher}) is told what it shows");
    }

    fn check_taken_over(&self, session: SessionId) {
        let client = &self.clients[&session];
        let later = self.entered[&client.person].iter().any(|(since, id)| (*since, *id) > (client.since, client.node));
        let same = self
            .clients
            .values()
            .any(|other| other.person == client.person && other.node == client.node && other.session > client.session);
        assert!(later || same || self.asked.contains(&session), "s{session} is the latest and must end");
    }

    /// A server that nobody has seen before starts.
    pub(crate) fn start(&mut self, place: usize) {
        self.counter += 1;
        // Not in the order in which they start: their numbers decide between equals.
        let id = NodeId(self.random.random_range(1..10) * 100_000 + self.counter);
        let skew = self.random.random_range(-100..100);
        self.note(|| format!("n{id} starts in place {place}"));
        let table = Presence::new(id);
        self.servers.insert(id, Server { table, view: BTreeSet::new(), broken: 0, skew });
        self.places[place] = Some(id);
        self.look_around(id);
    }

    /// All learn, each in its time, whether they see this server, and it whether it sees them.
    pub(crate) fn look_around(&mut self, id: NodeId) {
        let others: Vec<NodeId> = self.servers.keys().filter(|other| **other != id).copied().collect();
        for other in others {
            self.look_both(id, other);
        }
        // It may not have seen someone die.
        for other in self.servers[&id].view.clone() {
            self.within(0..2_000, Event::Look(id, other));
        }
    }

    pub(crate) fn look_both(&mut self, one: NodeId, other: NodeId) {
        self.within(0..2_000, Event::Look(one, other));
        self.within(0..2_000, Event::Look(other, one));
    }

    pub(crate) fn arrive(&mut self, from: NodeId, to: NodeId) {
        let Some(arrival) = self.network.arrive((from, to), self.now) else { return };
        if !self.servers.contains_key(&to) {
            return;
        }
        // A carrier with one connection per server does not count: whoever was cut off knows it. One
        // that does tells of a gap before what follows it.
        if arrival.gap && self.weather == Weather::Cloud && self.servers[&to].view.contains(&from) {
            self.reconcile(to, from);
        }
        if let Parcel::Notice(news) = arrival.parcel {
            self.note(|| format!("n{to} hears n{from}: {news:?}"));
            self.on(to, |table, afar| table.hear(from, news, afar));
        }
    }

    pub(crate) fn reconcile(&mut self, id: NodeId, other: NodeId) {
        self.note(|| format!("n{id} reconciles with n{other}"));
        self.on(id, |table, afar| table.reconcile(other, afar));
    }

    pub(crate) fn look(&mut self, id: NodeId, other: NodeId) {
        let reach = self.reach(id, other);
        // Whoever is cut off sees nothing new.
        let Some(server) = self.servers.get_mut(&id).filter(|server| server.broken <= self.now) else { return };
        if reach && server.view.insert(other) {
            self.reconcile(id, other);
        } else if !reach && server.view.remove(&other) {
            self.note(|| format!("n{id} has lost n{other}"));
            self.on(id, |table, afar| table.lost(other, afar));
        }
    }
}
