//! The daemons that run, as they report themselves, for the operator to see and to command.
//!
//! Who is whose home and which switchboard is free is told on the bus; nothing of that hangs on these
//! rows.

use model::NodeId;

use crate::db::now_ms;
use crate::sql::{Conn, Row, Sql, sql};
use crate::writer::Write;
use crate::{Store, StoreError};

/// How long a daemon that reports no more is remembered, in milliseconds: an hour.
const KEPT: i64 = 60 * 60 * 1000;

/// What a daemon reports of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeReport {
    /// Its number, drawn when it started.
    pub id: NodeId,
    /// What the operator calls it; may be empty.
    pub name: String,
    /// What it does: `dispatch`, `notification`, `switchboard` or `web`.
    pub role: String,
    /// The version of the program.
    pub version: String,
    /// Where clients find it.
    pub address: String,
    /// How many users, or rooms, it has.
    pub load: u32,
    /// How many messages it has sent over the bus since it started.
    pub sent: u64,
    /// It takes no new ones.
    pub draining: bool,
}

/// A daemon, as the operator sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeRow {
    /// What it reported last.
    pub report: NodeReport,
    /// The operator wants it emptied.
    pub drain: bool,
    /// When it started, in Unix milliseconds.
    pub started_at: i64,
    /// When it reported last, in Unix milliseconds.
    pub seen_at: i64,
}

const REPORT: Sql = sql(
    "report a daemon",
    "INSERT INTO node (id, role, version, address, load, draining, started_at, seen_at, name, sent)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)
     ON CONFLICT (id) DO UPDATE SET
        address = excluded.address, load = excluded.load, draining = excluded.draining, seen_at = excluded.seen_at,
        sent = excluded.sent",
);

const ALL: Sql = sql(
    "list the daemons",
    "SELECT id, role, version, address, load, draining, drain, started_at, seen_at, name, sent
     FROM node ORDER BY role, name, address, id",
);

const IS_TO_DRAIN: Sql = sql("read what is wanted of a daemon", "SELECT drain FROM node WHERE id = $1");
const DRAIN: Sql = sql("say that a daemon is to be emptied", "UPDATE node SET drain = 1 WHERE id = $1 RETURNING id");
const FORGET: Sql = sql("forget a daemon", "DELETE FROM node WHERE id = $1");
const SWEEP: Sql = sql("forget daemons that are long gone", "DELETE FROM node WHERE seen_at < $1");

impl Store {
    /// Keeps what a daemon reports of itself, and forgets those that have not reported for an hour:
    /// they were killed, or their machine was.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn report_node(&self, report: NodeReport) -> Result<(), StoreError> {
        let now = now_ms();
        self.db().write(Report { report, now, before: now - KEPT }).await
    }

    /// All daemons that reported within an hour, or a little more, and did not end in order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        self.db().rows(ALL, &[]).await?.iter().map(node_at).collect()
    }

    /// Does the operator want this daemon emptied? No, for one that has not reported yet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_to_drain(&self, id: NodeId) -> Result<bool, StoreError> {
        self.db().row(IS_TO_DRAIN, &[number(id).into()]).await?.map_or(Ok(false), |row| row.switch(0))
    }

    /// Says that a daemon is to be emptied. False: there is none with this number.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drain_node(&self, id: NodeId) -> Result<bool, StoreError> {
        self.db().write(Drain(id)).await
    }

    /// Forgets a daemon, which has ended in order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_node(&self, id: NodeId) -> Result<(), StoreError> {
        self.db().write(Forget(id)).await
    }
}

/// Databases know no unsigned numbers: the same 64 bits.
const fn number(id: NodeId) -> i64 {
    id.0.cast_signed()
}

fn node_at(row: &Row) -> Result<NodeRow, StoreError> {
    Ok(NodeRow {
        report: NodeReport {
            id: NodeId(row.int(0)?.cast_unsigned()),
            role: row.text(1)?.to_owned(),
            version: row.text(2)?.to_owned(),
            address: row.text(3)?.to_owned(),
            load: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
            draining: row.switch(5)?,
            name: row.text(9)?.to_owned(),
            sent: row.int(10)?.cast_unsigned(),
        },
        drain: row.switch(6)?,
        started_at: row.int(7)?,
        seen_at: row.int(8)?,
    })
}

struct Report {
    report: NodeReport,
    now: i64,
    before: i64,
}

impl Write for Report {
    type Output = ();

    async fn run(&self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        let NodeReport { id, name, role, version, address, load, sent, draining } = &self.report;
        let values = [
            number(*id).into(),
            role.as_str().into(),
            version.as_str().into(),
            address.as_str().into(),
            i64::from(*load).into(),
            (*draining).into(),
            self.now.into(),
            name.as_str().into(),
            sent.cast_signed().into(),
        ];
        conn.run(REPORT, &values).await?;
        conn.run(SWEEP, &[self.before.into()]).await.map(drop)
    }
}

struct Drain(NodeId);

impl Write for Drain {
    type Output = bool;

    async fn run(&self, conn: &mut Conn<'_>) -> Result<bool, StoreError> {
        Ok(conn.row(DRAIN, &[number(self.0).into()]).await?.is_some())
    }
}

struct Forget(NodeId);

impl Write for Forget {
    type Output = ();

    async fn run(&self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        conn.run(FORGET, &[number(self.0).into()]).await.map(drop)
    }
}
