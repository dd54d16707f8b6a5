//! Messages between two people, over a switchboard.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::crew::Crew;
use super::ground::{conditions, idlers, rounds};
use super::paced;
use crate::args::RelayArgs;
use crate::client::{Conn, Frame, Lost, Session, Speaker, join, open, read_stamp, ring, sign_in};
use crate::measure::{Latency, Span, now};
use crate::report::{Figures, Results};
use crate::server::{Crowd, Target, Variant, Work};

/// How long the last messages may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn run(args: &RelayArgs, results: &mut Results) -> anyhow::Result<()> {
    let terms = Terms::of(args);
    let people = 2 * terms.pairs;
    let crowd = Crowd::strangers(people + args.measure.idle);
    let there = [Variant::Copy, Variant::Mpsc, Variant::Direct];
    let mut targets = args.target.open(Work::Relay, &there, &crowd).await?;
    let case = args.rate.map_or_else(|| terms.case(), |rate| format!("pairs={} rate={rate}", terms.pairs));
    let cases = [(case + &conditions(args.measure.idle, args.target.ns_processes), ())];
    rounds("relay", &cases, &args.measure, &mut targets, results, async |target, ()| {
        let herd = idlers(target, people, &args.measure).await?;
        let (warm_up, span) = (args.measure.warm_up(), args.measure.span());
        let figures = match args.rate {
            Some(rate) => paced::once(target, terms.pairs, rate, warm_up, span).await,
            None => once(target, &terms, warm_up, span).await,
        };
        if let Some(mut herd) = herd {
            herd.count().await?;
        }
        figures
    })
    .await
}

/// What a pair does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pairs: usize,
    /// Messages under way.
    window: u64,
    /// Messages in a write.
    chunk: u64,
    delivery: char,
}

impl Terms {
    fn of(args: &RelayArgs) -> Self {
        let pairs = if args.measure.quick { args.pairs.min(20) } else { args.pairs };
        let chunk = args.chunk.unwrap_or(args.win.min(16)).clamp(1, args.win);
        let delivery = args.delivery.chars().next().unwrap_or('N');
        Self { pairs: pairs.into(), window: args.win.into(), chunk: chunk.into(), delivery }
    }

    /// One message under way per pair.
    pub(super) const fn one_by_one(pairs: usize) -> Self {
        Self { pairs, window: 1, chunk: 1, delivery: 'N' }
    }

    pub(super) fn case(&self) -> String {
        let Self { pairs, window, chunk, delivery } = self;
        format!("pairs={pairs} win={window} chunk={chunk} {delivery}")
    }
}

/// One measurement.
pub(super) async fn once(target: &Target, terms: &Terms, warm_up: Duration, span: Duration) -> anyhow::Result<Figures> {
    let (pairs, _sessions) = pairs(target, terms.pairs).await?;
    let shared = Rc::new(Shared::default());
    let mut crew = Crew::default();
    for (number, (a, b)) in pairs.into_iter().enumerate() {
        let speaker = Speaker::new(number as u64, terms.delivery);
        let pair = Pair { a, b, speaker, heard: 0, confirmed: 0, number: number as u64 };
        crew.spawn(pair.play(*terms, shared.clone()));
    }
    let spent = crew.during(Span::of_load(&target.pids(), &shared.measuring, warm_up, span)).await?;
    shared.stopping.set(true);
    let all_came = crew.end(PATIENCE).await?;
    let (said, heard) = (shared.said.get(), shared.heard.get());
    anyhow::ensure!(all_came, "{} of {said} messages were lost: they did not come within {PATIENCE:?}", said - heard);
    anyhow::ensure!(said == heard, "{said} messages were said, and {heard} heard");
    anyhow::ensure!(shared.counted.get() > 0, "not one message came");
    let mut figures = Figures::new();
    spent.report(shared.counted.get(), &mut figures);
    shared.latency.borrow().report(&mut figures);
    figures.insert("verified".to_owned(), heard as f64);
    Ok(figures)
}

#[derive(Default)]
struct Shared {
    measuring: Cell<bool>,
    stopping: Cell<bool>,
    /// Messages that came while it was measured.
    counted: Cell<u64>,
    said: Cell<u64>,
    heard: Cell<u64>,
    latency: RefCell<Latency>,
}

/// One speaks, the other listens.
struct Pair {
    number: u64,
    a: Conn,
    b: Conn,
    speaker: Speaker,
    heard: u64,
    confirmed: u64,
}

impl Pair {
    async fn play(mut self, terms: Terms, shared: Rc<Shared>) -> anyhow::Result<()> {
        loop {
            if !shared.stopping.get() {
                self.speak(&terms, &shared).await?;
            } else if self.heard == self.speaker.said() {
                return self.settle(&terms).await;
            }
            self.b.fill().await.with_context(|| format!("pair {}", self.number))?;
            self.listen(&shared)?;
            if terms.delivery == 'A' {
                self.a.fill_now()?;
                self.confirm()?;
            }
        }
    }

    /// Says as many chunks as the window has room for.
    async fn speak(&mut self, terms: &Terms, shared: &Shared) -> anyhow::Result<()> {
        let before = self.speaker.said();
        while self.speaker.said() - self.heard + terms.chunk <= terms.window {
            let at = now();
            for _ in 0..terms.chunk {
                self.speaker.say(self.a.draft(), at);
            }
            self.a.post().await?;
        }
        shared.said.set(shared.said.get() + self.speaker.said() - before);
        Ok(())
    }

    fn listen(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let (at, before) = (now(), self.heard);
        let (number, heard) = (self.number, &mut self.heard);
        let measuring = shared.measuring.get();
        let mut latency = shared.latency.borrow_mut();
        self.b.drain::<anyhow::Error>(|frame| {
            let said = read_stamp(frame.payload).with_context(|| unexpected(number, &frame))?;
            if said.sender != number {
                bail!("pair {number} heard what was said to pair {}", said.sender);
            }
            if said.count != *heard {
                bail!("pair {number} heard message {} when {heard} was due: lost or reordered", said.count);
            }
            *heard += 1;
            if measuring {
                latency.note(at.saturating_sub(said.at));
            }
            Ok(())
        })?;
        let fresh = self.heard - before;
        shared.heard.set(shared.heard.get() + fresh);
        if measuring {
            shared.counted.set(shared.counted.get() + fresh);
        }
        Ok(())
    }

    /// Reads what the sender is told of its messages.
    fn confirm(&mut self) -> anyhow::Result<()> {
        let (number, confirmed) = (self.number, &mut self.confirmed);
        self.a.drain(|frame| {
            anyhow::ensure!(frame.verb() == b"ACK", unexpected(number, &frame));
            *confirmed += 1;
            Ok(())
        })
    }

    /// Nothing is left to come, but confirmations if they were wanted.
    async fn settle(mut self, terms: &Terms) -> anyhow::Result<()> {
        while terms.delivery == 'A' && self.confirmed < self.speaker.said() {
            self.a.fill().await?;
            self.confirm()?;
        }
        let wanted = if terms.delivery == 'A' { self.speaker.said() } else { 0 };
        match self.a.fill_now() {
            Ok(_) => self.confirm()?,
            Err(Lost::Closed) => bail!("the server closed the connection of pair {}", self.number),
            Err(error) => return Err(error.into()),
        }
        anyhow::ensure!(self.confirmed == wanted, "{} confirmations of {wanted} came", self.confirmed);
        Ok(())
    }
}

fn unexpected(pair: u64, frame: &Frame<'_>) -> String {
    format!("pair {pair} was sent something else than a message: {}", frame.text())
}

/// Puts pairs into rooms. The sessions are to be kept while they are there.
pub(super) async fn pairs(target: &Target, count: usize) -> anyhow::Result<(Vec<(Conn, Conn)>, Vec<Session>)> {
    let mut pairs = Vec::with_capacity(count);
    if let Some(floor) = target.floor() {
        for number in 0..count {
            let mut seats = Vec::new();
            for side in ["a", "b"] {
                let mut conn = Conn::open(floor, number).await?;
                conn.send(format!("USR 1 {side}{number}@example.com room{number}\r\n").as_bytes()).await?;
                conn.next().await?;
                seats.push(conn);
            }
            let b = seats.pop().context("two were made")?;
            pairs.push((seats.pop().context("two were made")?, b));
        }
        return Ok((pairs, Vec::new()));
    }
    // All sign in first: nobody is called in the moment in which they came, when not all servers of a
    // suite need know it.
    let (way, mut sessions) = (target.way(), Vec::with_capacity(2 * count));
    for number in 0..2 * count {
        let mut session = sign_in(way, &way.account(number)).await?;
        session.appear("NLN").await?;
        sessions.push(session);
    }
    for both in sessions.chunks_exact_mut(2) {
        let [a, b] = both else { bail!("two are a pair") };
        let mut caller = open(a).await?;
        ring(&mut caller, &b.account.handle).await?;
        let callee = join(b).await?;
        caller.await_join().await?;
        pairs.push((caller.conn, callee.conn));
    }
    Ok((pairs, sessions))
}
