//! Handing a message on in a room of two, up to the receiver's outbox. One operation is one message.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use daemon::link::batch;
use daemon::{Client, Link};
use logic::Rate;
use logic::sb::{Entry, Member, Notice, Room, Rules};
use model::{Email, Name, RoomId, SessionId};
use msnp::sb::message_header;
use msnp::{Dialect, TrId};

const MINUTES: Duration = Duration::from_secs(300);
const PAYLOAD: &[u8] = &[b'x'; 150];

pub(crate) fn run(count: u32) -> anyhow::Result<()> {
    let rules = Rules {
        participants: 50,
        calls: Rate { burst: 20, every: Duration::from_secs(3) },
        ring_time: MINUTES,
        alone: MINUTES,
        two_idle: MINUTES,
        many_idle: MINUTES,
        hide_blocking: false,
    };
    let traits = Dialect::from_number(9).context("there is MSNP9")?.traits();
    let now = Instant::now();
    let mut room = Room::new(RoomId(1), now);
    let mut links = Vec::new();
    let (amy, name) = (Email::parse("amy@example.com")?, Name::friendly("Amy")?);
    for (number, email) in [(1, amy.clone()), (2, Email::parse("bob@example.com")?)] {
        let link = Link::<Notice>::memory(1 << 20);
        let outlet = Client::new(link.clone(), traits);
        let member = Member { session: SessionId(number), email, name: name.clone(), capabilities: 0, outlet };
        let entered = batch(|| room.enter(member, Entry::Opening(TrId(1)), &rules, now));
        ensure!(entered.is_ok(), "nobody is in their way");
        links.push(link);
    }
    let listener = links.pop().context("two came")?;
    listener.take();
    let mut heard = 0;
    for _ in 0..count {
        let mut message = Vec::with_capacity(PAYLOAD.len() + 64);
        message_header(&mut message, &amy, &name, PAYLOAD);
        let message = Bytes::from(message);
        ensure!(batch(|| room.say(SessionId(1), &message, now)), "the message was handed on");
        heard += listener.take().len();
    }
    ensure!(heard >= count as usize * PAYLOAD.len(), "{heard} bytes came");
    Ok(())
}
