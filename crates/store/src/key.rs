//! The master key, which is not in the database.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hkdf::Hkdf;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::StoreError;

/// Bytes of a master key.
const LEN: usize = 32;

/// The key that recoverable sign-in secrets are sealed under, by way of a key derived for each
/// purpose. Whoever has it and the database can read those passwords. Its `Debug` form does not
/// show it.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; LEN]>);

impl MasterKey {
    /// Reads the key from a file of 64 hexadecimal digits, or makes the file, with its
    /// directory, if there is none. Of several processes that start at once, all get the same
    /// key. Blocks on the file system.
    ///
    /// # Errors
    /// [`StoreError::KeyFile`]: the file can be neither read nor made. [`StoreError::KeyOpen`]:
    /// group or others may read it. [`StoreError::KeyMalformed`]: it holds something else.
    pub fn load_or_create(path: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::KeyFile { path: path.to_owned(), source };
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path, &Self::random()?).map_err(failed)?;
                File::open(path).map_err(failed)?
            }
            other => other.map_err(failed)?,
        };
        if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(StoreError::KeyOpen { path: path.to_owned() });
        }
        let mut text = Zeroizing::new(String::new());
        // A few bytes more than a key and its line end, so that a longer file is noticed.
        let malformed = || StoreError::KeyMalformed { path: path.to_owned() };
        match file.take(2 * LEN as u64 + 8).read_to_string(&mut text) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(malformed()),
            Err(error) => Err(failed(error)),
            Ok(_) => from_hex(text.trim_end()).ok_or_else(malformed),
        }
    }

    /// A new key that is kept nowhere: for a store in memory.
    ///
    /// # Errors
    /// [`StoreError::Random`]
    pub fn random() -> Result<Self, StoreError> {
        let mut key = Zeroizing::new([0; LEN]);
        SysRng.try_fill_bytes(&mut *key).map_err(StoreError::Random)?;
        Ok(Self(key))
    }

    /// The bytes for one purpose: HKDF-SHA256 of the key with `info`.
    pub(crate) fn derive<const N: usize>(&self, info: &str) -> Zeroizing<[u8; N]> {
        let mut bytes = Zeroizing::new([0; N]);
        Hkdf::<Sha256>::new(None, &*self.0)
            .expand(info.as_bytes(), &mut *bytes)
            .expect("HKDF-SHA256 yields up to 8160 bytes, and far fewer are asked for");
        bytes
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

fn from_hex(text: &str) -> Option<MasterKey> {
    if text.len() != 2 * LEN {
        return None;
    }
    let mut key = Zeroizing::new([0; LEN]);
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |d: u8| char::from(d).to_digit(16);
        *byte = u8::try_from(digit(digits[0])? << 4 | digit(digits[1])?).ok()?;
    }
    Some(MasterKey(key))
}

/// Makes the file whole under a name of its own and then links it to `path`, so that no other
/// process can see half a key there, nor a crash leave one. A file that another process has put
/// there first stays.
fn create(path: &Path, key: &MasterKey) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&directory)?;
    let draft = directory.join(format!(".master-key-{:016x}", rand::random::<u64>()));
    let written = write_new(&draft, key).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&draft);
    written.and(removed)?;
    // So that the name survives a power cut as the contents do.
    File::open(&directory)?.sync_all()
}

fn write_new(path: &Path, key: &MasterKey) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut text = Zeroizing::new(String::with_capacity(2 * LEN + 1));
    for byte in key.0.iter() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).expect("four bits are one digit"));
        }
    }
    text.push('\n');
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_and_only_for_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b/master.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| MasterKey::load_or_create(&path).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key.0 == *keys[0].0));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a draft is left");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(MasterKey::load_or_create(&path), Err(StoreError::KeyOpen { .. })));
    }

    #[test]
    fn refuses_what_is_no_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        for text in ["", "abc", &"g".repeat(64), &"a".repeat(66), &"é".repeat(32)] {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            assert!(matches!(MasterKey::load_or_create(&path), Err(StoreError::KeyMalformed { .. })), "{text:?}");
        }
    }

    #[test]
    fn is_not_shown() {
        assert_eq!(format!("{:?}", MasterKey::random().unwrap()), "MasterKey(…)");
    }
}
