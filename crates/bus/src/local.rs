//! The carrier for daemons that share a process.
//!
//! One table under one lock; one queue per member, emptied by one task. Who is there changes for
//! all at the same moment, in [`Members`]; the handlers hear of it through their queues, in order
//! with the notices.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use model::{Email, NodeId, Role};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::{debug, error, warn};

use crate::directory::Directory;
use crate::error::Unanswered;
use crate::{Address, BusError, Handler, Members, Node, Notice, Request, Response, TOGETHER, lock};

/// Most notices that wait for one member. Its handler does not block, so as many wait only if
/// something is badly wrong with it; then memory is worth more than they are.
const QUEUE: usize = 1 << 18;

/// The table that all members share.
#[derive(Default)]
pub(crate) struct Local {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    places: HashMap<NodeId, Place>,
    directory: Directory,
    members: Arc<Members>,
}

struct Place {
    node: Node,
    handler: Arc<dyn Handler>,
    queue: UnboundedSender<News>,
    waiting: Arc<AtomicUsize>,
}

/// What waits for a member.
enum News {
    Notice(NodeId, Notice),
    Members(Arc<Members>),
}

impl Local {
    pub(crate) fn join(self: &Arc<Self>, node: Node, handler: Arc<dyn Handler>) -> Result<Seat, BusError> {
        let mut table = lock(&self.table);
        let (id, role) = (node.id, node.role);
        if table.places.contains_key(&id) {
            return Err(BusError::IdTaken { id });
        }
        let (queue, news) = unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        tokio::spawn(deliver(Arc::clone(&handler), news, Arc::clone(&waiting)));
        table.places.insert(id, Place { node, handler, queue, waiting });
        table.members_changed();
        Ok(Seat { id, role, local: Arc::clone(self) })
    }
}

/// Hands a member what its queue holds, until it has left and the queue is empty.
async fn deliver(handler: Arc<dyn Handler>, mut queue: UnboundedReceiver<News>, waiting: Arc<AtomicUsize>) {
    let mut come = Vec::new();
    while queue.recv_many(&mut come, TOGETHER).await > 0 {
        handler.together(&mut || {
            for news in come.drain(..) {
                match news {
                    News::Notice(from, notice) => {
                        waiting.fetch_sub(1, Ordering::Relaxed);
                        handler.notice(from, notice);
                    }
                    News::Members(members) => handler.members(&members),
                }
            }
        });
    }
}

impl Table {
    /// Makes a new snapshot. Tells the handlers, unless only a load is different.
    fn members_changed(&mut self) {
        let now = Arc::new(Members::new(self.places.values().map(|place| place.node.clone())));
        let before = std::mem::replace(&mut self.members, Arc::clone(&now));
        if now.differ_from(&before) {
            for place in self.places.values() {
                // The receiver lives as long as the place, or until the runtime ends.
                let _ = place.queue.send(News::Members(Arc::clone(&now)));
            }
        }
    }

    fn holder(&self, user: &Email) -> Option<&Place> {
        self.places.get(&self.directory.holder(user)?)
    }

    /// Whom a request goes to.
    fn one(&self, to: &Address, from: NodeId) -> Option<&Place> {
        match to {
            Address::User(user) => self.holder(user),
            Address::Node(id) => self.places.get(id),
            Address::Role(role) => self.all(*role, from).min_by_key(|place| (place.node.draining, place.node.load)),
        }
    }

    fn all(&self, role: Role, but: NodeId) -> impl Iterator<Item = &Place> {
        self.places.values().filter(move |place| place.node.role == role && place.node.id != but)
    }
}

impl Place {
    fn push(&self, from: NodeId, notice: Notice) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            error!(node = %self.node.id, role = %self.node.role, "a notice is lost: {QUEUE} wait already");
        } else {
            let _ = self.queue.send(News::Notice(from, notice));
        }
    }
}

/// A member's place in the [`Local`] table.
pub(crate) struct Seat {
    id: NodeId,
    role: Role,
    local: Arc<Local>,
}

impl Seat {
    pub(crate) fn members(&self) -> Arc<Members> {
        Arc::clone(&lock(&self.local.table).members)
    }

    pub(crate) fn hold(&self, user: &Email) {
        if self.role == Role::Notification {
            lock(&self.local.table).directory.hold(self.id, user);
        } else {
            warn!(node = %self.id, role = %self.role, "only notification servers can hold users");
        }
    }

    pub(crate) fn release(&self, user: &Email) {
        lock(&self.local.table).directory.release(self.id, user);
    }

    /// Tells to how many others it went.
    pub(crate) fn send(&self, to: &Address, notice: Notice) -> u64 {
        let table = lock(&self.local.table);
        match to {
            Address::Role(role) => {
                let all = table.all(*role, self.id);
                all.map(|place| place.push(self.id, notice.clone())).count() as u64
            }
            one => match table.one(one, self.id) {
                Some(place) => {
                    place.push(self.id, notice);
                    u64::from(place.node.id != self.id)
                }
                None => {
                    debug!(%to, "nobody is there for a notice");
                    0
                }
            },
        }
    }

    pub(crate) async fn request(&self, to: &Address, request: Request) -> Result<Response, Unanswered> {
        let handler = lock(&self.local.table).one(to, self.id).map(|place| Arc::clone(&place.handler));
        let handler = handler.ok_or(Unanswered::Nobody)?;
        Ok(handler.request(self.id, request).await)
    }

    pub(crate) fn announce(&self, load: u32, draining: bool) {
        let mut table = lock(&self.local.table);
        let Some(place) = table.places.get_mut(&self.id) else { return };
        if (place.node.load, place.node.draining) != (load, draining) {
            (place.node.load, place.node.draining) = (load, draining);
            table.members_changed();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let gone = {
            let mut table = lock(&self.local.table);
            table.directory.forget(self.id);
            let gone = table.places.remove(&self.id);
            table.members_changed();
            gone
        };
        // Only now, outside the lock: the handler may own things that call the bus when dropped.
        drop(gone);
    }
}
