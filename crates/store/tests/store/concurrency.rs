//! Many at once.

use std::sync::Arc;

use model::{Change, Lists, UserId};
use store::{Store, StoreError};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::place::{AL, FL, Place, RL, accounts, contact, edit, email, name, put, serial};

crate::suite!(
    concurrent_edits_share_commits_and_are_all_kept,
    opposing_edits_do_not_deadlock,
    only_one_of_two_deciders_wins,
    several_processes_open_and_edit_at_once,
    a_failed_edit_does_not_undo_its_neighbours,
    deletion_races_with_edits,
);

/// Twenty accounts without waiting for twenty hashes.
async fn crowd(place: &Place, store: &Store) -> Vec<UserId> {
    let [first] = accounts(store, ["user0"]).await;
    for i in 1..20 {
        place
            .run(&format!(
                "INSERT INTO account (email, guid, name, password_hash, lists_at, settings_at, created_at)
                 SELECT 'user{i}@example.com', guid, name, password_hash, 1, 1, 1 FROM account WHERE id = {first}"
            ))
            .await;
    }
    store.accounts(None, 100).await.unwrap().into_iter().map(|account| account.id).collect()
}

async fn concurrent_edits_share_commits_and_are_all_kept(place: &Place) {
    let store = place.open().await;
    let users = crowd(place, &store).await;
    let before = store.writes();
    let mut edits = JoinSet::new();
    for (i, owner) in users.iter().copied().enumerate() {
        for step in 1..=10 {
            let (store, peer) = (store.clone(), users[(i + step) % users.len()]);
            edits.spawn(async move { edit(&store, owner, vec![put(peer, 0, FL | AL)]).await.unwrap() });
        }
    }
    let done = edits.join_all().await;
    assert_eq!(done.len(), 200);
    let after = store.writes();
    assert_eq!(after.changes - before.changes, 200);
    if place.is_sqlite() {
        assert!(after.commits - before.commits < 100, "{after:?}");
    }
    store.close().await;
    let store = place.open().await;
    for (i, owner) in users.iter().enumerate() {
        let roster = store.roster(*owner).await.unwrap().unwrap();
        assert_eq!(roster.contacts.len(), 20 - usize::from(roster.by_id(*owner).is_none()));
        for step in 1..=10 {
            let peer = roster.by_id(users[(i + step) % users.len()]).unwrap();
            assert_eq!(peer.lists.own(), Lists(FL | AL));
        }
        assert_eq!(roster.serial.0, 1 + 20, "ten of its own, ten of others");
    }
}

async fn opposing_edits_do_not_deadlock(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    for round in 0..100 {
        let (was, now) = if round % 2 == 0 { (0, FL | AL) } else { (FL | AL, 0) };
        let (one, other) =
            tokio::join!(edit(&store, amy, vec![put(bob, was, now)]), edit(&store, bob, vec![put(amy, was, now)]));
        assert_eq!((one.unwrap().peers[0].0, other.unwrap().peers[0].0), (bob, amy));
    }
    assert_eq!([serial(&store, amy).await, serial(&store, bob).await], [200, 200]);
    edit(&store, amy, vec![put(bob, 0, FL)]).await.unwrap();
    assert_eq!(contact(&store, bob, amy).await.unwrap().lists.0, RL);
}

async fn only_one_of_two_deciders_wins(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    for _ in 0..20 {
        let (one, other) =
            tokio::join!(edit(&store, amy, vec![put(bob, 0, FL)]), edit(&store, amy, vec![put(bob, 0, AL)]));
        let expected = match (one, other) {
            (Ok(_), Err(StoreError::Conflict)) => FL,
            (Err(StoreError::Conflict), Ok(_)) => AL,
            both => panic!("{both:?}"),
        };
        let lists = contact(&store, amy, bob).await.unwrap().lists;
        assert_eq!(lists.0, expected);
        edit(&store, amy, vec![put(bob, lists.0, 0)]).await.unwrap();
    }
}

/// Stores that share nothing in memory stand for processes.
async fn several_processes_open_and_edit_at_once(place: &Place) {
    let start = Arc::new(Barrier::new(6));
    let mut processes = JoinSet::new();
    for i in 0..6 {
        let (url, key, start) = (place.url(), place.key(), start.clone());
        processes.spawn(async move {
            start.wait().await;
            let store = Store::open(&url, key).await.unwrap();
            let called = format!("user{i}");
            let [user] = accounts(&store, [&called]).await;
            for n in 0..20 {
                edit(&store, user, vec![Change::Name(name(&format!("{called} {n}")))]).await.unwrap();
            }
            store.close().await;
        });
    }
    processes.join_all().await;
    let store = place.open().await;
    let all = store.accounts(None, 10).await.unwrap();
    assert_eq!(all.len(), 6);
    for account in all {
        assert!(account.name.as_str().ends_with(" 19"));
        assert_eq!(serial(&store, account.id).await, 20);
    }
}

async fn a_failed_edit_does_not_undo_its_neighbours(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat] = accounts(&store, ["amy", "bob", "cat"]).await;
    let mut edits = JoinSet::new();
    for i in 0..60 {
        let store = store.clone();
        edits.spawn(async move {
            match i % 3 {
                0 => edit(&store, amy, vec![Change::Name(name("Amy"))]).await.is_ok(),
                1 => edit(&store, bob, vec![Change::Name(name("Bob")), put(cat, FL, AL)]).await.is_ok(),
                _ => edit(&store, bob, vec![Change::Name(name("Bob")), put(cat, 0, AL | 4)]).await.is_ok(),
            }
        });
    }
    assert_eq!(edits.join_all().await.into_iter().filter(|ok| *ok).count(), 20);
    assert_eq!([serial(&store, amy).await, serial(&store, bob).await], [20, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_edits_are_refused_while_another_program_holds_the_file() {
    let place = Place::sqlite();
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.file());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let holder = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let mut edits = JoinSet::new();
    for _ in 0..1200 {
        let store = store.clone();
        edits.spawn(async move { edit(&store, amy, vec![Change::Name(name("Amy"))]).await });
    }
    // A thousand wait in the queue and up to 64 with the writer; the others are told at once.
    for _ in 0..1200 - 1024 - 64 {
        let result = edits.join_next().await.unwrap().unwrap();
        assert!(matches!(result, Err(StoreError::Busy)), "{result:?}");
    }
    assert_eq!(serial(&store, amy).await, 0, "reading does not wait");
    holder.rollback().await.unwrap();
    let kept = edits.join_all().await.into_iter().filter(Result::is_ok).count();
    assert!((1024..=1024 + 64).contains(&kept), "{kept}");
    assert_eq!(serial(&store, amy).await as usize, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_gives_up_when_another_program_holds_the_file_for_long() {
    let place = Place::sqlite();
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.file());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let holder = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let result = edit(&store, amy, vec![Change::Name(name("Amy"))]).await;
    assert!(matches!(result, Err(StoreError::Busy)), "{result:?}");
    holder.rollback().await.unwrap();
    edit(&store, amy, vec![Change::Name(name("Amy"))]).await.unwrap();
}

async fn deletion_races_with_edits(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    for _ in 0..5 {
        let [cat] = accounts(&store, ["cat"]).await;
        let mail = email("cat");
        let (deleted, one, other) = tokio::join!(
            store.delete_account(&mail),
            edit(&store, amy, vec![put(cat, 0, FL)]),
            edit(&store, cat, vec![put(bob, 0, FL)]),
        );
        assert!(deleted.unwrap());
        for result in [one, other] {
            assert!(matches!(result, Ok(_) | Err(StoreError::NoAccount)), "{result:?}");
        }
        assert_eq!(contact(&store, amy, cat).await, None);
        assert_eq!(contact(&store, bob, cat).await, None);
    }
}
