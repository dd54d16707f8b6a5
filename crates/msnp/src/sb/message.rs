//! `MSG ACK NAK`: what is said, and whether it arrived. (docs/PROTOCOL.md, Switchboard)

use model::{Email, Name};

use crate::Bad;
use crate::sb::{Event, Request};
use crate::word::Words;
use crate::write::line;

/// Longest payload of a message, in bytes. A longer one closes the connection.
pub const MAX_PAYLOAD: usize = 1664;

/// What the sender wants to hear about its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// `U`: nothing.
    Unacknowledged,
    /// `N`: a `NAK` if someone did not get it.
    FailureOnly,
    /// `A` and, for data, `D`: an `ACK` or a `NAK`.
    Acknowledged,
}

/// The letter must be a capital; anything else closes, as it did on the real servers.
pub(super) fn msg<'a>(mut words: Words<impl Iterator<Item = &'a str>>, payload: &'a [u8]) -> Result<Request<'a>, Bad> {
    let delivery = match words.optional() {
        Some("U") => Delivery::Unacknowledged,
        Some("N") => Delivery::FailureOnly,
        Some("A" | "D") => Delivery::Acknowledged,
        _ => return Err(Bad::close("MSG takes U, N, A or D")),
    };
    if words.optional().is_none() {
        return Err(Bad::close("MSG without a length of its own"));
    }
    Ok(Request::Msg { trid: words.trid, delivery, payload })
}

/// Appends the line and the payload that every other participant gets.
pub fn message_header(out: &mut Vec<u8>, email: &Email, name: &Name, payload: &[u8]) {
    line(out, "MSG").email(email).name(name).payload(payload);
}

pub(super) fn encode(event: &Event<'_>, out: &mut Vec<u8>) {
    match *event {
        Event::Ack { trid } => line(out, "ACK").trid(trid).end(),
        Event::Nak { trid } => line(out, "NAK").trid(trid).end(),
        _ => unreachable!("another family's event"),
    }
}
