//! Which server a session is connected to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str;
use std::sync::Arc;

use bus::{Member, Members, Node};
use daemon::listener::Entrance;
use daemon::logging::store_failed;
use daemon::pipe::pipe;
use model::{Cookie, Email, Endpoint, Role};
use store::Store;
use tracing::{debug, warn};

use super::line::Line;
use msnp::gateway::Server;

/// The ways into the servers of this process.
pub struct Entrances {
    /// The notification server.
    pub ns: Entrance,
    /// The switchboard.
    pub sb: Entrance,
}

/// What a client believes to be connected to.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// What it names.
    pub(super) host: &'a str,
    /// What it was told before, if it was.
    pub(super) port: Option<u16>,
}

/// The servers that there are.
pub(crate) enum Servers {
    /// One of each, in this process.
    Here(Entrances),
    /// Those on the bus, reached by sockets.
    There {
        /// Our place on the bus.
        member: Arc<Member>,
        /// Knows the cookies.
        store: Store,
    },
}

impl Servers {
    /// The way to a server for a client that wants to be connected to `wanted`, and begins with
    /// `commands`. None: there is none, or it takes nobody now.
    pub(super) async fn connect(
        &self,
        server: Server,
        wanted: Option<Wanted<'_>>,
        commands: &[u8],
        peer: SocketAddr,
        reached: SocketAddr,
        buffer: usize,
    ) -> Option<Line> {
        match self {
            Self::Here(Entrances { ns, sb }) => {
                let entrance = match server {
                    Server::Notification => ns,
                    Server::Switchboard => sb,
                };
                let (near, far) = pipe(buffer);
                entrance.enter(far, peer, reached).then_some(Line::Pipe(near))
            }
            Self::There { member, store } => {
                let members = member.members();
                let node = match server {
                    Server::Notification => notification(&members, wanted),
                    Server::Switchboard => switchboard(&members, store, commands).await,
                };
                let node = node.or_else(|| {
                    debug!("there is no server to connect a session to");
                    None
                })?;
                let local = IpAddr::V4(Ipv4Addr::LOCALHOST).to_string();
                let to = match &node.endpoint {
                    Endpoint::Public(address) => (address.host.as_str(), address.port),
                    // It is told to clients as "where you are already": on this machine.
                    Endpoint::SameHost(port) => (local.as_str(), *port),
                };
                let connected = Line::connect(to, peer, reached).await;
                connected.inspect_err(|error| warn!(%error, host = to.0, port = to.1, "cannot reach a server")).ok()
            }
        }
    }
}

/// The server that is wanted; any, if there is none: it refers on whom it is not for.
fn notification<'a>(members: &'a Members, wanted: Option<Wanted<'_>>) -> Option<&'a Node> {
    let is_meant = |node: &&Node| match (&node.endpoint, wanted) {
        (Endpoint::Public(address), Some(Wanted { host, port })) => {
            address.host.eq_ignore_ascii_case(host) && port.is_none_or(|port| port == address.port)
        }
        (Endpoint::SameHost(there), Some(Wanted { port: Some(port), .. })) => *there == port,
        _ => false,
    };
    let meant = members.nodes().iter().filter(|node| node.role == Role::Notification).find(is_meant);
    meant.or_else(|| {
        let anybody = Email::parse(&format!("{:x}@example.com", rand::random::<u64>())).ok()?;
        members.home_of(&anybody)
    })
}

/// The switchboard that the cookie in the client's first command is for.
async fn switchboard<'a>(members: &'a Members, store: &Store, commands: &[u8]) -> Option<&'a Node> {
    let line = commands.split(|byte| *byte == b'\n').next()?;
    let mut words = str::from_utf8(line).ok()?.split_ascii_whitespace();
    let verb = words.next()?;
    let cookie = words.nth(2).filter(|_| verb == "USR" || verb == "ANS")?;
    match store.switchboard_of(&Cookie(cookie.to_owned())).await {
        Ok(Some(id)) => members.get(id),
        // With a wrong cookie, any of them refuses.
        Ok(None) => members.switchboards().into_iter().next(),
        Err(error) => {
            store_failed("look for a cookie", &error);
            None
        }
    }
}
