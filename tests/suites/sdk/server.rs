//! `msnpd` as a process, with accounts, on ports that the system chose.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::programs;

/// The password of every account.
pub(crate) const PASSWORD: &str = "password";

/// The nexus whose header has nothing but `DALogin=`, and a scheme in it: this client takes all of the header for the
/// login server's address.
const NEXUS: &str = "/rdr/pprdr.asp/bare";

/// Ports of the system's choice.
const CONFIG: &str = r#"
ds.listen = "127.0.0.1:0"
ns.listen = "127.0.0.1:0"
sb.listen = "127.0.0.1:0"
web.listen = "127.0.0.1:0"
"#;

/// How long the server may take to start, and to stop.
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(15);

/// Where clients find the server.
#[derive(Clone)]
pub(crate) struct Door {
    /// The dispatch server.
    pub(crate) dispatch: SocketAddr,
    /// The address of the nexus.
    pub(crate) nexus: String,
}

/// A server that runs. It is killed when it is dropped, so also when a test fails.
pub(crate) struct Server {
    child: Child,
    directory: TempDir,
    pub(crate) door: Door,
}

impl Server {
    /// Makes accounts for these handles, named as before the `@`, does these commands of `msnpctl`, and starts.
    pub(crate) fn start(handles: &[&str], commands: &[&str]) -> Self {
        for proxy in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            let is_set = std::env::var_os(proxy).is_some_and(|value| !value.is_empty());
            assert!(!is_set, "{proxy} is set, and this client sends requests to the loopback address there too");
        }
        programs::build();
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("msnpd.toml"), CONFIG).unwrap();
        for handle in handles {
            let name = handle.split('@').next().unwrap();
            msnpctl(directory.path(), &format!("account add {handle} --name {name} --password-stdin"));
        }
        for command in commands {
            msnpctl(directory.path(), command);
        }
        let mut child = Command::new(programs::program("msnpd"))
            .args(["--config", "msnpd.toml"])
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(directory.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let welcome = child.stdout.take().unwrap();
        let door = Door { dispatch: ([127, 0, 0, 1], 0).into(), nexus: String::new() };
        let mut server = Self { child, directory, door };
        let (tell, told) = mpsc::channel();
        thread::spawn(move || tell.send(find_door(welcome)));
        server.door = told.recv_timeout(START).ok().flatten().unwrap_or_else(|| {
            panic!("msnpd did not say within {START:?} where its dispatch server and web daemon are: {}", server.log())
        });
        server
    }

    /// Stops it as an operator would. It must end well, and have logged no error.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success(), "msnpd was not there any more: {}", self.log());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "msnpd ended with {status}: {}", self.log());
                break;
            }
            assert!(begun.elapsed() < STOP, "msnpd did not stop in {STOP:?}: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
        let log = self.log();
        assert!(!log.contains("ERROR"), "msnpd had trouble: {log}");
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where clients find the server, as its welcome tells. Nobody reads what it says after that.
fn find_door(welcome: ChildStdout) -> Option<Door> {
    let (mut dispatch, mut web) = (None, None);
    for line in BufReader::new(welcome).lines().map_while(Result::ok) {
        let mut words = line.split_ascii_whitespace();
        let (what, address) = (words.next(), words.next().and_then(|word| word.parse::<SocketAddr>().ok()));
        match what {
            Some("dispatch") => dispatch = address,
            Some("web") => web = address,
            _ => {}
        }
        if let (Some(dispatch), Some(web)) = (dispatch, web) {
            return Some(Door { dispatch, nexus: format!("http://{web}{NEXUS}") });
        }
    }
    None
}

/// Does one thing as the operator. Passwords are asked for on standard input.
fn msnpctl(directory: &Path, command: &str) {
    let mut child = Command::new(programs::program("msnpctl"))
        .args(["--config", "msnpd.toml"])
        .args(command.split(' '))
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that wants no password does not read it.
    let _ = writeln!(child.stdin.take().unwrap(), "{PASSWORD}");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "msnpctl {command}: {}", String::from_utf8_lossy(&output.stderr));
}
