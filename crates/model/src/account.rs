//! What an account is, apart from its lists.

use serde::{Deserialize, Serialize};

use crate::{Email, Guid, Name, UserId};

/// An account, without its secrets and its lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its number in the store.
    pub id: UserId,
    /// Its identifier in the address books of MSNP10+ clients.
    pub guid: Guid,
    /// Its handle.
    pub email: Email,
    /// Its friendly name.
    pub name: Name,
    /// Whether its e-mail address is known to be its owner's.
    pub verified: Verification,
    /// May it sign in at all?
    pub suspended: bool,
}

/// By what clients know someone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// The number in the store.
    pub user: UserId,
    /// The identifier for MSNP10+ clients.
    pub guid: Guid,
    /// The handle.
    pub email: Email,
}

/// Is the e-mail address of an account known to belong to its owner?
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Verification {
    /// Yes.
    Verified,
    /// No; the account can sign in, and its client says so to its user.
    Unverified,
}

/// A property of an account that its contacts may see (`PRP`, `BPR`; MSNP5+).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Property {
    /// `PHH`, the phone number at home.
    HomePhone,
    /// `PHW`, the phone number at work.
    WorkPhone,
    /// `PHM`, the mobile phone number.
    MobilePhone,
    /// `MOB`: contacts may page the account's mobile phone.
    MobilePages,
    /// `MBE`: the account has a mobile device. Only the server sets it.
    MobileEnabled,
}

impl Property {
    /// All of them, in the order of a `SYN` burst.
    pub const ALL: [Self; 5] =
        [Self::HomePhone, Self::WorkPhone, Self::MobilePhone, Self::MobilePages, Self::MobileEnabled];
    /// Those that contacts see, in the order of a `SYN` burst.
    pub const SHOWN: [Self; 4] = [Self::HomePhone, Self::WorkPhone, Self::MobilePhone, Self::MobilePages];
    /// Longest value, in URL-encoded bytes.
    pub const MAX: usize = 95;
}

/// The properties of an account. A phone number that is not set is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Props {
    /// `PHH`
    pub home: String,
    /// `PHW`
    pub work: String,
    /// `PHM`
    pub mobile: String,
    /// `MOB`
    pub pages: bool,
    /// `MBE`
    pub enabled: bool,
}

impl Props {
    /// The value of one of them, decoded: `Y` or `N` for the switches.
    pub fn get(&self, property: Property) -> &str {
        let switch = |on: bool| if on { "Y" } else { "N" };
        match property {
            Property::HomePhone => &self.home,
            Property::WorkPhone => &self.work,
            Property::MobilePhone => &self.mobile,
            Property::MobilePages => switch(self.pages),
            Property::MobileEnabled => switch(self.enabled),
        }
    }

    /// Sets one of them. Anything but `Y` switches a switch off.
    pub fn set(&mut self, property: Property, value: &str) {
        match property {
            Property::HomePhone => value.clone_into(&mut self.home),
            Property::WorkPhone => value.clone_into(&mut self.work),
            Property::MobilePhone => value.clone_into(&mut self.mobile),
            Property::MobilePages => self.pages = value == "Y",
            Property::MobileEnabled => self.enabled = value == "Y",
        }
    }
}
