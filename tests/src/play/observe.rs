//! What the player keeps in mind for its macros: dialects, names, and who is in which room.

use super::Player;
use crate::script::Account;
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
}

impl<S: Stage> Player<'_, S> {
    /// Notes what a consumed command changes.
    pub(super) fn observe(&mut self, link: &str, frame: &Frame) {
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
            _ => {}
        }
    }

    /// `account` as somebody who enters a room by `link` now.
    pub(crate) fn member(&self, link: &str, account: &Account) -> Member {
        let name = self.names.get(&account.handle).unwrap_or(&account.name);
        Member { link: link.to_owned(), handle: account.handle.clone(), name: name.clone() }
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
