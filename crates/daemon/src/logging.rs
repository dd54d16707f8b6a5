//! Logs: to standard error, as text or JSON lines.

use std::io::IsTerminal as _;

use store::StoreError;
use tracing::{debug, warn};
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Begins to log as the configuration says. `RUST_LOG` in the environment goes before it.
pub fn start(log: &Log) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(&log.level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Starting a second time, as tests do, changes nothing.
    let _ = match log.format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

/// Says that something could not be done for want of the store: "cannot *read a roster*". That the
/// database is away, the store has said already, and once is enough.
pub fn store_failed(what: &str, error: &StoreError) {
    match error {
        StoreError::Away => debug!("cannot {what}: the database is away"),
        error => warn!(%error, "cannot {what}"),
    }
}
