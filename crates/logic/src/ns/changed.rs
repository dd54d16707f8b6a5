//! What others change of the user's lists, and how the client hears of it: people who put the user on
//! their forward lists, contacts' properties, and whatever the operator does.
//! (docs/PROTOCOL.md, Lists)

use model::{Contact, Email, List, Lists, Property, Roster, Serial, UserId};
use msnp::TrId;
use msnp::dialect::Keys;
use msnp::ns::{Event, Farewell, Head};

use super::Answer;
use super::context::{Context, Fx};
use super::lists;
use super::online::Online;

impl Online {
    /// Someone put the user on their forward list, or took them off it.
    pub(super) fn reverse(
        &mut self,
        serial: Serial,
        peer: &Contact,
        added: bool,
        context: &Context<'_>,
        effects: &mut Fx,
    ) {
        let serial = serial.max(self.roster.serial);
        let (list, email, name, guid) = (List::Reverse, &peer.email, &peer.name, peer.guid);
        if lists::reverse(&mut self.roster, peer, added, serial) && self.synced {
            let trid = TrId::ASYNC;
            context.send(
                effects,
                &if added {
                    Event::Add { trid, list, serial, email, name, guid, group: None, is_new: true }
                } else {
                    Event::Rem { trid, list, serial, email, guid, group: None }
                },
            );
        }
    }

    /// A contact changed a property that the user may see.
    pub(super) fn contact_property(
        &mut self,
        serial: Serial,
        email: &Email,
        property: Property,
        value: &str,
        context: &Context<'_>,
        effects: &mut Fx,
    ) {
        self.roster.serial = serial.max(self.roster.serial);
        self.roster.stamps = None;
        let serial = self.roster.serial;
        let Some(contact) = self.roster.contacts.iter_mut().find(|contact| contact.email == *email) else { return };
        contact.props.set(property, value);
        if self.synced && context.traits.burst.has_properties() {
            context.send(effects, &Event::Bpr { in_burst: false, serial, email, property, value });
        }
    }

    /// The roster was read again, because it was changed from outside.
    pub(super) fn reloaded(&mut self, answer: Answer, context: &Context<'_>, effects: &mut Fx) {
        match answer {
            Answer::Reloaded(Some(roster)) => self.replace(*roster, context, effects),
            Answer::Reloaded(None) => {
                // Suspended, or deleted.
                context.send(effects, &Event::Out(Farewell::Terms));
                effects.close("the account is no more");
            }
            // The store is away; what it holds is told at the next sign-in.
            _ => {}
        }
    }

    /// Tells the client how its lists and settings differ from what it knows. Properties that are
    /// shown or hidden by being allowed or not are seen at the next `SYN`: to tell at once would
    /// tell the user who blocks them.
    pub(super) fn replace(&mut self, roster: Roster, context: &Context<'_>, effects: &mut Fx) {
        let old = std::mem::replace(&mut self.roster, roster);
        if !self.synced {
            return;
        }
        let (new, trid, serial) = (&self.roster, TrId::ASYNC, self.roster.serial);
        let head = Head::Answer(trid, serial);
        if new.prompt != old.prompt {
            context.send(effects, &Event::Gtc { head, prompt: new.prompt });
        }
        if new.privacy != old.privacy {
            context.send(effects, &Event::Blp { head, privacy: new.privacy });
        }
        for list in [List::Forward, List::Allow, List::Block, List::Reverse] {
            for contact in old.on(list).filter(|contact| !lists_of(new, contact.user).has(list)) {
                let Contact { email, guid, .. } = contact;
                context.send(effects, &Event::Rem { trid, list, serial, email, guid: *guid, group: None });
            }
            for contact in new.on(list).filter(|contact| !lists_of(&old, contact.user).has(list)) {
                let Contact { email, name, guid, .. } = contact;
                let group = match context.traits.keys {
                    // It is put there first, and into its groups by lines of their own.
                    Keys::Guids => None,
                    _ => contact.groups.iter().next().and_then(|id| new.group(id)),
                };
                context
                    .send(effects, &Event::Add { trid, list, serial, email, name, guid: *guid, group, is_new: true });
                let groups = contact.groups.iter().filter_map(|id| new.group(id));
                for group in groups.filter(|_| context.traits.keys == Keys::Guids && list == List::Forward) {
                    if context.traits.shows(group) {
                        let group = Some(group);
                        let (guid, is_new) = (*guid, false);
                        context.send(effects, &Event::Add { trid, list, serial, email, name, guid, group, is_new });
                    }
                }
            }
        }
    }
}

fn lists_of(roster: &Roster, user: UserId) -> Lists {
    roster.by_id(user).map_or(Lists::NONE, |contact| contact.lists)
}
