//! The shell for all daemons: everything around the state machines of `logic`.
//!
//! * [`config`]: the one configuration file.
//! * [`listener`]: accepts connections, within limits per address.
//! * [`connection`]: the one loop that drives every machine over every connection.
//! * [`link`]: the way to a client, which anyone may write to without waiting.
//! * [`desk`]: who answers a machine's questions.
//! * [`pipe`]: a stream within the process that looks like a socket, for the HTTP gateway.
//! * [`program`]: what the programs have in common.
//! * [`registry`]: what the operator sees of a daemon, and wants of it.

pub mod address;
pub mod config;
pub mod connection;
pub mod desk;
pub mod link;
pub mod listener;
pub mod logging;
pub mod pipe;
pub mod program;
pub mod proxy;
pub mod registry;
pub mod running;

pub use config::Config;
pub use connection::Terms;
pub use desk::{Desk, Drive, Reply};
pub use link::{Client, Link};
pub use running::{Running, Shutdown};

/// What every daemon is made of.
#[derive(Clone)]
pub struct Parts {
    /// The operator's decisions.
    pub config: std::sync::Arc<Config>,
    /// Accounts, lists, cookies.
    pub store: store::Store,
    /// The other daemons.
    pub bus: bus::Bus,
}

/// Why a daemon cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its address cannot be listened at.
    #[error("cannot listen on {address}, free it or set [{section}] listen to another address")]
    Listen {
        /// The section of the configuration.
        section: &'static str,
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Its certificate cannot be used.
    #[error("cannot serve HTTPS with the {what} {}, see [web.tls]", path.display())]
    Certificate {
        /// The certificate, or its key.
        what: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is nothing for it to do.
    #[error("there is nothing to serve: set [web] listen, or a certificate in [web.tls]")]
    Nothing,
    /// The bus does not let it join.
    #[error("cannot join the bus")]
    Bus(#[from] bus::BusError),
    /// The store does not answer.
    #[error("cannot read the store")]
    Store(#[from] store::StoreError),
}
