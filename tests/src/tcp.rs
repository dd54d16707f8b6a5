//! A stage over real sockets: plays against any MSN server, directly or through its HTTP gateway.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use crate::stage::{Need, Patience, Place, Received, Stage, StageError};
use crate::{Cast, Failure};

mod arrange;
mod sockets;
mod tunnel;

use sockets::Sockets;

/// A callback that brings a cast in place, for servers whose store is at hand.
pub type Preparer = Box<dyn FnMut(&Cast) -> Pin<Box<dyn Future<Output = Result<(), StageError>>>>>;

/// How the cast comes in place.
pub enum Preparation {
    /// The accounts exist, and their lists are empty.
    Ready,
    /// The accounts exist; their names and lists are set by signing in as each of them.
    ByProtocol,
    /// The callback does it all, or says that it cannot.
    By(Preparer),
}

/// What a [`TcpStage`] needs to know.
#[derive(Debug)]
pub struct TcpOptions {
    /// The stage's name, for `on` statements: `tcp`, `cluster` or `gateway`.
    pub name: &'static str,
    /// `host:port` of the dispatch server.
    pub ds: String,
    /// `host:port` of the web daemon, over plain HTTP: nexus and login, and the gateway.
    pub web: Option<String>,
    /// Reach all servers but the web daemon through its gateway.
    pub through_gateway: bool,
    /// How long something that must come is waited for.
    pub patience: Duration,
    /// How long after the last action of the play nothing must come for silence to be believed.
    pub silence: Duration,
    /// `wait 5m` sleeps 5m / `time_scale`.
    pub time_scale: f64,
    /// How the cast comes in place.
    pub accounts: Preparation,
    /// Play even if the script needs configuration or account attributes that cannot be arranged.
    pub assume_config: bool,
}

impl TcpOptions {
    /// A server at `ds` with ready accounts, at normal speed.
    pub fn new(ds: impl Into<String>) -> Self {
        Self {
            name: "tcp",
            ds: ds.into(),
            web: None,
            through_gateway: false,
            patience: Duration::from_secs(5),
            silence: Duration::from_millis(300),
            time_scale: 1.0,
            accounts: Preparation::Ready,
            assume_config: false,
        }
    }
}

impl fmt::Debug for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "Ready",
            Self::ByProtocol => "ByProtocol",
            Self::By(_) => "By(…)",
        })
    }
}

/// Plays over TCP.
#[derive(Debug)]
pub struct TcpStage {
    sockets: Sockets,
    accounts: Preparation,
    assume_config: bool,
}

impl TcpStage {
    /// No connection yet.
    pub fn new(options: TcpOptions) -> Self {
        let sockets = Sockets::new(&options);
        Self { sockets, accounts: options.accounts, assume_config: options.assume_config }
    }
}

impl Stage for TcpStage {
    fn name(&self) -> &'static str {
        self.sockets.name()
    }

    fn lacks(&self, need: Need) -> Option<String> {
        self.sockets.lacks(need)
    }

    fn may_serve_directly(&self) -> bool {
        self.sockets.may_serve_directly()
    }

    async fn prepare(&mut self, cast: &Cast) -> Result<(), StageError> {
        if let Preparation::By(prepare) = &mut self.accounts {
            return prepare(cast).await;
        }
        let by_protocol = matches!(self.accounts, Preparation::ByProtocol);
        if let Some(needs) = unarranged(cast, by_protocol).filter(|_| !self.assume_config) {
            return Err(StageError::Unsupported(needs));
        }
        if by_protocol { arrange::lists(&mut self.sockets, cast).await } else { Ok(()) }
    }

    async fn ticket(&mut self, handle: &str, password: &str, challenge: &str) -> Result<String, StageError> {
        self.sockets.ticket(handle, password, challenge).await
    }

    async fn connect(&mut self, place: &Place) -> Result<usize, StageError> {
        self.sockets.connect(place).await
    }

    async fn send(&mut self, connection: usize, bytes: &[u8]) -> Result<(), StageError> {
        self.sockets.send(connection, bytes).await
    }

    async fn receive(&mut self, connection: usize, patience: Patience) -> Result<Received, StageError> {
        self.sockets.receive(connection, patience).await
    }

    async fn drop(&mut self, connection: usize, reset: bool) {
        self.sockets.drop(connection, reset).await;
    }

    async fn wait(&mut self, time: Duration) {
        self.sockets.wait(time).await;
    }
}

/// What a script needs and nobody can arrange on a server from outside.
fn unarranged(cast: &Cast, by_protocol: bool) -> Option<String> {
    let mut needs: Vec<String> = cast.config.iter().map(|(key, value)| format!("config {key} = {value}")).collect();
    for account in &cast.accounts {
        let usual = [("verified", "yes"), ("md5", "yes"), ("suspended", "no")];
        let arranged =
            |key: &str, value: &str| usual.contains(&(key, value)) || (by_protocol && arrange::property(key).is_some());
        let unarranged = account.attributes.iter().filter(|(key, value)| !arranged(key, value));
        needs.extend(unarranged.map(|(key, value)| format!("{} {key}={value}", account.handle)));
    }
    let lists = !cast.contacts.is_empty() || !cast.groups.is_empty();
    if lists && !by_protocol {
        needs.push("contacts or groups before the play".to_owned());
    }
    (!needs.is_empty()).then(|| needs.join(", "))
}

impl From<Failure> for StageError {
    fn from(failure: Failure) -> Self {
        Self::Unprepared(failure.to_string().trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests;
