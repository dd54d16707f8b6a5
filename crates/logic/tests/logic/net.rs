//! Some notification servers that see each other, for small cases: what is on its way is delivered, or
//! lost, as the case says.

use std::collections::{BTreeMap, VecDeque};

use logic::ns::{Notice, Presence};
use model::{Address, Change, GroupSet, Lists, MessagePrivacy, Name, NodeId, Notice as News, SessionId, Status};
use msnp::{Dialect, TrId};

use crate::fake::Fake;
use crate::world::{Kept, PEOPLE, email, identity, user, view};

/// Some servers, all of which see each other, and what is on its way between them.
pub(crate) struct Net {
    pub(crate) tables: Vec<Presence<Fake<Notice>>>,
    pub(crate) wires: BTreeMap<(usize, usize), VecDeque<News>>,
}

/// A client at a server, signed in at a time that is its session's number too.
pub(crate) struct Client {
    pub(crate) person: usize,
    pub(crate) node: usize,
    pub(crate) session: SessionId,
    pub(crate) way: Fake<Notice>,
}

pub(crate) fn id(node: usize) -> NodeId {
    NodeId(node as u64)
}

/// Everyone has everyone on FL and AL.
pub(crate) fn friends() -> Kept {
    Kept { lists: [Lists(3); PEOPLE], privacy: MessagePrivacy::OnlyAllowed, name: 0 }
}

impl Net {
    pub(crate) fn new(servers: usize) -> Self {
        let tables = (0..servers).map(|node| Presence::new(id(node))).collect();
        let mut net = Self { tables, wires: BTreeMap::new() };
        net.reconcile_all();
        net.deliver_all();
        net
    }

    pub(crate) fn reconcile_all(&mut self) {
        let servers = self.tables.len();
        for (node, other) in (0..servers).flat_map(|node| (0..servers).map(move |other| (node, other))) {
            if node != other {
                self.on(node, |table, afar| table.reconcile(id(other), afar));
            }
        }
    }

    pub(crate) fn on(
        &mut self,
        node: usize,
        change: impl FnOnce(&mut Presence<Fake<Notice>>, &mut Vec<(Address, News)>),
    ) {
        let mut afar = Vec::new();
        change(&mut self.tables[node], &mut afar);
        for (to, news) in afar {
            for other in (0..self.tables.len()).filter(|other| *other != node) {
                if matches!(to, Address::Role(_)) || to == Address::Node(id(other)) {
                    self.wires.entry((node, other)).or_default().push_back(news.clone());
                }
            }
        }
    }

    pub(crate) fn deliver(&mut self, from: usize, to: usize) -> bool {
        let Some(news) = self.wires.get_mut(&(from, to)).and_then(VecDeque::pop_front) else { return false };
        self.on(to, |table, afar| table.hear(id(from), news, afar));
        true
    }

    pub(crate) fn deliver_all(&mut self) {
        while let Some((from, to)) = self.wires.iter().find(|(_, wire)| !wire.is_empty()).map(|(way, _)| *way) {
            self.deliver(from, to);
        }
    }

    pub(crate) fn enter(&mut self, person: usize, node: usize, since: i64) -> Client {
        let (session, way) = (SessionId(since.unsigned_abs()), Fake::speaking(Dialect::Msnp12));
        let (identity, to) = (identity(person, &friends()), way.clone());
        self.on(node, |table, afar| {
            table.enter(&identity, session, since, to, afar);
        });
        self.on(node, |table, afar| table.load(user(person), session, &friends().roster(person), afar));
        Client { person, node, session, way }
    }

    pub(crate) fn sign_in(&mut self, person: usize, node: usize, since: i64) -> Client {
        let client = self.enter(person, node, since);
        self.change(&client, Status::Online);
        client
    }

    pub(crate) fn change(&mut self, of: &Client, status: Status) {
        self.on(of.node, |table, afar| table.appear(user(of.person), of.session, view(status), TrId(1), afar));
    }

    pub(crate) fn leave(&mut self, of: &Client) {
        self.on(of.node, |table, afar| assert!(table.leave(user(of.person), of.session, afar)));
    }

    /// The client puts someone on its FL, or takes them off.
    pub(crate) fn put(&mut self, of: &Client, peer: usize, on: bool) {
        let lists = |on: bool| if on { Lists(3) } else { Lists(2) };
        let entry = |lists| model::ContactEntry { lists, groups: GroupSet::NONE, name: Name::from(&email(peer)) };
        let change = Change::Contact { peer: user(peer), was: lists(!on), now: Some(entry(lists(on))) };
        self.on(of.node, |table, afar| {
            table.edited(user(of.person), of.session, &[change], afar);
            if on {
                table.watch(user(of.person), of.session, user(peer), Some(TrId(2)), afar);
            }
        });
    }

    /// What is on its way between two servers is lost.
    pub(crate) fn cut(&mut self, one: usize, other: usize) {
        self.wires.remove(&(one, other));
        self.wires.remove(&(other, one));
    }
}

impl Client {
    /// What it has been told of someone since the last time.
    pub(crate) fn told(&self, person: usize) -> Vec<String> {
        let about = |line: &String| line.contains(email(person).as_str());
        self.way.lines().into_iter().filter(about).collect()
    }
}
