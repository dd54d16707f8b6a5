//! The open database: one of two.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::sql::{Conn, Row, Sql, Value, on_postgres, on_sqlite};
use crate::sqlite::SqliteDb;
use crate::url::Place;
use crate::writer::{Counters, Write};
use crate::{StoreError, StoreUrl, Writes, migrate};

/// Connections to Postgres.
const CONNECTIONS: u32 = 10;
/// How long to wait for one of them.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to run a change whose transaction Postgres undid for the sake of another.
const ATTEMPTS: u32 = 8;

pub(crate) enum Db {
    Sqlite(SqliteDb),
    Postgres(PgPool, Counters),
}

impl Db {
    pub(crate) async fn open(url: &StoreUrl) -> Result<Self, StoreError> {
        match &url.0 {
            Place::Memory => SqliteDb::in_memory(url).await.map(Self::Sqlite),
            Place::File(path) => SqliteDb::in_file(path, url).await.map(Self::Sqlite),
            Place::Postgres(text) => {
                let failed = |source| StoreError::Open { url: url.to_string(), source };
                let options = PgConnectOptions::from_str(text).map_err(failed)?;
                let options = options.application_name("msnp").disable_statement_logging();
                let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
                let pool = pool.connect_with(options).await.map_err(failed)?;
                migrate::postgres(&pool, url).await?;
                Ok(Self::Postgres(pool, Counters::default()))
            }
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(db) => db.close().await,
            Self::Postgres(pool, _) => pool.close().await,
        }
    }

    /// Runs a statement that only reads.
    pub(crate) async fn rows(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(db) => on_sqlite(&db.readers, sql, values).await,
            Self::Postgres(pool, _) => on_postgres(pool, sql, values).await,
        }
    }

    /// The first row of a statement that only reads.
    pub(crate) async fn row(&self, sql: Sql, values: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Runs a statement on the cookies, wherever they are.
    pub(crate) async fn cookies(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(db) => on_sqlite(&db.cookies, sql, values).await,
            Self::Postgres(pool, _) => on_postgres(pool, sql, values).await,
        }
    }

    /// Makes a change. It is on disk when this returns.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Result<W::Output, StoreError> {
        match self {
            Self::Sqlite(db) => db.writer.write(write).await,
            Self::Postgres(pool, counters) => {
                let output = transact_patiently(pool, &write).await?;
                counters.committed(1);
                Ok(output)
            }
        }
    }

    pub(crate) fn writes(&self) -> Writes {
        match self {
            Self::Sqlite(db) => db.writer.writes(),
            Self::Postgres(_, counters) => counters.read(),
        }
    }
}

async fn transact_patiently<W: Write>(pool: &PgPool, write: &W) -> Result<W::Output, StoreError> {
    for attempt in 1..ATTEMPTS {
        match transact(pool, write).await {
            Err(error) if error.is_collision() => {
                tracing::debug!(attempt, "a transaction was undone for the sake of another");
                // Of random length, so that two that collide do not do so again.
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..4 << attempt))).await;
            }
            done => return done,
        }
    }
    transact(pool, write).await
}

async fn transact<W: Write>(pool: &PgPool, write: &W) -> Result<W::Output, StoreError> {
    let failed = |error| StoreError::query("commit a change", error);
    let mut transaction = pool.begin().await.map_err(failed)?;
    let output = write.run(&mut Conn::Postgres(&mut transaction)).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(output)
}

/// Now, in Unix microseconds.
pub(crate) fn now_us() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}

/// Now, in Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    now_us() / 1000
}
