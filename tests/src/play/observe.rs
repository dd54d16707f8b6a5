//! What the player keeps in mind for its macros: dialects, names, and who is in which room.

use super::{Link, Player};
use crate::script::{Account, person};
use crate::stage::Stage;
use crate::wire::Frame;

/// A conversation that macros have opened or joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Room {
    /// The session id, once a call has told it.
    pub(crate) id: Option<String>,
    /// In order of entry.
    pub(crate) members: Vec<Member>,
}

/// Somebody in a [`Room`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) link: String,
    pub(crate) handle: String,
    /// The friendly name at entry; a switchboard keeps it for the whole conversation.
    pub(crate) name: String,
    /// The capabilities at entry.
    pub(crate) capabilities: String,
    /// Is this client told the others' capabilities?
    pub(crate) told_capabilities: bool,
}

impl Member {
    /// What `IRO` and `JOI` have behind the name when `other` is told of this one.
    pub(crate) fn shown_to(&self, other: &Self) -> String {
        if other.told_capabilities { format!(" {}", self.capabilities) } else { String::new() }
    }
}

impl<S: Stage> Player<'_, S> {
    /// Notes what a consumed command changes.
    pub(super) fn observe(&mut self, link: &str, frame: &Frame) {
        if !self.links.get(link).is_some_and(Link::has_commands) {
            return;
        }
        let words = frame.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["VER", _, dialect, ..] => {
                if let Some(link) = self.links.get_mut(link) {
                    link.dialect = dialect.parse().ok();
                }
            }
            // The answer to a change of one's own name; that of a contact is nobody else's business.
            ["REA", _, _, handle, name] if self.cast.account_of(link).is_some_and(|own| own.handle == handle) => {
                self.names.insert(handle.to_owned(), name.to_owned());
            }
            // The same from MSNP10 on; in the burst of SYN it has no transaction id.
            ["PRP", _, "MFN", name] | ["PRP", "MFN", name] => {
                if let Some(own) = self.cast.account_of(link) {
                    self.names.insert(own.handle.clone(), name.to_owned());
                }
            }
            ["CHG", _, _, capabilities, ..] => self.announced(link, capabilities),
            ["CHG", _, _] if !self.has_capabilities(link) => self.announced(link, "0"),
            _ => {}
        }
    }

    fn has_capabilities(&self, link: &str) -> bool {
        let dialect = self.links.get(link).and_then(|link| link.dialect);
        dialect.is_some_and(|dialect| dialect.traits().capabilities.is_some())
    }

    /// The owner of `link` has these capabilities now; `{alice.caps}`.
    fn announced(&mut self, link: &str, capabilities: &str) {
        if let Some(own) = self.cast.account_of(link) {
            self.captures.set(format!("{}.caps", person(link)), capabilities);
            self.capabilities.insert(own.handle.clone(), capabilities.to_owned());
        }
    }

    /// `account` as somebody who enters a room by `link` now.
    pub(crate) fn member(&self, link: &str, account: &Account) -> Member {
        let name = self.names.get(&account.handle).unwrap_or(&account.name);
        let capabilities = self.capabilities.get(&account.handle);
        // A switchboard hears no VER: what dialect a client speaks is known from its NS.
        let ns = self.links.get(&format!("{}.ns", person(link)));
        let told = ns.and_then(|ns| ns.dialect).is_some_and(|dialect| dialect.traits().roster_capabilities);
        Member {
            link: link.to_owned(),
            handle: account.handle.clone(),
            name: name.clone(),
            capabilities: capabilities.cloned().unwrap_or_else(|| "0".to_owned()),
            told_capabilities: told,
        }
    }

    /// The room that `link` is in.
    pub(crate) fn room_of(&mut self, link: &str) -> Option<&mut Room> {
        self.rooms.iter_mut().find(|room| room.members.iter().any(|member| member.link == link))
    }

    /// The connection is over, so its owner is in no room.
    pub(super) fn leave_room(&mut self, link: &str) {
        for room in &mut self.rooms {
            room.members.retain(|member| member.link != link);
        }
        self.rooms.retain(|room| !room.members.is_empty());
    }
}
