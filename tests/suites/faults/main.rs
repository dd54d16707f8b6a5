//! Faults with real processes: what is acknowledged must survive.

#[path = "../programs.rs"]
mod programs;

mod client;
mod kill;
