//! One suite for both databases: SQLite in a file always, Postgres where `MSNP_TEST_POSTGRES`
//! holds the address of a server on which this user may create databases.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of this crate is tests, also what is no test function"
)]

mod accounts;
mod away;
mod bulk;
mod concurrency;
mod cookies;
mod copies;
mod credentials;
mod edits;
mod nodes;
mod opening;
mod place;
mod proxy;
mod rosters;
mod tickets;

/// Runs each of these functions on each database.
macro_rules! suite {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let place = crate::place::Place::sqlite();
                super::$test(&place).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let Some(place) = crate::place::Place::postgres().await else { return };
                super::$test(&place).await;
                place.remove().await;
            })*
        }
    };
}
pub(crate) use suite;
