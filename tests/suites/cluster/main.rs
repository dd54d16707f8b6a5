//! A cluster of real processes under faults: killed, cut off, emptied and joined, with people on it
//! whose every view of each other must be exactly the truth afterwards.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a fault test fails by panicking, and says what it skips and how long things took"
)]

#[path = "../database.rs"]
mod database;
#[path = "../nats.rs"]
mod nats;
#[path = "../programs.rs"]
mod programs;

mod bus;
mod cost;
mod cut;
mod ground;
mod kill;
mod moving;
mod person;

/// What the times of a number of rounds were.
fn report(what: &str, mut times: Vec<std::time::Duration>) {
    times.sort_unstable();
    let (middle, last) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{what}: {} rounds, median {middle:.0?}, longest {last:.0?}", times.len());
}

/// A number that differs from run to run; which one does not matter.
fn below(limit: usize) -> usize {
    use std::hash::{BuildHasher, RandomState};
    usize::try_from(RandomState::new().hash_one(0) % limit as u64).unwrap()
}
