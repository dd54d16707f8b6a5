//! A database of its own for each test, and short words for what tests do.

use std::path::PathBuf;

use model::{Change, Contact, ContactEntry, Edit, Email, GroupSet, Lists, Name, UserId};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use store::{Edited, MasterKey, NewAccount, Password, Store, StoreError, StoreUrl};
use tempfile::TempDir;

pub(crate) const FL: u8 = 1;
pub(crate) const AL: u8 = 2;
pub(crate) const BL: u8 = 4;
pub(crate) const RL: u8 = 8;

/// An empty database.
pub(crate) struct Place {
    pub(crate) directory: TempDir,
    url: String,
    /// The server, and the name of the database on it.
    server: Option<(String, String)>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("data/msnp.db").display());
        Self { directory, url, server: None }
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var("MSNP_TEST_POSTGRES") else {
            assert!(std::env::var_os("CI").is_none(), "in CI the store is tested on Postgres: use tests/services run");
            println!("skipped: MSNP_TEST_POSTGRES is not set");
            return None;
        };
        let name = format!("msnp_test_{:016x}", rand::random::<u64>());
        let mut conn = PgConnection::connect(&server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut conn).await.unwrap();
        let (before, query) = server.split_once('?').map_or((server.as_str(), ""), |(before, query)| (before, query));
        let base = before.rsplit_once('/').map_or(before, |(base, _)| base);
        let url = format!("{base}/{name}?{query}");
        Some(Self { directory: tempfile::tempdir().unwrap(), url, server: Some((server, name)) })
    }

    pub(crate) async fn remove(self) {
        let Some((server, name)) = &self.server else { return };
        let mut conn = PgConnection::connect(server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&mut conn).await.unwrap();
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.server.is_none()
    }

    pub(crate) fn url(&self) -> StoreUrl {
        self.url.parse().unwrap()
    }

    /// The same, as text.
    pub(crate) fn address(&self) -> &str {
        &self.url
    }

    /// A connection to Postgres behind the store's back.
    pub(crate) async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// The key that is always the same in one place.
    pub(crate) fn key(&self) -> MasterKey {
        MasterKey::load_or_create(&self.directory.path().join("master.key")).unwrap()
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url(), self.key()).await.unwrap()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("data/msnp.db")
    }

    /// Runs a statement behind the store's back.
    pub(crate) async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let mut conn = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
            conn.close().await.unwrap();
        } else {
            let mut conn = PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        }
    }

    /// Reads a number behind the store's back.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let mut conn = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
        } else {
            let mut conn = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
        }
    }

    /// All that is kept on disk, as far as a thief of it could read it. Postgres shows bytes as
    /// hexadecimal digits.
    pub(crate) async fn contents(&self) -> Vec<u8> {
        let mut contents = Vec::new();
        if self.is_sqlite() {
            for entry in std::fs::read_dir(self.file().parent().unwrap()).unwrap() {
                contents.extend(std::fs::read(entry.unwrap().path()).unwrap());
            }
        } else {
            let mut conn = PgConnection::connect(&self.url).await.unwrap();
            for table in ["account", "contact", "grp", "directory", "touched", "meta", "cookie", "roster_copy"] {
                let sql = AssertSqlSafe(format!("SELECT COALESCE(string_agg(t::text, ' '), '') FROM {table} t"));
                let text: String = sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap();
                contents.extend(text.into_bytes());
            }
        }
        contents
    }

    /// Is `text` among [`Place::contents`], as it is or as hexadecimal digits?
    pub(crate) async fn shows(&self, text: &str) -> bool {
        let contents = self.contents().await;
        assert!(!contents.is_empty());
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        [text, &hex].iter().any(|text| contents.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

pub(crate) fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.com")).unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    Name::friendly(text).unwrap()
}

pub(crate) fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

pub(crate) fn new_account(called: &str, md5: bool) -> NewAccount {
    let password = password(&format!("{called}'s password"));
    NewAccount { email: email(called), name: name(called), password, md5 }
}

/// Makes accounts with these names.
pub(crate) async fn accounts<const N: usize>(store: &Store, names: [&str; N]) -> [UserId; N] {
    let mut ids = Vec::new();
    for name in names {
        ids.push(store.create_account(new_account(name, false)).await.unwrap());
    }
    ids.try_into().unwrap()
}

/// Puts a contact from the lists `was` on the lists `now`, under the name "peer".
pub(crate) fn put(peer: UserId, was: u8, now: u8) -> Change {
    let entry = ContactEntry { lists: Lists(now), groups: GroupSet::NONE, name: name("peer") };
    Change::Contact { peer, was: Lists(was), now: (now != 0).then_some(entry) }
}

pub(crate) async fn edit(store: &Store, owner: UserId, changes: Vec<Change>) -> Result<Edited, StoreError> {
    store.edit(Edit { owner, changes }).await
}

/// What `owner`'s roster says of `peer`.
pub(crate) async fn contact(store: &Store, owner: UserId, peer: UserId) -> Option<Contact> {
    store.roster(owner).await.unwrap().unwrap().by_id(peer).cloned()
}

/// How often the serial of `user` has risen since the account was made with 1.
pub(crate) async fn serial(store: &Store, user: UserId) -> u32 {
    store.roster(user).await.unwrap().unwrap().serial.0 - 1
}
