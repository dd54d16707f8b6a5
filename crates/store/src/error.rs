//! What can go wrong with the store, in sentences for an operator.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use model::Email;

/// What could not be done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is an account with this handle already.
    #[error("there is an account {0} already")]
    AccountExists(Email),
    /// An edit names an account, its owner or a peer, that does not exist. Nothing was changed.
    #[error("an account that the change names does not exist")]
    NoAccount,
    /// A contact is on other lists than the edit takes for granted. Nothing was changed; read
    /// the roster and decide again.
    #[error("the contact was changed by someone else meanwhile")]
    Conflict,
    /// Too many changes wait already, another process holds the file, or the database took longer
    /// than the deadline. Nothing was changed; try later.
    #[error("the store is too busy: too many changes wait for the disk, or another program holds the database")]
    Busy,
    /// The database is not there. Nothing was changed. The store has logged it, once, and will log
    /// when it is back.
    #[error("the database is away")]
    Away,
    /// The database went away, or missed the deadline, when it had been told to commit: the change
    /// may have been carried out, or may still be.
    #[error("the database went away during a commit: whether the change was made will be seen when it is back")]
    InDoubt,
    /// Too many passwords wait to be checked already; try later.
    #[error("too many passwords wait to be checked")]
    TooManyChecks,
    /// The store was closed. If a change was under way, it may have been carried out.
    #[error("the store is closed")]
    Closed,
    /// The directory of the database file is missing and cannot be made, or is not ours to
    /// write.
    #[error("cannot make the database file {}: check that its directory exists and is writable for this user", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database is not there, or does not let us in.
    #[error("cannot open the store {url}: check that the database is there and lets this user in")]
    Open {
        /// Where, without a password.
        url: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date. It is as it was.
    #[error("cannot bring the schema of the store {url} up to date")]
    Migrate {
        /// Where, without a password.
        url: String,
        /// What the database said.
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// A later release has migrated the database.
    #[error(
        "the store {url} was written by a newer version of this program (schema {version}): install that version, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Where, without a password.
        url: String,
        /// The first migration that this program does not know.
        version: i64,
    },
    /// Recoverable sign-in secrets are sealed under another master key.
    #[error(
        "the master key is not the one that this store's sign-in secrets are sealed with: put the right key file back, or, if it is lost, run UPDATE account SET sealed = NULL on the database and set those accounts' passwords anew"
    )]
    WrongKey,
    /// A sealed secret does not open: it was altered, or copied from another account.
    #[error("the sealed sign-in secret of {0} was altered: set the account's password anew")]
    Sealed(Email),
    /// The master key file cannot be read or made.
    #[error("cannot read or make the master key {}: check that its directory exists and who may read it", path.display())]
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner may read the master key file.
    #[error("the master key {0} can be read by others than its owner: run chmod 600 {0}", path.display())]
    KeyOpen {
        /// Which file.
        path: PathBuf,
    },
    /// The master key file holds something else.
    #[error("the master key {} is not 64 hexadecimal digits: put the right file back", path.display())]
    KeyMalformed {
        /// Which file.
        path: PathBuf,
    },
    /// The operating system gave no random bytes.
    #[error("cannot draw random bytes from the operating system")]
    Random(#[source] rand::rngs::SysError),
    /// A password could not be hashed.
    #[error("cannot hash a password: {0}")]
    Hash(String),
    /// The database refused a statement, or is gone.
    #[error("cannot {doing}")]
    Query {
        /// What the statement was to do.
        doing: &'static str,
        /// What the database said. Shared by all changes of one transaction.
        source: Arc<sqlx::Error>,
    },
    /// A row holds what no row can hold.
    #[error("the store holds a damaged {0}")]
    Damaged(&'static str),
}

impl StoreError {
    /// From what the database said when it was to do `doing`.
    pub(crate) fn query(doing: &'static str, source: impl Into<Arc<sqlx::Error>>) -> Self {
        let source = source.into();
        match &*source {
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::PoolTimedOut => Self::Busy,
            error if is_locked(error) || is_late(error) => Self::Busy,
            _ => Self::Query { doing, source },
        }
    }

    /// Did Postgres undo the transaction only because of others that ran at the same time?
    pub(crate) fn is_collision(&self) -> bool {
        let Self::Query { source, .. } = self else { return false };
        let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
        matches!(code.as_deref(), Some("40001" | "40P01"))
    }
}

/// `SQLITE_BUSY` and its kin, whose lowest byte is 5. Postgres' codes have five characters.
pub(crate) fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.len() < 5 && code.parse::<u32>().is_ok_and(|code| code & 0xff == 5))
}

/// Postgres' `query_canceled`, which is what it says of a statement that took too long, and
/// `lock_not_available`.
fn is_late(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("57014" | "55P03"))
}
