//! The connections to a SQLite database.
//!
//! Why not the pool of sqlx: it asks each connection that comes back whether it is well. Such a
//! connection is a thread, so that the question is one more way to it and back, and costs as much
//! as a small read. Nothing can happen to a file's connection that its next user would not be
//! told; one whose thread has ended is replaced by a new one.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time;

/// How long to wait for a connection while others use them all.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Connections {
    options: SqliteConnectOptions,
    size: u32,
    permits: Semaphore,
    /// The one used last is last, and the first to be used again: its caches are warm. They stay
    /// for good: a new one costs a millisecond, and one to a database in memory is that database.
    idle: Mutex<Vec<SqliteConnection>>,
}

/// A connection that somebody uses. It comes back when this is dropped, also in the middle of
/// something: what is asked of it next is done behind that.
pub(crate) struct Taken<'a> {
    /// There is one until the drop.
    conn: Option<SqliteConnection>,
    home: &'a Connections,
    _permit: SemaphorePermit<'a>,
}

impl Connections {
    /// At most so many connections. One is opened now, to see that it can be.
    pub(crate) async fn open(options: SqliteConnectOptions, size: u32) -> Result<Self, sqlx::Error> {
        let idle = Mutex::new(vec![options.connect().await?]);
        Ok(Self { options, size, permits: Semaphore::new(size as usize), idle })
    }

    /// Waits until one of them is free.
    pub(crate) async fn take(&self) -> Result<Taken<'_>, sqlx::Error> {
        let permit = match self.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) => match time::timeout(PATIENCE, self.permits.acquire()).await {
                Ok(permit) => permit.map_err(|_| sqlx::Error::PoolClosed)?,
                Err(_) => return Err(sqlx::Error::PoolTimedOut),
            },
        };
        let idle = self.idle().pop();
        let conn = match idle {
            Some(conn) => conn,
            None => self.options.connect().await?,
        };
        Ok(Taken { conn: Some(conn), home: self, _permit: permit })
    }

    /// Waits for what is under way, and closes them. From now on there are none.
    pub(crate) async fn close(&self) {
        let _all = self.permits.acquire_many(self.size).await;
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for conn in idle {
            if let Err(error) = conn.close().await {
                tracing::debug!(%error, "cannot close a connection to the database");
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken<'_> {
    /// Gives it back, with what it was used for. It is no good any more if its thread has ended.
    pub(crate) fn done<T>(mut self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if matches!(result, Err(sqlx::Error::WorkerCrashed)) {
            self.conn = None;
        }
        result
    }
}

impl Deref for Taken<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.conn.as_ref().expect("it is there until the drop")
    }
}

impl DerefMut for Taken<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.conn.as_mut().expect("it is there until the drop")
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.home.idle().extend(self.conn.take());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    async fn memory(size: u32) -> Connections {
        Connections::open(SqliteConnectOptions::new().in_memory(true), size).await.unwrap()
    }

    async fn number(connections: &Connections, sql: &'static str) -> Result<i64, sqlx::Error> {
        let mut conn = connections.take().await?;
        let read = sqlx::query_scalar(sql).fetch_one(&mut *conn).await;
        conn.done(read)
    }

    #[tokio::test]
    async fn one_that_was_left_in_the_middle_of_something_serves_on() {
        const LONG: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
            SELECT COUNT(*) FROM n";
        let connections = memory(1).await;
        let hasty = time::timeout(Duration::from_millis(5), number(&connections, LONG)).await;
        assert!(hasty.is_err(), "three million rows in five milliseconds");
        assert_eq!(connections.idle().len(), 1);
        assert_eq!(number(&connections, "SELECT 7").await.unwrap(), 7);
        assert!(number(&connections, "SELECT").await.is_err());
        assert_eq!(connections.idle().len(), 1, "a bad statement is no bad connection");
        drop(connections.take().await.unwrap().done::<()>(Err(sqlx::Error::WorkerCrashed)));
        assert_eq!(connections.idle().len(), 0);
        assert_eq!(number(&connections, "SELECT 8").await.unwrap(), 8);
    }

    #[tokio::test]
    async fn no_more_than_there_may_be_and_none_after_the_end() {
        let connections = Arc::new(memory(2).await);
        let (one, two) = (connections.take().await.unwrap(), connections.take().await.unwrap());
        assert!(time::timeout(Duration::from_millis(5), connections.take()).await.is_err());
        let closing = tokio::spawn({
            let connections = Arc::clone(&connections);
            async move { connections.close().await }
        });
        drop(one);
        tokio::task::yield_now().await;
        assert!(!closing.is_finished(), "one is in use");
        drop(two);
        closing.await.unwrap();
        assert!(matches!(connections.take().await, Err(sqlx::Error::PoolClosed)));
        connections.close().await;
    }
}
