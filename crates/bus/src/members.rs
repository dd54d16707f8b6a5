//! Who is there, and which of them is for what. Pure: no carrier in it.

use model::{Email, Endpoint, NodeId, Role};

use crate::Node;

/// Who is on the bus at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Members {
    /// By number.
    nodes: Vec<Node>,
}

impl Members {
    pub(crate) fn new(nodes: impl IntoIterator<Item = Node>) -> Self {
        let mut nodes: Vec<Node> = nodes.into_iter().collect();
        nodes.sort_by_key(|node| node.id);
        Self { nodes }
    }

    /// All of them, by number.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The one with this number, if it is there.
    pub fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.binary_search_by_key(&id, |node| node.id).ok().map(|at| &self.nodes[at])
    }

    /// The notification server that is to serve this user: the same one in the eyes of all who
    /// see the same members. Each live notification server that is not draining gets users in
    /// proportion to its weight (none at weight 0), and only those users move whose server goes
    /// or who belong to one that comes. None if there is no such server.
    pub fn home_of(&self, user: &Email) -> Option<&Node> {
        self.scored(user).max_by(rank).map(|(node, _)| node)
    }

    /// [`Members::home_of`], and behind it the server that would be home if that one were gone,
    /// and so on.
    pub fn homes_of(&self, user: &Email) -> Vec<&Node> {
        let mut scored: Vec<_> = self.scored(user).collect();
        scored.sort_by(|a, b| rank(b, a));
        scored.into_iter().map(|(node, _)| node).collect()
    }

    fn scored(&self, user: &Email) -> impl Iterator<Item = (&Node, f64)> {
        let key = fnv(user.as_str().as_bytes());
        let candidates = self.nodes.iter().filter(|node| takes_new(node, Role::Notification) && node.weight > 0);
        candidates.map(move |node| (node, score(key, node)))
    }

    /// The switchboard servers for the next conversation, best first: those that are not draining,
    /// the one with the least load first, in any order where several have the same.
    pub fn switchboards(&self) -> Vec<&Node> {
        let mut boards: Vec<&Node> = self.nodes.iter().filter(|node| takes_new(node, Role::Switchboard)).collect();
        boards.sort_by_cached_key(|node| (node.load, rand::random::<u32>()));
        boards
    }

    /// Is there another, or one gone, or changed in anything but its load?
    pub(crate) fn differ_from(&self, before: &Self) -> bool {
        let same = |a: &Node, b: &Node| {
            let Node { id, role, endpoint, weight, load: _, draining } = a;
            (*id, *role, endpoint, *weight, *draining) == (b.id, b.role, &b.endpoint, b.weight, b.draining)
        };
        self.nodes.len() != before.nodes.len() || !self.nodes.iter().zip(&before.nodes).all(|(a, b)| same(a, b))
    }
}

/// Orders by score. Equal ones, if ever there are any: everybody takes the lowest number.
fn rank((a, x): &(&Node, f64), (b, y): &(&Node, f64)) -> std::cmp::Ordering {
    x.total_cmp(y).then(b.id.cmp(&a.id))
}

fn takes_new(node: &Node, role: Role) -> bool {
    node.role == role && !node.draining
}

/// What a server's share of the users hangs on: where it is, so that a restart moves nobody.
fn seat(node: &Node) -> String {
    match &node.endpoint {
        Endpoint::Public(address) => address.to_string(),
        Endpoint::SameHost(port) => format!(":{port}"),
    }
}

/// Weighted rendezvous hashing: the chance to have the highest of these scores is the node's
/// share of all weights.
fn score(key: u64, node: &Node) -> f64 {
    let hash = mix(key ^ mix(fnv(seat(node).as_bytes())));
    // The upper 53 bits, as many as a double holds, put into the open interval from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let unit = ((hash >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    -f64::from(node.weight) / unit.ln()
}

// The two functions below decide where users are. All daemons of all versions must agree on
// that, so they are written out here and never change; a test holds them to it.

/// FNV-1a, 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The finalizer of SplitMix64: each bit of the input moves about half of those of the output.
const fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn node(id: u64, role: Role) -> Node {
        Node { id: NodeId(id), role, endpoint: Endpoint::SameHost(id as u16), weight: 100, load: 0, draining: false }
    }

    fn servers(ids: std::ops::Range<u64>) -> Members {
        Members::new(ids.map(|id| node(id, Role::Notification)))
    }

    fn users() -> impl Iterator<Item = Email> {
        (0..10_000).map(|i| Email::parse(&format!("user{i}@example.com")).unwrap())
    }

    fn shares(members: &Members) -> HashMap<u64, usize> {
        let mut shares = HashMap::new();
        for user in users() {
            *shares.entry(members.home_of(&user).unwrap().id.0).or_default() += 1;
        }
        shares
    }

    #[test]
    fn users_are_spread_evenly() {
        let shares = shares(&servers(1..6));
        assert_eq!(shares.len(), 5);
        assert!(shares.values().all(|share| (1_800..=2_200).contains(share)), "{shares:?}");
    }

    #[test]
    fn weights_are_respected() {
        let mut heavy = node(2, Role::Notification);
        heavy.weight = 300;
        let mut idle = node(3, Role::Notification);
        idle.weight = 0;
        let shares = shares(&Members::new([node(1, Role::Notification), heavy, idle]));
        assert!((7_300..=7_700).contains(&shares[&2]), "{shares:?}");
        assert!(!shares.contains_key(&3));
    }

    #[test]
    fn only_those_move_who_belong_to_the_newcomer() {
        let (before, after) = (servers(1..5), servers(1..6));
        let mut moved = 0;
        for user in users() {
            let home = after.home_of(&user).unwrap().id;
            if home != before.home_of(&user).unwrap().id {
                assert_eq!(home, NodeId(5));
                moved += 1;
            }
        }
        assert!((1_800..=2_200).contains(&moved), "{moved}");
    }

    #[test]
    fn the_draining_and_the_others_are_no_home() {
        let user = Email::parse("amy@example.com").unwrap();
        let mut drained = node(1, Role::Notification);
        drained.draining = true;
        assert_eq!(Members::new([drained, node(2, Role::Dispatch)]).home_of(&user), None);
        assert_eq!(Members::default().home_of(&user), None);
    }

    #[test]
    fn homes_are_the_same_forever() {
        let members = servers(1..9);
        let homes: Vec<u64> = users().take(16).map(|user| members.home_of(&user).unwrap().id.0).collect();
        assert_eq!(homes, [4, 8, 2, 5, 8, 6, 3, 4, 1, 3, 6, 5, 4, 6, 7, 3]);
        let user = users().next().unwrap();
        let all: Vec<u64> = members.homes_of(&user).iter().map(|node| node.id.0).collect();
        let without = Members::new(members.nodes().iter().filter(|node| node.id.0 != 4).cloned());
        assert_eq!((all.len(), all[0], all[1]), (8, 4, without.home_of(&user).unwrap().id.0));
        assert_eq!(fnv(b"amy@example.com"), 0x3e21_b676_ba82_4ddf);
        assert_eq!(mix(1), 0x910a_2dec_8902_5cc1);
    }

    #[test]
    fn conversations_go_to_the_least_loaded() {
        let board = |id, load, draining| Node { load, draining, ..node(id, Role::Switchboard) };
        let members = Members::new([board(1, 0, true), board(2, 5, false), board(3, 4, false), board(4, 4, false)]);
        let mut seen = HashMap::<u64, usize>::new();
        for _ in 0..200 {
            let boards = members.switchboards();
            assert_eq!((boards.len(), boards[2].id.0), (3, 2), "the draining one is none, the busiest is last");
            *seen.entry(boards[0].id.0).or_default() += 1;
        }
        assert_eq!(seen.len(), 2);
        assert!(seen[&3] > 50 && seen[&4] > 50, "{seen:?}");
        assert!(servers(1..3).switchboards().is_empty());
    }

    #[test]
    fn mere_load_is_no_difference() {
        let before = servers(1..3);
        let mut after = before.clone();
        after.nodes[0].load = 7;
        assert!(!after.differ_from(&before));
        after.nodes[0].draining = true;
        assert!(after.differ_from(&before));
        assert!(servers(1..4).differ_from(&before));
        assert!(servers(2..4).differ_from(&before));
        assert_eq!(before.get(NodeId(2)).map(|node| node.id), Some(NodeId(2)));
        assert_eq!(before.get(NodeId(3)), None);
    }
}
