//! The notification server: sign-in, contact lists, presence, and rings.
//!
//! What it decides is in `logic::ns`. Here are [`Hall`], what all its sessions share; [`Desk`],
//! which answers one session (`sign_in` begins it and ends it); `responder`, which answers the other
//! daemons; and `outside`, which notices what the operator changes.

mod desk;
mod hall;
mod moving;
mod outside;
mod responder;
mod sign_in;
mod spool;

use std::sync::Arc;
use std::time::Instant;

use daemon::address::Doorkeeper;
use daemon::listener::{self, Door, Host};
use daemon::registry::{self, Entry};
use daemon::{Parts, Running, ServeError, Shutdown, config};
use model::Role;
use tracing::info;

pub use desk::Desk;
pub use hall::Hall;

/// Begins to serve.
pub async fn serve(parts: &Parts, shutdown: &Shutdown) -> Result<Running, ServeError> {
    let settings = &parts.config.ns;
    let listener = listener::bind("ns", settings.listen)?;
    let listen = |source| ServeError::Listen { section: "ns", address: settings.listen, source };
    let address = listener.local_addr().map_err(listen)?;
    let endpoint = config::endpoint(settings.public.as_ref(), address);
    // Whoever signs in from here on reads what was changed before.
    let mark = parts.store.touched_mark().await?;
    let (hall, member) = Hall::open(parts, endpoint.clone(), settings.weight, shutdown).await?;
    info!(role = %Role::Notification, %address, "listening");
    let door = Door {
        doorkeeper: Doorkeeper::new(parts.config.caps()),
        terms: Arc::new(parts.config.terms()),
        shutdown: shutdown.clone(),
        proxies: parts.config.limits.trusted_proxies.clone(),
    };
    let seats = Arc::clone(&hall);
    let host = Host::new(door, move |seat| seats.seat(seat));
    let entrance = Some(host.entrance(address.port()));
    let notice = settings.stop_notice.0;
    let stop = shutdown.clone();
    let counted = Arc::clone(&hall);
    let entry = Entry::new(&parts.config, hall.id, Role::Notification, endpoint, move || counted.load()).on(&member);
    let work = async move {
        let watching = tokio::spawn(outside::watch(Arc::clone(&hall), mark, stop.clone()));
        tokio::select! {
            () = listener::serve(listener, host) => {}
            () = moving::until_empty(&hall, &stop) => {}
        }
        // Those who are signed in hear of it, have the time to, and are sent away.
        if hall.load() > 0 {
            hall.warn();
            tokio::time::sleep(notice).await;
        }
        hall.dismiss();
        hall.emptied(Instant::now()).await;
        watching.abort();
        drop(member);
    };
    let task = tokio::spawn(registry::during(parts.store.clone(), entry, shutdown.clone(), work));
    Ok(Running { address, entrance, task })
}
