//! Opening SQLite files.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::connections::Connections;
use crate::error::is_locked;
use crate::writer::Writer;
use crate::{StoreError, StoreUrl, cookie, migrate};

/// Connections that only read.
const READERS: u32 = 4;

/// An open SQLite store.
pub(crate) struct SqliteDb {
    pub(crate) readers: Arc<Connections>,
    pub(crate) cookies: Connections,
    pub(crate) writer: Writer,
    /// The writer's one connection, only to close it.
    writing: Arc<Connections>,
}

impl SqliteDb {
    /// A database that is gone when it is closed. One connection does everything, since another
    /// one would see another database.
    pub(crate) async fn in_memory(url: &StoreUrl) -> Result<Self, StoreError> {
        let options = || SqliteConnectOptions::new().in_memory(true).disable_statement_logging();
        let failed = |source| StoreError::Open { url: url.to_string(), source };
        let writing = Arc::new(Connections::open(options(), 1).await.map_err(failed)?);
        let cookies = Connections::open(options(), 1).await.map_err(failed)?;
        migrate::sqlite(&writing, url).await?;
        cookie::make_table(&cookies).await.map_err(failed)?;
        Ok(Self { readers: writing.clone(), cookies, writer: Writer::start(writing.clone()), writing })
    }

    /// A file, and a second one beside it for the cookies. Waits for another process that holds
    /// one of them as long as `patience` says.
    pub(crate) async fn in_file(path: &Path, url: &StoreUrl, patience: Duration) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open { url: url.to_string(), source };
        make(path).map_err(|source| StoreError::File { path: path.to_owned(), source })?;
        let write = at(path, patience).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let writing = Arc::new(connect(&write, patience).await.map_err(failed)?);
        migrate::sqlite(&writing, url).await?;
        // The journal mode is a property of the file, and was just set.
        let read = at(path, patience).pragma("query_only", "ON");
        let readers = Arc::new(Connections::open(read, READERS).await.map_err(failed)?);
        let cookies = open_cookies(&beside(path), url, patience).await?;
        Ok(Self { readers, cookies, writer: Writer::start(writing.clone()), writing })
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
        self.writing.close().await;
        self.cookies.close().await;
    }
}

fn at(path: &Path, patience: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(patience).disable_statement_logging()
}

/// One connection. Tries again while another process holds the file: SQLite does not
/// wait by itself where the journal mode is to be set.
async fn connect(options: &SqliteConnectOptions, patience: Duration) -> Result<Connections, sqlx::Error> {
    let started = Instant::now();
    loop {
        match Connections::open(options.clone(), 1).await {
            Err(error) if is_locked(&error) && started.elapsed() < patience => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done,
        }
    }
}

/// Makes the file if it is missing, for its owner only: it holds secrets. What SQLite puts
/// beside it has the same mode.
fn make(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map(drop)
}

/// `msnp.db` → `msnp-cookies.db`
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push("-cookies");
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Opens the file of the cookies. It is not flushed, so a power cut can leave it damaged; then
/// it is made anew, since nothing in it is worth more than a minute.
async fn open_cookies(path: &Path, url: &StoreUrl, patience: Duration) -> Result<Connections, StoreError> {
    let options = at(path, patience).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Off);
    let file_error = |source| StoreError::File { path: path.to_owned(), source };
    make(path).map_err(file_error)?;
    let opened = match try_cookies(&options, patience).await {
        Err(error) if is_damaged(&error) => {
            tracing::warn!(path = %path.display(), "the file of the cookies is damaged, and is made anew");
            remove(path).and_then(|()| make(path)).map_err(file_error)?;
            try_cookies(&options, patience).await
        }
        opened => opened,
    };
    opened.map_err(|source| StoreError::Open { url: url.to_string(), source })
}

async fn try_cookies(options: &SqliteConnectOptions, patience: Duration) -> Result<Connections, sqlx::Error> {
    let cookies = connect(options, patience).await?;
    match cookie::make_table(&cookies).await {
        Ok(()) => Ok(cookies),
        Err(error) => {
            cookies.close().await;
            Err(error)
        }
    }
}

/// `SQLITE_CORRUPT` or `SQLITE_NOTADB`, or what the check in [`cookie::make_table`] found.
fn is_damaged(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("11" | "26")),
        sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookies_have_a_file_beside() {
        assert_eq!(beside(Path::new("data/msnp.db")), Path::new("data/msnp-cookies.db"));
        assert_eq!(beside(Path::new("msnp")), Path::new("msnp-cookies"));
    }

    #[tokio::test]
    async fn a_damaged_file_of_cookies_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("msnp-cookies.db");
        let url = "sqlite::memory:".parse().unwrap();
        std::fs::write(&path, "not a database, and longer than a header of one hundred bytes is ".repeat(9)).unwrap();
        open_cookies(&path, &url, Duration::from_secs(5)).await.unwrap().close().await;

        let mut bytes = std::fs::read(&path).unwrap();
        let len = bytes.len();
        bytes[len / 2..].fill(0xee);
        bytes[100..200].fill(0xee);
        std::fs::write(&path, bytes).unwrap();
        open_cookies(&path, &url, Duration::from_secs(5)).await.unwrap().close().await;
    }
}
