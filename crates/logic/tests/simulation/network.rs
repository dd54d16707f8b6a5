//! A network on which each server's messages to another arrive in order, late, or not at all.

use std::collections::{BTreeMap, VecDeque};

use model::{NodeId, Notice};

/// What goes from one server to another.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    Notice(Notice),
    /// The carrier's own: so many notices were sent so far.
    Count,
}

/// What one server has sent another.
#[derive(Default)]
struct Pair {
    queue: VecDeque<Sent>,
    /// When the last one is to arrive.
    last: u64,
    /// How many notices were sent.
    sent: u64,
    /// The number of the last that arrived.
    arrived: u64,
}

struct Sent {
    at: u64,
    number: u64,
    parcel: Parcel,
}

/// What arrives.
pub(crate) struct Arrival {
    pub(crate) parcel: Parcel,
    /// Something that was sent before is lost.
    pub(crate) gap: bool,
}

/// All that is on its way.
#[derive(Default)]
pub(crate) struct Network {
    pairs: BTreeMap<(NodeId, NodeId), Pair>,
}

impl Network {
    /// Sends. It arrives at `at`, or when what was sent before has. `lost`: it will not.
    pub(crate) fn send(&mut self, way: (NodeId, NodeId), parcel: Parcel, at: u64, lost: bool) -> u64 {
        let pair = self.pairs.entry(way).or_default();
        pair.sent += u64::from(matches!(parcel, Parcel::Notice(_)));
        pair.last = pair.last.max(at);
        if !lost {
            pair.queue.push_back(Sent { at: pair.last, number: pair.sent, parcel });
        }
        pair.last
    }

    /// The next one that arrives by now.
    pub(crate) fn arrive(&mut self, way: (NodeId, NodeId), now: u64) -> Option<Arrival> {
        let pair = self.pairs.get_mut(&way)?;
        let sent = pair.queue.pop_front_if(|sent| sent.at <= now)?;
        let before = std::mem::replace(&mut pair.arrived, sent.number);
        let expected = before + u64::from(matches!(sent.parcel, Parcel::Notice(_)));
        Some(Arrival { parcel: sent.parcel, gap: sent.number != expected })
    }

    /// Loses those of the messages on these ways that `which` picks.
    pub(crate) fn lose(&mut self, ways: impl Fn(NodeId, NodeId) -> bool, mut which: impl FnMut() -> bool) -> usize {
        let mut lost = 0;
        for ((from, to), pair) in &mut self.pairs {
            if ways(*from, *to) {
                let before = pair.queue.len();
                pair.queue.retain(|_| !which());
                lost += before - pair.queue.len();
            }
        }
        lost
    }
}
