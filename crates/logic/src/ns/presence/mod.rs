//! Who is here, and who watches whom: the table that all sessions of a notification server share.
//!
//! It is an ordinary struct. Its daemon keeps it behind one lock, so that changes reach every
//! watcher in the order in which they were made. What other notification servers must be told
//! is pushed onto `afar`, in order; what they tell is in `afar`.
//!
//! B sees A exactly if A is signed in here and not hidden, B watches A (A is on B's FL and B has
//! made a first `CHG`), and A's lists let B. Whatever flips that is told to B at once.
//! (docs/PROTOCOL.md, Visibility)
//!
//! * `session`: what sessions do in the table; `ask`: what is asked of it.
//! * `watch`: who watches whom here; `afar`: the same between two servers; `watchers`: how it is kept.
//! * `heal`: two servers who may have missed something of each other.

mod afar;
mod ask;
mod heal;
mod session;
mod watch;
mod watchers;

use std::collections::HashMap;

use foldhash::fast::RandomState;
use model::{
    Email, List, MessagePrivacy, Name, NodeId, Personal, Picture, Presence as Shown, SessionId, Status, UserId,
};

use super::Notice;
use super::circle::Circle;
use super::privacy;
use crate::Outlet;
use heal::Peer;
use watchers::Watchers;

pub use ask::Callee;

/// What a client tells of itself with `CHG`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// Its state.
    pub status: Status,
    /// Its capability bits.
    pub capabilities: u32,
    /// Its display picture.
    pub picture: Option<Picture>,
}

/// Who is signed in here.
struct Here<O> {
    session: SessionId,
    /// When it began, in Unix milliseconds; [`ENDING`] once it is told to end.
    since: i64,
    outlet: O,
    email: Email,
    name: Name,
    /// `None` until the first `CHG`.
    view: Option<View>,
    /// What the client tells with `UUX`.
    personal: Option<Personal>,
    /// What watchers still see of a session that this one took over, until its first `CHG`.
    lingering: Option<Box<(View, Option<Personal>)>>,
    takes_calls: bool,
    privacy: MessagePrivacy,
    /// Everyone on a list of theirs, but for RL.
    lists: Circle,
}

/// Since when there is a session that is told to end: before any other.
const ENDING: i64 = i64::MIN;

/// Someone at another notification server, as users here are shown them.
struct Afar {
    email: Email,
    /// Who is shown them, and by which server: the last to have told something comes last. While
    /// someone moves there may be two.
    seen_by: Vec<Seer>,
}

/// A watcher here, and the server that shows them someone.
struct Seer {
    watcher: UserId,
    node: NodeId,
    /// The highest number of ours that the server knew when it did so.
    knows: u64,
    look: Look,
}

/// How someone is shown: digests of face and personal message, so that nothing is shown twice.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    face: u64,
    personal: u64,
}

/// By account. The store gives out the numbers, one after the other, so that nobody can choose them
/// to collide: a fast hash is good enough. Handles are chosen, and have the default one.
type ByUser<T> = HashMap<UserId, T, RandomState>;

/// Who is here, and who watches whom.
pub struct Presence<O> {
    me: NodeId,
    /// Each on its own, so that the table grows without moving them all.
    here: ByUser<Box<Here<O>>>,
    by_email: HashMap<Email, UserId>,
    /// Who is here and watches someone, by the one who is watched, be they here, elsewhere or offline.
    watchers: ByUser<Watchers<u64>>,
    /// Who watches someone from another server, and which: only of those who are here.
    followers: ByUser<Watchers<NodeId>>,
    afar: ByUser<Afar>,
    /// The other notification servers that we see.
    peers: HashMap<NodeId, Peer>,
    /// How many times someone here has begun to watch, or a server was to be told of all watchers.
    number: u64,
    /// How often something was told here by which someone's roster may have changed, or may have been
    /// told and was lost.
    roster_news: u64,
}

impl<O: Outlet<Notice = Notice>> Presence<O> {
    /// The empty table of this notification server.
    pub fn new(me: NodeId) -> Self {
        Self {
            me,
            here: ByUser::default(),
            by_email: HashMap::new(),
            watchers: ByUser::default(),
            followers: ByUser::default(),
            afar: ByUser::default(),
            peers: HashMap::new(),
            number: 0,
            roster_news: 0,
        }
    }
}

impl<O: Outlet<Notice = Notice>> Here<O> {
    /// Tells the session that the account is signed in elsewhere, once.
    fn end(&mut self) {
        if self.since != ENDING {
            self.since = ENDING;
            self.outlet.notify(Notice::TakenOver);
        }
    }
}

impl<O> Here<O> {
    /// What others are shown: the view, or that of the session before, unless hidden.
    fn visible(&self, user: UserId) -> Option<Shown> {
        let (view, personal) = match (&self.view, &self.lingering) {
            (Some(view), _) => (view, &self.personal),
            (None, Some(before)) => (&before.0, &before.1),
            (None, None) => return None,
        };
        (view.status != Status::Hidden).then(|| Shown {
            user,
            email: self.email.clone(),
            name: self.name.clone(),
            status: view.status,
            capabilities: view.capabilities,
            picture: view.picture.clone(),
            personal: personal.clone(),
        })
    }

    fn lets(&self, peer: UserId) -> bool {
        privacy::lets(self.privacy, self.lists.lists_of(peer))
    }

    /// Whom this user watches.
    fn forward(&self) -> Vec<UserId> {
        self.lists.on(List::Forward).collect()
    }
}
