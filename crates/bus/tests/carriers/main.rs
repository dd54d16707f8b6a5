//! What every carrier promises, checked on each of them; then what only the hub does (`hub`), and
//! what only NATS does (`cluster`).

#![expect(clippy::unwrap_used, reason = "in a test, whatever goes wrong fails it")]

mod cluster;
mod ground;
mod hub;
#[path = "../../../../tests/suites/nats.rs"]
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bus::{Address, BusError, NotRung, Notice, Request, Response};
use model::{NodeId, Role, UserId};

use ground::{Ground, NEVER, QUICK, Recorder, email, eventually, flushed, ids, node, note, passed};

macro_rules! on_every_carrier {
    ($($check:ident),* $(,)?) => {
        on_every_carrier!(local: $($check)*);
        on_every_carrier!(tcp: $($check)*);
        on_every_carrier!(unix: $($check)*);
        on_every_carrier!(nats: $($check)*);
    };
    ($carrier:ident: $($check:ident)*) => {
        mod $carrier {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    super::$check(super::Ground::$carrier()).await;
                }
            )*
        }
    };
}

on_every_carrier! {
    notices_arrive_in_order,
    a_users_notice_reaches_who_holds_them,
    a_roles_notice_reaches_all_others,
    a_request_is_answered,
    who_asks_nobody_learns_it_at_once,
    who_gets_no_answer_stops_waiting,
    members_see_each_other_come_and_go,
    draining_is_shown_at_once_and_load_soon,
    many_requests_at_once,
    a_number_is_used_once,
    only_notification_servers_hold_users,
}

async fn notices_arrive_in_order(ground: Ground) {
    let (a, _) = ground.daemon(1, Role::Notification).await;
    let (b, _) = ground.daemon(2, Role::Notification).await;
    let (_c, got) = ground.daemon(3, Role::Notification).await;
    let to = Address::Node(NodeId(3));
    for number in 0..5_000 {
        a.send(&to, note(number));
        b.send(&to, note(number));
    }
    eventually("all notices are there", || got.noticed() == 10_000).await;
    let notices = got.notices.lock().unwrap();
    for sender in [1, 2] {
        let from_it: Vec<&Notice> = notices.iter().filter(|(from, _)| from.0 == sender).map(|(_, n)| n).collect();
        assert!((0..5_000).map(note).eq(from_it.into_iter().cloned()), "those of {sender}");
    }
}

async fn a_users_notice_reaches_who_holds_them(ground: Ground) {
    let (a, at_a) = ground.daemon(1, Role::Notification).await;
    let (b, at_b) = ground.daemon(2, Role::Notification).await;
    let amy = Address::User(email("amy"));
    b.hold(&email("amy"));
    b.hold(&email("amy"));
    flushed(&b).await;
    a.send(&amy, note(1));
    b.send(&amy, note(2));
    eventually("b has both, its own too", || at_b.noticed() == 2).await;

    b.release(&email("amy"));
    flushed(&b).await;
    a.send(&amy, note(3));
    a.hold(&email("amy"));
    a.send(&amy, note(4));
    eventually("a has the last", || at_a.noticed() == 1).await;
    passed(&a, 2).await;
    assert_eq!(*at_a.notices.lock().unwrap(), [(NodeId(1), note(4))]);
    assert_eq!(at_b.noticed(), 2);

    b.hold(&email("amy"));
    flushed(&b).await;
    a.send(&amy, note(5));
    eventually("the last to hold them has it", || at_b.noticed() == 3).await;
    drop(b);
    eventually("b is gone", || a.members().nodes().len() == 1).await;
    a.send(&amy, note(6));
    let has_it = || at_a.notices.lock().unwrap().last() == Some(&(NodeId(1), note(6)));
    eventually("who still holds them has it", has_it).await;
}

async fn a_roles_notice_reaches_all_others(ground: Ground) {
    let (a, at_a) = ground.daemon(1, Role::Notification).await;
    let (_b, at_b) = ground.daemon(2, Role::Notification).await;
    let (_c, at_c) = ground.daemon(3, Role::Notification).await;
    let (_d, at_d) = ground.daemon(4, Role::Switchboard).await;
    a.send(&Address::Role(Role::Notification), note(1));
    eventually("both others have it", || at_b.noticed() == 1 && at_c.noticed() == 1).await;
    flushed(&a).await;
    assert_eq!((at_a.noticed(), at_d.noticed()), (0, 0));
}

async fn a_request_is_answered(ground: Ground) {
    let (a, _) = ground.daemon(1, Role::Notification).await;
    let (b, _) = ground.daemon(2, Role::Notification).await;
    b.hold(&email("amy"));
    flushed(&b).await;
    let ask = |user: i64| Request::TakeOver { user: UserId(user) };
    assert_eq!(a.request(&Address::User(email("amy")), ask(1)).await.unwrap(), Response::TakenOver);
    assert_eq!(a.request(&Address::Node(NodeId(2)), ask(2)).await.unwrap(), Response::NotRung(NotRung::Blocked));
    assert_eq!(a.request(&Address::Role(Role::Notification), ask(1)).await.unwrap(), Response::TakenOver);
    assert_eq!(b.request(&Address::User(email("amy")), ask(1)).await.unwrap(), Response::TakenOver, "of itself");
}

async fn who_asks_nobody_learns_it_at_once(ground: Ground) {
    let (a, _) = ground.daemon(1, Role::Notification).await;
    let began = Instant::now();
    for to in [Address::User(email("amy")), Address::Node(NodeId(9)), Address::Role(Role::Notification)] {
        let error = a.request(&to, Request::TakeOver { user: QUICK }).await.unwrap_err();
        assert!(matches!(&error, BusError::NoResponders { to: whom } if *whom == to), "{error}");
        assert!(error.to_string().contains(&to.to_string()), "{error}");
    }
    assert!(began.elapsed() < Duration::from_millis(400));
}

async fn who_gets_no_answer_stops_waiting(ground: Ground) {
    let (a, _) = ground.daemon(1, Role::Notification).await;
    let (_b, _) = ground.daemon(2, Role::Notification).await;
    let to = Address::Node(NodeId(2));
    let error = a.request(&to, Request::TakeOver { user: NEVER }).await.unwrap_err();
    assert!(matches!(error, BusError::Timeout { deadline, .. } if deadline == Duration::from_millis(500)), "{error}");
    assert!(a.request(&to, Request::TakeOver { user: QUICK }).await.is_ok(), "the next one is answered");
}

async fn members_see_each_other_come_and_go(ground: Ground) {
    let (a, at_a) = ground.daemon(1, Role::Notification).await;
    assert_eq!(ids(&a.members()), [1]);
    let (b, at_b) = ground.daemon(2, Role::Switchboard).await;
    assert_eq!(ids(&b.members()), [1, 2], "who has joined sees all at once");
    eventually("a sees b", || ids(&a.members()) == [1, 2]).await;
    drop(b);
    eventually("b is gone", || ids(&a.members()) == [1]).await;
    eventually("a was told all", || at_a.shown() == [vec![1], vec![1, 2], vec![1]]).await;
    assert_eq!(at_b.shown().first(), Some(&vec![1, 2]));
}

async fn draining_is_shown_at_once_and_load_soon(ground: Ground) {
    let (a, at_a) = ground.daemon(1, Role::Notification).await;
    let (b, _) = ground.daemon(2, Role::Notification).await;
    eventually("a sees b", || at_a.shown().len() == 2).await;
    (1..=100).for_each(|load| b.announce(load, false));
    eventually("a knows b's load", || a.members().get(NodeId(2)).is_some_and(|b| b.load == 100)).await;
    assert_eq!(at_a.shown().len(), 2, "load is no news");
    let began = Instant::now();
    b.announce(101, true);
    eventually("a knows that b drains", || a.members().get(NodeId(2)).is_some_and(|b| b.draining)).await;
    assert!(began.elapsed() < Duration::from_millis(500));
    eventually("a was told", || at_a.shown().len() == 3).await;
    assert_eq!(a.members().home_of(&email("amy")).map(|node| node.id), Some(NodeId(1)));
}

async fn many_requests_at_once(ground: Ground) {
    let (a, _) = ground.daemon(1, Role::Notification).await;
    let (_b, _) = ground.daemon(2, Role::Notification).await;
    let a = Arc::new(a);
    let mut asking = tokio::task::JoinSet::new();
    for number in 1..=2_000 {
        let a = Arc::clone(&a);
        asking.spawn(async move {
            let asked = Request::TakeOver { user: UserId(number) };
            (number, a.request(&Address::Node(NodeId(2)), asked).await.unwrap())
        });
    }
    while let Some(answered) = asking.join_next().await {
        let (number, response) = answered.unwrap();
        let right = if number % 2 == 0 { Response::NotRung(NotRung::Blocked) } else { Response::TakenOver };
        assert_eq!(response, right, "the answer to {number}");
    }
}

async fn a_number_is_used_once(ground: Ground) {
    let (a, _) = ground.daemon(1, Role::Notification).await;
    let other = ground.bus().await.join(node(1, Role::Switchboard), Arc::new(Recorder::default())).await;
    assert!(matches!(other, Err(BusError::IdTaken { id: NodeId(1) })));
    flushed(&a).await;
    assert_eq!(a.members().nodes(), [node(1, Role::Notification)]);
}

async fn only_notification_servers_hold_users(ground: Ground) {
    let (a, _) = ground.daemon(1, Role::Switchboard).await;
    a.hold(&email("amy"));
    flushed(&a).await;
    let asked = a.request(&Address::User(email("amy")), Request::TakeOver { user: QUICK }).await;
    assert!(matches!(asked, Err(BusError::NoResponders { .. })));
}
