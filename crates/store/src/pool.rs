//! The connections to Postgres.
//!
//! Why not the pool of sqlx: it asks each connection that comes back whether it is well, for as
//! long as that takes, and when the network has gone silent that is a quarter of an hour during
//! which the connection counts as taken; and it goes on trying to connect on behalf of each who
//! asks. Here, a connection comes back only when what it was taken for went well
//! ([`Pool::put_back`]). One that is dropped in the middle of something is closed, and whatever it
//! had not committed is undone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time;

/// One that was not used for so long is not trusted any more: a firewall may have forgotten it.
const IDLE: Duration = Duration::from_secs(60);
/// One that is so old is replaced, so that what the server keeps for it is bounded, and a database
/// that has moved is found at its new place.
const LIFE: Duration = Duration::from_secs(30 * 60);
/// How long to be polite to a server at the end.
const FAREWELL: Duration = Duration::from_secs(1);

pub(crate) struct Pool {
    options: PgConnectOptions,
    size: u32,
    permits: Arc<Semaphore>,
    /// The one used last is last, and the first to be used again: so those that are too many
    /// grow old.
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    conn: PgConnection,
    made: Instant,
    since: Instant,
}

/// A connection that somebody uses.
pub(crate) struct Taken {
    pub(crate) conn: PgConnection,
    made: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(options: PgConnectOptions, size: u32) -> Self {
        let permits = Arc::new(Semaphore::new(size as usize));
        Self { options, size, permits, idle: Mutex::default() }
    }

    /// Waits until one of the connections is free, and makes one where fewer are open than there may
    /// be.
    pub(crate) async fn take(&self) -> Result<Taken, sqlx::Error> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        if let Some(Idle { conn, made, .. }) = self.fresh() {
            return Ok(Taken { conn, made, _permit: permit });
        }
        Ok(Taken { conn: self.connect().await?, made: Instant::now(), _permit: permit })
    }

    /// Keeps one that is ready for the next.
    pub(crate) fn put_back(&self, taken: Taken) {
        let Taken { conn, made, _permit } = taken;
        if made.elapsed() < LIFE && !self.permits.is_closed() {
            self.idle().push(Idle { conn, made, since: Instant::now() });
        }
    }

    /// Forgets the connections that nobody uses: they may be dead.
    pub(crate) fn clear(&self) {
        let idle = std::mem::take(&mut *self.idle());
        drop(idle);
    }

    /// A new connection, to a server that can be written to. It counts nowhere.
    pub(crate) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let mut conn = self.options.connect().await?;
        let answer = sqlx::raw_sql("SELECT current_setting('transaction_read_only')").fetch_one(&mut conn).await?;
        if answer.try_get::<&str, _>(0)? != "off" {
            return Err(sqlx::Error::Configuration("the server is a standby, which only reads".into()));
        }
        Ok(conn)
    }

    /// Waits for what is under way, for a while, and says good-bye.
    pub(crate) async fn close(&self, patience: Duration) {
        let _all = time::timeout(patience, self.permits.acquire_many(self.size)).await;
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        let _polite = time::timeout(FAREWELL, async {
            for Idle { conn, .. } in idle {
                let _gone = conn.close().await;
            }
        })
        .await;
    }

    /// The one used last, and none that has waited too long.
    fn fresh(&self) -> Option<Idle> {
        let mut idle = self.idle();
        let stale = idle.iter().take_while(|idle| idle.since.elapsed() > IDLE).count();
        idle.drain(..stale);
        idle.pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
