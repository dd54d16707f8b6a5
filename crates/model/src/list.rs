//! The lists of an account.

use serde::{Deserialize, Serialize};

/// One of an account's lists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum List {
    /// FL, the forward list: whom the account watches.
    Forward,
    /// AL, the allow list: who may see and call the account.
    Allow,
    /// BL, the block list: who may not. Never together with [`List::Allow`].
    Block,
    /// RL, the reverse list: who has the account on their forward list. Derived.
    Reverse,
    /// PL (MSNP10+): who added the account and still waits for its answer.
    Pending,
}

impl List {
    const fn bit(self) -> u8 {
        match self {
            Self::Forward => 1,
            Self::Allow => 2,
            Self::Block => 4,
            Self::Reverse => 8,
            Self::Pending => 16,
        }
    }
}

/// The lists that one contact is on, as the bits of MSNP8: FL 1, AL 2, BL 4, RL 8, PL 16.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Lists(pub u8);

impl Lists {
    /// On no list.
    pub const NONE: Self = Self(0);
    /// The bits that the account itself decides, and that the store keeps: all but RL.
    pub const OWN: Self = Self(1 | 2 | 4 | 16);

    /// Is it on `list`?
    pub const fn has(self, list: List) -> bool {
        self.0 & list.bit() != 0
    }

    /// The same, and on `list`.
    #[must_use]
    pub const fn with(self, list: List) -> Self {
        Self(self.0 | list.bit())
    }

    /// The same, but not on `list`.
    #[must_use]
    pub const fn without(self, list: List) -> Self {
        Self(self.0 & !list.bit())
    }

    /// Only the bits of [`Lists::OWN`].
    #[must_use]
    pub const fn own(self) -> Self {
        Self(self.0 & Self::OWN.0)
    }

    /// On no list at all?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
