//! Processes that are started here, and ended whatever happens.

use std::fs::File;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a program may take to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of a log is shown.
const TAIL: usize = 2000;

/// A program that runs. Dropping it kills it.
pub(crate) struct Child {
    name: String,
    log: PathBuf,
    process: std::process::Child,
}

impl Child {
    /// Starts a program in `directory`, with its standard error in a file there.
    pub(crate) fn start(program: &Path, arguments: &[String], directory: &Path, name: &str) -> anyhow::Result<Self> {
        let log = directory.join(format!("{name}.log"));
        let process = Command::new(program)
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(&log)?)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { name: name.to_owned(), log, process })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until something listens at `address`, looking each millisecond.
    pub(crate) fn listens(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let started = Instant::now();
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("{} ended with {status}: {}", self.name, self.last_words());
            }
            if started.elapsed() > PATIENCE {
                bail!("{} does not listen at {address}: {}", self.name, self.last_words());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Ends it as an operator would, and waits until it has.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        if self.process.try_wait()?.is_some() {
            return Ok(());
        }
        kill(Pid::from_raw(i32::try_from(self.pid())?), Signal::SIGTERM)?;
        let started = Instant::now();
        while self.process.try_wait()?.is_none() {
            if started.elapsed() > PATIENCE {
                bail!("{} does not end: {}", self.name, self.last_words());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Ends it without a warning.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Has it ended by itself? Then this says how.
    pub(crate) fn failed(&mut self) -> Option<String> {
        let status = self.process.try_wait().ok()??;
        Some(format!("{} ended with {status}: {}", self.name, self.last_words()))
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let from = log.char_indices().rev().nth(TAIL).map_or(0, |(at, _)| at);
        log[from..].trim().to_owned()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ports of this machine's loopback address that nobody uses now. They are below those that the
/// system gives to outgoing connections, so that no client gets one of them before its server does.
pub(super) fn free_ports(count: usize) -> anyhow::Result<Vec<SocketAddr>> {
    const FIRST: u32 = 10_000;
    const MANY: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Two of these programs at the same time begin at different places.
    let begin = std::process::id().wrapping_mul(7);
    let mut ports = Vec::with_capacity(count);
    for _ in 0..MANY {
        if ports.len() == count {
            return Ok(ports);
        }
        let step = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(FIRST + step % MANY)?));
        if TcpListener::bind(address).is_ok() {
            ports.push(address);
        }
    }
    bail!("there are not {count} free ports from {FIRST} on")
}

/// Writes a file that only its owner may read.
pub(super) fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_at_once_is_told_with_its_last_words() {
        let place = tempfile::tempdir().unwrap();
        let address = free_ports(1).unwrap()[0];
        let mut child = Child::start(
            Path::new("/bin/sh"),
            &["-c", "echo no config >&2; exit 3"].map(str::to_owned),
            place.path(),
            "sh",
        )
        .unwrap();
        let error = child.listens(address).unwrap_err().to_string();
        assert!(error.contains("sh ended") && error.contains("no config"), "{error}");
    }

    #[test]
    fn a_dropped_child_is_gone() {
        let place = tempfile::tempdir().unwrap();
        let child = Child::start(Path::new("/bin/sleep"), &["60".to_owned()], place.path(), "sleep").unwrap();
        let pid = child.pid();
        drop(child);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn free_ports_differ() {
        let mut ports = free_ports(20).unwrap();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 20);
    }
}
