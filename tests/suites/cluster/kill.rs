//! Servers are killed without a warning.

use std::time::{Duration, Instant};

use crate::ground::{Ground, QUICK, rounds};
use crate::nats::Server;
use crate::person::say;
use crate::{below, report};

/// A notification server is killed: its people are offline in the eyes of all others, sign in again,
/// before or after anyone has noticed, and everyone sees the truth. Tells how long it took until they were
/// offline, in the rounds in which they waited for that.
fn notification_servers_are_killed(beat: Duration, rounds: u32) -> Vec<Duration> {
    let nats = Server::start(&[]);
    let Some(mut ground) = Ground::usual(12, beat, &nats) else { return Vec::new() };
    ground.all_sign_in();
    let (mut noticed, mut told_again) = (Vec::new(), 0);
    for round in 0..rounds {
        let which = below(3);
        let doomed = ground.ns[which].address;
        let gone = ground.at(doomed);
        let began = Instant::now();
        ground.ns[which].kill();
        for person in &gone {
            ground.people[*person].online().wait(|state| state.closed.then_some(())).unwrap();
            ground.people[*person].leave(false);
        }
        if round % 2 == 0 && !gone.is_empty() {
            ground.settles("a notification server was killed", Duration::from_secs(8));
            noticed.push(began.elapsed());
        }
        for person in &gone {
            let ds = ground.ds[below(2)].address;
            let person = &mut ground.people[*person];
            person
                .sign_in(ds)
                .unwrap_or_else(|error| panic!("round {round}: {} cannot sign in: {error}", person.handle));
            told_again += 1;
        }
        ground.settles("everyone has signed in again", Duration::from_secs(10));
        ground.restart("ns", which);
        // So that all servers have someone again.
        let (person, ds) = (below(12), ground.ds[0].address);
        ground.people[person].leave(true);
        ground.people[person].sign_in(ds).unwrap();
        ground.settles("someone has signed in once more", Duration::from_secs(10));
    }
    assert!(told_again >= rounds, "only {told_again} had to sign in again in {rounds} rounds");
    noticed
}

#[test]
fn people_of_a_killed_server_are_offline_and_come_back() {
    let noticed = notification_servers_are_killed(QUICK, rounds());
    if !noticed.is_empty() {
        report("a killed notification server noticed, at a beat of 250 ms", noticed);
    }
}

#[test]
fn a_killed_server_is_noticed_within_five_seconds() {
    let noticed = notification_servers_are_killed(Duration::from_secs(1), 6);
    if noticed.is_empty() {
        return;
    }
    assert!(noticed.iter().all(|time| *time < Duration::from_secs(5)), "{noticed:?}");
    report("a killed notification server noticed, at the default beat", noticed);
}

#[test]
fn the_next_conversation_begins_at_once_after_a_switchboard_was_killed() {
    let nats = Server::start(&[]);
    let Some(mut ground) = Ground::usual(2, Duration::from_secs(1), &nats) else { return };
    ground.all_sign_in();
    let mut times = Vec::new();
    for round in 0..rounds() {
        let text = format!("round {round}");
        let (caller, callee) = ground.people.split_at_mut(1);
        let (mut mine, theirs, at) = caller[0].converse(&mut callee[0]).unwrap();
        say(&mut mine, &text).unwrap();
        theirs.wait(|state| state.heard.contains(&text).then_some(())).unwrap();
        let which = usize::from(ground.sb[1].address == at);
        assert_eq!(ground.sb[which].address, at);
        ground.sb[which].kill();
        for room in [&mine, &theirs] {
            room.wait(|state| state.closed.then_some(())).unwrap();
        }
        // Nobody has noticed yet that it is gone, but for those who were there.
        let began = Instant::now();
        let (caller, callee) = ground.people.split_at_mut(1);
        let (mut mine, theirs, other) = caller[0].converse(&mut callee[0]).unwrap();
        say(&mut mine, &text).unwrap();
        theirs.wait(|state| state.heard.contains(&text).then_some(())).unwrap();
        times.push(began.elapsed());
        assert_ne!(other, at);
        assert!(began.elapsed() < Duration::from_secs(1), "round {round}: {:?}", began.elapsed());
        ground.restart("sb", which);
    }
    ground.settles("all is done", Duration::from_secs(1));
    report("a conversation after its switchboard was killed", times);
}
