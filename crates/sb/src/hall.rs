//! The rooms of a switchboard.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use bus::{Answering, Handler, Member, Members, Node, Request, Response};
use daemon::link::batch;
use daemon::listener::Seat;
use daemon::{Client, Parts, ServeError, Shutdown};
use logic::sb::{Notice as ToSession, Room, Rules, Session};
use model::{Endpoint, NodeId, Notice, Role, RoomId};
use store::Store;

use crate::desk::Desk;

/// A room that several sessions share.
pub(crate) type SharedRoom = Arc<Mutex<Room<Client<ToSession>>>>;

/// What all sessions of a switchboard share.
pub struct Hall {
    pub(crate) id: NodeId,
    pub(crate) endpoint: Endpoint,
    pub(crate) rules: Arc<Rules>,
    pub(crate) store: Store,
    rooms: Mutex<HashMap<RoomId, SharedRoom>>,
    /// With so many rooms, no more are begun here.
    most: usize,
    /// The number of the next room; it starts anywhere.
    next: AtomicU32,
    /// Our place on the bus. The task that serves holds it.
    member: OnceLock<Weak<Member>>,
    shutdown: Shutdown,
}

impl Hall {
    /// Joins the bus. The switchboard is there for as long as the member is held.
    pub async fn open(
        parts: &Parts,
        endpoint: Endpoint,
        shutdown: &Shutdown,
    ) -> Result<(Arc<Self>, Arc<Member>), ServeError> {
        let id = NodeId(rand::random());
        let hall = Arc::new(Self {
            id,
            endpoint: endpoint.clone(),
            rules: Arc::new(parts.config.sb_rules()),
            store: parts.store.clone(),
            rooms: Mutex::default(),
            most: parts.config.sb.rooms,
            next: AtomicU32::new(rand::random()),
            member: OnceLock::new(),
            shutdown: shutdown.clone(),
        });
        let node = Node { id, role: Role::Switchboard, endpoint, weight: 1, load: 0, draining: false };
        let member = Arc::new(parts.bus.join(node, Arc::clone(&hall) as _).await?);
        hall.member.get_or_init(|| Arc::downgrade(&member));
        Ok((hall, member))
    }

    /// A client has connected.
    pub fn seat(self: &Arc<Self>, seat: Seat<ToSession>) -> (Session, Desk) {
        (Session::new(Arc::clone(&self.rules)), Desk::new(Arc::clone(self), seat))
    }

    pub(crate) fn member(&self) -> Option<Arc<Member>> {
        self.member.get().and_then(Weak::upgrade)
    }

    /// A new, empty room. Its number is that of no other room for two thousand million rooms to
    /// come, so that a late answer to a call cannot lead into a stranger's.
    pub(crate) fn open_room(&self, now: Instant) -> (RoomId, SharedRoom) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed) & i32::MAX as u32;
            let mut rooms = self.rooms();
            if number != 0
                && let Entry::Vacant(vacant) = rooms.entry(RoomId(number))
            {
                let room = Arc::new(Mutex::new(Room::new(RoomId(number), now)));
                vacant.insert(Arc::clone(&room));
                self.announce(rooms.len());
                return (RoomId(number), room);
            }
        }
    }

    /// The room with this number, for the bearer of a cookie for it. Everyone may have left it
    /// meanwhile: then whoever was called comes into an empty one.
    pub(crate) fn called_into(&self, id: RoomId, now: Instant) -> SharedRoom {
        let mut rooms = self.rooms();
        let room = rooms.entry(id).or_insert_with(|| Arc::new(Mutex::new(Room::new(id, now))));
        Arc::clone(room)
    }

    /// Nobody is in this room any more.
    pub(crate) fn drop_room(&self, id: RoomId) {
        let mut rooms = self.rooms();
        rooms.remove(&id);
        self.announce(rooms.len());
    }

    /// Closes every room.
    pub(crate) fn close(&self) {
        let rooms: Vec<SharedRoom> = self.rooms().drain().map(|(_, room)| room).collect();
        batch(|| rooms.iter().for_each(|room| lock(room).close()));
    }

    /// May a conversation begin here?
    fn is_ready(&self) -> bool {
        !self.shutdown.is_draining() && self.rooms().len() < self.most
    }

    /// How many rooms there are.
    pub(crate) fn load(&self) -> u32 {
        u32::try_from(self.rooms().len()).unwrap_or(u32::MAX)
    }

    /// Tells the other daemons that no new rooms are taken.
    pub(crate) fn announce_draining(&self) {
        let rooms = self.rooms();
        self.announce(rooms.len());
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomId, SharedRoom>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self, rooms: usize) {
        if let Some(member) = self.member() {
            member.announce(u32::try_from(rooms).unwrap_or(u32::MAX), self.shutdown.is_draining());
        }
    }
}

/// Locks a room.
pub(crate) fn lock(room: &SharedRoom) -> MutexGuard<'_, Room<Client<ToSession>>> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A switchboard is asked only whether it has room.
impl Handler for Hall {
    fn notice(&self, _: NodeId, _: Notice) {}

    fn request(self: Arc<Self>, _: NodeId, request: Request) -> Answering {
        Box::pin(async move {
            match request {
                Request::Ready if self.is_ready() => Response::Ready,
                Request::Ready => Response::NotReady,
                _ => Response::Failed,
            }
        })
    }

    fn members(&self, _: &Arc<Members>) {}
}
