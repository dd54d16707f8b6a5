//! The carrier for daemons that share a machine, with nothing to install: the hub.
//!
//! Whoever finds nobody at the hub's address binds it and hosts the hub (`host`). Every daemon,
//! the host's own included, is a client of the hub through a connection (`seat`, `client`). When
//! the host dies, all see their connections end; they try again at once, the first to bind the
//! address hosts the next hub, and each tells it anew who it is and whom it holds.
//!
//! The hub keeps nothing but who is connected and whom they hold (`table`), and does not look
//! into the messages: it reads the address on them and puts the sender's number in its place, so
//! that a member can speak only for itself.
//!
//! Who connects must know the installation's secret (`handshake`). The connection itself is
//! neither encrypted nor signed: it belongs on a loopback address or a Unix socket.

mod client;
mod handshake;
mod host;
mod outbox;
mod place;
mod seat;
mod table;
mod wire;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::info;

use crate::{BusError, Secret, lock};
use wire::Link;

pub(crate) use place::Place;
pub(crate) use seat::Seat;

/// How long opening and joining keep trying.
const PATIENCE: Duration = Duration::from_secs(5);
/// Each side ends a connection whose handshake takes longer.
const HANDSHAKE: Duration = Duration::from_secs(2);
/// For so long after its start a hub lets its clients know that others may still be on their way.
const SETTLE: Duration = Duration::from_millis(300);
/// For so long a client without a connection goes on believing in the others.
const FAITH: Duration = Duration::from_secs(3);
/// First and longest pause between two attempts to connect.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// A process's way to the hub.
pub(crate) struct Hub {
    place: Place,
    secret: Secret,
    /// The hub itself, if it is hosted here. Ends when this is dropped.
    hosting: Mutex<JoinSet<()>>,
}

impl Hub {
    /// Makes sure that there is a hub, and that it has the same secret.
    pub(crate) async fn open(place: Place, secret: Secret) -> Result<Arc<Self>, BusError> {
        let hub = Arc::new(Self { place, secret, hosting: Mutex::default() });
        let end = Instant::now() + PATIENCE;
        let mut pause = Pause::default();
        loop {
            match hub.reach().await {
                Ok(_) => return Ok(hub),
                Err(error) if error.is_final() || Instant::now() > end => return Err(error),
                Err(_) => pause.wait().await,
            }
        }
    }

    /// One attempt to get a connection on which both sides have proved themselves. Hosts the hub
    /// if nobody does.
    async fn reach(&self) -> Result<Link, BusError> {
        let unreachable = |source| BusError::Connect { url: self.place.to_string(), source };
        let attempt = async {
            let mut link = match self.place.connect().await {
                Err(error) if place::is_vacant(&error) => {
                    self.host().await?;
                    self.place.connect().await.map_err(unreachable)?
                }
                connected => connected.map_err(unreachable)?,
            };
            handshake::as_member(&mut link, &self.secret).await.map_err(|fault| fault.at(&self.place))?;
            Ok(link)
        };
        let late = |_| unreachable(std::io::Error::new(std::io::ErrorKind::TimedOut, "it does not answer"));
        timeout(HANDSHAKE, attempt).await.map_err(late)?
    }

    /// Hosts the hub, unless someone else is quicker.
    async fn host(&self) -> Result<(), BusError> {
        let failed = |source| BusError::Host { url: self.place.to_string(), source };
        if let Some(listener) = self.place.bind().await.map_err(failed)? {
            info!(at = %self.place, "this process hosts the hub of the bus");
            let mut hosting = lock(&self.hosting);
            // What is left of a hub that ended, if there was one before.
            while hosting.try_join_next().is_some() {}
            hosting.spawn(host::serve(listener, self.secret.clone()));
        }
        Ok(())
    }
}

/// The pauses between attempts: each up to twice as long as the one before, and of random length,
/// so that those who lost the same hub do not come back in step.
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(PAUSE.0)
    }
}

impl Pause {
    async fn wait(&mut self) {
        let length = self.0.mul_f64(rand::random_range(0.5..1.0));
        self.0 = (self.0 * 2).min(PAUSE.1);
        sleep(length).await;
    }
}
