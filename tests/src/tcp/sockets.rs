//! The sockets of a [`super::TcpStage`].

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::Cast;
use crate::stage::{Patience, Place, Received, Stage, StageError};

/// Bytes that one read takes.
const PIECE: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct Sockets {
    name: &'static str,
    ds: String,
    patience: Duration,
    silence: Duration,
    time_scale: f64,
    streams: BTreeMap<usize, TcpStream>,
    opened: usize,
    /// When the play last did something that the server may answer to.
    last_action: Instant,
}

impl Sockets {
    pub(super) fn new(name: &'static str, ds: String, patience: Duration, silence: Duration, time_scale: f64) -> Self {
        let last_action = Instant::now();
        Self { name, ds, patience, silence, time_scale, streams: BTreeMap::new(), opened: 0, last_action }
    }

    fn stream(&mut self, connection: usize) -> Result<&mut TcpStream, StageError> {
        let missing = || StageError::Broken(format!("there is no connection {connection}"));
        self.streams.get_mut(&connection).ok_or_else(missing)
    }
}

impl Stage for Sockets {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn prepare(&mut self, _: &Cast) -> Result<(), StageError> {
        Ok(())
    }

    async fn connect(&mut self, place: &Place) -> Result<usize, StageError> {
        let place = match place {
            Place::Dispatch => self.ds.clone(),
            Place::At(place) => place.clone(),
        };
        let connected = match timeout(self.patience, TcpStream::connect(&place)).await {
            Ok(connected) => connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)),
            Err(late) => Err(late.into()),
        };
        let stream = connected.map_err(|source| StageError::Connect { place, source })?;
        self.opened += 1;
        self.streams.insert(self.opened, stream);
        self.last_action = Instant::now();
        Ok(self.opened)
    }

    async fn send(&mut self, connection: usize, bytes: &[u8]) -> Result<(), StageError> {
        let patience = self.patience;
        let stream = self.stream(connection)?;
        // An error means that the server has closed; a server that reads no more is left alone
        // after a while. Either shows by what is expected next.
        let _ = timeout(patience, stream.write_all(bytes)).await;
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
        let stream = self.stream(connection)?;
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
        if let Some(stream) = self.streams.remove(&connection) {
            if reset {
                // Without lingering, closing discards what is unsent and resets.
                let _ = stream.set_zero_linger();
            }
            drop(stream);
            self.last_action = Instant::now();
        }
    }

    async fn wait(&mut self, time: Duration) {
        tokio::time::sleep(time.div_f64(self.time_scale)).await;
        self.last_action = Instant::now();
    }
}
