//! A herd: clients that sign in and stay, in processes of their own, since one process may not
//! open enough files for all of them, and so that their cost is not taken for anyone else's.

mod worker;

use std::ops::Range;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::client::Way;

pub(crate) use worker::work;

/// Connections of a process. It may open some 20,000 files.
pub(crate) const MOST: usize = 16_700;
/// How long a herd may take to sign in, and to count itself.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a worker is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) way: Way,
    pub(crate) numbers: Range<usize>,
    /// How many sign in at the same time.
    pub(crate) at_once: usize,
    /// Do they fetch their lists?
    pub(crate) sync: bool,
}

/// What a worker tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Told {
    /// All have signed in, the slowest of them in so many microseconds.
    Gathered {
        slowest: u64,
    },
    /// So many are still there, and have been told so many things meanwhile; and how one was lost, if
    /// any was.
    Counted {
        there: usize,
        news: u64,
        lost: Option<String>,
    },
    Failed(String),
}

/// Clients that are signed in. Dropping it resets their connections.
pub(crate) struct Herd {
    workers: Vec<Worker>,
    size: usize,
    slowest: Duration,
}

struct Worker {
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Herd {
    /// Lets these accounts sign in.
    pub(crate) async fn gather(way: &Way, numbers: Range<usize>, at_once: usize, sync: bool) -> anyhow::Result<Self> {
        let size = numbers.len();
        let mut workers = Vec::new();
        for start in numbers.clone().step_by(MOST) {
            let numbers = start..numbers.end.min(start + MOST);
            let way = way.only(numbers.clone());
            workers.push(Worker::start(&Job { way, numbers, at_once, sync }).await?);
        }
        for worker in &mut workers {
            match worker.answer().await? {
                Told::Gathered { .. } => {}
                other => bail!("a worker said {other:?}"),
            }
        }
        Ok(Self { workers, size, slowest: Duration::ZERO })
    }

    /// Lets all sign in again, after the server was away; tells how long it took until the last of
    /// them was there.
    pub(crate) async fn again(&mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        for worker in &mut self.workers {
            worker.orders.write_all(b"again\n").await?;
        }
        for worker in &mut self.workers {
            match worker.answer().await? {
                Told::Gathered { slowest } => self.slowest = self.slowest.max(Duration::from_micros(slowest)),
                other => bail!("a worker said {other:?}"),
            }
        }
        Ok(started.elapsed())
    }

    /// How long the slowest sign-in took.
    pub(crate) fn slowest(&self) -> Duration {
        self.slowest
    }

    /// Verifies that all are still there; tells how much they were told since they signed in.
    pub(crate) async fn count(&mut self) -> anyhow::Result<u64> {
        let (mut all, mut told, mut how) = (0, 0, String::new());
        for worker in &mut self.workers {
            worker.orders.write_all(b"count\n").await?;
            match worker.answer().await? {
                Told::Counted { there, news, lost } => {
                    (all, told) = (all + there, told + news);
                    how = lost.unwrap_or(how);
                }
                other => bail!("a worker said {other:?}"),
            }
        }
        anyhow::ensure!(all == self.size, "{} of {} idle users were disconnected; {how}", self.size - all, self.size);
        Ok(told)
    }

    /// The processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.workers.iter().filter_map(|worker| worker.process.id()).collect()
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.size
    }
}

impl Worker {
    async fn start(job: &Job) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a worker")?;
        let mut orders = process.stdin.take().context("it is piped")?;
        let answers = BufReader::new(process.stdout.take().context("it is piped")?).lines();
        orders.write_all(format!("{}\n", serde_json::to_string(job)?).as_bytes()).await?;
        Ok(Self { process, orders, answers })
    }

    async fn answer(&mut self) -> anyhow::Result<Told> {
        let line = tokio::time::timeout(PATIENCE, self.answers.next_line()).await.context("a worker is silent")??;
        match serde_json::from_str(&line.context("a worker has ended")?)? {
            Told::Failed(why) => bail!("{why}"),
            told => Ok(told),
        }
    }
}
