//! The secret by which the daemons of an installation know each other.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::BusError;

/// Digits of a secret in its file.
const DIGITS: usize = 64;

/// 32 bytes that all daemons of an installation share, and nobody else knows.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// Reads the secret from a file of 64 hexadecimal digits; makes the file, for its owner
    /// only, if there is none. Any number of processes may do so at the same time and get the
    /// same secret. Fails on a file that others than its owner may read.
    ///
    /// This reads a file, so it belongs into the start of a daemon, before its tasks run.
    pub fn load_or_create(path: &Path) -> Result<Self, BusError> {
        let failed = |source| BusError::SecretFile { path: path.to_owned(), source };
        match Self::load(path) {
            Err(BusError::SecretFile { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            done => return done,
        }
        let secret = Self::random();
        match secret.publish(path) {
            Ok(()) => Ok(secret),
            // Another process was quicker; its secret is the one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
            Err(error) => Err(failed(error)),
        }
    }

    fn load(path: &Path) -> Result<Self, BusError> {
        let failed = |source| BusError::SecretFile { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(BusError::SecretOpen { path: path.to_owned() });
        }
        let mut text = Vec::new();
        // A little more than a secret has, so that a longer file is told from a right one.
        file.take(DIGITS as u64 + 16).read_to_end(&mut text).map_err(failed)?;
        decode(text.trim_ascii_end()).map(Self).ok_or_else(|| BusError::SecretMalformed { path: path.to_owned() })
    }

    /// Writes the file whole beside its place and links it there, which fails if something is
    /// there already. So nobody ever reads half a secret, and nobody's secret is overwritten.
    fn publish(&self, path: &Path) -> io::Result<()> {
        let draft = beside(path, &format!(".{:016x}", rand::random::<u64>()));
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).and_then(|mut file| {
            writeln!(file, "{}", encode(&self.0))?;
            file.sync_all()
        });
        let linked = written.and_then(|()| fs::hard_link(&draft, path));
        // A draft that stays behind harms nobody, and the outcome above is what counts.
        let _ = fs::remove_file(&draft);
        linked
    }

    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The path with something appended to its last part.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn encode(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decode(text: &[u8]) -> Option<[u8; 32]> {
    if text.len() != DIGITS {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_and_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let racers: Vec<_> = (0..8)
            .map(|_| path.clone())
            .map(|path| std::thread::spawn(move || Secret::load_or_create(&path).unwrap().0))
            .collect();
        let secrets: Vec<_> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no drafts stay");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        Secret::load_or_create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Secret::load_or_create(&path).unwrap_err();
        assert!(matches!(error, BusError::SecretOpen { .. }));
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn what_is_not_a_secret_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        for text in [String::new(), "é".repeat(32), "0".repeat(63), "0".repeat(65), "+1".repeat(32)] {
            fs::write(&path, &text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(Secret::load_or_create(&path), Err(BusError::SecretMalformed { .. })), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn is_not_shown() {
        assert_eq!(format!("{:?}", Secret::random()), "Secret(…)");
    }
}
