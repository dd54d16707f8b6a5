//! One notification server: whatever people do, each watcher has always been shown what is true,
//! and nothing twice.

use std::collections::HashMap;

use logic::ns::{Notice, Presence};
use model::{Address, List, Lists, MessagePrivacy, Notice as News, SessionId, Status};
use msnp::TrId;
use proptest::prelude::*;

use crate::fake::{Change, Fake, Shown};
use crate::world::{Deed, Kept, Live, PEOPLE, World, email, identity, kept, script, user, view};

struct Server {
    world: World,
    table: Presence<Fake<Notice>>,
    clients: HashMap<usize, (Fake<Notice>, Shown)>,
    sessions: u64,
    /// The transaction of the deed that is being done, if it may be answered with `ILN`.
    initial: Option<TrId>,
    deeds: u32,
    afar: Vec<(Address, News)>,
}

impl Server {
    fn new(kept: Vec<Kept>) -> Self {
        let (world, clients) = (World::new(kept), HashMap::new());
        Self { world, table: Presence::default(), clients, sessions: 0, initial: None, deeds: 0, afar: Vec::new() }
    }

    /// Does a deed if it can be done now, and compares.
    fn act(&mut self, who: usize, deed: Deed) {
        self.deeds += 1;
        self.initial = None;
        match deed {
            Deed::Enter(_) => self.enter(who),
            Deed::OutsideToggle(list, peer) => drop(self.world.kept[who].toggle(list, peer)),
            Deed::OutsidePrivacy => drop(self.world.kept[who].toggle_privacy()),
            Deed::OutsideRename => drop(self.world.kept[who].rename(who)),
            Deed::Load => self.load(who),
            _ if self.world.live[who].as_ref().is_some_and(|live| live.loaded) => self.act_inside(who, deed),
            _ => {}
        }
        self.compare(who);
    }

    fn enter(&mut self, who: usize) {
        self.sessions += 1;
        let (session, client) = (SessionId(self.sessions), Fake::default());
        let kept = &self.world.kept[who];
        let lingers = self.table.enter(&identity(who, kept), session, client.clone(), &mut self.afar);
        let old = self.world.live[who].take();
        let lingering = old.as_ref().and_then(|old| old.status.or(old.lingering));
        assert_eq!(lingers, lingering.is_some());
        // Until the roster is read, a session that takes over goes on with what was known.
        let nothing = || Kept { lists: Default::default(), privacy: MessagePrivacy::OnlyAllowed, ..kept.clone() };
        let known = old.map_or_else(nothing, |old| old.known);
        self.world.live[who] = Some(Live { session, node: 0, known, loaded: false, status: None, lingering });
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
                match (list, live.known.lists[peer].has(List::Forward)) {
                    (List::Forward, true) => {
                        self.initial = Some(trid);
                        table.watch(id, session, user(peer), &email(peer), Some(trid), afar);
                    }
                    (List::Forward, false) => table.unwatch(id, session, user(peer), afar),
                    _ => {}
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn everyone_is_always_shown_what_is_true(kept in kept(), deeds in script(40)) {
        play(kept, &deeds);
    }
}
