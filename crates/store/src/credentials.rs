//! Checking passwords and changing them.
//!
//! A check costs the same for a handle that no account has, so that the time of an answer does
//! not tell who is here.

use std::sync::Arc;

use model::{Account, Email};

use crate::account::{SEAL, account_at, account_columns};
use crate::seal::Sealer;
use crate::serial::mark_touched;
use crate::sql::{Conn, Sql, sql};
use crate::writer::Write;
use crate::{Password, Store, StoreError};

const HASH: Sql = sql(
    "read the password hash of an account",
    concat!("SELECT ", account_columns!(), ", password_hash FROM account WHERE email = $1"),
);

const SET: Sql = sql(
    "change a password",
    "UPDATE account SET password_hash = $2, sealed = NULL, token_epoch = token_epoch + 1
     WHERE email = $1 RETURNING id",
);

impl Store {
    /// The account, if this is its password. It may be suspended: that is for the caller to
    /// look at. Takes about 20 ms of one core; callers wait for each other, see [`crate::Hashing`].
    ///
    /// # Errors
    /// [`StoreError::TooManyChecks`]: too many wait already. Those of the database;
    /// [`StoreError::Hash`] where the stored hash is damaged.
    pub async fn verify_password(&self, email: &Email, password: &Password) -> Result<Option<Account>, StoreError> {
        let _place = self.hasher().queue()?;
        let row = self.db().row(HASH, &[email.as_str().into()]).await?;
        let hash = row.as_ref().map(|row| row.text(6)).transpose()?;
        let right = self.hasher().verify(password, hash).await?;
        row.filter(|_| right).map(|row| account_at(&row)).transpose()
    }

    /// Changes a password, with or without a recoverable secret for the MD5 sign-in, and voids
    /// the account's tickets. It is noted as touched. False: there is no such account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_password(&self, email: &Email, password: &Password, md5: bool) -> Result<bool, StoreError> {
        let hash = self.hasher().hash(password).await?;
        let secret = md5.then(|| (password.clone(), self.sealer().clone()));
        self.db().write(SetPassword { email: email.clone(), hash, secret }).await
    }
}

struct SetPassword {
    email: Email,
    hash: String,
    /// What is to be kept recoverable, and who seals it.
    secret: Option<(Password, Arc<Sealer>)>,
}

impl Write for SetPassword {
    type Output = bool;

    async fn run(&self, conn: &mut Conn<'_>) -> Result<bool, StoreError> {
        let Some(row) = conn.row(SET, &[self.email.as_str().into(), self.hash.as_str().into()]).await? else {
            return Ok(false);
        };
        let id = row.int(0)?;
        if let Some((password, sealer)) = &self.secret {
            let sealed = sealer.seal(id, password)?;
            conn.run(SEAL, &[id.into(), sealed.as_slice().into()]).await?;
        }
        mark_touched(conn, &[id]).await?;
        Ok(true)
    }
}
