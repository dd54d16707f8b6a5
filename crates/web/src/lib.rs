//! The web daemon: sign-in by HTTP, and MSNP over HTTP.
//!
//! Clients of MSNP8 and newer send handle and password here and get a ticket, which the notification
//! server redeems (`passport`). `http` reads requests and writes answers, `pages` says what
//! is answered at which path, `hall` checks passwords.

mod gateway;
mod hall;
mod http;
mod pages;
mod stubs;
mod tls;
mod visitor;

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use bus::{Answering, Handler, Members, Node, Request, Response};
use daemon::address::Doorkeeper;
use daemon::config::Web;
use daemon::registry::{self, Entry};
use daemon::{Parts, Running, ServeError, Shutdown, config, listener};
use model::{NodeId, Notice, Role};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tracing::{Instrument as _, debug, debug_span, error, info, warn};

pub use crate::gateway::Entrances;
use crate::gateway::{Gateway, Servers};
use crate::hall::Hall;
use crate::http::Limits;
use crate::visitor::Site;

/// How long to wait before accepting again when the system cannot give us a socket.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(50);
/// How long requests that are under way may take when the daemon stops.
const GRACE: Duration = Duration::from_secs(5);

/// Begins to serve. The address is that for plain HTTP, or, without it, that for HTTPS. None: neither
/// is configured.
///
/// The gateway leads to the servers of this process, or, without any, to those on the bus.
pub async fn serve(parts: &Parts, shutdown: &Shutdown, here: Option<Entrances>) -> Result<Option<Running>, ServeError> {
    let web = &parts.config.web;
    let plain = web.listen.map(|listen| bind("web", listen)).transpose()?;
    let secure = match tls::acceptor(&web.tls)? {
        Some(acceptor) => Some((bind("web.tls", web.tls.listen)?, acceptor)),
        None => None,
    };
    let plain_address = plain.as_ref().map(|(_, address)| *address);
    let secure_address = secure.as_ref().map(|((_, address), _)| *address);
    let Some(address) = plain_address.or(secure_address) else { return Ok(None) };
    if let Some(address) = plain_address {
        info!(role = %"web", %address, "listening");
    }
    if let Some(address) = secure_address {
        info!(role = %"web", %address, "listening for HTTPS");
    }
    let (id, endpoint) = (NodeId(rand::random()), config::endpoint(None, address));
    let servers = match here {
        Some(entrances) => Servers::Here(entrances),
        None => {
            let (role, load) = (Role::Web, 0);
            let node = Node { id, role, endpoint: endpoint.clone(), weight: 1, load, draining: false };
            let member = Arc::new(parts.bus.join(node, Arc::new(Listener)).await?);
            Servers::There { member, store: parts.store.clone() }
        }
    };
    let member = match &servers {
        Servers::Here(_) => None,
        Servers::There { member, .. } => Some(Arc::clone(member)),
    };
    let gateway = Arc::new(Gateway::new(web, servers));
    let counted = Arc::clone(&gateway);
    let entry = Entry::new(&parts.config, id, Role::Web, endpoint, move || counted.count());
    let entry = member.iter().fold(entry, Entry::on);
    let house = House {
        web: Arc::new(web.clone()),
        router: pages::router(Arc::new(Hall::new(parts)), gateway),
        doorkeeper: Doorkeeper::new(parts.config.web_caps()),
        shutdown: shutdown.clone(),
        plain: plain.map(|(listener, _)| listener),
        secure: secure.map(|((listener, _), acceptor)| (listener, acceptor)),
    };
    let task = tokio::spawn(registry::during(parts.store.clone(), entry, shutdown.clone(), house.serve()));
    Ok(Some(Running { address, entrance: None, task }))
}

/// Hears who is on the bus, and has nothing to say there.
struct Listener;

impl Handler for Listener {
    fn notice(&self, _: NodeId, _: Notice) {}

    fn request(self: Arc<Self>, _: NodeId, _: Request) -> Answering {
        Box::pin(async { Response::Failed })
    }

    fn members(&self, _: &Arc<Members>) {}
}

fn bind(section: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listener = listener::bind(section, address)?;
    let bound = listener.local_addr().map_err(|source| ServeError::Listen { section, address, source })?;
    Ok((listener, bound))
}

/// What it takes to serve.
struct House {
    web: Arc<Web>,
    router: Router,
    doorkeeper: Arc<Doorkeeper>,
    shutdown: Shutdown,
    plain: Option<TcpListener>,
    secure: Option<(TcpListener, TlsAcceptor)>,
}

impl House {
    /// Accepts connections until the word to stop, and then waits for the answers under way.
    async fn serve(self) {
        let mut connections = JoinSet::new();
        loop {
            let (accepted, acceptor) = tokio::select! {
                accepted = accept(self.plain.as_ref()) => (accepted, None),
                accepted = accept(self.secure.as_ref().map(|(listener, _)| listener)) => {
                    (accepted, self.secure.as_ref().map(|(_, acceptor)| acceptor.clone()))
                }
                Some(ended) = connections.join_next() => {
                    if let Err(error) = ended {
                        error!(%error, "a connection failed");
                    }
                    continue;
                }
                // Whoever is served over HTTP comes again, and finds another one.
                () = self.shutdown.draining() => break,
            };
            match accepted {
                Ok((stream, peer)) => self.welcome(stream, peer, acceptor, &mut connections),
                Err(error) => {
                    warn!(%error, "cannot accept connections for a moment");
                    time::sleep(OUT_OF_SOCKETS).await;
                }
            }
        }
        drop((self.plain, self.secure));
        let ended = async { while connections.join_next().await.is_some() {} };
        // Whatever is left is cut.
        let _ = time::timeout(GRACE, ended).await;
    }

    fn welcome(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        acceptor: Option<TlsAcceptor>,
        connections: &mut JoinSet<()>,
    ) {
        let Ok(reached) = stream.local_addr() else { return };
        let site = Site { web: Arc::clone(&self.web), peer: peer.ip(), reached, secure: acceptor.is_some() };
        let pass = if site.trusts(peer.ip()) {
            None
        } else {
            let Some(pass) = self.doorkeeper.admit(peer.ip(), Instant::now()) else {
                debug!(%peer, "too many connections from this address");
                return;
            };
            Some(pass)
        };
        let (router, shutdown, limits) = (self.router.clone(), self.shutdown.clone(), limits(&self.web));
        let connection = async move {
            match acceptor {
                None => http::serve(stream, site, router, limits, shutdown).await,
                Some(acceptor) => match time::timeout(limits.header_time, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => http::serve(stream, site, router, limits, shutdown).await,
                    Ok(Err(error)) => debug!(%error, "no TLS with this client"),
                    Err(_) => debug!("a TLS handshake took too long"),
                },
            }
            drop(pass);
        };
        connections.spawn(connection.instrument(debug_span!("connection", %peer)));
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => pending().await,
    }
}

fn limits(web: &Web) -> Limits {
    Limits {
        header_time: web.header_time.0,
        body_time: web.body_time.0,
        idle_time: web.idle_time.0,
        header_bytes: web.header_bytes,
        body_bytes: web.body_bytes,
    }
}
