//! Three notification servers and a bus that keeps the order between two of them, and no other:
//! when all is quiet, each watcher has been shown what is true.

use std::collections::{BTreeMap, HashMap, VecDeque};

use logic::ns::{Notice, Presence};
use model::{Address, Email, List, Lists, MessagePrivacy, NodeId, Notice as News, SessionId, Status};
use msnp::TrId;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::fake::{Fake, Shown};
use crate::world::{Deed, Kept, Live, PEOPLE, World, dialect, email, identity, kept, personal, script, user, view};

const NODES: usize = 3;

/// What happens: someone does something, or the bus does.
#[derive(Clone, Debug)]
enum Step {
    Do(usize, Deed),
    /// Some messages between one pair of servers arrive.
    Deliver(Index, usize),
    /// A session that was taken over from another server ends.
    End(Index),
    /// A server dies, and another starts in its place.
    Die(usize),
    /// All messages on their way are lost, and all servers learn that some may have been.
    Break,
}

struct Cluster {
    world: World,
    tables: [Presence<Fake<Notice>>; NODES],
    ids: [NodeId; NODES],
    bus: BTreeMap<(usize, usize), VecDeque<News>>,
    /// Who holds a user: for the bus, the one who said so last.
    holders: [Vec<usize>; PEOPLE],
    clients: HashMap<usize, (Fake<Notice>, Shown)>,
    /// Sessions that have been told that they are taken over.
    ending: Vec<(usize, Live)>,
    counter: u64,
}

impl Cluster {
    fn new(kept: Vec<Kept>) -> Self {
        let mut cluster = Self {
            world: World::new(kept),
            tables: std::array::from_fn(|at| Presence::new(NodeId(at as u64))),
            ids: std::array::from_fn(|at| NodeId(at as u64)),
            bus: BTreeMap::new(),
            holders: Default::default(),
            clients: HashMap::new(),
            ending: Vec::new(),
            counter: NODES as u64,
        };
        cluster.reconcile_all();
        cluster.deliver_all();
        cluster
    }

    /// Every server learns that the others are there, or that something of them may have been lost.
    fn reconcile_all(&mut self) {
        for (node, other) in (0..NODES).flat_map(|node| (0..NODES).map(move |other| (node, other))) {
            let id = self.ids[other];
            if node != other {
                self.on(node, |table, afar| table.reconcile(id, afar));
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Do(who, deed) => self.act(*who, *deed),
            Step::Deliver(pair, count) => {
                let pairs: Vec<_> =
                    self.bus.iter().filter(|(_, queue)| !queue.is_empty()).map(|(pair, _)| *pair).collect();
                if !pairs.is_empty() {
                    let pair = *pair.get(&pairs);
                    (0..*count).all(|_| self.deliver(pair));
                }
            }
            Step::End(which) if !self.ending.is_empty() => self.end(which.index(self.ending.len())),
            Step::End(_) => {}
            Step::Die(node) => self.die(*node),
            Step::Break => {
                self.bus.clear();
                self.reconcile_all();
            }
        }
    }

    /// Changes a table, and hands the bus what it says.
    fn on<T>(
        &mut self,
        node: usize,
        change: impl FnOnce(&mut Presence<Fake<Notice>>, &mut Vec<(Address, News)>) -> T,
    ) -> T {
        let mut afar = Vec::new();
        let result = change(&mut self.tables[node], &mut afar);
        for (to, news) in afar {
            let holder = |to: &Email| {
                (0..PEOPLE).find(|person| email(*person) == *to).and_then(|person| self.holders[person].last().copied())
            };
            let receivers: Vec<usize> = match to {
                Address::Role(_) => (0..NODES).filter(|other| *other != node).collect(),
                Address::Node(id) => self.ids.iter().position(|other| *other == id).into_iter().collect(),
                Address::User(user) => holder(&user).into_iter().collect(),
            };
            for receiver in receivers {
                self.bus.entry((node, receiver)).or_default().push_back(news.clone());
            }
        }
        result
    }

    fn deliver(&mut self, pair: (usize, usize)) -> bool {
        let Some(news) = self.bus.get_mut(&pair).and_then(VecDeque::pop_front) else { return false };
        let from = self.ids[pair.0];
        self.on(pair.1, |table, afar| table.hear(from, news, afar));
        true
    }

    fn deliver_all(&mut self) {
        while let Some(pair) = self.bus.iter().find(|(_, queue)| !queue.is_empty()).map(|(pair, _)| *pair) {
            self.deliver(pair);
        }
    }

    fn end(&mut self, which: usize) {
        let (who, old) = self.ending.remove(which);
        self.leave(who, &old);
    }

    fn leave(&mut self, who: usize, live: &Live) {
        let left = self.on(live.node, |table, afar| table.leave(user(who), live.session, afar));
        if left {
            self.holders[who].retain(|holder| *holder != live.node);
        }
    }

    fn die(&mut self, node: usize) {
        self.counter += 1;
        let dead = std::mem::replace(&mut self.ids[node], NodeId(self.counter));
        self.tables[node] = Presence::new(self.ids[node]);
        self.bus.retain(|(from, to), _| *from != node && *to != node);
        self.ending.retain(|(_, live)| live.node != node);
        for who in 0..PEOPLE {
            if self.world.live[who].take_if(|live| live.node == node).is_some() {
                self.clients.remove(&who);
            }
            self.holders[who].retain(|holder| *holder != node);
        }
        let new = self.ids[node];
        for other in (0..NODES).filter(|other| *other != node) {
            let id = self.ids[other];
            self.on(other, |table, afar| table.lost(dead, afar));
            self.on(other, |table, afar| table.reconcile(new, afar));
            self.on(node, |table, afar| table.reconcile(id, afar));
        }
    }

    fn act(&mut self, who: usize, deed: Deed) {
        match deed {
            Deed::Enter(node) => self.enter(who, node),
            Deed::OutsideToggle(list, peer) => drop(self.world.kept[who].toggle(list, peer)),
            Deed::OutsidePrivacy => drop(self.world.kept[who].toggle_privacy()),
            Deed::OutsideRename => drop(self.world.kept[who].rename(who)),
            Deed::Load => self.load(who),
            _ if self.world.live[who].as_ref().is_some_and(|live| live.loaded) => self.act_inside(who, deed),
            _ => {}
        }
    }

    fn sign_in(&mut self, who: usize, node: usize, status: Status) {
        for deed in [Deed::Enter(node), Deed::Load, Deed::Change(status)] {
            self.act(who, deed);
        }
    }

    fn enter(&mut self, who: usize, node: usize) {
        self.counter += 1;
        let (session, client) = (SessionId(self.counter), Fake::speaking(dialect(who, node)));
        if let Some(old) = self.world.live[who].take() {
            self.tables[old.node].take_over(user(who));
            self.ending.push((who, old));
        }
        let identity = identity(who, &self.world.kept[who]);
        let lingers =
            self.on(node, |table, afar| table.enter(&identity, session, session.0 as i64, client.clone(), afar));
        if !self.holders[who].contains(&node) {
            self.holders[who].push(node);
        }
        // Of the sessions that are to end, one may have been here.
        let here = self.ending.iter().position(|(other, old)| *other == who && old.node == node);
        let old = here.map(|at| self.ending.remove(at).1);
        let lingering = old.as_ref().and_then(Live::seen);
        assert_eq!(lingers, lingering.is_some());
        let kept = &self.world.kept[who];
        let nothing = || Kept { lists: Default::default(), privacy: MessagePrivacy::OnlyAllowed, ..kept.clone() };
        let known = old.map_or_else(nothing, |old| old.known);
        let (loaded, status, personal) = (false, None, None);
        self.world.live[who] = Some(Live { session, node, known, loaded, status, personal, lingering });
        self.clients.insert(who, (client, Shown::default()));
    }

    fn load(&mut self, who: usize) {
        let kept = self.world.kept[who].clone();
        let Some(live) = &mut self.world.live[who] else { return };
        let (session, node) = (live.session, live.node);
        (live.known, live.loaded) = (kept.clone(), true);
        self.on(node, |table, afar| table.load(user(who), session, &kept.roster(who), afar));
        self.forget(who);
    }

    fn act_inside(&mut self, who: usize, deed: Deed) {
        if matches!(deed, Deed::Toggle(..) | Deed::Privacy | Deed::Rename) {
            self.load(who);
        }
        self.counter += 1;
        let trid = TrId(self.counter as u32);
        let Some(live) = &mut self.world.live[who] else { return };
        let (id, session, node) = (user(who), live.session, live.node);
        match deed {
            Deed::Change(status) => {
                (live.status, live.lingering) = (Some(status), None);
                self.on(node, |table, afar| table.appear(id, session, view(status), trid, afar));
            }
            Deed::Say(saying) => {
                live.personal = saying;
                let saying = saying.map(|saying| personal(saying).into());
                self.on(node, |table, afar| table.personal(id, session, saying, afar));
            }
            Deed::Settle => {
                live.lingering = None;
                self.on(node, |table, afar| table.settle(id, session, afar));
            }
            Deed::Leave => {
                if let Some(live) = self.world.live[who].take() {
                    self.leave(who, &live);
                }
                self.clients.remove(&who);
            }
            Deed::Toggle(list, peer) => self.toggle(who, list, peer, trid),
            Deed::Privacy => {
                let change = self.world.kept[who].toggle_privacy();
                live.known.privacy = self.world.kept[who].privacy;
                self.on(node, |table, afar| table.edited(id, session, &[change], afar));
            }
            Deed::Rename => {
                let change = self.world.kept[who].rename(who);
                live.known.name = self.world.kept[who].name;
                self.on(node, |table, afar| table.edited(id, session, &[change], afar));
            }
            _ => unreachable!("not done inside a session"),
        }
    }

    fn toggle(&mut self, who: usize, list: List, peer: usize, trid: TrId) {
        let change = self.world.kept[who].toggle(list, peer);
        let lists = self.world.kept[who].lists[peer];
        let Some(live) = &mut self.world.live[who] else { return };
        live.known.lists[peer] = lists;
        let (id, session, node) = (user(who), live.session, live.node);
        self.on(node, |table, afar| {
            table.edited(id, session, &[change], afar);
            if list == List::Forward && lists.has(list) {
                table.watch(id, session, user(peer), Some(trid), afar);
            }
        });
        self.forget(who);
    }

    /// A client shows nobody who is not on its list.
    fn forget(&mut self, who: usize) {
        self.read(who);
        let (Some(live), Some((_, shown))) = (&self.world.live[who], self.clients.get_mut(&who)) else { return };
        for peer in (0..PEOPLE).filter(|peer| !live.known.lists[*peer].has(List::Forward)) {
            shown.forget(&email(peer));
        }
    }

    fn read(&mut self, who: usize) {
        if let Some((client, shown)) = self.clients.get_mut(&who) {
            for line in client.lines() {
                shown.read(&line);
            }
        }
    }

    /// Lets everything come to rest, and compares.
    fn compare(&mut self) {
        while !self.ending.is_empty() {
            self.end(0);
        }
        for who in 0..PEOPLE {
            if self.world.live[who].as_ref().is_some_and(|live| live.lingering.is_some()) {
                self.load(who);
                self.act_inside(who, Deed::Settle);
            }
        }
        self.deliver_all();
        for who in 0..PEOPLE {
            self.read(who);
            if let Some((_, shown)) = self.clients.get(&who) {
                assert_eq!(*shown, self.world.shown_to(who), "u{who}");
            }
        }
    }
}

/// A script with what the bus does in between.
fn steps(extra: impl Strategy<Value = Step> + 'static) -> impl Strategy<Value = Vec<Step>> {
    let between = prop_oneof![
        6 => (any::<Index>(), 1..4usize).prop_map(|(pair, count)| Step::Deliver(pair, count)),
        1 => any::<Index>().prop_map(Step::End),
        1 => extra,
    ];
    let between = prop::collection::vec(prop::collection::vec(between, 0..3), 80);
    (script(40), between).prop_map(|(deeds, between)| {
        let deeds = deeds.into_iter().map(|(who, deed)| Step::Do(who, deed));
        deeds.zip(between).flat_map(|(deed, between)| [deed].into_iter().chain(between)).collect()
    })
}

fn play(kept: Vec<Kept>, steps: &[Step]) {
    let mut cluster = Cluster::new(kept);
    steps.iter().for_each(|step| cluster.step(step));
    cluster.compare();
}

/// Everyone sees everyone; each at a server of their own, and the bus is quiet.
fn friends() -> Cluster {
    let kept = Kept { lists: [Lists(3); PEOPLE], privacy: MessagePrivacy::OnlyAllowed, name: 0 };
    let mut cluster = Cluster::new(vec![kept; PEOPLE]);
    for who in 0..NODES {
        cluster.sign_in(who, who, Status::Online);
    }
    cluster.deliver_all();
    cluster
}

/// u0 goes from server 0 to server 1 while u2 watches at server 2, and what server 0 says comes
/// last.
#[test]
fn late_news_from_where_someone_was_does_not_count() {
    let mut cluster = friends();
    cluster.act(0, Deed::Change(Status::Away));
    cluster.sign_in(0, 1, Status::Busy);
    cluster.end(0);
    while [(1, 2), (2, 1)].into_iter().any(|pair| cluster.deliver(pair)) {}
    cluster.compare();
}

/// u0 is at server 1 already when the session at server 0 ends, where u3 watches.
#[test]
fn someone_who_is_elsewhere_already_is_not_gone() {
    let mut cluster = friends();
    cluster.sign_in(3, 0, Status::Online);
    cluster.sign_in(0, 1, Status::Online);
    cluster.deliver_all();
    cluster.end(0);
    cluster.compare();
}

/// u0 is at server 1 already when the session at server 0 changes once more, and ends.
#[test]
fn the_last_word_is_that_of_the_server_that_stays() {
    for node in [1, 2] {
        let mut cluster = friends();
        cluster.sign_in(0, node, Status::Busy);
        cluster.deliver_all();
        let (_, old) = cluster.ending[0].clone();
        let saying = || Some(personal(1).into());
        cluster.on(0, |table, afar| table.appear(user(0), old.session, view(Status::Away), TrId(9), afar));
        cluster.on(0, |table, afar| table.personal(user(0), old.session, saying(), afar));
        cluster.deliver_all();
        cluster.end(0);
        cluster.compare();
    }
}

/// u0 says something at server 0, and goes on to server 1 with a client that says nothing; u2, at
/// server 2, is not shown what was said before.
#[test]
fn what_someone_said_where_they_were_is_taken_back() {
    let mut cluster = friends();
    cluster.act(0, Deed::Say(Some(1)));
    cluster.deliver_all();
    cluster.read(2);
    assert_eq!(cluster.clients[&2].1.0["u0@example.com"].personal, personal(1));
    cluster.sign_in(0, 1, Status::Online);
    cluster.deliver_all();
    cluster.read(2);
    assert_eq!(cluster.clients[&2].1.0["u0@example.com"].personal, "");
    cluster.compare();
}

/// The same, and u0 goes on to server 2, where u2 is.
#[test]
fn what_someone_said_elsewhere_is_taken_back() {
    let mut cluster = friends();
    cluster.act(0, Deed::Say(Some(1)));
    cluster.deliver_all();
    cluster.sign_in(0, 2, Status::Online);
    cluster.deliver_all();
    cluster.read(2);
    assert_eq!(cluster.clients[&2].1.0["u0@example.com"].personal, "");
    cluster.compare();
}

#[test]
fn whoever_left_during_a_break_is_gone_after_it() {
    let mut cluster = friends();
    cluster.act(0, Deed::Leave);
    cluster.act(1, Deed::Change(Status::Hidden));
    cluster.step(&Step::Break);
    cluster.compare();
}

#[test]
fn a_dead_server_takes_its_users_along() {
    let mut cluster = friends();
    cluster.die(0);
    cluster.read(2);
    let seen: Vec<&String> = cluster.clients[&2].1.0.keys().collect();
    assert_eq!(seen, ["u1@example.com", "u2@example.com"], "before anything else happens");
    cluster.compare();
}

fn cases() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::with_cases(700) }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_comes_first_the_end_is_the_truth(kept in kept(), steps in steps(any::<Index>().prop_map(Step::End))) {
        play(kept, &steps);
    }

    #[test]
    fn a_dead_server_leaves_nobody_behind(kept in kept(), steps in steps((0..NODES).prop_map(Step::Die))) {
        play(kept, &steps);
    }

    #[test]
    fn what_was_lost_is_made_good(kept in kept(), steps in steps(Just(Step::Break))) {
        play(kept, &steps);
    }
}
