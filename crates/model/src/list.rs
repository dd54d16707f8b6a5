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
    /// PL (MSNP10+): who added the account and still waits for its answer. Derived: who is on RL,
    /// but neither on AL nor on BL. Clients of earlier dialects ask their users about just those.
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
    /// The bits that the account itself decides, and that the store keeps.
    pub const OWN: Self = Self(1 | 2 | 4);

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

    /// The bits that MSNP10+ clients are told: those who wait for an answer are on PL instead of RL.
    #[must_use]
    pub const fn with_pending(self) -> Self {
        if self.is_pending() { self.without(List::Reverse).with(List::Pending) } else { self }
    }

    /// Does this person wait for the account's answer?
    pub const fn is_pending(self) -> bool {
        self.has(List::Reverse) && !self.has(List::Allow) && !self.has(List::Block)
    }

    /// On no list at all?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_watched_by_someone_unanswered_sees_them_on_pl() {
        assert_eq!(Lists(8).with_pending(), Lists(16));
        assert_eq!(Lists(8 | 1).with_pending(), Lists(16 | 1), "to watch them is no answer yet");
        assert_eq!(Lists(8 | 2).with_pending(), Lists(8 | 2));
        assert_eq!(Lists(8 | 4).with_pending(), Lists(8 | 4));
        assert_eq!(Lists(1).with_pending(), Lists(1));
    }
}
