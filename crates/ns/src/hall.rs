//! What all sessions of a notification server share.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use bus::{Member, Node};
use daemon::address::Failures;
use daemon::link::batch;
use daemon::listener::Seat;
use daemon::logging::store_failed;
use daemon::{Client, Config, Parts, ServeError, Shutdown};
use logic::Rate;
use logic::ns::{Notice, Presence, Rules, Session, Site, shown_name};
use model::{
    Account, Address, Edit, Email, Endpoint, Name, NodeId, Notice as News, Role, Roster, UserId, Verification,
};
use store::{Store, StoreError};
use tokio::sync::Notify;

use crate::desk::Desk;

/// How long sessions may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(5);
/// Most edits in doubt.
const DOUBTS: usize = 1024;

/// What all sessions of a notification server share.
pub struct Hall {
    pub(crate) id: NodeId,
    pub(crate) config: Arc<Config>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) store: Store,
    pub(crate) failures: Failures,
    presence: Mutex<Presence<Client<Notice>>>,
    /// Edits of which nobody knows whether they were carried out. Few: no more than there are
    /// connections to a database that went away.
    doubts: Mutex<Vec<Edit>>,
    /// Our place on the bus. The task that serves holds it; without it, nobody else is there.
    member: OnceLock<Weak<Member>>,
    /// The notification servers that were there when we last looked.
    pub(crate) others: Mutex<Vec<NodeId>>,
    /// Says that who is whose home may have changed.
    pub(crate) moved: Notify,
    shutdown: Shutdown,
}

impl Hall {
    /// Makes the tables and joins the bus. The server is there for as long as the member is held.
    pub async fn open(
        parts: &Parts,
        endpoint: Endpoint,
        weight: u32,
        shutdown: &Shutdown,
    ) -> Result<(Arc<Self>, Arc<Member>), ServeError> {
        let id = NodeId(rand::random());
        let settings = &parts.config.ns;
        let failed = Rate { burst: settings.failed_sign_ins, every: settings.failed_sign_in_time.0 };
        let hall = Arc::new(Self {
            id,
            config: Arc::clone(&parts.config),
            rules: Arc::new(parts.config.ns_rules()),
            store: parts.store.clone(),
            failures: Failures::new(failed),
            presence: Mutex::new(Presence::new(id)),
            doubts: Mutex::default(),
            member: OnceLock::new(),
            others: Mutex::default(),
            moved: Notify::new(),
            shutdown: shutdown.clone(),
        });
        let node = Node { id, role: Role::Notification, endpoint, weight, load: 0, draining: false };
        let member = Arc::new(parts.bus.join(node, Arc::clone(&hall) as _).await?);
        hall.member.get_or_init(|| Arc::downgrade(&member));
        // What was to be said before could not be.
        hall.reconcile_all();
        Ok((hall, member))
    }

    /// A client has connected.
    pub fn seat(self: &Arc<Self>, seat: Seat<Notice>) -> (Session, Desk) {
        let session = Session::new(Arc::clone(&self.rules), Site { reached: seat.reached, peer: seat.peer });
        (session, Desk::new(Arc::clone(self), seat))
    }

    /// Locks the table, makes a change, and sends what others must know: in order, because under
    /// the lock, and without waiting.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Presence<Client<Notice>>, &mut Vec<(Address, News)>) -> T,
    ) -> T {
        batch(|| {
            let mut afar = Vec::new();
            let mut presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner);
            let result = change(&mut presence, &mut afar);
            if let Some(member) = self.member() {
                for (to, news) in afar {
                    member.send(&to, news);
                }
            }
            result
        })
    }

    /// Our place on the bus.
    pub(crate) fn member(&self) -> Option<Arc<Member>> {
        self.member.get().and_then(Weak::upgrade)
    }

    /// Tells a user, wherever they are.
    pub(crate) fn tell(&self, user: UserId, email: &Email, notice: Notice, news: impl FnOnce() -> News) {
        self.change(|presence, afar| {
            if !presence.notify(user, notice) {
                afar.push((Address::User(email.clone()), news()));
            }
        });
    }

    /// Tells everyone in how many minutes the server goes down, as it is configured.
    pub fn warn(&self) {
        let notice = self.config.ns.stop_notice.0;
        let minutes = u32::try_from(notice.as_secs().div_ceil(60)).unwrap_or(u32::MAX).max(1);
        self.change(|presence, _| presence.notify_all(|| Notice::Shutdown { minutes }));
    }

    /// Sends everyone away: the server goes down.
    pub fn dismiss(&self) {
        self.change(|presence, _| presence.notify_all(|| Notice::Shutdown { minutes: 0 }));
    }

    /// Sends a user who is signed in here to another notification server.
    pub fn refer(&self, user: UserId, to: Endpoint) {
        self.change(|presence, _| presence.notify(user, Notice::Refer(to)));
    }

    /// Tells the other daemons how many sign-ins there are.
    pub(crate) fn announce(&self) {
        if let Some(member) = self.member() {
            member.announce(self.load(), self.shutdown.is_draining());
        }
    }

    /// How many are signed in here.
    pub(crate) fn load(&self) -> u32 {
        u32::try_from(self.change(|presence, _| presence.count())).unwrap_or(u32::MAX)
    }

    /// Notes an edit that may have been carried out.
    pub(crate) fn doubt(&self, edit: Edit) {
        let mut doubts = self.doubts.lock().unwrap_or_else(PoisonError::into_inner);
        if doubts.len() < DOUBTS {
            doubts.push(edit);
        }
    }

    /// Has the rosters that such edits concern read again, here and elsewhere.
    pub(crate) async fn clear_doubts(&self) {
        let doubts = std::mem::take(&mut *self.doubts.lock().unwrap_or_else(PoisonError::into_inner));
        for edit in doubts {
            if let Err(error) = self.store.clear_doubt(edit.clone()).await {
                store_failed("see whether a change was made", &error);
                self.doubt(edit);
            }
        }
    }

    /// Reads again the rosters that were changed from outside since `mark`.
    pub async fn look_outside(&self, mark: i64) -> Result<i64, StoreError> {
        let (mark, users) = self.store.touched_since(mark).await?;
        for user in users {
            self.change(|presence, _| presence.notify(user, Notice::Reload));
        }
        Ok(mark)
    }

    /// The servers that are this user's home rather than this one, best first.
    pub(crate) fn better_homes(&self, user: &Email) -> Vec<Node> {
        let members = self.member().map(|member| member.members());
        let homes = members.iter().flat_map(|members| members.homes_of(user));
        homes.take_while(|node| node.id != self.id).cloned().collect()
    }

    /// May someone be sent here who signs in?
    pub(crate) fn is_ready(&self) -> bool {
        !self.shutdown.is_draining()
    }

    /// Waits until nobody is signed in, for a while.
    pub(crate) async fn emptied(&self, since: Instant) {
        while self.change(|presence, _| presence.count()) > 0 && since.elapsed() < GRACE {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Has this address failed to sign in too often?
    pub(crate) fn is_shut_to(&self, peer: SocketAddr) -> bool {
        let address: IpAddr = peer.ip();
        self.failures.too_many(address, Instant::now())
    }
}

/// Who signs in, from what the store knows of them.
pub(crate) fn identity(account: Account) -> logic::ns::Identity {
    let verified = account.verified == Verification::Verified;
    let name: Name = shown_name(&account.email, &account.name, verified);
    logic::ns::Identity { user: account.id, guid: account.guid, email: account.email, name, verified }
}

/// A roster as its owner and the others see it.
pub(crate) fn shown(roster: Roster, verified: bool) -> Roster {
    Roster { name: shown_name(&roster.email, &roster.name, verified), ..roster }
}
