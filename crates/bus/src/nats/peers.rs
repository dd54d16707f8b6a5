//! Who else is on the bus, and whether all that they sent has come. Pure.
//!
//! NATS delivers at most once. So each daemon numbers what it sends to each other one, and says
//! now and then how far it has come: whoever sees a number missing knows that something was lost,
//! and of whom, and can put right what follows from it.

use std::collections::BTreeMap;

use model::{NodeId, Role};

use super::wire::{Card, DaemonName};
use crate::{Members, Node};

/// A daemon that says nothing for so many beats is gone.
const SILENT_BEATS: u32 = 3;

/// The other daemons, as this one sees them.
#[derive(Default)]
pub(super) struct Peers {
    known: BTreeMap<NodeId, Peer>,
}

struct Peer {
    card: Card,
    /// Beats since it said anything.
    silent: u32,
    /// The number of the next frame to it.
    next: u64,
    /// What that was when we last said so.
    marked: u64,
    /// The number of its next frame to us.
    expected: u64,
}

/// What a card tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    /// Someone who was not there.
    New,
    /// Someone who was, perhaps with another load.
    Known,
    /// Someone else who says that they have the number of one who is there.
    Clash,
}

/// What the number of a frame tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// It is the next one.
    InOrder,
    /// Something before it was lost.
    Missed,
    /// We do not know who that is.
    Stranger,
}

impl Peers {
    /// Someone says who they are, and perhaps what the number of their next frame is. Who is new
    /// begins at 0 otherwise.
    pub(super) fn card(&mut self, card: Card, number: Option<u64>) -> Seen {
        match self.known.get_mut(&card.node.id) {
            Some(peer) if peer.card.token != card.token => Seen::Clash,
            Some(peer) => {
                (peer.card, peer.silent) = (card, 0);
                Seen::Known
            }
            None => {
                let peer = Peer { card, silent: 0, next: 0, marked: 0, expected: number.unwrap_or(0) };
                self.known.insert(peer.card.node.id, peer);
                Seen::New
            }
        }
    }

    /// A frame has come that carries something, with this number.
    pub(super) fn heard(&mut self, from: NodeId, name: &str, number: u64) -> Heard {
        self.compare(from, name, number, 1)
    }

    /// Someone says what the number of their next frame is.
    pub(super) fn marked(&mut self, from: NodeId, name: &str, number: u64) -> Heard {
        self.compare(from, name, number, 0)
    }

    fn compare(&mut self, from: NodeId, name: &str, number: u64, step: u64) -> Heard {
        let Some(peer) = self.known.get_mut(&from).filter(|peer| peer.card.name.is(name)) else {
            return Heard::Stranger;
        };
        peer.silent = 0;
        let expected = std::mem::replace(&mut peer.expected, number.saturating_add(step));
        if expected == number { Heard::InOrder } else { Heard::Missed }
    }

    /// The number of the frame that goes to someone now. None if they are not there.
    pub(super) fn number(&mut self, to: NodeId) -> Option<(u64, DaemonName)> {
        let peer = self.known.get_mut(&to)?;
        peer.next += 1;
        Some((peer.next - 1, peer.card.name.clone()))
    }

    /// A frame to someone is not sent: they are to know that something is missing.
    pub(super) fn skip(&mut self, to: NodeId) {
        if let Some(peer) = self.known.get_mut(&to) {
            peer.next += 1;
        }
    }

    /// How many frames were sent to someone; taken as told to them.
    pub(super) fn count(&mut self, to: NodeId) -> Option<(u64, DaemonName)> {
        let peer = self.known.get_mut(&to)?;
        peer.marked = peer.next;
        Some((peer.next, peer.card.name.clone()))
    }

    /// Those who do not know yet how many frames were sent to them.
    pub(super) fn unmarked(&self) -> Vec<NodeId> {
        self.known.iter().filter(|(_, peer)| peer.marked != peer.next).map(|(id, _)| *id).collect()
    }

    /// A beat has passed. Forgets those who have been silent for too long, and tells who.
    pub(super) fn beat(&mut self) -> Vec<NodeId> {
        let mut gone = Vec::new();
        self.known.retain(|id, peer| {
            peer.silent += 1;
            let stays = peer.silent <= SILENT_BEATS;
            if !stays {
                gone.push(*id);
            }
            stays
        });
        gone
    }

    /// We could not hear anyone for a while: that is no silence of theirs.
    pub(super) fn pardon(&mut self) {
        self.known.values_mut().for_each(|peer| peer.silent = 0);
    }

    /// Someone has left.
    pub(super) fn forget(&mut self, id: NodeId) -> bool {
        self.known.remove(&id).is_some()
    }

    /// Everyone has.
    pub(super) fn forget_all(&mut self) -> Vec<NodeId> {
        std::mem::take(&mut self.known).into_keys().collect()
    }

    /// Is someone there who has this token?
    pub(super) fn is(&self, id: NodeId, token: &[u8; 16]) -> bool {
        self.known.get(&id).is_some_and(|peer| peer.card.token == *token)
    }

    pub(super) fn has(&self, id: NodeId) -> bool {
        self.known.contains_key(&id)
    }

    /// The numbers of all.
    pub(super) fn ids(&self) -> Vec<NodeId> {
        self.known.keys().copied().collect()
    }

    /// Those with this role.
    pub(super) fn of_role(&self, role: Role) -> impl Iterator<Item = &Node> {
        self.known.values().map(|peer| &peer.card.node).filter(move |node| node.role == role)
    }

    /// All of them, and ourselves.
    pub(super) fn members(&self, me: &Node) -> Members {
        Members::new(self.known.values().map(|peer| peer.card.node.clone()).chain([me.clone()]))
    }
}

#[cfg(test)]
mod tests {
    use model::Endpoint;

    use super::*;

    const B: NodeId = NodeId(2);

    fn card(token: u8) -> Card {
        let endpoint = Endpoint::SameHost(1864);
        let node = Node { id: B, role: Role::Notification, endpoint, weight: 1, load: 0, draining: false };
        Card { name: DaemonName::of("b"), token: [token; 16], node, asks: false, leaves: false }
    }

    #[test]
    fn what_is_missing_is_noticed() {
        let mut peers = Peers::default();
        assert_eq!(peers.heard(B, "b", 0), Heard::Stranger);
        assert_eq!(peers.card(card(1), Some(4)), Seen::New);
        assert_eq!(peers.card(card(1), None), Seen::Known);
        assert_eq!(peers.marked(B, "b", 4), Heard::InOrder, "wherever it begins");
        assert_eq!(peers.heard(B, "b", 4), Heard::InOrder);
        assert_eq!(peers.heard(B, "b", 5), Heard::InOrder);
        assert_eq!(peers.heard(B, "b", 7), Heard::Missed);
        assert_eq!(peers.heard(B, "b", 8), Heard::InOrder);
        assert_eq!(peers.marked(B, "b", 9), Heard::InOrder);
        assert_eq!(peers.marked(B, "b", 10), Heard::Missed, "the last one was lost");
        assert_eq!(peers.heard(B, "b", 0), Heard::Missed, "it has begun anew");
        assert_eq!(peers.heard(B, "c", 1), Heard::Stranger, "who speaks for another is nobody");
    }

    #[test]
    fn marks_are_due_only_where_something_was_sent() {
        let mut peers = Peers::default();
        assert_eq!(peers.number(B), None);
        peers.card(card(1), None);
        assert_eq!(peers.unmarked(), []);
        assert_eq!(peers.number(B).map(|(number, _)| number), Some(0));
        peers.skip(B);
        assert_eq!(peers.unmarked(), [B]);
        assert_eq!(peers.count(B).map(|(number, _)| number), Some(2));
        assert_eq!(peers.unmarked(), []);
    }

    #[test]
    fn the_silent_are_gone_and_a_number_is_one_daemons() {
        let mut peers = Peers::default();
        peers.card(card(1), None);
        assert_eq!(peers.card(card(2), None), Seen::Clash);
        for _ in 0..SILENT_BEATS {
            assert_eq!(peers.beat(), []);
        }
        peers.pardon();
        for _ in 0..SILENT_BEATS {
            assert_eq!(peers.beat(), []);
        }
        assert_eq!(peers.beat(), [B]);
        assert!(!peers.has(B));
        assert_eq!(peers.card(card(2), None), Seen::New);
        assert!(peers.is(B, &[2; 16]) && !peers.is(B, &[1; 16]));
    }
}
