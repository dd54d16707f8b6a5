//! What the macros must know of each dialect.

use std::fmt;
use std::str::FromStr;

/// A dialect that the macros can speak: `MSNP2` to `MSNP7`.
///
/// Without an order on purpose: each difference is a method with a row for each dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Client 1.0.
    Msnp2,
    /// Client 2.0: profile, `0` in referrals.
    Msnp3,
    /// Clients 2.1 and 2.2.
    Msnp4,
    /// Clients 3.0 to 3.6: properties.
    Msnp5,
    /// Late client 3.6: `verified` in the answer to the sign-in.
    Msnp6,
    /// Clients 4.5 to 4.7: groups.
    Msnp7,
}

impl Dialect {
    /// All dialects that the newest client of this dialect's time offers, newest first.
    pub fn offer(self) -> &'static str {
        match self {
            Self::Msnp2 => "MSNP2 CVR0",
            Self::Msnp3 => "MSNP3 MSNP2 CVR0",
            Self::Msnp4 => "MSNP4 MSNP3 CVR0",
            Self::Msnp5 => "MSNP5 MSNP4 CVR0",
            Self::Msnp6 => "MSNP6 MSNP5 MSNP4 CVR0",
            Self::Msnp7 => "MSNP7 MSNP6 MSNP5 MSNP4 CVR0",
        }
    }

    /// The server's choice from [`Dialect::offer`].
    pub(super) fn chosen(self) -> &'static str {
        match self {
            Self::Msnp2 => "MSNP2",
            Self::Msnp3 => "MSNP3",
            Self::Msnp4 => "MSNP4",
            Self::Msnp5 => "MSNP5",
            Self::Msnp6 => "MSNP6",
            Self::Msnp7 => "MSNP7 CVR0",
        }
    }

    /// What follows the address in a referral to an NS, as a pattern.
    pub(super) fn referral_tail(self) -> &'static str {
        match self {
            Self::Msnp2 => "",
            Self::Msnp3 | Self::Msnp4 | Self::Msnp5 | Self::Msnp6 => " 0",
            Self::Msnp7 => " 0 {_}:{_}",
        }
    }

    /// Does the answer to the sign-in tell whether the address is verified?
    pub(super) fn tells_verified(self) -> bool {
        matches!(self, Self::Msnp6 | Self::Msnp7)
    }

    /// Does the profile have more than the time of the sign-in?
    pub(super) fn has_full_profile(self) -> bool {
        !matches!(self, Self::Msnp2)
    }

    /// Does it know phone numbers (`PRP`, `BPR`)?
    pub(crate) fn has_properties(self) -> bool {
        matches!(self, Self::Msnp5 | Self::Msnp6 | Self::Msnp7)
    }

    /// Does it know groups?
    pub(crate) fn has_groups(self) -> bool {
        matches!(self, Self::Msnp7)
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "MSNP2" => Ok(Self::Msnp2),
            "MSNP3" => Ok(Self::Msnp3),
            "MSNP4" => Ok(Self::Msnp4),
            "MSNP5" => Ok(Self::Msnp5),
            "MSNP6" => Ok(Self::Msnp6),
            "MSNP7" => Ok(Self::Msnp7),
            _ => Err(format!("expected a dialect from MSNP2 to MSNP7, found `{text}`")),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.offer().split(' ').next().unwrap_or_default())
    }
}
