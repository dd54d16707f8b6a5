//! The store on Postgres: every operation ends within a deadline, whatever the database does.

use std::pin::pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time;

use crate::health::{Health, in_time, is_full, is_lost};
use crate::pool::{Pool, Taken};
use crate::sql::{Conn, Row, Sql, Value, on_postgres};
use crate::writer::{Counters, Write};
use crate::{Options, StoreError, StoreUrl, Writes, migrate};

/// How often to run a change whose transaction Postgres undid for the sake of another.
const ATTEMPTS: u32 = 8;
/// How long to wait at the start before asking again for a database that is not there yet.
const START_PAUSE: Duration = Duration::from_millis(500);

/// An open store on Postgres.
pub(crate) struct PgDb {
    health: Arc<Health>,
    deadline: Duration,
    counters: Counters,
}

impl PgDb {
    pub(crate) async fn open(text: &str, url: &StoreUrl, options: &Options) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open { url: url.to_string(), source };
        let connect = PgConnectOptions::from_str(text).map_err(failed)?.disable_statement_logging();
        // That a table is there already is nothing to log.
        let connect = connect.options([("client_min_messages", "warning")]);
        let connect = match connect.get_application_name() {
            Some(_) => connect,
            None => connect.application_name(&options.application),
        };
        let pool = Pool::new(bounded(connect.clone(), options.deadline), options.connections.max(1));
        let first = await_start(&pool, url, options.start_patience).await.map_err(failed)?;
        let _gone = first.close().await;
        // Without the bounds of the others: a migration takes as long as it takes.
        let mut conn = in_time(connect.connect()).await.map_err(failed)?;
        migrate::postgres(&mut conn, url).await?;
        let _gone = conn.close().await;
        Ok(Self { health: Health::new(pool), deadline: options.deadline, counters: Counters::default() })
    }

    pub(crate) async fn close(&self) {
        self.health.close();
        self.health.pool().close(self.deadline).await;
    }

    /// Runs a statement that only reads: a second time, if its connection breaks under it.
    pub(crate) async fn read(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        self.timed(async {
            match self.once(sql, values).await {
                Err(error) if is_lost_in(&error) => self.once(sql, values).await.map_err(away),
                done => done,
            }
        })
        .await
    }

    /// Runs a statement that is a transaction of its own, once.
    pub(crate) async fn run(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        self.timed(async { self.once(sql, values).await.map_err(away) }).await
    }

    /// Makes a change. It is on disk when this returns.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Result<W::Output, StoreError> {
        let committing = AtomicBool::new(false);
        let done = self.timed(self.persist(&write, &committing)).await;
        if matches!(done, Err(StoreError::Busy | StoreError::Away)) && committing.load(Ordering::Relaxed) {
            return Err(StoreError::InDoubt);
        }
        if done.is_ok() {
            self.counters.committed(1);
        }
        done
    }

    pub(crate) fn writes(&self) -> Writes {
        self.counters.read()
    }

    /// Does it within the deadline. What is cut then has its connection closed with it, since a
    /// connection is put back only by who is done with it.
    async fn timed<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let work = pin!(work);
        time::timeout(self.deadline, work).await.unwrap_or_else(|_| {
            self.health.doubt();
            Err(StoreError::Busy)
        })
    }

    async fn once(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut taken = self.take().await?;
        let rows = on_postgres(&mut taken.conn, sql, values).await;
        match &rows {
            Ok(_) => self.health.pool().put_back(taken),
            Err(error) => self.look_at(error),
        }
        rows
    }

    /// Tries again after a collision, and once after a connection that broke before the commit was
    /// asked for: then nothing was changed.
    async fn persist<W: Write>(&self, write: &W, committing: &AtomicBool) -> Result<W::Output, StoreError> {
        let (mut attempt, mut was_lost) = (0, false);
        loop {
            match self.transact(write, committing).await {
                Err(error) if error.is_collision() && attempt < ATTEMPTS => {
                    attempt += 1;
                    tracing::debug!(attempt, "a transaction was undone for the sake of another");
                    // Of random length, so that two that collide do not do so again.
                    time::sleep(Duration::from_millis(rand::random_range(0..4 << attempt))).await;
                }
                Err(error) if is_lost_in(&error) => {
                    if was_lost || committing.load(Ordering::Relaxed) {
                        return Err(StoreError::Away);
                    }
                    was_lost = true;
                }
                done => return done,
            }
        }
    }

    async fn transact<W: Write>(&self, write: &W, committing: &AtomicBool) -> Result<W::Output, StoreError> {
        let failed = |error| StoreError::query("commit a change", error);
        let mut taken = self.take().await?;
        let done = async {
            let mut transaction = taken.conn.begin().await.map_err(failed)?;
            match write.run(&mut Conn::Postgres(&mut transaction)).await {
                Ok(output) => {
                    committing.store(true, Ordering::Relaxed);
                    transaction.commit().await.map_err(failed)?;
                    Ok((true, Ok(output)))
                }
                Err(error) => Ok((transaction.rollback().await.is_ok(), Err(error))),
            }
        };
        let (is_clean, result) = done.await.unwrap_or_else(|error| (false, Err(error)));
        if let Err(error) = &result {
            self.look_at(error);
            if !is_lost_in(error) {
                // Whatever the commit said, it said no.
                committing.store(false, Ordering::Relaxed);
            }
        }
        if is_clean {
            self.health.pool().put_back(taken);
        }
        result
    }

    async fn take(&self) -> Result<Taken, StoreError> {
        self.health.up().await?;
        self.health.pool().take().await.map_err(|error| match is_full(&error) {
            true => StoreError::Busy,
            false => {
                let error = StoreError::query("connect to the database", error);
                self.look_at(&error);
                error
            }
        })
    }

    fn look_at(&self, error: &StoreError) {
        if is_lost_in(error) {
            tracing::debug!(?error, "a connection to the database broke");
            self.health.doubt();
        }
    }
}

fn is_lost_in(error: &StoreError) -> bool {
    matches!(error, StoreError::Query { source, .. } if is_lost(source))
}

/// A lost connection, as callers hear of it.
fn away(error: StoreError) -> StoreError {
    if is_lost_in(&error) { StoreError::Away } else { error }
}

/// What the server is to do when we do not: nobody waits longer than the deadline, so that it works
/// and holds rows no longer either, also for a daemon that has vanished with its machine.
fn bounded(options: PgConnectOptions, deadline: Duration) -> PgConnectOptions {
    let ms = |time: Duration| time.as_millis().max(1).to_string();
    options.options([
        ("statement_timeout", ms(deadline)),
        // Before that, so that who waits for a row hears it, and the connection can be kept.
        ("lock_timeout", ms(deadline * 3 / 4)),
        ("idle_in_transaction_session_timeout", ms(deadline)),
        ("tcp_keepalives_idle", "30".to_owned()),
        ("tcp_keepalives_interval", "10".to_owned()),
        ("tcp_keepalives_count", "3".to_owned()),
    ])
}

/// The first connection. Waits for a database that is not there yet, or is still starting.
async fn await_start(pool: &Pool, url: &StoreUrl, patience: Duration) -> Result<PgConnection, sqlx::Error> {
    let (began, mut told) = (Instant::now(), false);
    loop {
        match in_time(pool.connect()).await {
            Err(error) if began.elapsed() < patience && (is_lost(&error) || is_full(&error)) => {
                if !told {
                    tracing::warn!(%url, %error, for_at_most = ?patience, "waiting for the database to come up");
                    told = true;
                }
                time::sleep(rand::random_range(START_PAUSE / 2..=START_PAUSE)).await;
            }
            done => return done,
        }
    }
}
