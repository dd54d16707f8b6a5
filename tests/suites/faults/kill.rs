//! `msnpd` is killed with SIGKILL while a client edits its lists: every edit that was
//! acknowledged is there after the restart, and at most the one that was under way besides.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::daemon::{Addresses, Daemon, EDITOR, PASSWORD, prepare};
use crate::programs;

/// How often the daemon is killed.
const ROUNDS: u32 = 40;
/// People to put on the list and take off it.
const PEOPLE: usize = 12;
fn person(number: usize) -> String {
    format!("person{number}@example.com")
}

/// What the client knows of its list: what was acknowledged, and the edit that was not.
#[derive(Default)]
struct Known {
    acknowledged: BTreeSet<String>,
    under_way: Option<(bool, String)>,
    edits: u32,
}

impl Known {
    /// Is this what the list may be, after the daemon died?
    fn allows(&self, found: &BTreeSet<String>) -> bool {
        let mut after = self.acknowledged.clone();
        if let Some((add, handle)) = &self.under_way {
            if *add {
                after.insert(handle.clone())
            } else {
                after.remove(handle)
            };
        }
        *found == self.acknowledged || *found == after
    }

    /// Edits until the connection breaks.
    fn edit(&mut self, client: &mut Client) {
        loop {
            let handle = person(rand_below(PEOPLE));
            let add = !self.acknowledged.contains(&handle);
            let command = if add { format!("ADD {{}} FL {handle} {handle}") } else { format!("REM {{}} FL {handle}") };
            self.under_way = Some((add, handle.clone()));
            let Ok(trid) = client.send(&command) else { return };
            let verb = if add { "ADD" } else { "REM" };
            loop {
                let Ok(line) = client.line() else { return };
                if line.starts_with(&format!("{verb} {trid} FL ")) {
                    break;
                }
                // The properties of someone who was just added.
                assert!(line.starts_with("BPR "), "{command} was answered {line}");
            }
            self.under_way = None;
            self.edits += 1;
            if add {
                self.acknowledged.insert(handle)
            } else {
                self.acknowledged.remove(&handle)
            };
        }
    }
}

/// A number that differs from run to run; which one does not matter.
fn rand_below(limit: usize) -> usize {
    use std::hash::{BuildHasher, RandomState};
    usize::try_from(RandomState::new().hash_one(0) % limit as u64).unwrap()
}

#[test]
fn no_acknowledged_edit_is_lost() {
    programs::build();
    let directory = tempfile::tempdir().unwrap();
    let people: Vec<String> = (0..PEOPLE).map(person).collect();
    let Addresses { ns, .. } = prepare(directory.path(), &people);
    let mut known = Known::default();
    for round in 0..ROUNDS {
        let daemon = Daemon::start(directory.path());
        let mut client = Client::sign_in(ns, EDITOR, PASSWORD).unwrap();
        let found: BTreeSet<String> = client.list("FL").unwrap().into_iter().collect();
        assert!(
            known.allows(&found),
            "round {round}: acknowledged {:?}, under way {:?}, found {found:?}",
            known.acknowledged,
            known.under_way
        );
        known.acknowledged = found;
        known.under_way = None;
        let life = Duration::from_millis(20 + rand_below(150) as u64);
        let began = Instant::now();
        let killer = thread::spawn(move || {
            thread::sleep(life.saturating_sub(began.elapsed()));
            daemon.kill();
        });
        client.send("SYN {} 0").unwrap();
        while let Ok(line) = client.line() {
            if line.contains(" RL ") && line.ends_with(" 0 0") {
                break;
            }
        }
        known.edit(&mut client);
        killer.join().unwrap();
    }
    assert!(known.edits >= ROUNDS, "only {} edits in {ROUNDS} rounds show nothing", known.edits);
}
