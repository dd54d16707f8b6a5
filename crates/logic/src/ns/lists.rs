//! Which edits of a roster are allowed, and what they change. Pure functions.
//! (docs/PROTOCOL.md, Lists and Groups)

use md5::{Digest, Md5};
use model::{
    Change, Contact, ContactEntry, Email, Group, GroupId, GroupSet, Guid, List, Lists, MAX_GROUPS, MessagePrivacy,
    Name, Property, ReversePrompt, Roster, Serial,
};
use msnp::Code;
use msnp::dialect::Keys;

/// How large lists may grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// People on FL, on AL, and on BL each.
    pub contacts: usize,
    /// Groups, group 0 included; at most [`MAX_GROUPS`].
    pub groups: usize,
}

/// What a client wants done to its account's lists or settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// `ADD`
    Add {
        /// FL, AL or BL.
        list: List,
        /// Whom: as in the roster, or as the store knows them.
        peer: Box<Contact>,
        /// Under which name.
        name: Name,
        /// Into which group of FL.
        group: Option<GroupId>,
    },
    /// `REM`
    Remove {
        /// FL, AL or BL.
        list: List,
        /// Whom.
        email: Email,
        /// Out of this group of FL only.
        group: Option<GroupId>,
    },
    /// `REA` of a contact.
    RenameContact(Email, Name),
    /// `REA` of oneself.
    Rename(Name),
    /// `GTC`
    Prompt(ReversePrompt),
    /// `BLP`
    Privacy(MessagePrivacy),
    /// `PRP`
    Property(Property, String),
    /// `ADG`
    AddGroup(Name),
    /// `RMG`
    RemoveGroup(GroupId),
    /// `REG`
    RenameGroup(GroupId, Name),
}

/// What a deed changes, or why it cannot be done. What being in no group means is decided by how the
/// client's dialect names groups.
pub fn decide(roster: &Roster, deed: &Deed, limits: &Limits, keys: Keys) -> Result<Vec<Change>, Code> {
    match deed {
        Deed::Add { list, peer, name, group } => add(roster, *list, peer, name, *group, limits, keys),
        Deed::Remove { list, email, group } => remove(roster, *list, email, *group, keys),
        Deed::RenameContact(email, name) => {
            let contact =
                roster.find(email).filter(|contact| !contact.lists.own().is_empty()).ok_or(Code::NotOnList)?;
            Ok(vec![put(contact, contact.lists, contact.groups, name.clone())])
        }
        Deed::Rename(name) => Ok(vec![Change::Name(name.clone())]),
        Deed::Prompt(prompt) if *prompt == roster.prompt => Err(Code::AlreadyInMode),
        Deed::Prompt(prompt) => Ok(vec![Change::Prompt(*prompt)]),
        Deed::Privacy(privacy) if *privacy == roster.privacy => Err(Code::AlreadyInMode),
        Deed::Privacy(privacy) => Ok(vec![Change::Privacy(*privacy)]),
        Deed::Property(property, value) => Ok(vec![Change::Property(*property, value.clone())]),
        Deed::AddGroup(name) => add_group(roster, name, limits, keys),
        Deed::RemoveGroup(id) => remove_group(roster, *id, keys),
        Deed::RenameGroup(id, name) => {
            let group = roster.group(*id).ok_or(Code::InvalidGroup)?;
            if is_taken(roster, name, Some(*id), keys) {
                return Err(Code::GroupNameTaken);
            }
            Ok(vec![Change::PutGroup(Group { name: name.clone(), ..group.clone() })])
        }
    }
}

fn add(
    roster: &Roster,
    list: List,
    peer: &Contact,
    name: &Name,
    group: Option<GroupId>,
    limits: &Limits,
    keys: Keys,
) -> Result<Vec<Change>, Code> {
    if group.is_some_and(|id| roster.group(id).is_none()) {
        return Err(Code::InvalidGroup);
    }
    let lists = peer.lists;
    if lists.has(opposite(list)) {
        return Err(Code::OppositeList);
    }
    if lists.has(list) {
        let groups = grouped(peer.groups, keys);
        return match group {
            Some(id) if list == List::Forward && !groups.has(id) => {
                Ok(vec![put(peer, lists, groups.with(id), peer.name.clone())])
            }
            _ => Err(Code::AlreadyThere),
        };
    }
    if roster.on(list).count() >= limits.contacts {
        return Err(Code::ListFull);
    }
    let groups = match (list, group) {
        (List::Forward, Some(id)) => GroupSet::NONE.with(id),
        (List::Forward, None) => grouped(GroupSet::NONE, keys),
        _ => peer.groups,
    };
    Ok(vec![put(peer, lists.with(list), groups, name.clone())])
}

fn remove(roster: &Roster, list: List, email: &Email, group: Option<GroupId>, keys: Keys) -> Result<Vec<Change>, Code> {
    if group.is_some_and(|id| roster.group(id).is_none()) {
        return Err(Code::InvalidGroup);
    }
    let contact = roster.find(email).filter(|contact| contact.lists.has(list)).ok_or(Code::NotOnList)?;
    if let Some(id) = group {
        let groups = grouped(contact.groups, keys);
        if !groups.has(id) {
            return Err(Code::NotInGroup);
        }
        let left = groups.without(id);
        if stays(left, keys) {
            return Ok(vec![put(contact, contact.lists, left, contact.name.clone())]);
        }
    }
    let groups = if list == List::Forward { GroupSet::NONE } else { contact.groups };
    Ok(vec![put(contact, contact.lists.without(list), groups, contact.name.clone())])
}

/// The lowest free number; an identifier that no other group of the account has.
fn add_group(roster: &Roster, name: &Name, limits: &Limits, keys: Keys) -> Result<Vec<Change>, Code> {
    if is_taken(roster, name, None, keys) {
        return Err(Code::GroupNameTaken);
    }
    if roster.groups.len() >= limits.groups {
        return Err(Code::TooManyGroups);
    }
    let free = (0..MAX_GROUPS).filter_map(GroupId::new).find(|id| roster.group(*id).is_none());
    let id = free.ok_or(Code::TooManyGroups)?;
    let seed = format!("group {} {} {}", roster.user, roster.serial, id.number());
    let guid = Guid(Md5::digest(seed).into());
    Ok(vec![Change::PutGroup(Group { id, guid, name: name.clone() })])
}

/// Members of no other group leave FL with it, or stay in no group.
fn remove_group(roster: &Roster, id: GroupId, keys: Keys) -> Result<Vec<Change>, Code> {
    if id == GroupId::OTHER {
        return Err(Code::GroupZero);
    }
    roster.group(id).ok_or(Code::InvalidGroup)?;
    let members = roster.on(List::Forward).filter(|contact| contact.groups.has(id));
    let leave = members.map(|contact| {
        let left = contact.groups.without(id);
        let lists = if stays(left, keys) { contact.lists } else { contact.lists.without(List::Forward) };
        put(contact, lists, left, contact.name.clone())
    });
    Ok(leave.chain([Change::DropGroup(id)]).collect())
}

fn put(contact: &Contact, lists: Lists, groups: GroupSet, name: Name) -> Change {
    let lists = lists.own();
    let now = (!lists.is_empty()).then_some(ContactEntry { lists, groups, name });
    Change::Contact { peer: contact.user, was: contact.lists.own(), now }
}

const fn opposite(list: List) -> List {
    match list {
        List::Allow => List::Block,
        List::Block => List::Allow,
        // No list is its own opposite's: FL and RL exclude nothing.
        List::Forward | List::Reverse | List::Pending => List::Pending,
    }
}

/// The groups of someone on FL as a client sees them. To one that knows group 0, someone in no group
/// is in that; to one that does not, someone in that is in no group.
fn grouped(groups: GroupSet, keys: Keys) -> GroupSet {
    match keys {
        Keys::Guids => groups.without(GroupId::OTHER),
        Keys::Handles | Keys::GroupNumbers if groups.is_empty() => groups.with(GroupId::OTHER),
        Keys::Handles | Keys::GroupNumbers => groups,
    }
}

/// Does someone who was taken out of a group, and is left in these, stay on FL? Out of the last group
/// is off the list, in the dialects that name groups by number.
fn stays(left: GroupSet, keys: Keys) -> bool {
    keys == Keys::Guids || !left.is_empty()
}

/// In an address book no two groups have the same name. Group 0 is not one of its groups.
fn is_taken(roster: &Roster, name: &Name, by_other_than: Option<GroupId>, keys: Keys) -> bool {
    let others = roster.groups.iter().filter(|group| group.id != GroupId::OTHER && Some(group.id) != by_other_than);
    keys == Keys::Guids && others.into_iter().any(|group| group.name == *name)
}

/// Carries out in memory what the store has committed. `peer` is the contact of an `ADD`, in case
/// the roster does not have it yet.
pub fn apply(roster: &mut Roster, changes: &[Change], peer: Option<&Contact>, serial: Serial) {
    roster.serial = serial;
    roster.stamps = None;
    for change in changes {
        match change {
            Change::Contact { peer: user, now, .. } => {
                if let Some(peer) = peer.filter(|peer| peer.user == *user) {
                    match roster.contacts.iter_mut().find(|contact| contact.user == *user) {
                        Some(contact) => contact.props = peer.props.clone(),
                        None => roster.contacts.push(peer.clone()),
                    }
                }
                set(roster, *user, now.as_ref());
            }
            Change::PutGroup(group) => {
                roster.groups.retain(|other| other.id != group.id);
                roster.groups.push(group.clone());
                roster.groups.sort_by_key(|group| group.id);
            }
            Change::DropGroup(id) => roster.groups.retain(|group| group.id != *id),
            Change::Name(name) => roster.name = name.clone(),
            Change::Prompt(prompt) => roster.prompt = *prompt,
            Change::Privacy(privacy) => roster.privacy = *privacy,
            Change::Property(property, value) => roster.props.set(*property, value),
        }
    }
}

fn set(roster: &mut Roster, user: model::UserId, now: Option<&ContactEntry>) {
    let Some(contact) = roster.contacts.iter_mut().find(|contact| contact.user == user) else { return };
    let lists = now.map_or(Lists::NONE, |now| now.lists);
    // Who watches themselves is watched by themselves.
    let watched = if user == roster.user { lists.has(List::Forward) } else { contact.lists.has(List::Reverse) };
    contact.lists = if watched { lists.with(List::Reverse) } else { lists };
    contact.groups = now.map_or(GroupSet::NONE, |now| now.groups);
    if let Some(now) = now {
        contact.name = now.name.clone();
    }
    if contact.lists.is_empty() {
        roster.contacts.retain(|contact| contact.user != user);
    }
}
