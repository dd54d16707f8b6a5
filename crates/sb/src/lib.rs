//! The switchboard server: conversations.
//!
//! What it decides is in `logic::sb`. Here are [`Hall`], the rooms that its sessions share, and
//! [`Desk`], which answers one session.

mod desk;
mod hall;

use std::sync::Arc;
use std::time::Duration;

use daemon::address::Doorkeeper;
use daemon::listener::{self, Door, Host};
use daemon::registry::{self, Entry};
use daemon::{Parts, Running, ServeError, Shutdown, config};
use model::Role;
use tokio::time;
use tracing::info;

pub use desk::Desk;
pub use hall::Hall;

/// Begins to serve.
pub async fn serve(parts: &Parts, shutdown: &Shutdown) -> Result<Running, ServeError> {
    let settings = &parts.config.sb;
    let listener = listener::bind("sb", settings.listen)?;
    let listen = |source| ServeError::Listen { section: "sb", address: settings.listen, source };
    let address = listener.local_addr().map_err(listen)?;
    let endpoint = config::endpoint(settings.public.as_ref(), address);
    let (hall, member) = Hall::open(parts, endpoint.clone(), shutdown).await?;
    info!(role = %Role::Switchboard, %address, "listening");
    let door = Door {
        doorkeeper: Doorkeeper::new(parts.config.caps()),
        terms: Arc::new(parts.config.room_terms()),
        shutdown: shutdown.clone(),
        proxies: parts.config.limits.trusted_proxies.clone(),
    };
    let seats = Arc::clone(&hall);
    let host = Host::new(door, move |seat| seats.seat(seat));
    let entrance = Some(host.entrance(address.port()));
    let counted = Arc::clone(&hall);
    let entry = Entry::new(&parts.config, hall.id, Role::Switchboard, endpoint, move || counted.load()).on(&member);
    let (stop, patience) = (shutdown.clone(), settings.drain_time.0);
    let work = async move {
        // Whoever has a cookie still comes in while the rooms are finished.
        tokio::select! {
            () = listener::serve(listener, host) => {}
            () = until_empty(&hall, &stop, patience) => {}
        }
        hall.close();
        drop(member);
    };
    let task = tokio::spawn(registry::during(parts.store.clone(), entry, shutdown.clone(), work));
    Ok(Running { address, entrance, task })
}

/// Resolves when the switchboard was to be emptied, and the last room has ended, or has had its time.
async fn until_empty(hall: &Hall, shutdown: &Shutdown, patience: Duration) {
    shutdown.draining().await;
    hall.announce_draining();
    info!(rooms = hall.load(), "the switchboard is being emptied");
    let deadline = time::Instant::now() + patience;
    // Someone may just have been given a cookie for a room here.
    time::sleep(ON_THE_WAY.min(patience)).await;
    while hall.load() > 0 && time::Instant::now() < deadline {
        time::sleep(Duration::from_millis(200)).await;
    }
}

/// How long it takes until nobody is on the way here any more.
const ON_THE_WAY: Duration = Duration::from_secs(3);
