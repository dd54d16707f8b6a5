//! Accepts connections and starts a loop for each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use logic::Machine;
use model::SessionId;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::time;
use tracing::{Instrument as _, debug, debug_span, warn};

use crate::address::Doorkeeper;
use crate::connection::{self, Terms};
use crate::desk::{Desk, Drive};
use crate::link::Link;
use crate::{ServeError, Shutdown};

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

/// Binds a listening socket.
pub fn bind(section: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    let listen = || {
        let domain = if address.is_ipv4() { socket2::Domain::IPV4 } else { socket2::Domain::IPV6 };
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(4096)?;
        TcpListener::from_std(socket.into())
    };
    listen().map_err(|source| ServeError::Listen { section, address, source })
}

/// What a listener needs to serve.
pub struct Door {
    /// Who may come in.
    pub doorkeeper: Doorkeeper,
    /// What they may do.
    pub terms: Terms,
    /// When to stop.
    pub shutdown: Shutdown,
}

/// Accepts connections until the word to stop; `seat` gives each its machine and its desk.
pub async fn serve<M, D>(listener: TcpListener, door: Door, mut seat: impl FnMut(Seat<M::Notice>) -> (M, D))
where
    M: Machine<Question: Send, Answer: Send, Notice: Send> + Send + 'static,
    D: Desk<M>,
{
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = door.shutdown.stopping() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "cannot accept connections for a moment");
                time::sleep(OUT_OF_SOCKETS).await;
                continue;
            }
        };
        let Some(pass) = door.doorkeeper.admit(peer.ip(), Instant::now()) else {
            debug!(%peer, "too many connections from this address");
            continue;
        };
        let Ok(reached) = prepare(&stream) else { continue };
        let session = Seat::<M::Notice>::number();
        let link = Link::tcp(stream, door.terms.outbox);
        let open = door.shutdown.register(&link);
        let (machine, desk) = seat(Seat { session, link: Arc::clone(&link), reached, peer });
        let loop_ = connection::run(Drive::new(machine, desk, link), door.terms, door.shutdown.clone());
        let span = debug_span!("connection", session = session.0, %peer);
        tokio::spawn(
            async move {
                loop_.await;
                drop((pass, open));
            }
            .instrument(span),
        );
    }
}

/// Readies a connection that was accepted, and tells our own address: small writes leave at once; a
/// peer that is gone without a word is found by the system.
pub fn prepare(stream: &TcpStream) -> std::io::Result<SocketAddr> {
    stream.set_nodelay(true)?;
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(20)).with_retries(4);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)?;
    stream.local_addr()
}
