//! What the lines of a play have captured.

use std::collections::BTreeMap;

/// What captures hold, and the passwords that `{md5 …}` needs.
#[derive(Clone, Debug, Default)]
pub struct Captures {
    values: BTreeMap<String, Vec<u8>>,
    passwords: BTreeMap<String, String>,
}

/// What one match adds to the [`Captures`].
pub type Found = Vec<(String, Vec<u8>)>;

impl Captures {
    /// Nothing captured; these passwords, by account.
    pub fn new(passwords: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { values: BTreeMap::new(), passwords: passwords.into_iter().collect() }
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.values.get(name).map(Vec::as_slice)
    }

    /// The value of `name` as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Sets `name`, whatever it was before.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.values.insert(name.into(), value.into());
    }

    /// Forgets `name`, so that the next match captures anew.
    pub fn forget(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// Takes over what a match captured.
    pub fn extend(&mut self, found: Found) {
        self.values.extend(found);
    }

    /// The password of an account.
    pub(super) fn password(&self, account: &str) -> Option<&str> {
        self.passwords.get(account).map(String::as_str)
    }
}
