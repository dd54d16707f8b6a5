//! The nouns that the whole suite shares: who, which list, which state, which room.
//!
//! Nothing here acts, and nothing here knows a dialect, a socket or a database. What these
//! values look like on the wire is the business of `msnp`; what may be done with them is that
//! of `logic`.

mod account;
pub mod calendar;
mod email;
mod group;
mod ids;
mod list;
mod name;
mod news;
mod password;
mod place;
mod presence;
mod roster;
mod text;
mod ticket;

pub use account::{Account, Person, Property, Props, Verification};
pub use email::{BadEmail, Email, MAX_EMAIL};
pub use group::{Group, GroupId, GroupSet, MAX_GROUPS};
pub use ids::{Guid, NodeId, RoomId, Serial, SessionId, UserId};
pub use list::{List, Lists};
pub use name::{BadName, Name, encoded_len, must_escape};
pub use news::{Address, Heal, Notice};
pub use password::Password;
pub use place::{Endpoint, HostPort, Role};
pub use presence::{Personal, Picture, Presence, Status};
pub use roster::{Change, Contact, ContactEntry, Edit, MessagePrivacy, ReversePrompt, Roster, Stamps};
pub use ticket::{Admission, Cookie};
