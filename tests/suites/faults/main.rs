//! Faults with real processes: what is acknowledged must survive.

#![expect(clippy::unwrap_used, reason = "a fault test fails by panicking")]

#[path = "../programs.rs"]
mod programs;

mod client;
mod kill;
