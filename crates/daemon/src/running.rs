//! A daemon that runs, and how it is stopped.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time;

use crate::listener::Entrance;

/// How far stopping has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// Serving.
    Up,
    /// Serving those who are here, and sending them elsewhere; nobody new is to come.
    Draining,
    /// No new connections; clients are told to go.
    Stopping,
    /// Whatever is left is cut.
    Cut,
}

/// A connection's loop, which can be woken to see how far stopping has come.
pub(crate) trait Wake: Send + Sync {
    /// Wakes it.
    fn wake(&self);
}

/// The word to stop, and the connections that it is for. Clones are the same word.
#[derive(Clone)]
pub struct Shutdown(Arc<Inner>);

struct Inner {
    phase: watch::Sender<Phase>,
    next: AtomicU64,
    open: Mutex<HashMap<u64, Weak<dyn Wake>>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        let phase = watch::Sender::new(Phase::Up);
        Self(Arc::new(Inner { phase, next: AtomicU64::new(0), open: Mutex::default() }))
    }
}

impl Shutdown {
    /// Says that the daemons of this process are to be emptied, and then to end.
    pub fn drain_off(&self) {
        self.reach(Phase::Draining);
    }

    /// Resolves when that has been said.
    pub async fn draining(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Has it been said?
    pub fn is_draining(&self) -> bool {
        self.phase() >= Phase::Draining
    }

    /// Says the word.
    pub fn stop(&self) {
        self.reach(Phase::Stopping);
    }

    /// Waits until the connections have ended by themselves, then cuts those that have not.
    pub async fn drain(&self, patience: Duration) {
        self.emptied(patience).await;
        self.reach(Phase::Cut);
        self.emptied(patience).await;
    }

    /// Resolves when the word has been said.
    pub async fn stopping(&self) {
        self.reached(Phase::Stopping).await;
    }

    async fn reached(&self, wanted: Phase) {
        let mut phase = self.0.phase.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        let _ = phase.wait_for(|phase| *phase >= wanted).await;
    }

    /// How far stopping has come.
    pub fn phase(&self) -> Phase {
        *self.0.phase.borrow()
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.connections().len()
    }

    /// Counts a connection for as long as the guard lives, and wakes it when there is news.
    pub(crate) fn register(&self, connection: &Arc<impl Wake + 'static>) -> Open {
        let key = self.0.next.fetch_add(1, Ordering::Relaxed);
        let weak = Arc::downgrade(connection);
        self.connections().insert(key, weak);
        Open { shutdown: self.clone(), key }
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<u64, Weak<dyn Wake>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self, phase: Phase) {
        self.0.phase.send_if_modified(|now| {
            let later = *now < phase;
            if later {
                *now = phase;
            }
            later
        });
        for connection in self.connections().values().filter_map(Weak::upgrade) {
            connection.wake();
        }
    }

    async fn emptied(&self, patience: Duration) {
        let deadline = time::Instant::now() + patience;
        while self.open() > 0 && time::Instant::now() < deadline {
            time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// One connection that has yet to end.
pub(crate) struct Open {
    shutdown: Shutdown,
    key: u64,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shutdown.connections().remove(&self.key);
    }
}

/// A daemon that serves. Dropping it does not stop it: the [`Shutdown`] does.
pub struct Running {
    /// Where it listens. The port is the real one, also where 0 was asked for.
    pub address: SocketAddr,
    /// The way in for the HTTP gateway, where the daemon has one.
    pub entrance: Option<Entrance>,
    /// Ends when the daemon takes no more connections, and has told those that it has to go.
    pub task: JoinHandle<()>,
}
