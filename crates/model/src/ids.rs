//! Numbers and identifiers that name things.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// An account's number in the store. It never changes and is never used twice.
    UserId(i64)
}
number! {
    /// A conversation on one switchboard server, from 1 to 2³¹−1: clients parse it as a
    /// decimal number (client-quirks: BitlBee).
    RoomId(u32)
}
number! {
    /// One signed-in connection. Unique within the life of one process.
    SessionId(u64)
}
number! {
    /// One running daemon, drawn at random when it starts.
    NodeId(u64)
}
number! {
    /// The version of an account's server-side properties, 0…2³²−1: one higher after each
    /// change, whoever made it (draft §7.5).
    Serial(u32)
}

/// A 128-bit identifier, written in lower-case hexadecimal without braces, as MSNP10 clients
/// need it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Guid(pub [u8; 16]);

impl Guid {
    /// Reads one: 32 hexadecimal digits of either case in five parts, without braces.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = [8, 4, 4, 4, 12];
        let mut digits = String::with_capacity(32);
        let mut count = 0;
        for part in text.split('-') {
            if parts.get(count) != Some(&part.len()) {
                return None;
            }
            digits.push_str(part);
            count += 1;
        }
        if count != parts.len() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(&digits, 16).ok().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_written_in_five_lower_case_parts() {
        let guid =
            Guid([0x7a, 0x1d, 0x0c, 0x3e, 0x0f, 0x1b, 0x4c, 0x55, 0x9f, 0x10, 0x3f, 0x5f, 0x7a, 0x0f, 0x1a, 0x01]);
        assert_eq!(guid.to_string(), "7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01");
        assert_eq!(Guid::parse("7A1D0C3E-0f1b-4c55-9f10-3f5f7a0f1a01"), Some(guid));
        for bad in [
            "",
            "7a1d0c3e0f1b4c559f103f5f7a0f1a01",
            "7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a0",
            "{7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01}",
            "+a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01",
            "7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01-",
        ] {
            assert_eq!(Guid::parse(bad), None, "{bad}");
        }
    }
}
