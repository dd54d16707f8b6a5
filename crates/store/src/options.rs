//! How a store is used.

use std::time::Duration;

use crate::Hashing;

/// What whoever opens a store decides.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many passwords may be checked.
    pub hashing: Hashing,
    /// Connections to Postgres at the same time, at least one. SQLite has its own number.
    pub connections: u32,
    /// How long an operation may take on Postgres, and how long SQLite waits for another process
    /// that holds the file.
    pub deadline: Duration,
    /// How long to wait at the start for a Postgres that is not there yet.
    pub start_patience: Duration,
    /// What the connections to Postgres are called there, if the address does not say it.
    pub application: String,
}

impl Default for Options {
    /// Ten connections, a deadline of five seconds, and no patience at the start.
    fn default() -> Self {
        Self {
            hashing: Hashing::default(),
            connections: 10,
            deadline: Duration::from_secs(5),
            start_patience: Duration::ZERO,
            application: "msnp".to_owned(),
        }
    }
}
