//! `msnpd` is killed with SIGKILL while a client edits its lists: every edit that was
//! acknowledged is there after the restart, and at most the one that was under way besides.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::daemon::{Addresses, Daemon, EDITOR, PASSWORD, prepare, rounds};
use crate::known::{Known, Outcome, PEOPLE, person, rand_below};
use crate::programs;

/// How often the daemon is killed.
const ROUNDS: u32 = 40;

#[test]
fn no_acknowledged_edit_is_lost() {
    programs::build();
    let rounds = rounds(ROUNDS);
    let directory = tempfile::tempdir().unwrap();
    let people: Vec<String> = (0..PEOPLE).map(person).collect();
    let Addresses { ns, .. } = prepare(directory.path(), &people);
    let mut known = Known::default();
    for round in 0..rounds {
        let daemon = Daemon::start(directory.path());
        let mut client = Client::sign_in(ns, EDITOR, PASSWORD).unwrap();
        let found: BTreeSet<String> = client.list("FL").unwrap().into_iter().collect();
        assert!(known.allows(&found), "round {round}: {known:?}, found {found:?}");
        known.adopt(found);
        let life = Duration::from_millis(20 + rand_below(150) as u64);
        let began = Instant::now();
        let killer = thread::spawn(move || {
            thread::sleep(life.saturating_sub(began.elapsed()));
            daemon.kill();
        });
        // The daemon may die before the lists are read.
        if client.synchronise().is_ok() {
            while let Ok(outcome) = known.edit(&mut client) {
                assert_eq!(outcome, Outcome::Done, "round {round}");
            }
        }
        killer.join().unwrap();
    }
    assert!(known.edits >= rounds, "only {} edits in {rounds} rounds show nothing", known.edits);
}
