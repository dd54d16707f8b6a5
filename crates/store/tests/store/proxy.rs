//! What stands between a store and its Postgres, to lose and to cut what they say.

use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;

use crate::place::Place;

/// What happens to bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    Open,
    /// They are lost, and nobody is told: a network that was unplugged.
    Silent,
    /// Connections are closed, also new ones: a server that was stopped.
    Cut,
}

/// A proxy on a Unix socket.
pub(crate) struct Proxy {
    directory: TempDir,
    database: String,
    user: String,
    shared: Arc<Shared>,
}

struct Shared {
    way: watch::Sender<Way>,
    /// All that the store has said.
    said: Mutex<Vec<u8>>,
    connections: AtomicUsize,
    /// The network goes silent behind a message with this in it.
    trap: Mutex<Option<&'static str>>,
}

impl Proxy {
    pub(crate) fn start(place: &Place) -> Self {
        let target = PgConnectOptions::from_str(place.address()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).unwrap();
        let shared = Arc::new(Shared {
            way: watch::Sender::new(Way::Open),
            said: Mutex::default(),
            connections: AtomicUsize::new(0),
            trap: Mutex::default(),
        });
        let database = target.get_database().unwrap().to_owned();
        let user = target.get_username().to_owned();
        tokio::spawn(accept(listener, target, Arc::clone(&shared)));
        Self { directory, database, user, shared }
    }

    pub(crate) fn url(&self) -> String {
        let Self { directory, database, user, .. } = self;
        format!("postgres://{user}@localhost/{database}?host={}", directory.path().display())
    }

    pub(crate) fn set(&self, way: Way) {
        self.shared.way.send_replace(way);
    }

    /// Closes what is open, and nothing else.
    pub(crate) async fn cut_once(&self) {
        self.set(Way::Cut);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        self.set(Way::Open);
    }

    /// Goes silent once the store has said this.
    pub(crate) fn trap(&self, text: &'static str) {
        *self.shared.trap.lock().unwrap() = Some(text);
    }

    /// How often it was connected to.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// What the store has said since it was last asked.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut *self.shared.said.lock().unwrap())).into_owned()
    }
}

async fn accept(listener: UnixListener, target: PgConnectOptions, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        let (target, shared) = (target.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            if *shared.way.borrow() == Way::Cut {
                return;
            }
            let (from_client, to_client) = client.into_split();
            if let Some(socket) = target.get_socket() {
                let socket = Path::new(socket).join(format!(".s.PGSQL.{}", target.get_port()));
                let (from_server, to_server) = UnixStream::connect(socket).await.unwrap().into_split();
                both(&shared, (from_client, to_server), (from_server, to_client)).await;
            } else {
                let server = TcpStream::connect((target.get_host(), target.get_port())).await.unwrap();
                let (from_server, to_server) = server.into_split();
                both(&shared, (from_client, to_server), (from_server, to_client)).await;
            }
        });
    }
}

async fn both<A, B, C, D>(shared: &Shared, up: (A, B), down: (C, D))
where
    A: AsyncRead + Unpin,
    B: AsyncWrite + Unpin,
    C: AsyncRead + Unpin,
    D: AsyncWrite + Unpin,
{
    let mut ways = shared.way.subscribe();
    tokio::select! {
        () = carry(shared, up, true) => {}
        () = carry(shared, down, false) => {}
        _ = ways.wait_for(|way| *way == Way::Cut) => {}
    }
}

/// A connection that has lost bytes is lost: it goes nowhere any more, and is not closed either.
async fn carry(shared: &Shared, (mut from, mut to): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin), up: bool) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if *shared.way.borrow() == Way::Silent {
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
        if up {
            shared.said.lock().unwrap().extend(&buffer[..length]);
            let mut trap = shared.trap.lock().unwrap();
            let is_sprung =
                trap.is_some_and(|text| buffer[..length].windows(text.len()).any(|window| window == text.as_bytes()));
            if is_sprung {
                *trap = None;
                shared.way.send_replace(Way::Silent);
            }
        }
    }
    // The end of a connection is news, which does not come through either.
    if *shared.way.borrow() == Way::Silent {
        std::future::pending::<()>().await;
    }
}
