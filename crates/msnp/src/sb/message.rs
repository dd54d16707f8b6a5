//! `MSG ACK NAK`: what is said, and whether it arrived. (docs/PROTOCOL.md, Switchboard)

use model::{Email, Name};

use crate::sb::{Event, Request};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Code, Traits};

/// Longest payload of a message, in bytes. A longer one closes the connection.
pub const MAX_PAYLOAD: usize = 1664;

/// What the sender wants to hear about its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// `U`: nothing.
    Unacknowledged,
    /// `N`: a `NAK` if someone did not get it.
    FailureOnly,
    /// `A`: an `ACK` or a `NAK`.
    Acknowledged,
    /// `D` (MSNP9+): the same, but only data may be sent so; anything else is refused with 282.
    Data,
}

/// The letter must be a capital; anything else closes, as it did on the real servers.
pub(super) fn msg<'a>(
    mut words: Words<impl Iterator<Item = &'a str>>,
    payload: &'a [u8],
    traits: &Traits,
) -> Result<Request<'a>, Bad> {
    let delivery = match words.optional() {
        Some("U") => Delivery::Unacknowledged,
        Some("N") => Delivery::FailureOnly,
        Some("A") => Delivery::Acknowledged,
        Some("D") if traits.data_messages && is_data(payload) => Delivery::Data,
        Some("D") if traits.data_messages => {
            return Err(Bad::refuse(words.trid, Code::BadData, "MSG D whose content is not data"));
        }
        _ => return Err(Bad::close("MSG takes U, N, A or D")),
    };
    if words.optional().is_none() {
        return Err(Bad::close("MSG without a length of its own"));
    }
    Ok(Request::Msg { trid: words.trid, delivery, payload })
}

/// Does a message have a content type of data between clients?
fn is_data(payload: &[u8]) -> bool {
    const HEADER: &[u8] = b"content-type:";
    const KINDS: [&[u8]; 1] = [b"application/x-msnmsgrp2p"];
    let mut lines = payload.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).take_while(|line| !line.is_empty());
    let kind = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(HEADER.len())?;
        name.eq_ignore_ascii_case(HEADER).then(|| value.trim_ascii())
    });
    kind.is_some_and(|kind| {
        let kind = kind.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii_end();
        KINDS.iter().any(|data| kind.eq_ignore_ascii_case(data))
    })
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
