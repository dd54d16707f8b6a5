//! The carrier for daemons on many machines: a NATS cluster.
//!
//! NATS has no memory and no directory here: each daemon has one inbox, and says once a second to
//! everyone who it is. Who is silent for some beats is gone. What leads to a user is asked of the
//! user's home first, since nearly everyone is at home, and then of all other notification
//! servers; so nobody has to keep true who is where, and a user who is signed in costs NATS and
//! the other daemons nothing. Everything from one daemon to another goes over one subject, so it
//! arrives in order; and it is numbered (`peers`), so that what was lost is noticed
//! ([`Handler::missed`](crate::Handler::missed)).
//!
//! `mod` is the process's connection, `wire` what goes over it, `peers` who else is there, `seat`
//! a daemon's place, `drive` the task that hears, `pump` the one that speaks.

mod drive;
mod peers;
mod pump;
mod seat;
mod url;
mod wire;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::BusError;
use url::Login;
use wire::DaemonName;

pub(crate) use seat::Seat;
pub use url::{BadNatsUrl, NatsUrl};

/// How long opening and joining may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// A server that has not answered for two of these is lost.
const PING: Duration = Duration::from_secs(2);
/// First and longest pause between two attempts to connect again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// Messages that may wait for a daemon that is busy with others; one more is lost, and noticed.
const INBOX: usize = 1 << 16;

/// What a daemon needs besides the servers' addresses.
#[derive(Clone, Debug)]
pub struct NatsOptions {
    /// What the daemon is called in subjects, to which its permissions may be bound; by default the
    /// user in the address, or `msnp`.
    pub name: Option<String>,
    /// A file with `user:password` or a token, which goes before what the address says. Only its
    /// owner may read it.
    pub login_file: Option<PathBuf>,
    /// A PEM file with the authorities that the servers' certificates must be of; by default those
    /// of the system.
    pub authorities: Option<PathBuf>,
    /// PEM files with a certificate for ourselves and its private key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Each daemon says at least so often that it is there; who is silent for three of these is gone.
    pub beat: Duration,
    /// For so long a daemon without a connection goes on believing in the others.
    pub faith: Duration,
}

impl Default for NatsOptions {
    fn default() -> Self {
        let (beat, faith) = (Duration::from_secs(1), Duration::from_secs(60));
        Self { name: None, login_file: None, authorities: None, certificate: None, beat, faith }
    }
}

/// A process's connection to the cluster.
pub(crate) struct Nats {
    client: Client,
    name: DaemonName,
    beat: Duration,
    faith: Duration,
    line: watch::Receiver<Line>,
}

/// The connection, as the library tells of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    Down,
    Up,
}

impl Nats {
    /// Connects to one of the servers.
    pub(crate) async fn open(url: &NatsUrl, options: NatsOptions) -> Result<Arc<Self>, BusError> {
        let login = match &options.login_file {
            Some(path) => Some(read_login(path)?),
            None => url.login.clone(),
        };
        let user = match &login {
            Some(Login::User { name, .. }) => Some(name.clone()),
            _ => None,
        };
        let name = DaemonName::of(&options.name.or(user).unwrap_or_default());
        let (told, line) = watch::channel(Line::Up);
        let shown = url.to_string();
        let mut wanted = ConnectOptions::new()
            .name(format!("msnp {name}"))
            .require_tls(url.tls)
            .connection_timeout(PATIENCE)
            .ping_interval(PING)
            .subscription_capacity(INBOX)
            .reconnect_delay_callback(pause)
            .event_callback(move |event| {
                heed(&event, &told, &shown);
                std::future::ready(())
            });
        wanted = match login {
            Some(Login::User { name, password }) => wanted.user_and_password(name, password),
            Some(Login::Token(token)) => wanted.token(token),
            None => wanted,
        };
        if let Some(authorities) = options.authorities {
            wanted = wanted.add_root_certificates(authorities);
        }
        if let Some((certificate, key)) = options.certificate {
            wanted = wanted.add_client_certificate(certificate, key);
        }
        let connecting = wanted.connect(url.addresses());
        let client = match tokio::time::timeout(PATIENCE, connecting).await {
            Ok(connected) => connected.map_err(|error| refusal(url, error))?,
            Err(_) => return Err(unreachable(url, "none of them answers")),
        };
        Ok(Arc::new(Self { client, name, beat: options.beat, faith: options.faith, line }))
    }
}

/// Says what has become of the connection.
fn heed(event: &Event, line: &watch::Sender<Line>, servers: &str) {
    match event {
        Event::Connected if line.send_replace(Line::Up) == Line::Down => {
            info!(servers, "the connection to NATS is back");
        }
        Event::Disconnected if line.send_replace(Line::Down) == Line::Up => {
            warn!(servers, "the connection to NATS is lost, trying again");
        }
        Event::SlowConsumer(_) => error!("more than {INBOX} messages wait for a daemon, and one is lost"),
        Event::ServerError(what) => error!("NATS says: {what}: see its permissions in docs/OPERATING.md"),
        _ => {}
    }
}

/// The pauses between attempts: each up to twice as long as the one before, and of random length.
fn pause(attempts: usize) -> Duration {
    let doubled = PAUSE.0 * (1 << attempts.min(6));
    doubled.min(PAUSE.1).mul_f64(rand::random_range(0.5..1.0))
}

fn refusal(url: &NatsUrl, error: async_nats::ConnectError) -> BusError {
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            BusError::NatsLogin { url: url.to_string() }
        }
        _ => unreachable(url, error),
    }
}

fn unreachable(url: &NatsUrl, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BusError {
    BusError::Nats { url: url.to_string(), source: why.into() }
}

/// Reads `user:password` or a token from a file that only its owner may read.
fn read_login(path: &Path) -> Result<Login, BusError> {
    let failed = |source| BusError::LoginFile { path: path.to_owned(), source };
    if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(BusError::LoginOpen { path: path.to_owned() });
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    Login::read(text.trim_end()).ok_or_else(|| BusError::LoginMalformed { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit() {
        assert!(pause(0) <= PAUSE.0);
        assert!((0..1000).all(|attempts| pause(attempts) <= PAUSE.1));
        assert!(pause(40) >= PAUSE.1 / 2);
    }

    #[test]
    fn a_login_file_is_its_owners_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("login");
        assert!(matches!(read_login(&path), Err(BusError::LoginFile { .. })));
        fs::write(&path, "ns-1:pa%3ass\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read_login(&path), Err(BusError::LoginOpen { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let login = Login::User { name: "ns-1".to_owned(), password: "pa:ss".to_owned() };
        assert!(read_login(&path).ok() == Some(login));
        fs::write(&path, "\n").unwrap();
        assert!(matches!(read_login(&path), Err(BusError::LoginMalformed { .. })));
    }
}
