//! Memory of users who are signed in and do nothing.

use std::ops::Range;
use std::time::Duration;

use super::ground::{AT_ONCE, conditions, ring};
use crate::args::IdleArgs;
use crate::herd::{Herd, MOST};
use crate::measure::{memory, threads};
use crate::progress::bar;
use crate::report::{Figures, Record, Results};
use crate::server::{Floor, Suite, Target, Variant, Work};

/// Those who sign in first and stay, so that what a server makes for its first users only is not
/// taken for the users' own.
const FIRST: usize = 200;

pub(super) async fn run(args: &IdleArgs, results: &mut Results) -> anyhow::Result<()> {
    let numbers: Vec<usize> = args.n.iter().map(|n| if args.measure.quick { (*n).min(1000) } else { *n }).collect();
    let cases = numbers.iter().flat_map(|n| args.contacts.iter().map(move |contacts| (*n, *contacts)));
    let cases: Vec<_> = cases.collect();
    let bar = bar(u64::from(args.measure.rounds) * cases.len() as u64);
    for round in 0..args.measure.rounds {
        for (n, contacts) in &cases {
            let case = format!("n={n} contacts={contacts}") + &conditions(0, processes(args, *n));
            bar.set_message(case.clone());
            // A server that has had users is another one than a fresh one: each case has its own.
            for (subject, figures) in case_of(args, *n, *contacts).await? {
                let record = Record { run: "idle".to_owned(), case: case.clone(), subject, round, figures };
                results.push(record)?;
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

async fn case_of(args: &IdleArgs, n: usize, contacts: usize) -> anyhow::Result<Vec<(String, Figures)>> {
    let settle = if args.measure.quick { args.settle.min(Duration::from_secs(1)) } else { args.settle };
    let mut measured = Vec::new();
    // The floor's users have no lists, so that it is compared once.
    for variant in args.target.floors(&[Variant::Direct, Variant::Mpsc])?.into_iter().filter(|_| n <= MOST) {
        let floor = Target::Floor(Floor::start(Work::Login, variant, &args.target.way())?);
        measured.push((floor.name(), once(floor, n, settle).await?));
    }
    let crowd = ring(FIRST + n, contacts);
    if let Some(plan) = args.target.plan(processes(args, n)) {
        let suite = Target::Suite(Suite::start(plan, &crowd, args.target.way()).await?);
        measured.push((suite.name(), once(suite, n, settle).await?));
    }
    if let Some(named) = args.target.named()? {
        let named = Target::Named(named);
        measured.push((named.name(), once(named, n, settle).await?));
    }
    anyhow::ensure!(!measured.is_empty(), "nothing to measure: give --suite, --floor, --ds or --ns");
    Ok(measured)
}

/// How many notification servers the suite has, if it is not one process: one cannot hold more than
/// so many users.
fn processes(args: &IdleArgs, n: usize) -> Option<usize> {
    args.target.ns_processes.or((n + FIRST > MOST).then(|| (n + FIRST).div_ceil(MOST)))
}

async fn once(mut target: Target, n: usize, settle: Duration) -> anyhow::Result<Figures> {
    let gather = async |numbers: Range<usize>| Herd::gather(target.way(), numbers, AT_ONCE, true).await;
    let mut first = gather(0..FIRST).await?;
    tokio::time::sleep(settle / 4).await;
    let before = memory(&target.pids())?;
    let mut herd = gather(FIRST..FIRST + n).await?;
    tokio::time::sleep(settle).await;
    let after = memory(&target.pids())?;
    let told = first.count().await? + herd.count().await?;
    let figures = [
        ("bytes", after.saturating_sub(before) as f64 / n as f64),
        ("rss_mb", after as f64 / 1e6),
        ("before_mb", before as f64 / 1e6),
        ("threads", threads(&target.pids())? as f64),
        ("news", told as f64),
        ("verified", herd.len() as f64),
    ];
    target.check()?;
    Ok(figures.map(|(name, value)| (name.to_owned(), value)).into())
}
