//! The transcript player: reads `*.msnp` conversations and plays them on a stage, line by line.
//!
//! A script names the accounts it needs, what each client sends, and what the server must answer.
//! The player is a second reading of the protocol: nothing here comes from the servers' own codec,
//! so that a mistake there cannot hide itself. What a script is played on (in memory, over TCP,
//! against a cluster, through the HTTP gateway) is a [`Stage`].

mod http;
mod macros;
mod passport;
pub mod pattern;
pub mod play;
pub mod script;
pub mod stage;
pub mod tcp;
mod wire;

#[cfg(test)]
mod fake;

pub use macros::Dialect;
pub use play::{Failure, Played, play};
pub use script::{Account, Cast, Contact, Group, ParseError, Recasting, Script};
pub use stage::{Need, Operation, Patience, Place, Received, Stage, StageError};
pub use tcp::{Preparation, TcpOptions, TcpStage};
