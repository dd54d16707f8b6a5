//! A client that somebody else wrote, against `msnpd`: the crate `msnp11-sdk` speaks MSNP11, signs in through
//! the Passport web daemon, and fetches display pictures peer to peer.
//!
//! It shares no code and no author with this suite, so it finds what both sides of our own tests believe alike.
//! Each test has a server of its own, and asserts what the *other* client got.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "here the servers choose their ports")]
#[path = "../programs.rs"]
mod programs;

mod lists;
mod person;
mod presence;
mod room;
mod scene;
mod server;
