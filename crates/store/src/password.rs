//! Passwords, and the slow hash that they are kept as.

use std::num::NonZero;
use std::sync::Arc;

use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use model::Password;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::StoreError;

/// Kibibytes of memory that one hash takes (OWASP's recommendation, as the two below).
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The hash of no account, with the same parameters: checking a password for an account that
/// does not exist takes as long as for one that does.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbC4u$tOY2ohjW9DwzWl7BeTN6BPKJEKcZNU6d6zDKZFgrHK0";

/// How many passwords may be checked at the same time. Each takes 19 MiB and a core.
#[derive(Clone, Copy, Debug)]
pub struct Hashing {
    /// At once. 0 is one less than there are cores, and at least one: the last core is left to
    /// those who are signed in already.
    pub at_once: usize,
    /// How many more may wait for their turn. The next one is turned away.
    pub waiting: usize,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { at_once: 0, waiting: 256 }
    }
}

/// Computes argon2id hashes off the async threads, so many at a time.
pub(crate) struct Hasher {
    places: Arc<Semaphore>,
    /// A place for each check that runs or waits.
    queue: Semaphore,
}

impl Hasher {
    pub(crate) fn new(hashing: Hashing) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let at_once = if hashing.at_once == 0 { (cores - 1).max(1) } else { hashing.at_once };
        let at_once = at_once.min(Semaphore::MAX_PERMITS);
        let queue = at_once.saturating_add(hashing.waiting).min(Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(at_once)), queue: Semaphore::new(queue) }
    }

    /// A place among those who wait for [`Hasher::verify`], to be held until it is done.
    pub(crate) fn queue(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        self.queue.try_acquire().map_err(|_| StoreError::TooManyChecks)
    }

    /// The hash to keep of `password`, in PHC form, with a salt of its own.
    pub(crate) async fn hash(&self, password: &Password) -> Result<String, StoreError> {
        let password = password.clone();
        self.run(move || Ok(argon2()?.hash_password(password.expose().as_bytes())?.to_string())).await
    }

    /// Does `password` have this hash? Without a hash: no, after the same amount of work.
    pub(crate) async fn verify(&self, password: &Password, hash: Option<&str>) -> Result<bool, StoreError> {
        let password = password.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or(NOBODY).to_owned();
        self.run(move || match argon2()?.verify_password(password.expose().as_bytes(), hash.as_str()) {
            Ok(()) => Ok(known),
            Err(HashError::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = self.places.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        // The place goes with the work: it stays taken even if the asker gives up meanwhile.
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(place);
            result
        });
        match done.await {
            Ok(result) => result.map_err(|error| StoreError::Hash(error.to_string())),
            Err(error) => Err(StoreError::Hash(error.to_string())),
        }
    }
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(|_| HashError::ParamsInvalid)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn knows_the_password_again() {
        let hasher = Hasher::new(Hashing::default());
        let [right, wrong] = ["hunter2", "hunter3"].map(|text| Password::new(text.to_owned()));
        let hash = hasher.hash(&right).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify(&right, Some(&hash)).await.unwrap());
        assert!(!hasher.verify(&wrong, Some(&hash)).await.unwrap());
        assert!(!hasher.verify(&right, None).await.unwrap(), "the hash of nobody must be well-formed and fit nobody");
        assert_eq!(format!("{right:?}"), "Password(…)");
    }
    /// Whoever asks for an account that there is not must wait as long as for one that there is.
    #[test]
    fn nobody_has_the_parameters_of_everybody() {
        let (parameters, _) = NOBODY.split_at("$argon2id$v=19$m=19456,t=2,p=1$".len());
        assert_eq!(parameters, format!("$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}$"));
    }

    #[tokio::test]
    async fn so_many_wait_and_the_next_is_turned_away() {
        let hasher = Hasher::new(Hashing { at_once: 1, waiting: 2 });
        let places: Vec<_> = (0..3).map(|_| hasher.queue().unwrap()).collect();
        assert!(matches!(hasher.queue(), Err(StoreError::TooManyChecks)));
        drop(places);
        drop(hasher.queue().unwrap());
        for all in [usize::MAX, 0] {
            drop(Hasher::new(Hashing { at_once: all, waiting: all }).queue().unwrap());
        }
    }
}
