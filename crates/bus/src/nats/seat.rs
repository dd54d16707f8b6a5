//! A daemon's place on NATS: what it wants, whether or not the connection is up.
//!
//! Here is what the daemon's calls share with the two tasks behind them, `drive` and `pump`.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use model::{Email, NodeId, Role};
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::{debug, error, warn};

use super::peers::Peers;
use super::wire::{DaemonName, Frame, encoded};
use super::{Nats, drive};
use crate::error::Unanswered;
use crate::{Address, BusError, Handler, Members, Node, Notice, Request, Response, lock};

/// Most bytes that wait to be sent while the connection is down.
const PARKED: usize = 8 << 20;
/// Most bytes that the header of a frame takes, and what NATS counts besides.
const HEADER: usize = 1024;
/// Notices of a daemon to itself that may wait.
const TO_MYSELF: usize = 1 << 16;

/// A daemon's place on NATS.
pub(crate) struct Seat {
    shared: Arc<Shared>,
}

/// What the daemon's calls and the tasks behind them share.
pub(super) struct Shared {
    pub(super) id: NodeId,
    role: Role,
    pub(super) name: DaemonName,
    pub(super) token: [u8; 16],
    pub(super) handler: Arc<dyn Handler>,
    desk: Mutex<Desk>,
    /// The number of the next request.
    requests: AtomicU64,
    /// What [`crate::Member::members`] returns.
    published: Mutex<Arc<Members>>,
    /// What this daemon tells itself.
    myself: mpsc::Sender<Notice>,
    /// Longest message, in bytes.
    longest: usize,
    /// There is something to send.
    pub(super) to_send: Notify,
    /// What the daemon says of itself has changed.
    pub(super) changed: Notify,
    /// The member is dropped.
    left: AtomicBool,
    /// It has just been.
    pub(super) leaving: Notify,
}

/// What the daemon wants, and how far it has got.
pub(super) struct Desk {
    pub(super) node: Node,
    pub(super) peers: Peers,
    pub(super) up: bool,
    held: HashSet<Email>,
    pub(super) pile: VecDeque<Out>,
    parked: usize,
    waiting: HashMap<u64, Waiting>,
}

/// Something to be sent. Its number is given when it is.
pub(super) enum Out {
    /// Who we are, to everyone.
    Card { asks: bool, leaves: bool },
    /// Who we are, to one.
    Hello(NodeId),
    /// How many frames we have sent, to one.
    Mark(NodeId),
    /// A frame and the message behind it, to one; for a request, its number.
    Frame { to: NodeId, frame: Frame, message: Bytes, request: Option<u64> },
}

/// Someone who waits for an answer.
struct Waiting {
    answer: oneshot::Sender<Result<Response, Unanswered>>,
    /// Who has yet to say something.
    asked: Vec<NodeId>,
    /// Someone who was asked went away, and may have carried it out.
    lost: bool,
}

impl Seat {
    pub(crate) async fn join(nats: &Arc<Nats>, node: Node, handler: Arc<dyn Handler>) -> Result<Self, BusError> {
        let (myself, to_myself) = mpsc::channel(TO_MYSELF);
        let desk = Desk {
            node: node.clone(),
            peers: Peers::default(),
            up: true,
            held: HashSet::new(),
            pile: VecDeque::new(),
            parked: 0,
            waiting: HashMap::new(),
        };
        let shared = Arc::new(Shared {
            id: node.id,
            role: node.role,
            name: nats.name.clone(),
            token: rand::random(),
            handler,
            desk: Mutex::new(desk),
            requests: AtomicU64::new(0),
            published: Mutex::default(),
            myself,
            longest: nats.client.max_payload().saturating_sub(HEADER),
            to_send: Notify::new(),
            changed: Notify::new(),
            left: AtomicBool::new(false),
            leaving: Notify::new(),
        });
        // Made first, so that giving up half-way leaves too.
        let seat = Self { shared: Arc::clone(&shared) };
        drive::start(nats, shared, to_myself).await?;
        Ok(seat)
    }

    pub(crate) fn members(&self) -> Arc<Members> {
        self.shared.members()
    }

    pub(crate) fn hold(&self, user: &Email) {
        if self.shared.role == Role::Notification {
            self.shared.desk().held.insert(user.clone());
        } else {
            warn!(node = %self.shared.id, role = %self.shared.role, "only notification servers can hold users");
        }
    }

    pub(crate) fn release(&self, user: &Email) {
        self.shared.desk().held.remove(user);
    }

    /// Tells to how many others it went.
    pub(crate) fn send(&self, to: &Address, notice: Notice) -> u64 {
        let message = encoded(&notice);
        if message.len() > self.shared.longest {
            error!(bytes = message.len(), "a notice is too large for the bus and is dropped");
            return 0;
        }
        let mut desk = self.shared.desk();
        let sent = match to {
            Address::Node(id) if *id == self.shared.id => {
                self.shared.tell_myself(notice);
                0
            }
            Address::Node(id) if desk.peers.has(*id) => {
                desk.push(*id, Frame::Notice, &message);
                1
            }
            Address::Node(_) => {
                debug!(%to, "nobody is there for a notice");
                0
            }
            Address::Role(role) => desk.push_all(*role, &Frame::Notice, &message),
            Address::User(user) => {
                if desk.held.contains(user) {
                    self.shared.tell_myself(notice);
                }
                desk.push_all(Role::Notification, &Frame::NoticeFor(user.clone()), &message)
            }
        };
        drop(desk);
        if sent > 0 {
            self.shared.to_send.notify_one();
        }
        sent
    }

    pub(crate) async fn request(&self, to: &Address, request: Request) -> Result<Response, Unanswered> {
        let shared = &self.shared;
        let user = match to {
            Address::User(user) => user,
            Address::Node(id) if *id == shared.id => return Ok(self.ask_myself(request).await),
            Address::Node(id) => return shared.ask(vec![*id], |id| Frame::Request { id }, &request).await,
            Address::Role(role) => {
                let least = {
                    let desk = shared.desk();
                    desk.peers.of_role(*role).min_by_key(|node| (node.draining, node.load)).map(|node| node.id)
                };
                let asked = least.ok_or(Unanswered::Nobody)?;
                return shared.ask(vec![asked], |id| Frame::Request { id }, &request).await;
            }
        };
        if shared.holds(user) {
            return Ok(self.ask_myself(request).await);
        }
        let frame = |id| Frame::RequestFor { id, user: user.clone() };
        let home = shared.members().home_of(user).map(|node| node.id);
        let (first, others): (Vec<_>, Vec<_>) = {
            let desk = shared.desk();
            desk.peers.of_role(Role::Notification).map(|node| node.id).partition(|id| Some(*id) == home)
        };
        match shared.ask(first, frame, &request).await {
            Err(Unanswered::Nobody) => shared.ask(others, frame, &request).await,
            answered => answered,
        }
    }

    async fn ask_myself(&self, request: Request) -> Response {
        Arc::clone(&self.shared.handler).request(self.shared.id, request).await
    }

    pub(crate) fn announce(&self, load: u32, draining: bool) {
        let mut desk = self.shared.desk();
        let at_once = desk.node.draining != draining;
        (desk.node.load, desk.node.draining) = (load, draining);
        if at_once {
            desk.pile.push_back(Out::Card { asks: false, leaves: false });
            drop(desk);
            self.shared.to_send.notify_one();
            self.shared.changed.notify_one();
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.shared.desk().up
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.left.store(true, Ordering::Release);
        self.shared.leaving.notify_one();
    }
}

impl Desk {
    fn push(&mut self, to: NodeId, frame: Frame, message: &Bytes) {
        self.submit(Out::Frame { to, frame, message: message.clone(), request: None });
    }

    fn push_all(&mut self, role: Role, frame: &Frame, message: &Bytes) -> u64 {
        let all: Vec<NodeId> = self.peers.of_role(role).map(|node| node.id).collect();
        all.iter().for_each(|to| self.push(*to, frame.clone(), message));
        all.len() as u64
    }

    /// Puts something on the pile. Where there is no room for it, its receiver is to know that it is
    /// missing.
    fn submit(&mut self, out: Out) {
        if let Out::Frame { to, message, .. } = &out {
            if !self.up && self.parked + message.len() > PARKED {
                error!("a message is lost: the bus is down, and {PARKED} bytes wait for it already");
                return self.peers.skip(*to);
            }
            self.parked += message.len();
        }
        self.pile.push_back(out);
    }

    /// Takes the next one off the pile.
    pub(super) fn pop(&mut self) -> Option<Out> {
        let out = self.pile.pop_front()?;
        if let Out::Frame { message, .. } = &out {
            self.parked -= message.len();
        }
        Some(out)
    }

    /// Does anyone still wait for the answer to this request?
    pub(super) fn is_awaited(&self, request: u64) -> bool {
        self.waiting.contains_key(&request)
    }
}

impl Shared {
    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.desk)
    }

    pub(super) fn members(&self) -> Arc<Members> {
        Arc::clone(&lock(&self.published))
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    pub(super) fn holds(&self, user: &Email) -> bool {
        self.desk().held.contains(user)
    }

    fn tell_myself(&self, notice: Notice) {
        if self.myself.try_send(notice).is_err() {
            error!("a notice is lost: {TO_MYSELF} wait already");
        }
    }

    /// Puts something on the pile, and has it sent.
    pub(super) fn put(&self, out: Out) {
        self.desk().submit(out);
        self.to_send.notify_one();
    }

    /// Answers another daemon.
    pub(super) fn reply(&self, to: NodeId, frame: Frame, message: Bytes) {
        self.put(Out::Frame { to, frame, message, request: None });
    }

    /// Asks these daemons the same, and takes the first answer.
    async fn ask(
        &self,
        asked: Vec<NodeId>,
        frame: impl Fn(u64) -> Frame,
        request: &Request,
    ) -> Result<Response, Unanswered> {
        let message = encoded(request);
        if message.len() > self.longest {
            return Err(Unanswered::TooLarge);
        }
        let id = self.requests.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let _waits = Waits { shared: self, id };
        {
            let mut desk = self.desk();
            let asked: Vec<NodeId> = asked.into_iter().filter(|id| desk.peers.has(*id)).collect();
            if asked.is_empty() {
                return Err(Unanswered::Nobody);
            }
            for to in &asked {
                let message = message.clone();
                desk.submit(Out::Frame { to: *to, frame: frame(id), message, request: Some(id) });
            }
            desk.waiting.insert(id, Waiting { answer, asked, lost: false });
        }
        self.to_send.notify_one();
        answered.await.unwrap_or(Err(Unanswered::Lost))
    }

    /// An answer has come.
    pub(super) fn answered(&self, id: u64, response: Response) {
        if let Some(waiting) = self.desk().waiting.remove(&id) {
            // Who has just stopped waiting need not know.
            let _ = waiting.answer.send(Ok(response));
        }
    }

    /// Someone who was asked has nothing to say to it: they do not hold the user, or are not there.
    pub(super) fn has_no_answer(&self, id: u64, asked: NodeId) {
        Self::strike(&mut self.desk().waiting, id, asked, false);
    }

    /// Someone is gone: they answer nobody any more.
    pub(super) fn gone(&self, who: NodeId) {
        let mut desk = self.desk();
        let unanswered: Vec<u64> =
            desk.waiting.iter().filter(|(_, waiting)| waiting.asked.contains(&who)).map(|(id, _)| *id).collect();
        for id in unanswered {
            Self::strike(&mut desk.waiting, id, who, true);
        }
    }

    fn strike(waiting: &mut HashMap<u64, Waiting>, id: u64, asked: NodeId, lost: bool) {
        let Some(one) = waiting.get_mut(&id) else { return };
        one.asked.retain(|other| *other != asked);
        one.lost |= lost;
        if one.asked.is_empty()
            && let Some(one) = waiting.remove(&id)
        {
            let _ = one.answer.send(Err(if one.lost { Unanswered::Lost } else { Unanswered::Nobody }));
        }
    }

    /// Makes this what [`crate::Member::members`] returns, and tells the daemon unless only loads
    /// are different. Called by one task only, so the daemon hears it in order.
    pub(super) fn publish(&self) {
        let now = {
            let desk = self.desk();
            Arc::new(desk.peers.members(&desk.node))
        };
        let before = std::mem::replace(&mut *lock(&self.published), Arc::clone(&now));
        if now.differ_from(&before) {
            self.handler.members(&now);
        }
    }
}

/// Takes a request's number off the desk when nobody waits for it any longer.
struct Waits<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.shared.desk().waiting.remove(&self.id);
    }
}
