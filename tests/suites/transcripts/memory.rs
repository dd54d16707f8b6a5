//! The stage in memory: the servers' state machines and desks with no sockets, on a clock that
//! only `wait` moves. What happens is the same at every play.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use conformance::{Cast, Need, Operation, Patience, Place, Played, Received, Script, Stage, StageError, play};
use daemon::desk::Pace;
use daemon::link::batch;
use daemon::listener::Seat;
use daemon::{Config, Desk, Drive, Link, Parts};
use logic::Machine;
use model::{Email, Endpoint};
use store::{MasterKey, Store};

use crate::arrange;

/// Plays one script.
pub(crate) async fn perform(script: &Script) -> Result<Played, String> {
    tokio::time::pause();
    // While a blocking task runs, time stands still but for `wait`.
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let still = tokio::task::spawn_blocking(move || stopped.recv().is_err());
    let played = play(script, &mut Memory::default()).await.map_err(|failure| failure.to_string());
    drop(stop);
    let _ = still.await;
    played
}

/// The servers, and the clients' connections to them.
#[derive(Default)]
struct Memory {
    servers: Option<Servers>,
    connections: Vec<Connection>,
}

struct Servers {
    ds: Arc<ds::Hall>,
    ns: Arc<ns::Hall>,
    sb: Arc<sb::Hall>,
    store: Store,
    /// Without these, the servers are not on the bus.
    _members: [Arc<bus::Member>; 3],
    /// What was last seen of changes from outside.
    mark: i64,
    /// How long clients know before the notification server stops.
    notice: Duration,
}

struct Connection {
    actor: Box<dyn Actor>,
    received: Vec<u8>,
    /// The server has closed it.
    closed: bool,
    /// The client has.
    left: bool,
}

/// How long tickets are good.
const TICKET_TIME: Duration = Duration::from_secs(24 * 3600);

const PORTS: [u16; 3] = [1863, 1864, 1865];

/// One connection, whatever its machine.
trait Actor {
    fn feed(&mut self, bytes: &[u8]);
    /// Does whatever can be done now. False if there was nothing.
    fn act(&mut self) -> std::pin::Pin<Box<dyn Future<Output = bool> + '_>>;
    fn take(&mut self) -> Vec<u8>;
    fn is_closing(&self) -> bool;
    fn end(&mut self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>;
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl<M, D> Actor for Drive<M, D>
where
    M: Machine<Notice: Send> + 'static,
    D: Desk<M>,
{
    fn feed(&mut self, bytes: &[u8]) {
        batch(|| Drive::feed(self, bytes, now(), |_, _| Pace::Go));
    }

    fn act(&mut self) -> std::pin::Pin<Box<dyn Future<Output = bool> + '_>> {
        Box::pin(async move {
            if self.is_open() {
                let answer = self.answered().await;
                batch(|| self.answer(answer, now()));
                batch(|| Drive::feed(self, &[], now(), |_, _| Pace::Go));
                return true;
            }
            batch(|| self.notice(now()) || self.timeout(now()))
        })
    }

    fn take(&mut self) -> Vec<u8> {
        self.link.take()
    }

    fn is_closing(&self) -> bool {
        self.closing().is_some() || self.link.closed().is_some()
    }

    fn end(&mut self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>> {
        self.link.close();
        let rest = batch(|| self.farewell(now()));
        Box::pin(async move {
            if let Some(rest) = rest {
                rest.await;
            }
        })
    }
}

fn seat<N: Send + 'static>(port: u16, limit: usize) -> Seat<N> {
    Seat {
        session: Seat::<N>::number(),
        link: Link::memory(limit),
        reached: SocketAddr::from(([127, 0, 0, 1], port)),
        peer: SocketAddr::from(([127, 0, 0, 1], 50_000)),
    }
}

impl Memory {
    /// Has the notification server see what was changed from outside.
    async fn look_outside(&mut self) {
        if let Some(servers) = &mut self.servers
            && let Ok(mark) = servers.ns.look_outside(servers.mark).await
        {
            servers.mark = mark;
        }
        self.settle().await;
    }

    /// Lets everyone do what they can, until nobody can do anything.
    async fn settle(&mut self) {
        loop {
            let mut acted = false;
            for connection in &mut self.connections {
                if !connection.closed && !connection.left {
                    acted |= connection.actor.act().await;
                }
                connection.received.extend(connection.actor.take());
                if connection.actor.is_closing() && !connection.closed && !connection.left {
                    connection.closed = true;
                    connection.actor.end().await;
                    acted = true;
                }
            }
            // The bus delivers in tasks of its own.
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            if !acted {
                return;
            }
        }
    }
}

impl Stage for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn lacks(&self, need: Need) -> Option<String> {
        match need {
            Need::Web => Some("HTTP, which there is not in memory".to_owned()),
            Need::Tickets | Need::Dispatch | Need::HangingUp | Need::Operator | Need::Referrals => None,
        }
    }

    /// There is no HTTP here, so the password is not looked at.
    async fn ticket(&mut self, handle: &str, _: &str, _: &str) -> Result<String, StageError> {
        let broken = |error: &dyn std::fmt::Display| StageError::Broken(error.to_string());
        let servers = self.servers.as_ref().ok_or_else(|| broken(&"not prepared"))?;
        let handle = Email::parse(handle).map_err(|error| broken(&error))?;
        let account = servers.store.account(&handle).await.map_err(|error| broken(&error))?;
        let account = account.ok_or_else(|| broken(&"there is no such account"))?;
        let ticket = servers.store.issue_ticket(account.id, TICKET_TIME).await.map_err(|error| broken(&error))?;
        let ticket = ticket.ok_or_else(|| broken(&"there is no such account"))?;
        Ok(format!("t={}&p=", ticket.expose()))
    }

    async fn prepare(&mut self, cast: &Cast) -> Result<(), StageError> {
        let broken = |error: &dyn std::fmt::Display| StageError::Unprepared(error.to_string());
        let config: Config = toml::from_str(&arrange::configuration(cast)).map_err(|error| broken(&error))?;
        let url = "sqlite::memory:".parse().map_err(|error| broken(&error))?;
        let keys = MasterKey::random().map_err(|error| broken(&error))?;
        let store = Store::open(&url, keys).await.map_err(|error| broken(&error))?;
        arrange::arrange(&store, cast).await?;
        let mark = store.touched_mark().await.map_err(|error| broken(&error))?;
        let parts = Parts { config: Arc::new(config), store, bus: bus::Bus::local() };
        let [ds_port, ns_port, sb_port] = PORTS.map(Endpoint::SameHost);
        let (sb, a) =
            sb::Hall::open(&parts, sb_port, &daemon::Shutdown::default()).await.map_err(|error| broken(&error))?;
        let (ns, b) =
            ns::Hall::open(&parts, ns_port, 1, &daemon::Shutdown::default()).await.map_err(|error| broken(&error))?;
        let (ds, c) = ds::Hall::open(&parts, ds_port).await.map_err(|error| broken(&error))?;
        let notice = parts.config.ns.stop_notice.0;
        self.servers = Some(Servers { ds, ns, sb, store: parts.store, _members: [a, b, c], mark, notice });
        Ok(())
    }

    async fn connect(&mut self, place: &Place) -> Result<usize, StageError> {
        let servers = self.servers.as_ref().ok_or_else(|| StageError::Broken("not prepared".to_owned()))?;
        let port = match place {
            Place::Dispatch => PORTS[0],
            Place::Web => return Err(StageError::Broken("there is no HTTP in memory".to_owned())),
            Place::At(address) | Place::Switchboard(address) => {
                address.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0)
            }
        };
        let limit = Config::default().limits.outbox_bytes;
        let actor: Box<dyn Actor> = if port == PORTS[0] {
            let seat = seat(port, limit);
            let link = Arc::clone(&seat.link);
            let (machine, desk) = servers.ds.seat(&seat);
            Box::new(Drive::new(machine, desk, link))
        } else if port == PORTS[1] {
            let seat = seat(port, limit);
            let link = Arc::clone(&seat.link);
            let (machine, desk) = servers.ns.seat(seat);
            Box::new(Drive::new(machine, desk, link))
        } else if port == PORTS[2] {
            let seat = seat(port, limit);
            let link = Arc::clone(&seat.link);
            let (machine, desk) = servers.sb.seat(seat);
            Box::new(Drive::new(machine, desk, link))
        } else {
            return Err(StageError::Broken(format!("no server has port {port}")));
        };
        self.connections.push(Connection { actor, received: Vec::new(), closed: false, left: false });
        Ok(self.connections.len() - 1)
    }

    async fn send(&mut self, connection: usize, bytes: &[u8]) -> Result<(), StageError> {
        let there = &mut self.connections[connection];
        if !there.closed && !there.left {
            there.actor.feed(bytes);
        }
        self.settle().await;
        Ok(())
    }

    async fn receive(&mut self, connection: usize, _: Patience) -> Result<Received, StageError> {
        self.settle().await;
        let there = &mut self.connections[connection];
        if !there.received.is_empty() {
            return Ok(Received::Bytes(std::mem::take(&mut there.received)));
        }
        Ok(if there.closed { Received::Closed } else { Received::Nothing })
    }

    async fn drop(&mut self, connection: usize, _: bool) {
        let there = &mut self.connections[connection];
        there.left = true;
        if !there.closed {
            there.actor.end().await;
        }
        self.settle().await;
    }

    /// Moves the clock from one timer to the next, so that each fires at its time.
    async fn wait(&mut self, time: Duration) {
        const STEP: Duration = Duration::from_millis(500);
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(STEP);
            tokio::time::advance(step).await;
            left -= step;
            self.settle().await;
        }
        self.look_outside().await;
    }

    async fn operate(&mut self, operation: &Operation) -> Result<(), StageError> {
        let broken = |error: &dyn std::fmt::Display| StageError::Broken(error.to_string());
        let servers = self.servers.as_ref().ok_or_else(|| broken(&"not prepared"))?;
        let email = |handle: &str| Email::parse(handle).map_err(|error| broken(&error));
        match operation {
            Operation::Suspend(handle) => {
                servers.store.set_suspended(&email(handle)?, true).await.map_err(|error| broken(&error))?;
                self.look_outside().await;
            }
            Operation::Refer { handle, to } => {
                let account = servers.store.account(&email(handle)?).await.map_err(|error| broken(&error))?;
                let account = account.ok_or_else(|| broken(&"there is no such account"))?;
                let to = to.parse().map_err(|_| broken(&format!("no server is at {to}")))?;
                servers.ns.refer(account.id, Endpoint::Public(to));
            }
            Operation::Stop => {
                let (ns, notice) = (Arc::clone(&servers.ns), servers.notice);
                ns.warn();
                self.settle().await;
                self.wait(notice).await;
                ns.dismiss();
            }
        }
        self.settle().await;
        Ok(())
    }
}
