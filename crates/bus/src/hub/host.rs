//! The hub itself: lets members in, and drives their connections.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use model::NodeId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::outbox::{End, Outbox, Side, drive};
use super::place::Listener;
use super::table::{Table, Taken};
use super::wire::{Down, Link, Up, frame, open};
use super::{HANDSHAKE, SETTLE, handshake};
use crate::{Node, Secret, lock};

/// Most connections that have not yet proved that they know the secret.
const STRANGERS: usize = 64;
/// How long accepting pauses when the system has no means for another connection.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// What all connections share.
struct Host {
    table: Mutex<Table>,
    secret: Secret,
    born: Instant,
}

/// Hosts the hub for as long as this runs. When it is dropped, all its connections end.
pub(super) async fn serve(listener: Listener, secret: Secret) {
    let host = Arc::new(Host { table: Mutex::default(), secret, born: Instant::now() });
    let strangers = Arc::new(Semaphore::new(STRANGERS));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            link = listener.accept() => match link {
                Ok(link) => match Arc::clone(&strangers).try_acquire_owned() {
                    Ok(stranger) => { connections.spawn(attend(Arc::clone(&host), link, stranger)); }
                    Err(_) => warn!("a connection to the hub is refused: {STRANGERS} others are not yet let in"),
                },
                Err(error) => {
                    warn!(%error, "the hub cannot accept a connection");
                    sleep(EXHAUSTED).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection, from its first byte to its last.
async fn attend(host: Arc<Host>, mut link: Link, stranger: OwnedSemaphorePermit) {
    let outbox = Arc::new(Outbox::new());
    let (node, token) = match timeout(HANDSHAKE, host.greet(&mut link)).await {
        Ok(Some(who)) => who,
        Ok(None) => return,
        Err(_) => return warn!("a connection to the hub is closed: it has not let itself be known in time"),
    };
    drop(stranger);
    let (id, role) = (node.id, node.role);
    let joined = lock(&host.table).join(node, token, Arc::clone(&outbox), host.settle());
    let Ok(connection) = joined.map_err(|Taken| warn!(node = %id, %role, "it cannot join: another has its number"))
    else {
        let _ = timeout(HANDSHAKE, link.write(frame(&Down::Taken))).await;
        return;
    };
    // Also when this task is dropped half-way, there is nobody left then to tell.
    let end = drive(link, &outbox, &Attended { host: &host, id, connection }).await;
    lock(&host.table).leave(id, connection);
    match end {
        End::There | End::Here | End::Replaced => debug!(node = %id, %role, %end, "a connection has ended"),
        bad => warn!(node = %id, %role, "a member's connection is closed: {bad}"),
    }
}

impl Host {
    /// Lets a member prove itself and say who it is. None if it is not let in.
    async fn greet(&self, link: &mut Link) -> Option<(Node, [u8; 16])> {
        if let Err(fault) = handshake::as_hub(link, &self.secret).await {
            match fault {
                handshake::Fault::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    debug!("a connection to the hub has ended before it began");
                }
                fault => warn!("a connection to the hub is refused: {fault}"),
            }
            return None;
        }
        match link.read().await.map(|bytes| open::<Up>(&bytes).map(|(header, _)| header)) {
            Ok(Ok(Up::Join { node, token })) => Some((node, token)),
            Ok(_) => {
                warn!("a connection to the hub is closed: it does not say who it is");
                None
            }
            // A daemon that only wanted to know whether there is a hub.
            Err(error) => {
                debug!(%error, "a connection to the hub has ended before it joined");
                None
            }
        }
    }

    /// For how many more milliseconds members of an earlier hub may be on their way.
    fn settle(&self) -> u32 {
        u32::try_from(SETTLE.saturating_sub(self.born.elapsed()).as_millis()).unwrap_or(0)
    }
}

/// The hub's end of a member's connection.
struct Attended<'a> {
    host: &'a Host,
    id: NodeId,
    connection: u64,
}

impl Side for Attended<'_> {
    fn frame(&self, bytes: &[u8]) -> Result<(), postcard::Error> {
        lock(&self.host.table).route(self.id, self.connection, bytes)
    }

    fn tick(&self) -> Bytes {
        lock(&self.host.table).expire(Instant::now());
        frame(&Down::Beat)
    }
}
