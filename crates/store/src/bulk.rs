//! Many accounts and many contacts at once, for an import and for load tests.
//!
//! What it leaves in the database is what [`Store::create_account`] and [`Store::edit`] would have
//! left, serials included. It is faster by taking many rows to a statement and many statements to
//! a transaction, and by letting accounts share a password hash that was computed once: a
//! hundred thousand hashes take half an hour.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{ContactEntry, Email, List, Name, UserId, Verification};
use sqlx::{QueryBuilder, Sqlite};

use crate::account::{OTHER_CONTACTS, new_guid};
use crate::columns::guid_text;
use crate::db::{now_ms, now_us};
use crate::seal::Sealer;
use crate::serial::mark_touched;
use crate::sql::{Conn, Row, Value};
use crate::writer::Write;
use crate::{Password, Store, StoreError};

/// Rows in a statement. Seven values of each are well below what either database binds.
const ROWS: usize = 1000;

/// The slow hash of a password, which accounts with the same password may share.
#[derive(Clone)]
pub struct PasswordHash(Arc<str>);

/// An account to be made with others.
#[derive(Clone, Debug)]
pub struct BulkAccount {
    /// Its handle.
    pub email: Email,
    /// Its friendly name.
    pub name: Name,
    /// The hash of its password.
    pub hash: PasswordHash,
    /// The password itself, if the account may sign in by MD5 (MSNP2–7). It is kept sealed.
    pub md5: Option<Password>,
    /// Is its address known to be its owner's?
    pub verification: Verification,
}

/// Contacts of one account that are to be added.
#[derive(Clone, Debug)]
pub struct BulkContacts {
    /// Whose.
    pub owner: UserId,
    /// Who, on which lists, in which groups, under which name; each once.
    pub contacts: Vec<(UserId, ContactEntry)>,
}

/// A statement over rows of values: `head VALUES (…), (…) tail`.
#[derive(Clone, Copy)]
struct Many {
    doing: &'static str,
    head: &'static str,
    tail: &'static str,
}

const ACCOUNTS: Many = Many {
    doing: "make accounts",
    head: "INSERT INTO account (email, guid, name, password_hash, verified, lists_at, settings_at, created_at) ",
    tail: " ON CONFLICT (email) DO NOTHING RETURNING id, email",
};

const GROUPS: Many = Many {
    doing: "make the first groups of accounts",
    head: "INSERT INTO grp (owner, id, guid, name) ",
    tail: " RETURNING owner",
};

const SEALS: Many = Many {
    doing: "keep sealed secrets",
    head: "UPDATE account SET sealed = v.column2 FROM (",
    tail: ") AS v WHERE account.id = v.column1 RETURNING id",
};

const CONTACTS: Many = Many {
    doing: "add contacts",
    head: "INSERT INTO contact (owner, peer, lists, groups, name, added) ",
    tail: " ON CONFLICT (owner, peer) DO NOTHING RETURNING peer",
};

/// By how much each account's serial rises, and to when the time of its lists: later than what
/// it was.
const RAISE: Many = Many {
    doing: "raise serials",
    head: "UPDATE account SET serial = (serial + v.column2) & 4294967295,
           lists_at = CASE WHEN lists_at < v.column3 THEN v.column3 ELSE lists_at + 1 END FROM (",
    tail: ") AS v WHERE account.id = v.column1 RETURNING id",
};

/// Those among the accounts `column2` whose contacts `column1` see other properties by being on
/// their AL: the accounts have some, and the contacts have them on FL.
const SEES_PROPERTIES: Many = Many {
    doing: "find who sees properties",
    head: "SELECT v.column1 FROM (",
    tail: ") AS v JOIN account a ON a.id = v.column2
           JOIN contact w ON w.owner = v.column1 AND w.peer = v.column2 AND (w.lists & 1) <> 0
           WHERE a.home <> '' OR a.work <> '' OR a.mobile <> '' OR a.pages <> 0",
};

/// Those of `column1` may see other properties, also where their serials do not rise.
const FORGET: Many = Many {
    doing: "forget copies of rosters",
    head: "DELETE FROM roster_copy WHERE owner IN (SELECT v.column1 FROM (",
    tail: ") AS v) RETURNING owner",
};

impl Store {
    /// Hashes a password for [`Store::create_accounts`]. Takes about 20 ms of one core.
    ///
    /// # Errors
    /// [`StoreError::Hash`]
    pub async fn hash_password(&self, password: &Password) -> Result<PasswordHash, StoreError> {
        self.hasher().hash(password).await.map(|hash| PasswordHash(hash.into()))
    }

    /// Makes accounts, each as [`Store::create_account`] does, all or none: their numbers, in the
    /// same order. It is one transaction, during which nobody else's change is carried out on
    /// SQLite: some thousands at a time are a good measure.
    ///
    /// # Errors
    /// [`StoreError::AccountExists`]: one of them, or two are the same.
    pub async fn create_accounts(&self, accounts: Vec<BulkAccount>) -> Result<Vec<UserId>, StoreError> {
        self.db().write(Accounts { accounts, sealer: self.sealer().clone() }).await
    }

    /// Adds contacts to the lists of their owners, all or none, as one [`Store::edit`] for each
    /// owner would: the owners' serials rise, and those of the people whose rosters change by it.
    /// `told` is for a store with daemons running: they are told of all of these
    /// (as by [`Store::edit_from_outside`]).
    ///
    /// # Errors
    /// [`StoreError::NoAccount`]: an owner or a contact does not exist. [`StoreError::Conflict`]:
    /// an owner has one of the contacts already.
    pub async fn add_contacts(&self, lists: Vec<BulkContacts>, told: bool) -> Result<(), StoreError> {
        self.db().write(Contacts { lists, told }).await
    }
}

/// Builds `$many` over `$rows` for the driver `$db`, runs it on `$conn` and takes its rows.
macro_rules! run_many {
    ($db:ty, $row:path, $many:expr, $rows:expr, $conn:expr) => {{
        let mut query = QueryBuilder::<$db>::new($many.head);
        query.push_values($rows, |mut tuple, values| {
            for value in values {
                match value {
                    Value::Int(number) => tuple.push_bind(number),
                    Value::Text(text) => tuple.push_bind(text),
                    Value::Bytes(bytes) => tuple.push_bind(bytes),
                };
            }
        });
        query.push($many.tail);
        match query.build().fetch_all($conn).await {
            Ok(rows) => Ok(rows.into_iter().map($row).collect()),
            Err(error) if error.as_database_error().is_some_and(|error| error.is_foreign_key_violation()) => {
                Err(StoreError::NoAccount)
            }
            Err(error) => Err(StoreError::query($many.doing, error)),
        }
    }};
}

/// Runs a statement over at most [`ROWS`] rows.
async fn run<const N: usize>(
    conn: &mut Conn<'_>,
    many: Many,
    rows: impl Iterator<Item = [Value<'_>; N]>,
) -> Result<Vec<Row>, StoreError> {
    match conn {
        Conn::Sqlite(conn) => run_many!(Sqlite, Row::Sqlite, many, rows, &mut **conn),
        Conn::Postgres(conn) => run_many!(sqlx::Postgres, Row::Postgres, many, rows, &mut **conn),
    }
}

struct Accounts {
    accounts: Vec<BulkAccount>,
    sealer: Arc<Sealer>,
}

impl Write for Accounts {
    type Output = Vec<UserId>;

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Vec<UserId>, StoreError> {
        let mut ids = Vec::with_capacity(self.accounts.len());
        for accounts in self.accounts.chunks(ROWS) {
            let made = insert_accounts(conn, accounts).await?;
            self.seal(conn, accounts, &made).await?;
            insert_groups(conn, &made).await?;
            ids.extend(made.into_iter().map(UserId));
        }
        Ok(ids)
    }
}

impl Accounts {
    async fn seal(&self, conn: &mut Conn<'_>, accounts: &[BulkAccount], ids: &[i64]) -> Result<(), StoreError> {
        let secrets = accounts.iter().zip(ids).filter_map(|(account, id)| Some((*id, account.md5.as_ref()?)));
        let sealed: Result<Vec<_>, StoreError> =
            secrets.map(|(id, password)| Ok((id, self.sealer.seal(id, password)?))).collect();
        let sealed = sealed?;
        if sealed.is_empty() {
            return Ok(());
        }
        let rows = sealed.iter().map(|(id, sealed)| [(*id).into(), sealed.as_slice().into()]);
        run(conn, SEALS, rows).await.map(drop)
    }
}

/// The numbers of the new accounts, in their order.
async fn insert_accounts(conn: &mut Conn<'_>, accounts: &[BulkAccount]) -> Result<Vec<i64>, StoreError> {
    let (guids, now) = (guids(accounts.len()), now_ms());
    let rows = accounts.iter().zip(&guids).map(|(account, guid)| {
        let verified = account.verification == Verification::Verified;
        let [email, name] = [account.email.as_str(), account.name.as_str()];
        let hash: &str = &account.hash.0;
        [
            email.into(),
            guid.as_str().into(),
            name.into(),
            hash.into(),
            verified.into(),
            now.into(),
            now.into(),
            now.into(),
        ]
    });
    let made = run(conn, ACCOUNTS, rows).await?;
    // The order in which rows come back is not told.
    let mut ids = BTreeMap::new();
    for row in &made {
        ids.insert(row.text(1)?, row.int(0)?);
    }
    // Each number is given out once, so that a handle that comes twice is missed the second time.
    let taken = accounts.iter().map(|account| {
        ids.remove(account.email.as_str()).ok_or_else(|| StoreError::AccountExists(account.email.clone()))
    });
    taken.collect()
}

async fn insert_groups(conn: &mut Conn<'_>, owners: &[i64]) -> Result<(), StoreError> {
    let guids = guids(owners.len());
    let rows = owners
        .iter()
        .zip(&guids)
        .map(|(id, guid)| [(*id).into(), 0.into(), guid.as_str().into(), OTHER_CONTACTS.into()]);
    run(conn, GROUPS, rows).await.map(drop)
}

fn guids(count: usize) -> Vec<String> {
    (0..count).map(|_| guid_text(new_guid())).collect()
}

struct Contacts {
    lists: Vec<BulkContacts>,
    told: bool,
}

impl Write for Contacts {
    type Output = ();

    async fn run(&self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        let (rows, mut raised) = (self.rows(), self.raised());
        let mut accounts: Vec<i64> = rows.iter().flat_map(|row| [row.owner, row.peer]).collect();
        accounts.extend(raised.keys());
        accounts.sort_unstable();
        accounts.dedup();
        conn.lock(&accounts).await?;
        for rows in rows.chunks(ROWS) {
            let values = rows.iter().map(|row| {
                let [lists, groups] = [i64::from(row.entry.lists.own().0), i64::from(row.entry.groups.0)];
                [
                    row.owner.into(),
                    row.peer.into(),
                    lists.into(),
                    groups.into(),
                    row.entry.name.as_str().into(),
                    row.added.into(),
                ]
            });
            if run(conn, CONTACTS, values).await?.len() != rows.len() {
                return Err(StoreError::Conflict);
            }
        }
        self.raise_who_sees(conn, &mut raised).await?;
        let (raised, now): (Vec<_>, _) = (raised.into_iter().collect(), now_ms());
        for raised in raised.chunks(ROWS) {
            let values = raised.iter().map(|(id, by)| [(*id).into(), (*by).into(), now.into()]);
            if run(conn, RAISE, values).await?.len() != raised.len() {
                return Err(StoreError::NoAccount);
            }
        }
        if self.told {
            let touched: Vec<_> = raised.iter().map(|(id, _)| *id).collect();
            mark_touched(conn, &touched).await?;
        }
        Ok(())
    }
}

/// A row of the table of contacts.
struct ContactRow<'a> {
    owner: i64,
    peer: i64,
    entry: &'a ContactEntry,
    added: i64,
}

impl Contacts {
    /// In the order of the table, which costs half of what the order of the lists does. What is on
    /// no list of the owner's is no row.
    fn rows(&self) -> Vec<ContactRow<'_>> {
        let now = now_us();
        let mut rows = Vec::new();
        for list in &self.lists {
            // In one edit, each contact comes a microsecond after the one before.
            let contacts = list.contacts.iter().zip(now..);
            let kept = contacts.filter(|((_, entry), _)| !entry.lists.own().is_empty());
            rows.extend(kept.map(|((peer, entry), added)| ContactRow {
                owner: list.owner.0,
                peer: peer.0,
                entry,
                added,
            }));
        }
        rows.sort_unstable_by_key(|row| (row.owner, row.peer));
        rows
    }

    /// By how much serials rise: an owner's for the edit, and that of everyone who comes on an FL.
    fn raised(&self) -> BTreeMap<i64, i64> {
        let mut raised = BTreeMap::new();
        for list in &self.lists {
            *raised.entry(list.owner.0).or_default() += 1;
            let others = list.contacts.iter().filter(|(peer, _)| *peer != list.owner);
            for (peer, _) in others.filter(|(_, entry)| entry.lists.has(List::Forward)) {
                *raised.entry(peer.0).or_default() += 1;
            }
        }
        raised
    }

    /// And that of who comes on the AL of someone whom they watch and who shows properties.
    async fn raise_who_sees(&self, conn: &mut Conn<'_>, raised: &mut BTreeMap<i64, i64>) -> Result<(), StoreError> {
        let allowed: Vec<(i64, i64)> = (self.lists.iter())
            .flat_map(|list| list.contacts.iter().map(|(peer, entry)| (peer.0, list.owner.0, entry.lists)))
            .filter(|(peer, owner, lists)| peer != owner && lists.has(List::Allow) && !lists.has(List::Forward))
            .map(|(peer, owner, _)| (peer, owner))
            .collect();
        for pairs in allowed.chunks(ROWS) {
            let values = pairs.iter().map(|(peer, owner)| [(*peer).into(), (*owner).into()]);
            for row in run(conn, SEES_PROPERTIES, values).await? {
                *raised.entry(row.int(0)?).or_default() += 1;
            }
            run(conn, FORGET, pairs.iter().map(|(peer, _)| [(*peer).into()])).await?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
