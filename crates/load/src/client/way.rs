//! Where the servers are, and who signs in to them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Conn, Dialect, LoginUrl};

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
    /// The number of the first of those who take part: several runs may use one server at the same
    /// time, each with people of its own.
    pub(crate) begin: usize,
    /// The password of all of them.
    pub(crate) password: String,
    /// Does the system buffer as little as it can for them? For those who will read nothing.
    pub(crate) narrow: bool,
    /// A ticket that is good for all, on a server that looks at none.
    pub(crate) any_ticket: Option<String>,
    /// Tickets that were made beforehand, by number.
    pub(crate) tickets: BTreeMap<usize, String>,
}

/// Someone who signs in.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Counted from the first of all that there are.
    pub(crate) number: usize,
    pub(crate) handle: String,
}

impl Way {
    /// The account with this number, counted from the first of those who take part.
    pub(crate) fn account(&self, number: usize) -> Account {
        let number = self.begin + number;
        Account { number, handle: self.pattern.replace("{n}", &number.to_string()) }
    }

    /// The same way for those from this number on, who are counted anew.
    pub(crate) fn from(&self, number: usize) -> Self {
        Self { begin: self.begin + number, ..self.clone() }
    }

    /// Connects one of them to a server.
    pub(crate) async fn connect(&self, at: SocketAddr, account: &Account) -> anyhow::Result<Conn> {
        if self.narrow { Conn::open_narrow(at, account.number).await } else { Conn::open(at, account.number).await }
    }

    /// The same way for only some of the accounts, to be told to another process.
    pub(crate) fn only(&self, numbers: Range<usize>) -> Self {
        let numbers = self.begin + numbers.start..self.begin + numbers.end;
        let tickets = self.tickets.range(numbers).map(|(number, ticket)| (*number, ticket.clone())).collect();
        Self { tickets, ..self.clone() }
    }

    /// The server that clients connect to first.
    pub(crate) fn first(&self) -> Option<SocketAddr> {
        self.ds.or(self.ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_of_a_run_are_counted_from_its_first_one() {
        let tickets = (0..20).map(|number| (number, format!("t={number}"))).collect();
        let (login, any_ticket, password) = (None, None, String::new());
        let (dialect, pattern) = ("9".parse().unwrap(), "user{n}@example.com".to_owned());
        let way =
            Way { ds: None, ns: None, login, dialect, pattern, begin: 0, password, narrow: false, any_ticket, tickets };
        let way = way.from(10).from(2);
        let account = way.account(3);
        assert_eq!((account.number, account.handle.as_str()), (15, "user15@example.com"));
        assert_eq!(way.only(3..5).tickets.into_keys().collect::<Vec<_>>(), [15, 16]);
    }
}
