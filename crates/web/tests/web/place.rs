//! A web daemon on a port of its own, with a few accounts in memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bus::Bus;
use daemon::{Config, Parts, Running, Shutdown};
use model::{Email, Name};
use store::{MasterKey, NewAccount, Password, Store};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The password of everyone.
pub(crate) const PASSWORD: &str = "a,b%<é>&";
/// As clients send it in `Authorization`, and in XML.
pub(crate) const ENCODED: &str = "a%2Cb%25%3C%C3%A9%3E%26";
pub(crate) const ESCAPED: &str = "a,b%&lt;é&gt;&amp;";

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) shutdown: Shutdown,
    running: Running,
}

/// Everything but the web daemon itself, configured with this text.
pub(crate) async fn parts(config: &str) -> Parts {
    let listen = if config.contains("web.listen") { "" } else { "web.listen = \"127.0.0.1:0\"" };
    let config: Config = toml::from_str(&format!("{listen}\n{config}")).unwrap();
    let url = "sqlite::memory:".parse().unwrap();
    let store = Store::open_with(&url, MasterKey::random().unwrap(), config.store_options("web")).await.unwrap();
    for name in ["amy", "sue"] {
        let email = Email::parse(&format!("{name}@example.com")).unwrap();
        let password = Password::new(PASSWORD.to_owned());
        let account = NewAccount { name: Name::from(&email), email, password, md5: false };
        store.create_account(account).await.unwrap();
    }
    store.set_suspended(&Email::parse("sue@example.com").unwrap(), true).await.unwrap();
    Parts { config: Arc::new(config), store, bus: Bus::local() }
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    pub(crate) async fn with(config: &str) -> Self {
        let (parts, shutdown) = (parts(config).await, Shutdown::default());
        let running = web::serve(&parts, &shutdown, None).await.unwrap().unwrap();
        Self { address: running.address, store: parts.store, shutdown, running }
    }

    pub(crate) async fn connect(&self) -> Wire<TcpStream> {
        Wire(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends this on a connection of its own, and reads until it is closed.
    pub(crate) async fn ask(&self, request: impl AsRef<[u8]>) -> String {
        let mut wire = self.connect().await;
        wire.send(request).await;
        wire.rest().await
    }

    /// Sends a GET for this path, closing the connection.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)).await
    }

    /// Posts this body, closing the connection.
    pub(crate) async fn post(&self, path: &str, body: &str) -> String {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        self.ask(head + body).await
    }

    /// Stops it, and waits until it has stopped.
    pub(crate) async fn stop(self) {
        self.shutdown.stop();
        timeout(PATIENCE, self.running.task).await.expect("it stops in time").unwrap();
    }
}

/// A client's side of a connection.
pub(crate) struct Wire<S>(pub(crate) S);

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Reads until the server closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await.expect("it is closed in time").unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Reads one answer: its head, and the body that it says to have.
    pub(crate) async fn answer(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = async {
            while !bytes.ends_with(b"\r\n\r\n") {
                bytes.push(self.0.read_u8().await.unwrap());
            }
            let length = header(std::str::from_utf8(&bytes).unwrap(), "Content-Length").unwrap_or("0").parse().unwrap();
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.unwrap();
            bytes.extend(body);
        };
        timeout(PATIENCE, read).await.expect("it answers in time");
        String::from_utf8(bytes).unwrap()
    }
}

/// The value of a header whose name is spelled just so.
pub(crate) fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// The body, which has the length that the head says.
pub(crate) fn body(answer: &str) -> &str {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(header(answer, "Content-Length").unwrap(), body.len().to_string(), "{answer}");
    body
}
