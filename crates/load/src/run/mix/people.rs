//! Those who are signed in, and what happens to them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::graph::Graph;
use super::pace::{Pace, party, wait};
use super::talk::{Talk, callee, caller};
use super::tally::{Tally, add};
use crate::client::{Account, Frame, Pen, Session, Way, invited, referral, sign_in};
use crate::measure::now;

/// Sign-ins at the same time, before the run begins.
const AT_ONCE: usize = 32;
/// How often it is looked what is due.
const TICK: Duration = Duration::from_millis(1);
/// How many of a kind begin at most before it is looked what else is due.
const MOST_AT_ONCE: usize = 100;
/// The states that people go through, so that a watcher knows which one is due.
const STATES: [&str; 7] = ["NLN", "BSY", "IDL", "BRB", "AWY", "PHN", "LUN"];

/// Everyone.
pub(super) struct World {
    pub(super) way: Way,
    pub(super) graph: Rc<Graph>,
    pub(super) pace: Cell<Pace>,
    pub(super) tally: Tally,
    people: RefCell<Vec<Person>>,
    numbers: HashMap<Vec<u8>, usize>,
    /// Conversations whose people have yet to come, by the switchboard's number.
    pub(super) talks: RefCell<HashMap<String, Rc<Talk>>>,
    pub(super) rng: RefCell<StdRng>,
    tasks: RefCell<JoinSet<()>>,
    failure: RefCell<Option<anyhow::Error>>,
    failed: Notify,
    /// Nothing more begins.
    over: Cell<bool>,
    ended: Notify,
}

#[derive(Default)]
struct Person {
    /// None: signed out.
    pen: Option<Pen>,
    trid: u32,
    /// How many states this one has told, and when each was due that not all have seen.
    told: u64,
    changes: HashMap<u64, u64>,
    /// Conversations that were asked for, in order: when they were due.
    asked: std::collections::VecDeque<u64>,
}

impl World {
    /// Lets everyone sign in.
    pub(super) async fn gather(way: &Way, graph: Rc<Graph>, pace: Pace) -> anyhow::Result<Rc<Self>> {
        let pace = Cell::new(pace);
        let n = graph.lists.len();
        let numbers = (0..n).map(|number| (way.account(number).handle.into_bytes(), number)).collect();
        let world = Rc::new(Self {
            way: way.clone(),
            graph,
            pace,
            tally: Tally::default(),
            people: RefCell::new((0..n).map(|_| Person::default()).collect()),
            numbers,
            talks: RefCell::default(),
            rng: RefCell::new(StdRng::seed_from_u64(n as u64)),
            tasks: RefCell::default(),
            failure: RefCell::default(),
            failed: Notify::new(),
            over: Cell::new(false),
            ended: Notify::new(),
        });
        let (mut next, mut under_way) = (0..n, JoinSet::new());
        loop {
            while under_way.len() < AT_ONCE
                && let Some(number) = next.next()
            {
                under_way.spawn_local(world.clone().enter(number));
            }
            match under_way.join_next().await {
                Some(entered) => entered??,
                None => return Ok(world),
            }
        }
    }

    /// Signs in and stays. Nothing is told of it but what the server tells by itself.
    async fn enter(self: Rc<Self>, number: usize) -> anyhow::Result<()> {
        let account = self.way.account(number);
        let mut session = sign_in(&self.way, &account).await?;
        session.sync().await?;
        session.appear(STATES[0]).await?;
        session.conn.shrink();
        self.people.borrow_mut()[number] = Person { pen: Some(session.conn.pen()), trid: 1000, ..Person::default() };
        let world = self.clone();
        self.spawn(async move { world.live(session, number).await.with_context(|| format!("user {number}")) });
        Ok(())
    }

    /// Reads what comes, until this one leaves.
    async fn live(self: &Rc<Self>, mut session: Session, number: usize) -> anyhow::Result<()> {
        // The state of each steady contact that is due next.
        let mut due: HashMap<usize, u64> = HashMap::new();
        let moves = number >= self.graph.steady;
        loop {
            if let Err(lost) = session.conn.fill().await {
                // A mover has left by its own will.
                return if moves { Ok(()) } else { Err(lost.into()) };
            }
            let mut calls = Vec::new();
            session.conn.drain::<anyhow::Error>(|frame| {
                self.tally.count();
                match frame.verb() {
                    b"NLN" if !moves => self.seen(&frame, number, &mut due)?,
                    b"QNG" if !moves => add(&self.tally.pings_due, -1),
                    b"XFR" | b"RNG" => calls.push(frame.line.to_vec()),
                    _ if frame.is_error() => bail!("an error: {}", frame.text()),
                    // A mover may be back before the server has read that it leaves.
                    b"OUT" if !moves => bail!("signed out: {}", frame.text()),
                    _ => {}
                }
                Ok(())
            })?;
            for line in calls {
                self.called(&Frame { line: &line, payload: &[] }, &session.account)?;
            }
        }
    }

    /// A referral to a switchboard, or an invitation.
    fn called(self: &Rc<Self>, frame: &Frame<'_>, account: &Account) -> anyhow::Result<()> {
        let (world, account) = (self.clone(), account.clone());
        if let Some(invitation) = invited(frame)? {
            self.spawn(async move { callee(&world, &account, &invitation).await });
            return Ok(());
        }
        let referral = referral(frame)?;
        let due =
            self.people.borrow_mut()[account.number].asked.pop_front().context("nobody asked for a switchboard")?;
        self.spawn(async move { caller(&world, &account, &referral, due).await });
        Ok(())
    }

    /// A steady contact's state was seen by someone who stays.
    fn seen(&self, frame: &Frame<'_>, watcher: usize, due: &mut HashMap<usize, u64>) -> anyhow::Result<()> {
        let (state, who) = (frame.word(1).unwrap_or_default(), frame.word(2).unwrap_or_default());
        let Some(publisher) = self.numbers.get(who).copied().filter(|number| *number < self.graph.steady) else {
            return Ok(());
        };
        let mut people = self.people.borrow_mut();
        let publisher_told = &mut people[publisher];
        let event = due.entry(publisher).or_insert(1);
        if publisher_told.told == 0 || *event == 1 && state == STATES[0].as_bytes() {
            // The first state, of a sign-in before the run; it may still have been on its way when the next
            // one was told.
            return Ok(());
        }
        let wanted = STATES[usize::try_from(*event % STATES.len() as u64)?];
        if state != wanted.as_bytes() {
            bail!("{} came to {watcher} when state {event}, {wanted}, was due: lost or reordered", frame.text());
        }
        let sent = publisher_told.changes.get(event).copied().context("a state that nobody told")?;
        *event += 1;
        add(&self.tally.presence_due, -1);
        self.tally.note(&self.tally.presence, sent);
        Ok(())
    }

    /// Begins as many conversations as are under way at any time, spread over `ramp`. How long one
    /// still lasts does not depend on how long it has lasted.
    pub(super) async fn fill(self: &Rc<Self>, ramp: Duration) -> anyhow::Result<()> {
        let count = self.pace.get().under_way();
        for _ in 0..count {
            self.happen(0, now())?;
            tokio::time::sleep(ramp / count).await;
        }
        Ok(())
    }

    /// Prepares for another stretch, after the one before has settled.
    pub(super) fn begin_anew(&self, pace: Pace) {
        self.pace.set(pace);
        self.tally.begin_anew();
        self.over.set(false);
    }

    /// Lets nothing more begin: conversations say no more.
    pub(super) fn finish(&self) {
        self.over.set(true);
        self.ended.notify_waiters();
    }

    /// Waits until `due`. False: nothing more is to begin.
    pub(super) async fn until(&self, due: u64) -> bool {
        if self.over.get() {
            return false;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_nanos(due.saturating_sub(now()))) => true,
            () = self.ended.notified() => false,
        }
    }

    /// Lets things happen when they are due.
    pub(super) async fn play(self: Rc<Self>) {
        let pace = self.pace.get();
        let rates = [pace.conversations, pace.sign_ins, pace.changes, pace.pings];
        let started = now();
        let mut next = rates.map(|rate| started + ahead(wait(&mut *self.rng.borrow_mut(), rate)));
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for (kind, due) in next.iter_mut().enumerate() {
                // Where more is due than can be begun, others have a turn too.
                for _ in 0..MOST_AT_ONCE {
                    if *due > now() {
                        break;
                    }
                    self.tally.begin(*due);
                    if let Err(error) = self.happen(kind, *due) {
                        self.fail(error);
                        return;
                    }
                    *due += ahead(wait(&mut *self.rng.borrow_mut(), rates[kind]));
                }
            }
        }
    }

    fn happen(self: &Rc<Self>, kind: usize, due: u64) -> anyhow::Result<()> {
        let (n, steady) = (self.graph.lists.len(), self.graph.steady);
        let number = match kind {
            1 => self.rng.borrow_mut().random_range(steady.min(n - 1)..n),
            0 | 2 => self.rng.borrow_mut().random_range(0..steady),
            _ => self.rng.borrow_mut().random_range(0..n),
        };
        match kind {
            0 => self.ask_for_room(number, due),
            1 => self.move_(number, due),
            2 => self.change(number, due),
            _ => {
                if self.write(number, b"PNG\r\n")? && number < steady {
                    add(&self.tally.pings_due, 1);
                }
                Ok(())
            }
        }
    }

    fn ask_for_room(&self, number: usize, due: u64) -> anyhow::Result<()> {
        if self.graph.callees[number].is_empty() {
            return Ok(());
        }
        let trid = {
            let mut people = self.people.borrow_mut();
            people[number].asked.push_back(due);
            people[number].trid += 1;
            people[number].trid
        };
        self.write(number, format!("XFR {trid} SB\r\n").as_bytes()).map(drop)
    }

    /// Whom `number` calls into a conversation.
    pub(super) fn company(&self, number: usize) -> Vec<usize> {
        let mut rng = self.rng.borrow_mut();
        let callees = &self.graph.callees[number];
        let size = (party(&mut *rng) - 1).min(callees.len());
        let mut chosen: Vec<usize> = Vec::new();
        while chosen.len() < size {
            let one = callees[rng.random_range(0..callees.len())];
            if !chosen.contains(&one) {
                chosen.push(one);
            }
        }
        chosen
    }

    fn change(&self, number: usize, due: u64) -> anyhow::Result<()> {
        let watchers = self.graph.watchers[number].len();
        let (trid, state) = {
            let person = &mut self.people.borrow_mut()[number];
            person.trid += 1;
            person.told += 1;
            person.changes.insert(person.told, due);
            // Those of long ago have been seen, or the run has failed.
            person.changes.remove(&person.told.saturating_sub(256));
            (person.trid, STATES[usize::try_from(person.told % STATES.len() as u64)?])
        };
        let capabilities = if self.way.dialect.has_capabilities() { " 0" } else { "" };
        add(&self.tally.presence_due, i64::try_from(watchers)?);
        self.write(number, format!("CHG {trid} {state}{capabilities}\r\n").as_bytes()).map(drop)
    }

    /// Signs out and in again.
    fn move_(self: &Rc<Self>, number: usize, due: u64) -> anyhow::Result<()> {
        if number < self.graph.steady || !self.write(number, b"OUT\r\n")? {
            return Ok(());
        }
        self.people.borrow_mut()[number].pen = None;
        let world = self.clone();
        self.spawn(async move {
            world.clone().enter(number).await.with_context(|| format!("the sign-in of user {number}"))?;
            world.tally.note(&world.tally.sign_ins, due);
            Ok(())
        });
        Ok(())
    }

    /// Writes to a user's connection. False: they are signed out.
    fn write(&self, number: usize, bytes: &[u8]) -> anyhow::Result<bool> {
        match &self.people.borrow()[number].pen {
            Some(pen) => pen.write(bytes).map(|()| true).with_context(|| format!("user {number}")),
            None => Ok(false),
        }
    }

    /// Waits until all that is due has come.
    pub(super) async fn settle(&self, patience: Duration) -> anyhow::Result<()> {
        let tally = &self.tally;
        let due = || [&tally.chats_due, &tally.typing_due, &tally.presence_due, &tally.pings_due].map(Cell::get);
        let until = tokio::time::Instant::now() + patience;
        while due() != [0; 4] || tally.talks.get() > 0 {
            if tokio::time::Instant::now() >= until {
                let [chats, typing, presence, pings] = due();
                bail!(
                    "within {patience:?} there did not come: {chats} messages, {typing} typing notices, {presence} states, \
                     {pings} answers to pings; and {} conversations did not end",
                    tally.talks.get()
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    pub(super) fn spawn(self: &Rc<Self>, work: impl Future<Output = anyhow::Result<()>> + 'static) {
        let world = self.clone();
        let mut tasks = self.tasks.borrow_mut();
        while tasks.try_join_next().is_some() {}
        tasks.spawn_local(async move {
            if let Err(error) = work.await {
                world.fail(error);
            }
        });
    }

    /// Ends all: everyone is disconnected.
    pub(super) async fn end(&self) {
        let mut tasks = self.tasks.take();
        tasks.shutdown().await;
    }

    fn fail(&self, error: anyhow::Error) {
        self.failure.borrow_mut().get_or_insert(error);
        self.failed.notify_one();
    }

    /// Waits for `work` as long as nothing goes wrong.
    pub(super) async fn unless_failed<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        tokio::select! {
            biased;
            () = self.failed.notified() => {
                Err(self.failure.borrow_mut().take().unwrap_or_else(|| anyhow::anyhow!("something went wrong")))
            }
            done = work => done,
        }
    }
}

/// Nanoseconds of so many seconds.
pub(in crate::run) fn ahead(seconds: f64) -> u64 {
    u64::try_from(Duration::from_secs_f64(seconds.min(1e6)).as_nanos()).unwrap_or(u64::MAX / 4)
}
