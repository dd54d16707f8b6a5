//! What the same work costs beside few idle users and beside many. Both suites are there at the same
//! time, of the same shape, and are measured in turn, so that only the number of users differs.

use std::time::Duration;

use anyhow::Context as _;

use super::ground::{AT_ONCE, conditions, ring};
use super::{fan, login, relay};
use crate::args::HerdArgs;
use crate::herd::Herd;
use crate::measure::{Span, memory};
use crate::progress::bar;
use crate::report::{Figures, Record, Results};
use crate::server::{Crowd, Named, Suite, Target};

/// Notification servers, if the user does not say.
const PROCESSES: usize = 6;
/// The first of so many of the herd are there before memory is looked at, so that what each server has
/// for its first users only (what it keeps of the database, above all) is not taken for the users' own.
/// When as many more are there, it is looked what each of those took, and at the end again.
const FIRST: usize = 10;
/// How long it is looked at what idle users cost.
const WATCHED: Duration = Duration::from_secs(5);

/// What is measured beside the herds.
struct Work {
    pairs: usize,
    watchers: usize,
    sign_ins: usize,
}

pub(super) async fn run(args: &HerdArgs, results: &mut Results) -> anyhow::Result<()> {
    let quick = args.measure.quick;
    let work = if quick {
        Work { pairs: 20, watchers: 50, sign_ins: 200 }
    } else {
        Work { pairs: 100, watchers: 200, sign_ins: 2000 }
    };
    let settle = if quick { args.settle.min(Duration::from_secs(1)) } else { args.settle };
    let processes = args.target.ns_processes.unwrap_or(PROCESSES);
    anyhow::ensure!(args.target.store.is_none(), "every suite here has a store of its own: leave --store away");
    let mut grounds = Vec::new();
    for n in &args.n {
        let n = if quick { (*n).min(1000) } else { *n };
        grounds.push(Ground::prepare(args, n, processes, &work).await?);
    }
    for ground in &mut grounds {
        ground.gather(settle, results).await?;
    }
    for ground in &mut grounds {
        ground.watch(if quick { settle } else { WATCHED }, results).await?;
    }
    let bar = bar(u64::from(args.measure.rounds) * 3 * grounds.len() as u64);
    for round in 0..args.measure.rounds {
        for kind in [Kind::Relay, Kind::Fan, Kind::Login] {
            for turn in 0..grounds.len() {
                // In every other round the other way round, so that none has the better place.
                let last = grounds.len() - 1;
                let ground = &mut grounds[if round.is_multiple_of(2) { turn } else { last - turn }];
                bar.set_message(format!("{} beside {}", kind.run(), ground.n));
                let (case, figures) = ground.measure(args, kind, &work).await?;
                let (run, subject) = (kind.run().to_owned(), "suite".to_owned());
                results.push(Record { run, case, subject, round, figures })?;
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    for ground in &mut grounds {
        ground.count().await?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Relay,
    Fan,
    Login,
}

impl Kind {
    const fn run(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Fan => "fan",
            Self::Login => "login",
        }
    }
}

/// A suite with its herd.
struct Ground {
    n: usize,
    processes: usize,
    contacts: usize,
    target: Target,
    /// The number of the first of each crowd: of the three kinds of work, and of the herd.
    firsts: [usize; 4],
    herds: Vec<Herd>,
}

impl Ground {
    async fn prepare(args: &HerdArgs, n: usize, processes: usize, work: &Work) -> anyhow::Result<Self> {
        let contacts = args.contacts;
        let crowds = vec![
            Crowd::strangers(2 * work.pairs),
            fan::crowd(work.watchers, 0),
            login::crowd(work.sign_ins, 0),
            ring(n, contacts),
        ];
        let (crowd, firsts) = Crowd::together(crowds);
        let firsts = firsts.try_into().ok().context("there are four")?;
        let plan = args.target.plan(Some(processes)).context("nothing to measure: give --suite")?;
        let target = Target::Suite(Suite::start(plan, &crowd, args.target.way()).await?);
        Ok(Self { n, processes, contacts, target, firsts, herds: Vec::new() })
    }

    /// Lets the herd sign in, and looks what memory it takes.
    async fn gather(&mut self, settle: Duration, results: &mut Results) -> anyhow::Result<()> {
        let way = self.target.way().from(self.firsts[3]);
        let first = self.n / FIRST;
        let (mut there, mut before) = (0, 0);
        for stage in [first, 2 * first, self.n] {
            self.herds.push(Herd::gather(&way, there..stage, AT_ONCE, true).await?);
            there = stage;
            tokio::time::sleep(settle).await;
            let after = memory(&self.target.pids())?;
            if stage == first {
                before = after;
                continue;
            }
            let figures = [
                ("bytes", after.saturating_sub(before) as f64 / (there - first) as f64),
                ("rss_mb", after as f64 / 1e6),
                ("before_mb", before as f64 / 1e6),
                ("verified", there as f64),
            ];
            let figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
            let case = format!("n={there} contacts={}", self.contacts) + &conditions(0, Some(self.processes));
            results.push(Record { run: "idle".to_owned(), case, subject: "suite".to_owned(), round: 0, figures })?;
        }
        self.count().await
    }

    /// Looks what the herd costs while it does nothing.
    async fn watch(&mut self, time: Duration, results: &mut Results) -> anyhow::Result<()> {
        let span = Span::begin(&self.target.pids(), &[])?;
        tokio::time::sleep(time).await;
        let spent = span.spent()?;
        let cores = spent.server.as_secs_f64() / spent.elapsed.as_secs_f64();
        let figures = Figures::from([("cores".to_owned(), cores), ("others_pct".to_owned(), spent.others_percent())]);
        let case = format!("nothing happens{}", conditions(self.n, Some(self.processes)));
        results.push(Record { run: "herd".to_owned(), case, subject: "suite".to_owned(), round: 0, figures })
    }

    /// One measurement beside the herd, with people of its own.
    async fn measure(&mut self, args: &HerdArgs, kind: Kind, work: &Work) -> anyhow::Result<(String, Figures)> {
        let way = self.target.way().from(self.firsts[kind as usize]);
        let people = Target::Named(Named { way, pids: self.target.pids(), name: self.target.name() });
        let (warm_up, span) = (args.measure.warm_up(), args.measure.span());
        let (case, figures) = match kind {
            Kind::Relay => {
                let terms = relay::Terms::one_by_one(work.pairs);
                (terms.case(), relay::once(&people, &terms, warm_up, span).await)
            }
            Kind::Fan => {
                let terms = fan::Terms { watchers: work.watchers, stuck: 0, window: 1, chunk: 1 };
                (terms.case(), fan::once(&people, &terms, warm_up, span).await)
            }
            Kind::Login => {
                let terms = login::Terms { count: work.sign_ins, at_once: 16, direct: false };
                (terms.case(), login::once(&people, &terms).await)
            }
        };
        self.target.check()?;
        let case = case + &conditions(self.n, Some(self.processes));
        let figures = figures.with_context(|| format!("{} {case}", kind.run()))?;
        Ok((case, figures))
    }

    /// Verifies that all of the herd are still there.
    async fn count(&mut self) -> anyhow::Result<()> {
        for herd in &mut self.herds {
            herd.count().await?;
        }
        Ok(())
    }
}
