//! Who is connected to the hub, whom they hold, and where each message goes. Nothing here does
//! I/O: what is to be sent is put into the outboxes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use model::{NodeId, Role};
use tracing::{debug, info, warn};

use super::outbox::{Cut, Outbox};
use super::wire::{Down, Outcome, Up, frame, frame_around, open};
use crate::directory::Directory;
use crate::{Address, LONGEST_DEADLINE, Node};

/// The hub's whole state.
#[derive(Default)]
pub(super) struct Table {
    places: HashMap<NodeId, Place>,
    directory: Directory,
    /// The requests that wait for their answer, oldest first.
    asked: BTreeMap<u64, Asked>,
    /// The number of the last request.
    requests: u64,
    /// The number of the last connection.
    connections: u64,
}

struct Place {
    node: Node,
    token: [u8; 16],
    connection: u64,
    outbox: Arc<Outbox>,
}

struct Asked {
    asker: NodeId,
    /// The asker's own number for it.
    id: u64,
    answerer: NodeId,
    since: Instant,
}

/// A member's number is taken by another.
#[derive(Debug)]
pub(super) struct Taken;

impl Table {
    /// Gives a member its place and welcomes it. Returns the number of its connection, by which
    /// its end is told from that of an earlier one.
    pub(super) fn join(&mut self, node: Node, token: [u8; 16], outbox: Arc<Outbox>, settle: u32) -> Result<u64, Taken> {
        let id = node.id;
        if let Some(before) = self.places.get(&id) {
            if before.token != token {
                return Err(Taken);
            }
            before.outbox.cut(Cut::Replaced);
            self.clear(id);
        }
        info!(node = %id, role = %node.role, "joined the bus");
        self.tell_all(&frame(&Down::Joined(node.clone())));
        let others = self.places.values().map(|place| place.node.clone());
        let members = others.chain([node.clone()]).collect();
        outbox.push(frame(&Down::Welcome { members, settle }));
        self.connections += 1;
        let connection = self.connections;
        self.places.insert(id, Place { node, token, connection, outbox });
        Ok(connection)
    }

    /// A connection has ended: its member is gone, unless it has another one by now.
    pub(super) fn leave(&mut self, id: NodeId, connection: u64) {
        if self.places.get(&id).is_some_and(|place| place.connection == connection) {
            self.clear(id);
            self.tell_all(&frame(&Down::Left(id)));
            info!(node = %id, "left the bus");
        }
    }

    /// Forgets a member and whom it held. Whoever waits for its answer learns that none comes.
    fn clear(&mut self, id: NodeId) {
        self.places.remove(&id);
        self.directory.forget(id);
        let places = &self.places;
        self.asked.retain(|_, asked| {
            if asked.answerer == id && asked.asker != id {
                tell(places, asked.asker, frame(&Down::Response { id: asked.id, outcome: Outcome::Lost }));
            }
            asked.answerer != id && asked.asker != id
        });
    }

    /// Does what a member's frame says.
    pub(super) fn route(&mut self, from: NodeId, connection: u64, bytes: &[u8]) -> Result<(), postcard::Error> {
        let (header, message) = open::<Up>(bytes)?;
        let role = match self.places.get(&from) {
            Some(place) if place.connection == connection => place.node.role,
            // Replaced, and what it still says does not count.
            _ => return Ok(()),
        };
        match header {
            Up::Join { .. } => return Err(postcard::Error::DeserializeBadEncoding),
            Up::Hold(_) if role != Role::Notification => {
                warn!(node = %from, %role, "only notification servers can hold users");
            }
            Up::Hold(users) => users.iter().for_each(|user| self.directory.hold(from, user)),
            Up::Release(users) => users.iter().for_each(|user| self.directory.release(from, user)),
            Up::Load { load, draining } => self.load(from, load, draining),
            Up::Notice(to) => self.notice(from, &to, message),
            Up::Request { id, to } => self.request(from, id, &to, message),
            Up::Response { id } => self.response(from, id, message),
            Up::Beat => {}
        }
        Ok(())
    }

    fn load(&mut self, id: NodeId, load: u32, draining: bool) {
        if let Some(place) = self.places.get_mut(&id) {
            (place.node.load, place.node.draining) = (load, draining);
        }
        self.tell_all(&frame(&Down::Load { id, load, draining }));
    }

    fn notice(&self, from: NodeId, to: &Address, message: &[u8]) {
        let frame = frame_around(&Down::Notice { from }, message);
        match to {
            Address::Role(role) => self.others(*role, from).for_each(|place| place.outbox.push(frame.clone())),
            one => match self.one(one, from) {
                Some(place) => place.outbox.push(frame),
                None => debug!(%to, "nobody is there for a notice"),
            },
        }
    }

    fn request(&mut self, from: NodeId, id: u64, to: &Address, message: &[u8]) {
        let Some(place) = self.one(to, from) else {
            return tell(&self.places, from, frame(&Down::Response { id, outcome: Outcome::Nobody }));
        };
        let number = self.requests + 1;
        place.outbox.push(frame_around(&Down::Request { id: number, from }, message));
        let asked = Asked { asker: from, id, answerer: place.node.id, since: Instant::now() };
        self.requests = number;
        self.asked.insert(number, asked);
    }

    fn response(&mut self, from: NodeId, number: u64, message: &[u8]) {
        match self.asked.get(&number) {
            Some(asked) if asked.answerer == from => {
                let header = Down::Response { id: asked.id, outcome: Outcome::Answered };
                tell(&self.places, asked.asker, frame_around(&header, message));
                self.asked.remove(&number);
            }
            Some(_) => warn!(node = %from, "it answers what somebody else was asked"),
            None => debug!(node = %from, "an answer comes too late"),
        }
    }

    /// Forgets the requests that nobody waits for any longer.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(oldest) = self.asked.first_entry()
            && now.saturating_duration_since(oldest.get().since) > LONGEST_DEADLINE
        {
            oldest.remove();
        }
    }

    /// Whom a request, or a notice that is not for a role, goes to.
    fn one(&self, to: &Address, from: NodeId) -> Option<&Place> {
        match to {
            Address::User(user) => self.places.get(&self.directory.holder(user)?),
            Address::Node(id) => self.places.get(id),
            Address::Role(role) => self.others(*role, from).min_by_key(|place| (place.node.draining, place.node.load)),
        }
    }

    fn others(&self, role: Role, but: NodeId) -> impl Iterator<Item = &Place> {
        self.places.values().filter(move |place| place.node.role == role && place.node.id != but)
    }

    fn tell_all(&self, frame: &Bytes) {
        self.places.values().for_each(|place| place.outbox.push(frame.clone()));
    }
}

fn tell(places: &HashMap<NodeId, Place>, to: NodeId, frame: Bytes) {
    if let Some(place) = places.get(&to) {
        place.outbox.push(frame);
    }
}

#[cfg(test)]
mod tests {
    use model::{Email, Endpoint};

    use super::*;
    use crate::hub::wire::{codec, frame_with};

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);
    const C: NodeId = NodeId(3);

    fn node(id: NodeId) -> Node {
        let role = Role::Notification;
        Node { id, role, endpoint: Endpoint::SameHost(1), weight: 1, load: 0, draining: false }
    }

    /// Three members, and what waits for each.
    struct Hub(Table, HashMap<NodeId, (u64, Arc<Outbox>)>);

    impl Hub {
        fn of_three() -> Self {
            let mut hub = Self(Table::default(), HashMap::new());
            [A, B, C].into_iter().for_each(|id| hub.join(id));
            [A, B, C].into_iter().for_each(|id| drop(hub.got(id)));
            hub
        }

        fn join(&mut self, id: NodeId) {
            let outbox = Arc::new(Outbox::new());
            let connection = self.0.join(node(id), [0; 16], Arc::clone(&outbox), 0).unwrap();
            self.1.insert(id, (connection, outbox));
        }

        fn says(&mut self, id: NodeId, frame: &[u8]) {
            self.0.route(id, self.1[&id].0, frame).unwrap();
        }

        fn got(&self, id: NodeId) -> Vec<Down> {
            use tokio_util::codec::Decoder;
            let mut bytes = self.1[&id].1.take();
            let mut codec = codec(1 << 20);
            std::iter::from_fn(|| codec.decode(&mut bytes).unwrap()).map(|f| open::<Down>(&f).unwrap().0).collect()
        }
    }

    #[test]
    fn a_member_speaks_only_for_itself() {
        let mut hub = Hub::of_three();
        let request = Up::Request { id: 70, to: Address::Node(B) };
        hub.says(A, &frame_with(&request, &1u8));
        assert_eq!(hub.got(B), [Down::Request { id: 1, from: A }]);
        hub.says(C, &frame_with(&Up::Response { id: 1 }, &1u8));
        assert_eq!(hub.got(A), [], "C was not asked");
        hub.says(B, &frame_with(&Up::Response { id: 1 }, &1u8));
        hub.says(B, &frame_with(&Up::Response { id: 1 }, &1u8));
        assert_eq!(hub.got(A), [Down::Response { id: 70, outcome: Outcome::Answered }]);
        assert!(hub.0.route(A, hub.1[&A].0, &frame(&Up::Join { node: node(C), token: [0; 16] })).is_err());
    }

    #[test]
    fn a_number_belongs_to_who_has_its_token() {
        let mut hub = Hub::of_three();
        assert!(hub.0.join(node(A), [1; 16], Arc::new(Outbox::new()), 0).is_err());
        let before = hub.1[&A].0;
        hub.join(A);
        assert_eq!(hub.got(B), [Down::Joined(node(A))]);
        hub.0.leave(A, before);
        assert_eq!(hub.got(B), [], "the connection that ended was not the member's last");
        hub.0.leave(A, hub.1[&A].0);
        assert_eq!(hub.got(B), [Down::Left(A)]);
    }

    #[test]
    fn who_waits_for_one_that_leaves_learns_it_at_once() {
        let mut hub = Hub::of_three();
        let amy = Email::parse("amy@example.com").unwrap();
        hub.says(B, &frame(&Up::Hold(vec![amy.clone()])));
        hub.says(A, &frame_with(&Up::Request { id: 5, to: Address::User(amy.clone()) }, &1u8));
        hub.0.leave(B, hub.1[&B].0);
        assert_eq!(hub.got(A), [Down::Response { id: 5, outcome: Outcome::Lost }, Down::Left(B)]);
        hub.says(A, &frame_with(&Up::Request { id: 6, to: Address::User(amy) }, &1u8));
        assert_eq!(hub.got(A), [Down::Response { id: 6, outcome: Outcome::Nobody }]);
        assert!(hub.0.asked.is_empty());
    }

    #[test]
    fn requests_are_not_kept_for_ever() {
        let mut hub = Hub::of_three();
        hub.says(A, &frame_with(&Up::Request { id: 5, to: Address::Role(Role::Notification) }, &1u8));
        hub.0.expire(Instant::now());
        assert_eq!(hub.0.asked.len(), 1);
        hub.0.expire(Instant::now() + LONGEST_DEADLINE * 2);
        assert!(hub.0.asked.is_empty());
    }
}
