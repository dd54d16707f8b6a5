//! What all requests share, and the checking of passwords.

use std::sync::Arc;
use std::time::Instant;

use daemon::address::Failures;
use daemon::logging::store_failed;
use daemon::{Config, Parts};
use model::{Account, Email};
use store::{Store, StoreError};
use tracing::debug;

use crate::visitor::Visitor;
use passport::{Credentials, MAX_PASSWORD};

/// What all requests share.
pub(crate) struct Hall {
    pub(crate) config: Arc<Config>,
    pub(crate) store: Store,
    failures: Failures,
}

/// Why nobody gets a ticket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// There is no such account, or it has another password, or it is suspended.
    Wrong,
    /// Too many passwords are being checked, too many were wrong from this address, or the store
    /// does not answer: try later.
    Busy,
}

impl Hall {
    pub(crate) fn new(parts: &Parts) -> Self {
        let failures = Failures::new(parts.config.web_failures());
        Self { config: Arc::clone(&parts.config), store: parts.store.clone(), failures }
    }

    /// Whose password this is.
    pub(crate) async fn sign_in(&self, visitor: &Visitor, credentials: Credentials) -> Result<Account, Refused> {
        let Some(attempt) = self.failures.attempt(visitor.address, Instant::now()) else {
            debug!(address = %visitor.address, "too many failed sign-ins");
            return Err(Refused::Busy);
        };
        let account = self.verify(credentials).await?;
        // A suspension shows only behind the right password, and after the same work.
        account.filter(|account| !account.suspended).ok_or_else(|| {
            debug!(address = %visitor.address, "a sign-in failed");
            attempt.failed(Instant::now());
            Refused::Wrong
        })
    }

    async fn verify(&self, Credentials { handle, password }: Credentials) -> Result<Option<Account>, Refused> {
        // Neither can be that of an account, so the time of the answer tells nothing.
        let Ok(email) = Email::parse(handle.trim()) else { return Ok(None) };
        if password.expose().len() > MAX_PASSWORD {
            return Ok(None);
        }
        self.store.verify_password(&email, &password).await.map_err(|error| {
            match error {
                StoreError::TooManyChecks => debug!("too many passwords wait to be checked"),
                error => store_failed("check a password", &error),
            }
            Refused::Busy
        })
    }

    /// A ticket for someone whose password was right.
    pub(crate) async fn ticket(&self, account: &Account) -> Result<store::Ticket, Refused> {
        match self.store.issue_ticket(account.id, self.config.web.ticket_time.0).await {
            Ok(ticket) => ticket.ok_or(Refused::Wrong),
            Err(error) => {
                store_failed("issue a ticket", &error);
                Err(Refused::Busy)
            }
        }
    }
}
