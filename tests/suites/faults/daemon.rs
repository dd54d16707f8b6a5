//! `msnpd` as a process, on a store with accounts.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use model::{Email, Name};
use store::{MasterKey, NewAccount, Password, Store};

use crate::programs;

/// The account that the tests sign in with.
pub(crate) const EDITOR: &str = "editor@example.com";
/// The password of every account.
pub(crate) const PASSWORD: &str = "password";

/// Where a daemon listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) ns: SocketAddr,
    pub(crate) sb: SocketAddr,
    pub(crate) web: SocketAddr,
}

/// How many rounds of a fault to play: so many, or as `MSNP_FAULT_ROUNDS` says.
pub(crate) fn rounds(usual: u32) -> u32 {
    std::env::var("MSNP_FAULT_ROUNDS").map_or(usual, |text| text.parse().expect("MSNP_FAULT_ROUNDS is a number"))
}

/// A directory with an SQLite store of accounts, and a configuration on free ports.
pub(crate) fn prepare(directory: &Path, people: &[String]) -> Addresses {
    let url = format!("sqlite:{}", directory.join("data/msnp.db").display());
    prepare_on(directory, people, &url)
}

/// The same on any store.
pub(crate) fn prepare_on(directory: &Path, people: &[String], url: &str) -> Addresses {
    let at: Vec<SocketAddr> = programs::ports(4).into_iter().map(|port| ([127, 0, 0, 1], port).into()).collect();
    let config = format!(
        "ds.listen = \"{}\"\nns.listen = \"{}\"\nsb.listen = \"{}\"\nweb.listen = \"{}\"\n\
         limits.commands_at_once = 0\nns.rooms_per_minute = 0\nstore.url = \"{url}\"\n",
        at[0], at[1], at[2], at[3]
    );
    fs::write(directory.join("msnpd.toml"), config).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let key = MasterKey::load_or_create(&directory.join("data/master.key")).unwrap();
        let store = Store::open(&url.parse().unwrap(), key).await.unwrap();
        for handle in people.iter().map(String::as_str).chain([EDITOR]) {
            let email = Email::parse(handle).unwrap();
            let (name, password) = (Name::from(&email), Password::new(PASSWORD.to_owned()));
            store.create_account(NewAccount { email, name, password, md5: true }).await.unwrap();
        }
        store.close().await;
    });
    Addresses { ns: at[1], sb: at[2], web: at[3] }
}

/// Kills what it holds, also when a test fails.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts `msnpd` in a directory that was [prepared](prepare).
    pub(crate) fn start(directory: &Path) -> Self {
        Self::start_program(directory, "msnpd", "msnpd.toml")
    }

    /// Starts one of the programs.
    pub(crate) fn start_program(directory: &Path, program: &str, config: &str) -> Self {
        let mut child = Command::new(programs::program(program))
            .args(["--config", config])
            .current_dir(directory)
            .stdout(Stdio::piped())
            .stderr(File::create(directory.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("running") || line.contains("listens on"), "{program} did not start: {line}");
        Self(child)
    }

    /// Has it ended by itself within this time, and well?
    pub(crate) fn ends_within(&mut self, patience: Duration) -> bool {
        let began = Instant::now();
        while began.elapsed() < patience {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.success();
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// The most memory that it ever held, in bytes; `None` where the system does not tell.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
    }

    /// Ends it without a warning.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Ends it as an operator would, and tells whether it ended well.
    pub(crate) fn terminate(mut self) -> bool {
        let told = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().unwrap();
        told.success() && self.0.wait().unwrap().success()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
