//! `CHL QRY`: the client proves what program it is. The digests are in `logic`.
//! (docs/PROTOCOL.md, Challenges)

use std::str;

use crate::ns::{Event, Request};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Code};

/// `QRY t product-id 32` with 32 hexadecimal digits. Anything else is a wrong answer.
pub(super) fn qry<'a>(mut words: Words<impl Iterator<Item = &'a str>>, payload: &'a [u8]) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let wrong = Bad::refuse_and_close(trid, Code::ChallengeFailed, "the answer to a challenge has 32 digits");
    let product = words.word()?;
    let digest = str::from_utf8(payload).map_err(|_| wrong)?;
    if digest.len() != 32 {
        return Err(wrong);
    }
    Ok(Request::Qry { trid, product, digest })
}

pub(super) fn encode(event: &Event<'_>, out: &mut Vec<u8>) {
    match *event {
        Event::Chl { trid, challenge } => line(out, "CHL").trid(trid).word(challenge).end(),
        Event::Qry { trid } => line(out, "QRY").trid(trid).end(),
        _ => unreachable!("another family's event"),
    }
}
