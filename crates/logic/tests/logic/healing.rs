//! What two notification servers do about what they missed of each other, and about two sessions of
//! one account: one small case each. All cases at once are in the simulation.

use std::collections::BTreeSet;

use logic::ns::{Notice, Presence, View};
use model::{
    Contact, Email, GroupSet, Guid, Heal, Lists, MessagePrivacy, Name, Notice as News, Presence as Shown, Props,
    Roster, SessionId, Status, UserId,
};
use msnp::TrId;

use crate::fake::Fake;
use crate::net::{Net, friends, id};
use crate::world::{email, user};

#[test]
fn news_of_an_earlier_watch_is_not_an_answer_to_the_next() {
    let mut net = Net::new(2);
    let (amy, bob) = (net.sign_in(0, 0, 1), net.sign_in(1, 1, 2));
    net.deliver_all();
    bob.told(0);
    net.change(&amy, Status::Busy);
    net.put(&bob, 0, false);
    net.put(&bob, 0, true);
    assert!(net.deliver(1, 0), "bob watches no more");
    net.leave(&amy);
    net.deliver_all();
    assert!(bob.told(0).is_empty());
}

#[test]
fn a_removed_contact_is_watched_no_more_however_the_session_ends() {
    let mut net = Net::new(2);
    let (_amy, bob) = (net.sign_in(0, 0, 1), net.sign_in(1, 1, 2));
    net.deliver_all();
    net.put(&bob, 0, false);
    net.leave(&bob);
    net.deliver_all();
    for table in &net.tables {
        assert!(table.watches().all(|(_, watcher, _)| watcher != user(1)));
    }
}

#[test]
fn whoever_came_and_went_unseen_is_made_good_and_nothing_is_told_twice() {
    let mut net = Net::new(2);
    let (amy, bob, cat) = (net.sign_in(0, 0, 1), net.sign_in(1, 1, 2), net.sign_in(2, 1, 3));
    net.deliver_all();
    (0..3).for_each(|person| drop((amy.told(person), bob.told(person))));
    net.leave(&cat);
    net.sign_in(3, 1, 4);
    net.cut(0, 1);
    // Neither needs to know what was lost, or of whom.
    net.on(0, |table, afar| table.reconcile(id(1), afar));
    net.deliver_all();
    assert_eq!(amy.way.lines(), ["NLN NLN u3@example.com u3.0 0", "FLN u2@example.com"]);
    assert!(bob.told(0).is_empty());
    assert!(net.tables[0].watches().all(|(_, watcher, _)| watcher != user(2)), "cat watches nobody");
}

#[test]
fn a_round_that_breaks_off_takes_nobody_away() {
    // Whether the next one can begin at once, or its first word is lost, too.
    for again in [true, false] {
        let mut net = Net::new(2);
        let (amy, _bob) = (net.sign_in(0, 0, 1), net.sign_in(1, 1, 2));
        net.deliver_all();
        amy.told(1);
        net.on(1, |table, afar| table.reconcile(id(0), afar));
        assert!(net.deliver(1, 0), "bob's server begins to say whom it holds");
        net.wires.get_mut(&(1, 0)).expect("it goes on").pop_front();
        // Whom it holds is lost; that these were all arrives.
        net.on(0, |table, afar| table.reconcile(id(1), afar));
        let wire = net.wires.get_mut(&(0, 1)).expect("the next round begins");
        let first = wire.iter().rposition(|news| *news == News::Heal(Heal::Holding { answer: true }));
        if !again {
            wire.remove(first.expect("it begins so"));
        }
        net.deliver_all();
        assert!(amy.told(1).is_empty());
        net.on(0, |table, afar| table.reconcile(id(1), afar));
        net.deliver_all();
        assert!(amy.told(1).is_empty());
        assert!(net.tables.iter().all(Presence::is_whole));
    }
}

/// amy is at both servers, and bob, who sees both, at that of the earlier session, which speaks last.
#[test]
fn when_the_session_here_ends_the_one_elsewhere_has_the_word() {
    let mut net = Net::new(2);
    let (earlier, bob) = (net.sign_in(0, 0, 1), net.sign_in(1, 0, 2));
    net.deliver_all();
    let later = net.sign_in(0, 1, 3);
    net.change(&later, Status::Busy);
    net.deliver_all();
    net.change(&earlier, Status::Away);
    assert_eq!(bob.told(0).last().map(String::as_str), Some("NLN AWY u0@example.com u0.0 0"));
    net.leave(&earlier);
    net.deliver_all();
    assert_eq!(bob.told(0), ["NLN BSY u0@example.com u0.0 0"]);
}

#[test]
fn a_server_that_is_not_seen_does_not_count() {
    let mut net = Net::new(2);
    let (_amy, bob) = (net.sign_in(0, 0, 1), net.sign_in(1, 1, 2));
    net.deliver_all();
    let presence = || {
        let (user, email, name) = (user(0), email(0), Name::from(&email(0)));
        Shown { user, email, name, status: Status::Busy, capabilities: 0, picture: None, personal: None }
    };
    let late = || News::Show { knows: 99, tag: None, shown: vec![(presence(), vec![user(1)])] };
    net.on(1, |table, afar| table.lost(id(0), afar));
    assert_eq!(bob.told(0).last().map(String::as_str), Some("FLN u0@example.com"));
    net.on(1, |table, afar| table.hear(id(0), late(), afar));
    assert!(bob.told(0).is_empty(), "it died after it said so, and nobody would say that amy is gone");
}

/// amy is at both servers, of which the second has shown her last, to bob at a third.
#[test]
fn when_the_server_that_spoke_last_is_gone_the_other_has_the_word() {
    let mut net = Net::new(3);
    let (_first, bob) = (net.sign_in(0, 0, 1), net.sign_in(1, 2, 2));
    net.deliver_all();
    let second = net.sign_in(0, 1, 3);
    net.change(&second, Status::Busy);
    net.cut(0, 1);
    net.deliver_all();
    assert_eq!(bob.told(0).last().map(String::as_str), Some("NLN BSY u0@example.com u0.0 0"));
    net.on(2, |table, afar| table.lost(id(1), afar));
    net.deliver_all();
    assert_eq!(bob.told(0), ["NLN NLN u0@example.com u0.0 0"]);
}

#[test]
fn of_two_sessions_the_later_stays_and_watchers_see_no_gap() {
    let mut net = Net::new(2);
    let bob = net.sign_in(1, 0, 1);
    net.deliver_all();
    let (earlier, later) = (net.sign_in(0, 0, 2), net.sign_in(0, 1, 3));
    net.change(&later, Status::Busy);
    net.cut(0, 1);
    bob.told(0);
    assert!(earlier.way.notices().is_empty(), "nobody could tell it");
    net.on(0, |table, afar| table.reconcile(id(1), afar));
    while earlier.way.notices() != [Notice::TakenOver] {
        assert!(net.deliver(0, 1) || net.deliver(1, 0), "in the end it is told");
    }
    // It ends at once, while the servers still talk.
    net.leave(&earlier);
    net.deliver_all();
    assert_eq!(bob.told(0), ["NLN BSY u0@example.com u0.0 0"]);
    assert!(later.way.notices().iter().all(|notice| *notice == Notice::Reload));
    assert_eq!([net.tables[0].is_here(user(0)), net.tables[1].is_here(user(0))], [false, true]);
}

#[test]
fn the_later_session_reads_what_was_edited_in_the_earlier() {
    // Whether they meet in a round, or because the later has just begun.
    for round in [true, false] {
        let mut net = Net::new(2);
        let earlier = net.sign_in(0, 0, 1);
        if !round {
            net.deliver_all();
        }
        let later = net.sign_in(0, 1, 2);
        net.put(&earlier, 1, false);
        if round {
            net.cut(0, 1);
            net.on(1, |table, afar| table.reconcile(id(0), afar));
        }
        net.deliver_all();
        assert_eq!(earlier.way.notices(), [Notice::TakenOver]);
        assert!(later.way.notices().contains(&Notice::Reload), "round: {round}");
        // What the earlier was about to do is done after it has been told to end.
        net.put(&earlier, 2, false);
        net.deliver_all();
        assert_eq!(later.way.notices(), [Notice::Reload], "round: {round}");
    }
}

#[test]
fn of_two_sessions_of_the_same_moment_one_stays() {
    let mut net = Net::new(2);
    let (low, high) = (net.enter(0, 0, 7), net.enter(0, 1, 7));
    net.deliver_all();
    assert_eq!(low.way.notices(), [Notice::TakenOver]);
    assert!(!high.way.notices().contains(&Notice::TakenOver));
}

/// Clocks differ by a little: whoever is asked to end does not contradict.
#[test]
fn a_session_that_was_asked_to_end_has_no_claim() {
    let mut net = Net::new(2);
    let ahead = net.sign_in(0, 0, 1_000);
    net.deliver_all();
    net.on(0, |table, _| table.take_over(user(0)));
    let behind = net.sign_in(0, 1, 990);
    net.deliver_all();
    net.reconcile_all();
    net.deliver_all();
    assert_eq!(ahead.way.notices(), [Notice::TakenOver]);
    assert!(!behind.way.notices().contains(&Notice::TakenOver));
}

#[test]
fn what_earlier_releases_say_is_understood() {
    let mut net = Net::new(2);
    let bob = net.sign_in(1, 1, 1);
    net.deliver_all();
    let presence = |status| {
        let (user, email, name) = (user(0), email(0), Name::from(&email(0)));
        Shown { user, email, name, status, capabilities: 0, picture: None, personal: None }
    };
    let mut hear = |news| net.on(1, |table, afar| table.hear(id(0), news, afar));
    hear(News::Watch { watcher: user(0), targets: vec![user(1)], tag: None, arrived: true });
    hear(News::Watched { watcher: user(1), tag: None, visible: vec![presence(Status::Online)] });
    hear(News::Shown { to: vec![user(1)], presence: presence(Status::Busy) });
    hear(News::Gone { to: vec![user(1)], user: user(0), email: email(0) });
    let name = email(0);
    let told = [format!("NLN NLN {name} {name} 0"), format!("NLN BSY {name} {name} 0"), format!("FLN {name}")];
    assert_eq!(bob.told(0), told);
    let answers: Vec<&News> = net.wires[&(1, 0)].iter().collect();
    assert!(matches!(answers[..], [News::Show { .. }, News::Follow { .. }]), "{answers:?}");
    net.on(1, |table, afar| table.hear(id(0), News::Unwatch { watcher: user(0), targets: vec![user(1)] }, afar));
    assert!(net.tables[1].watches().all(|(_, watcher, _)| watcher == user(1)));
}

/// A server with many users, each of whom watches the next.
fn crowd(people: i64, personal: &str) -> Net {
    let mut net = Net::new(2);
    let all = |number: i64| (UserId(number), Email::parse(&format!("u{number}@example.com")).expect("an address"));
    for number in 1..=people {
        let ((user, email), (peer, peer_email)) = (all(number), all(number % people + 1));
        let (name, guid, session) = (Name::from(&email), Guid([0; 16]), SessionId(number.unsigned_abs()));
        let contact = Contact {
            user: peer,
            guid,
            name: Name::from(&peer_email),
            email: peer_email,
            lists: Lists(3),
            groups: GroupSet::NONE,
            props: Props::default(),
        };
        let roster = Roster {
            user,
            email: email.clone(),
            name: name.clone(),
            contacts: vec![contact],
            privacy: MessagePrivacy::AllButBlocked,
            ..friends().roster(0)
        };
        let who = logic::ns::Identity { user, guid, email, name, verified: true };
        let view = View { status: Status::Online, capabilities: 0, picture: None };
        let mut afar = Vec::new();
        net.tables[0].enter(&who, session, number, Fake::default(), &mut afar);
        net.tables[0].load(user, session, &roster, &mut afar);
        net.tables[0].personal(user, session, Some(personal.into()), &mut afar);
        net.tables[0].appear(user, session, view, TrId(1), &mut afar);
    }
    net
}

#[test]
fn an_empty_server_is_told_who_is_there_and_no_more() {
    let mut net = crowd(20_000, "");
    net.on(0, |table, afar| table.reconcile(id(1), afar));
    let sizes: Vec<usize> = net.wires[&(0, 1)]
        .iter()
        .map(|news| match news {
            News::Held { users } => users.len(),
            other => {
                assert!(matches!(other, News::Heal(_)), "{other:?}");
                0
            }
        })
        .collect();
    assert_eq!(sizes, [0, 16_384, 3_616, 0], "at most 20 bytes each, in messages of 1 MiB at most");
    let mut answers = 0;
    while net.deliver(0, 1) || net.deliver(1, 0) {
        answers += net.wires[&(0, 1)].len().min(1);
    }
    assert!(answers < 12, "{answers} messages");
    assert!(net.tables.iter().all(Presence::is_whole));
}

#[test]
fn many_who_are_shown_at_once_do_not_come_in_one_message() {
    let mut net = crowd(1_000, &"x".repeat(4_000));
    let (watcher, targets) = (UserId(5_000), (1..=1_000).map(UserId).collect());
    let follow = News::Follow { number: 1, tag: Some(1), watches: vec![(watcher, targets)] };
    net.on(0, |table, afar| table.hear(id(1), follow, afar));
    let mut told = BTreeSet::new();
    for news in &net.wires[&(0, 1)] {
        let News::Show { knows: 1, tag: Some(1), shown } = news else { panic!("{news:?}") };
        let said: usize = shown.iter().filter_map(|(presence, _)| presence.personal.as_deref()).map(str::len).sum();
        assert!(said < 300_000, "{said} bytes in one message");
        told.extend(shown.iter().map(|(presence, _)| presence.user));
    }
    assert_eq!(told.len(), 1_000);
}

#[test]
fn a_round_goes_its_way_step_by_step() {
    let mut net = Net::new(2);
    let (_amy, _bob) = (net.sign_in(0, 0, 1), net.sign_in(1, 1, 2));
    net.deliver_all();
    net.on(0, |table, afar| table.reconcile(id(1), afar));
    let told: Vec<News> = net.wires[&(0, 1)].iter().cloned().collect();
    let held = News::Held { users: vec![(user(0), 1)] };
    assert_eq!(told, [News::Heal(Heal::Holding { answer: true }), held, News::Heal(Heal::Held)]);
    while net.deliver(0, 1) {}
    let answer: Vec<News> = net.wires[&(1, 0)].iter().cloned().collect();
    let number = match answer[0] {
        News::Heal(Heal::Watching { number }) => number,
        ref other => panic!("{other:?}"),
    };
    let follow = News::Follow { number, tag: None, watches: vec![(user(1), vec![user(0)])] };
    let held = News::Held { users: vec![(user(1), 2)] };
    assert_eq!(answer[1..3], [News::Heal(Heal::Holding { answer: false }), held]);
    assert_eq!(answer[3..], [News::Heal(Heal::Held), follow, News::Heal(Heal::Watched { number })]);
}
