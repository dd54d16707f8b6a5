//! What clients send to a dispatch or notification server, and what those send to them.
//!
//! Each command family has a file of its own, with its part of [`Request::decode`] and
//! [`Event::encode`].

mod challenge;
mod command;
mod directory;
mod event;
mod groups;
mod handshake;
mod lists;
mod message;
mod presence;
mod request;
mod ring;
mod service;
mod sync;

pub use command::Command;
pub use directory::{Addressee, Hit, Invitation, Search, Service};
pub use event::Event;
pub use handshake::{Farewell, Step, Version};
pub use lists::{WhichGroup, Whom};
pub use message::{Mailbox, PageText, ProfileFields, SystemMessage};
pub use presence::{MAX_PERSONAL, MAX_PICTURE, StatusWord, Told};
pub use request::Request;
pub use ring::ReferTo;
pub use sync::{Head, Known, contact_properties, own_properties};

use crate::Limits;
use crate::frame::Verb;

/// Longest line before sign-in, in bytes. (docs/PROTOCOL.md, Limits)
pub const LINE_BEFORE_SIGN_IN: usize = 1024;
/// Longest line after sign-in, in bytes.
pub const LINE: usize = 8192;

/// The limits for a client that has not signed in. It may send no payload that means anything,
/// but what it sends is cut as payload, lest its contents run as commands.
pub const BEFORE_SIGN_IN: Limits = Limits { line: LINE_BEFORE_SIGN_IN, payload: payload_limit };
/// The limits for a client that has.
pub const SIGNED_IN: Limits = Limits { line: LINE, payload: payload_limit };

fn payload_limit(verb: Verb) -> Option<usize> {
    match &verb {
        b"QRY" => Some(32),
        b"PAG" | b"PGD" => Some(1024),
        b"UUX" => Some(MAX_PERSONAL),
        b"SDC" => Some(4096),
        _ => None,
    }
}
