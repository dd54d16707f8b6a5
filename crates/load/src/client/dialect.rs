//! What a client must know of the dialects that it speaks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A dialect from MSNP2 to MSNP12.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Dialect(u8);

impl Dialect {
    /// Does it sign in with a ticket (`TWN`), instead of by MD5?
    pub(crate) const fn has_tickets(self) -> bool {
        self.0 >= 8
    }

    /// Does `SYN` tell how many lines follow?
    pub(crate) const fn counts_lists(self) -> bool {
        self.0 >= 8
    }

    /// Does `SYN` take two stamps instead of a number?
    pub(crate) const fn has_stamps(self) -> bool {
        self.0 >= 10
    }

    /// Do states come with a number of capabilities?
    pub(crate) const fn has_capabilities(self) -> bool {
        self.0 >= 8
    }

    /// Is a challenge answered with the mixed digest?
    pub(crate) const fn mixes_challenges(self) -> bool {
        self.0 >= 11
    }

    /// Has it a word for other servers than the client's own in `XFR … NS`, and groups?
    pub(crate) const fn offers_cvr0(self) -> bool {
        self.0 >= 7
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MSNP{}", self.0)
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix("MSNP").unwrap_or(text).parse().ok().filter(|number| (2..=12).contains(number));
        number.map(Self).ok_or_else(|| format!("{text} is no dialect from MSNP2 to MSNP12"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_read_with_or_without_its_prefix() {
        assert_eq!("7".parse(), Ok(Dialect(7)));
        assert_eq!("MSNP12".parse::<Dialect>().map(|dialect| dialect.to_string()), Ok("MSNP12".to_owned()));
        for bad in ["1", "13", "MSNP", "x", ""] {
            assert!(bad.parse::<Dialect>().is_err(), "{bad}");
        }
    }
}
