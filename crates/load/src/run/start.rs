//! From the start of the suite until all of it listens.

use std::time::Instant;

use anyhow::bail;

use crate::args::StartArgs;
use crate::measure::memory;
use crate::progress::bar;
use crate::report::{Record, Results};
use crate::server::{Crowd, Suite};

pub(super) async fn run(args: &StartArgs, results: &mut Results) -> anyhow::Result<()> {
    let Some(plan) = args.target.plan(None) else { bail!("nothing to start: give --suite") };
    let bar = bar(u64::from(args.measure.rounds) * args.accounts_made.len() as u64);
    for accounts in &args.accounts_made {
        let accounts = if args.measure.quick { (*accounts).min(5000) } else { *accounts };
        let case = format!("accounts={accounts}");
        bar.set_message(format!("{case}: making them"));
        let crowd = Crowd { active: 0..0, ..Crowd::strangers(accounts) };
        let mut suite = Suite::prepare(plan.clone(), &crowd, args.target.way()).await?;
        bar.set_message(case.clone());
        for round in 0..args.measure.rounds {
            let started = Instant::now();
            suite.run()?;
            let took = started.elapsed();
            let rss = memory(&suite.pids())?;
            suite.stop()?;
            let figures = [("start_ms", took.as_secs_f64() * 1e3), ("rss_mb", rss as f64 / 1e6)];
            let figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
            let (run, subject) = ("start".to_owned(), "suite".to_owned());
            results.push(Record { run, case: case.clone(), subject, round, figures })?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(())
}
