//! `SYN`, `LST` and `LSG`: the lists, as the client's copy of them is to be.
//! (docs/PROTOCOL.md, Synchronisation)

use model::List;
use msnp::TrId;
use msnp::ns::{Event, Head, Known, contact_properties, own_properties};

use super::context::{Context, Fx};
use super::online::Online;

impl Online {
    /// Everything, unless the client's copy has the version of ours.
    pub(super) fn synchronise(&mut self, trid: TrId, known: Known<'_>, context: &Context<'_>, effects: &mut Fx) {
        self.synced = true;
        let (serial, stamps) = (self.roster().serial, self.roster().stamps.unwrap_or_default());
        if known.is_current(serial, stamps) {
            return context.send(effects, &Event::Syn { trid, serial, stamps, counts: None });
        }
        self.burst(trid, context, effects);
    }

    /// The version, and everything.
    fn burst(&self, trid: TrId, context: &Context<'_>, effects: &mut Fx) {
        let (roster, traits) = (self.roster(), context.traits);
        let serial = roster.serial;
        let stamps = roster.stamps.unwrap_or_default();
        let groups = roster.groups.iter().filter(|group| traits.shows(group)).count();
        let counts = Some((roster.contacts.len(), groups));
        context.send(effects, &Event::Syn { trid, serial, stamps, counts });
        let head = Head::Burst(trid, serial);
        context.send(effects, &Event::Gtc { head, prompt: roster.prompt });
        context.send(effects, &Event::Blp { head, privacy: roster.privacy });
        own_properties(&mut effects.send, traits, head, &roster.name, &roster.props);
        if traits.burst.has_groups() {
            context.send(effects, &Event::Lsg { head, groups: &roster.groups });
        }
        if traits.burst.is_compact() {
            for contact in &roster.contacts {
                context.send(effects, &Event::LstPerson { contact, groups: &roster.groups });
                contact_properties(&mut effects.send, traits, serial, &contact.email, &contact.props, true);
            }
        } else {
            for list in [List::Forward, List::Allow, List::Block, List::Reverse] {
                self.entries(trid, list, true, context, effects);
            }
        }
    }

    /// `LST` from the client.
    pub(super) fn list(&self, trid: TrId, list: List, context: &Context<'_>, effects: &mut Fx) {
        self.entries(trid, list, false, context, effects);
    }

    /// `LSG` from the client.
    pub(super) fn groups(&self, trid: TrId, context: &Context<'_>, effects: &mut Fx) {
        let roster = self.roster();
        let head = Head::Answer(trid, roster.serial);
        context.send(effects, &Event::Lsg { head, groups: &roster.groups });
    }

    /// An empty list has a line too: gaim of 2001 waits for it.
    fn entries(&self, trid: TrId, list: List, properties: bool, context: &Context<'_>, effects: &mut Fx) {
        let (roster, serial) = (self.roster(), self.roster().serial);
        let total = roster.on(list).count();
        if total == 0 {
            context.send(effects, &Event::LstEmpty { trid, list, serial });
        }
        for (item, contact) in roster.on(list).enumerate() {
            context.send(effects, &Event::Lst { trid, list, serial, item: item + 1, total, contact });
            if properties && list == List::Forward {
                contact_properties(&mut effects.send, context.traits, serial, &contact.email, &contact.props, true);
            }
        }
    }
}
