//! Where the servers are, and who signs in to them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Dialect, LoginUrl};

/// How clients get into a server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Way {
    /// The dispatch server. Without one, clients go to `ns` at once.
    pub(crate) ds: Option<SocketAddr>,
    /// The notification server.
    pub(crate) ns: Option<SocketAddr>,
    /// Where tickets are to be had.
    pub(crate) login: Option<LoginUrl>,
    /// Which dialect they speak.
    pub(crate) dialect: Dialect,
    /// Their handles, with `{n}` for their numbers.
    pub(crate) pattern: String,
    /// The password of all of them.
    pub(crate) password: String,
    /// A ticket that is good for all, on a server that looks at none.
    pub(crate) any_ticket: Option<String>,
    /// Tickets that were made beforehand, by number.
    pub(crate) tickets: BTreeMap<usize, String>,
}

/// Someone who signs in.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) number: usize,
    pub(crate) handle: String,
}

impl Way {
    /// The account with this number.
    pub(crate) fn account(&self, number: usize) -> Account {
        Account { number, handle: self.pattern.replace("{n}", &number.to_string()) }
    }

    /// The same way for only some of the accounts, to be told to another process.
    pub(crate) fn only(&self, numbers: Range<usize>) -> Self {
        let tickets = self.tickets.range(numbers).map(|(number, ticket)| (*number, ticket.clone())).collect();
        Self { tickets, ..self.clone() }
    }

    /// The server that clients connect to first.
    pub(crate) fn first(&self) -> Option<SocketAddr> {
        self.ds.or(self.ns)
    }
}
