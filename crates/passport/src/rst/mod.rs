//! Security tokens (`RST.srf`, `RST2.srf`): how the official 7.5 and many others sign in. No I/O.
//!
//! One request names a handle, a password and the sites that tokens are wanted for; one answer has
//! a token for each, in the same order. There are two forms of it, whose XML namespaces differ.
//! [`read()`] takes any prefixes; what is written has the prefixes of the original servers, since
//! BitlBee, aMSN and msn-pecan look for them letter by letter.

mod read;
mod stamp;
mod write;

pub use read::{Refusal, Request, read};
pub use write::{Answer, PASSPORT, Token, answer, fault};

/// Which of the two forms a request has, and its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// SOAP 1.1 and WS-Trust of 2004: `RST.srf`.
    Rst,
    /// SOAP 1.2 and WS-Trust of 2005: `RST2.srf`.
    Rst2,
}

/// Why there are no tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The handle or the password is wrong, or there is none.
    Failed,
    /// The request is not what it should be.
    Invalid,
    /// Try later.
    Busy,
}
