//! Presence of one told to many, by a notification server.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::sync::Notify;

use super::crew::Crew;
use super::ground::{idlers, rounds};
use crate::args::FanArgs;
use crate::client::{Conn, Dialect, Frame, Lost, Session, sign_in};
use crate::measure::{Latency, Span, now};
use crate::report::{Figures, Results};
use crate::server::{Crowd, Target, Variant, Work};

/// How long the last news may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// The states that are gone through, so that a watcher knows which one is due. The first one is
/// that of the sign-in.
const STATES: [&str; 7] = ["NLN", "BSY", "IDL", "BRB", "AWY", "PHN", "LUN"];

pub(super) async fn run(args: &FanArgs, results: &mut Results) -> anyhow::Result<()> {
    let terms = Terms::of(args);
    let stuck = usize::from(args.stuck);
    let people = 1 + terms.watchers + stuck;
    let crowd = Crowd {
        accounts: people + args.measure.idle,
        // All watch the first one.
        contacts: Box::new(move |number| if (1..people).contains(&number) { vec![0] } else { Vec::new() }),
        active: 0..people + args.measure.idle,
    };
    let mut targets = args.target.open(Work::Fan, &[Variant::Mpsc, Variant::Direct], &crowd).await?;
    let cases = if stuck > 0 { vec![0, stuck] } else { vec![0] };
    for stuck in cases {
        let terms = Terms { stuck, ..terms };
        let ns = args.target.ns_processes.map_or_else(String::new, |ns| format!(" ns={ns}"));
        rounds(("fan", &(terms.case(args.measure.idle) + &ns)), &args.measure, &mut targets, results, async |target| {
            let herd = idlers(target, people, &args.measure).await?;
            let figures = once(target, &terms, args.measure.warm_up(), args.measure.span()).await;
            if let Some(mut herd) = herd {
                herd.count().await?;
            }
            figures
        })
        .await?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
struct Terms {
    watchers: usize,
    stuck: usize,
    /// Changes under way.
    window: u64,
    /// Changes in a write.
    chunk: u64,
}

impl Terms {
    fn of(args: &FanArgs) -> Self {
        let watchers = if args.measure.quick { args.watchers.min(50) } else { args.watchers };
        let chunk = args.chunk.unwrap_or(args.win).clamp(1, args.win);
        Self { watchers: watchers.into(), stuck: 0, window: args.win.into(), chunk: chunk.into() }
    }

    fn case(&self, idle: usize) -> String {
        let mut case = format!("watchers={} win={} chunk={}", self.watchers, self.window, self.chunk);
        for (name, value) in [("stuck", self.stuck), ("idle", idle)] {
            if value > 0 {
                case += &format!(" {name}={value}");
            }
        }
        case
    }
}

async fn once(target: &Target, terms: &Terms, warm_up: Duration, span: Duration) -> anyhow::Result<Figures> {
    let mut stage = Stage::gather(target, terms).await?;
    let shared = Rc::new(Shared { watchers: terms.watchers, ..Shared::default() });
    let mut crew = Crew::default();
    for (number, conn) in stage.watchers.drain(..).enumerate() {
        let watcher =
            Watcher { number, conn, seen: 0, dialect: target.way().dialect, publisher: stage.publisher_name.clone() };
        crew.spawn(watcher.watch(shared.clone()));
    }
    let publisher = Publisher { conn: stage.publisher, dialect: target.way().dialect, echoed: 0 };
    crew.spawn(publisher.publish(*terms, shared.clone()));
    let measured = async {
        tokio::time::sleep(warm_up).await;
        let measured = Span::begin(&target.pids(), &[])?;
        shared.measuring.set(true);
        tokio::time::sleep(span).await;
        shared.measuring.set(false);
        measured.spent()
    };
    let spent = crew.during(measured).await?;
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
        let closed = stage.stuck.iter_mut().map(closed).filter(|closed| *closed).count();
        figures.insert("stuck_closed".to_owned(), closed as f64);
    }
    Ok(figures)
}

/// Has the server closed this connection? All that it has sent is read first.
fn closed(conn: &mut Conn) -> bool {
    loop {
        match conn.fill_now() {
            Ok(true) => {}
            Ok(false) => return false,
            Err(_) => return true,
        }
    }
}

/// Who is there.
struct Stage {
    publisher: Conn,
    publisher_name: String,
    watchers: Vec<Conn>,
    stuck: Vec<Conn>,
}

impl Stage {
    async fn gather(target: &Target, terms: &Terms) -> anyhow::Result<Self> {
        let way = target.way();
        let publisher_name = way.account(0).handle;
        if let Some(floor) = target.floor() {
            let enter = async |number: usize, what: &str| {
                let mut conn = Conn::open(floor, number).await?;
                conn.send(format!("USR 1 {} {what}\r\n", way.account(number).handle).as_bytes()).await?;
                conn.next().await?;
                anyhow::Ok(conn)
            };
            let publisher = enter(0, "TELL").await?;
            let (mut watchers, mut stuck) = (Vec::new(), Vec::new());
            for number in 1..=terms.watchers {
                watchers.push(enter(number, "WATCH").await?);
            }
            for number in 0..terms.stuck {
                let conn = enter(1 + terms.watchers + number, "WATCH").await?;
                conn.narrow()?;
                stuck.push(conn);
            }
            return Ok(Self { publisher, publisher_name, watchers, stuck });
        }
        let enter = async |number: usize| {
            let mut session: Session = sign_in(way, &way.account(number)).await?;
            session.sync().await?;
            session.appear(STATES[0]).await?;
            session.await_initial(usize::from(number > 0)).await?;
            session.ping().await?;
            anyhow::Ok(session.conn)
        };
        let publisher = enter(0).await?;
        let (mut watchers, mut stuck) = (Vec::new(), Vec::new());
        for number in 1..=terms.watchers {
            watchers.push(enter(number).await?);
        }
        for number in 0..terms.stuck {
            let conn = enter(1 + terms.watchers + number).await?;
            conn.narrow()?;
            stuck.push(conn);
        }
        Ok(Self { publisher, publisher_name, watchers, stuck })
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
    /// The publisher's connection, when it is done.
    publisher: RefCell<Option<Conn>>,
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
        // Its leaving would be news to those who are still watching.
        shared.publisher.replace(Some(self.conn));
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
                        Ok(false) => Ok(()),
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
