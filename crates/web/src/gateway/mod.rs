//! MSNP over HTTP (`/gateway/gateway.dll`), for clients whose networks let nothing else through.
//!
//! A client opens a session to a notification server or a switchboard, sends commands as bodies of
//! requests, and gets what the server says as bodies of answers. To the server it is a connection like
//! any other: the same loop drives it, over a pipe (`daemon::pipe`) or, where the server is another
//! process, over a socket that begins with a PROXY line.
//!
//! A client names the host that it would be connected to. It decides only between servers that there
//! are: nothing is ever connected to because a client names it. (docs/PROTOCOL.md, HTTP gateway)

mod line;
mod referrals;
mod server;
mod session;
mod sessions;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Extension, Router};
use bytes::Bytes;
use daemon::config;
use daemon::pipe::Taken;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderName, Method, StatusCode, Uri};
use model::HostPort;
use tracing::debug;

use crate::visitor::Visitor;
use msnp::gateway::{Ask, Server, parse};
use referrals::Referrals;
pub use server::Entrances;
pub(crate) use server::Servers;
use server::Wanted;
use sessions::{Held, Sessions};

/// Where clients find it, as the router compares paths: in lower case.
const PATH: &str = "/gateway/gateway.dll";
const X_MSN_MESSENGER: HeaderName = HeaderName::from_static("x-msn-messenger");
const X_MSN_HOST: HeaderName = HeaderName::from_static("x-msn-host");

/// What all requests share.
pub(crate) struct Gateway {
    sessions: Arc<Sessions>,
    servers: Servers,
    referrals: Referrals,
    settings: config::Gateway,
    /// How long a server may take to read what a client sends.
    body_time: Duration,
}

impl Gateway {
    pub(crate) fn new(web: &config::Web, servers: Servers) -> Self {
        let settings = web.gateway.clone();
        let sessions = Sessions::new(settings.clone());
        Self { sessions, servers, referrals: Referrals::default(), settings, body_time: web.body_time.0 }
    }

    /// How many sessions there are.
    pub(crate) fn count(&self) -> u32 {
        self.sessions.count()
    }

    async fn open(&self, server: Server, host: Option<&str>, visitor: &Visitor, commands: &Bytes) -> Response {
        if !self.sessions.has_room(visitor.address) {
            debug!(address = %visitor.address, "too many sessions");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let peer = SocketAddr::new(visitor.address, 0);
        let wanted = host.map(|host| match self.referrals.take(visitor.address, host) {
            Some(HostPort { port, .. }) => Wanted { host, port: Some(port) },
            None => Wanted { host, port: None },
        });
        let line = self.servers.connect(server, wanted, commands, peer, visitor.reached, self.settings.buffer).await;
        let Some(line) = line else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
        let (id, held) = self.sessions.begin(visitor.address, line);
        let taken = held.session.send(commands, self.body_time, self.settings.buffer).await;
        self.answer(&id, taken, held, visitor)
    }

    async fn send(&self, id: &str, visitor: &Visitor, commands: &Bytes) -> Response {
        let Some(held) = self.sessions.find(id, visitor.address) else { return unknown() };
        let taken = held.session.send(commands, self.body_time, self.settings.buffer).await;
        self.answer(id, taken, held, visitor)
    }

    /// A client that says for how long is answered when there is something to say; one that does not
    /// asks every two seconds, and is answered at once.
    async fn poll(&self, id: &str, visitor: &Visitor, patience: Option<Duration>) -> Response {
        let Some(held) = self.sessions.find(id, visitor.address) else { return unknown() };
        let hold = patience.unwrap_or_default().min(self.settings.poll_time.0);
        let taken = held.session.poll(hold, self.settings.buffer).await;
        self.answer(id, taken, held, visitor)
    }

    fn answer(&self, id: &str, taken: Taken, held: Held, visitor: &Visitor) -> Response {
        self.referrals.note(visitor.address, &taken.bytes);
        let close = if taken.ended { "; Session=close" } else { "" };
        if taken.ended {
            held.end();
        }
        let session = format!("SessionID={id}; GW-IP={}{close}", visitor.authority);
        let headers = [(X_MSN_MESSENGER, session), (X_MSN_HOST, visitor.authority.clone())];
        (headers, [(CONTENT_TYPE, "application/x-msn-messenger")], taken.bytes).into_response()
    }
}

/// The gateway's part of the router.
pub(crate) fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new().route(PATH, any(ask)).with_state(gateway)
}

async fn ask(
    State(gateway): State<Arc<Gateway>>,
    Extension(visitor): Extension<Visitor>,
    method: Method,
    uri: Uri,
    commands: Bytes,
) -> Response {
    if method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]).into_response();
    }
    match uri.query().and_then(parse) {
        Some(Ask::Open { server, host }) => gateway.open(server, host, &visitor, &commands).await,
        Some(Ask::Send { session }) => gateway.send(session, &visitor, &commands).await,
        // A poll has no body; what has one is said all the same.
        Some(Ask::Poll { session, .. }) if !commands.is_empty() => gateway.send(session, &visitor, &commands).await,
        Some(Ask::Poll { session, patience }) => gateway.poll(session, &visitor, patience).await,
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// A session that there is not, or that is another address's. Clients take it for a broken connection.
fn unknown() -> Response {
    StatusCode::BAD_REQUEST.into_response()
}
