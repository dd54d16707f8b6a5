//! Recoverable secrets, sealed so that the database alone does not give them away.
//!
//! A sealed secret is `version | key id | nonce | ciphertext`, with the account's number, the
//! purpose and the key id authenticated along: copied to another row, it does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::{MasterKey, Password, StoreError};

/// The form described above.
const VERSION: u8 = 1;
const KEY_ID: usize = 8;
const NONCE: usize = 24;
/// What the one kind of secret that there is, is for.
const PURPOSE: &[u8] = b"legacy-password";

/// Seals and opens passwords under a key derived from the master key.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
    id: [u8; KEY_ID],
    /// A sealed secret of no account; see [`Sealer::open_nothing`].
    decoy: Vec<u8>,
}

/// Why a sealed secret does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unopened {
    /// It is sealed under another key.
    OtherKey,
    /// It was altered, or belongs to another account.
    Altered,
}

impl Sealer {
    pub(crate) fn new(key: &MasterKey) -> Result<Self, StoreError> {
        let cipher = XChaCha20Poly1305::new((&*key.derive::<32>("msn/legacy-pw/v1")).into());
        let mut sealer = Self { cipher, id: *key.derive("msn/key-id"), decoy: Vec::new() };
        sealer.decoy = sealer.seal(0, &Password::new("a decoy".to_owned()))?;
        Ok(sealer)
    }

    /// Says which key this is, without telling anything of it: 16 hexadecimal digits.
    pub(crate) fn key_id(&self) -> String {
        format!("{:016x}", u64::from_be_bytes(self.id))
    }

    pub(crate) fn seal(&self, account: i64, password: &Password) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE];
        SysRng.try_fill_bytes(&mut nonce).map_err(StoreError::Random)?;
        let payload = Payload { msg: password.expose().as_bytes(), aad: &self.aad(account) };
        let ciphertext = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let ciphertext = ciphertext.expect("it fails only for more than 256 GiB");
        Ok([&[VERSION], &self.id[..], &nonce, &ciphertext].concat())
    }

    pub(crate) fn open(&self, account: i64, sealed: &[u8]) -> Result<Password, Unopened> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(Unopened::Altered)?;
        let (id, rest) = rest.split_first_chunk::<KEY_ID>().ok_or(Unopened::Altered)?;
        if *id != self.id {
            return Err(Unopened::OtherKey);
        }
        let (nonce, msg) = rest.split_first_chunk::<NONCE>().ok_or(Unopened::Altered)?;
        let payload = Payload { msg, aad: &self.aad(account) };
        let opened = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unopened::Altered)?;
        let text = String::from_utf8(opened).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            Unopened::Altered
        })?;
        Ok(Password::new(text))
    }

    /// As much work as opening a secret, for an account that has none.
    pub(crate) fn open_nothing(&self) {
        drop(std::hint::black_box(self.open(0, &self.decoy)));
    }

    fn aad(&self, account: i64) -> Vec<u8> {
        [&account.to_be_bytes()[..], PURPOSE, &self.id].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_in_its_own_row_under_its_own_key() {
        let sealer = Sealer::new(&MasterKey::random().unwrap()).unwrap();
        let sealed = sealer.seal(7, &Password::new("hunter2".to_owned())).unwrap();
        assert_eq!(sealer.open(7, &sealed).unwrap().expose(), "hunter2");
        assert_eq!(sealer.open(8, &sealed).unwrap_err(), Unopened::Altered);
        for i in (0..1).chain(1 + KEY_ID..sealed.len()) {
            let mut altered = sealed.clone();
            altered[i] ^= 1;
            assert_eq!(sealer.open(7, &altered).unwrap_err(), Unopened::Altered, "byte {i}");
        }
        for len in 0..sealed.len() {
            assert!(sealer.open(7, &sealed[..len]).is_err());
        }
        let other = Sealer::new(&MasterKey::random().unwrap()).unwrap();
        assert_eq!(other.open(7, &sealed).unwrap_err(), Unopened::OtherKey);
        assert_ne!(sealer.seal(7, &Password::new("hunter2".to_owned())).unwrap(), sealed, "the nonce is fresh");
    }
}
