//! One event for many clients: encoded once per shape of client, the bytes shared.

use bytes::Bytes;
use msnp::dialect::PresenceShape;
use msnp::ns::Event;

use crate::Outlet;

/// An event on its way to many.
pub(super) struct Fan<'a> {
    event: Event<'a>,
    encoded: [Option<Bytes>; PresenceShape::COUNT],
}

impl<'a> Fan<'a> {
    pub(super) const fn new(event: Event<'a>) -> Self {
        Self { event, encoded: [const { None }; PresenceShape::COUNT] }
    }

    /// Hands the event to one of them. An outlet that cannot take it closes its connection by
    /// itself; there is nothing to do about it here.
    pub(super) fn send(&mut self, outlet: &impl Outlet) {
        let traits = outlet.traits();
        let bytes = self.encoded[traits.presence.index()].get_or_insert_with(|| {
            let mut out = Vec::with_capacity(64);
            self.event.encode(traits, &mut out);
            out.into()
        });
        outlet.send(bytes);
    }
}
