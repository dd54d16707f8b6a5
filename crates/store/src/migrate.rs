//! The schema, embedded, and the check that the master key belongs to the database.

use sqlx::Connection as _;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnection;

use crate::connections::Connections;
use crate::sql::{Conn, Sql, sql};
use crate::writer::Write;
use crate::{StoreError, StoreUrl};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

// `run_direct` and not `run`: a future that holds the latter is not `Send` for the compiler
// ("implementation of `Acquire` is not general enough"), and then neither is `Store::open`.

/// Brings the schema up to date. Several processes may do so at once: the first takes the write
/// lock for all of it, the others find nothing left to do.
pub(crate) async fn sqlite(connections: &Connections, url: &StoreUrl) -> Result<(), StoreError> {
    let migrated = async {
        let mut conn = connections.take().await?;
        let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
        SQLITE.run_direct(None, &mut *transaction, false).await?;
        Ok(transaction.commit().await?)
    };
    migrated.await.map_err(|error| refused(url, error))
}

/// The same on Postgres, where the migrator holds an advisory lock.
pub(crate) async fn postgres(conn: &mut PgConnection, url: &StoreUrl) -> Result<(), StoreError> {
    POSTGRES.run_direct(None, conn, false).await.map_err(|error| refused(url, error))
}

fn refused(url: &StoreUrl, error: MigrateError) -> StoreError {
    let url = url.to_string();
    match error {
        MigrateError::VersionMissing(version) => StoreError::Newer { url, version },
        error => StoreError::Migrate { url, source: Box::new(error) },
    }
}

/// Notes which master key the store's secrets are sealed under, or refuses another.
pub(crate) struct AdoptKey {
    pub(crate) id: String,
}

const KEY_ID: Sql = sql("read the id of the master key", "SELECT value FROM meta WHERE key = 'key_id'");
const IS_SEALED: Sql = sql("look for sealed secrets", "SELECT id FROM account WHERE sealed IS NOT NULL LIMIT 1");
const SET_KEY_ID: Sql = sql(
    "note the id of the master key",
    "INSERT INTO meta (key, value) VALUES ('key_id', $1)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
);

impl Write for AdoptKey {
    type Output = ();

    async fn run(&self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        let noted = conn.row(KEY_ID, &[]).await?;
        if let Some(row) = &noted
            && row.text(0)? == self.id
        {
            return Ok(());
        }
        // A store without secrets takes any key: it is one from before the first sign-in, or
        // one that keeps none.
        if conn.row(IS_SEALED, &[]).await?.is_some() {
            return Err(StoreError::WrongKey);
        }
        conn.run(SET_KEY_ID, &[self.id.as_str().into()]).await.map(drop)
    }
}
