//! The user handle: an e-mail address, in canonical form.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// Longest user handle, in bytes (draft-movva-msn-messenger-protocol-00, §5.4).
pub const MAX_EMAIL: usize = 129;

/// A user handle: an e-mail address in lower case, at most [`MAX_EMAIL`] bytes.
///
/// Cheap to clone: the text is shared.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(Arc<str>);

/// Why a text is not a user handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEmail {
    /// No `@`, more than one, nothing before it, or a character that no address has.
    #[error("it is not of the form name@domain")]
    Malformed,
    /// Nothing stands behind the `@`.
    #[error("the domain is missing")]
    NoDomain,
    /// The domain has no dot, so no account can exist there.
    #[error("the domain has no dot in it")]
    NotQualified,
    /// Longer than [`MAX_EMAIL`] bytes.
    #[error("it is longer than {MAX_EMAIL} bytes")]
    TooLong,
}

impl Email {
    /// Reads a handle, folding it to lower case.
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        if text.len() > MAX_EMAIL {
            return Err(BadEmail::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(BadEmail::Malformed)?;
        if local.is_empty() || domain.contains('@') || !local.bytes().all(is_local) {
            return Err(BadEmail::Malformed);
        }
        if domain.is_empty() {
            return Err(BadEmail::NoDomain);
        }
        if !domain.bytes().all(is_domain) {
            return Err(BadEmail::Malformed);
        }
        if !domain.contains('.') || domain.split('.').any(str::is_empty) {
            return Err(BadEmail::NotQualified);
        }
        let mut canonical: Arc<str> = text.into();
        if let Some(text) = Arc::get_mut(&mut canonical) {
            text.make_ascii_lowercase();
        }
        Ok(Self(canonical))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&'*+-./=?^_`{|}~".contains(&byte)
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' || byte == b'_'
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text::deserialize(from, Self::parse)
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl std::str::FromStr for Email {
    type Err = BadEmail;
    fn from_str(text: &str) -> Result<Self, BadEmail> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_case() {
        assert_eq!(Email::parse("Amy@Example.COM").unwrap().as_str(), "amy@example.com");
    }

    #[test]
    fn tells_the_ways_to_be_wrong_apart() {
        let wrong = |text: &str| Email::parse(text).unwrap_err();
        for text in ["", "hello", "@@a", "a@b@c.d", "@b.c", "a b@c.d", "a@b c.d", "a%20b@c.d"] {
            assert_eq!(wrong(text), BadEmail::Malformed, "{text}");
        }
        assert_eq!(wrong("amy@"), BadEmail::NoDomain);
        for text in ["myname@hotmail", "a@b", "a@b.", "a@.b", "a@b..c"] {
            assert_eq!(wrong(text), BadEmail::NotQualified, "{text}");
        }
        let longest = format!("{}@example.com", "a".repeat(MAX_EMAIL - 12));
        assert!(Email::parse(&longest).is_ok());
        assert_eq!(wrong(&format!("a{longest}")), BadEmail::TooLong);
    }
}
