//! What others change of the user's lists, and how the client hears of it: people who put the user on
//! their forward lists, contacts' properties, and whatever the operator does.
//! (docs/PROTOCOL.md, Lists)

use model::{Contact, Email, List, Property, Serial, UserId};
use msnp::TrId;
use msnp::dialect::Keys;
use msnp::ns::{Event, Farewell, Head};

use super::context::{Context, Fx, refuse};
use super::online::Online;
use super::recall::{Held, Known};
use super::{Answer, Reloaded};

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
        let serial = self.rise_to(serial);
        let (list, email, name, guid) = (List::Reverse, &peer.email, &peer.name, peer.guid);
        let before = self.known.circle.lists_of(peer.user);
        let now = if added { before.with(list) } else { before.without(list) };
        self.known.circle.set(peer.user, now);
        if now != before && self.synced {
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
        (user, email): (UserId, &Email),
        property: Property,
        value: &str,
        context: &Context<'_>,
        effects: &mut Fx,
    ) {
        let serial = self.rise_to(serial);
        if self.known.circle.lists_of(user).is_empty() {
            return;
        }
        if self.synced && context.traits.burst.has_properties() {
            context.send(effects, &Event::Bpr { in_burst: false, serial, email, property, value });
        }
    }

    /// The roster in the store is of this version now, or of a later one that is known here already.
    /// A copy is out of date.
    fn rise_to(&mut self, serial: Serial) -> Serial {
        self.roster = None;
        self.known.serial = self.known.serial.max(serial);
        self.known.serial
    }

    /// The roster was read again: because it was changed from outside, or for a command that is to be
    /// given again now.
    pub(super) fn reloaded(
        &mut self,
        held: Option<Box<Held>>,
        answer: Answer,
        context: &Context<'_>,
        effects: &mut Fx,
    ) -> Option<Box<Held>> {
        match answer {
            Answer::Reloaded(Some(reloaded)) => {
                match &held {
                    // It is told everything now.
                    Some(held) if held.synchronises => self.adopt(reloaded.roster),
                    _ => self.replace(*reloaded, context, effects),
                }
                if held.is_none() {
                    self.let_go();
                }
                return held;
            }
            Answer::Reloaded(None) => {
                // Suspended, or deleted.
                context.send(effects, &Event::Out(Farewell::Terms));
                effects.close("the account is no more");
            }
            // The store is away; what it holds is told at the next sign-in.
            _ => {
                if let Some(held) = held {
                    refuse(effects, held.trid, held.refusal);
                }
            }
        }
        None
    }

    /// Tells the client how its lists and settings differ from what it knows. Properties that are
    /// shown or hidden by being allowed or not are seen at the next `SYN`: to tell at once would
    /// tell the user who blocks them.
    pub(super) fn replace(&mut self, reloaded: Reloaded, context: &Context<'_>, effects: &mut Fx) {
        let Reloaded { roster, gone } = reloaded;
        let old = std::mem::replace(&mut self.known, Known::of(&roster));
        let copy = self.roster.replace(Box::new(roster));
        if !self.synced {
            return;
        }
        let (new, known, trid) = (self.roster(), &self.known, TrId::ASYNC);
        let serial = known.serial;
        let head = Head::Answer(trid, serial);
        if new.prompt != old.prompt {
            context.send(effects, &Event::Gtc { head, prompt: new.prompt });
        }
        if new.privacy != old.privacy {
            context.send(effects, &Event::Blp { head, privacy: new.privacy });
        }
        let named = |user: UserId| {
            let contact = new.by_id(user).or_else(|| copy.as_ref()?.by_id(user));
            let contact = contact.map(|contact| (contact.guid, &contact.email));
            contact
                .or_else(|| gone.iter().find(|person| person.user == user).map(|person| (person.guid, &person.email)))
        };
        for list in [List::Forward, List::Allow, List::Block, List::Reverse] {
            let left = old.circle.on(list).filter(|user| !known.circle.lists_of(*user).has(list));
            // Whoever cannot be named is missed at the next `SYN`.
            for (guid, email) in left.filter_map(named) {
                context.send(effects, &Event::Rem { trid, list, serial, email, guid, group: None });
            }
            for contact in new.on(list).filter(|contact| !old.circle.lists_of(contact.user).has(list)) {
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
