//! NATS goes away and comes back.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::ground::{Ground, QUICK, rounds};
use crate::nats::Server;
use crate::{below, report};

/// What people do meanwhile. Nobody may be disconnected by it.
fn live(ground: &mut Ground) {
    for _ in 0..3 {
        let (number, ds) = (below(ground.people.len()), ground.ds[below(2)].address);
        let person = &mut ground.people[number];
        match (below(4), person.wire.is_some()) {
            (_, false) => {
                // That may fail while there is no bus; then they are offline.
                if person.sign_in(ds).is_err() {
                    person.wire = None;
                }
            }
            (0, true) => person.leave(below(2) == 0),
            (which, true) => person.change(["NLN", "BSY", "AWY", "HDN"][which]),
        }
    }
}

fn outage(ground: &mut Ground, nats: &mut Server, time: Duration) -> Duration {
    nats.kill();
    let began = Instant::now();
    while began.elapsed() < time {
        live(ground);
        sleep(Duration::from_millis(50));
    }
    nats.restart();
    let back = Instant::now();
    ground.settles("NATS is back", Duration::from_secs(20));
    back.elapsed()
}

#[test]
fn a_restart_of_nats_leaves_everyone_with_the_truth() {
    let mut nats = Server::start(&[]);
    let Some(mut ground) = Ground::usual(10, QUICK, &nats) else { return };
    ground.all_sign_in();
    let times = (0..rounds()).map(|_| outage(&mut ground, &mut nats, Duration::from_millis(below(800) as u64)));
    report("the truth after a restart of NATS", times.collect());
}

#[test]
fn so_does_an_outage_of_half_a_minute() {
    let mut nats = Server::start(&[]);
    let Some(mut ground) = Ground::usual(10, Duration::from_secs(1), &nats) else { return };
    ground.all_sign_in();
    let time = outage(&mut ground, &mut nats, Duration::from_secs(30));
    report("the truth after 30 s without NATS", vec![time]);
}
