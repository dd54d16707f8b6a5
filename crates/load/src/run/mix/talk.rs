//! A conversation: who is in it, what is said when, and what each hears.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use tokio::sync::Notify;

use super::pace::{messages, typing, wait};
use super::people::{World, ahead};
use super::tally::add;
use crate::client::{
    Account, Conn, Invitation, Pen, Referral, Speaker, begin, enter, read_stamp, ring, typing as typing_notice,
};
use crate::measure::now;

/// How long people may take to come, and the last message to arrive.
const PATIENCE: Duration = Duration::from_secs(15);

/// A conversation under way.
#[derive(Default)]
pub(super) struct Talk {
    people: RefCell<Vec<Participant>>,
    /// How many will be in it.
    size: Cell<usize>,
    /// How many have come to know that all are there.
    joined: Cell<usize>,
    /// What has yet to be heard.
    left: Cell<i64>,
    over: Cell<bool>,
    /// Told to who leads it.
    changed: Notify,
    /// Told to who listens.
    ended: Notify,
}

struct Participant {
    pen: Pen,
    handle: String,
    speaker: Speaker,
}

/// Opens a conversation that was due at `due`, and leads it to its end.
pub(super) async fn caller(world: &Rc<World>, account: &Account, referral: &Referral, due: u64) -> anyhow::Result<()> {
    add(&world.tally.talks, 1);
    let result = lead(world, account, referral, due).await;
    world.tally.talks.set(world.tally.talks.get() - 1);
    result.with_context(|| format!("a conversation of {}", account.handle))
}

async fn lead(world: &Rc<World>, account: &Account, referral: &Referral, due: u64) -> anyhow::Result<()> {
    let mut seat = begin(referral, account).await?;
    let company = world.company(account.number);
    let talk = Rc::new(Talk::default());
    talk.size.set(1 + company.len());
    let mut room = None;
    for callee in &company {
        // Who was rung before may be coming in already.
        let rung = ring(&mut seat, &world.way.account(*callee).handle).await?;
        talk.joined.set(talk.joined.get() + rung.joined);
        if room.is_none() {
            world.talks.borrow_mut().insert(rung.room.clone(), talk.clone());
            room = Some(rung.room);
        }
    }
    talk.sit(&seat.conn, account);
    let (reader, reading) = (world.clone(), talk.clone());
    world.spawn(async move { hear(&reader, &reading, seat.conn, 0).await });
    talk.until("everyone to come", || {
        talk.joined.get() >= company.len() && talk.people.borrow().len() == talk.size.get()
    })
    .await?;
    world.tally.note(&world.tally.rooms, due);
    speak(world, &talk).await?;
    talk.until("the last message to be heard", || talk.left.get() == 0).await?;
    talk.over.set(true);
    for person in talk.people.borrow().iter() {
        person.pen.write(b"OUT\r\n")?;
    }
    talk.ended.notify_waiters();
    world.talks.borrow_mut().remove(&room.unwrap_or_default());
    Ok(())
}

/// Follows an invitation, and listens until the conversation is over.
pub(super) async fn callee(world: &Rc<World>, account: &Account, invitation: &Invitation) -> anyhow::Result<()> {
    let seat = enter(invitation, account).await?;
    let until = tokio::time::Instant::now() + PATIENCE;
    // The caller may not have been told the room's number yet.
    let talk = loop {
        if let Some(talk) = world.talks.borrow().get(&invitation.room) {
            break talk.clone();
        }
        anyhow::ensure!(tokio::time::Instant::now() < until, "an invitation to a room that nobody opened");
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    let place = talk.sit(&seat.conn, account);
    hear(world, &talk, seat.conn, place).await
}

/// Says everything when it is due, in the name of whoever's turn it is.
async fn speak(world: &Rc<World>, talk: &Rc<Talk>) -> anyhow::Result<()> {
    let (count, size) = (messages(&mut *world.rng.borrow_mut()), talk.size.get());
    let others = i64::try_from(size)? - 1;
    let (mut due, mut out) = (now(), Vec::new());
    for _ in 0..count {
        let (pause, notices, turn) = {
            let mut rng = world.rng.borrow_mut();
            (wait(&mut *rng, 1.0 / world.pace.get().pause), typing(&mut *rng), rng.random_range(0..size))
        };
        due += ahead(pause);
        if !world.until(due).await {
            break;
        }
        world.tally.begin(due);
        let mut people = talk.people.borrow_mut();
        let person = &mut people[turn];
        for notice in 0..notices {
            typing_notice(&mut out, notice.into(), &person.handle);
        }
        person.speaker.say(&mut out, due);
        add(&world.tally.typing_due, others * i64::from(notices));
        add(&world.tally.chats_due, others);
        add(&world.tally.chats, 1);
        add(&talk.left, others * (1 + i64::from(notices)));
        person.pen.write(&out)?;
        out.clear();
    }
    Ok(())
}

/// Reads what is said to the participant at `place`.
async fn hear(world: &Rc<World>, talk: &Rc<Talk>, mut conn: Conn, place: usize) -> anyhow::Result<()> {
    let mut heard: HashMap<u64, u64> = HashMap::new();
    loop {
        // Commands may have come with those that were read before.
        conn.drain::<anyhow::Error>(|frame| {
            match frame.verb() {
                b"MSG" => {
                    world.tally.count();
                    match read_stamp(frame.payload) {
                        Some(said) => {
                            let due = heard.entry(said.sender).or_default();
                            if said.count != *due {
                                bail!("message {} came when {due} was due: lost or reordered", said.count);
                            }
                            *due += 1;
                            add(&world.tally.chats_due, -1);
                            world.tally.note(&world.tally.chat, said.at);
                        }
                        None => add(&world.tally.typing_due, -1),
                    }
                    add(&talk.left, -1);
                }
                // Those who come later are told to all; the caller counts them.
                b"JOI" if place == 0 => add(&talk.joined, 1),
                b"JOI" | b"BYE" => {}
                _ => bail!("unexpected in a room: {}", frame.text()),
            }
            Ok(())
        })?;
        talk.changed.notify_waiters();
        if talk.over.get() {
            return Ok(());
        }
        tokio::select! {
            filled = conn.fill() => match filled {
                Ok(()) => {}
                Err(_) if talk.over.get() => return Ok(()),
                Err(lost) => return Err(lost).context("in a room"),
            },
            () = talk.ended.notified() => {}
        }
    }
}

impl Talk {
    /// Takes a place; the caller's is the first.
    fn sit(&self, conn: &Conn, account: &Account) -> usize {
        let mut people = self.people.borrow_mut();
        let speaker = Speaker::new(people.len() as u64, 'N');
        people.push(Participant { pen: conn.pen(), handle: account.handle.clone(), speaker });
        self.changed.notify_waiters();
        people.len() - 1
    }

    async fn until(&self, what: &str, reached: impl Fn() -> bool) -> anyhow::Result<()> {
        let waiting = async {
            while !reached() {
                let changed = self.changed.notified();
                if !reached() {
                    changed.await;
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.with_context(|| format!("waited for {what} for {PATIENCE:?}"))
    }
}
