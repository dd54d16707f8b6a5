//! All sessions, and their ends.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use daemon::config::Gateway;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::line::Line;
use super::session::Session;

/// All sessions. One task ends those that nobody asks for; it wakes once per session and time limit,
/// not once per request.
pub(super) struct Sessions {
    table: Mutex<Table>,
    settings: Gateway,
    /// There is a session again.
    begun: Notify,
}

#[derive(Default)]
struct Table {
    sessions: HashMap<String, Entry>,
    addresses: HashMap<IpAddr, u32>,
    /// When to look at which session, numbered so that no two have the same place.
    due: BTreeMap<(Instant, u64), String>,
    next: u64,
}

struct Entry {
    session: Arc<Session>,
    /// When it was asked for last.
    used: Instant,
    /// Requests that are under way: it is being asked for.
    open: u32,
}

/// A session that is being asked for.
pub(super) struct Held {
    pub(super) session: Arc<Session>,
    id: String,
    sessions: Arc<Sessions>,
}

impl Sessions {
    /// None yet; the task that ends them lives as long as they.
    pub(super) fn new(settings: Gateway) -> Arc<Self> {
        let sessions = Arc::new(Self { table: Mutex::default(), settings, begun: Notify::new() });
        tokio::spawn(expire(Arc::downgrade(&sessions)));
        sessions
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.table().sessions.len()).unwrap_or(u32::MAX)
    }

    /// May this address have one more?
    pub(super) fn has_room(&self, address: IpAddr) -> bool {
        let (table, most) = (self.table(), self.settings.sessions_per_address);
        let count = table.addresses.get(&address).copied().unwrap_or_default();
        table.sessions.len() < self.settings.sessions && (most == 0 || address.is_loopback() || count < most)
    }

    /// A new one, and the id by which its client asks for it: 192 random bits as digits, with the dot
    /// that gaim cuts it at.
    pub(super) fn begin(self: &Arc<Self>, address: IpAddr, line: Line) -> (String, Held) {
        let (high, low): (u64, u128) = (rand::random(), rand::random());
        let id = format!("{high}.{low}");
        let session = Arc::new(Session::new(address, line));
        let now = Instant::now();
        let mut table = self.table();
        table.sessions.insert(id.clone(), Entry { session: Arc::clone(&session), used: now, open: 1 });
        *table.addresses.entry(address).or_default() += 1;
        table.put(now + self.settings.session_time.0, id.clone());
        drop(table);
        self.begun.notify_one();
        (id.clone(), Held { session, id, sessions: Arc::clone(self) })
    }

    /// The session with this id, if it is that of this address.
    pub(super) fn find(self: &Arc<Self>, id: &str, address: IpAddr) -> Option<Held> {
        let mut table = self.table();
        let is_theirs = |entry: &&mut Entry| !self.settings.same_address || entry.session.address == address;
        let entry = table.sessions.get_mut(id).filter(is_theirs)?;
        entry.open += 1;
        let session = Arc::clone(&entry.session);
        Some(Held { session, id: id.to_owned(), sessions: Arc::clone(self) })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // The table is whole after every statement that could panic, so a poisoned lock is no harm.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends those whose time has come. When to look again.
    fn sweep(&self, now: Instant) -> Option<Instant> {
        let mut table = self.table();
        while let Some(first) = table.due.first_entry().filter(|first| first.key().0 <= now) {
            let id = first.remove();
            let Some(entry) = table.sessions.get(&id) else { continue };
            let last = if entry.open > 0 { now } else { entry.used };
            let until = last + self.settings.session_time.0;
            if until > now {
                table.put(until, id);
            } else {
                debug!("nobody asks for a session any more");
                table.remove(&id);
            }
        }
        table.due.first_key_value().map(|((at, _), _)| *at)
    }
}

impl Table {
    fn put(&mut self, at: Instant, id: String) {
        self.next += 1;
        self.due.insert((at, self.next), id);
    }

    fn remove(&mut self, id: &str) {
        let Some(entry) = self.sessions.remove(id) else { return };
        let address = entry.session.address;
        if let Some(count) = self.addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&address);
            }
        }
    }
}

impl Held {
    /// The session is over.
    pub(super) fn end(self) {
        self.sessions.table().remove(&self.id);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(entry) = self.sessions.table().sessions.get_mut(&self.id) {
            entry.open -= 1;
            entry.used = Instant::now();
        }
    }
}

async fn expire(sessions: Weak<Sessions>) {
    while let Some(all) = sessions.upgrade() {
        let Some(at) = all.sweep(Instant::now()) else {
            all.begun.notified().await;
            continue;
        };
        drop(all);
        sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use daemon::pipe::pipe;

    use super::*;

    fn settings() -> Gateway {
        Gateway { sessions: 3, sessions_per_address: 2, ..Gateway::default() }
    }

    const MINE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
    const YOURS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 8));

    #[tokio::test(start_paused = true)]
    async fn a_session_lives_while_it_is_asked_for() {
        let sessions = Sessions::new(settings());
        let (near, far) = pipe(16);
        let (id, held) = sessions.begin(MINE, Line::Pipe(near));
        assert!(id.split_once('.').is_some_and(|(a, b)| (a.to_owned() + b).bytes().all(|byte| byte.is_ascii_digit())));
        // A request that is held for longer than the limit keeps it alive.
        tokio::time::sleep(Duration::from_secs(100)).await;
        drop(held);
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(50)).await;
            assert!(sessions.find(&id, MINE).is_some());
        }
        tokio::time::sleep(Duration::from_secs(121)).await;
        assert!(sessions.find(&id, MINE).is_none());
        assert!(sessions.table().addresses.is_empty());
        drop(far);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_its_address_own() {
        let sessions = Sessions::new(settings());
        let mut held = Vec::new();
        for _ in 0..2 {
            assert!(sessions.has_room(MINE));
            held.push(sessions.begin(MINE, Line::Pipe(pipe(16).0)));
        }
        assert!(!sessions.has_room(MINE) && sessions.has_room(YOURS));
        let third = sessions.begin(YOURS, Line::Pipe(pipe(16).0)).1;
        assert!(!sessions.has_room(YOURS), "there are three");
        third.end();
        let (id, first) = held.remove(0);
        assert!(sessions.find(&id, YOURS).is_none());
        assert!(sessions.find(&id, MINE).is_some());
        first.end();
        assert!(sessions.find(&id, MINE).is_none());
        assert!(sessions.has_room(MINE));
    }

    #[tokio::test]
    async fn an_operator_may_let_addresses_change() {
        let sessions = Sessions::new(Gateway { same_address: false, ..settings() });
        let (id, _held) = sessions.begin(MINE, Line::Pipe(pipe(16).0));
        assert!(sessions.find(&id, YOURS).is_some());
        assert!(sessions.find("1.2", YOURS).is_none());
    }
}
