//! A member's side of the hub: what its daemon wants, whether or not the connection is up.
//!
//! The connection itself is driven by a task of its own (`client`). Here is what the daemon's
//! calls and that task share.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use model::{Email, NodeId, Role};
use tokio::sync::{Notify, oneshot};
use tracing::{error, warn};

use super::outbox::{LIMIT, Outbox};
use super::wire::{MAX_SENT, Up, frame, frame_with};
use super::{Hub, client};
use crate::error::Unanswered;
use crate::{Address, BusError, Handler, Members, Node, Notice, Request, Response, lock};

/// Users in one frame, when all are told anew. At most 130 bytes each.
const USERS: usize = 1_000;

/// A member's place on the hub.
pub(crate) struct Seat {
    shared: Arc<Shared>,
}

/// What the daemon's calls and the connection's task share.
pub(super) struct Shared {
    pub(super) id: NodeId,
    role: Role,
    /// Tells our next connection from somebody else's with the same number.
    pub(super) token: [u8; 16],
    pub(super) handler: Arc<dyn Handler>,
    desk: Mutex<Desk>,
    /// The number of the next request.
    requests: AtomicU64,
    /// What [`crate::Member::members`] returns.
    published: Mutex<Arc<Members>>,
    /// The member is dropped.
    left: AtomicBool,
    /// It has just been.
    pub(super) leaving: Notify,
}

/// What the daemon wants, and how far it has got.
struct Desk {
    node: Node,
    /// The others do not know our load yet.
    stale: bool,
    held: HashSet<Email>,
    line: Line,
    /// Notices and requests that wait for the line to be up, and the numbers of the requests.
    parked: VecDeque<(Option<u64>, Bytes)>,
    parked_bytes: usize,
    waiting: HashMap<u64, Waiting>,
}

/// The connection.
enum Line {
    /// There is none.
    Down,
    /// The hub is new, and others may not have come back to it: whom we hold is told, all else
    /// waits a little.
    Settling(Arc<Outbox>),
    Up(Arc<Outbox>),
}

/// Someone who waits for an answer.
struct Waiting {
    answer: oneshot::Sender<Result<Response, Unanswered>>,
    /// Is the request on its way, or parked?
    sent: bool,
}

impl Seat {
    pub(crate) async fn join(hub: Arc<Hub>, node: Node, handler: Arc<dyn Handler>) -> Result<Self, BusError> {
        let desk = Desk {
            node: node.clone(),
            stale: false,
            held: HashSet::new(),
            line: Line::Down,
            parked: VecDeque::new(),
            parked_bytes: 0,
            waiting: HashMap::new(),
        };
        let shared = Arc::new(Shared {
            id: node.id,
            role: node.role,
            token: rand::random(),
            handler,
            desk: Mutex::new(desk),
            requests: AtomicU64::new(0),
            published: Mutex::default(),
            left: AtomicBool::new(false),
            leaving: Notify::new(),
        });
        // Made first, so that giving up half-way leaves too.
        let seat = Self { shared: Arc::clone(&shared) };
        client::start(hub, shared).await?;
        Ok(seat)
    }

    pub(crate) fn members(&self) -> Arc<Members> {
        self.shared.members()
    }

    pub(crate) fn hold(&self, user: &Email) {
        if self.shared.role != Role::Notification {
            return warn!(node = %self.shared.id, role = %self.shared.role, "only notification servers can hold users");
        }
        let mut desk = lock(&self.shared.desk);
        if desk.held.insert(user.clone()) {
            desk.tell(&Up::Hold(vec![user.clone()]));
        }
    }

    pub(crate) fn release(&self, user: &Email) {
        let mut desk = lock(&self.shared.desk);
        if desk.held.remove(user) {
            desk.tell(&Up::Release(vec![user.clone()]));
        }
    }

    /// Tells how many frames went to the hub.
    pub(crate) fn send(&self, to: &Address, notice: &Notice) -> u64 {
        let frame = frame_with(&Up::Notice(to.clone()), notice);
        if frame.len() > MAX_SENT {
            error!(bytes = frame.len(), "a notice is too large for the bus and is dropped");
            return 0;
        }
        lock(&self.shared.desk).submit(None, frame);
        u64::from(*to != Address::Node(self.shared.id))
    }

    pub(crate) async fn request(&self, to: &Address, request: &Request) -> Result<Response, Unanswered> {
        let (answer, answered) = oneshot::channel();
        let id = self.shared.requests.fetch_add(1, Ordering::Relaxed);
        let frame = frame_with(&Up::Request { id, to: to.clone() }, request);
        if frame.len() > MAX_SENT {
            return Err(Unanswered::TooLarge);
        }
        let _waits = Waits { shared: &self.shared, id };
        {
            let mut desk = lock(&self.shared.desk);
            desk.waiting.insert(id, Waiting { answer, sent: false });
            desk.submit(Some(id), frame);
        }
        // The sender is dropped when the connection breaks.
        answered.await.unwrap_or(Err(Unanswered::Lost))
    }

    pub(crate) fn announce(&self, load: u32, draining: bool) {
        let mut desk = lock(&self.shared.desk);
        let at_once = desk.node.draining != draining;
        desk.stale |= at_once || desk.node.load != load;
        (desk.node.load, desk.node.draining) = (load, draining);
        if at_once {
            desk.tell_load();
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(lock(&self.shared.desk).line, Line::Up(_))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.left.store(true, Ordering::Release);
        self.shared.leaving.notify_one();
    }
}

/// Takes a request's number off the desk when nobody waits for it any longer.
struct Waits<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        lock(&self.shared.desk).waiting.remove(&self.id);
    }
}

impl Desk {
    /// Tells the hub something about ourselves, if there is a connection. If not, the next one
    /// begins with all of it.
    fn tell(&self, header: &Up) {
        if let Line::Settling(outbox) | Line::Up(outbox) = &self.line {
            outbox.push(frame(header));
        }
    }

    fn tell_load(&mut self) {
        if self.stale && !matches!(self.line, Line::Down) {
            self.tell(&Up::Load { load: self.node.load, draining: self.node.draining });
            self.stale = false;
        }
    }

    /// Sends a notice or a request, or parks it.
    fn submit(&mut self, request: Option<u64>, frame: Bytes) {
        if let Line::Up(outbox) = &self.line {
            outbox.push(frame);
            self.sent(request);
        } else if self.parked_bytes + frame.len() > LIMIT {
            error!("a message is lost: the bus is down, and {LIMIT} bytes wait for it already");
        } else {
            self.parked_bytes += frame.len();
            self.parked.push_back((request, frame));
        }
    }

    fn sent(&mut self, request: Option<u64>) {
        if let Some(waiting) = request.and_then(|id| self.waiting.get_mut(&id)) {
            waiting.sent = true;
        }
    }
}

impl Shared {
    pub(super) fn node(&self) -> Node {
        lock(&self.desk).node.clone()
    }

    pub(super) fn members(&self) -> Arc<Members> {
        Arc::clone(&lock(&self.published))
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// There is a connection: the hub is told whom we hold. What is said in the same breath
    /// (`told`) is how we were when the connection was made.
    pub(super) fn connected(&self, told: &Node) -> Arc<Outbox> {
        let outbox = Arc::new(Outbox::new());
        let mut desk = lock(&self.desk);
        let held: Vec<Email> = desk.held.iter().cloned().collect();
        held.chunks(USERS).for_each(|users| outbox.push_always(frame(&Up::Hold(users.to_vec()))));
        desk.line = Line::Settling(Arc::clone(&outbox));
        desk.stale = desk.node != *told;
        desk.tell_load();
        outbox
    }

    /// The others have had the time to come back too: what has waited goes out, in order.
    pub(super) fn settled(&self) {
        let mut desk = lock(&self.desk);
        let Line::Settling(outbox) = &desk.line else { return };
        let outbox = Arc::clone(outbox);
        desk.parked_bytes = 0;
        for (request, frame) in std::mem::take(&mut desk.parked) {
            // A request that nobody waits for any longer is not carried out late.
            if request.is_none_or(|id| desk.waiting.contains_key(&id)) {
                outbox.push_always(frame);
                desk.sent(request);
            }
        }
        desk.line = Line::Up(outbox);
    }

    /// There is no connection any longer: the answers to what was sent over it never come.
    pub(super) fn disconnected(&self) {
        let mut desk = lock(&self.desk);
        desk.line = Line::Down;
        desk.waiting.retain(|_, waiting| !waiting.sent);
    }

    /// Tells the hub of our load, if it has changed. Called about once a second.
    pub(super) fn tell_load(&self) {
        lock(&self.desk).tell_load();
    }

    /// An answer has come.
    pub(super) fn answered(&self, id: u64, answer: Result<Response, Unanswered>) {
        if let Some(waiting) = lock(&self.desk).waiting.remove(&id) {
            // Who has just stopped waiting need not know.
            let _ = waiting.answer.send(answer);
        }
    }

    /// Makes this what [`crate::Member::members`] returns, and tells the daemon unless only loads
    /// are different. Called by the connection's task only, so the daemon hears it in order.
    pub(super) fn publish(&self, members: Members) {
        let now = Arc::new(members);
        let before = std::mem::replace(&mut *lock(&self.published), Arc::clone(&now));
        if now.differ_from(&before) {
            self.handler.members(&now);
        }
    }
}
