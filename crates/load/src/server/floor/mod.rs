//! The floor: the least that a server on tokio can do and still do this work, as the reference
//! that a machine's noise is measured with. It keeps no state, checks nothing, and serves only
//! clients that behave.

mod fan;
mod lines;
mod login;
mod outbox;
mod relay;

use std::fmt;
use std::future::Future;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::Context as _;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Way;

/// Kinds of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Work {
    /// Messages from one to another.
    Relay,
    /// Presence from one to many.
    Fan,
    /// Sign-ins, and being signed in.
    Login,
}

/// How bytes get to their receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, Deserialize)]
pub(crate) enum Variant {
    /// Relay only: as they came, unread.
    Copy,
    /// By a bounded channel to the receiver's task, which writes all that waits at once.
    Mpsc,
    /// Written to the receiver's socket by whoever has them.
    Direct,
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Copy => "copy",
            Self::Mpsc => "mpsc",
            Self::Direct => "direct",
        })
    }
}

/// A floor that runs as a process of its own.
pub(crate) struct Floor {
    process: std::process::Child,
    pub(crate) variant: Variant,
    pub(crate) way: Way,
}

impl Floor {
    /// Starts this program again as a floor, which ends with this process.
    pub(crate) fn start(work: Work, variant: Variant, way: &Way) -> anyhow::Result<Self> {
        let work = work.to_possible_value().context("every kind has a name")?;
        let mut process = Command::new(std::env::current_exe()?)
            .args(["floor", work.get_name(), "--variant", &variant.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the floor")?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("it is piped")?).read_line(&mut line)?;
        let at: SocketAddr = line.trim().parse().context("the floor did not say where it listens")?;
        let any_ticket = Some("t=1&p=".to_owned());
        let way = Way { ds: None, ns: Some(at), login: None, any_ticket, ..way.clone() };
        Ok(Self { process, variant, way })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Says how, if it has ended by itself.
    pub(crate) fn failed(&mut self) -> Option<String> {
        let status = self.process.try_wait().ok()??;
        Some(format!("the floor ended with {status}"))
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until the process that started this one is gone.
pub(crate) fn serve(work: Work, variant: Variant, listen: SocketAddr) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen at {listen}"))?;
        writeln!(std::io::stdout().lock(), "{}", listener.local_addr()?)?;
        let served = async {
            match work {
                Work::Relay => {
                    let rooms = Arc::new(relay::Rooms::new(variant));
                    accept(listener, |stream| relay::connection(stream, rooms.clone())).await
                }
                Work::Fan => {
                    let watchers = Arc::new(fan::Watchers::new(variant));
                    accept(listener, |stream| fan::connection(stream, watchers.clone())).await
                }
                Work::Login => accept(listener, |stream| login::connection(stream, variant)).await,
            }
        };
        tokio::select! {
            error = served => error,
            () = orphaned() => Ok(()),
        }
    })
}

/// Resolves when standard input ends.
async fn orphaned() {
    let ended = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
    // However it ends, nobody is there any more.
    let _ = ended.await;
}

async fn accept<F>(listener: TcpListener, connection: impl Fn(TcpStream) -> F) -> anyhow::Result<()>
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream));
    }
}
