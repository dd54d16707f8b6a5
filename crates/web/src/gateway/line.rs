//! The way from a session to its server: a pipe where the server is in this process, a socket where
//! it is not.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use daemon::pipe::{Near, Taken};
use daemon::proxy;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(3);

/// One way.
pub(super) enum Line {
    Pipe(Near),
    Socket(TcpStream),
}

impl Line {
    /// Connects to a server on behalf of a client, which reached us at `reached`.
    pub(super) async fn connect(to: (&str, u16), peer: SocketAddr, reached: SocketAddr) -> io::Result<Self> {
        let connected = async {
            let mut stream = TcpStream::connect(to).await?;
            stream.set_nodelay(true)?;
            stream.write_all(proxy::line(peer, SocketAddr::new(reached.ip(), to.1)).as_bytes()).await?;
            Ok(Self::Socket(stream))
        };
        timeout(CONNECT, connected).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Writes all of it, as the server takes it. False: the server has gone.
    pub(super) async fn write(&self, mut bytes: &[u8]) -> bool {
        match self {
            Self::Pipe(near) => near.write(bytes).await,
            Self::Socket(stream) => {
                while !bytes.is_empty() {
                    match stream.try_write(bytes) {
                        Ok(count) => bytes = &bytes[count..],
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            if stream.writable().await.is_err() {
                                return false;
                            }
                        }
                        Err(_) => return false,
                    }
                }
                true
            }
        }
    }

    /// Resolves when there may be something to take.
    pub(super) async fn readable(&self) {
        match self {
            Self::Pipe(near) => near.readable().await,
            // An error shows when it is read.
            Self::Socket(stream) => drop(stream.readable().await),
        }
    }

    /// Takes what waits, up to a limit.
    pub(super) fn take(&self, limit: usize) -> Taken {
        let stream = match self {
            Self::Pipe(near) => return near.take(),
            Self::Socket(stream) => stream,
        };
        let mut taken = Taken { bytes: Vec::new(), ended: false };
        let mut chunk = [0; 8192];
        while taken.bytes.len() < limit {
            match stream.try_read(&mut chunk) {
                Ok(0) => {
                    taken.ended = true;
                    break;
                }
                Ok(count) => taken.bytes.extend_from_slice(&chunk[..count]),
                Err(error) => {
                    taken.ended = error.kind() != io::ErrorKind::WouldBlock;
                    break;
                }
            }
        }
        taken
    }
}
