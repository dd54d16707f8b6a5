//! Desks and the hall of a notification server, without sockets.

#![allow(clippy::unwrap_used, reason = "all of this crate is tests, also what is no test function")]

mod idle;
mod sign_in;
