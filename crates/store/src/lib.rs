//! Accounts, lists, serials, cookies and tickets, in SQLite or Postgres.
//!
//! This is the only crate with SQL. Each statement is written once for both databases
//! (`sql.rs`); what differs is how a change gets its transaction: SQLite has one writer that
//! commits what is queued as a group (`writer.rs`), Postgres one transaction per change with rows
//! locked in a fixed order, within a deadline and with a database that may be away (`postgres.rs`,
//! `pool.rs`, `health.rs`).
//!
//! The store decides nothing about the protocol: an [`Edit`](model::Edit) comes decided, and is
//! carried out whole or not at all. What it does guarantee: an answered change is on disk;
//! nobody is on AL and BL at once; an account's serial rises with each change of its lists and
//! settings, and also when someone else's change alters its RL or the properties that it sees.

mod account;
mod bulk;
mod columns;
mod connections;
mod cookie;
mod copy;
mod credentials;
mod db;
mod directory;
mod edit;
mod entrant;
mod error;
mod health;
mod key;
mod migrate;
mod node;
mod options;
mod password;
mod people;
mod pool;
mod postgres;
mod roster;
mod seal;
mod serial;
mod sql;
mod sqlite;
mod store;
mod ticket;
mod touched;
mod url;
mod writer;

pub use account::NewAccount;
pub use bulk::{BulkAccount, BulkContacts, PasswordHash};
pub use directory::{Directory, DirectoryCard, DirectoryEntry};
pub use edit::Edited;
pub use entrant::{Entrant, LegacyLogin};
pub use error::StoreError;
pub use key::MasterKey;
pub use model::Password;
pub use node::{NodeReport, NodeRow};
pub use options::Options;
pub use password::Hashing;
pub use store::Store;
pub use ticket::Ticket;
pub use url::{BadStoreUrl, StoreUrl};
pub use writer::Writes;
