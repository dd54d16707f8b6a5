//! What is being measured.

use std::net::SocketAddr;

use anyhow::bail;

use super::{Floor, Suite};
use crate::client::Way;

/// A server that runs already.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) way: Way,
    /// Its processes, if they are on this machine and their cost is to be measured.
    pub(crate) pids: Vec<u32>,
    pub(crate) name: String,
}

/// What is being measured.
pub(crate) enum Target {
    Suite(Suite),
    Floor(Floor),
    Named(Named),
}

impl Target {
    /// What figures of it are filed under.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Suite(_) => "suite".to_owned(),
            Self::Floor(floor) => format!("floor-{}", floor.variant),
            Self::Named(named) => named.name.clone(),
        }
    }

    /// Its processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        match self {
            Self::Suite(suite) => suite.pids(),
            Self::Floor(floor) => vec![floor.pid()],
            Self::Named(named) => named.pids.clone(),
        }
    }

    /// How clients get in.
    pub(crate) fn way(&self) -> &Way {
        match self {
            Self::Suite(suite) => &suite.way,
            Self::Floor(floor) => &floor.way,
            Self::Named(named) => &named.way,
        }
    }

    /// The floor's address, if it is the floor.
    pub(crate) fn floor(&self) -> Option<SocketAddr> {
        if let Self::Floor(floor) = self { floor.way.ns } else { None }
    }

    /// Has it ended by itself?
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        let failed = match self {
            Self::Suite(suite) => suite.failed(),
            Self::Floor(floor) => floor.failed(),
            Self::Named(_) => None,
        };
        if let Some(how) = failed { bail!("{how}") } else { Ok(()) }
    }
}
