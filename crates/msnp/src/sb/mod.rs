//! What clients send to a switchboard, and what it sends to them.
//!
//! A switchboard hears no `VER`: the dialect comes with the cookie that the client presents.

mod message;
mod roster;
mod session;

pub use message::{Delivery, MAX_PAYLOAD, message_header};

use model::{Email, Name, RoomId};

use crate::frame::Verb;
use crate::word::words;
use crate::{Bad, Frame, Limits, TrId, Traits};

/// The limits for clients of a switchboard, entered or not.
pub const LIMITS: Limits = Limits { line: crate::ns::LINE_BEFORE_SIGN_IN, payload: payload_limit };

fn payload_limit(verb: Verb) -> Option<usize> {
    (&verb == b"MSG").then_some(MAX_PAYLOAD)
}

/// A command of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields are the words of the command")]
pub enum Request<'a> {
    /// Open a room with this cookie.
    Usr { trid: TrId, handle: &'a str, cookie: &'a str },
    /// Come into a room with this cookie.
    Ans { trid: TrId, handle: &'a str, cookie: &'a str, room: RoomId },
    /// Call someone into the room.
    Cal { trid: TrId, handle: &'a str },
    /// Tell all others in the room.
    Msg { trid: TrId, delivery: Delivery, payload: &'a [u8] },
    /// Good-bye.
    Out,
}

impl<'a> Request<'a> {
    /// Reads a command of a client of the dialect `traits`. Whatever is not one of these closes the connection.
    pub fn decode(frame: &Frame<'a>, traits: &Traits) -> Result<Self, Bad> {
        match &frame.verb {
            b"OUT" => Ok(Self::Out),
            b"MSG" => message::msg(words(frame)?, frame.payload, traits),
            b"USR" => session::usr(words(frame)?),
            b"ANS" => session::ans(words(frame)?),
            b"CAL" => roster::cal(words(frame)?),
            _ => Err(Bad::close("a switchboard has no such command")),
        }
    }
}

/// What a switchboard tells a client.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are the words of the command")]
pub enum Event<'a> {
    /// You are in a room of your own.
    UsrOk { trid: TrId, email: &'a Email, name: &'a Name },
    /// You are in the room.
    AnsOk { trid: TrId },
    /// Participant `item` of `total` who is here already.
    Iro { trid: TrId, item: usize, total: usize, email: &'a Email, name: &'a Name, capabilities: u32 },
    /// Someone came in.
    Joi { email: &'a Email, name: &'a Name, capabilities: u32 },
    /// Someone left; or the room closes because nobody spoke.
    Bye { email: &'a Email, idle: bool },
    /// They are being rung.
    Cal { trid: TrId, room: RoomId },
    /// Everyone else got the message.
    Ack { trid: TrId },
    /// Not everyone did.
    Nak { trid: TrId },
}

impl Event<'_> {
    /// Appends the event in the form of the dialect `traits`.
    pub fn encode(&self, traits: &Traits, out: &mut Vec<u8>) {
        match self {
            Self::UsrOk { .. } | Self::AnsOk { .. } => session::encode(self, out),
            Self::Iro { .. } | Self::Joi { .. } | Self::Bye { .. } | Self::Cal { .. } => {
                roster::encode(self, traits, out)
            }
            Self::Ack { .. } | Self::Nak { .. } => message::encode(self, out),
        }
    }
}
