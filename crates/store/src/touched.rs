//! The log of accounts that were changed from outside the daemons, which poll it.

use model::{Edit, UserId};

use crate::db::now_ms;
use crate::edit::Carry;
use crate::serial::mark_touched;
use crate::sql::{Conn, Sql, sql};
use crate::writer::Write;
use crate::{Edited, Store, StoreError};

/// How long an entry is kept, in milliseconds: a day.
const KEPT: i64 = 24 * 60 * 60 * 1000;
/// Entries that are read at once.
const PAGE: i64 = 10_000;

const MARK: Sql = sql("read the end of the log of touched accounts", "SELECT COALESCE(MAX(seq), 0) FROM touched");

const SINCE: Sql =
    sql("read the log of touched accounts", "SELECT seq, account FROM touched WHERE seq > $1 ORDER BY seq LIMIT $2");

const SWEEP_DELETED: Sql = sql("forget deleted accounts", "DELETE FROM deleted WHERE at < $1");

const SWEEP: Sql = sql("shorten the log of touched accounts", "DELETE FROM touched WHERE at < $1");

impl Store {
    /// Notes that an account was changed, for the daemon that holds it to read it anew.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn touch(&self, user: UserId) -> Result<(), StoreError> {
        self.db().write(Touch(user)).await
    }

    /// [`Store::edit`], noting the owner and those whose serial rose as touched.
    ///
    /// # Errors
    /// As of [`Store::edit`].
    pub async fn edit_from_outside(&self, edit: Edit) -> Result<Edited, StoreError> {
        self.db().write(Carry { edit, outside: true }).await
    }

    /// The end of the log as it is now: what a daemon that starts gives to
    /// [`Store::touched_since`] first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn touched_mark(&self) -> Result<i64, StoreError> {
        self.db().row(MARK, &[]).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// Who was touched since `mark`, each once, and the mark for the next time. Cheap where
    /// nobody was. After 10,000 entries the rest comes with the next call.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn touched_since(&self, mark: i64) -> Result<(i64, Vec<UserId>), StoreError> {
        let rows = self.db().rows(SINCE, &[mark.into(), PAGE.into()]).await?;
        let (mut end, mut users) = (mark, Vec::with_capacity(rows.len()));
        for row in &rows {
            end = row.int(0)?;
            users.push(UserId(row.int(1)?));
        }
        users.sort_unstable();
        users.dedup();
        Ok((end, users))
    }

    /// Forgets entries older than a day, and who was deleted before; tells how many entries. To be called about once an hour.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep_touched(&self) -> Result<u64, StoreError> {
        self.db().write(Sweep { before: now_ms() - KEPT }).await
    }
}

struct Touch(UserId);

impl Write for Touch {
    type Output = ();

    async fn run(&self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        mark_touched(conn, &[self.0.0]).await
    }
}

struct Sweep {
    before: i64,
}

impl Write for Sweep {
    type Output = u64;

    async fn run(&self, conn: &mut Conn<'_>) -> Result<u64, StoreError> {
        conn.run(SWEEP_DELETED, &[self.before.into()]).await?;
        conn.run(SWEEP, &[self.before.into()]).await
    }
}
