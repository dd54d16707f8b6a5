//! `ADD REM REA ADG RMG REG GTC BLP PRP`: edits on their way to the store and back.
//!
//! An edit is decided on the roster in memory, carried out in the store, and only then told to
//! the client. (docs/PROTOCOL.md, Lists)

use model::{Change, Contact, Email, GroupId, GroupSet, List, Lists, Name, Property, Roster, Serial, UserId};
use msnp::ns::{Event, Request, contact_properties};
use msnp::{Code, TrId};

use super::context::{Context, Fx, refuse};
use super::lists::{self, Deed};
use super::online::{Online, Pending as Open};
use super::{Answer, Question};

/// An edit that is in the store's hands.
pub(super) struct Pending {
    trid: TrId,
    deed: Deed,
    changes: Vec<Change>,
    /// It met a change from outside, and has been decided a second time.
    again: bool,
}

impl Online {
    pub(super) fn edit(&mut self, request: Request<'_>, context: &Context<'_>, effects: &mut Fx) {
        match request {
            Request::Gtc { trid, prompt } => self.attempt(trid, Deed::Prompt(prompt), context, effects),
            Request::Blp { trid, privacy } => self.attempt(trid, Deed::Privacy(privacy), context, effects),
            Request::Prp { trid, property, value } => {
                self.attempt(trid, Deed::Property(property, value), context, effects);
            }
            Request::Add { trid, list, handle, name, group } => {
                self.add(trid, list, handle, name, group, context, effects);
            }
            Request::Rem { trid, list, handle, group } => {
                self.attempt(trid, Deed::Remove { list, email: handle, group }, context, effects);
            }
            Request::Rea { trid, handle, name } => self.rename(trid, handle, name, context, effects),
            Request::Adg { trid, name } => self.attempt(trid, Deed::AddGroup(name), context, effects),
            Request::Rmg { trid, group } => self.attempt(trid, Deed::RemoveGroup(group), context, effects),
            Request::Reg { trid, group, name } => self.attempt(trid, Deed::RenameGroup(group, name), context, effects),
            _ => unreachable!("another family's request"),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the words of one command")]
    fn add(
        &mut self,
        trid: TrId,
        list: List,
        email: Email,
        name: Name,
        group: Option<GroupId>,
        context: &Context<'_>,
        effects: &mut Fx,
    ) {
        // Someone new on FL is looked up afresh: what they show of themselves may have changed.
        let known = self.roster.find(&email);
        if let Some(contact) = known.filter(|contact| list != List::Forward || contact.lists.has(list)) {
            let peer = Box::new(contact.clone());
            return self.attempt(trid, Deed::Add { list, peer, name, group }, context, effects);
        }
        // A group that does not exist is told before an account that does not.
        if group.is_some_and(|id| self.roster.group(id).is_none()) {
            return refuse(effects, trid, Code::InvalidGroup);
        }
        let question = Question::Find(email.clone());
        self.ask(effects, Open::Find { trid, list, email, name, group }, question);
    }

    #[expect(clippy::too_many_arguments, reason = "the words of one command")]
    pub(super) fn found(
        &mut self,
        trid: TrId,
        list: List,
        email: &Email,
        name: Name,
        group: Option<GroupId>,
        answer: Answer,
        context: &Context<'_>,
        effects: &mut Fx,
    ) {
        match answer {
            Answer::Found(Some(peer)) if peer.email == *email => {
                self.attempt(trid, Deed::Add { list, peer, name, group }, context, effects);
            }
            Answer::Found(_) => refuse(effects, trid, Code::InvalidUser),
            _ => refuse(effects, trid, Code::DatabaseError),
        }
    }

    fn rename(&mut self, trid: TrId, handle: Email, name: Name, context: &Context<'_>, effects: &mut Fx) {
        if handle != self.identity.email {
            return self.attempt(trid, Deed::RenameContact(handle, name), context, effects);
        }
        if !self.identity.verified {
            return refuse(effects, trid, Code::InvalidFriendlyName);
        }
        if !self.may_change(context) {
            return refuse(effects, trid, Code::TooRapid);
        }
        self.attempt(trid, Deed::Rename(name), context, effects);
    }

    fn attempt(&mut self, trid: TrId, deed: Deed, context: &Context<'_>, effects: &mut Fx) {
        self.attempt_again(trid, deed, false, context, effects);
    }

    fn attempt_again(&mut self, trid: TrId, deed: Deed, again: bool, context: &Context<'_>, effects: &mut Fx) {
        match lists::decide(&self.roster, &deed, &context.rules.lists) {
            Err(code) => refuse(effects, trid, code),
            Ok(changes) => {
                let edit = model::Edit { owner: self.identity.user, changes: changes.clone() };
                let question = Question::Edit(edit, self.concerned(&deed, &changes));
                self.ask(effects, Open::Deed(Pending { trid, deed, changes, again }), question);
            }
        }
    }

    /// Whose rosters may change by it: those who come on or off FL, and for a property those who
    /// have the user on theirs.
    fn concerned(&self, deed: &Deed, changes: &[Change]) -> Vec<(UserId, Email)> {
        if let Deed::Add { peer, .. } = deed {
            return vec![(peer.user, peer.email.clone())];
        }
        let concerns = |contact: &&Contact| {
            changes.iter().any(|change| match change {
                Change::Contact { peer, .. } => *peer == contact.user,
                Change::Property(..) => contact.lists.has(List::Reverse),
                _ => false,
            })
        };
        self.roster.contacts.iter().filter(concerns).map(|contact| (contact.user, contact.email.clone())).collect()
    }

    pub(super) fn edited(&mut self, pending: Pending, answer: Answer, context: &Context<'_>, effects: &mut Fx) {
        let Pending { trid, deed, changes, again } = pending;
        match answer {
            Answer::Edited(serial) => {
                let watched = self.forward_ids();
                let peer = if let Deed::Add { peer, .. } = &deed { Some(&**peer) } else { None };
                lists::apply(&mut self.roster, &changes, peer, serial);
                if let Deed::Rename(name) = &deed {
                    self.identity.name = name.clone();
                }
                self.confirm(trid, &deed, &changes, context, effects);
                self.follow(trid, &deed, &watched, effects);
            }
            Answer::Reloaded(Some(roster)) if !again => {
                self.replace(*roster, context, effects);
                let mut deed = deed;
                if let Deed::Add { peer, .. } = &mut deed {
                    let now = self.roster.by_id(peer.user);
                    peer.lists = now.map_or(Lists::NONE, |now| now.lists);
                    peer.groups = now.map_or(GroupSet::NONE, |now| now.groups);
                }
                self.attempt_again(trid, deed, true, context, effects);
            }
            _ => refuse(effects, trid, Code::DatabaseError),
        }
    }

    fn confirm(&self, trid: TrId, deed: &Deed, changes: &[Change], context: &Context<'_>, effects: &mut Fx) {
        let serial = self.roster.serial;
        let event = match deed {
            Deed::Add { list, peer, name, group } => {
                Event::Add { trid, list: *list, serial, email: &peer.email, name, group: *group }
            }
            Deed::Remove { list, email, group } => Event::Rem { trid, list: *list, serial, email, group: *group },
            Deed::RenameContact(email, name) => Event::Rea { trid, serial, email, name },
            Deed::Rename(name) => Event::Rea { trid, serial, email: &self.identity.email, name },
            Deed::Prompt(prompt) => Event::Gtc { trid, serial, prompt: *prompt },
            Deed::Privacy(privacy) => Event::Blp { trid, serial, privacy: *privacy },
            Deed::Property(property, value) => Event::Prp { trid, serial, property: *property, value },
            Deed::AddGroup(name) => match changes {
                [Change::PutGroup(group)] => Event::Adg { trid, serial, group: group.id, name },
                _ => unreachable!("a new group is one change"),
            },
            Deed::RemoveGroup(group) => Event::Rmg { trid, serial, group: *group },
            Deed::RenameGroup(group, name) => Event::Reg { trid, serial, group: *group, name },
        };
        context.send(effects, &event);
        if let Deed::Add { list: List::Forward, peer, .. } = deed
            && !peer.lists.has(List::Forward)
            && self.synced
            && context.traits.burst.has_properties()
        {
            contact_properties(&mut effects.send, context.traits, serial, &peer.email, &peer.props);
        }
    }

    /// Watches whoever came onto FL by an edit, and nobody who left it.
    fn follow(&mut self, trid: TrId, deed: &Deed, watched: &[UserId], effects: &mut Fx) {
        let watching = self.forward_ids();
        let gone: Vec<UserId> = watched.iter().filter(|user| !watching.contains(user)).copied().collect();
        if let Deed::Add { peer, .. } = deed
            && watching.contains(&peer.user)
            && !watched.contains(&peer.user)
        {
            let question = Question::Watch(peer.user, peer.email.clone(), trid);
            self.ask(effects, Open::Quiet, question);
        } else if !gone.is_empty() {
            self.ask(effects, Open::Quiet, Question::Unwatch(gone));
        }
    }

    fn forward_ids(&self) -> Vec<UserId> {
        self.roster.on(List::Forward).map(|contact| contact.user).collect()
    }

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
        let (list, email, name) = (List::Reverse, &peer.email, &peer.name);
        if lists::reverse(&mut self.roster, peer, added, serial) && self.synced {
            let trid = TrId::ASYNC;
            context.send(
                effects,
                &if added {
                    Event::Add { trid, list, serial, email, name, group: None }
                } else {
                    Event::Rem { trid, list, serial, email, group: None }
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
        let serial = self.roster.serial;
        let Some(contact) = self.roster.contacts.iter_mut().find(|contact| contact.email == *email) else { return };
        contact.props.set(property, value);
        if self.synced && context.traits.burst.has_properties() {
            context.send(effects, &Event::Bpr { serial, email, property, value });
        }
    }

    /// The roster was read again, because it was changed from outside.
    pub(super) fn reloaded(&mut self, answer: Answer, context: &Context<'_>, effects: &mut Fx) {
        match answer {
            Answer::Reloaded(Some(roster)) => self.replace(*roster, context, effects),
            Answer::Reloaded(None) => {
                context.send(effects, &Event::OutSsd);
                effects.close("the account is no more");
            }
            // The store is away; what it holds is told at the next sign-in.
            _ => {}
        }
    }

    /// Tells the client how its lists and settings differ from what it knows. Properties that are
    /// shown or hidden by being allowed or not are seen at the next `SYN`: to tell at once would
    /// tell the user who blocks them.
    fn replace(&mut self, roster: Roster, context: &Context<'_>, effects: &mut Fx) {
        let old = std::mem::replace(&mut self.roster, roster);
        if !self.synced {
            return;
        }
        let (new, trid, serial) = (&self.roster, TrId::ASYNC, self.roster.serial);
        if new.prompt != old.prompt {
            context.send(effects, &Event::Gtc { trid, serial, prompt: new.prompt });
        }
        if new.privacy != old.privacy {
            context.send(effects, &Event::Blp { trid, serial, privacy: new.privacy });
        }
        for list in [List::Forward, List::Allow, List::Block, List::Reverse] {
            for contact in old.on(list).filter(|contact| !lists_of(new, contact.user).has(list)) {
                context.send(effects, &Event::Rem { trid, list, serial, email: &contact.email, group: None });
            }
            for contact in new.on(list).filter(|contact| !lists_of(&old, contact.user).has(list)) {
                let group = contact.groups.iter().next();
                context.send(
                    effects,
                    &Event::Add { trid, list, serial, email: &contact.email, name: &contact.name, group },
                );
            }
        }
    }
}

fn lists_of(roster: &Roster, user: UserId) -> Lists {
    roster.by_id(user).map_or(Lists::NONE, |contact| contact.lists)
}
