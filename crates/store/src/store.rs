//! The store as its callers hold it.

use std::fmt;
use std::sync::Arc;

use crate::copy::Copying;
use crate::db::Db;
use crate::migrate::AdoptKey;
use crate::options::Options;
use crate::password::Hasher;
use crate::seal::Sealer;
use crate::sql::{Sql, sql};
use crate::ticket::Tickets;
use crate::{MasterKey, StoreError, StoreUrl, Writes};

/// An open store. Cheap to clone: all clones are the same store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    db: Db,
    sealer: Arc<Sealer>,
    tickets: Tickets,
    hasher: Hasher,
    copying: Copying,
}

const CHECK: Sql = sql("reach the database", "SELECT 1");

impl Store {
    /// Opens the store, makes a missing SQLite file with its directory, and brings the schema
    /// up to date. Several processes may open the same one at once.
    ///
    /// # Errors
    /// [`StoreError::File`], [`StoreError::Open`], [`StoreError::Migrate`]: the database cannot
    /// be used. [`StoreError::Newer`]: a later release has migrated it.
    /// [`StoreError::WrongKey`]: it holds secrets that are sealed under another key than `keys`.
    pub async fn open(url: &StoreUrl, keys: MasterKey) -> Result<Self, StoreError> {
        Self::open_with(url, keys, Options::default()).await
    }

    /// [`Store::open`] for who wants something else than the defaults.
    ///
    /// # Errors
    /// As there.
    pub async fn open_with(url: &StoreUrl, keys: MasterKey, options: Options) -> Result<Self, StoreError> {
        let sealer = Arc::new(Sealer::new(&keys)?);
        let tickets = Tickets::new(&keys);
        drop(keys);
        let db = Db::open(url, &options).await?;
        if let Err(error) = db.write(AdoptKey { id: sealer.key_id() }).await {
            db.close().await;
            return Err(error);
        }
        tracing::info!(%url, "the store is open");
        Ok(Self(Arc::new(Inner {
            db,
            sealer,
            tickets,
            hasher: Hasher::new(options.hashing),
            copying: Copying::default(),
        })))
    }

    /// Finishes the changes that wait and closes the store, for all its clones: what they ask
    /// for from now on fails with [`StoreError::Closed`].
    pub async fn close(&self) {
        self.db().close().await;
    }

    /// Does the database answer?
    ///
    /// # Errors
    /// [`StoreError::Query`], [`StoreError::Busy`] or [`StoreError::Closed`]: it does not.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.db().row(CHECK, &[]).await.map(drop)
    }

    /// How many changes were made through this store since it was opened.
    pub fn writes(&self) -> Writes {
        self.db().writes()
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn sealer(&self) -> &Arc<Sealer> {
        &self.0.sealer
    }

    pub(crate) fn tickets(&self) -> &Tickets {
        &self.0.tickets
    }

    pub(crate) fn copying(&self) -> &Copying {
        &self.0.copying
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("writes", &self.writes()).finish_non_exhaustive()
    }
}
