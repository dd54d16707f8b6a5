//! Messages between pairs at a rate, whatever the server does: open loop.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::crew::Crew;
use super::mix::{ahead, wait};
use super::relay::pairs;
use crate::client::{Conn, Pen, Speaker, read_stamp};
use crate::measure::{Latency, Span, now};
use crate::report::Figures;
use crate::server::Target;

/// How long the last messages may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked what is due.
const TICK: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Shared {
    measuring: Cell<bool>,
    stopping: Cell<bool>,
    said: Cell<u64>,
    heard: Cell<u64>,
    counted: Cell<u64>,
    latency: RefCell<Latency>,
}

/// One measurement of `rate` messages per second, spread over so many pairs.
pub(super) async fn once(
    target: &Target,
    count: usize,
    rate: f64,
    warm_up: Duration,
    span: Duration,
) -> anyhow::Result<Figures> {
    let (pairs, _sessions) = pairs(target, count).await?;
    let shared = Rc::new(Shared::default());
    let (mut crew, mut speakers, mut kept) = (Crew::default(), Vec::new(), Vec::new());
    for (number, (a, b)) in pairs.into_iter().enumerate() {
        speakers.push((a.pen(), Speaker::new(number as u64, 'N')));
        kept.push(a);
        crew.spawn(listen(b, number as u64, shared.clone()));
    }
    crew.spawn(speak(speakers, rate, shared.clone()));
    let measured = async {
        let spent = Span::of_load(&target.pids(), &shared.measuring, warm_up, span).await?;
        shared.stopping.set(true);
        let until = tokio::time::Instant::now() + PATIENCE;
        while shared.heard.get() < shared.said.get() {
            if tokio::time::Instant::now() >= until {
                bail!("{} of {} messages were lost", shared.said.get() - shared.heard.get(), shared.said.get());
            }
            tokio::time::sleep(TICK).await;
        }
        Ok(spent)
    };
    let spent = crew.during(measured).await?;
    let mut figures = Figures::new();
    spent.report(shared.counted.get(), &mut figures);
    shared.latency.borrow().report(&mut figures);
    figures.insert("verified".to_owned(), shared.heard.get() as f64);
    Ok(figures)
}

async fn speak(mut speakers: Vec<(Pen, Speaker)>, rate: f64, shared: Rc<Shared>) -> anyhow::Result<()> {
    let (mut rng, mut out, mut due) = (StdRng::seed_from_u64(1), Vec::new(), now());
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !shared.stopping.get() {
        ticks.tick().await;
        while due <= now() {
            let number = rng.random_range(0..speakers.len());
            let (pen, speaker) = &mut speakers[number];
            speaker.say(&mut out, due);
            pen.write(&out).with_context(|| format!("pair {number}"))?;
            out.clear();
            shared.said.set(shared.said.get() + 1);
            due += ahead(wait(&mut rng, rate));
        }
    }
    Ok(())
}

async fn listen(mut conn: Conn, number: u64, shared: Rc<Shared>) -> anyhow::Result<()> {
    let mut heard = 0;
    loop {
        conn.fill().await.with_context(|| format!("pair {number}"))?;
        let at = now();
        conn.drain::<anyhow::Error>(|frame| {
            let said = read_stamp(frame.payload).with_context(|| format!("no message: {}", frame.text()))?;
            if (said.sender, said.count) != (number, heard) {
                bail!("pair {number} heard message {} when {heard} was due: lost or reordered", said.count);
            }
            heard += 1;
            shared.heard.set(shared.heard.get() + 1);
            if shared.measuring.get() {
                shared.counted.set(shared.counted.get() + 1);
                shared.latency.borrow_mut().note(at.saturating_sub(said.at));
            }
            Ok(())
        })?;
    }
}
