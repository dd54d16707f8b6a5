//! Texts that people choose and other people see.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text;

/// A friendly name or a group's name: any Unicode text but control characters, and not empty.
///
/// Its limit in bytes is that of its URL-encoded form and differs per use, so it is checked
/// where the use is known: [`Name::FRIENDLY`], [`Name::GROUP`]. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

/// Why a text is not a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// It has no characters.
    #[error("a name cannot be empty")]
    Empty,
    /// It holds a control character; clients of the time crash on some of them.
    #[error("a name cannot hold control characters")]
    Control,
    /// Its URL-encoded form is too long.
    #[error("the name is longer than {0} bytes in its URL-encoded form")]
    TooLong(usize),
}

impl Name {
    /// Longest friendly name, in URL-encoded bytes (draft §5.5).
    pub const FRIENDLY: usize = 387;
    /// Longest group name, in URL-encoded bytes (docs/PROTOCOL.md, Groups).
    pub const GROUP: usize = 61;

    /// Takes `text` for a name whose URL-encoded form has at most `limit` bytes.
    pub fn parse(text: &str, limit: usize) -> Result<Self, BadName> {
        if text.is_empty() {
            return Err(BadName::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(BadName::Control);
        }
        if encoded_len(text) > limit {
            return Err(BadName::TooLong(limit));
        }
        Ok(Self(text.into()))
    }

    /// A friendly name: [`Name::parse`] with the limit [`Name::FRIENDLY`].
    pub fn friendly(text: &str) -> Result<Self, BadName> {
        Self::parse(text, Self::FRIENDLY)
    }

    /// The text, decoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Must this byte be written as `%XX` on the wire? Space, `%`, controls, and all that is not ASCII.
pub const fn must_escape(byte: u8) -> bool {
    byte <= b' ' || byte == b'%' || byte >= 0x7f
}

/// Bytes of the URL-encoded form of `text`.
pub fn encoded_len(text: &str) -> usize {
    text.bytes().map(|byte| if must_escape(byte) { 3 } else { 1 }).sum()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text::deserialize(from, Self::friendly)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl From<&crate::Email> for Name {
    /// The name of someone who has chosen none: the handle.
    fn from(email: &crate::Email) -> Self {
        Self(email.as_str().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_that_of_the_encoded_form() {
        assert!(Name::friendly(&"é".repeat(64)).is_ok());
        assert_eq!(Name::friendly(&"é".repeat(65)), Err(BadName::TooLong(387)));
        assert!(Name::friendly(&"x".repeat(387)).is_ok());
        assert_eq!(Name::friendly(""), Err(BadName::Empty));
        assert_eq!(Name::friendly("a\u{0}b"), Err(BadName::Control));
    }
}
