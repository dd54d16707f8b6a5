//! Where the hub is: connecting to it, and binding its address.

use std::fmt;
use std::fs::{self, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::wire::Link;
use crate::BusUrl;
use crate::secret::beside;

/// The address of the hub.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// The bound address.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Does this error of [`Place::connect`] mean that nobody hosts the hub?
pub(super) fn is_vacant(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound)
}

impl Place {
    pub(super) async fn connect(&self) -> io::Result<Link> {
        match self {
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                // On loopback, a port from which connections go out can be given to the very
                // connection that is to reach it. Such a one talks to itself.
                if stream.local_addr()? == stream.peer_addr()? {
                    return Err(ErrorKind::ConnectionRefused.into());
                }
                Link::tcp(stream)
            }
            Self::Unix(path) => Ok(Link::unix(UnixStream::connect(path).await?)),
        }
    }

    /// Takes the address, so that clients can connect to it. None if someone else has it, or is
    /// about to.
    pub(super) async fn bind(&self) -> io::Result<Option<Listener>> {
        match self {
            Self::Tcp(address) => match TcpListener::bind(address).await {
                Ok(listener) => Ok(Some(Listener::Tcp(listener))),
                Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(None),
                Err(error) => Err(error),
            },
            Self::Unix(path) => bind_unix(path).await,
        }
    }
}

/// Binds a Unix socket, although the file of one whose host died may be in its place.
///
/// Two processes that both find such a file must not both replace it: so it is done under a
/// lock, by the one that still finds nobody there when it has the lock. The new socket is made
/// beside its place and moved there when only its owner may use it.
async fn bind_unix(path: &Path) -> io::Result<Option<Listener>> {
    let guard = beside(path, ".lock");
    let guard = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(guard)?;
    match guard.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    match fs::symlink_metadata(path) {
        Ok(there) if !there.file_type().is_socket() => {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "there is a file that is not a socket"));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match UnixStream::connect(path).await {
        Err(error) if is_vacant(&error) => {}
        connected => return connected.map(|_| None),
    }
    let draft = beside(path, ".new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&draft)?;
    fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
    fs::rename(&draft, path)?;
    drop(guard);
    Ok(Some(Listener::Unix(listener)))
}

impl Listener {
    /// The next client.
    pub(super) async fn accept(&self) -> io::Result<Link> {
        match self {
            Self::Tcp(listener) => Link::tcp(listener.accept().await?.0),
            Self::Unix(listener) => Ok(Link::unix(listener.accept().await?.0)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => BusUrl::HubTcp(*address).fmt(f),
            Self::Unix(path) => BusUrl::HubUnix(path.clone()).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bus.sock");
        let place = Place::Unix(path.clone());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(is_vacant(&place.connect().await.err().unwrap()));

        let listener = place.bind().await.unwrap().expect("nobody has it");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(place.bind().await.unwrap().is_none());
        assert!(place.connect().await.is_ok());

        drop(listener);
        let held = OpenOptions::new().write(true).open(beside(&path, ".lock")).unwrap();
        held.lock().unwrap();
        assert!(place.bind().await.unwrap().is_none(), "someone else is at it");
        drop(held);
        assert!(place.bind().await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("precious");
        fs::write(&path, "data").unwrap();
        assert!(Place::Unix(path.clone()).bind().await.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "data");
    }

    #[tokio::test]
    async fn only_one_can_have_a_tcp_address() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let place = Place::Tcp(free);
        assert!(is_vacant(&place.connect().await.err().unwrap()));
        let _listener = place.bind().await.unwrap().expect("nobody has it");
        assert!(place.bind().await.unwrap().is_none());
    }
}
