//! Who is on an account's lists, and on which: eight bytes each, for as long as the account is
//! signed in.

use model::{List, Lists, UserId};

/// How many bits say on which lists someone is.
const BITS: u32 = 4;
/// Those bits: FL, AL, BL, RL. PL follows from them.
const LISTS: Lists = Lists((1 << BITS) - 1);

/// Everyone who is on one of an account's lists, by number.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Circle(Box<[Entry]>);

/// A user's number, and behind it their lists. The store counts accounts up from 1, and never gets
/// to 2⁵⁹.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Entry(i64);

impl Entry {
    fn new(user: UserId, lists: Lists) -> Self {
        Self(user.0 << BITS | i64::from(lists.0 & LISTS.0))
    }

    const fn user(self) -> UserId {
        UserId(self.0 >> BITS)
    }

    const fn lists(self) -> Lists {
        Lists(self.0.to_le_bytes()[0] & LISTS.0)
    }
}

impl Circle {
    /// The lists that someone is on.
    pub fn lists_of(&self, user: UserId) -> Lists {
        self.find(user).map_or(Lists::NONE, |at| self.0[at].lists())
    }

    /// Puts someone on these lists and no others.
    pub fn set(&mut self, user: UserId, lists: Lists) {
        let entry = Entry::new(user, lists);
        match self.find(user) {
            Ok(at) if !lists.is_empty() => self.0[at] = entry,
            Ok(at) => self.rebuild(|entries| {
                entries.remove(at);
            }),
            Err(at) if !lists.is_empty() => self.rebuild(|entries| entries.insert(at, entry)),
            Err(_) => {}
        }
    }

    /// Everyone, and their lists.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, Lists)> {
        self.0.iter().map(|entry| (entry.user(), entry.lists()))
    }

    /// Those on `list`.
    pub fn on(&self, list: List) -> impl Iterator<Item = UserId> {
        self.iter().filter(move |(_, lists)| lists.has(list)).map(|(user, _)| user)
    }

    fn find(&self, user: UserId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&user, |entry| entry.user())
    }

    fn rebuild(&mut self, change: impl FnOnce(&mut Vec<Entry>)) {
        let mut entries = std::mem::take(&mut self.0).into_vec();
        change(&mut entries);
        self.0 = entries.into_boxed_slice();
    }
}

/// Whoever is on no list is left out.
impl FromIterator<(UserId, Lists)> for Circle {
    fn from_iter<I: IntoIterator<Item = (UserId, Lists)>>(people: I) -> Self {
        let listed = people.into_iter().filter(|(_, lists)| !lists.is_empty());
        let mut entries: Vec<Entry> = listed.map(|(user, lists)| Entry::new(user, lists)).collect();
        entries.sort_unstable();
        Self(entries.into_boxed_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_who_is_on_which_lists() {
        let people = [(7, 8), (1 << 58, 15), (1, 2), (4, 0)].map(|(user, lists)| (UserId(user), Lists(lists)));
        let mut circle: Circle = people.into_iter().collect();
        let all = |circle: &Circle| circle.iter().map(|(user, lists)| (user.0, lists.0)).collect::<Vec<_>>();
        assert_eq!(all(&circle), [(1, 2), (7, 8), (1 << 58, 15)]);
        assert_eq!(circle.on(List::Allow).map(|user| user.0).collect::<Vec<_>>(), [1, 1 << 58]);
        circle.set(UserId(3), Lists(5));
        circle.set(UserId(7), Lists(9));
        circle.set(UserId(1), Lists::NONE);
        circle.set(UserId(2), Lists::NONE);
        assert_eq!(all(&circle), [(3, 5), (7, 9), (1 << 58, 15)]);
        assert_eq!((circle.lists_of(UserId(3)), circle.lists_of(UserId(1))), (Lists(5), Lists::NONE));
        assert_eq!(size_of_val(&*circle.0), 3 * 8);
    }
}
