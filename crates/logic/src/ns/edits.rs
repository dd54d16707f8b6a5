//! `ADD ADC REM REA SBP ADG RMG REG GTC BLP PRP`: edits on their way to the store and back.
//!
//! An edit is decided on the roster in memory, carried out in the store, and only then told to
//! the client. (docs/PROTOCOL.md, Lists)

use model::{Change, Contact, Email, Group, GroupId, GroupSet, Guid, List, Lists, Name, Roster, UserId};
use msnp::dialect::Repeated;
use msnp::ns::{Event, Head, Request, WhichGroup, Whom, contact_properties};
use msnp::{Code, TrId};

use super::context::{Context, Fx, refuse};
use super::lists::{self, Deed};
use super::online::{Online, Pending as Open};
use super::recall::Known;
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
            Request::Gtc { trid, prompt } if prompt == self.roster().prompt && confirms_again(context) => {
                context.send(effects, &Event::Gtc { head: Head::Answer(trid, self.roster().serial), prompt });
            }
            Request::Gtc { trid, prompt } => self.attempt(trid, Deed::Prompt(prompt), context, effects),
            Request::Blp { trid, privacy } if privacy == self.roster().privacy && confirms_again(context) => {
                context.send(effects, &Event::Blp { head: Head::Answer(trid, self.roster().serial), privacy });
            }
            Request::Blp { trid, privacy } => self.attempt(trid, Deed::Privacy(privacy), context, effects),
            Request::Prp { trid, property, value } => {
                self.attempt(trid, Deed::Property(property, value), context, effects);
            }
            Request::Add { trid, list: list @ List::Reverse, whom, .. }
            | Request::Rem { trid, list: list @ List::Pending, whom, .. } => {
                self.answered(trid, list, &whom, context, effects);
            }
            Request::Add { trid, list, whom, name, group } => {
                self.add(trid, list, whom, name, group.as_ref(), context, effects);
            }
            Request::Rem { trid, list, whom, group } => {
                self.remove(trid, list, &whom, group.as_ref(), context, effects)
            }
            Request::Rea { trid, whom, name, spelling } => {
                self.spelling = spelling.into();
                self.rename(trid, whom, name, context, effects);
            }
            Request::Adg { trid, name } => self.attempt(trid, Deed::AddGroup(name), context, effects),
            Request::Rmg { trid, group } => match self.group_id(&group) {
                Some(id) => self.attempt(trid, Deed::RemoveGroup(id), context, effects),
                None => refuse(effects, trid, Code::InvalidGroup),
            },
            Request::Reg { trid, group, name } => match self.group_id(&group) {
                Some(id) => self.attempt(trid, Deed::RenameGroup(id, name), context, effects),
                None => refuse(effects, trid, Code::InvalidGroup),
            },
            _ => unreachable!("another family's request"),
        }
    }

    /// The number of a group of the roster, however it is named. A number need not exist: that is
    /// for whoever decides.
    fn group_id(&self, which: &WhichGroup) -> Option<GroupId> {
        match which {
            WhichGroup::Number(id) => Some(*id),
            WhichGroup::Guid(guid) => self.roster().group_by_guid(*guid).map(|group| group.id),
            WhichGroup::Name(name) => {
                let named = |group: &&Group| group.id != GroupId::OTHER && group.name == *name;
                self.roster().groups.iter().find(named).map(|group| group.id)
            }
        }
    }

    /// The group that a command may name. An error: it names one that there is not.
    fn wanted_group(&self, which: Option<&WhichGroup>) -> Result<Option<GroupId>, Code> {
        which.map(|which| self.group_id(which).ok_or(Code::InvalidGroup)).transpose()
    }

    fn contact(&self, whom: &Whom) -> Option<&Contact> {
        match whom {
            Whom::Handle(email) => self.roster().find(email),
            Whom::Guid(guid) => self.roster().by_guid(*guid),
        }
    }

    /// `ADC RL` and `REM PL`: a client has seen that someone put the user on their forward list. Who
    /// is on PL follows from the lists, so nothing changes by it: whoever is neither allowed nor
    /// blocked will be asked about again.
    fn answered(&self, trid: TrId, list: List, whom: &Whom, context: &Context<'_>, effects: &mut Fx) {
        let Some(contact) = self.contact(whom).filter(|contact| contact.lists.has(List::Reverse)) else {
            return refuse(effects, trid, Code::NotOnList);
        };
        let Contact { email, name, guid, .. } = contact;
        let (serial, guid) = (self.roster().serial, *guid);
        context.send(
            effects,
            &match list {
                List::Pending => Event::Rem { trid, list, serial, email, guid, group: None },
                _ => Event::Add { trid, list, serial, email, name, guid, group: None, is_new: true },
            },
        );
    }

    fn remove(
        &mut self,
        trid: TrId,
        list: List,
        whom: &Whom,
        group: Option<&WhichGroup>,
        context: &Context<'_>,
        effects: &mut Fx,
    ) {
        let group = match self.wanted_group(group) {
            Ok(group) => group,
            Err(code) => return refuse(effects, trid, code),
        };
        match (self.contact(whom), whom) {
            (Some(contact), _) => {
                let email = contact.email.clone();
                self.attempt(trid, Deed::Remove { list, email, group }, context, effects);
            }
            (None, Whom::Handle(email)) => {
                self.attempt(trid, Deed::Remove { list, email: email.clone(), group }, context, effects);
            }
            (None, Whom::Guid(_)) => refuse(effects, trid, Code::NotOnList),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the words of one command")]
    fn add(
        &mut self,
        trid: TrId,
        list: List,
        whom: Whom,
        name: Option<Name>,
        group: Option<&WhichGroup>,
        context: &Context<'_>,
        effects: &mut Fx,
    ) {
        let group = match self.wanted_group(group) {
            Ok(group) => group,
            Err(code) => return refuse(effects, trid, code),
        };
        let email = match (self.contact(&whom), whom) {
            (Some(contact), _) => contact.email.clone(),
            (None, Whom::Handle(email)) => email,
            (None, Whom::Guid(_)) => return refuse(effects, trid, context.traits.unknown_contact),
        };
        // Someone new on FL is looked up afresh: what they show of themselves may have changed.
        let known = self.roster().find(&email);
        if let Some(contact) = known.filter(|contact| list != List::Forward || contact.lists.has(list)) {
            let peer = Box::new(contact.clone());
            let name = name.unwrap_or_else(|| contact.name.clone());
            return self.attempt(trid, Deed::Add { list, peer, name, group }, context, effects);
        }
        // A group that does not exist is told before an account that does not.
        if group.is_some_and(|id| self.roster().group(id).is_none()) {
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
        name: Option<Name>,
        group: Option<GroupId>,
        answer: Answer,
        context: &Context<'_>,
        effects: &mut Fx,
    ) {
        match answer {
            Answer::Found(Some(peer)) if peer.email == *email => {
                let name = name.unwrap_or_else(|| peer.name.clone());
                self.attempt(trid, Deed::Add { list, peer, name, group }, context, effects);
            }
            Answer::Found(_) => refuse(effects, trid, context.traits.unknown_contact),
            _ => refuse(effects, trid, Code::DatabaseError),
        }
    }

    fn rename(&mut self, trid: TrId, whom: Option<Whom>, name: Name, context: &Context<'_>, effects: &mut Fx) {
        let contact = match whom {
            None => None,
            Some(Whom::Handle(email)) if email == self.identity.email => None,
            Some(Whom::Handle(email)) => Some(email),
            Some(whom @ Whom::Guid(_)) => match self.contact(&whom) {
                Some(contact) => Some(contact.email.clone()),
                None => return refuse(effects, trid, Code::NotOnList),
            },
        };
        if let Some(email) = contact {
            return self.attempt(trid, Deed::RenameContact(email, name), context, effects);
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
        match lists::decide(self.roster(), &deed, &context.rules.lists, context.traits.keys) {
            Err(code) => refuse(effects, trid, code),
            Ok(changes) => {
                let edit = model::Edit { owner: self.identity.user, changes: changes.clone() };
                let question = Question::Edit(edit, self.concerned(&deed, &changes));
                self.ask(effects, Open::Deed(Box::new(Pending { trid, deed, changes, again })), question);
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
        self.roster().contacts.iter().filter(concerns).map(|contact| (contact.user, contact.email.clone())).collect()
    }

    pub(super) fn edited(&mut self, pending: Pending, answer: Answer, context: &Context<'_>, effects: &mut Fx) {
        let Pending { trid, deed, changes, again } = pending;
        match answer {
            Answer::Edited(serial) => {
                let peer = if let Deed::Add { peer, .. } = &deed { Some(&**peer) } else { None };
                let watched = peer.is_some_and(|peer| self.watches(peer.user));
                // What is removed can only be named while it is there.
                let subject = Subject::of(&deed, self.roster());
                if let Some(roster) = &mut self.roster {
                    lists::apply(roster, &changes, peer, serial);
                    self.known = Known::of(roster);
                }
                if let Deed::Rename(name) = &deed {
                    self.identity.name = name.clone();
                }
                self.confirm(trid, &deed, &subject, context, effects);
                if let Some(peer) = peer.filter(|peer| !watched && self.watches(peer.user)) {
                    self.ask(effects, Open::Quiet, Question::Watch(peer.user, trid));
                }
            }
            Answer::Reloaded(Some(reloaded)) if !again => {
                self.replace(*reloaded, context, effects);
                let mut deed = deed;
                if let Deed::Add { peer, .. } = &mut deed {
                    let now = self.roster().by_id(peer.user);
                    peer.lists = now.map_or(Lists::NONE, |now| now.lists);
                    peer.groups = now.map_or(GroupSet::NONE, |now| now.groups);
                }
                self.attempt_again(trid, deed, true, context, effects);
            }
            _ => refuse(effects, trid, Code::DatabaseError),
        }
    }

    fn confirm(&self, trid: TrId, deed: &Deed, subject: &Subject, context: &Context<'_>, effects: &mut Fx) {
        let serial = self.roster().serial;
        let head = Head::Answer(trid, serial);
        let (group, spelling) = (subject.group.as_ref(), &*self.spelling);
        let event = match (deed, group) {
            (Deed::Add { list, peer, name, .. }, group) => {
                let is_new = !peer.lists.has(*list);
                Event::Add { trid, list: *list, serial, email: &peer.email, name, guid: peer.guid, group, is_new }
            }
            (Deed::Remove { list, email, .. }, group) => {
                let guid = subject.guid.unwrap_or(self.identity.guid);
                Event::Rem { trid, list: *list, serial, email, guid, group }
            }
            (Deed::RenameContact(email, _), _) => Event::Rea { trid, serial, email, guid: subject.guid, spelling },
            (Deed::Rename(_), _) => Event::Rea { trid, serial, email: &self.identity.email, guid: None, spelling },
            (Deed::Prompt(prompt), _) => Event::Gtc { head, prompt: *prompt },
            (Deed::Privacy(privacy), _) => Event::Blp { head, privacy: *privacy },
            (Deed::Property(property, value), _) => Event::Prp { head, property: *property, value },
            (Deed::AddGroup(name), _) => match self.roster().groups.iter().find(|group| subject.is_new(group, name)) {
                Some(group) => Event::Adg { trid, serial, group },
                None => return refuse(effects, trid, Code::DatabaseError),
            },
            (Deed::RemoveGroup(_), Some(group)) => Event::Rmg { trid, serial, group },
            (Deed::RenameGroup(id, _), _) => match self.roster().group(*id) {
                Some(group) => Event::Reg { trid, serial, group },
                None => return refuse(effects, trid, Code::DatabaseError),
            },
            (Deed::RemoveGroup(_), None) => return refuse(effects, trid, Code::DatabaseError),
        };
        context.send(effects, &event);
        if let Deed::Add { list: List::Forward, peer, .. } = deed
            && !peer.lists.has(List::Forward)
            && self.synced
        {
            contact_properties(&mut effects.send, context.traits, serial, &peer.email, &peer.props, false);
        }
    }

    fn watches(&self, user: UserId) -> bool {
        self.roster().by_id(user).is_some_and(|contact| contact.lists.has(List::Forward))
    }
}

fn confirms_again(context: &Context<'_>) -> bool {
    context.traits.repeated_setting == Repeated::Confirmed
}

/// The group and the contact that a deed is about, as they were before it.
struct Subject {
    group: Option<Group>,
    guid: Option<Guid>,
    /// The groups that there were.
    groups: Vec<GroupId>,
}

impl Subject {
    fn of(deed: &Deed, roster: &Roster) -> Self {
        let (group, email) = match deed {
            Deed::Add { group, .. } => (*group, None),
            Deed::Remove { group, email, .. } => (*group, Some(email)),
            Deed::RenameContact(email, _) => (None, Some(email)),
            Deed::RemoveGroup(id) => (Some(*id), None),
            _ => (None, None),
        };
        Self {
            group: group.and_then(|id| roster.group(id)).cloned(),
            guid: email.and_then(|email| roster.find(email)).map(|contact| contact.guid),
            groups: roster.groups.iter().map(|group| group.id).collect(),
        }
    }

    fn is_new(&self, group: &Group, name: &Name) -> bool {
        group.name == *name && !self.groups.contains(&group.id)
    }
}
