//! The dispatch server: names the notification server of each user.
//!
//! What it decides is in `logic::ds`; where a user's home is, the members of the bus tell.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use bus::{Answering, Handler, Member, Members, Node, Request, Response};
use daemon::address::Doorkeeper;
use daemon::listener::{self, Door, Host, Seat};
use daemon::registry::{self, Entry};
use daemon::{Parts, Reply, Running, ServeError, Shutdown, config};
use logic::ds::{Answer, Question, Rules, Session};
use logic::ns::Site;
use model::{Email, Endpoint, NodeId, Notice, Role};
use tracing::info;

/// What all sessions of a dispatch server share.
pub struct Hall {
    id: NodeId,
    rules: Arc<Rules>,
    member: OnceLock<Weak<Member>>,
}

/// Answers one session's questions.
pub struct Desk(Arc<Hall>);

/// Begins to serve.
pub async fn serve(parts: &Parts, shutdown: &Shutdown) -> Result<Running, ServeError> {
    let listen = parts.config.ds.listen;
    let listener = listener::bind("ds", listen)?;
    let address =
        listener.local_addr().map_err(|source| ServeError::Listen { section: "ds", address: listen, source })?;
    let endpoint = config::endpoint(None, address);
    let (hall, member) = Hall::open(parts, endpoint.clone()).await?;
    info!(role = %Role::Dispatch, %address, "listening");
    let door = Door {
        doorkeeper: Doorkeeper::new(parts.config.caps()),
        terms: Arc::new(parts.config.terms()),
        shutdown: shutdown.clone(),
        proxies: parts.config.limits.trusted_proxies.clone(),
    };
    let entry = Entry::new(&parts.config, hall.id, Role::Dispatch, endpoint, || 0).on(&member);
    let stop = shutdown.clone();
    let work = async move {
        // Nobody stays here, so there is nobody to send elsewhere.
        tokio::select! {
            () = listener::serve(listener, Host::new(door, move |seat| hall.seat(&seat))) => {}
            () = stop.draining() => {}
        }
        drop(member);
    };
    let task = tokio::spawn(registry::during(parts.store.clone(), entry, shutdown.clone(), work));
    Ok(Running { address, entrance: None, task })
}

impl Hall {
    /// Joins the bus. The server is there for as long as the member is held.
    pub async fn open(parts: &Parts, endpoint: Endpoint) -> Result<(Arc<Self>, Arc<Member>), ServeError> {
        let id = NodeId(rand::random());
        let hall = Arc::new(Self { id, rules: Arc::new(parts.config.ds_rules()), member: OnceLock::new() });
        let node = Node { id, role: Role::Dispatch, endpoint, weight: 1, load: 0, draining: false };
        let member = Arc::new(parts.bus.join(node, Arc::clone(&hall) as _).await?);
        hall.member.get_or_init(|| Arc::downgrade(&member));
        Ok((hall, member))
    }

    /// A client has connected.
    pub fn seat(self: &Arc<Self>, seat: &Seat<()>) -> (Session, Desk) {
        let session = Session::new(Arc::clone(&self.rules), Site { reached: seat.reached, peer: seat.peer });
        (session, Desk(Arc::clone(self)))
    }

    /// The servers for this user, home first.
    fn homes(&self, email: &Email) -> Vec<Node> {
        let members = self.member().map(|member| member.members());
        members.iter().flat_map(|members| members.homes_of(email)).cloned().collect()
    }

    fn member(&self) -> Option<Arc<Member>> {
        self.member.get().and_then(Weak::upgrade)
    }
}

impl daemon::Desk<Session> for Desk {
    fn answer(&mut self, question: Question, _: Instant) -> Reply<Answer> {
        let homes = match question {
            Question::Home(email) => self.0.homes(&email),
            // Someone who has not said who they are: any, since it refers them on.
            Question::Any => {
                let stranger = Email::parse(&format!("{:x}@example.com", rand::random::<u64>())).ok();
                stranger.map(|stranger| self.0.homes(&stranger)).unwrap_or_default()
            }
        };
        let Some(member) = self.0.member() else { return Reply::Now(None) };
        Reply::Later(Box::pin(async move { member.first_ready(homes).await.map(|home| home.endpoint) }))
    }
}

/// A dispatch server only listens to who is there.
impl Handler for Hall {
    fn notice(&self, _: NodeId, _: Notice) {}

    fn request(self: Arc<Self>, _: NodeId, _: Request) -> Answering {
        Box::pin(async { Response::Failed })
    }

    fn members(&self, _: &Arc<Members>) {}
}
