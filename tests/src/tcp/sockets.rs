//! The connections of a [`super::TcpStage`]: sockets, or tunnels through the HTTP gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::TcpOptions;
use super::tunnel::Tunnel;
use crate::stage::{Need, Patience, Place, Received, Stage, StageError};
use crate::{Cast, passport};

/// Bytes that one read takes.
const PIECE: usize = 16 * 1024;

/// One connection.
#[derive(Debug)]
enum Wire {
    Socket(TcpStream),
    Tunnel(Tunnel),
}

#[derive(Debug)]
pub(super) struct Sockets {
    name: &'static str,
    ds: String,
    web: Option<String>,
    through_gateway: bool,
    patience: Duration,
    silence: Duration,
    time_scale: f64,
    wires: BTreeMap<usize, Wire>,
    opened: usize,
    /// When the play last did something that the server may answer to.
    last_action: Instant,
}

impl Sockets {
    pub(super) fn new(options: &TcpOptions) -> Self {
        Self {
            name: options.name,
            ds: options.ds.clone(),
            web: options.web.clone(),
            through_gateway: options.through_gateway,
            patience: options.patience,
            silence: options.silence,
            time_scale: options.time_scale,
            wires: BTreeMap::new(),
            opened: 0,
            last_action: Instant::now(),
        }
    }

    fn wire(&mut self, connection: usize) -> Result<&mut Wire, StageError> {
        let missing = || StageError::Broken(format!("there is no connection {connection}"));
        self.wires.get_mut(&connection).ok_or_else(missing)
    }

    fn web(&self) -> Result<String, StageError> {
        self.web.clone().ok_or_else(|| StageError::Broken("there is no web daemon".to_owned()))
    }

    async fn dial(&self, place: String) -> Result<Wire, StageError> {
        let connected = match timeout(self.patience, TcpStream::connect(&place)).await {
            Ok(connected) => connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)),
            Err(late) => Err(late.into()),
        };
        connected.map(Wire::Socket).map_err(|source| StageError::Connect { place, source })
    }
}

impl Stage for Sockets {
    fn name(&self) -> &'static str {
        self.name
    }

    fn lacks(&self, need: Need) -> Option<String> {
        match need {
            Need::Tickets | Need::Web => self.web.is_none().then(|| "a web daemon".to_owned()),
            Need::Dispatch => {
                self.through_gateway.then(|| "a dispatch server: the gateway leads to a notification server".to_owned())
            }
            Need::HangingUp => self.through_gateway.then(|| "a server that sees its clients hang up".to_owned()),
            Need::Operator | Need::Referrals => Some("the operator of the server".to_owned()),
        }
    }

    fn may_serve_directly(&self) -> bool {
        self.through_gateway
    }

    async fn prepare(&mut self, _: &Cast) -> Result<(), StageError> {
        Ok(())
    }

    async fn ticket(&mut self, handle: &str, password: &str, challenge: &str) -> Result<String, StageError> {
        passport::ticket(&self.web()?, self.patience, (handle, password), challenge).await
    }

    async fn connect(&mut self, place: &Place) -> Result<usize, StageError> {
        let tunnel = |server, host: &str| -> Result<Wire, StageError> {
            // The gateway knows the port by itself.
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            Ok(Wire::Tunnel(Tunnel::new(self.web()?, server, host, self.patience)))
        };
        let wire = match place {
            Place::Web => self.dial(self.web()?).await?,
            Place::Dispatch if self.through_gateway => tunnel("NS", "messenger.hotmail.com")?,
            Place::At(place) if self.through_gateway => tunnel("NS", place)?,
            Place::Switchboard(place) if self.through_gateway => tunnel("SB", place)?,
            Place::Dispatch => self.dial(self.ds.clone()).await?,
            Place::At(place) | Place::Switchboard(place) => self.dial(place.clone()).await?,
        };
        self.opened += 1;
        self.wires.insert(self.opened, wire);
        self.last_action = Instant::now();
        Ok(self.opened)
    }

    async fn send(&mut self, connection: usize, bytes: &[u8]) -> Result<(), StageError> {
        let patience = self.patience;
        match self.wire(connection)? {
            // An error means that the server has closed; a server that reads no more is left alone
            // after a while. Either shows by what is expected next.
            Wire::Socket(stream) => {
                let _ = timeout(patience, stream.write_all(bytes)).await;
            }
            Wire::Tunnel(tunnel) => tunnel.send(bytes).await?,
        }
        self.last_action = Instant::now();
        Ok(())
    }

    async fn receive(&mut self, connection: usize, patience: Patience) -> Result<Received, StageError> {
        let until = match patience {
            Patience::Expecting => Instant::now() + self.patience,
            // Everything that comes is caused by the play, so one pause serves all connections.
            // Even when it is over, what has arrived must be seen.
            Patience::Silence => (self.last_action + self.silence).max(Instant::now() + Duration::from_millis(5)),
        };
        let stream = match self.wire(connection)? {
            Wire::Socket(stream) => stream,
            Wire::Tunnel(tunnel) => return tunnel.receive(until, patience).await,
        };
        let mut bytes = vec![0; PIECE];
        match timeout_at(until, stream.read(&mut bytes)).await {
            Err(_) => Ok(Received::Nothing),
            // A reset is an end like any other.
            Ok(Ok(0) | Err(_)) => Ok(Received::Closed),
            Ok(Ok(length)) => {
                bytes.truncate(length);
                Ok(Received::Bytes(bytes))
            }
        }
    }

    async fn drop(&mut self, connection: usize, reset: bool) {
        let Some(wire) = self.wires.remove(&connection) else { return };
        if let Wire::Socket(stream) = &wire
            && reset
        {
            // Without lingering, closing discards what is unsent and resets.
            let _ = stream.set_zero_linger();
        }
        drop(wire);
        self.last_action = Instant::now();
    }

    async fn wait(&mut self, time: Duration) {
        tokio::time::sleep(time.div_f64(self.time_scale)).await;
        self.last_action = Instant::now();
    }
}
