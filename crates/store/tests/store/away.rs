//! A Postgres that is slow, silent, or away: operations end in time, nothing is half done, and all
//! is well as soon as it is back.

use std::time::{Duration, Instant};

use model::{Change, Name, UserId};
use store::{Options, Store, StoreError};
use tokio::time::sleep;

use crate::place::{FL, Place, accounts, contact, edit, name, put, serial};
use crate::proxy::{Proxy, Way};

const DEADLINE: Duration = Duration::from_secs(1);
/// How much later than its deadline an operation may end on a busy machine.
const SLACK: Duration = Duration::from_millis(900);

/// Runs each of these tests with a proxy before Postgres, and a store behind it.
macro_rules! through_a_proxy {
    ($($test:ident),* $(,)?) => {
        $(mod $test {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(place) = crate::place::Place::postgres().await else { return };
                place.open().await.close().await;
                let proxy = crate::proxy::Proxy::start(&place);
                super::$test(&place, proxy).await;
                place.remove().await;
            }
        })*
    };
}

through_a_proxy!(
    a_silent_network_ends_in_time,
    an_outage_is_refused_at_once,
    broken_connections_go_unnoticed,
    a_commit_without_an_answer_is_in_doubt,
    a_commit_that_did_not_arrive_is_undone,
    a_daemon_that_vanished_holds_no_rows,
    who_waits_for_a_row_is_told_in_time,
    statements_are_prepared_once,
    a_start_waits_for_the_database,
    nobody_asks_twice_at_the_same_time,
    a_standby_counts_as_away,
);

async fn open(place: &Place, proxy: &Proxy, connections: u32) -> Store {
    let options = Options { connections, deadline: DEADLINE, ..Options::default() };
    Store::open_with(&proxy.url().parse().unwrap(), place.key(), options).await.unwrap()
}

async fn rename(store: &Store, who: UserId, to: &str) -> Result<(), StoreError> {
    edit(store, who, vec![Change::Name(name(to))]).await.map(drop)
}

async fn name_of(store: &Store, who: UserId) -> Name {
    // Not by the roster, a copy of which is made in the background, on a connection of its own.
    let person = store.people(&[who]).await.unwrap().remove(0);
    store.account(&person.email).await.unwrap().unwrap().name
}

/// Waits until the store is well again; tells how long that took.
async fn recovered(store: &Store) -> Duration {
    let began = Instant::now();
    while store.check().await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(5), "not well five seconds after the return");
        sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

/// All ten connections are lost in the middle of something.
async fn a_silent_network_ends_in_time(place: &Place, proxy: Proxy) {
    let store = open(place, &proxy, 10).await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    let all = async |what: &'static str| {
        let began = Instant::now();
        let many = (0..30).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { rename(&store, amy, what).await.is_ok() })
        });
        let many: Vec<_> = many.collect();
        let mut ok = 0;
        for one in many {
            ok += usize::from(one.await.unwrap());
        }
        (ok, began.elapsed())
    };
    assert_eq!(all("before").await.0, 30);
    proxy.set(Way::Silent);
    let (ok, took) = all("meanwhile").await;
    assert_eq!(ok, 0);
    assert!(took < DEADLINE + SLACK, "{took:?}");
    let began = Instant::now();
    assert!(matches!(store.roster(bob).await, Err(StoreError::Away | StoreError::Busy)));
    assert!(began.elapsed() < DEADLINE + SLACK);
    proxy.set(Way::Open);
    recovered(&store).await;
    assert_eq!(name_of(&store, amy).await, name("before"));
    let (ok, took) = all("after").await;
    assert_eq!(ok, 30, "no connection is in a bad state ({took:?})");
    assert_eq!(name_of(&store, amy).await, name("after"));
}

async fn an_outage_is_refused_at_once(place: &Place, proxy: Proxy) {
    let store = open(place, &proxy, 10).await;
    let [amy] = accounts(&store, ["amy"]).await;
    proxy.set(Way::Cut);
    assert!(matches!(rename(&store, amy, "one").await, Err(StoreError::Away)));
    let began = Instant::now();
    for _ in 0..1000 {
        assert!(matches!(rename(&store, amy, "two").await, Err(StoreError::Away)));
        assert!(matches!(store.roster(amy).await, Err(StoreError::Away)));
    }
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    sleep(Duration::from_secs(3)).await;
    proxy.set(Way::Open);
    let took = recovered(&store).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    rename(&store, amy, "three").await.unwrap();
    assert_eq!(serial(&store, amy).await, 1);
}

/// A server that was restarted, or a firewall that forgot: whoever asks next need not know.
async fn broken_connections_go_unnoticed(place: &Place, proxy: Proxy) {
    let store = open(place, &proxy, 3).await;
    let [amy] = accounts(&store, ["amy"]).await;
    for round in 0..5 {
        proxy.cut_once().await;
        rename(&store, amy, &format!("name {round}")).await.unwrap();
        proxy.cut_once().await;
        assert_eq!(name_of(&store, amy).await, name(&format!("name {round}")));
    }
    assert_eq!(serial(&store, amy).await, 5);
}

async fn a_commit_without_an_answer_is_in_doubt(place: &Place, proxy: Proxy) {
    let store = open(place, &proxy, 2).await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    let mark = store.touched_mark().await.unwrap();
    proxy.trap("COMMIT");
    let began = Instant::now();
    let doubtful = model::Edit { owner: amy, changes: vec![put(bob, 0, FL)] };
    assert!(matches!(store.edit(doubtful.clone()).await, Err(StoreError::InDoubt)));
    assert!(began.elapsed() < DEADLINE + SLACK);
    assert!(store.clear_doubt(doubtful.clone()).await.is_err(), "not while it is away");
    proxy.set(Way::Open);
    recovered(&store).await;
    store.clear_doubt(doubtful).await.unwrap();
    assert_eq!(contact(&store, amy, bob).await.unwrap().lists.0, FL, "it was carried out");
    assert_eq!(store.touched_since(mark).await.unwrap().1, [amy, bob], "and both are to be read anew");
}

async fn a_commit_that_did_not_arrive_is_undone(place: &Place, proxy: Proxy) {
    let store = open(place, &proxy, 2).await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    proxy.trap("INSERT INTO contact");
    let outcome = edit(&store, amy, vec![put(bob, 0, FL)]).await;
    assert!(matches!(outcome, Err(StoreError::Busy | StoreError::Away)), "{outcome:?}");
    proxy.set(Way::Open);
    recovered(&store).await;
    assert_eq!(contact(&store, amy, bob).await, None);
    edit(&store, amy, vec![put(bob, 0, FL)]).await.unwrap();
    assert_eq!((serial(&store, amy).await, serial(&store, bob).await), (1, 1));
}

async fn a_daemon_that_vanished_holds_no_rows(place: &Place, proxy: Proxy) {
    let [store, other] = [open(place, &proxy, 1).await, place.open().await];
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    proxy.trap("INSERT INTO contact");
    let began = Instant::now();
    edit(&store, amy, vec![put(bob, 0, FL)]).await.unwrap_err();
    rename(&other, amy, "free").await.unwrap();
    assert!(began.elapsed() < DEADLINE * 2 + SLACK, "{:?}", began.elapsed());
}

async fn who_waits_for_a_row_is_told_in_time(place: &Place, proxy: Proxy) {
    let store = open(place, &proxy, 1).await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    let mut other = place.connection().await;
    sqlx::raw_sql("BEGIN; SELECT id FROM account FOR UPDATE").execute(&mut other).await.unwrap();
    let began = Instant::now();
    let outcome = rename(&store, amy, "late").await;
    assert!(matches!(outcome, Err(StoreError::Busy)), "{outcome:?}");
    assert!(began.elapsed() < DEADLINE + SLACK, "{:?}", began.elapsed());
    // The one connection is as good as before.
    assert!(store.roster(bob).await.unwrap().is_some());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    rename(&store, amy, "in time").await.unwrap();
    assert_eq!((name_of(&store, amy).await, serial(&store, amy).await), (name("in time"), 1));
}

async fn statements_are_prepared_once(place: &Place, proxy: Proxy) {
    let store = open(place, &proxy, 1).await;
    let [amy] = accounts(&store, ["amy"]).await;
    proxy.said();
    rename(&store, amy, "first").await.unwrap();
    assert!(proxy.said().contains("UPDATE account SET name"), "the first time, the statement is sent");
    for _ in 0..3 {
        rename(&store, amy, "again").await.unwrap();
        let said = proxy.said();
        assert!(said.contains("again") && !said.contains("UPDATE"), "{said:?}");
    }
}

async fn a_start_waits_for_the_database(place: &Place, proxy: Proxy) {
    let open = async |start_patience| {
        let options = Options { start_patience, ..Options::default() };
        Store::open_with(&proxy.url().parse().unwrap(), place.key(), options).await
    };
    proxy.set(Way::Cut);
    let began = Instant::now();
    assert!(matches!(open(Duration::from_secs(1)).await, Err(StoreError::Open { .. })));
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    let later = async {
        sleep(Duration::from_secs(1)).await;
        proxy.set(Way::Open);
    };
    let (store, ()) = tokio::join!(open(Duration::from_secs(20)), later);
    store.unwrap().check().await.unwrap();
}

/// However many want something from a database that is away, it is asked about once a second.
async fn nobody_asks_twice_at_the_same_time(place: &Place, proxy: Proxy) {
    let store = open(place, &proxy, 10).await;
    let [amy] = accounts(&store, ["amy"]).await;
    proxy.set(Way::Cut);
    store.roster(amy).await.unwrap_err();
    let before = proxy.connections();
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let began = Instant::now();
                while began.elapsed() < Duration::from_secs(3) {
                    store.roster(amy).await.unwrap_err();
                    sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    for one in asking {
        one.await.unwrap();
    }
    let asked = proxy.connections() - before;
    assert!((2..=12).contains(&asked), "asked {asked} times in three seconds");
}

/// After a failover, a daemon may still reach the server that only reads now.
async fn a_standby_counts_as_away(place: &Place, proxy: Proxy) {
    let store = open(place, &proxy, 3).await;
    let [amy] = accounts(&store, ["amy"]).await;
    let mut conn = place.connection().await;
    for only_reads in [true, false] {
        let set = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {only_reads}', \
             current_database()); END $$"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(set)).execute(&mut conn).await.unwrap();
        proxy.cut_once().await;
        if only_reads {
            assert!(matches!(rename(&store, amy, "refused").await, Err(StoreError::Away)));
            assert!(matches!(store.roster(amy).await, Err(StoreError::Away)));
        }
    }
    recovered(&store).await;
    rename(&store, amy, "taken").await.unwrap();
    assert_eq!((name_of(&store, amy).await, serial(&store, amy).await), (name("taken"), 1));
}
