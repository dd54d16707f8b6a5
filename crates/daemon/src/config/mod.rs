//! The one configuration file of all daemons. `config/msnpd.toml` shows every key with its
//! default; a test holds the two against each other.

mod span;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bus::BusUrl;
use logic::{Rate, ds, ns, sb};
use model::{Endpoint, HostPort, MAX_GROUPS};
use serde::{Deserialize, Deserializer};
use store::StoreUrl;

pub use span::Span;

use crate::address::Caps;
use crate::connection::Terms;

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
}

/// How the daemons find each other.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bus {
    /// Which carrier.
    pub url: BusUrl,
    /// What a daemon must know to be let in; made when missing.
    pub secret_file: PathBuf,
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
    /// How long before a stop clients are told of it.
    pub stop_notice: Span,
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
    /// Answer 217 instead of 216 to a call to someone who blocks the caller?
    pub hide_blocking: bool,
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

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("the configuration {} cannot be used: {place}{message}", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where in it. The line itself is not repeated, since it may hold a password.
        place: Place,
        /// What is wrong there.
        message: String,
    },
    /// A value is out of its range.
    #[error("the configuration {} cannot be used: {sentence}", path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which value, and what it may be.
        sentence: &'static str,
    },
}

/// A place in a text: line and column, from 1 on, if they are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place(Option<(usize, usize)>);

impl Place {
    fn of(text: &str, at: Option<usize>) -> Self {
        let before = at.and_then(|at| text.get(..at));
        Self(before.map(|before| {
            let line = before.rsplit('\n').next().unwrap_or_default();
            (before.matches('\n').count() + 1, line.chars().count() + 1)
        }))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((line, column)) => write!(f, "line {line}, column {column}: "),
            None => Ok(()),
        }
    }
}

impl Config {
    /// Reads a file. Paths in it are relative to the directory that the daemon is started in.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            place: Place::of(&text, error.span().map(|span| span.start)),
            message: error.message().to_owned(),
        })?;
        config.check().map_err(|sentence| ConfigError::Value { path: path.to_owned(), sentence })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), &'static str> {
        let word = |url: &str| !url.is_empty() && url.bytes().all(|byte| byte.is_ascii_graphic());
        let client = &self.client;
        if !(word(&client.download_url) && word(&client.info_url) && word(&client.service_url)) {
            return Err("the [client] addresses must not be empty, nor hold blanks");
        }
        if !(1..=usize::from(MAX_GROUPS)).contains(&self.ns.groups) {
            return Err("[ns] groups must be from 1 to 30");
        }
        if self.sb.participants < 2 {
            return Err("[sb] participants must be at least 2");
        }
        if self.ns.weight == 0 {
            return Err("[ns] weight must be at least 1");
        }
        if self.limits.outbox_bytes < 16 * 1024 {
            return Err("[limits] outbox_bytes must be at least 16384");
        }
        self.check_not_zero()
    }

    /// With nothing of these, nobody could sign in or talk.
    fn check_not_zero(&self) -> Result<(), &'static str> {
        let (ns, sb, limits) = (&self.ns, &self.sb, &self.limits);
        for (is_zero, sentence) in [
            (ns.challenge_patience.0.is_zero(), "[ns] challenge_patience must not be 0"),
            (ns.cookie_time.0.is_zero(), "[ns] cookie_time must not be 0"),
            (sb.ring_time.0.is_zero(), "[sb] ring_time must not be 0"),
            (sb.alone.0.is_zero(), "[sb] alone must not be 0"),
            (sb.two_idle.0.is_zero(), "[sb] two_idle must not be 0"),
            (sb.many_idle.0.is_zero(), "[sb] many_idle must not be 0"),
            (limits.sign_in_time.0.is_zero(), "[limits] sign_in_time must not be 0"),
            (limits.sign_in_commands == 0, "[limits] sign_in_commands must not be 0"),
            (limits.sign_in_bytes == 0, "[limits] sign_in_bytes must not be 0"),
            (limits.outbox_time.0.is_zero(), "[limits] outbox_time must not be 0"),
        ] {
            if is_zero {
                return Err(sentence);
            }
        }
        Ok(())
    }

    /// The rules of dispatch sessions.
    pub fn ds_rules(&self) -> ds::Rules {
        ds::Rules { download_url: self.client.download_url.clone(), info_url: self.client.info_url.clone() }
    }

    /// The rules of notification sessions.
    pub fn ns_rules(&self) -> ns::Rules {
        let ns = &self.ns;
        ns::Rules {
            lists: ns::lists::Limits { contacts: ns.contacts, groups: ns.groups },
            rooms: per_minute(ns.rooms_per_minute),
            changes: per_minute(ns.changes_per_minute),
            challenge_every: (!ns.challenge_every.0.is_zero()).then_some(ns.challenge_every.0),
            challenge_patience: ns.challenge_patience.0,
            linger: ns.linger.0,
            require_verified: ns.require_verified,
            directory_hits: ns.directory_hits,
            download_url: self.client.download_url.clone(),
            info_url: self.client.info_url.clone(),
            service_url: self.client.service_url.clone(),
        }
    }

    /// The rules of rooms.
    pub fn sb_rules(&self) -> sb::Rules {
        let sb = &self.sb;
        sb::Rules {
            participants: sb.participants,
            calls: per_minute(sb.calls_per_minute),
            ring_time: sb.ring_time.0,
            alone: sb.alone.0,
            two_idle: sb.two_idle.0,
            many_idle: sb.many_idle.0,
            hide_blocking: sb.hide_blocking,
        }
    }

    /// What connections to a dispatch or notification server may do.
    pub fn terms(&self) -> Terms {
        self.terms_at(self.limits.commands_at_once, self.limits.commands_per_second)
    }

    /// What connections to a switchboard may do.
    pub fn room_terms(&self) -> Terms {
        self.terms_at(self.limits.messages_at_once, self.limits.messages_per_second)
    }

    fn terms_at(&self, at_once: u32, per_second: u32) -> Terms {
        let limits = &self.limits;
        Terms {
            stranger_time: limits.sign_in_time.0,
            stranger_commands: limits.sign_in_commands,
            stranger_bytes: limits.sign_in_bytes,
            commands: Rate { burst: at_once, every: Duration::from_secs(1) / per_second.max(1) },
            outbox: limits.outbox_bytes,
            outbox_time: limits.outbox_time.0,
        }
    }

    /// What one address may do.
    pub fn caps(&self) -> Caps {
        let new = self.limits.new_per_address;
        let every = self.limits.new_per_address_time.0 / new.max(1);
        Caps { open: self.limits.connections_per_address, new: Rate { burst: new, every } }
    }
}

/// Where clients find a daemon that listens here.
pub fn endpoint(public: Option<&HostPort>, listening: SocketAddr) -> Endpoint {
    match public {
        Some(public) => Endpoint::Public(public.clone()),
        None if listening.ip().is_unspecified() => Endpoint::SameHost(listening.port()),
        None => Endpoint::Public(HostPort { host: listening.ip().to_string(), port: listening.port() }),
    }
}

fn per_minute(count: u32) -> Rate {
    Rate { burst: count, every: Duration::from_secs(60) / count.max(1) }
}

fn listen<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let expected = "expected an IP address and a port, as in 0.0.0.0:1863";
    String::deserialize(from)?.parse().map_err(|_| serde::de::Error::custom(expected))
}

fn public<'de, D: Deserializer<'de>>(from: D) -> Result<Option<HostPort>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}

const fn any(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

impl Default for Store {
    fn default() -> Self {
        let url = "sqlite:data/msnp.db".parse().expect("the default is well formed");
        Self { url, key_file: "data/master.key".into() }
    }
}

impl Default for Bus {
    fn default() -> Self {
        Self { url: BusUrl::Local, secret_file: "data/bus.secret".into() }
    }
}

impl Default for Ds {
    fn default() -> Self {
        Self { listen: any(1863) }
    }
}

impl Default for Ns {
    fn default() -> Self {
        Self {
            listen: any(1864),
            public: None,
            weight: 1,
            md5_sign_in: true,
            require_verified: false,
            contacts: 600,
            groups: usize::from(MAX_GROUPS),
            rooms_per_minute: 12,
            changes_per_minute: 60,
            challenge_every: Span::seconds(0),
            challenge_patience: Span::seconds(50),
            linger: Span::seconds(5),
            directory_hits: 50,
            invitation_spool: PathBuf::new(),
            cookie_time: Span::seconds(60),
            stop_notice: Span::seconds(0),
            failed_sign_ins: 10,
            failed_sign_in_time: Span::seconds(60),
        }
    }
}

impl Default for Sb {
    fn default() -> Self {
        Self {
            listen: any(1865),
            public: None,
            participants: 50,
            calls_per_minute: 20,
            ring_time: Span::seconds(60),
            alone: Span::seconds(5 * 60),
            two_idle: Span::seconds(5 * 60),
            many_idle: Span::seconds(15 * 60),
            hide_blocking: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_address: 64,
            new_per_address: 128,
            new_per_address_time: Span::seconds(10 * 60),
            sign_in_time: Span::seconds(30),
            sign_in_commands: 8,
            sign_in_bytes: 4096,
            commands_at_once: 40,
            commands_per_second: 5,
            messages_at_once: 100,
            messages_per_second: 50,
            outbox_bytes: 96 * 1024,
            outbox_time: Span::seconds(20),
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self {
            download_url: "http://messenger.example.net/download".into(),
            info_url: "http://messenger.example.net/".into(),
            service_url: "http://messenger.example.net/".into(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Text }
    }
}
