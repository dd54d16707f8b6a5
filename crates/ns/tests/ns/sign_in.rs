//! A sign-in reads the store once, and misses nothing that happens until its session begins.

use std::sync::Arc;
use std::time::Instant;

use bus::{Bus, Member};
use daemon::listener::Seat;
use daemon::{Desk as _, Link, Parts, Reply, Shutdown};
use logic::login::md5;
use logic::ns::{Answer, Candidate, Found, Proof, Question, SignedIn};
use model::{Change, ContactEntry, Edit, Email, Endpoint, GroupSet, Lists, Name, Password, UserId};
use msnp::Dialect;
use msnp::dialect::Package;
use ns::{Desk, Hall};
use store::{MasterKey, NewAccount, Store};

struct Place {
    hall: Arc<Hall>,
    store: Store,
    _member: Arc<Member>,
}

fn email(who: &str) -> Email {
    Email::parse(&format!("{who}@example.com")).unwrap()
}

impl Place {
    async fn new() -> Self {
        let store = Store::open(&"sqlite::memory:".parse().unwrap(), MasterKey::random().unwrap()).await.unwrap();
        let parts = Parts { config: Arc::default(), store: store.clone(), bus: Bus::local() };
        let (hall, member) = Hall::open(&parts, Endpoint::SameHost(1864), 1, &Shutdown::default()).await.unwrap();
        for who in ["amy", "bob"] {
            let (name, password) = (Name::friendly(who).unwrap(), Password::new("password".to_owned()));
            store.create_account(NewAccount { email: email(who), name, password, md5: true }).await.unwrap();
        }
        Self { hall, store, _member: member }
    }

    fn desk(&self) -> Desk {
        let peer = ([127, 0, 0, 1], 1863).into();
        let seat = Seat { session: Seat::<()>::number(), link: Link::memory(1 << 20), reached: peer, peer };
        self.hall.seat(seat).1
    }

    async fn prove(&self, desk: &mut Desk, who: &str, password: &str) -> Option<Candidate> {
        let Answer::Identified(Found::Challenge(challenge)) =
            ask(desk, Question::Identify(email(who), Package::Md5)).await
        else {
            panic!("no challenge")
        };
        let response = md5::digest(&challenge, password);
        let proof = Proof::Digest { challenge, response };
        let Answer::Proved(candidate) = ask(desk, Question::Prove(email(who), proof)).await else { panic!("no proof") };
        candidate.map(|candidate| *candidate)
    }

    async fn sign_in(&self, desk: &mut Desk, who: &str) -> SignedIn {
        let candidate = self.prove(desk, who, "password").await.unwrap();
        begin(desk, candidate).await
    }

    async fn id(&self, who: &str) -> UserId {
        self.store.account(&email(who)).await.unwrap().unwrap().id
    }

    /// Puts a contact on FL.
    async fn adding(&self, owner: &str, peer: &str) -> Edit {
        let entry = ContactEntry { lists: Lists(1), groups: GroupSet::NONE, name: Name::friendly(peer).unwrap() };
        let change = Change::Contact { peer: self.id(peer).await, was: Lists::NONE, now: Some(entry) };
        Edit { owner: self.id(owner).await, changes: vec![change] }
    }
}

async fn ask(desk: &mut Desk, question: Question) -> Answer {
    match desk.answer(question, Instant::now()) {
        Reply::Now(answer) => answer,
        Reply::Later(answer) => answer.await,
    }
}

async fn begin(desk: &mut Desk, candidate: Candidate) -> SignedIn {
    let question = Question::SignIn(Box::new(candidate), Dialect::Msnp7);
    let Answer::SignedIn(signed_in) = ask(desk, question).await else { panic!("not signed in") };
    *signed_in
}

#[tokio::test]
async fn who_proves_nothing_is_nobody() {
    let place = Place::new().await;
    let mut desk = place.desk();
    assert!(place.prove(&mut desk, "amy", "wrong").await.is_none());
    assert!(place.prove(&mut desk, "nobody", "password").await.is_none());
    assert!(place.prove(&mut desk, "amy", "password").await.is_some());
    place.store.set_suspended(&email("amy"), true).await.unwrap();
    assert!(place.prove(&mut desk, "amy", "password").await.is_none());
}

/// What the store says when the session begins is not looked at again.
#[tokio::test]
async fn the_store_is_read_once() {
    let place = Place::new().await;
    let mut desk = place.desk();
    let candidate = place.prove(&mut desk, "amy", "password").await.unwrap();
    // Behind the back of this server, which hears of it at its next look outside.
    place.store.edit(place.adding("bob", "amy").await).await.unwrap();
    assert!(begin(&mut desk, candidate).await.roster.contacts.is_empty());
}

#[tokio::test]
async fn what_others_change_meanwhile_is_not_missed() {
    let place = Place::new().await;
    let (mut amy, mut bob) = (place.desk(), place.desk());
    place.sign_in(&mut bob, "bob").await;
    let candidate = place.prove(&mut amy, "amy", "password").await.unwrap();
    let peers = vec![(place.id("amy").await, email("amy"))];
    let edited = ask(&mut bob, Question::Edit(place.adding("bob", "amy").await, peers)).await;
    assert!(matches!(edited, Answer::Edited(_)));
    assert_eq!(begin(&mut amy, candidate).await.roster.contacts.len(), 1);
}

#[tokio::test]
async fn what_the_session_before_changes_meanwhile_is_not_missed() {
    let place = Place::new().await;
    let (mut old, mut new) = (place.desk(), place.desk());
    place.sign_in(&mut old, "amy").await;
    let candidate = place.prove(&mut new, "amy", "password").await.unwrap();
    let edited = ask(&mut old, Question::Edit(place.adding("amy", "bob").await, Vec::new())).await;
    assert!(matches!(edited, Answer::Edited(_)));
    assert_eq!(begin(&mut new, candidate).await.roster.contacts.len(), 1);
}

#[tokio::test]
async fn what_the_operator_changes_meanwhile_is_not_missed() {
    let place = Place::new().await;
    let mut amy = place.desk();
    let mark = place.store.touched_mark().await.unwrap();
    let candidate = place.prove(&mut amy, "amy", "password").await.unwrap();
    place.store.edit_from_outside(place.adding("bob", "amy").await).await.unwrap();
    place.hall.look_outside(mark).await.unwrap();
    assert_eq!(begin(&mut amy, candidate).await.roster.contacts.len(), 1);
}
