//! Whether Postgres is there.
//!
//! When a connection breaks or an operation takes too long, the database is *doubted*, and one
//! task asks it over a new connection. Whoever wants something meanwhile waits for that verdict.
//! If it does not answer it is *away*: everything that is asked for then fails at once, while the
//! one task goes on asking, at growing intervals of random length. So however many sessions there
//! are, a daemon asks a database that is away about once a second, and logs two lines.

use std::io;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time;

use crate::StoreError;
use crate::pool::Pool;

/// How long the database may take to answer whether it is there.
const ASKING: Duration = Duration::from_secs(2);
/// How long to wait before asking again, at first and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Up,
    Doubted,
    Away,
    Closed,
}

/// What is known of the database.
pub(crate) struct Health {
    state: watch::Sender<State>,
    pool: Pool,
}

impl Health {
    pub(crate) fn new(pool: Pool) -> Arc<Self> {
        Arc::new(Self { state: watch::Sender::new(State::Up), pool })
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Waits while the database is doubted.
    pub(crate) async fn up(&self) -> Result<(), StoreError> {
        let mut state = *self.state.borrow();
        if state == State::Doubted {
            let mut states = self.state.subscribe();
            // The sender lives as long as `self`, so this cannot fail.
            state = states.wait_for(|state| *state != State::Doubted).await.map_or(State::Closed, |state| *state);
        }
        match state {
            State::Up | State::Doubted => Ok(()),
            State::Away => Err(StoreError::Away),
            State::Closed => Err(StoreError::Closed),
        }
    }

    /// Something went wrong that may mean that the database is away.
    pub(crate) fn doubt(self: &Arc<Self>) {
        if self.pass(State::Up, State::Doubted) {
            tokio::spawn(ask(Arc::downgrade(self)));
        }
    }

    pub(crate) fn close(&self) {
        self.state.send_replace(State::Closed);
    }

    fn pass(&self, from: State, to: State) -> bool {
        self.state.send_if_modified(|state| {
            let passes = *state == from;
            if passes {
                *state = to;
            }
            passes
        })
    }
}

/// Asks the database until it answers.
async fn ask(health: Weak<Health>) {
    let (began, [mut pause, longest]) = (Instant::now(), PAUSES);
    let mut away = false;
    while let Some(health) = health.upgrade() {
        // What broke for one is likely to be broken for all.
        health.pool.clear();
        match answer(&health.pool).await {
            Ok(()) => {
                let known = if away { State::Away } else { State::Doubted };
                if health.pass(known, State::Up) && away {
                    tracing::info!(away_for = ?rounded(began.elapsed()), "the database is back");
                }
                return;
            }
            Err(error) if !away => {
                away = true;
                if !health.pass(State::Doubted, State::Away) {
                    return;
                }
                tracing::warn!(%error, "the database is away: sign-ins and changes are refused until it is back");
            }
            Err(error) => tracing::debug!(%error, "the database is still away"),
        }
        if *health.state.borrow() == State::Closed {
            return;
        }
        drop(health);
        time::sleep(rand::random_range(pause / 2..=pause)).await;
        pause = longest.min(pause * 2);
    }
}

/// Does it answer? One that has no connection left for us does.
async fn answer(pool: &Pool) -> Result<(), sqlx::Error> {
    match in_time(pool.connect()).await {
        Err(error) if is_full(&error) => Ok(()),
        answer => answer.map(drop),
    }
}

/// Waits for a connection no longer than one is worth waiting for.
pub(crate) async fn in_time<T>(connecting: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "there is no answer").into();
    time::timeout(ASKING, connecting).await.unwrap_or_else(|_| Err(late()))
}

/// `too_many_connections`
pub(crate) fn is_full(error: &sqlx::Error) -> bool {
    code_of(error).as_deref() == Some("53300")
}

/// Is it the connection that broke, or the server that stops, starts or only reads, rather than a
/// statement that was refused?
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    use sqlx::Error::{BeginFailed, Configuration, Io, Protocol, Tls};
    match error {
        Io(_) | Tls(_) | Protocol(_) | Configuration(_) | BeginFailed => true,
        // The class of connection exceptions; a server that stops, has crashed, or starts; a
        // connection that was idle for too long; a transaction on a standby.
        error => code_of(error).is_some_and(|code| {
            code.starts_with("08") || ["57P01", "57P02", "57P03", "57P05", "25P03", "25006"].contains(&&*code)
        }),
    }
}

fn code_of(error: &sqlx::Error) -> Option<std::borrow::Cow<'_, str>> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code)
}

/// To tenths of a second.
fn rounded(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX) / 100 * 100)
}
