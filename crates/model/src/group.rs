//! Groups of the forward list.

use serde::{Deserialize, Serialize};

use crate::{Guid, Name};

/// How many groups an account can have, group 0 ("Other Contacts") included.
pub const MAX_GROUPS: u8 = 30;

/// A group's number, 0…29. MSNP10+ clients see the group's [`Guid`] instead.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct GroupId(u8);

impl GroupId {
    /// "Other Contacts": always there, may be renamed, never removed.
    pub const OTHER: Self = Self(0);

    /// The group with this number, if a group can have it.
    pub const fn new(number: u8) -> Option<Self> {
        if number < MAX_GROUPS { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// A group of the forward list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Its number, as MSNP7–9 see it.
    pub id: GroupId,
    /// Its identifier, as MSNP10+ see it.
    pub guid: Guid,
    /// What its owner calls it.
    pub name: Name,
}

/// The groups that a contact is in: one bit per [`GroupId`]. None at all means "Other Contacts".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct GroupSet(pub u32);

impl GroupSet {
    /// In no group.
    pub const NONE: Self = Self(0);

    /// Is `id` among them?
    pub const fn has(self, id: GroupId) -> bool {
        self.0 & (1 << id.0) != 0
    }

    /// The same and `id`.
    #[must_use]
    pub const fn with(self, id: GroupId) -> Self {
        Self(self.0 | 1 << id.0)
    }

    /// The same without `id`.
    #[must_use]
    pub const fn without(self, id: GroupId) -> Self {
        Self(self.0 & !(1 << id.0))
    }

    /// In no group?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The groups, lowest number first.
    pub fn iter(self) -> impl Iterator<Item = GroupId> {
        (0..MAX_GROUPS).map(GroupId).filter(move |id| self.has(*id))
    }
}
