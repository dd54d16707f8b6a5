//! Tickets: what a client that has proved its password by HTTP signs in with (MSNP8 and newer).
//!
//! A ticket is `version | key id | nonce | ciphertext` in base64url, sealed under a key of its own
//! that is derived from the master key, so nothing is written when one is issued, and every daemon
//! with the master key can redeem it. What the ciphertext holds is in [`Claims`].
//! An account's tickets are void as soon as its `token_epoch` rises.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use model::UserId;
use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::db::now_ms;
use crate::sql::{Sql, sql};
use crate::{MasterKey, Store, StoreError};

/// The form described above.
const VERSION: u8 = 1;
const KEY_ID: usize = 8;
const NONCE: usize = 24;
const TAG: usize = 16;
const PROOF: usize = 24;
/// Four numbers of 64 bits, and the proof.
const CLAIMS: usize = 4 * 8 + PROOF;
const SEALED: usize = 1 + KEY_ID + NONCE + CLAIMS + TAG;
/// What sets these sealed bytes apart from all others.
const PURPOSE: &[u8] = b"ticket";
/// How far the clock of another daemon may be ahead of ours, in milliseconds.
const SKEW: i64 = 5 * 60 * 1000;

const EPOCH: Sql = sql("read the token epoch of an account", "SELECT token_epoch FROM account WHERE id = $1");

/// A ticket: 140 letters, digits, `-` and `_`. Whoever has it can sign in until it expires, so its
/// `Debug` form does not show it.
#[derive(Clone)]
pub struct Ticket {
    text: Zeroizing<String>,
    proof: [u8; PROOF],
}

impl Ticket {
    /// The text.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Random bytes that are sealed in the ticket: the secret that goes with it where a client asks
    /// for one (the proof token of an RST answer).
    pub fn proof(&self) -> &[u8; PROOF] {
        &self.proof
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(…)")
    }
}

impl Store {
    /// Makes a ticket for an account, which is good for so long. None: there is no such account.
    ///
    /// # Errors
    /// Those of the database, and [`StoreError::Random`].
    pub async fn issue_ticket(&self, user: UserId, good_for: Duration) -> Result<Option<Ticket>, StoreError> {
        let Some(row) = self.db().row(EPOCH, &[user.0.into()]).await? else { return Ok(None) };
        let issued = now_ms();
        let expires = issued.saturating_add(i64::try_from(good_for.as_millis()).unwrap_or(i64::MAX));
        self.tickets().seal(Claims { account: user.0, epoch: row.int(0)?, issued, expires }).map(Some)
    }
}

/// What a ticket says. Times are Unix milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Claims {
    pub(crate) account: i64,
    pub(crate) epoch: i64,
    issued: i64,
    expires: i64,
}

impl Claims {
    pub(crate) const fn hold_at(&self, now: i64) -> bool {
        self.issued <= now.saturating_add(SKEW) && now < self.expires
    }
}

/// Seals and opens tickets.
pub(crate) struct Tickets {
    cipher: XChaCha20Poly1305,
    id: [u8; KEY_ID],
}

impl Tickets {
    pub(crate) fn new(key: &MasterKey) -> Self {
        let cipher = XChaCha20Poly1305::new((&*key.derive::<32>("msn/ticket/v1")).into());
        Self { cipher, id: *key.derive("msn/key-id") }
    }

    fn seal(&self, claims: Claims) -> Result<Ticket, StoreError> {
        let (mut nonce, mut proof) = ([0; NONCE], [0; PROOF]);
        SysRng.try_fill_bytes(&mut nonce).map_err(StoreError::Random)?;
        SysRng.try_fill_bytes(&mut proof).map_err(StoreError::Random)?;
        let Claims { account, epoch, issued, expires } = claims;
        let numbers = [account, epoch, issued, expires].map(i64::to_be_bytes);
        let msg = Zeroizing::new([numbers.as_flattened(), &proof].concat());
        let ciphertext = self.cipher.encrypt(&XNonce::from(nonce), Payload { msg: &msg, aad: &self.aad() });
        let ciphertext = ciphertext.expect("it fails only for more than 256 GiB");
        let text = URL_SAFE_NO_PAD.encode([&[VERSION], &self.id[..], &nonce, &ciphertext].concat());
        Ok(Ticket { text: Zeroizing::new(text), proof })
    }

    pub(crate) fn open(&self, text: &str) -> Option<Claims> {
        let mut sealed = [0; SEALED];
        if URL_SAFE_NO_PAD.decode_slice(text, &mut sealed).ok()? != SEALED {
            return None;
        }
        let rest = sealed.strip_prefix(&[VERSION])?.strip_prefix(&self.id)?;
        let (nonce, msg) = rest.split_first_chunk::<NONCE>()?;
        let opened = self.cipher.decrypt(&XNonce::from(*nonce), Payload { msg, aad: &self.aad() }).ok()?;
        let opened = Zeroizing::new(opened);
        let mut numbers = opened.as_chunks::<8>().0.iter().map(|bytes| i64::from_be_bytes(*bytes));
        let mut next = || numbers.next();
        Some(Claims { account: next()?, epoch: next()?, issued: next()?, expires: next()? })
    }

    fn aad(&self) -> Vec<u8> {
        [PURPOSE, &[VERSION], &self.id].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Password;
    use crate::seal::Sealer;

    const CLAIMS: Claims = Claims { account: 7, epoch: 2, issued: 1_000_000, expires: 2_000_000 };

    #[test]
    fn is_one_word_that_every_client_can_hand_on() {
        let tickets = Tickets::new(&MasterKey::random().unwrap());
        let ticket = tickets.seal(CLAIMS).unwrap();
        assert_eq!(ticket.expose().len(), 140);
        assert!(ticket.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(tickets.open(ticket.expose()), Some(CLAIMS));
        let other = tickets.seal(CLAIMS).unwrap();
        assert_ne!((other.expose(), other.proof()), (ticket.expose(), ticket.proof()));
        assert_eq!(format!("{ticket:?}"), "Ticket(…)");
    }

    #[test]
    fn is_refused_with_any_bit_or_letter_changed() {
        let tickets = Tickets::new(&MasterKey::random().unwrap());
        let ticket = tickets.seal(CLAIMS).unwrap();
        let sealed = URL_SAFE_NO_PAD.decode(ticket.expose()).unwrap();
        for bit in 0..8 * sealed.len() {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(tickets.open(&URL_SAFE_NO_PAD.encode(&altered)), None, "bit {bit}");
        }
        for at in 0..ticket.expose().len() {
            let mut altered = ticket.expose().as_bytes().to_vec();
            altered[at] ^= 1;
            assert_eq!(tickets.open(std::str::from_utf8(&altered).unwrap()), None, "letter {at}");
            assert_eq!(tickets.open(&ticket.expose()[..at]), None, "{at} letters");
        }
        let text = ticket.expose();
        for bad in [format!("{text}A"), format!("{text}="), format!(" {text}"), format!("{text}{text}"), "é".into()] {
            assert_eq!(tickets.open(&bad), None, "{bad}");
        }
    }

    #[test]
    fn opens_under_its_own_key_only() {
        let key = MasterKey::random().unwrap();
        let ticket = Tickets::new(&key).seal(CLAIMS).unwrap();
        assert_eq!(Tickets::new(&key).open(ticket.expose()), Some(CLAIMS), "as after a restart");
        assert_eq!(Tickets::new(&MasterKey::random().unwrap()).open(ticket.expose()), None);
    }

    #[test]
    fn what_is_sealed_for_another_purpose_is_no_ticket() {
        let key = MasterKey::random().unwrap();
        let password = Password::new("x".repeat(super::CLAIMS));
        let sealed = Sealer::new(&key).unwrap().seal(7, &password).unwrap();
        assert_eq!(sealed.len(), SEALED);
        assert_eq!(Tickets::new(&key).open(&URL_SAFE_NO_PAD.encode(sealed)), None);
    }

    #[test]
    fn holds_from_a_little_before_its_issue_to_its_expiry() {
        let holds: Vec<_> = [
            CLAIMS.issued - SKEW - 1,
            CLAIMS.issued - SKEW,
            CLAIMS.issued,
            CLAIMS.expires - 1,
            CLAIMS.expires,
            i64::MAX,
            i64::MIN,
        ]
        .map(|now| CLAIMS.hold_at(now))
        .into();
        assert_eq!(holds, [false, true, true, true, false, false, false]);
    }
}
