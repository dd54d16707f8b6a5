//! One notification server: whatever people do, each watcher has always been shown what is true,
//! and nothing twice.

use std::collections::HashMap;

use logic::ns::{Notice, Presence};
use model::{Address, List, Lists, MessagePrivacy, NodeId, Notice as News, SessionId, Status};
use msnp::TrId;
use proptest::prelude::*;

use crate::fake::{Change, Fake, Shown};
use crate::world::{Deed, Kept, Live, PEOPLE, World, dialect, email, identity, kept, personal, script, user, view};

struct Server {
    world: World,
    table: Presence<Fake<Notice>>,
    clients: HashMap<usize, (Fake<Notice>, Shown)>,
    sessions: u64,
    /// The transaction of the deed that is being done, if it may be answered with `ILN`.
    initial: Option<TrId>,
    deeds: u32,
    /// What each watcher was sent of the last deed.
    told: [Vec<String>; PEOPLE],
    afar: Vec<(Address, News)>,
}

impl Server {
    fn new(kept: Vec<Kept>) -> Self {
        let (world, clients, told) = (World::new(kept), HashMap::new(), Default::default());
        let (table, afar) = (Presence::new(NodeId(0)), Vec::new());
        Self { world, table, clients, sessions: 0, initial: None, deeds: 0, told, afar }
    }

    /// Does a deed if it can be done now, and compares.
    fn act(&mut self, who: usize, deed: Deed) {
        self.deeds += 1;
        self.initial = None;
        self.told = Default::default();
        match deed {
            Deed::Enter(node) => self.enter(who, node),
            Deed::OutsideToggle(list, peer) => drop(self.world.kept[who].toggle(list, peer)),
            Deed::OutsidePrivacy => drop(self.world.kept[who].toggle_privacy()),
            Deed::OutsideRename => drop(self.world.kept[who].rename(who)),
            Deed::Load => self.load(who),
            _ if self.world.live[who].as_ref().is_some_and(|live| live.loaded) => self.act_inside(who, deed),
            _ => {}
        }
        self.compare(who);
    }

    /// There is one server only; which one it would be decides what the client speaks.
    fn enter(&mut self, who: usize, node: usize) {
        self.sessions += 1;
        let (session, client) = (SessionId(self.sessions), Fake::speaking(dialect(who, node)));
        let kept = &self.world.kept[who];
        let lingers = self.table.enter(&identity(who, kept), session, session.0 as i64, client.clone(), &mut self.afar);
        let old = self.world.live[who].take();
        let lingering = old.as_ref().and_then(Live::seen);
        assert_eq!(lingers, lingering.is_some());
        // Until the roster is read, a session that takes over goes on with what was known.
        let nothing = || Kept { lists: Default::default(), privacy: MessagePrivacy::OnlyAllowed, ..kept.clone() };
        let known = old.map_or_else(nothing, |old| old.known);
        let (loaded, status, personal) = (false, None, None);
        self.world.live[who] = Some(Live { session, node, known, loaded, status, personal, lingering });
        if let Some((old, _)) = self.clients.insert(who, (client, Shown::default())) {
            assert_eq!(old.notices(), [Notice::TakenOver]);
        }
    }

    fn load(&mut self, who: usize) {
        let Some(live) = &mut self.world.live[who] else { return };
        let kept = &self.world.kept[who];
        self.table.load(user(who), live.session, &kept.roster(who), &mut self.afar);
        (live.known, live.loaded) = (kept.clone(), true);
        self.forget(who);
    }

    fn act_inside(&mut self, who: usize, deed: Deed) {
        let trid = TrId(self.deeds);
        // An edit of lists that have changed behind the server's back is a conflict, and the
        // session reads them first.
        if matches!(deed, Deed::Toggle(..) | Deed::Privacy | Deed::Rename) {
            self.load(who);
        }
        let Self { world, table, afar, .. } = self;
        let Some(live) = &mut world.live[who] else { return };
        let (id, session) = (user(who), live.session);
        match deed {
            Deed::Change(status) => {
                table.appear(id, session, view(status), trid, afar);
                self.initial = live.status.is_none().then_some(trid);
                (live.status, live.lingering) = (Some(status), None);
            }
            Deed::Say(saying) => {
                table.personal(id, session, saying.map(|saying| personal(saying).into()), afar);
                live.personal = saying;
            }
            Deed::Settle => {
                table.settle(id, session, afar);
                live.lingering = None;
            }
            Deed::Leave => {
                assert!(table.leave(id, session, afar));
                world.live[who] = None;
                self.clients.remove(&who);
            }
            Deed::Toggle(list, peer) => {
                let change = world.kept[who].toggle(list, peer);
                table.edited(id, session, &[change], afar);
                live.known.lists[peer] = world.kept[who].lists[peer];
                if list == List::Forward && live.known.lists[peer].has(list) {
                    self.initial = Some(trid);
                    table.watch(id, session, user(peer), Some(trid), afar);
                }
                self.forget(who);
            }
            Deed::Privacy => {
                let change = world.kept[who].toggle_privacy();
                table.edited(id, session, &[change], afar);
                live.known.privacy = world.kept[who].privacy;
            }
            Deed::Rename => {
                let change = world.kept[who].rename(who);
                table.edited(id, session, &[change], afar);
                live.known.name = world.kept[who].name;
            }
            _ => unreachable!("not done inside a session"),
        }
    }

    /// A client shows nobody who is not on its list.
    fn forget(&mut self, who: usize) {
        self.read(who, who);
        let (Some(live), Some((_, shown))) = (&self.world.live[who], self.clients.get_mut(&who)) else { return };
        for peer in (0..PEOPLE).filter(|peer| !live.known.lists[*peer].has(List::Forward)) {
            shown.forget(&email(peer));
        }
    }

    /// Takes what was sent to a watcher. Nothing may be told twice, and `ILN` only in answer to
    /// the one who acts.
    fn read(&mut self, watcher: usize, actor: usize) {
        let Some((client, shown)) = self.clients.get_mut(&watcher) else { return };
        for line in client.lines() {
            assert_eq!(shown.read(&line), Change::News, "{line} told u{watcher} nothing new");
            let initial = line.strip_prefix("ILN ").and_then(|line| line.split(' ').next()).map(String::from);
            let expected = self.initial.filter(|_| watcher == actor).map(|trid| trid.to_string());
            assert!(initial.is_none() || initial == expected, "{line} to u{watcher}");
            self.told[watcher].push(line);
        }
    }

    fn compare(&mut self, actor: usize) {
        for watcher in 0..PEOPLE {
            self.read(watcher, actor);
            if let Some((_, shown)) = self.clients.get(&watcher) {
                assert_eq!(*shown, self.world.shown_to(watcher), "u{watcher}");
            }
        }
        for callee in 0..PEOPLE {
            for caller in 0..PEOPLE {
                let called = self.table.call(&email(callee), user(caller)).is_ok();
                assert_eq!(called, self.world.takes_call(callee, caller), "u{caller} calls u{callee}");
            }
        }
    }
}

fn play(kept: Vec<Kept>, deeds: &[(usize, Deed)]) {
    let mut server = Server::new(kept);
    for (who, deed) in deeds {
        server.act(*who, *deed);
    }
}

/// Two people who see each other.
fn friends() -> Vec<Kept> {
    let kept = Kept { lists: [Lists(3); PEOPLE], privacy: MessagePrivacy::OnlyAllowed, name: 0 };
    vec![kept; PEOPLE]
}

fn sign_in(who: usize) -> [(usize, Deed); 3] {
    [Deed::Enter(0), Deed::Load, Deed::Change(Status::Online)].map(|deed| (who, deed))
}

#[test]
fn a_name_that_changed_outside_is_told_when_the_next_session_takes_over() {
    let more = [Deed::OutsideRename, Deed::Enter(0), Deed::Load, Deed::Change(Status::Online)].map(|deed| (0, deed));
    play(friends(), &[sign_in(0).as_slice(), &sign_in(1), &more].concat());
}

#[test]
fn a_session_that_takes_over_and_stays_hidden_is_gone() {
    let more = [Deed::Enter(0), Deed::Load, Deed::Change(Status::Hidden), Deed::Leave].map(|deed| (0, deed));
    play(friends(), &[sign_in(0).as_slice(), &sign_in(1), &more].concat());
}

#[test]
fn a_session_that_takes_over_and_never_appears_is_gone_in_time() {
    let more = [Deed::Enter(0), Deed::Load, Deed::Settle].map(|deed| (0, deed));
    play(friends(), &[sign_in(0).as_slice(), &sign_in(1), &more].concat());
}

/// A client of MSNP12 and one of MSNP11, who have read what came so far.
fn two_who_talk() -> Server {
    let mut server = Server::new(friends());
    for (who, node) in [(0, 0), (1, 1)] {
        for deed in [Deed::Enter(node), Deed::Load, Deed::Change(Status::Online)] {
            server.act(who, deed);
        }
    }
    server
}

/// What a watcher was sent of a deed of someone else, line by line.
fn sent(server: &mut Server, watcher: usize, who: usize, deed: Deed) -> Vec<String> {
    server.act(who, deed);
    std::mem::take(&mut server.told[watcher])
}

#[test]
fn a_personal_message_is_told_when_it_changes_and_only_then() {
    let mut server = two_who_talk();
    assert_eq!(sent(&mut server, 1, 0, Deed::Say(Some(1))), ["UBX u0@example.com <Data><PSM>1</PSM></Data>"]);
    assert!(sent(&mut server, 1, 0, Deed::Say(Some(1))).is_empty(), "it is the same");
    assert_eq!(sent(&mut server, 1, 0, Deed::Change(Status::Away)), ["NLN AWY u0@example.com u0.0 0"]);
    assert_eq!(sent(&mut server, 1, 0, Deed::Change(Status::Hidden)), ["FLN u0@example.com"]);
    assert!(sent(&mut server, 1, 0, Deed::Say(Some(2))).is_empty(), "nobody hears who is hidden");
    let back = ["NLN NLN u0@example.com u0.0 0", "UBX u0@example.com <Data><PSM>2</PSM></Data>"];
    assert_eq!(sent(&mut server, 1, 0, Deed::Change(Status::Online)), back);
    assert_eq!(sent(&mut server, 1, 0, Deed::Say(None)), ["UBX u0@example.com "]);
    assert!(sent(&mut server, 1, 0, Deed::Say(None)).is_empty());
}

#[test]
fn whoever_comes_is_told_of_personal_messages_behind_the_states() {
    let mut server = two_who_talk();
    server.act(0, Deed::Say(Some(1)));
    for deed in [Deed::Enter(1), Deed::Load] {
        server.act(1, deed);
    }
    let lines = sent(&mut server, 1, 1, Deed::Change(Status::Online));
    let trid = server.deeds;
    let of_self = format!("ILN {trid} NLN u1@example.com u1.0 0");
    let others: Vec<_> = lines.into_iter().filter(|line| *line != of_self).collect();
    let iln = format!("ILN {trid} NLN u0@example.com u0.0 0");
    assert_eq!(others, [&*iln, "UBX u0@example.com <Data><PSM>1</PSM></Data>"]);
}

#[test]
fn a_session_that_takes_over_and_says_nothing_takes_the_message_back() {
    let mut server = two_who_talk();
    server.act(0, Deed::Say(Some(1)));
    for deed in [Deed::Enter(0), Deed::Load] {
        assert!(sent(&mut server, 1, 0, deed).is_empty(), "until it appears, nothing is to be seen of it");
    }
    assert_eq!(sent(&mut server, 1, 0, Deed::Change(Status::Online)), ["UBX u0@example.com "]);
}

#[test]
fn a_session_that_takes_over_and_says_the_same_is_not_noticed() {
    let mut server = two_who_talk();
    server.act(0, Deed::Say(Some(1)));
    for deed in [Deed::Enter(0), Deed::Load, Deed::Say(Some(1)), Deed::Change(Status::Online)] {
        assert!(sent(&mut server, 1, 0, deed).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn everyone_is_always_shown_what_is_true(kept in kept(), deeds in script(40)) {
        play(kept, &deeds);
    }
}
