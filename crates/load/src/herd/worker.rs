//! A worker: some of a herd.

use std::cell::Cell;
use std::io::Write as _;
use std::rc::Rc;
use std::time::Instant;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::task::{JoinSet, LocalSet};

use super::{Job, Told};
use crate::client::{Session, Way, sign_in};

/// Works as a worker, until whoever started it ends.
pub(crate) fn work() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = LocalSet::new().block_on(&runtime, async {
        match run().await {
            Ok(()) => Ok(()),
            Err(error) => tell(&Told::Failed(format!("{error:#}"))),
        }
    });
    // A read of standard input may still be waiting on a thread of its own.
    runtime.shutdown_background();
    ended
}

async fn run() -> anyhow::Result<()> {
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    let job: Job = serde_json::from_str(&orders.next_line().await?.context("no job")?)?;
    let news = Rc::new(Cell::new(0));
    let mut keepers = gather(&job, &news).await?;
    while let Some(order) = orders.next_line().await? {
        if order == "again" {
            keepers.shutdown().await;
            keepers = gather(&job, &news).await?;
        } else {
            let mut lost = None;
            while let Some(ended) = keepers.try_join_next() {
                lost = lost.or(Some(ended?));
            }
            tell(&Told::Counted { there: keepers.len(), news: news.get(), lost })?;
        }
    }
    Ok(())
}

/// Lets all sign in, and tells of it. Each has a task that lasts as long as they are there.
async fn gather(job: &Job, news: &Rc<Cell<u64>>) -> anyhow::Result<JoinSet<String>> {
    let mut keepers = JoinSet::new();
    let slowest = sign_all_in(job, |session| {
        let news = news.clone();
        keepers.spawn_local(async move { keep(session, &news).await });
    })
    .await?;
    tell(&Told::Gathered { slowest })?;
    Ok(keepers)
}

/// Lets all sign in, so many at a time, and hands each to `keep`; tells how long the slowest took.
async fn sign_all_in(job: &Job, mut keep: impl FnMut(Session)) -> anyhow::Result<u64> {
    let way = Rc::new(job.way.clone());
    let (mut numbers, mut under_way, mut slowest) = (job.numbers.clone(), JoinSet::new(), 0);
    loop {
        while under_way.len() < job.at_once
            && let Some(number) = numbers.next()
        {
            let (way, sync) = (way.clone(), job.sync);
            under_way.spawn_local(async move { enter(&way, number, sync).await });
        }
        let Some(entered) = under_way.join_next().await else { return Ok(slowest) };
        let (session, took) = entered??;
        slowest = slowest.max(took);
        keep(session);
    }
}

async fn enter(way: &Way, number: usize, sync: bool) -> anyhow::Result<(Session, u64)> {
    let started = Instant::now();
    let mut session = sign_in(way, &way.account(number)).await?;
    if sync {
        session.sync().await?;
    }
    session.appear("NLN").await?;
    session.conn.shrink();
    Ok((session, u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)))
}

/// Reads what comes until the connection is lost; tells how, and what came last.
async fn keep(mut session: Session, news: &Cell<u64>) -> String {
    let mut last = None;
    loop {
        match session.conn.next_patiently().await {
            Ok(command) => {
                news.set(news.get() + 1);
                last = Some(command);
                session.conn.shrink();
            }
            Err(error) => {
                let last = last.map_or_else(|| "nothing".to_owned(), |command| command.frame().text());
                return format!("{}: {error}, after {last}", session.account.handle);
            }
        }
    }
}

fn tell(told: &Told) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(told)?)?)
}
