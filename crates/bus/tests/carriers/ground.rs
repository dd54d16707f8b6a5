//! What the checks stand on: an installation, its daemons, and a handler that writes down what
//! reaches it.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bus::{
    Address, Answering, Bus, BusUrl, Handler, Member, Members, Node, NotRung, Notice, Request, Response, Secret,
};
use model::{Email, Endpoint, NodeId, Role, UserId};

use crate::server::Server;

/// A user whose takeover is answered.
pub(crate) const QUICK: UserId = UserId(1);
/// A user whose takeover never is.
pub(crate) const NEVER: UserId = UserId(-1);

/// Writes down all that reaches it.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) notices: Mutex<Vec<(NodeId, Notice)>>,
    pub(crate) members: Mutex<Vec<Arc<Members>>>,
    pub(crate) healed: AtomicUsize,
    /// Whose notices were lost, and how many of all had come by then.
    pub(crate) missed: Mutex<Vec<(NodeId, usize)>>,
}

impl Handler for Recorder {
    fn notice(&self, from: NodeId, notice: Notice) {
        self.notices.lock().unwrap().push((from, notice));
    }

    fn request(self: Arc<Self>, _from: NodeId, request: Request) -> Answering {
        Box::pin(async move {
            match request {
                Request::TakeOver { user: NEVER } => std::future::pending().await,
                Request::TakeOver { user } if user.0 % 2 == 0 => Response::NotRung(NotRung::Blocked),
                Request::TakeOver { .. } => Response::TakenOver,
                Request::Ring { .. } => Response::Rung,
                Request::MayCall { .. } => Response::MayCall,
                Request::Page { .. } => Response::Delivered,
                Request::Ready => Response::Ready,
            }
        })
    }

    fn members(&self, members: &Arc<Members>) {
        self.members.lock().unwrap().push(Arc::clone(members));
    }

    fn healed(&self) {
        self.healed.fetch_add(1, Ordering::SeqCst);
    }

    fn missed(&self, from: NodeId) {
        self.missed.lock().unwrap().push((from, self.noticed()));
    }
}

impl Recorder {
    pub(crate) fn noticed(&self) -> usize {
        self.notices.lock().unwrap().len()
    }

    /// The numbers in each list of members that it was shown.
    pub(crate) fn shown(&self) -> Vec<Vec<u64>> {
        self.members.lock().unwrap().iter().map(|members| ids(members)).collect()
    }
}

pub(crate) fn ids(members: &Members) -> Vec<u64> {
    members.nodes().iter().map(|node| node.id.0).collect()
}

/// An installation: where its bus is, and what is needed to get there.
pub(crate) struct Ground {
    pub(crate) url: BusUrl,
    pub(crate) secret: Secret,
    local: Bus,
    /// The NATS server, where there is one of its own.
    _server: Option<Server>,
    _directory: tempfile::TempDir,
}

impl Ground {
    pub(crate) fn new(url: impl FnOnce(&std::path::Path) -> BusUrl) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (secret, local) = (Secret::random(), Bus::local());
        Self { url: url(directory.path()), secret, local, _server: None, _directory: directory }
    }

    pub(crate) fn local() -> Self {
        Self::new(|_| BusUrl::Local)
    }

    pub(crate) fn tcp() -> Self {
        Self::new(|_| BusUrl::HubTcp(free_address()))
    }

    pub(crate) fn unix() -> Self {
        Self::new(|directory| BusUrl::HubUnix(directory.join("bus.sock")))
    }

    /// Over a NATS server of its own: daemons of different checks would see each other.
    pub(crate) fn nats() -> Self {
        let server = Server::start(&[]);
        let url = server.url("").parse().unwrap();
        Self { _server: Some(server), ..Self::new(|_| url) }
    }

    /// What a process of the installation opens.
    pub(crate) async fn bus(&self) -> Bus {
        match self.url {
            BusUrl::Local => self.local.clone(),
            _ => Bus::open(&self.url, self.secret.clone()).await.unwrap(),
        }
    }

    /// A daemon in a process of its own.
    pub(crate) async fn daemon(&self, id: u64, role: Role) -> (Member, Arc<Recorder>) {
        let recorder = Arc::new(Recorder::default());
        let bus = self.bus().await.with_deadline(Duration::from_millis(500));
        (bus.join(node(id, role), recorder.clone()).await.unwrap(), recorder)
    }
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub(crate) fn node(id: u64, role: Role) -> Node {
    Node { id: NodeId(id), role, endpoint: Endpoint::SameHost(1863), weight: 100, load: 0, draining: false }
}

pub(crate) fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.com")).unwrap()
}

pub(crate) fn note(number: i64) -> Notice {
    Notice::Unwatch { watcher: UserId(number), targets: Vec::new() }
}

pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(8);
    while !holds() {
        assert!(Instant::now() < end, "it never came true that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until `member` has said all that it had to say: its answers come behind its notices.
pub(crate) async fn flushed(member: &Member) {
    passed(member, member.id().0).await;
}

/// Waits until the daemon with this number has heard all that `member` had to say to it.
pub(crate) async fn passed(member: &Member, to: u64) {
    let to = Address::Node(NodeId(to));
    assert_eq!(member.request(&to, Request::TakeOver { user: QUICK }).await.unwrap(), Response::TakenOver);
}
