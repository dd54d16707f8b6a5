//! Serials: the versions of rosters, raised with what they stand for.

use model::{Serial, UserId};

use crate::StoreError;
use crate::db::now_ms;
use crate::sql::{Conn, Row, Sql, sql};

/// The time `$now`, or later than what `$column` holds: two changes never share a time stamp.
macro_rules! later {
    ($column:literal, $now:literal) => {
        concat!("CASE WHEN ", $column, " < ", $now, " THEN ", $now, " ELSE ", $column, " + 1 END")
    };
}

const RAISE_OWNER: Sql = sql(
    "raise a serial",
    concat!(
        "UPDATE account SET serial = (serial + 1) & 4294967295,
            lists_at = CASE WHEN $3 = 0 THEN lists_at ELSE ",
        later!("lists_at", "$2"),
        " END,
            settings_at = CASE WHEN $4 = 0 THEN settings_at ELSE ",
        later!("settings_at", "$2"),
        " END
         WHERE id = $1 RETURNING serial"
    ),
);

const RAISE_PEER: Sql = sql(
    "raise a contact's serial",
    concat!(
        "UPDATE account SET serial = (serial + 1) & 4294967295, lists_at = ",
        later!("lists_at", "$2"),
        " WHERE id = $1 RETURNING serial"
    ),
);

/// Those who see `$1`'s properties: they have `$1` on FL, and `$1` has them on AL.
macro_rules! who_watches {
    () => {
        "SELECT w.owner FROM contact w JOIN contact m ON m.owner = w.peer AND m.peer = w.owner
         WHERE w.peer = $1 AND w.owner <> $1 AND (w.lists & 1) <> 0 AND (m.lists & 2) <> 0"
    };
}

const WATCHERS: Sql = sql("find who sees a property", who_watches!());

const RAISE_WATCHERS: Sql = sql(
    "raise the serials of those who see a property",
    concat!(
        "UPDATE account SET serial = (serial + 1) & 4294967295, lists_at = ",
        later!("lists_at", "$2"),
        " WHERE id IN (",
        who_watches!(),
        ") RETURNING id, serial"
    ),
);

const TOUCH: Sql = sql("note a touched account", "INSERT INTO touched (account, at) VALUES ($1, $2)");

/// Raises the serial of an account that changes its lists, its settings or both.
pub(crate) async fn raise_owner(
    conn: &mut Conn<'_>,
    owner: i64,
    lists: bool,
    settings: bool,
) -> Result<Serial, StoreError> {
    let values = [owner.into(), now_ms().into(), lists.into(), settings.into()];
    serial_at(&conn.row(RAISE_OWNER, &values).await?.ok_or(StoreError::NoAccount)?, 0)
}

/// Raises the serial of someone whose lists changed through someone else.
pub(crate) async fn raise_peer(conn: &mut Conn<'_>, peer: i64) -> Result<Serial, StoreError> {
    let row = conn.row(RAISE_PEER, &[peer.into(), now_ms().into()]).await?.ok_or(StoreError::NoAccount)?;
    serial_at(&row, 0)
}

/// Who sees an account's properties.
pub(crate) async fn watchers(conn: &mut Conn<'_>, account: i64) -> Result<Vec<i64>, StoreError> {
    conn.rows(WATCHERS, &[account.into()]).await?.iter().map(|row| row.int(0)).collect()
}

/// Raises the serials of those who see an account's properties.
pub(crate) async fn raise_watchers(conn: &mut Conn<'_>, account: i64) -> Result<Vec<(UserId, Serial)>, StoreError> {
    let rows = conn.rows(RAISE_WATCHERS, &[account.into(), now_ms().into()]).await?;
    rows.iter().map(|row| Ok((UserId(row.int(0)?), serial_at(row, 1)?))).collect()
}

/// Notes accounts for the daemons to read anew. The last that a transaction does, since it
/// keeps others from doing so.
pub(crate) async fn mark_touched(conn: &mut Conn<'_>, accounts: &[i64]) -> Result<(), StoreError> {
    let now = now_ms();
    conn.lock_touched().await?;
    for account in accounts {
        conn.run(TOUCH, &[(*account).into(), now.into()]).await?;
    }
    Ok(())
}

pub(crate) fn serial_at(row: &Row, index: usize) -> Result<Serial, StoreError> {
    u32::try_from(row.int(index)?).map(Serial).map_err(|_| StoreError::Damaged("serial"))
}
