//! The two ways to a receiver.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

/// Pieces that may wait in a channel. Whoever has one more waits too.
const QUEUE: usize = 1024;
/// Pieces that are written at once.
const AT_ONCE: usize = 256;

/// The way to a receiver.
pub(super) enum Outbox {
    Channel(mpsc::Sender<Bytes>),
    Socket(Arc<Direct>),
}

/// A socket that anyone may write to.
pub(super) struct Direct {
    stream: Arc<TcpStream>,
    /// What the socket did not take.
    rest: Mutex<Vec<u8>>,
    wake: Notify,
}

impl Outbox {
    /// By a channel, with a task that writes.
    pub(super) fn channel(stream: Arc<TcpStream>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(write_channel(stream, receiver));
        Self::Channel(sender)
    }

    /// By the socket, with a task for what it does not take.
    pub(super) fn direct(stream: Arc<TcpStream>) -> Self {
        let direct = Arc::new(Direct { stream, rest: Mutex::default(), wake: Notify::new() });
        tokio::spawn(write_rest(direct.clone()));
        Self::Socket(direct)
    }

    /// Sends. What cannot be sent any more is lost.
    pub(super) async fn send(&self, bytes: Bytes) {
        match self {
            Self::Channel(sender) => drop(sender.send(bytes).await),
            Self::Socket(direct) => direct.send(&bytes),
        }
    }
}

async fn write_channel(stream: Arc<TcpStream>, mut receiver: mpsc::Receiver<Bytes>) -> io::Result<()> {
    let mut pieces = Vec::with_capacity(16);
    let mut joined = Vec::new();
    while receiver.recv_many(&mut pieces, AT_ONCE).await > 0 {
        if let [one] = &pieces[..] {
            write_all(&stream, one).await?;
        } else {
            pieces.iter().for_each(|piece| joined.extend_from_slice(piece));
            write_all(&stream, &joined).await?;
            joined.clear();
        }
        pieces.clear();
    }
    Ok(())
}

/// Writes, waiting while the socket takes no more.
pub(super) async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Direct {
    fn rest(&self) -> MutexGuard<'_, Vec<u8>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, bytes: &[u8]) {
        let mut rest = self.rest();
        if !rest.is_empty() {
            rest.extend_from_slice(bytes);
            return;
        }
        let count = self.stream.try_write(bytes).unwrap_or_default();
        if count < bytes.len() {
            rest.extend_from_slice(&bytes[count..]);
            self.wake.notify_one();
        }
    }
}

async fn write_rest(direct: Arc<Direct>) -> io::Result<()> {
    loop {
        direct.wake.notified().await;
        while !direct.rest().is_empty() {
            direct.stream.writable().await?;
            let mut rest = direct.rest();
            match direct.stream.try_write(&rest) {
                Ok(count) => drop(rest.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}
