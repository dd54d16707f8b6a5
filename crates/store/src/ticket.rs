//! Tickets: what a client that has shown its password by HTTP signs in with (MSNP8+).
//!
//! A ticket is sealed, not kept: whoever has the master key can open it, so any daemon of an
//! installation can, and none writes anything for it. It holds the account and its token epoch, and
//! is void once the epoch in the database is another: after a change of password, or a suspension.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use model::{Account, UserId};
use rand::TryRng;
use rand::rngs::SysRng;

use crate::account::{account_at, account_columns};
use crate::db::now_ms;
use crate::sql::{Sql, sql};
use crate::{MasterKey, Store, StoreError};

/// `version | nonce | ciphertext`, where the text is account, epoch, time of issue and expiry.
const VERSION: u8 = 1;
const NONCE: usize = 24;
const TEXT: usize = 4 * 8;
const PURPOSE: &[u8] = b"ticket";
/// How far the clock of another machine may be ahead.
const SKEW_MS: i64 = 5 * 60 * 1000;

/// A ticket as its client sees it: about a hundred letters, digits, `-` and `_`. It is a secret: its
/// `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket(String);

impl Ticket {
    /// The text, for the client.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(…)")
    }
}

/// Seals and opens tickets under a key derived from the master key.
pub(crate) struct Printer(XChaCha20Poly1305);

/// What is in a ticket. Times are Unix milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Claim {
    account: i64,
    epoch: i64,
    issued: i64,
    expires: i64,
}

impl Printer {
    pub(crate) fn new(key: &MasterKey) -> Self {
        Self(XChaCha20Poly1305::new((&*key.derive::<32>("msn/ticket/v1")).into()))
    }

    fn seal(&self, claim: Claim) -> Result<Ticket, StoreError> {
        let mut nonce = [0; NONCE];
        SysRng.try_fill_bytes(&mut nonce).map_err(StoreError::Random)?;
        let text = [claim.account, claim.epoch, claim.issued, claim.expires].map(i64::to_be_bytes).concat();
        let payload = Payload { msg: &text, aad: PURPOSE };
        let ciphertext = self.0.encrypt(&XNonce::from(nonce), payload).expect("it fails only for more than 256 GiB");
        Ok(Ticket(BASE64.encode([&[VERSION], &nonce[..], &ciphertext].concat())))
    }

    fn open(&self, ticket: &str) -> Option<Claim> {
        let bytes = BASE64.decode(ticket).ok()?;
        let (nonce, msg) = bytes.strip_prefix(&[VERSION])?.split_first_chunk::<NONCE>()?;
        let text = self.0.decrypt(&XNonce::from(*nonce), Payload { msg, aad: PURPOSE }).ok()?;
        let text: &[u8; TEXT] = text.as_slice().try_into().ok()?;
        let (numbers, _) = text.as_chunks::<8>();
        let [account, epoch, issued, expires] = *numbers else { return None };
        let [account, epoch, issued, expires] = [account, epoch, issued, expires].map(i64::from_be_bytes);
        Some(Claim { account, epoch, issued, expires })
    }
}

impl Claim {
    const fn is_good_at(&self, now: i64) -> bool {
        self.issued <= now.saturating_add(SKEW_MS) && now < self.expires
    }
}

const EPOCH: Sql = sql("read a token epoch", "SELECT token_epoch FROM account WHERE id = $1");

const FIND: Sql =
    sql("read an account", concat!("SELECT ", account_columns!(), ", token_epoch FROM account WHERE id = $1"));

impl Store {
    /// A ticket for an account, good for so long. None: there is no such account.
    ///
    /// # Errors
    /// Those of the database; [`StoreError::Random`].
    pub async fn issue_ticket(&self, user: UserId, good_for: Duration) -> Result<Option<Ticket>, StoreError> {
        let Some(row) = self.db().row(EPOCH, &[user.0.into()]).await? else { return Ok(None) };
        let issued = now_ms();
        let lifetime = i64::try_from(good_for.as_millis()).unwrap_or(i64::MAX);
        let claim = Claim { account: user.0, epoch: row.int(0)?, issued, expires: issued.saturating_add(lifetime) };
        self.printer().seal(claim).map(Some)
    }

    /// The account that a ticket is for. It may be suspended: that is for the caller to look at.
    /// None: the ticket is forged, damaged, expired or revoked, or the account is no more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn redeem_ticket(&self, ticket: &str) -> Result<Option<Account>, StoreError> {
        let Some(claim) = self.printer().open(ticket).filter(|claim| claim.is_good_at(now_ms())) else {
            return Ok(None);
        };
        let Some(row) = self.db().row(FIND, &[claim.account.into()]).await? else { return Ok(None) };
        if row.int(6)? != claim.epoch {
            return Ok(None);
        }
        account_at(&row).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: Claim = Claim { account: 7, epoch: 3, issued: 1_000_000, expires: 2_000_000 };

    fn printer() -> Printer {
        Printer::new(&MasterKey::random().unwrap())
    }

    #[test]
    fn opens_under_its_own_key_and_whole() {
        let printer = printer();
        let ticket = printer.seal(CLAIM).unwrap();
        assert_eq!(printer.open(ticket.expose()), Some(CLAIM));
        assert_ne!(printer.seal(CLAIM).unwrap(), ticket, "the nonce is fresh");
        assert!(ticket.expose().len() < 120, "BitlBee's line buffer is small: {}", ticket.expose().len());
        assert!(ticket.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(self::printer().open(ticket.expose()), None);
        let bytes = BASE64.decode(ticket.expose()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(printer.open(&BASE64.encode(altered)), None, "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert_eq!(printer.open(&BASE64.encode(&bytes[..len])), None, "{len} bytes");
        }
        for odd in ["", "t=", "=", "ä", "AAAA"] {
            assert_eq!(printer.open(odd), None, "{odd}");
        }
    }

    #[test]
    fn is_good_for_its_time() {
        assert!(CLAIM.is_good_at(1_000_000));
        assert!(CLAIM.is_good_at(1_999_999));
        assert!(!CLAIM.is_good_at(2_000_000));
        assert!(CLAIM.is_good_at(1_000_000 - SKEW_MS), "another machine's clock may be ahead");
        assert!(!CLAIM.is_good_at(1_000_000 - SKEW_MS - 1));
    }

    #[test]
    fn is_not_shown() {
        assert_eq!(format!("{:?}", printer().seal(CLAIM).unwrap()), "Ticket(…)");
    }
}
