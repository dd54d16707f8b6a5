//! Two notification servers that may have missed something of each other are made whole, and of
//! two sessions of one account that meet the later stays.
//!
//! It begins anew at any time, whatever was lost of the time before. Each server tells whom it
//! [holds](News::Held); the other answers with all its watches of them, which replace what was
//! known of its watchers; and to these everyone is shown again. Whoever has been shown before, and
//! not since the watches were renewed, is gone. Clients are told only what is different.

use model::{Address, Heal, NodeId, Notice as News, UserId};

use super::watchers::retain_everywhere;
use super::{ENDING, Presence};
use crate::Outlet;
use crate::ns::Notice;

/// Most users in one message: each takes at most 20 bytes, and the bus carries 1 MiB.
pub(super) const BATCH: usize = 1 << 14;

/// Another notification server.
#[derive(Default)]
pub(super) struct Peer {
    /// The highest number of its watches that it has told us.
    told: u64,
    /// It is telling us anew of its users.
    round: Option<Round>,
}

/// One server's users are told anew to another.
struct Round {
    /// When our watches of them were renewed.
    number: u64,
    /// Those who have a later session there. Ours ends when its watchers here have seen the other.
    claims: Vec<(UserId, i64)>,
}

impl<O: Outlet<Notice = Notice>> Presence<O> {
    /// Another notification server has come, or what it and we told each other may have been lost:
    /// tells it everything and asks for the same. Nothing that it says counts before it has come.
    pub fn reconcile(&mut self, node: NodeId, afar: &mut Vec<(Address, News)>) {
        self.roster_news += 1;
        self.peers.entry(node).or_default().round = None;
        self.tell_held(node, true, afar);
    }

    /// A notification server is gone, and everyone whom it held with it.
    pub fn lost(&mut self, node: NodeId, afar: &mut Vec<(Address, News)>) {
        self.peers.remove(&node);
        self.drop_watchers_at(node);
        self.gone_where(node, |_| true, afar);
    }

    /// Is no other server in the middle of telling its users anew?
    pub fn is_whole(&self) -> bool {
        self.peers.values().all(|peer| peer.round.is_none())
    }

    /// The account is signed in elsewhere: its session here, if there is one, is told to end.
    pub fn take_over(&mut self, user: UserId) {
        if let Some(here) = self.here.get_mut(&user) {
            here.end();
        }
    }

    /// These are signed in at `node`.
    pub(super) fn held(&mut self, node: NodeId, users: &[(UserId, i64)], afar: &mut Vec<(Address, News)>) {
        for (user, since) in users {
            let Some(here) = self.here.get_mut(user).filter(|here| here.since != ENDING) else { continue };
            if (here.since, self.me) > (*since, node) {
                if *since != ENDING {
                    afar.push(held_at(node, vec![(*user, here.since)]));
                }
                // What was done in the other session may not be known here.
                here.outlet.notify(Notice::Reload);
            } else if let Some(round) = self.peers.get_mut(&node).and_then(|peer| peer.round.as_mut()) {
                round.claims.push((*user, *since));
            } else {
                here.end();
                // What was done here may not be known there.
                afar.push(held_at(node, vec![(*user, ENDING)]));
            }
        }
        self.follow_back(node, users.iter().map(|(user, _)| *user), afar);
    }

    /// A step of being made whole.
    pub(super) fn heal(&mut self, from: NodeId, step: Heal, afar: &mut Vec<(Address, News)>) {
        let to = Address::Node(from);
        let Some(peer) = self.peers.get_mut(&from) else { return };
        match step {
            Heal::Holding { answer } => {
                self.number += 1;
                let number = self.number;
                peer.round = Some(Round { number, claims: Vec::new() });
                afar.push((to, News::Heal(Heal::Watching { number })));
                if answer {
                    self.tell_held(from, false, afar);
                }
            }
            Heal::Held => {
                if let Some(Round { number, .. }) = peer.round {
                    afar.push((to, News::Heal(Heal::Watched { number })));
                }
            }
            Heal::Watching { number } => {
                peer.told = number;
                self.drop_watchers_at(from);
            }
            Heal::Watched { number } => afar.push((to, News::Heal(Heal::Shown { number }))),
            Heal::Shown { number } => {
                if let Some(round) = peer.round.take_if(|round| round.number == number) {
                    self.gone_where(from, |seer| seer.knows < number, afar);
                    for claim in round.claims {
                        self.held(from, &[claim], afar);
                    }
                }
            }
        }
    }

    /// The highest number of ours that `node` has told us.
    pub(super) fn known(&self, node: NodeId) -> u64 {
        self.peers.get(&node).map_or(0, |peer| peer.told)
    }

    /// `node` has told its highest number.
    pub(super) fn learn(&mut self, node: NodeId, number: u64) {
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.told = number;
        }
    }

    fn tell_held(&self, node: NodeId, answer: bool, afar: &mut Vec<(Address, News)>) {
        afar.push((Address::Node(node), News::Heal(Heal::Holding { answer })));
        let mut users: Vec<(UserId, i64)> = self.here.iter().map(|(user, here)| (*user, here.since)).collect();
        users.sort_unstable();
        for users in users.chunks(BATCH) {
            afar.push(held_at(node, users.to_vec()));
        }
        afar.push((Address::Node(node), News::Heal(Heal::Held)));
    }

    fn drop_watchers_at(&mut self, node: NodeId) {
        retain_everywhere(&mut self.followers, |at| *at != node);
    }
}

fn held_at(node: NodeId, users: Vec<(UserId, i64)>) -> (Address, News) {
    (Address::Node(node), News::Held { users })
}
