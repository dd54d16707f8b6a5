//! The web daemon over sockets, with requests as the clients send them, byte for byte.

#![allow(clippy::unwrap_used, reason = "all of this crate is tests, also what is no test function")]

mod connections;
mod pages;
mod place;
mod sign_in;
mod tls;
mod tokens;
