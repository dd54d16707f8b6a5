//! Sends users to where they belong: to the server that is their home now, because it has come, or
//! because this one is to be emptied.

use std::time::Duration;

use daemon::Shutdown;
use model::{Email, Endpoint, UserId};
use tokio::time;
use tracing::info;

use crate::hall::Hall;

/// How long the members of the bus must have stayed the same before users are moved to a server that
/// has come: one that goes again at once moves nobody.
const SETTLED: Duration = Duration::from_secs(5);
/// How long those who were sent elsewhere may take to go, and those who could not be sent may stay.
const LAST_ONES: Duration = Duration::from_secs(30);

/// Moves users whenever their home is elsewhere. Resolves when the server was to be emptied, and is.
pub(crate) async fn until_empty(hall: &Hall, shutdown: &Shutdown) {
    let settings = &hall.config.ns;
    loop {
        tokio::select! {
            biased;
            () = shutdown.draining() => break,
            () = hall.moved.notified() => {}
        }
        if settings.move_time.0.is_zero() {
            continue;
        }
        tokio::select! {
            () = shutdown.draining() => break,
            () = time::sleep(SETTLED) => {}
        }
        let strangers = hall.strangers();
        if !strangers.is_empty() {
            info!(users = strangers.len(), "another notification server has come; users move there");
            tokio::select! {
                () = shutdown.draining() => break,
                () = send_on(hall, strangers, settings.move_time.0) => {}
            }
        }
    }
    // From here on nobody's home is here.
    hall.announce();
    let began = time::Instant::now();
    let deadline = began + settings.drain_time.0 + LAST_ONES;
    info!(users = hall.load(), "the notification server is being emptied");
    while hall.load() > 0 && time::Instant::now() < deadline {
        let left = settings.drain_time.0.saturating_sub(began.elapsed());
        send_on(hall, hall.strangers(), left).await;
        // Those who have been sent are on their way; someone may just have signed in.
        time::sleep(Duration::from_millis(200)).await;
    }
}

/// Sends users to their homes, one after the other, evenly over this time.
async fn send_on(hall: &Hall, users: Vec<(UserId, Email)>, over: Duration) {
    let Ok(count) = u32::try_from(users.len()) else { return };
    for (user, email) in users {
        if let Some(home) = hall.home_elsewhere(&email) {
            hall.refer(user, home);
        }
        time::sleep(over / count.max(1)).await;
    }
}

impl Hall {
    /// Those who are signed in here, and whose home is another server.
    fn strangers(&self) -> Vec<(UserId, Email)> {
        let all: Vec<(UserId, Email)> =
            self.change(|presence, _| presence.everyone().map(|(user, email)| (user, email.clone())).collect());
        all.into_iter().filter(|(_, email)| self.home_elsewhere(email).is_some()).collect()
    }

    /// Where this user's home is, if it is another server.
    fn home_elsewhere(&self, email: &Email) -> Option<Endpoint> {
        let members = self.member()?.members();
        members.home_of(email).filter(|home| home.id != self.id).map(|home| home.endpoint.clone())
    }
}
