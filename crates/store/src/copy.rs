//! Copies of rosters, each in one piece.
//!
//! A roster is put together from hundreds of rows, and read again at each sign-in, mostly unchanged.
//! So its lists are also kept whole, with the time at which they last changed: nearly everything that
//! lists show moves it on, and never to a time that was there before, so that a copy with the account's
//! time is as good as the rows. What does not move it is the name, and are the properties, of those who
//! are on RL, AL or BL and not on FL: no client is told of these. Whoever changes theirs makes such
//! copies be forgotten ([`forget`]), and so does who changes who sees them ([`forget_one`]).
//!
//! A copy is made when somebody reads a roster that has none. Nobody waits for it, and if it fails, the
//! next one to read makes it.

use std::sync::Arc;
use std::time::Instant;

use model::{Contact, Group, UserId};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::roster::{ROSTER, roster_at};
use crate::sql::{Conn, Sql, sql};
use crate::writer::Write;
use crate::{Store, StoreError};

/// The form of [`Copy`] in the database: another one is not read.
const FORMAT: u8 = 1;
/// How many copies may be on their way. There are many to make after an import, and edits come first.
const WAITING: usize = 16;
/// For so many times as long as it took to write one, its place stays taken: copies leave most of the
/// time to others, who may be other processes that have the same file open, and wait for it by turns
/// of luck.
const PAUSE: u32 = 4;

const PUT: Sql = sql(
    "keep a copy of a roster",
    "INSERT INTO roster_copy (owner, lists_at, body) VALUES ($1, $2, $3)
     ON CONFLICT (owner) DO UPDATE SET lists_at = excluded.lists_at, body = excluded.body",
);

/// Those who may be shown the name or properties of `$1`, which has them on FL or AL, without having it
/// on their FL.
macro_rules! strangers {
    () => {
        "SELECT t.peer FROM contact t WHERE t.owner = $1 AND (t.lists & 3) <> 0
           AND NOT EXISTS (SELECT 1 FROM contact m WHERE m.owner = t.peer AND m.peer = $1 AND (m.lists & 1) <> 0)"
    };
}

const STRANGERS: Sql = sql("find who is shown a name", strangers!());

pub(crate) const FORGET: Sql =
    sql("forget copies of rosters", concat!("DELETE FROM roster_copy WHERE owner IN (", strangers!(), ")"));

const FORGET_ONE: Sql = sql("forget a copy of a roster", "DELETE FROM roster_copy WHERE owner = $1");

/// What is kept: the lists. Settings are columns of the account.
#[derive(Serialize, Deserialize)]
pub(crate) struct Copy<G, C> {
    pub(crate) groups: G,
    pub(crate) contacts: C,
}

/// Reads a copy. None: it is damaged, or was made by another release.
pub(crate) fn read(body: &[u8]) -> Option<Copy<Vec<Group>, Vec<Contact>>> {
    postcard::from_bytes(body.strip_prefix(&[FORMAT])?).ok()
}

fn write(groups: &[Group], contacts: &[Contact]) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(&Copy { groups, contacts }, vec![FORMAT]).map_err(|_| StoreError::Damaged("roster"))
}

/// Who may write copies.
pub(crate) struct Copying(Arc<Semaphore>);

impl Default for Copying {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WAITING)))
    }
}

impl Store {
    /// Makes a copy, some time.
    pub(crate) fn copy_later(&self, user: UserId) {
        let Ok(place) = self.copying().0.clone().try_acquire_owned() else { return };
        let store = self.clone();
        tokio::spawn(async move {
            let began = Instant::now();
            if let Err(error) = store.db().write(MakeCopy(user)).await {
                tracing::debug!(%error, "no copy of a roster was made");
            }
            drop(store);
            tokio::time::sleep(began.elapsed() * PAUSE).await;
            drop(place);
        });
    }
}

/// Reads the rows, and keeps what they say.
struct MakeCopy(UserId);

impl Write for MakeCopy {
    type Output = ();

    async fn run(&self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        let owner = self.0.0;
        // Nobody changes what is read here until it is kept.
        conn.lock(&[owner]).await?;
        let Some(row) = conn.row(ROSTER, &[owner.into()]).await? else { return Ok(()) };
        let roster = roster_at(&row)?;
        let lists_at = roster.stamps.unwrap_or_default().lists;
        let body = write(&roster.groups, &roster.contacts)?;
        conn.run(PUT, &[owner.into(), lists_at.into(), body.as_slice().into()]).await.map(drop)
    }
}

/// Whose copies [`forget`] makes be forgotten.
pub(crate) async fn strangers(conn: &mut Conn<'_>, account: i64) -> Result<Vec<i64>, StoreError> {
    conn.rows(STRANGERS, &[account.into()]).await?.iter().map(|row| row.int(0)).collect()
}

/// An account has changed its name or a property that is shown: forgets the copies that may show the
/// old one, and are not out of date by their time.
pub(crate) async fn forget(conn: &mut Conn<'_>, account: i64) -> Result<(), StoreError> {
    conn.run(FORGET, &[account.into()]).await.map(drop)
}

/// An account may see other properties of someone than before, in lists that have not changed.
pub(crate) async fn forget_one(conn: &mut Conn<'_>, owner: i64) -> Result<(), StoreError> {
    conn.run(FORGET_ONE, &[owner.into()]).await.map(drop)
}
