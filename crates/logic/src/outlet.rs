//! Where news for a client goes.

use bytes::Bytes;
use msnp::Traits;

/// The way to one client, whoever is at the other end: the daemon's outbox, or a test.
///
/// Nothing here waits. News that needs no decision goes as bytes; what does goes as a notice
/// to the client's session.
pub trait Outlet {
    /// What a session can be told.
    type Notice;

    /// The row of the client's dialect.
    fn traits(&self) -> &'static Traits;

    /// Hands bytes to the client's connection. `false` if the connection is gone or its queue is
    /// full, so that the client will not get them.
    fn send(&self, bytes: &Bytes) -> bool;

    /// Tells the client's session.
    fn notify(&self, notice: Self::Notice);
}
