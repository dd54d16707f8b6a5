//! Who knows whom.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{Rng, RngExt as _, SeedableRng as _};

/// People who are on lists and never sign in.
pub(super) const ABSENT: usize = 5_000;
/// Contacts of a user: log-normal.
const MEDIAN: f64 = 30.0;
const SIGMA: f64 = 1.0;
const MOST: f64 = 600.0;
/// How many of them are there, and how many friendships are mutual.
const THERE: f64 = 0.25;
const MUTUAL: f64 = 0.9;
/// How many users sign out and in during a run; the others stay.
const MOVERS: f64 = 0.1;

/// The lists of all who sign in, by number.
pub(super) struct Graph {
    /// Whom each has on the forward list: first those who are there.
    pub(super) lists: Vec<Vec<usize>>,
    /// Who of those that stay has each on theirs.
    pub(super) watchers: Vec<Vec<usize>>,
    /// Whom each may call: contacts who stay.
    pub(super) callees: Vec<Vec<usize>>,
    /// From this number on, people sign out and in.
    pub(super) steady: usize,
}

impl Graph {
    /// Draws one. The same seed gives the same.
    pub(super) fn draw(n: usize, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut sets: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); n];
        let sizes: Vec<f64> = (0..n).map(|_| (MEDIAN * (SIGMA * normal(&mut rng)).exp()).clamp(1.0, MOST)).collect();
        for one in 0..n {
            // Half of them are drawn here, and as many come by the others' draws.
            let there = sizes[one] * THERE / 2.0;
            let count = there as usize + usize::from(rng.random::<f64>() < there.fract());
            for _ in 0..count {
                let other = rng.random_range(0..n);
                if other != one {
                    sets[one].insert(other);
                    if rng.random::<f64>() < MUTUAL {
                        sets[other].insert(one);
                    }
                }
            }
        }
        let steady = n - (n as f64 * MOVERS) as usize;
        let (mut watchers, mut callees) = (vec![Vec::new(); n], Vec::with_capacity(n));
        for (one, set) in sets.iter().enumerate() {
            callees.push(set.iter().copied().filter(|other| *other < steady).collect());
            for other in set.iter().filter(|_| one < steady) {
                watchers[*other].push(one);
            }
        }
        let lists = sets.into_iter().zip(&sizes).map(|(set, size)| {
            let mut list: Vec<_> = set.into_iter().collect();
            let absent = ((size * (1.0 - THERE)) as usize).min(MOST as usize - list.len().min(MOST as usize));
            let first = rng.random_range(0..ABSENT);
            list.extend((0..absent).map(|next| n + (first + next) % ABSENT));
            list
        });
        Self { lists: lists.collect(), watchers, callees, steady }
    }
}

/// A standard normal deviate (Box and Muller).
fn normal(rng: &mut impl Rng) -> f64 {
    let (a, b) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_as_long_as_people_had_them() {
        let graph = Graph::draw(4000, 1);
        let mut sizes: Vec<_> = graph.lists.iter().map(Vec::len).collect();
        sizes.sort_unstable();
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((24..=36).contains(&sizes[2000]) && (40..=56).contains(&mean), "{} {mean}", sizes[2000]);
        assert!(*sizes.last().unwrap() <= 600);
        let watchers = graph.watchers.iter().map(Vec::len).sum::<usize>() as f64 / 4000.0 / 0.9;
        assert!((9.0..14.0).contains(&watchers), "{watchers}");
        assert!(
            graph.lists.iter().enumerate().all(|(one, list)| {
                list.iter().collect::<BTreeSet<_>>().len() == list.len() && !list.contains(&one)
            })
        );
        assert_eq!(Graph::draw(4000, 1).lists, graph.lists);
    }
}
