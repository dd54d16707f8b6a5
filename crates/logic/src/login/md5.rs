//! The sign-in of MSNP2–7: the digest of a challenge and the password.
//! (docs/PROTOCOL.md, Sign-in)

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

/// Shapes 128 random bits as the challenge of the real servers was: Unix time, a dot, digits.
pub fn challenge(unix_seconds: i64, random: u128) -> String {
    format!("{unix_seconds}.{random}")
}

/// The digest that a client with this password answers to this challenge, in lower-case hex.
pub fn digest(challenge: &str, password: &str) -> String {
    hex(Md5::new().chain_update(challenge).chain_update(password).finalize().into())
}

/// Is `response` what a client with this password answers to this challenge? Takes the same time
/// for every response of the right length.
pub fn verify(challenge: &str, password: &str, response: &str) -> bool {
    let wanted = digest(challenge, password);
    let response = response.to_ascii_lowercase();
    wanted.as_bytes().ct_eq(response.as_bytes()).into()
}

pub(crate) fn hex(bytes: [u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors() {
        assert_eq!(digest("1234567890.123456789", "password"), "f59af8f2fa91d38aff7c870c17f99903");
        assert_eq!(digest("1056561624.17795", "abcdefg1234567"), "483eee01d6a1de1b668cac9a0ac75d91");
    }

    #[test]
    fn upper_case_is_as_good() {
        assert!(verify("1234567890.123456789", "password", "F59AF8F2FA91D38AFF7C870C17F99903"));
        assert!(!verify("1234567890.123456788", "password", "f59af8f2fa91d38aff7c870c17f99903"));
        assert!(!verify("1234567890.123456789", "password", ""));
    }
}
