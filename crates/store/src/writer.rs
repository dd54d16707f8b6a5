//! Changes, and the one task that makes them on SQLite.
//!
//! Waiting for the disk costs milliseconds and does not depend on how much is written. So the
//! task takes all changes that are queued, runs them in one transaction, commits, and only then
//! answers them all: while it waits for the disk, the next group gathers. If one of them fails, which
//! is rare, the transaction is undone, and they run again, each in a savepoint of its own.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::StoreError;
use crate::connections::Connections;
use crate::sql::Conn;

/// Changes that may wait; one more is refused with [`StoreError::Busy`].
const QUEUE: usize = 1024;
/// Changes in one commit.
const GROUP: usize = 64;

/// A change: runs in a transaction that is kept if it succeeds. May run again if the database, or the
/// failure of another change, undid the transaction.
pub(crate) trait Write: Send + Sync + 'static {
    type Output: Send + 'static;
    fn run(&self, conn: &mut Conn<'_>) -> impl Future<Output = Result<Self::Output, StoreError>> + Send;
}

/// How many changes a store has made since it was opened, for its metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Writes {
    /// Changes that were carried out.
    pub changes: u64,
    /// Transactions that they took. Fewer, where SQLite commits changes in groups.
    pub commits: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    changes: AtomicU64,
    commits: AtomicU64,
}

impl Counters {
    pub(crate) fn committed(&self, changes: u64) {
        if changes > 0 {
            self.changes.fetch_add(changes, Ordering::Relaxed);
            self.commits.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> Writes {
        let [changes, commits] = [&self.changes, &self.commits].map(|count| count.load(Ordering::Relaxed));
        Writes { changes, commits }
    }
}

/// The queue to the writing task. The task ends when this is dropped.
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    stop: Arc<Notify>,
    task: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
}

impl Writer {
    /// Starts the task. Nobody else should write through `writing`, though reads may share it.
    pub(crate) fn start(writing: Arc<Connections>) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (stop, counters) = (Arc::new(Notify::new()), Arc::new(Counters::default()));
        let task = tokio::spawn(work(writing, jobs, stop.clone(), counters.clone()));
        Self { queue, stop, task: Mutex::new(Some(task)), counters }
    }

    /// Queues a change and waits until it is on disk.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Result<W::Output, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Box::new(Pending { write, result: None, answer })).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    pub(crate) fn writes(&self) -> Writes {
        self.counters.read()
    }

    /// Takes no more changes, and waits until those that are queued are on disk.
    pub(crate) async fn close(&self) {
        self.stop.notify_one();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the writer of the store has failed");
        }
    }
}

async fn work(
    writing: Arc<Connections>,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    stop: Arc<Notify>,
    counters: Arc<Counters>,
) {
    let mut jobs = Vec::with_capacity(GROUP);
    loop {
        tokio::select! {
            () = stop.notified() => queue.close(),
            taken = queue.recv_many(&mut jobs, GROUP) => {
                if taken == 0 {
                    return;
                }
                let outcome = match writing.take().await {
                    Ok(mut conn) => {
                        let outcome = commit_together(&mut conn, &mut jobs).await;
                        conn.done(outcome)
                    }
                    Err(error) => Err(error),
                };
                if let Ok(changes) = outcome {
                    counters.committed(changes);
                }
                let failure = outcome.err().map(Arc::new);
                for job in jobs.drain(..) {
                    job.answer(failure.clone());
                }
            }
        }
    }
}

/// Tells how many of the jobs succeeded. An error is that of the whole transaction, of which
/// then nothing is kept: also a full disk, since SQLite may have undone more than one savepoint.
async fn commit_together(conn: &mut SqliteConnection, jobs: &mut [Box<dyn Job>]) -> Result<u64, sqlx::Error> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    for job in &mut *jobs {
        if !job.run(&mut Conn::Sqlite(&mut transaction)).await {
            transaction.rollback().await?;
            return commit_each(conn, jobs).await;
        }
    }
    transaction.commit().await?;
    Ok(jobs.len() as u64)
}

/// The same, where the failure of one leaves the others as they are.
async fn commit_each(conn: &mut SqliteConnection, jobs: &mut [Box<dyn Job>]) -> Result<u64, sqlx::Error> {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    let mut changes = 0;
    for job in jobs {
        let mut savepoint = transaction.begin().await?;
        if job.run(&mut Conn::Sqlite(&mut savepoint)).await {
            savepoint.commit().await?;
            changes += 1;
        } else {
            savepoint.rollback().await?;
        }
    }
    transaction.commit().await?;
    Ok(changes)
}

/// A [`Write`] of any kind, with who waits for it.
trait Job: Send {
    /// Runs it and keeps its result; tells whether what it did is to be kept.
    fn run<'a>(&'a mut self, conn: &'a mut Conn<'_>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>>;
    /// Tells its result, or that its transaction has failed.
    fn answer(self: Box<Self>, failure: Option<Arc<sqlx::Error>>);
}

struct Pending<W: Write> {
    write: W,
    result: Option<Result<W::Output, StoreError>>,
    answer: oneshot::Sender<Result<W::Output, StoreError>>,
}

impl<W: Write> Job for Pending<W> {
    fn run<'a>(&'a mut self, conn: &'a mut Conn<'_>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async move {
            let result = self.write.run(conn).await;
            let kept = result.is_ok();
            self.result = Some(result);
            kept
        })
    }

    fn answer(self: Box<Self>, failure: Option<Arc<sqlx::Error>>) {
        let result = match (failure, self.result) {
            (Some(error), _) => Err(StoreError::query("commit changes", error)),
            (None, Some(result)) => result,
            (None, None) => Err(StoreError::Closed),
        };
        // Whoever asked may have gone; the change stands all the same.
        let _gone = self.answer.send(result);
    }
}
