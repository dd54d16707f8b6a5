//! The one configuration file of all daemons. `config/msnpd.toml` shows every key with its
//! default; a test holds the two against each other.

mod defaults;
mod read;
mod rules;
mod span;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use bus::BusUrl;
use model::HostPort;
use serde::de::IntoDeserializer as _;
use serde::{Deserialize, Deserializer};
use store::StoreUrl;

pub use read::{ConfigError, Place};
pub use rules::endpoint;
pub use span::Span;

/// What the operator decides. Unknown keys are refused.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[store]`
    pub store: Store,
    /// `[bus]`
    pub bus: Bus,
    /// `[ds]`
    pub ds: Ds,
    /// `[ns]`
    pub ns: Ns,
    /// `[sb]`
    pub sb: Sb,
    /// `[web]`
    pub web: Web,
    /// `[limits]`
    pub limits: Limits,
    /// `[client]`
    pub client: Client,
    /// `[log]`
    pub log: Log,
}

/// Where accounts, lists and cookies are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// SQLite or Postgres.
    pub url: StoreUrl,
    /// The key that recoverable passwords are sealed under; made when missing.
    pub key_file: PathBuf,
    /// Connections to Postgres at the same time.
    pub connections: u32,
    /// How long the database may take for one thing.
    pub deadline: Span,
    /// How long to wait at the start for a database that is not there yet.
    pub start_patience: Span,
}

/// How the daemons find each other.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bus {
    /// Which carrier.
    pub url: BusUrl,
    /// What a daemon must know to be let onto the hub; made when missing.
    pub secret_file: PathBuf,
    /// What the daemons of this file are called; empty for the user in the NATS address.
    pub name: String,
    /// How long a request waits for its answer.
    pub deadline: Span,
    /// `[bus.nats]`
    pub nats: BusNats,
}

/// What is needed to reach a NATS cluster besides its address.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusNats {
    /// A file with `user:password` or a token; empty for what the address says.
    pub login_file: PathBuf,
    /// A PEM file with the authorities of the servers' certificates; empty for the system's.
    pub authorities: PathBuf,
    /// A PEM file with a certificate for ourselves; empty for none.
    pub certificate: PathBuf,
    /// A PEM file with its private key.
    pub key: PathBuf,
    /// How often a daemon says that it is there.
    pub beat: Span,
    /// How long the other daemons are believed to be there while there is no connection.
    pub faith: Span,
}

/// The dispatch server.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ds {
    /// Where clients connect first.
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
}

/// The notification server.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ns {
    /// Where it listens.
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    /// What clients are told; unset, the address at which they reached us.
    #[serde(deserialize_with = "public")]
    pub public: Option<HostPort>,
    /// Its share of the users, relative to the others.
    pub weight: u32,
    /// May clients of MSNP2–7 sign in?
    pub md5_sign_in: bool,
    /// Refuse accounts whose e-mail address is not verified?
    pub require_verified: bool,
    /// People on FL, on AL and on BL each.
    pub contacts: usize,
    /// Groups, group 0 included.
    pub groups: usize,
    /// `XFR SB` per minute.
    pub rooms_per_minute: u32,
    /// Changes of state and name per minute.
    pub changes_per_minute: u32,
    /// How often clients are challenged; 0s for never.
    pub challenge_every: Span,
    /// How long they have to answer.
    pub challenge_patience: Span,
    /// How long watchers go on seeing a session that was taken over.
    pub linger: Span,
    /// Most hits of a search in the directory.
    pub directory_hits: usize,
    /// A directory into which invitations by mail are written; empty for none.
    pub invitation_spool: PathBuf,
    /// How long a switchboard cookie is good.
    pub cookie_time: Span,
    /// When clients are to ask again whether the server is there.
    pub next_ping: Span,
    /// Over how long its users are sent elsewhere when it is to be emptied.
    pub drain_time: Span,
    /// Over how long users are sent to another server that has come.
    pub move_time: Span,
    /// How long before a stop clients are told of it.
    pub stop_notice: Span,
    /// After how long clients are told to come back at a stop; 0s for no word of it.
    pub back_in: Span,
    /// Failed sign-ins of one address at once.
    pub failed_sign_ins: u32,
    /// How long until one failed sign-in is forgotten.
    pub failed_sign_in_time: Span,
}

/// The switchboard.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sb {
    /// Where it listens.
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    /// What clients are told; unset, the address at which they reached us.
    #[serde(deserialize_with = "public")]
    pub public: Option<HostPort>,
    /// Most rooms.
    pub rooms: usize,
    /// Most people in a room.
    pub participants: usize,
    /// Calls per minute and participant.
    pub calls_per_minute: u32,
    /// How long someone who was called may take to come.
    pub ring_time: Span,
    /// How long someone may be alone in a room.
    pub alone: Span,
    /// How long two may say nothing.
    pub two_idle: Span,
    /// How long more than two may.
    pub many_idle: Span,
    /// How long its rooms may go on when it is to be emptied.
    pub drain_time: Span,
    /// Answer 217 instead of 216 to a call to someone who blocks the caller?
    pub hide_blocking: bool,
}

/// The web daemon: sign-in by HTTP, and MSNP over HTTP.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Where it listens for plain HTTP; unset, nowhere.
    #[serde(deserialize_with = "maybe_listen")]
    pub listen: Option<SocketAddr>,
    /// The host, or host and port, that answers name; unset, the one that the client asked for.
    #[serde(deserialize_with = "maybe_authority")]
    pub public: Option<String>,
    /// Addresses whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long a ticket is good.
    pub ticket_time: Span,
    /// Passwords that are checked at the same time; 0 for one less than there are cores.
    pub sign_ins_at_once: usize,
    /// Passwords that may wait to be checked.
    pub sign_ins_waiting: usize,
    /// Failed sign-ins of one address at once.
    pub failed_sign_ins: u32,
    /// How long until one failed sign-in is forgotten.
    pub failed_sign_in_time: Span,
    /// Connections of one address at the same time.
    pub connections_per_address: u32,
    /// New connections of one address at once.
    pub new_per_address: u32,
    /// How long until that many more are allowed.
    pub new_per_address_time: Span,
    /// How long the head of a request may take, and a TLS handshake.
    pub header_time: Span,
    /// How long the body of a request may take, and the writing of an answer.
    pub body_time: Span,
    /// How long a connection may wait for the next request.
    pub idle_time: Span,
    /// Bytes of the head of a request.
    pub header_bytes: usize,
    /// Bytes of the body of a request.
    pub body_bytes: usize,
    /// `[web.tls]`
    pub tls: WebTls,
    /// `[web.gateway]`
    pub gateway: Gateway,
}

/// HTTPS.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebTls {
    /// Where the web daemon listens for HTTPS, if it has a certificate.
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    /// A PEM file with the certificate and those that lead to its root; empty for no HTTPS.
    pub certificate: PathBuf,
    /// A PEM file with its private key.
    pub key: PathBuf,
}

/// MSNP over HTTP.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gateway {
    /// How long a session lives that is not asked for.
    pub session_time: Span,
    /// The longest that a poll is held.
    pub poll_time: Span,
    /// Sessions at the same time.
    pub sessions: usize,
    /// Sessions of one address; 0 for no limit.
    pub sessions_per_address: u32,
    /// Is a session only for the address that opened it?
    pub same_address: bool,
    /// Bytes that may wait for a client.
    pub buffer: usize,
}

/// What connections may do.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections of one address at the same time.
    pub connections_per_address: u32,
    /// New connections of one address at once.
    pub new_per_address: u32,
    /// How long until that many more are allowed.
    pub new_per_address_time: Span,
    /// Addresses of proxies whose word about a client's address is taken (PROXY protocol).
    pub trusted_proxies: Vec<IpAddr>,
    /// How long a client may take to sign in.
    pub sign_in_time: Span,
    /// Commands until then.
    pub sign_in_commands: u32,
    /// Bytes until then.
    pub sign_in_bytes: usize,
    /// Commands of a signed-in client at once; 0 for no limit.
    pub commands_at_once: u32,
    /// Commands per second after that.
    pub commands_per_second: u32,
    /// Messages in a room at once; 0 for no limit.
    pub messages_at_once: u32,
    /// Messages per second after that.
    pub messages_per_second: u32,
    /// Bytes that may wait for a client that does not read.
    pub outbox_bytes: usize,
    /// How long they may wait.
    pub outbox_time: Span,
}

/// What clients are told of the world.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// Where a client can be downloaded.
    pub download_url: String,
    /// Where there is more to read.
    pub info_url: String,
    /// Where clients are sent for web services that there are not.
    pub service_url: String,
    /// Where mailboxes are on the web; empty for none.
    pub mail_url: String,
}

/// What is logged.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// A level, or a filter as of tracing.
    pub level: String,
    /// Text or JSON lines.
    pub format: LogFormat,
}

/// How logs are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

fn public<'de, D: Deserializer<'de>>(from: D) -> Result<Option<HostPort>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}

fn listen<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let expected = "expected an IP address and a port, as in 0.0.0.0:1863";
    String::deserialize(from)?.parse().map_err(|_| serde::de::Error::custom(expected))
}

fn maybe_listen<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() { Ok(None) } else { listen(text.into_deserializer()).map(Some) }
}

fn maybe_authority<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    let expected = "expected a host, or host:port, as in messenger.example.com";
    match (text.is_empty(), is_authority(&text)) {
        (true, _) => Ok(None),
        (false, true) => Ok(Some(text)),
        (false, false) => Err(serde::de::Error::custom(expected)),
    }
}

/// May this stand for a host, or a host and a port, in an address that clients are told? A name, an
/// IPv4 address, or an IPv6 address in brackets.
pub fn is_authority(text: &str) -> bool {
    let (host, rest) = match text.strip_prefix('[').and_then(|six| six.split_once(']')) {
        Some((six, rest)) if six.parse::<Ipv6Addr>().is_ok() => (six, rest),
        Some(_) => return false,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port != 0);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    (1..=253).contains(&host.len())
        && host.bytes().all(is_host)
        && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
}

#[cfg(test)]
mod tests {
    use super::is_authority;

    #[test]
    fn hosts_with_and_without_a_port() {
        for good in ["localhost", "login.example.net", "192.0.2.7:8080", "a_b.example:1", "[2001:db8::1]", "[::1]:8443"]
        {
            assert!(is_authority(good), "{good}");
        }
        for bad in
            ["", ":80", "a:", "a:0", "a:70000", "a:+1", "a b", "a/b", "a,b", "a'", "::1", "[a]", "[::1", "[::1]x"]
        {
            assert!(!is_authority(bad), "{bad}");
        }
        assert!(!is_authority(&"a".repeat(254)));
    }
}
