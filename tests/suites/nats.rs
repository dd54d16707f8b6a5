//! NATS servers that belong to a test, which may kill them.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "not every suite kills its servers; whatever goes wrong fails the test"
)]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server. Killed when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    arguments: Vec<String>,
    child: Child,
}

impl Server {
    /// Starts one with these arguments besides its address.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { address, child: run(address, &arguments), arguments }
    }

    /// Where it is, for who logs in like this: `user:password@`, or nothing.
    pub(crate) fn url(&self, login: &str) -> String {
        format!("nats://{login}{}", self.address)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, where it was.
    pub(crate) fn restart(&mut self) {
        self.child = run(self.address, &self.arguments);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(address: SocketAddr, arguments: &[String]) -> Child {
    let program = std::env::var("MSNP_TEST_NATS_SERVER").unwrap_or_else(|_| "nats-server".to_owned());
    let mut command = Command::new(&program);
    command.args(["-a", &address.ip().to_string(), "-p", &address.port().to_string()]).args(arguments);
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = started.unwrap_or_else(|error| {
        panic!("{program} cannot be started: {error}; tests/run installs it, or set MSNP_TEST_NATS_SERVER to its path")
    });
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < end, "{program} does not listen");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}
