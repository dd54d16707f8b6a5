//! Switchboard cookies: short-lived, used once, and known only by their hash.
//!
//! On SQLite they live in a file of their own that is never flushed to disk, so that neither
//! they nor the lists wait for each other; on Postgres, in an unlogged table.

use std::time::Duration;

use model::{Admission, Cookie, NodeId};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};

use crate::connections::Connections;
use crate::db::now_ms;
use crate::sql::{Sql, sql};
use crate::{Store, StoreError};

const PUT: Sql = sql("keep a cookie", "INSERT INTO cookie (hash, body, expires) VALUES ($1, $2, $3)");

const TAKE: Sql = sql("take a cookie", "DELETE FROM cookie WHERE hash = $1 RETURNING body, expires");

const PEEK: Sql = sql("look at a cookie", "SELECT body, expires FROM cookie WHERE hash = $1");

const SWEEP: Sql = sql("forget expired cookies", "DELETE FROM cookie WHERE expires <= $1 RETURNING 1");

/// The table in the file of the cookies, which has no migrations: it may be made anew at any time.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS cookie (
    hash    BLOB    PRIMARY KEY,
    body    BLOB    NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID";

impl Store {
    /// Makes a cookie that stands for `admission` and works once within `lifetime`. It holds 128
    /// random bits, as `unixtime.number.number`: of a shape that clients have always been given.
    ///
    /// # Errors
    /// Those of the database, and [`StoreError::Random`].
    pub async fn put_cookie(&self, admission: &Admission, lifetime: Duration) -> Result<Cookie, StoreError> {
        let mut bits = [0; 16];
        SysRng.try_fill_bytes(&mut bits).map_err(StoreError::Random)?;
        let bits = u128::from_be_bytes(bits);
        let now = now_ms();
        let cookie = Cookie(format!("{}.{:020}.{:020}", now / 1000, bits >> 64, bits & u128::from(u64::MAX)));
        let body = postcard::to_allocvec(admission).map_err(|_| StoreError::Damaged("admission"))?;
        let expires = now.saturating_add(i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX));
        self.db().cookies(PUT, &[hash(&cookie).as_slice().into(), body.as_slice().into(), expires.into()]).await?;
        Ok(cookie)
    }

    /// What a cookie stands for; from now on it stands for nothing. None: it is unknown, was
    /// used, or is older than its lifetime.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_cookie(&self, cookie: &Cookie) -> Result<Option<Admission>, StoreError> {
        let rows = self.db().cookies(TAKE, &[hash(cookie).as_slice().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if row.int(1)? <= now_ms() {
            return Ok(None);
        }
        // One that does not read is from another version; its bearer asks for a new one.
        Ok(postcard::from_bytes(row.bytes(0)?).ok())
    }

    /// Which switchboard a cookie is for, without using it. None: it is good for nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn switchboard_of(&self, cookie: &Cookie) -> Result<Option<NodeId>, StoreError> {
        let rows = self.db().cookies(PEEK, &[hash(cookie).as_slice().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if row.int(1)? <= now_ms() {
            return Ok(None);
        }
        let admission: Option<Admission> = postcard::from_bytes(row.bytes(0)?).ok();
        Ok(admission.map(|admission| admission.node))
    }

    /// Forgets cookies that were not used in time; tells how many. To be called about once a
    /// minute.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sweep_cookies(&self) -> Result<u64, StoreError> {
        Ok(self.db().cookies(SWEEP, &[now_ms().into()]).await?.len() as u64)
    }
}

fn hash(cookie: &Cookie) -> [u8; 32] {
    Sha256::digest(cookie.0.as_bytes()).into()
}

/// Makes sure that the file of the cookies is sound and has its table.
pub(crate) async fn make_table(cookies: &Connections) -> Result<(), sqlx::Error> {
    let mut conn = cookies.take().await?;
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *conn).await?;
    if found != "ok" {
        return Err(sqlx::Error::Protocol(found));
    }
    sqlx::query(TABLE).execute(&mut *conn).await.map(drop)
}
