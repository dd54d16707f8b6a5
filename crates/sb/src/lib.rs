//! The switchboard server: conversations.
//!
//! What it decides is in `logic::sb`. Here are [`Hall`], the rooms that its sessions share, and
//! [`Desk`], which answers one session.

mod desk;
mod hall;

use std::sync::Arc;

use daemon::address::Doorkeeper;
use daemon::listener::{self, Door};
use daemon::{Parts, Running, ServeError, Shutdown, config};
use model::Role;
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
    let (hall, member) = Hall::open(parts, endpoint).await?;
    info!(role = %Role::Switchboard, %address, "listening");
    let door = Door {
        doorkeeper: Doorkeeper::new(parts.config.caps()),
        terms: parts.config.room_terms(),
        shutdown: shutdown.clone(),
    };
    let task = tokio::spawn(async move {
        let seats = Arc::clone(&hall);
        listener::serve(listener, door, move |seat| seats.seat(seat)).await;
        hall.close();
        drop(member);
    });
    Ok(Running { address, task })
}
