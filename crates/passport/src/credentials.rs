//! A handle and a password, as a request names them.

use std::fmt;

use model::Password;

/// Longest password, in bytes; `msnpctl` sets none that is longer.
pub const MAX_PASSWORD: usize = 1024;

/// Who says to be who. What it says is not checked yet.
pub struct Credentials {
    /// The handle, as it was sent.
    pub handle: String,
    /// The password, as it was sent: libpurple and papyon send no more than its first 16 characters,
    /// and then a longer one is wrong. To compare only those would make all passwords weaker.
    pub password: Password,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}
