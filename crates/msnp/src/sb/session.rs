//! `USR ANS`: the way in. (docs/PROTOCOL.md, Switchboard)

use model::RoomId;

use crate::sb::{Event, Request};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, TrId};

pub(super) fn usr<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let short = |_| Bad::close("USR takes a handle and a cookie");
    let handle = words.word().map_err(short)?;
    let cookie = words.word().map_err(short)?;
    Ok(Request::Usr { trid: words.trid, handle, cookie })
}

pub(super) fn ans<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let short = |_| Bad::close("ANS takes a handle, a cookie and a session id");
    let handle = words.word().map_err(short)?;
    let cookie = words.word().map_err(short)?;
    let room = words.word().map_err(short)?;
    let TrId(room) = TrId::parse(room).ok_or(Bad::close("the session id is not a number"))?;
    Ok(Request::Ans { trid: words.trid, handle, cookie, room: RoomId(room) })
}

pub(super) fn encode(event: &Event<'_>, out: &mut Vec<u8>) {
    match *event {
        Event::UsrOk { trid, email, name } => line(out, "USR").trid(trid).word("OK").email(email).name(name).end(),
        Event::AnsOk { trid } => line(out, "ANS").trid(trid).word("OK").end(),
        _ => unreachable!("another family's event"),
    }
}
