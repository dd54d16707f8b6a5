//! Accepts connections and starts a loop for each.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use logic::Machine;
use model::SessionId;
use socket2::TcpKeepalive;
use tokio::net::TcpListener;
use tokio::time;
use tracing::{Instrument as _, debug, debug_span, warn};

use crate::address::Doorkeeper;
use crate::connection::{self, Terms};
use crate::desk::{Desk, Drive};
use crate::link::{Link, Transport};
use crate::pipe::Far;
use crate::running::Phase;
use crate::{ServeError, Shutdown, proxy};

/// Numbers sessions within this process.
static SESSIONS: AtomicU64 = AtomicU64::new(1);

/// How long to wait before accepting again when the system cannot give us a socket.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(50);

/// A connection before it has a machine.
pub struct Seat<N> {
    /// Its number.
    pub session: SessionId,
    /// The way to the client.
    pub link: Arc<Link<N>>,
    /// The address and port at which the client reached us.
    pub reached: SocketAddr,
    /// Where the client is.
    pub peer: SocketAddr,
}

impl<N> Seat<N> {
    /// A number for a session of this process.
    pub fn number() -> SessionId {
        SessionId(SESSIONS.fetch_add(1, Ordering::Relaxed))
    }
}

/// A peer that has said nothing for so long is asked whether it is there.
const PROBED_AFTER: Duration = Duration::from_secs(60);
/// And again so often. Linux lets timers of more than some 16 seconds expire together, every two
/// seconds: where a hundred thousand are asked at once, most of the questions do not fit into the
/// system's queue and are lost, and so are those that follow if they come together again.
const PROBED_EVERY: Duration = Duration::from_secs(10);
/// It is gone when it has not answered so many times, two and a half minutes after it was last heard.
const PROBES: u32 = 9;

/// Binds a listening socket. Those that it accepts have its options, which saves asking the system for
/// each of them: small writes leave at once; a peer that is gone without a word is found by the
/// system.
pub fn bind(section: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    let listen = || {
        let domain = if address.is_ipv4() { socket2::Domain::IPV4 } else { socket2::Domain::IPV6 };
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.set_tcp_nodelay(true)?;
        let keepalive = TcpKeepalive::new().with_time(PROBED_AFTER).with_interval(PROBED_EVERY);
        socket.set_tcp_keepalive(&keepalive.with_retries(PROBES))?;
        socket.listen(4096)?;
        TcpListener::from_std(socket.into())
    };
    listen().map_err(|source| ServeError::Listen { section, address, source })
}

/// What a listener needs to serve.
pub struct Door {
    /// Who may come in.
    pub doorkeeper: Arc<Doorkeeper>,
    /// What they may do.
    pub terms: Arc<Terms>,
    /// When to stop.
    pub shutdown: Shutdown,
    /// Whose word about a client's address is taken (PROXY protocol).
    pub proxies: Vec<IpAddr>,
}

/// Gives a connection its machine and its desk.
type Seating<M, D> = Box<dyn Fn(Seat<<M as Machine>::Notice>) -> (M, D) + Send + Sync>;

/// Starts a loop for each connection, however it comes.
pub struct Host<M: Machine, D> {
    door: Door,
    seat: Seating<M, D>,
}

/// A way into a server of this process that is not a socket.
#[derive(Clone)]
pub struct Entrance(Arc<dyn Fn(Far, SocketAddr, SocketAddr) -> bool + Send + Sync>);

impl Entrance {
    /// Lets a client in who is at `peer` and has reached this machine at `reached`. False: not now,
    /// because there are too many from its address, or the server stops.
    pub fn enter(&self, pipe: Far, peer: SocketAddr, reached: SocketAddr) -> bool {
        (self.0)(pipe, peer, reached)
    }
}

impl<M, D> Host<M, D>
where
    M: Machine<Question: Send, Answer: Send, Notice: Send> + Send + 'static,
    D: Desk<M>,
{
    /// One that gives each connection its machine and its desk with `seat`.
    pub fn new(door: Door, seat: impl Fn(Seat<M::Notice>) -> (M, D) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { door, seat: Box::new(seat) })
    }

    /// The way in for the HTTP gateway, to a server that listens at `port`.
    pub fn entrance(self: &Arc<Self>, port: u16) -> Entrance {
        let host = Arc::clone(self);
        Entrance(Arc::new(move |pipe, peer, reached| {
            let reached = SocketAddr::new(reached.ip(), port);
            host.door.shutdown.phase() < Phase::Stopping && host.welcome(Transport::Pipe(pipe), peer, reached)
        }))
    }

    /// Starts a loop, unless there are too many from this address.
    fn welcome(&self, transport: Transport, peer: SocketAddr, reached: SocketAddr) -> bool {
        let door = &self.door;
        let Some(pass) = door.doorkeeper.admit(peer.ip(), Instant::now()) else {
            debug!(%peer, "too many connections from this address");
            return false;
        };
        let session = Seat::<M::Notice>::number();
        let link = Link::over(transport, door.terms.outbox);
        let open = door.shutdown.register(&link);
        let (machine, desk) = (self.seat)(Seat { session, link: Arc::clone(&link), reached, peer });
        let (terms, shutdown) = (Arc::clone(&door.terms), door.shutdown.clone());
        let loop_ = connection::run(Drive::new(machine, desk, link), terms, shutdown, (pass, open));
        tokio::spawn(loop_.instrument(debug_span!("connection", session = session.0, %peer)));
        true
    }
}

/// Accepts connections until the word to stop.
pub async fn serve<M, D>(listener: TcpListener, host: Arc<Host<M, D>>)
where
    M: Machine<Question: Send, Answer: Send, Notice: Send> + Send + 'static,
    D: Desk<M>,
{
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = host.door.shutdown.stopping() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "cannot accept connections for a moment");
                time::sleep(OUT_OF_SOCKETS).await;
                continue;
            }
        };
        let Ok(reached) = stream.local_addr() else { continue };
        if !host.door.proxies.contains(&peer.ip().to_canonical()) {
            host.welcome(Transport::Tcp(stream), peer, reached);
            continue;
        }
        let host = Arc::clone(&host);
        tokio::spawn(async move {
            match proxy::introduced(&stream).await {
                Ok(introduced) => {
                    let (peer, reached) = introduced.unwrap_or((peer, reached));
                    host.welcome(Transport::Tcp(stream), peer, reached);
                }
                Err(error) => debug!(%peer, %error, "the proxy does not say who comes"),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn an_accepted_connection_has_the_options_of_the_listener() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = bind("test", address.parse().unwrap()) else {
                assert!(address.starts_with('['), "there is always IPv4");
                continue;
            };
            let (client, accepted) =
                tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
            let (accepted, _) = accepted.unwrap();
            assert!(!client.unwrap().nodelay().unwrap(), "it is not the default");
            let socket = SockRef::from(&accepted);
            assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
            assert_eq!(socket.tcp_keepalive_time().unwrap(), PROBED_AFTER);
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), PROBED_EVERY);
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), PROBES);
        }
    }
}
