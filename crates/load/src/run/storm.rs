//! Everyone signs in again after the notification server was killed.

use std::time::Duration;

use anyhow::bail;

use super::ground::ring;
use crate::args::StormArgs;
use crate::herd::Herd;
use crate::measure::Span;
use crate::progress::bar;
use crate::report::{Figures, Record, Results};
use crate::server::{Suite, Target};

/// How long the server has to itself before it is killed.
const SETTLE: Duration = Duration::from_secs(2);

pub(super) async fn run(args: &StormArgs, results: &mut Results) -> anyhow::Result<()> {
    let n = if args.measure.quick { args.n.min(500) } else { args.n };
    let Some(plan) = args.target.plan(None) else { bail!("a storm needs a server that can be killed: give --suite") };
    let suite = Suite::start(plan, &ring(n, args.contacts), args.target.way()).await?;
    let mut target = Target::Suite(suite);
    let case = format!("n={n} contacts={} at_once={}", args.contacts, args.at_once);
    let bar = bar(args.measure.rounds.into());
    let mut herd = Herd::gather(target.way(), 0..n, args.at_once.into(), true).await?;
    for round in 0..args.measure.rounds {
        tokio::time::sleep(SETTLE).await;
        let figures = once(&mut target, &mut herd).await?;
        let subject = target.name();
        results.push(Record { run: "storm".to_owned(), case: case.clone(), subject, round, figures })?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn once(target: &mut Target, herd: &mut Herd) -> anyhow::Result<Figures> {
    let Target::Suite(suite) = target else { bail!("only the suite can be killed") };
    let killed = std::time::Instant::now();
    suite.restart()?;
    let down = killed.elapsed();
    let span = Span::begin(&target.pids(), &herd.pids())?;
    let back = herd.again().await?;
    let spent = span.spent()?;
    target.check()?;
    herd.count().await?;
    let mut figures = Figures::new();
    spent.report(herd.len() as u64, &mut figures);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    figures.insert("back_ms".to_owned(), ms(back));
    figures.insert("down_ms".to_owned(), ms(down));
    figures.insert("max_us".to_owned(), ms(herd.slowest()) * 1e3);
    Ok(figures)
}
