//! The bus and a daemon's place on it: one face for all carriers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::{Email, NodeId};

use crate::hub::{self, Hub};
use crate::local::{self, Local};
use crate::nats::{self, Nats, NatsOptions, NatsUrl};
use crate::{Address, BusError, BusUrl, Handler, Members, Node, Notice, Request, Response, Secret};

/// How long a request waits for its answer, unless [`Bus::with_deadline`] says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(2);
/// The longest that a request can be made to wait.
pub const LONGEST_DEADLINE: Duration = Duration::from_secs(30);

/// How long a daemon is given to say whether clients may be sent to it.
pub const READY: Duration = Duration::from_millis(500);

/// The channel between the daemons. Cheap to clone; all clones are the same bus.
///
/// With the `hub` carrier the process that holds this may be the one that hosts the hub. It goes
/// on doing so until the last clone and the last [`Member`] are dropped.
#[derive(Clone)]
pub struct Bus {
    carrier: Carrier,
    deadline: Duration,
}

#[derive(Clone)]
enum Carrier {
    Local(Arc<Local>),
    Hub(Arc<Hub>),
    Nats(Arc<Nats>),
}

impl Bus {
    /// A new bus for daemons in this process. Only clones of it lead to the same one.
    pub fn local() -> Self {
        Self { carrier: Carrier::Local(Arc::default()), deadline: DEADLINE }
    }

    /// Opens the bus at `url`. For the hub this makes sure that there is one: it connects and
    /// checks the secret both ways, or hosts the hub in this process if nobody does, on the
    /// current Tokio runtime. For NATS, see [`Bus::nats`]. Fails within a few seconds.
    pub async fn open(url: &BusUrl, secret: Secret) -> Result<Self, BusError> {
        let place = match url {
            BusUrl::Local => return Ok(Self::local()),
            BusUrl::Nats(url) => return Self::nats(url, NatsOptions::default()).await,
            BusUrl::HubTcp(address) => hub::Place::Tcp(*address),
            BusUrl::HubUnix(path) => hub::Place::Unix(path.clone()),
        };
        Ok(Self { carrier: Carrier::Hub(Hub::open(place, secret).await?), deadline: DEADLINE })
    }

    /// Connects to one of the NATS servers at `url`. Fails within a few seconds.
    pub async fn nats(url: &NatsUrl, options: NatsOptions) -> Result<Self, BusError> {
        let carrier = Carrier::Nats(Nats::open(url, options).await?);
        Ok(Self { carrier, deadline: DEADLINE })
    }

    /// The same bus, on which the requests of those who join from now on wait so long for their
    /// answer, at most [`LONGEST_DEADLINE`].
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline.min(LONGEST_DEADLINE);
        self
    }

    /// Takes a place on the bus. From now on `handler` is called for what reaches `node`, on the
    /// current Tokio runtime. When this returns, the new member sees who is there. Fails within
    /// a few seconds, and at once if another daemon has the same number.
    pub async fn join(&self, node: Node, handler: Arc<dyn Handler>) -> Result<Member, BusError> {
        let id = node.id;
        let seat = match &self.carrier {
            Carrier::Local(local) => Seat::Local(local.join(node, handler)?),
            Carrier::Hub(hub) => Seat::Hub(hub::Seat::join(Arc::clone(hub), node, handler).await?),
            Carrier::Nats(nats) => Seat::Nats(nats::Seat::join(nats, node, handler).await?),
        };
        Ok(Member { id, deadline: self.deadline, seat, sent: AtomicU64::new(0) })
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let carrier = match self.carrier {
            Carrier::Local(_) => "local",
            Carrier::Hub(_) => "hub",
            Carrier::Nats(_) => "nats",
        };
        f.debug_struct("Bus").field("carrier", &carrier).field("deadline", &self.deadline).finish()
    }
}

/// A daemon's place on the bus. Dropping it leaves: what was sent before still goes out, and then
/// the others see it go.
pub struct Member {
    id: NodeId,
    deadline: Duration,
    seat: Seat,
    sent: AtomicU64,
}

enum Seat {
    Local(local::Seat),
    Hub(hub::Seat),
    Nats(nats::Seat),
}

impl Member {
    /// The number of the daemon whose place this is.
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// Who is there now, this daemon included. A cheap snapshot.
    pub fn members(&self) -> Arc<Members> {
        match &self.seat {
            Seat::Local(seat) => seat.members(),
            Seat::Hub(seat) => seat.members(),
            Seat::Nats(seat) => seat.members(),
        }
    }

    /// This notification server holds `user` from now on: [`Address::User`] reaches it. Saying
    /// so again changes nothing. While two servers hold a user, a notice reaches at least the one
    /// that said so last, and a request one of them.
    /// Daemons of other roles cannot hold users; the call is ignored with a warning.
    pub fn hold(&self, user: &Email) {
        match &self.seat {
            Seat::Local(seat) => seat.hold(user),
            Seat::Hub(seat) => seat.hold(user),
            Seat::Nats(seat) => seat.hold(user),
        }
    }

    /// This notification server no longer holds `user`.
    pub fn release(&self, user: &Email) {
        match &self.seat {
            Seat::Local(seat) => seat.release(user),
            Seat::Hub(seat) => seat.release(user),
            Seat::Nats(seat) => seat.release(user),
        }
    }

    /// Sends a notice. Never waits and calls no handler, so it may be called under a lock. A
    /// user's notice may come back to the sender, who may hold them; a role's does not. A notice
    /// to an address where nobody is is dropped.
    ///
    /// A notice has at most 1 MiB in its encoded form, a larger one is dropped with an error in
    /// the log. While the connection to the bus is down, up to 8 MiB wait for it to come back.
    pub fn send(&self, to: &Address, notice: Notice) {
        let sent = match &self.seat {
            Seat::Local(seat) => seat.send(to, notice),
            Seat::Hub(seat) => seat.send(to, &notice),
            Seat::Nats(seat) => seat.send(to, notice),
        };
        self.sent.fetch_add(sent, Ordering::Relaxed);
    }

    /// How many notices and requests this daemon has sent since it joined, those to itself left out:
    /// one for each receiver, but where the hub passes a notice on to several.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Asks, and waits for the answer, at most for the deadline of the bus. Of several daemons
    /// with the same role one is asked, never the asker.
    ///
    /// Fails at once with [`BusError::NoResponders`] if nobody is at the address, and with
    /// [`BusError::Disconnected`] if the one that was asked goes away. While the connection to
    /// the bus is down, a request waits for it within its deadline.
    pub async fn request(&self, to: &Address, request: Request) -> Result<Response, BusError> {
        self.sent.fetch_add(u64::from(*to != Address::Node(self.id)), Ordering::Relaxed);
        let answer = async {
            match &self.seat {
                Seat::Local(seat) => seat.request(to, request).await,
                Seat::Hub(seat) => seat.request(to, &request).await,
                Seat::Nats(seat) => seat.request(to, request).await,
            }
        };
        match tokio::time::timeout(self.deadline, answer).await {
            Ok(answer) => answer.map_err(|why| why.at(to)),
            Err(_) if !self.is_connected() => Err(BusError::Disconnected { to: to.clone() }),
            Err(_) => Err(BusError::Timeout { to: to.clone(), deadline: self.deadline }),
        }
    }

    /// The first of these daemons that says that clients may be sent to it now. Ourselves need no
    /// asking; what is dead, full or draining is passed over, although it may still seem to be there.
    /// Each is given [`READY`] to answer. Where none says yes, the first that has just not answered
    /// in time is better than nobody. Without a connection to the bus nobody can be asked, and the
    /// first one is believed to be ready.
    pub async fn first_ready(&self, candidates: impl IntoIterator<Item = Node>) -> Option<Node> {
        let mut slow = None;
        for node in candidates {
            if node.id == self.id || !self.is_connected() {
                return Some(node);
            }
            let to = Address::Node(node.id);
            match tokio::time::timeout(READY, self.request(&to, Request::Ready)).await {
                Ok(Ok(Response::Ready)) => return Some(node),
                Err(_) => slow = slow.or(Some(node)),
                Ok(_) => {}
            }
        }
        slow
    }

    /// Tells the others how many connections this daemon holds, and whether it is draining.
    /// Cheap enough for each change: mere load goes out about once a second.
    pub fn announce(&self, load: u32, draining: bool) {
        match &self.seat {
            Seat::Local(seat) => seat.announce(load, draining),
            Seat::Hub(seat) => seat.announce(load, draining),
            Seat::Nats(seat) => seat.announce(load, draining),
        }
    }

    /// Is the connection to the bus up? Always, in one process. For readiness checks and
    /// metrics; by the time that one acts on it, it may be otherwise.
    pub fn is_connected(&self) -> bool {
        match &self.seat {
            Seat::Local(_) => true,
            Seat::Hub(seat) => seat.is_connected(),
            Seat::Nats(seat) => seat.is_connected(),
        }
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("id", &self.id).finish_non_exhaustive()
    }
}
