//! What the macros must know of each dialect: one row each, "the row before, plus what changed".
//!
//! This is the player's own reading of the protocol, not that of the servers' codec.

use std::fmt;
use std::str::FromStr;

/// A dialect that the macros can speak: `MSNP2` to `MSNP12`.
///
/// Without an order on purpose: each difference is a field of its row.
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
    /// Client 5.0: Passport tickets, a compact list, capabilities.
    Msnp8,
    /// Client 6.0: pictures.
    Msnp9,
    /// Clients 6.1 and 6.2: contacts with ids, time stamps instead of serials.
    Msnp10,
    /// Client 7.0: personal messages.
    Msnp11,
    /// Client 7.5: network ids, capabilities in rooms.
    Msnp12,
}

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// `INF`, then `USR MD5` with a digest of challenge and password.
    Md5,
    /// `CVR`, then `USR TWN` with a ticket of the Passport service.
    Tweener,
}

/// The words behind the handle in `USR … OK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedIn {
    /// `friendly`
    Name,
    /// `friendly verified`
    NameVerified,
    /// `friendly verified restricted`
    NameVerifiedRestricted,
    /// `verified restricted`
    VerifiedRestricted,
}

/// The form of what follows `SYN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Burst {
    /// Every line has transaction id and serial, and lists are told one after the other.
    Lists,
    /// No line has them; a contact is one line with the bits of its lists.
    Contacts,
    /// The same with `N=`, `F=`, `C=` and ids; if `network`, a network id behind the bits.
    Addressed {
        /// MSNP12.
        network: bool,
    },
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    /// Its name in `VER`.
    name: &'static str,
    /// All that a client of its time offers, newest first.
    offer: &'static str,
    /// Does the answer to `VER` end with `CVR0`?
    confirms_cvr0: bool,
    /// How a client signs in.
    pub(crate) login: Login,
    /// `lcid os osver arch library version codebase` of a client of its time, for `CVR`.
    client: [&'static str; 7],
    /// What follows the address in a referral to an NS, as a pattern.
    pub(crate) referral_tail: &'static str,
    /// The form of `USR … OK`.
    pub(crate) signed_in: SignedIn,
    /// Does `SBS 0 null` follow that?
    pub(crate) tells_credit: bool,
    /// The fields that the profile may have behind the first three.
    pub(super) profile: &'static [&'static [&'static str]],
    /// What a client without a list says behind `SYN t`.
    pub(crate) knows_nothing: &'static str,
    /// The form of what follows `SYN`.
    pub(crate) burst: Burst,
    /// Does it know phone numbers (`PRP`, `BPR`)?
    pub(crate) has_properties: bool,
    /// Does it know groups?
    pub(crate) has_groups: bool,
    /// The capabilities in the `CHG` of a client of its time.
    pub(crate) capabilities: Option<&'static str>,
    /// Do `IRO` and `JOI` tell it the others' capabilities?
    pub(crate) roster_capabilities: bool,
}

const MSNP2: Traits = Traits {
    name: "MSNP2",
    offer: "MSNP2 CVR0",
    confirms_cvr0: false,
    login: Login::Md5,
    client: ["0x0409", "win", "4.10", "i386", "MSMSGS", "1.0.0863", ""],
    referral_tail: "",
    signed_in: SignedIn::Name,
    tells_credit: false,
    profile: &[],
    knows_nothing: "0",
    burst: Burst::Lists,
    has_properties: false,
    has_groups: false,
    capabilities: None,
    roster_capabilities: false,
};
const MSNP3: Traits = Traits {
    name: "MSNP3",
    offer: "MSNP3 MSNP2 CVR0",
    client: ["0x0409", "winnt", "5.0", "i386", "MSMSGS", "2.0.0083", ""],
    referral_tail: " 0",
    profile: &[super::profile::FULL],
    ..MSNP2
};
const MSNP4: Traits = Traits {
    name: "MSNP4",
    offer: "MSNP4 MSNP3 CVR0",
    client: ["0x0409", "winnt", "5.0", "i386", "MSMSGS", "2.2.1053", "MSMSGS"],
    ..MSNP3
};
const MSNP5: Traits = Traits {
    name: "MSNP5",
    offer: "MSNP5 MSNP4 CVR0",
    client: ["0x0409", "winnt", "5.0", "i386", "MSMSGS", "3.5.0077", "MSMSGS"],
    has_properties: true,
    ..MSNP4
};
const MSNP6: Traits = Traits {
    name: "MSNP6",
    offer: "MSNP6 MSNP5 MSNP4 CVR0",
    client: ["0x0409", "winnt", "5.0", "i386", "MSMSGS", "3.6.0038", "MSMSGS"],
    signed_in: SignedIn::NameVerified,
    ..MSNP5
};
const MSNP7: Traits = Traits {
    name: "MSNP7",
    offer: "MSNP7 MSNP6 MSNP5 MSNP4 CVR0",
    confirms_cvr0: true,
    client: ["0x0409", "winnt", "5.0", "i386", "MSMSGS", "4.6.0083", "MSMSGS"],
    referral_tail: " 0 {_}:{_}",
    has_groups: true,
    ..MSNP6
};
const MSNP8: Traits = Traits {
    name: "MSNP8",
    offer: "MSNP8 CVR0",
    login: Login::Tweener,
    client: ["0x0409", "winnt", "5.1", "i386", "MSNMSGR", "5.0.0544", "MSMSGS"],
    signed_in: SignedIn::NameVerifiedRestricted,
    profile: &[super::profile::FULL, super::profile::ADDRESS],
    burst: Burst::Contacts,
    capabilities: Some("0"),
    ..MSNP7
};
const MSNP9: Traits = Traits {
    name: "MSNP9",
    offer: "MSNP9 MSNP8 CVR0",
    client: ["0x0409", "winnt", "5.1", "i386", "MSNMSGR", "6.0.0602", "MSMSGS"],
    capabilities: Some("268435508"),
    ..MSNP8
};
const MSNP10: Traits = Traits {
    name: "MSNP10",
    offer: "MSNP10 MSNP9 CVR0",
    client: ["0x0409", "winnt", "5.1", "i386", "MSNMSGR", "6.2.0137", "MSMSGS"],
    signed_in: SignedIn::VerifiedRestricted,
    profile: &[super::profile::FULL, super::profile::ADDRESS, super::profile::MIGRATION],
    knows_nothing: "0 0",
    burst: Burst::Addressed { network: false },
    capabilities: Some("536870964"),
    ..MSNP9
};
const MSNP11: Traits = Traits {
    name: "MSNP11",
    offer: "MSNP11 MSNP10 MSNP9 CVR0",
    client: ["0x0409", "winnt", "5.1", "i386", "MSNMSGR", "7.0.0777", "MSMSGS"],
    tells_credit: true,
    capabilities: Some("1073791084"),
    ..MSNP10
};
const MSNP12: Traits = Traits {
    name: "MSNP12",
    offer: "MSNP12 MSNP11 MSNP10 CVR0",
    client: ["0x0409", "winnt", "5.1", "i386", "MSNMSGR", "7.5.0299", "MSMSGS"],
    burst: Burst::Addressed { network: true },
    capabilities: Some("1342558252"),
    roster_capabilities: true,
    ..MSNP11
};

impl Dialect {
    /// All, oldest first.
    pub const ALL: [Self; 11] = [
        Self::Msnp2,
        Self::Msnp3,
        Self::Msnp4,
        Self::Msnp5,
        Self::Msnp6,
        Self::Msnp7,
        Self::Msnp8,
        Self::Msnp9,
        Self::Msnp10,
        Self::Msnp11,
        Self::Msnp12,
    ];

    /// Its row.
    pub(crate) const fn traits(self) -> &'static Traits {
        match self {
            Self::Msnp2 => &MSNP2,
            Self::Msnp3 => &MSNP3,
            Self::Msnp4 => &MSNP4,
            Self::Msnp5 => &MSNP5,
            Self::Msnp6 => &MSNP6,
            Self::Msnp7 => &MSNP7,
            Self::Msnp8 => &MSNP8,
            Self::Msnp9 => &MSNP9,
            Self::Msnp10 => &MSNP10,
            Self::Msnp11 => &MSNP11,
            Self::Msnp12 => &MSNP12,
        }
    }

    /// All dialects that the newest client of this dialect's time offers, newest first.
    pub fn offer(self) -> &'static str {
        self.traits().offer
    }

    /// The server's choice from [`Dialect::offer`].
    pub(super) fn chosen(self) -> String {
        let Traits { name, confirms_cvr0, .. } = self.traits();
        format!("{name}{}", if *confirms_cvr0 { " CVR0" } else { "" })
    }

    /// What a client of its time says of itself in `CVR`, without the handle.
    pub(super) fn client(self) -> String {
        self.traits().client.join(" ").trim_end().to_owned()
    }

    /// The version among that.
    pub(super) fn version(self) -> &'static str {
        self.traits().client[5]
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|dialect| dialect.traits().name == text);
        known.ok_or_else(|| format!("expected a dialect from MSNP2 to MSNP12, found `{text}`"))
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.traits().name)
    }
}
