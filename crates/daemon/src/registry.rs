//! What a daemon reports of itself to the store, and what the operator wants of it there.
//!
//! The store is where the operator's tool works already, so that it needs no way onto the bus; and
//! there is one also where all daemons are in one process.

use std::sync::Arc;
use std::time::Duration;

use bus::Member;
use model::{Endpoint, NodeId, Role};
use store::{NodeReport, Store};
use tokio::time;
use tracing::warn;

use crate::logging::store_failed;
use crate::{Config, Shutdown};

/// How often a daemon reports.
const REPORT: Duration = Duration::from_secs(10);
/// How often it looks what is wanted of it.
const LOOK: Duration = Duration::from_secs(2);
/// How long the last word may take, at the end.
const LAST_WORD: Duration = Duration::from_secs(2);

/// A daemon that is to be known to the operator.
pub struct Entry {
    /// Its number on the bus.
    pub id: NodeId,
    /// What the operator calls it; may be empty.
    pub name: String,
    /// What it does.
    pub role: Role,
    /// Where clients find it.
    pub endpoint: Endpoint,
    /// How many users, or rooms, it has now.
    pub load: Arc<dyn Fn() -> u32 + Send + Sync>,
    /// How many messages it has sent over the bus.
    pub sent: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Entry {
    /// A daemon that sends nothing over the bus, or has yet to say where it does ([`Entry::on`]).
    pub fn new(
        config: &Config,
        id: NodeId,
        role: Role,
        endpoint: Endpoint,
        load: impl Fn() -> u32 + Send + Sync + 'static,
    ) -> Self {
        let name = config.bus.called().to_owned();
        Self { id, name, role, endpoint, load: Arc::new(load), sent: Arc::new(|| 0) }
    }

    /// The same, with this place on the bus.
    #[must_use]
    pub fn on(self, member: &Arc<Member>) -> Self {
        let place = Arc::downgrade(member);
        Self { sent: Arc::new(move || place.upgrade().map_or(0, |member| member.sent())), ..self }
    }
}

/// Does a daemon's work, and reports it until that is done; then takes the report back. When the
/// operator wants the daemon emptied, says so to all daemons of the process.
pub async fn during(store: Store, entry: Entry, shutdown: Shutdown, work: impl Future<Output = ()>) {
    let id = entry.id;
    tokio::select! {
        () = work => {}
        () = keep(&store, &entry, &shutdown) => {}
    }
    match time::timeout(LAST_WORD, store.forget_node(id)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => store_failed("tell the operator that this daemon ends", &error),
        Err(_) => warn!("the store is too slow to tell the operator that this daemon ends"),
    }
}

/// Reports, for ever.
async fn keep(store: &Store, entry: &Entry, shutdown: &Shutdown) {
    let mut since = None;
    loop {
        let now = time::Instant::now();
        if since.is_none_or(|since| now >= since + REPORT) {
            since = Some(now);
            if let Err(error) = store.report_node(report(entry, shutdown)).await {
                store_failed("tell the operator that this daemon runs", &error);
            }
        }
        match store.is_to_drain(entry.id).await {
            Ok(true) => shutdown.drain_off(),
            Ok(false) => {}
            Err(error) => store_failed("see what the operator wants of this daemon", &error),
        }
        time::sleep(LOOK).await;
    }
}

fn report(entry: &Entry, shutdown: &Shutdown) -> NodeReport {
    NodeReport {
        id: entry.id,
        name: entry.name.clone(),
        role: entry.role.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        address: match &entry.endpoint {
            Endpoint::Public(address) => address.to_string(),
            Endpoint::SameHost(port) => format!("*:{port}"),
        },
        load: (entry.load)(),
        sent: (entry.sent)(),
        draining: shutdown.is_draining(),
    }
}
