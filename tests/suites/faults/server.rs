//! A Postgres of the test's own, to stop and to kill.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long it may take to start. After a kill it first reads its log.
const STARTING: Duration = Duration::from_secs(30);

/// A server, and all its processes.
pub(crate) struct Postgres {
    bin: PathBuf,
    directory: TempDir,
    child: Option<Child>,
    settings: Vec<String>,
}

impl Postgres {
    /// Makes and starts one. None: there is no Postgres here, and that was said.
    pub(crate) fn start() -> Option<Self> {
        let mut server = Self::make()?;
        server.restart();
        Some(server)
    }

    /// Makes one that is reached by TCP and TLS only, and shows this certificate.
    pub(crate) fn start_with_tls(port: u16, certificate: &str, key: &str) -> Option<Self> {
        let mut server = Self::make()?;
        let data = server.directory.path().join("data");
        for (name, text) in [
            ("server.crt", certificate),
            ("server.key", key),
            ("pg_hba.conf", "local all all trust\nhostssl all all 127.0.0.1/32 trust\n"),
        ] {
            let path = data.join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            own(&path);
        }
        server.settings = vec!["listen_addresses=127.0.0.1".to_owned(), format!("port={port}"), "ssl=on".to_owned()];
        server.restart();
        Some(server)
    }

    fn make() -> Option<Self> {
        let Some(bin) = std::env::var_os("MSNP_TEST_POSTGRES_BIN") else {
            assert!(std::env::var_os("CI").is_none(), "in CI nothing is left out: use tests/services run");
            println!("skipped: MSNP_TEST_POSTGRES_BIN is not set (tests/services run sets it)");
            return None;
        };
        let settings = vec!["listen_addresses=".to_owned()];
        let server = Self { bin: bin.into(), directory: tempfile::tempdir().unwrap(), child: None, settings };
        own(server.directory.path());
        let mut initdb = server.command("initdb");
        initdb.args(["-D", "data", "-U", "msnp", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        let output = initdb.output().unwrap();
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        Some(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://msnp@localhost/postgres?host={}", self.directory.path().display())
    }

    /// Starts it, and waits until it answers. Kernels keep what a process has written when it is
    /// killed, so it need not flush.
    pub(crate) fn restart(&mut self) {
        let began = Instant::now();
        let ready = self.directory.path().join("data/postmaster.pid");
        loop {
            assert!(began.elapsed() < STARTING, "Postgres does not start: {}", self.log());
            let log = fs::OpenOptions::new().create(true).append(true).open(self.directory.path().join("log")).unwrap();
            let mut command = self.command("postgres");
            command.arg("-D").arg("data").arg("-k").arg(self.directory.path());
            command.args(["-c", "fsync=off"]).stderr(log).stdout(Stdio::null());
            command.args(self.settings.iter().flat_map(|setting| ["-c", setting]));
            let child = self.child.insert(command.spawn().unwrap());
            let id = child.id().to_string();
            // It may end at once where a process of the one before it has not noticed its end.
            while child.try_wait().unwrap().is_none() && began.elapsed() < STARTING {
                let text = fs::read_to_string(&ready).unwrap_or_default();
                if text.starts_with(&id) && text.lines().any(|line| line.trim_end() == "ready") {
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Kills all of it at once.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }

    /// Sends a signal to the server and to all processes of it.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let mut kill = Command::new("kill");
        kill.arg(format!("-{signal}")).arg(id.to_string()).args(children.split_whitespace());
        // One of its processes may just have ended by itself.
        kill.stderr(Stdio::null()).status().unwrap();
    }

    /// Postgres refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // A group of its own, so that Ctrl-C ends the test first.
        command.current_dir(self.directory.path()).process_group(0);
        command
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}

/// Gives a file to the user that the server runs as.
fn own(path: &Path) {
    if is_root() {
        assert!(Command::new("chown").arg("nobody").arg(path).status().unwrap().success());
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(Path::new("/proc/self")).is_ok_and(|me| me.uid() == 0)
}
