//! Passwords, on their way from who types them to who checks them.

use std::fmt;

use zeroize::Zeroizing;

/// A password in the clear. Its `Debug` form does not show it, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes `text` for a password. Its length is for the caller to check.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
