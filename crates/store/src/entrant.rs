//! Who signs in: the account, what proves that it is they, and the roster, in one read.

use model::{Account, Email, Password, Roster, UserId};

use crate::account::{account_at, account_columns};
use crate::copy;
use crate::db::now_ms;
use crate::roster::{head_at, setting_columns};
use crate::seal::Unopened;
use crate::sql::{Row, Sql, sql};
use crate::{Store, StoreError};

/// Someone who may have an account, on the way in.
pub struct Entrant {
    /// The account. May be suspended: that is for the caller to look at.
    pub account: Account,
    row: Row,
}

/// Someone who signs in by MD5.
pub struct LegacyLogin {
    /// Who.
    pub entrant: Entrant,
    /// The password, unsealed, which what the client sends is to be checked against.
    pub password: Password,
}

/// The copy of the roster, the sealed secret and the token epoch, behind the columns of the roster's
/// head.
macro_rules! entrant {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            account_columns!(),
            ", ",
            setting_columns!(),
            ", c.body, sealed, token_epoch
             FROM account a LEFT JOIN roster_copy c ON c.owner = a.id AND c.lists_at = a.lists_at
             WHERE ",
            $condition
        )
    };
}

const COPY: usize = 16;
const SEALED: usize = 17;
const EPOCH: usize = 18;

pub(crate) const BY_EMAIL: Sql = sql("read an account and its roster", entrant!("a.email = $1"));
pub(crate) const BY_ID: Sql = sql("read an account and its roster", entrant!("a.id = $1"));

impl Store {
    /// The account with this handle, as it is to sign in.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn entrant(&self, email: &Email) -> Result<Option<Entrant>, StoreError> {
        self.db().row(BY_EMAIL, &[email.as_str().into()]).await?.map(Entrant::of).transpose()
    }

    /// The account and its password in the clear, for the MD5 sign-in of MSNP2–7. None: there is
    /// no such account, or it keeps no recoverable secret; which takes as long.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`], [`StoreError::Sealed`]: there is one, but it does not open.
    pub async fn legacy_login(&self, email: &Email) -> Result<Option<LegacyLogin>, StoreError> {
        let entrant = self.entrant(email).await?;
        let opened = match &entrant {
            Some(entrant) => {
                entrant.row.maybe_bytes(SEALED)?.map(|sealed| self.sealer().open(entrant.account.id.0, sealed))
            }
            None => None,
        };
        match (entrant, opened) {
            (Some(entrant), Some(Ok(password))) => Ok(Some(LegacyLogin { entrant, password })),
            (Some(_), Some(Err(Unopened::OtherKey))) => Err(StoreError::WrongKey),
            (Some(entrant), Some(Err(Unopened::Altered))) => Err(StoreError::Sealed(entrant.account.email)),
            _ => {
                self.sealer().open_nothing();
                Ok(None)
            }
        }
    }

    /// The account that a ticket was issued to. None: the ticket is forged, damaged, expired, or was
    /// voided by a change of the password or by a suspension; or the account is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn redeem_ticket(&self, ticket: &str) -> Result<Option<Entrant>, StoreError> {
        let Some(claims) = self.tickets().open(ticket).filter(|claims| claims.hold_at(now_ms())) else {
            return Ok(None);
        };
        let Some(row) = self.db().row(BY_ID, &[claims.account.into()]).await? else { return Ok(None) };
        if row.int(EPOCH)? == claims.epoch { Entrant::of(row).map(Some) } else { Ok(None) }
    }

    /// The roster of someone who was let in, as of when they were read or later. None: the account
    /// was deleted meanwhile.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn roster_of(&self, entrant: &Entrant) -> Result<Option<Roster>, StoreError> {
        match entrant.copy()? {
            Some(roster) => Ok(Some(roster)),
            None => {
                self.copy_later(entrant.account.id);
                self.roster_from_rows(entrant.account.id).await
            }
        }
    }

    /// All that is kept of an account's lists and settings, as of one moment. None: there is no
    /// such account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn roster(&self, user: UserId) -> Result<Option<Roster>, StoreError> {
        let Some(row) = self.db().row(BY_ID, &[user.0.into()]).await? else { return Ok(None) };
        self.roster_of(&Entrant::of(row)?).await
    }
}

impl Entrant {
    fn of(row: Row) -> Result<Self, StoreError> {
        Ok(Self { account: account_at(&row)?, row })
    }

    /// The roster, if there is a copy of it that is up to date.
    fn copy(&self) -> Result<Option<Roster>, StoreError> {
        let Some(copy) = self.row.maybe_bytes(COPY)?.and_then(copy::read) else { return Ok(None) };
        head_at(&self.row, copy.groups, copy.contacts).map(Some)
    }
}

impl std::fmt::Debug for Entrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entrant").field("account", &self.account).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for LegacyLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LegacyLogin").field("account", &self.entrant.account).finish_non_exhaustive()
    }
}
