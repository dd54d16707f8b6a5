//! Who watches whom, in sixteen bytes for each pair.

use model::UserId;

use super::ByUser;

/// Those who watch someone, by number. With each goes either the number of the watch, or the server
/// from which they watch.
pub(super) struct Watchers<T>(Vec<(UserId, T)>);

impl<T> Default for Watchers<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Ord> Watchers<T> {
    /// Is there nobody?
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (UserId, T)> {
        self.0.iter().copied()
    }

    /// What goes with this watcher: the least of it, if there is more.
    pub(super) fn of(&self, watcher: UserId) -> Option<T> {
        let at = self.0.partition_point(|(other, _)| *other < watcher);
        self.0.get(at).filter(|(other, _)| *other == watcher).map(|(_, with)| *with)
    }

    /// Adds one. False: they are there already.
    pub(super) fn insert(&mut self, watcher: UserId, with: T) -> bool {
        self.0.binary_search(&(watcher, with)).map_err(|at| self.0.insert(at, (watcher, with))).is_err()
    }
}

/// Someone watches `target` no longer, with this or, for `None`, with whatever goes with them. False
/// if they did not. Nothing is kept of someone whom nobody watches, and no room for many where there
/// are few.
pub(super) fn forget<T: Copy + Ord>(
    table: &mut ByUser<Watchers<T>>,
    target: UserId,
    watcher: UserId,
    with: Option<T>,
) -> bool {
    let Some(watchers) = table.get_mut(&target) else { return false };
    let Some(with) = with.or_else(|| watchers.of(watcher)) else { return false };
    let Watchers(all) = watchers;
    let Ok(at) = all.binary_search(&(watcher, with)) else { return false };
    all.remove(at);
    if all.is_empty() {
        table.remove(&target);
    } else if all.len() * 4 < all.capacity() {
        all.shrink_to(all.len() * 2);
    }
    true
}

/// Keeps those with whom goes what `keep` is true for, whoever is watched.
pub(super) fn retain_everywhere<T>(table: &mut ByUser<Watchers<T>>, keep: impl Fn(&T) -> bool) {
    table.retain(|_, Watchers(all)| {
        all.retain(|(_, with)| keep(with));
        !all.is_empty()
    });
}
