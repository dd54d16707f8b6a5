//! Measures a store: `cargo run --release -p store --example measure -- sqlite:/some/where/new.db`
//!
//! The database should be new; it is left behind with some hundred accounts.

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::time::{Duration, Instant};

use model::{Admission, Change, ContactEntry, Edit, Email, GroupSet, Lists, MessagePrivacy, Name, NodeId, UserId};
use store::{MasterKey, NewAccount, Password, Store, StoreUrl};
use tokio::task::JoinSet;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Contacts of the roster that is read, and editors at a time.
const CONTACTS: usize = 100;
const EDITORS: usize = 64;
const SPAN: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Outcome<()> {
    let url: StoreUrl = std::env::args().nth(1).unwrap_or_else(|| "sqlite::memory:".to_owned()).parse()?;
    let store = Store::open(&url, MasterKey::random()?).await?;
    let users = crowd(&store).await?;
    println!("{url}");
    roster(&store, users[0]).await?;
    edits(&store, users[..1].to_vec()).await?;
    edits(&store, users[..EDITORS].to_vec()).await?;
    flips(&store, users[..EDITORS].to_vec()).await?;
    cookies(&store).await?;
    store.close().await;
    Ok(())
}

/// Accounts of which all have each other as contacts.
async fn crowd(store: &Store) -> Outcome<Vec<UserId>> {
    let mut users = Vec::new();
    for i in 0..=CONTACTS {
        let email = Email::parse(&format!("user{i}@example.com"))?;
        let name = Name::friendly(&format!("The friendly name of user {i}"))?;
        let password = Password::new("secret".to_owned());
        users.push(store.create_account(NewAccount { email, name, password, md5: false }).await?);
    }
    for owner in &users {
        let others = users.iter().filter(|peer| *peer != owner);
        let changes = others.map(|peer| contact(*peer, 0, 3)).collect::<Outcome<Vec<_>>>()?;
        store.edit(Edit { owner: *owner, changes }).await?;
    }
    Ok(users)
}

fn contact(peer: UserId, was: u8, now: u8) -> Outcome<Change> {
    let entry = ContactEntry { lists: Lists(now), groups: GroupSet::NONE, name: Name::friendly("A name for them")? };
    Ok(Change::Contact { peer, was: Lists(was), now: Some(entry) })
}

async fn roster(store: &Store, user: UserId) -> Outcome<()> {
    let mut times = Vec::new();
    for _ in 0..5000 {
        let started = Instant::now();
        store.check().await?;
        times.push(started.elapsed());
    }
    report("SELECT 1", times, None);
    let mut times = Vec::new();
    for _ in 0..5000 {
        let started = Instant::now();
        let roster = store.roster(user).await?.ok_or("there is no such account")?;
        times.push(started.elapsed());
        assert_eq!(roster.contacts.len(), CONTACTS);
    }
    report(&format!("roster of {CONTACTS} contacts"), times, None);
    Ok(())
}

/// Each of the users changes a setting again and again.
async fn edits(store: &Store, users: Vec<UserId>) -> Outcome<()> {
    let what = format!("setting, {} at a time", users.len());
    repeat(store, &what, users, |_, n| {
        let privacy = if n % 2 == 0 { MessagePrivacy::OnlyAllowed } else { MessagePrivacy::AllButBlocked };
        Ok(Change::Privacy(privacy))
    })
    .await
}

/// Each of the users takes the next one off FL and puts them on again.
async fn flips(store: &Store, users: Vec<UserId>) -> Outcome<()> {
    let (what, all) = (format!("contact on or off FL, {} at a time", users.len()), users.clone());
    repeat(store, &what, users, move |i, n| {
        let (was, now) = if n % 2 == 0 { (3, 2) } else { (2, 3) };
        contact(all[(i + 1) % all.len()], was, now)
    })
    .await
}

async fn repeat(
    store: &Store,
    what: &str,
    users: Vec<UserId>,
    change: impl Fn(usize, u32) -> Outcome<Change> + Clone + Send + 'static,
) -> Outcome<()> {
    let (started, before) = (Instant::now(), store.writes());
    let mut editors = JoinSet::new();
    for (i, owner) in users.into_iter().enumerate() {
        let (store, change) = (store.clone(), change.clone());
        editors.spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < SPAN {
                let edit = Edit { owner, changes: vec![change(i, u32::try_from(times.len())?)?] };
                let asked = Instant::now();
                store.edit(edit).await?;
                times.push(asked.elapsed());
            }
            Outcome::Ok(times)
        });
    }
    let times = editors.join_all().await.into_iter().collect::<Outcome<Vec<_>>>()?.concat();
    let (elapsed, after) = (started.elapsed(), store.writes());
    report(what, times, Some(elapsed));
    println!("    {} changes in {} commits", after.changes - before.changes, after.commits - before.commits);
    Ok(())
}

async fn cookies(store: &Store) -> Outcome<()> {
    let admission = Admission {
        user: UserId(1),
        email: Email::parse("user1@example.com")?,
        name: Name::friendly("The friendly name of user 1")?,
        dialect: 7,
        capabilities: 0,
        node: NodeId(1),
        room: None,
    };
    let (mut times, started) = (Vec::new(), Instant::now());
    while started.elapsed() < SPAN {
        let asked = Instant::now();
        let cookie = store.put_cookie(&admission, Duration::from_secs(60)).await?;
        store.take_cookie(&cookie).await?.ok_or("the cookie is gone")?;
        times.push(asked.elapsed());
    }
    report("cookie put and taken", times, Some(started.elapsed()));
    Ok(())
}

fn report(what: &str, mut times: Vec<Duration>, elapsed: Option<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    print!("{what}: p50 {:?}, p99 {:?}", at(50), at(99));
    match elapsed {
        Some(elapsed) => println!(", {} per second", times.len() as u128 * 1_000_000 / elapsed.as_micros().max(1)),
        None => println!(),
    }
}
