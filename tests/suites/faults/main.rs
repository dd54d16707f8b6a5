//! Real processes: what is acknowledged survives, what the operator does is told, a stop is clean, and a
//! storm of sign-ins disturbs nobody.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a fault test fails by panicking, and says what it skips"
)]

#[path = "../programs.rs"]
mod programs;

mod client;
mod daemon;
mod drain;
mod kill;
mod known;
mod operator;
mod postgres;
mod server;
mod storm;
