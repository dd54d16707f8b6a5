//! No password and no ticket is ever in a log, at any level.

#![allow(clippy::unwrap_used, reason = "all of this crate is tests, also what is no test function")]

use std::io;
use std::sync::{Arc, Mutex};

use bus::Bus;
use daemon::{Config, Parts, Shutdown};
use model::{Email, Name};
use store::{MasterKey, NewAccount, Password, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tracing_subscriber::filter::LevelFilter;

/// Takes the log, for all threads.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const PASSWORD: &str = "canary-of-amy";
const WRONG: &str = "canary-of-nobody";

fn requests() -> Vec<String> {
    let mut requests = Vec::new();
    for password in [PASSWORD, WRONG] {
        let header = format!("Authorization: Passport1.4 sign-in=amy%40example.com,pwd={password},lc=1");
        requests.push(format!("GET /login2.srf?pwd={password} HTTP/1.1\r\n{header}\r\n\r\n"));
        // One that is refused for another reason.
        requests.push(format!("GET /login2.srf HTTP/9.9\r\n{header}\r\n\r\n"));
        let close = "Connection: close";
        requests.push(format!(
            "POST /NotRST.srf HTTP/1.1\r\nX-User: amy@example.com\r\nX-Password: {password}\r\n{close}\r\n\r\n"
        ));
        let body = format!(
            "<a><UsernameToken><Username>amy@example.com</Username><Password>{password}</Password></UsernameToken>\
             <RequestSecurityToken><AppliesTo><Address>x</Address></AppliesTo></RequestSecurityToken></a>"
        );
        for body in [body.clone(), body.replace("</a>", "")] {
            requests.push(format!("POST /RST.srf HTTP/1.1\r\nContent-Length: {}\r\n{close}\r\n\r\n{body}", body.len()));
        }
    }
    requests
}

#[tokio::test]
async fn no_secret_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(move || writer.clone()).init();

    let store = Store::open(&"sqlite::memory:".parse().unwrap(), MasterKey::random().unwrap()).await.unwrap();
    let email = Email::parse("amy@example.com").unwrap();
    let (name, password) = (Name::from(&email), Password::new(PASSWORD.to_owned()));
    store.create_account(NewAccount { email, name, password, md5: true }).await.unwrap();
    let config: Config = toml::from_str("web.listen = \"127.0.0.1:0\"").unwrap();
    let parts = Parts { config: Arc::new(config), store, bus: Bus::local() };
    let shutdown = Shutdown::default();
    let running = web::serve(&parts, &shutdown, None).await.unwrap().unwrap();

    let mut tickets = Vec::new();
    for request in requests() {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let ticket = |text: &str| {
            text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c))
                .find(|word| word.len() == 140)
                .map(str::to_owned)
        };
        tickets.extend(ticket(&answer));
    }
    shutdown.stop();
    running.task.await.unwrap();

    assert_eq!(tickets.len(), 3, "the sign-ins with the right password");
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for seen in ["answered", "/login2.srf", "a request is refused", "a sign-in failed"] {
        assert!(text.contains(seen), "the log itself works: {seen}");
    }
    for secret in tickets.iter().map(String::as_str).chain([PASSWORD, WRONG]) {
        assert!(!text.contains(secret), "{secret}");
    }
}
