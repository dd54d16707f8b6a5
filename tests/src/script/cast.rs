//! Who plays: accounts, lists and groups before the play starts, and the server's configuration.

use std::collections::BTreeMap;

/// All that must be in place before a play.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cast {
    /// In the order of the file.
    pub accounts: Vec<Account>,
    /// In the order of the file.
    pub contacts: Vec<Contact>,
    /// In the order of the file.
    pub groups: Vec<Group>,
    /// Keys of the server's configuration with their raw TOML values.
    pub config: Vec<(String, String)>,
}

/// An account. Names are kept as they stand on the wire: URL-encoded (see [`decoded`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The first part of its connections' names: `alice` in `alice.ns`.
    pub person: String,
    /// `alice@example.com`
    pub handle: String,
    /// Its friendly name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Whatever else the statement says: `verified=no`, `phone.home=…`.
    pub attributes: BTreeMap<String, String>,
}

/// Somebody on somebody's lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Whose lists.
    pub owner: String,
    /// Who is on them.
    pub handle: String,
    /// Some of `FL`, `AL`, `BL`.
    pub lists: Vec<String>,
    /// The name that the lists have, URL-encoded; the account's own if absent.
    pub name: Option<String>,
    /// The groups that hold it; empty: only group 0.
    pub groups: Vec<u8>,
}

/// A group of somebody's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Whose list.
    pub owner: String,
    /// Its number.
    pub id: u8,
    /// Its name, URL-encoded.
    pub name: String,
}

impl Account {
    /// Is the attribute `key` set to `value`?
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.attributes.get(key).is_some_and(|own| own == value)
    }
}

impl Cast {
    /// The account with this handle.
    pub fn account(&self, handle: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.handle == handle)
    }

    /// Whose connection `link` is. Digits behind a person's name tell a second place from the first.
    pub fn account_of(&self, link: &str) -> Option<&Account> {
        let person = person(link);
        let called = |name: &str| self.accounts.iter().find(|account| account.person == name);
        called(person).or_else(|| called(person.trim_end_matches(|c: char| c.is_ascii_digit())))
    }

    /// The name under which `contact` is on its owner's lists, URL-encoded.
    pub fn name_of<'a>(&'a self, contact: &'a Contact) -> &'a str {
        let own = || self.account(&contact.handle).map(|account| account.name.as_str());
        contact.name.as_deref().or_else(own).unwrap_or(&contact.handle)
    }
}

/// `alice` of `alice.ns`.
pub(crate) fn person(link: &str) -> &str {
    link.rsplit_once('.').map_or(link, |(person, _)| person)
}

/// Is `link` a connection to a switchboard, such as `alice.sb` or `alice.sb2`?
pub(crate) fn is_room(link: &str) -> bool {
    link.rsplit_once('.').is_some_and(|(_, kind)| kind.starts_with("sb"))
}

/// Is `link` a connection to the web daemon, such as `alice.web`?
pub(crate) fn is_web(link: &str) -> bool {
    link.rsplit_once('.').is_some_and(|(_, kind)| kind.starts_with("web"))
}

/// The text of a URL-encoded word; what is no valid escape stays as it is.
pub fn decoded(word: &str) -> String {
    let bytes = word.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape =
            bytes.get(at + 1..at + 3).filter(|digits| bytes[at] == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let byte = escape.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        text.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_place_has_the_same_account() {
        let account = |person: &str| Account {
            person: person.to_owned(),
            handle: format!("{person}@example.com"),
            name: person.to_owned(),
            password: "password".to_owned(),
            attributes: BTreeMap::new(),
        };
        let cast = Cast { accounts: vec![account("alice"), account("bob7")], ..Cast::default() };
        let handle = |link: &str| cast.account_of(link).map(|account| account.handle.as_str());
        assert_eq!(handle("alice.ns"), Some("alice@example.com"));
        assert_eq!(handle("alice2.ns"), Some("alice@example.com"));
        assert_eq!(handle("bob7.sb2"), Some("bob7@example.com"));
        assert_eq!(handle("bob.ns"), None);
    }

    #[test]
    fn names_are_decoded() {
        assert_eq!(decoded("Bob%20B%c3%a9%"), "Bob Bé%");
    }
}
