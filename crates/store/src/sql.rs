//! One statement for both databases.
//!
//! A statement uses what both understand: `$1` placeholders, integers, text and bytes, `ON
//! CONFLICT`, `RETURNING`, `string_agg`. [`Conn`] and [`Row`] choose the driver; nothing else
//! does, but for the row locks that only Postgres needs ([`Conn::lock`]).

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, Sqlite};

use crate::StoreError;
use crate::connections::Connections;

/// A statement, and what it does, to say so when it fails: "cannot *read a roster*".
#[derive(Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) doing: &'static str,
    pub(crate) text: &'static str,
}

pub(crate) const fn sql(doing: &'static str, text: &'static str) -> Sql {
    Sql { doing, text }
}

/// What stands for a placeholder.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Int(i64),
    Text(&'a str),
    Bytes(Option<&'a [u8]>),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(switch: bool) -> Self {
        Self::Int(switch.into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl<'a> From<Option<&'a [u8]>> for Value<'a> {
    fn from(bytes: Option<&'a [u8]>) -> Self {
        Self::Bytes(bytes)
    }
}

/// The statement with its values, for the driver `$db`.
macro_rules! bound {
    ($db:ty, $sql:expr, $values:expr) => {
        $values.iter().fold(sqlx::query::<$db>($sql.text), |query, value| match *value {
            Value::Int(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
    };
}

/// Runs the statement on `$on` and takes all its rows. Also where one is enough: a statement
/// with `RETURNING` has done its work only when it was run to its end.
macro_rules! all_rows {
    ($db:ty, $row:path, $sql:expr, $values:expr, $on:expr) => {
        match bound!($db, $sql, $values).fetch_all($on).await {
            Ok(rows) => Ok(rows.into_iter().map($row).collect()),
            Err(error) => Err(StoreError::query($sql.doing, error)),
        }
    };
}

/// A connection, inside a transaction.
pub(crate) enum Conn<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Conn<'_> {
    /// Runs a statement; tells how many rows it changed.
    pub(crate) async fn run(&mut self, sql: Sql, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let changed = match self {
            Self::Sqlite(conn) => {
                bound!(Sqlite, sql, values).execute(&mut **conn).await.map(|done| done.rows_affected())
            }
            Self::Postgres(conn) => {
                bound!(sqlx::Postgres, sql, values).execute(&mut **conn).await.map(|done| done.rows_affected())
            }
        };
        changed.map_err(|error| StoreError::query(sql.doing, error))
    }

    /// Runs a statement and reads its rows.
    pub(crate) async fn rows(&mut self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(conn) => all_rows!(Sqlite, Row::Sqlite, sql, values, &mut **conn),
            Self::Postgres(conn) => all_rows!(sqlx::Postgres, Row::Postgres, sql, values, &mut **conn),
        }
    }

    /// Runs a statement and reads its first row.
    pub(crate) async fn row(&mut self, sql: Sql, values: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Keeps the rows of these accounts to this transaction, lowest number first whatever their
    /// order here, so that two transactions over the same accounts wait for each other and do
    /// not deadlock. SQLite needs none of it: there is one writer.
    pub(crate) async fn lock(&mut self, accounts: &[i64]) -> Result<(), StoreError> {
        const LOCK: Sql = sql("lock accounts", "SELECT id FROM account WHERE id = ANY($1) ORDER BY id FOR UPDATE");
        if let Self::Postgres(conn) = self {
            let locked = sqlx::query(LOCK.text).bind(accounts).execute(&mut **conn).await;
            locked.map_err(|error| StoreError::query(LOCK.doing, error))?;
        }
        Ok(())
    }

    /// Lets no other transaction write `touched` until this one ends, so that its rows become
    /// visible in the order of their numbers, and a reader who has seen one has missed none
    /// before it. SQLite needs none of it: there is one writer.
    pub(crate) async fn lock_touched(&mut self) -> Result<(), StoreError> {
        const LOCK: Sql = sql("lock the log of touched accounts", "LOCK TABLE touched IN SHARE ROW EXCLUSIVE MODE");
        if let Self::Postgres(_) = self {
            self.run(LOCK, &[]).await?;
        }
        Ok(())
    }
}

/// Runs a statement that is a transaction of its own.
pub(crate) async fn on_sqlite(on: &Connections, sql: Sql, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
    let failed = |error| StoreError::query(sql.doing, error);
    let mut conn = on.take().await.map_err(failed)?;
    let rows = bound!(Sqlite, sql, values).fetch_all(&mut *conn).await;
    Ok(conn.done(rows).map_err(failed)?.into_iter().map(Row::Sqlite).collect())
}

/// Reads the first row of a statement, and runs it no further.
pub(crate) async fn first_on_sqlite(
    on: &Connections,
    sql: Sql,
    values: &[Value<'_>],
) -> Result<Option<Row>, StoreError> {
    let failed = |error| StoreError::query(sql.doing, error);
    let mut conn = on.take().await.map_err(failed)?;
    let row = bound!(Sqlite, sql, values).fetch_optional(&mut *conn).await;
    Ok(conn.done(row).map_err(failed)?.map(Row::Sqlite))
}

/// Runs a statement that is a transaction of its own.
pub(crate) async fn on_postgres(
    conn: &mut PgConnection,
    sql: Sql,
    values: &[Value<'_>],
) -> Result<Vec<Row>, StoreError> {
    all_rows!(sqlx::Postgres, Row::Postgres, sql, values, conn)
}

/// A row of an answer. Columns go by their position.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($row:expr, $index:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($index),
            Row::Postgres(row) => row.try_get($index),
        }
        .map_err(|error| StoreError::query("read a column", error))
    };
}

impl Row {
    pub(crate) fn int(&self, index: usize) -> Result<i64, StoreError> {
        column!(self, index)
    }

    pub(crate) fn switch(&self, index: usize) -> Result<bool, StoreError> {
        Ok(self.int(index)? != 0)
    }

    pub(crate) fn text(&self, index: usize) -> Result<&str, StoreError> {
        column!(self, index)
    }

    pub(crate) fn bytes(&self, index: usize) -> Result<&[u8], StoreError> {
        column!(self, index)
    }

    /// Null is no bytes and no error.
    pub(crate) fn maybe_bytes(&self, index: usize) -> Result<Option<&[u8]>, StoreError> {
        column!(self, index)
    }
}
