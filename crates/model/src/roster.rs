//! An account's lists and settings, and changes to them.

use serde::{Deserialize, Serialize};

use crate::{Email, Group, GroupId, GroupSet, Guid, List, Lists, Name, Property, Props, Serial, UserId};

/// `BLP`: may those who are on neither AL nor BL see and call the account?
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MessagePrivacy {
    /// `AL`: yes, all but the blocked. The default.
    AllButBlocked,
    /// `BL`: no, only those on AL.
    OnlyAllowed,
}

/// `GTC`: what the client does when someone adds the account. Stored, never interpreted here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ReversePrompt {
    /// `A`: ask the user. The default.
    Ask,
    /// `N`: put them on AL.
    Allow,
}

/// Everything that the server keeps of one account's properties and lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roster {
    /// Whose.
    pub user: UserId,
    /// Their handle.
    pub email: Email,
    /// Their friendly name.
    pub name: Name,
    /// The version of all this.
    pub serial: Serial,
    /// When lists and settings last changed, as the store has it. `None` once something has been
    /// changed in this copy since it was read.
    pub stamps: Option<Stamps>,
    /// `GTC`
    pub prompt: ReversePrompt,
    /// `BLP`
    pub privacy: MessagePrivacy,
    /// Phone numbers and mobile switches.
    pub props: Props,
    /// By number. Group 0 is always there.
    pub groups: Vec<Group>,
    /// Everyone who is on at least one list, in the order in which they came.
    pub contacts: Vec<Contact>,
}

/// The version of lists and settings as MSNP10+ clients see it: when they last changed, in Unix
/// milliseconds. No two changes of an account have the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stamps {
    /// The last change of a list.
    pub lists: i64,
    /// The last change of a setting.
    pub settings: i64,
}

/// Someone on at least one list of a [`Roster`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Contact {
    /// Who.
    pub user: UserId,
    /// Their identifier for MSNP10+ clients.
    pub guid: Guid,
    /// Their handle.
    pub email: Email,
    /// What the owner calls them; for someone who is only on RL, what they call themselves.
    pub name: Name,
    /// Which lists.
    pub lists: Lists,
    /// Which groups; only for those on FL.
    pub groups: GroupSet,
    /// What they let the owner see of their properties: blank unless the owner is on their AL.
    pub props: Props,
}

impl Roster {
    /// The contact with this handle.
    pub fn find(&self, email: &Email) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.email == *email)
    }

    /// The contact with this identifier.
    pub fn by_guid(&self, guid: Guid) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.guid == guid)
    }

    /// The contact with this number.
    pub fn by_id(&self, user: UserId) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.user == user)
    }

    /// The group with this number.
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// The group with this identifier. Group 0 has one too, but no client is told it.
    pub fn group_by_guid(&self, guid: Guid) -> Option<&Group> {
        self.groups.iter().find(|group| group.guid == guid && group.id != GroupId::OTHER)
    }

    /// Those on `list`, in order.
    pub fn on(&self, list: List) -> impl Iterator<Item = &Contact> {
        self.contacts.iter().filter(move |contact| contact.lists.has(list))
    }
}

/// What the store keeps of a contact: the part of [`Contact`] that its owner decides.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ContactEntry {
    /// Which lists; only bits of [`Lists::OWN`], and not empty.
    pub lists: Lists,
    /// Which groups.
    pub groups: GroupSet,
    /// What the owner calls them.
    pub name: Name,
}

/// One change to an account's lists or settings. It is decided by `logic` on the roster in
/// memory, and carried out whole or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Put a contact on other lists, in other groups, or under another name.
    Contact {
        /// Whom.
        peer: UserId,
        /// The bits of [`Lists::OWN`] that the contact had when this was decided. If the store
        /// has others by now, the edit is a conflict.
        was: Lists,
        /// What to keep from now on; `None` forgets them.
        now: Option<ContactEntry>,
    },
    /// Make or rename a group.
    PutGroup(Group),
    /// Forget a group. Its members are moved by changes of their own in the same edit.
    DropGroup(GroupId),
    /// The account's own friendly name.
    Name(Name),
    /// `GTC`
    Prompt(ReversePrompt),
    /// `BLP`
    Privacy(MessagePrivacy),
    /// `PRP`
    Property(Property, String),
}

/// Changes that take effect together: one transaction, one new serial for the account, and one
/// for each peer whose reverse list changes by it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// Whose lists or settings.
    pub owner: UserId,
    /// What changes. Not empty.
    pub changes: Vec<Change>,
}
