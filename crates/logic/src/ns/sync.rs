//! `SYN`, `LST` and `LSG`: the lists, as the client's copy of them is to be.
//! (docs/PROTOCOL.md, Synchronisation)

use model::{List, Property, Serial};
use msnp::TrId;
use msnp::ns::{Event, contact_properties};

use super::context::{Context, Fx};
use super::online::Online;

impl Online {
    /// Everything, unless the client's copy has the serial of ours. A client that says 0 has none.
    pub(super) fn synchronise(&mut self, trid: TrId, known: Serial, context: &Context<'_>, effects: &mut Fx) {
        let serial = self.roster.serial;
        context.send(effects, &Event::Syn { trid, serial });
        self.synced = true;
        if known == serial && known != Serial(0) {
            return;
        }
        context.send(effects, &Event::Gtc { trid, serial, prompt: self.roster.prompt });
        context.send(effects, &Event::Blp { trid, serial, privacy: self.roster.privacy });
        if context.traits.burst.has_properties() {
            for property in Property::ALL {
                context.send(effects, &Event::Prp { trid, serial, property, value: self.roster.props.get(property) });
            }
        }
        if context.traits.burst.has_groups() {
            self.groups(trid, context, effects);
        }
        for list in [List::Forward, List::Allow, List::Block, List::Reverse] {
            self.entries(trid, list, context.traits.burst.has_properties(), context, effects);
        }
    }

    /// `LST` from the client.
    pub(super) fn list(&self, trid: TrId, list: List, context: &Context<'_>, effects: &mut Fx) {
        self.entries(trid, list, false, context, effects);
    }

    /// `LSG`, from the client or in a burst.
    pub(super) fn groups(&self, trid: TrId, context: &Context<'_>, effects: &mut Fx) {
        context.send(effects, &Event::Lsg { trid, serial: self.roster.serial, groups: &self.roster.groups });
    }

    /// An empty list has a line too: gaim of 2001 waits for it.
    fn entries(&self, trid: TrId, list: List, properties: bool, context: &Context<'_>, effects: &mut Fx) {
        let serial = self.roster.serial;
        let total = self.roster.on(list).count();
        if total == 0 {
            context.send(effects, &Event::LstEmpty { trid, list, serial });
        }
        for (item, contact) in self.roster.on(list).enumerate() {
            context.send(effects, &Event::Lst { trid, list, serial, item: item + 1, total, contact });
            if properties && list == List::Forward {
                contact_properties(&mut effects.send, context.traits, serial, &contact.email, &contact.props);
            }
        }
    }
}
