//! The open database: one of two.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::postgres::PgDb;
use crate::sql::{Row, Sql, Value, first_on_sqlite, on_sqlite};
use crate::sqlite::SqliteDb;
use crate::url::Place;
use crate::writer::Write;
use crate::{Options, StoreError, StoreUrl, Writes};

pub(crate) enum Db {
    Sqlite(Box<SqliteDb>),
    Postgres(PgDb),
}

impl Db {
    pub(crate) async fn open(url: &StoreUrl, options: &Options) -> Result<Self, StoreError> {
        match &url.0 {
            Place::Memory => SqliteDb::in_memory(url).await.map(|db| Self::Sqlite(Box::new(db))),
            Place::File(path) => {
                SqliteDb::in_file(path, url, options.deadline).await.map(|db| Self::Sqlite(Box::new(db)))
            }
            Place::Postgres(text) => PgDb::open(text, url, options).await.map(Self::Postgres),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(db) => db.close().await,
            Self::Postgres(db) => db.close().await,
        }
    }

    /// Runs a statement that only reads.
    pub(crate) async fn rows(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(db) => on_sqlite(&db.readers, sql, values).await,
            Self::Postgres(db) => db.read(sql, values).await,
        }
    }

    /// The first row of a statement that only reads.
    pub(crate) async fn row(&self, sql: Sql, values: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        match self {
            Self::Sqlite(db) => first_on_sqlite(&db.readers, sql, values).await,
            Self::Postgres(db) => Ok(db.read(sql, values).await?.into_iter().next()),
        }
    }

    /// Runs a statement on the cookies, wherever they are.
    pub(crate) async fn cookies(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(db) => on_sqlite(&db.cookies, sql, values).await,
            Self::Postgres(db) => db.run(sql, values).await,
        }
    }

    /// Makes a change. It is on disk when this returns.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Result<W::Output, StoreError> {
        match self {
            Self::Sqlite(db) => db.writer.write(write).await,
            Self::Postgres(db) => db.write(write).await,
        }
    }

    pub(crate) fn writes(&self) -> Writes {
        match self {
            Self::Sqlite(db) => db.writer.writes(),
            Self::Postgres(db) => db.writes(),
        }
    }
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
