//! Accounts: making, finding and deleting them.

use std::sync::Arc;

use model::{Account, Email, Guid, Name, UserId, Verification};

use crate::columns::{email_from, guid_from, guid_text, name_from};
use crate::db::now_ms;
use crate::seal::Sealer;
use crate::serial::{mark_touched, raise_peer};
use crate::sql::{Conn, Row, Sql, sql};
use crate::writer::Write;
use crate::{Password, Store, StoreError};

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its handle.
    pub email: Email,
    /// Its friendly name.
    pub name: Name,
    /// Its password, of which a hash is kept.
    pub password: Password,
    /// May it sign in by MD5 (MSNP2–7)? Then the password is also kept sealed, recoverable with
    /// the master key.
    pub md5: bool,
}

/// What everyone's first group is called. Clients show their own word for it.
pub(crate) const OTHER_CONTACTS: &str = "Other Contacts";

/// The columns that [`account_at`] reads.
macro_rules! account_columns {
    () => {
        "id, guid, email, name, verified, suspended"
    };
}
pub(crate) use account_columns;

const FIND: Sql = sql("read an account", concat!("SELECT ", account_columns!(), " FROM account WHERE email = $1"));

const PAGE: Sql = sql(
    "list accounts",
    concat!("SELECT ", account_columns!(), " FROM account WHERE email > $1 ORDER BY email LIMIT $2"),
);

const INSERT: Sql = sql(
    "make an account",
    "INSERT INTO account (email, guid, name, password_hash, lists_at, settings_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $5, $5)
     ON CONFLICT (email) DO NOTHING RETURNING id",
);

const INSERT_GROUP: Sql =
    sql("make the first group of an account", "INSERT INTO grp (owner, id, guid, name) VALUES ($1, 0, $2, $3)");

pub(crate) const SEAL: Sql = sql("keep a sealed secret", "UPDATE account SET sealed = $2 WHERE id = $1");

const ID: Sql = sql("find an account", "SELECT id FROM account WHERE email = $1");

/// Everyone whose lists show the account: those who have it on a list, and, by their RL, those
/// whom it has on FL.
const NEIGHBOURS: Sql = sql(
    "find the contacts of an account",
    "SELECT owner FROM contact WHERE peer = $1
     UNION SELECT peer FROM contact WHERE owner = $1 AND (lists & 1) <> 0",
);

const REMEMBER: Sql = sql(
    "remember a deleted account",
    "INSERT INTO deleted (account, guid, email, at) SELECT id, guid, email, $2 FROM account WHERE id = $1",
);

const DELETE: Sql = sql("delete an account", "DELETE FROM account WHERE id = $1");

const SUSPEND: Sql = sql(
    "suspend an account",
    "UPDATE account SET suspended = $2, token_epoch = token_epoch + $2 WHERE email = $1 RETURNING id",
);

const VERIFY: Sql =
    sql("note whether an address is verified", "UPDATE account SET verified = $2 WHERE email = $1 RETURNING id");

impl Store {
    /// Makes an account, with group 0 and no contacts. Its address counts as verified.
    ///
    /// # Errors
    /// [`StoreError::AccountExists`]
    pub async fn create_account(&self, new: NewAccount) -> Result<UserId, StoreError> {
        let hash = self.hasher().hash(&new.password).await?;
        self.db().write(Create { new, hash, sealer: self.sealer().clone() }).await
    }

    /// The account with this handle.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn account(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        let row = self.db().row(FIND, &[email.as_str().into()]).await?;
        row.map(|row| account_at(&row)).transpose()
    }

    /// At most `limit` accounts in the order of their handles, from behind `after` on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn accounts(&self, after: Option<&Email>, limit: u32) -> Result<Vec<Account>, StoreError> {
        let after = after.map_or("", Email::as_str);
        let rows = self.db().rows(PAGE, &[after.into(), i64::from(limit).into()]).await?;
        rows.iter().map(account_at).collect()
    }

    /// Deletes an account with its lists, and takes it off everyone's. Their serials rise, and
    /// they and it are noted as touched. Its name is [remembered](Store::people) for a day. False:
    /// there is no such account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn delete_account(&self, email: &Email) -> Result<bool, StoreError> {
        self.db().write(Delete { email: email.clone() }).await
    }

    /// Forbids an account to sign in, or allows it again. Forbidding also voids its tickets. It
    /// is noted as touched. False: there is no such account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_suspended(&self, email: &Email, suspended: bool) -> Result<bool, StoreError> {
        self.db().write(Switch { sql: SUSPEND, email: email.clone(), on: suspended }).await
    }

    /// Notes whether an account's address is known to be its owner's. It is noted as touched.
    /// False: there is no such account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_verification(&self, email: &Email, verification: Verification) -> Result<bool, StoreError> {
        let on = verification == Verification::Verified;
        self.db().write(Switch { sql: VERIFY, email: email.clone(), on }).await
    }
}

/// Reads the columns of [`account_columns`], which come first in the row.
pub(crate) fn account_at(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: UserId(row.int(0)?),
        guid: guid_from(row.text(1)?)?,
        email: email_from(row.text(2)?)?,
        name: name_from(row.text(3)?)?,
        verified: if row.switch(4)? { Verification::Verified } else { Verification::Unverified },
        suspended: row.switch(5)?,
    })
}

/// A random one (RFC 9562, version 4).
pub(crate) fn new_guid() -> Guid {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Guid(bytes)
}

struct Create {
    new: NewAccount,
    hash: String,
    sealer: Arc<Sealer>,
}

impl Write for Create {
    type Output = UserId;

    async fn run(&self, conn: &mut Conn<'_>) -> Result<UserId, StoreError> {
        let NewAccount { email, name, password, md5 } = &self.new;
        let guid = guid_text(new_guid());
        let values = [
            email.as_str().into(),
            guid.as_str().into(),
            name.as_str().into(),
            self.hash.as_str().into(),
            now_ms().into(),
        ];
        let row = conn.row(INSERT, &values).await?;
        let id = row.ok_or_else(|| StoreError::AccountExists(email.clone()))?.int(0)?;
        if *md5 {
            // Only now, since the account's number is part of what is sealed.
            let sealed = self.sealer.seal(id, password)?;
            conn.run(SEAL, &[id.into(), sealed.as_slice().into()]).await?;
        }
        conn.run(INSERT_GROUP, &[id.into(), guid_text(new_guid()).as_str().into(), OTHER_CONTACTS.into()]).await?;
        Ok(UserId(id))
    }
}

struct Delete {
    email: Email,
}

impl Write for Delete {
    type Output = bool;

    async fn run(&self, conn: &mut Conn<'_>) -> Result<bool, StoreError> {
        let Some(row) = conn.row(ID, &[self.email.as_str().into()]).await? else { return Ok(false) };
        let id = row.int(0)?;
        let neighbours = |rows: Vec<Row>| -> Result<Vec<i64>, StoreError> {
            let ids: Result<Vec<_>, _> = rows.iter().map(|row| row.int(0)).collect();
            Ok(ids?.into_iter().filter(|other| *other != id).collect())
        };
        let mut locked = neighbours(conn.rows(NEIGHBOURS, &[id.into()]).await?)?;
        locked.push(id);
        conn.lock(&locked).await?;
        // Again: someone may have come or gone before the lock.
        let mut touched = neighbours(conn.rows(NEIGHBOURS, &[id.into()]).await?)?;
        conn.run(REMEMBER, &[id.into(), now_ms().into()]).await?;
        if conn.run(DELETE, &[id.into()]).await? == 0 {
            return Ok(false);
        }
        for peer in &touched {
            raise_peer(conn, *peer).await?;
        }
        touched.push(id);
        mark_touched(conn, &touched).await?;
        Ok(true)
    }
}

/// Sets a column of an account that is 0 or 1.
struct Switch {
    sql: Sql,
    email: Email,
    on: bool,
}

impl Write for Switch {
    type Output = bool;

    async fn run(&self, conn: &mut Conn<'_>) -> Result<bool, StoreError> {
        let Some(row) = conn.row(self.sql, &[self.email.as_str().into(), self.on.into()]).await? else {
            return Ok(false);
        };
        mark_touched(conn, &[row.int(0)?]).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_of_version_4() {
        let guid = new_guid();
        assert_eq!((guid.0[6] >> 4, guid.0[8] >> 6), (4, 2), "version and variant");
        assert_ne!(new_guid(), guid);
    }
}
