//! Presence of one told to many, by a notification server.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::sync::Notify;

use super::crew::Crew;
use super::ground::{conditions, idlers, rounds};
use crate::args::FanArgs;
use crate::client::{Conn, Dialect, Frame, Lost, Session, Way, sign_in};
use crate::measure::{Latency, Span, now};
use crate::report::{Figures, Results};
use crate::server::{Crowd, Target, Variant, Work};

/// How long the last news may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection on which nothing more comes for so long is not closed.
const SILENCE: Duration = Duration::from_secs(1);
/// The states that are gone through, so that a watcher knows which one is due. The first one is
/// that of the sign-in.
const STATES: [&str; 7] = ["NLN", "BSY", "IDL", "BRB", "AWY", "PHN", "LUN"];

pub(super) async fn run(args: &FanArgs, results: &mut Results) -> anyhow::Result<()> {
    let terms = Terms::of(args);
    let stuck = usize::from(args.stuck);
    let people = 1 + terms.watchers + stuck;
    let crowd = crowd(terms.watchers + stuck, args.measure.idle);
    let mut targets = args.target.open(Work::Fan, &[Variant::Mpsc, Variant::Direct], &crowd).await?;
    let conditions = conditions(args.measure.idle, args.target.ns_processes);
    let mut cases = vec![(terms.case() + &conditions, terms)];
    if stuck > 0 {
        // Both are named for what they are compared with: each other, and no other run.
        let both =
            [0, stuck].map(|stuck| (format!("{} stuck={stuck}{conditions}", terms.case()), Terms { stuck, ..terms }));
        cases = both.to_vec();
    }
    rounds("fan", &cases, &args.measure, &mut targets, results, async |target, terms| {
        let herd = idlers(target, people, &args.measure).await?;
        let figures = once(target, terms, args.measure.warm_up(), args.measure.span()).await;
        if let Some(mut herd) = herd {
            herd.count().await?;
        }
        figures
    })
    .await
}

/// All watch the first one. Behind them come those who are idle.
pub(super) fn crowd(watchers: usize, idle: usize) -> Crowd {
    Crowd {
        accounts: 1 + watchers + idle,
        contacts: Box::new(move |number| if (1..=watchers).contains(&number) { vec![0] } else { Vec::new() }),
        active: 0..1 + watchers + idle,
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) watchers: usize,
    pub(super) stuck: usize,
    /// Changes under way.
    pub(super) window: u64,
    /// Changes in a write.
    pub(super) chunk: u64,
}

impl Terms {
    fn of(args: &FanArgs) -> Self {
        let watchers = if args.measure.quick { args.watchers.min(50) } else { args.watchers };
        let chunk = args.chunk.unwrap_or(args.win).clamp(1, args.win);
        Self { watchers: watchers.into(), stuck: 0, window: args.win.into(), chunk: chunk.into() }
    }

    pub(super) fn case(&self) -> String {
        let Self { watchers, window, chunk, .. } = self;
        format!("watchers={watchers} win={window} chunk={chunk}")
    }
}

/// One measurement.
pub(super) async fn once(target: &Target, terms: &Terms, warm_up: Duration, span: Duration) -> anyhow::Result<Figures> {
    let stage = Stage::gather(target, &Cast::first(terms)).await?;
    stage.play(target, terms, warm_up, span).await.map(|(figures, _)| figures)
}

/// Who takes part, by number.
pub(super) struct Cast {
    pub(super) publisher: usize,
    pub(super) watchers: Vec<usize>,
    pub(super) stuck: Vec<usize>,
}

impl Cast {
    /// Those of [`crowd`].
    fn first(terms: &Terms) -> Self {
        let end = 1 + terms.watchers;
        Self { publisher: 0, watchers: (1..end).collect(), stuck: (end..end + terms.stuck).collect() }
    }
}

/// Who is there.
pub(super) struct Stage {
    publisher: Conn,
    publisher_name: String,
    watchers: Vec<Conn>,
    stuck: Vec<Conn>,
}

impl Stage {
    pub(super) async fn gather(target: &Target, cast: &Cast) -> anyhow::Result<Self> {
        let (publisher, publisher_name) =
            (enter(target, target.way(), cast.publisher, true).await?, target.way().account(cast.publisher).handle);
        let narrow = Way { narrow: true, ..target.way().clone() };
        let (mut watchers, mut stuck) = (Vec::new(), Vec::new());
        for number in &cast.watchers {
            watchers.push(enter(target, target.way(), *number, false).await?);
        }
        for number in &cast.stuck {
            stuck.push(enter(target, &narrow, *number, false).await?);
        }
        Ok(Self { publisher, publisher_name, watchers, stuck })
    }

    /// Lets the publisher change state, and all see it; gives back the connections too, since leaving
    /// is news to others.
    pub(super) async fn play(
        mut self,
        target: &Target,
        terms: &Terms,
        warm_up: Duration,
        span: Duration,
    ) -> anyhow::Result<(Figures, Vec<Conn>)> {
        let dialect = target.way().dialect;
        let shared = Rc::new(Shared { watchers: terms.watchers, ..Shared::default() });
        let mut crew = Crew::default();
        for (number, conn) in self.watchers.into_iter().enumerate() {
            let watcher = Watcher { number, conn, seen: 0, dialect, publisher: self.publisher_name.clone() };
            crew.spawn(watcher.watch(shared.clone()));
        }
        let publisher = Publisher { conn: self.publisher, dialect, echoed: 0 };
        crew.spawn(publisher.publish(*terms, shared.clone()));
        let spent = crew.during(Span::of_load(&target.pids(), &shared.measuring, warm_up, span)).await?;
        shared.stopping.set(true);
        shared.progress.notify_one();
        let all_came = crew.end(PATIENCE).await?;
        let (due, seen) = (shared.sent.get() * terms.watchers as u64, shared.seen.get());
        anyhow::ensure!(all_came, "{} of {due} events were lost: they did not come within {PATIENCE:?}", due - seen);
        anyhow::ensure!(seen == due, "{due} events were due, and {seen} came");
        anyhow::ensure!(shared.counted.get() > 0, "not one event came");
        let mut figures = Figures::new();
        spent.report(shared.counted.get(), &mut figures);
        shared.latency.borrow().report(&mut figures);
        figures.insert("verified".to_owned(), due as f64);
        if terms.stuck > 0 {
            let mut count = 0_u32;
            for conn in &mut self.stuck {
                count += u32::from(closed(conn).await);
            }
            figures.insert("stuck_closed".to_owned(), count.into());
        }
        figures.insert("events".to_owned(), shared.sent.get() as f64);
        Ok((figures, shared.done.take()))
    }
}

/// Lets someone in: the publisher, or someone who watches.
async fn enter(target: &Target, way: &Way, number: usize, tells: bool) -> anyhow::Result<Conn> {
    let account = way.account(number);
    if let Some(floor) = target.floor() {
        let mut conn = way.connect(floor, &account).await?;
        let what = if tells { "TELL" } else { "WATCH" };
        conn.send(format!("USR 1 {} {what}\r\n", account.handle).as_bytes()).await?;
        conn.next().await?;
        return Ok(conn);
    }
    let mut session: Session = sign_in(way, &account).await?;
    session.sync().await?;
    session.appear(STATES[0]).await?;
    session.await_initial(usize::from(!tells)).await?;
    session.ping().await?;
    Ok(session.conn)
}

/// Has the server closed this connection? All that was sent before is read first: it comes in small
/// pieces, since so little is buffered.
async fn closed(conn: &mut Conn) -> bool {
    loop {
        match tokio::time::timeout(SILENCE, conn.fill()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return true,
            Err(_) => return false,
        }
    }
}

#[derive(Default)]
struct Shared {
    watchers: usize,
    measuring: Cell<bool>,
    stopping: Cell<bool>,
    /// Events that were sent, and those of them that everyone has seen.
    sent: Cell<u64>,
    complete: Cell<u64>,
    /// Of each that not everyone has seen: when it was sent, and by how many it was not seen.
    under_way: RefCell<VecDeque<(u64, usize)>>,
    /// Told when events are complete.
    progress: Notify,
    /// Told when the last event is.
    over: Cell<bool>,
    seen: Cell<u64>,
    counted: Cell<u64>,
    latency: RefCell<Latency>,
    /// The connections of those who are done: their leaving would be news to others.
    done: RefCell<Vec<Conn>>,
}

impl Shared {
    /// A watcher has seen the events from number `from` up to before `to`.
    fn see(&self, from: u64, to: u64) {
        let at = now();
        let mut under_way = self.under_way.borrow_mut();
        let mut latency = self.latency.borrow_mut();
        for event in from..to {
            let index = usize::try_from(event - self.complete.get()).unwrap_or(usize::MAX);
            if let Some((sent, left)) = under_way.get_mut(index) {
                *left -= 1;
                if self.measuring.get() {
                    latency.note(at.saturating_sub(*sent));
                    self.counted.set(self.counted.get() + 1);
                }
            }
        }
        self.seen.set(self.seen.get() + to - from);
        let before = self.complete.get();
        while under_way.front().is_some_and(|(_, left)| *left == 0) {
            under_way.pop_front();
            self.complete.set(self.complete.get() + 1);
        }
        if self.complete.get() > before {
            self.progress.notify_one();
        }
    }
}

struct Publisher {
    conn: Conn,
    dialect: Dialect,
    echoed: u64,
}

impl Publisher {
    async fn publish(mut self, terms: Terms, shared: Rc<Shared>) -> anyhow::Result<()> {
        loop {
            let sent = shared.sent.get();
            if shared.stopping.get() {
                if shared.complete.get() == sent {
                    break;
                }
            } else if sent - shared.complete.get() + terms.chunk <= terms.window {
                let at = now();
                for event in sent..sent + terms.chunk {
                    let (state, trid) = (state(event), event % 1_000_000_000 + 100);
                    let words = if self.dialect.has_capabilities() {
                        format!(" {}", capabilities(event))
                    } else {
                        String::new()
                    };
                    self.conn.draft().extend_from_slice(format!("CHG {trid} {state}{words}\r\n").as_bytes());
                    shared.under_way.borrow_mut().push_back((at, shared.watchers));
                }
                shared.sent.set(sent + terms.chunk);
                self.conn.post().await?;
                continue;
            }
            shared.progress.notified().await;
            self.conn.fill_now()?;
            self.echoes()?;
        }
        while self.echoed < shared.sent.get() {
            self.conn.fill().await?;
            self.echoes()?;
        }
        shared.over.set(true);
        shared.done.borrow_mut().push(self.conn);
        Ok(())
    }

    /// Each change is echoed, in order.
    fn echoes(&mut self) -> anyhow::Result<()> {
        let echoed = &mut self.echoed;
        self.conn.drain(|frame| {
            let due = (*echoed % 1_000_000_000 + 100).to_string();
            if frame.verb() != b"CHG" || frame.word(1) != Some(due.as_bytes()) {
                bail!("the publisher was sent {} when the echo of {due} was due", frame.text());
            }
            *echoed += 1;
            Ok(())
        })
    }
}

/// The state that event number `event` tells of.
fn state(event: u64) -> &'static str {
    let count = STATES.len() as u64;
    STATES[usize::try_from((event + 1) % count).unwrap_or_default()]
}

fn capabilities(event: u64) -> u64 {
    (event + 1) % (1 << 32)
}

struct Watcher {
    number: usize,
    conn: Conn,
    seen: u64,
    dialect: Dialect,
    publisher: String,
}

impl Watcher {
    async fn watch(mut self, shared: Rc<Shared>) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                biased;
                filled = self.conn.fill() => filled.with_context(|| format!("watcher {}", self.number))?,
                () = over(&shared) => {
                    return match self.conn.fill_now() {
                        Ok(false) => {
                            shared.done.borrow_mut().push(self.conn);
                            Ok(())
                        }
                        Ok(true) => bail!("watcher {} was told more than there was", self.number),
                        Err(Lost::Closed) => bail!("the server closed the connection of watcher {}", self.number),
                        Err(error) => Err(error.into()),
                    };
                }
            }
            let before = self.seen;
            self.read()?;
            shared.see(before, self.seen);
        }
    }

    fn read(&mut self) -> anyhow::Result<()> {
        let Self { number, seen, dialect, publisher, .. } = self;
        self.conn.drain(|frame| {
            expect(&frame, *seen, *dialect, publisher).with_context(|| format!("watcher {number}"))?;
            *seen += 1;
            Ok(())
        })
    }
}

/// Resolves when all events have come.
async fn over(shared: &Shared) {
    while !shared.over.get() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Is this what is due as event number `event`?
fn expect(frame: &Frame<'_>, event: u64, dialect: Dialect, publisher: &str) -> anyhow::Result<()> {
    let mut words = frame.line.split(|byte| *byte == b' ');
    let due = state(event);
    let is_due = words.next() == Some(b"NLN")
        && words.next() == Some(due.as_bytes())
        && words.next() == Some(publisher.as_bytes());
    if !is_due {
        bail!("{} came when event {event}, {due}, was due: lost or reordered", frame.text());
    }
    if dialect.has_capabilities() {
        let count = words.nth(1).and_then(crate::client::number);
        anyhow::ensure!(
            count == Some(capabilities(event)),
            "{} came when event {event} was due: lost or reordered",
            frame.text()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_event_is_seen() {
        let seven: Dialect = "7".parse().unwrap();
        let nine: Dialect = "9".parse().unwrap();
        let frame = |text: &'static str| Frame { line: text.as_bytes(), payload: &[] };
        assert!(expect(&frame("NLN BSY a@b.c Amy"), 0, seven, "a@b.c").is_ok());
        assert!(expect(&frame("NLN IDL a@b.c Amy"), 0, seven, "a@b.c").is_err());
        assert!(expect(&frame("NLN BSY x@b.c Amy"), 0, seven, "a@b.c").is_err());
        assert!(expect(&frame("FLN a@b.c"), 0, seven, "a@b.c").is_err());
        assert!(expect(&frame("NLN BSY a@b.c Amy 8"), 7, nine, "a@b.c").is_ok());
        assert!(expect(&frame("NLN BSY a@b.c Amy 1"), 7, nine, "a@b.c").is_err(), "seven events were lost");
    }

    #[test]
    fn no_state_comes_twice_in_a_row() {
        assert!((0..20).all(|event| state(event) != state(event + 1)));
        assert_ne!(state(0), STATES[0]);
    }
}
