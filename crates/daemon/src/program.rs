//! What the programs have in common: arguments, configuration, store, bus, and the end.

use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bus::{Bus, BusUrl, Secret};
use clap::Args;
use store::{MasterKey, Store};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{Config, Parts, Running, ServeError, Shutdown, logging};

/// How long connections may take to end by themselves when a daemon stops.
const GRACE: Duration = Duration::from_secs(5);

/// The arguments that every daemon takes.
#[derive(Args, Debug)]
pub struct Common {
    /// The configuration file; without one, every key has its default
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Check the configuration, and do nothing else
    #[arg(long)]
    pub check: bool,
}

impl Common {
    /// Reads the configuration. `None` if it was only to be checked, and is in order.
    pub fn configuration(&self) -> anyhow::Result<Option<Arc<Config>>> {
        let config = match &self.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        if self.check {
            say("The configuration is in order.");
            return Ok(None);
        }
        logging::start(&config.log);
        Ok(Some(Arc::new(config)))
    }
}

/// What this program is called, for those who see its connections.
fn program() -> String {
    let path = std::env::current_exe().ok();
    path.as_deref().and_then(Path::file_stem).map_or_else(|| "msnp".into(), |name| name.to_string_lossy().into_owned())
}

/// Opens the store and the bus.
pub async fn open(config: Arc<Config>) -> anyhow::Result<Parts> {
    let keys = MasterKey::load_or_create(&config.store.key_file)?;
    let store = Store::open_with(&config.store.url, keys, config.store_options(&program())).await?;
    let bus = match &config.bus.url {
        BusUrl::Local => Bus::local(),
        BusUrl::Nats(url) => Bus::nats(url, config.nats_options()).await.context("cannot open the bus")?,
        url => Bus::open(url, Secret::load_or_create(&config.bus.secret_file)?).await.context("cannot open the bus")?,
    };
    let bus = bus.with_deadline(config.bus.deadline.0);
    Ok(Parts { config, store, bus })
}

/// Runs one daemon as a program of its own, until it is told to stop.
pub fn alone(
    common: &Common,
    name: &str,
    serve: impl AsyncFnOnce(&Parts, &Shutdown) -> Result<Running, ServeError>,
) -> anyhow::Result<()> {
    let Some(config) = common.configuration()? else { return Ok(()) };
    anyhow::ensure!(
        config.bus.url != BusUrl::Local,
        "one daemon alone needs a bus to find the others: set [bus] url = \"hub:tcp://127.0.0.1:1866\" or a nats:// address, or run msnpd"
    );
    runtime()?.block_on(async {
        let mut signals = Signals::listen()?;
        let Some(parts) = signals.unless_stopped(open(config)).await.transpose()? else { return Ok(()) };
        let shutdown = Shutdown::default();
        let running = serve(&parts, &shutdown).await?;
        say(&format!("The {name} server listens on {}.", running.address));
        until_stopped(signals, parts, vec![running], shutdown).await
    })
}

/// SIGTERM and SIGINT, which stop, and SIGUSR1, which empties first; waited for from the time that this is made: whoever is told that a daemon
/// runs may stop it at once.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    drain: Signal,
}

impl Signals {
    /// Begins to wait for them.
    pub fn listen() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
        let drain = signal(SignalKind::user_defined1()).context("cannot wait for SIGUSR1")?;
        Ok(Self { terminate, interrupt, drain })
    }

    /// Does it, unless a signal to stop comes before it is done.
    pub async fn unless_stopped<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            _ = self.terminate.recv() => None,
            _ = self.interrupt.recv() => None,
        }
    }
}

/// Waits for a signal to stop, or until all that runs has been emptied; then stops it.
pub async fn until_stopped(
    mut signals: Signals,
    parts: Parts,
    running: Vec<Running>,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let mut ended = pin!(async {
        for daemon in running {
            daemon.task.await.context("a daemon panicked")?;
        }
        anyhow::Ok(())
    });
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            _ = signals.drain.recv() => {
                tracing::info!("emptying");
                shutdown.drain_off();
            }
            result = &mut ended => {
                result?;
                return finished(&parts, &shutdown).await;
            }
        }
    }
    tracing::info!("stopping");
    shutdown.stop();
    ended.await?;
    finished(&parts, &shutdown).await
}

async fn finished(parts: &Parts, shutdown: &Shutdown) -> anyhow::Result<()> {
    shutdown.stop();
    shutdown.drain(GRACE).await;
    parts.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Runs a program to its end: an error is one sentence on standard error, and a failure.
pub fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Tells the operator something, on standard output. Nobody may be reading it any more; a daemon
/// goes on without them.
pub fn say(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "error: {text}");
}

/// Threads for work that blocks, beside one for each core: names to look up, files to write.
const MORE_BLOCKING: usize = 4;

/// The runtime for a daemon.
///
/// The threads for work that blocks are few: such a thread is begun whenever none is idle at the
/// moment, and the allocator leaves each the memory that it freed last. With the hundreds that are
/// usual, a storm of slow hashes, few of which are under way at a time, would keep as much as all of
/// them together.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().max_blocking_threads(cores + MORE_BLOCKING);
    runtime.build().context("cannot start the runtime")
}
