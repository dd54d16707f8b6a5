//! Real processes: what is acknowledged survives, what the operator does is told, a stop is clean, and a
//! storm of sign-ins disturbs nobody.

#![expect(clippy::unwrap_used, reason = "a fault test fails by panicking")]

#[path = "../programs.rs"]
mod programs;

mod client;
mod daemon;
mod drain;
mod kill;
mod operator;
mod storm;
