//! Reads the statements that make up the cast.

use super::{Account, Cast, Contact, Group, Recasting};

impl Cast {
    /// Reads `account alice@example.com name=Alice …`.
    pub(super) fn add_account(&mut self, text: &str, recasting: &Recasting) -> Result<(), String> {
        let mut words = text.split_whitespace().skip(1);
        let handle = handle(words.next())?;
        let person = handle.split_once('@').map_or(handle.as_str(), |(local, _)| local).to_owned();
        let mut account = Account {
            name: capitalised(&person),
            person,
            handle,
            password: "password".to_owned(),
            attributes: Default::default(),
        };
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| format!("expected key=value, found `{word}`"))?;
            match key {
                "name" => account.name = value.to_owned(),
                "password" => account.password = value.to_owned(),
                _ => {
                    account.attributes.insert(key.to_owned(), value.to_owned());
                }
            }
        }
        if let Some((real, password)) = recasting.actor(&account.handle) {
            account.handle.clone_from(real);
            account.password.clone_from(password);
        }
        if self.account(&account.handle).is_some() {
            return Err(format!("there is an account {} already", account.handle));
        }
        self.accounts.push(account);
        Ok(())
    }

    /// Reads `alice@example.com bob@example.com FL AL name=Bobby group=0,1`.
    pub(super) fn add_contact(&mut self, text: &str) -> Result<(), String> {
        let mut words = text.split_whitespace();
        let (owner, handle) = (handle(words.next())?, handle(words.next())?);
        let mut contact = Contact { owner, handle, lists: Vec::new(), name: None, groups: Vec::new() };
        for word in words {
            let group =
                |number: &str| number.parse::<u8>().map_err(|_| format!("expected group=0,1,…, found `{word}`"));
            match word.split_once('=') {
                Some(("name", name)) => contact.name = Some(name.to_owned()),
                Some(("group", numbers)) => contact.groups = numbers.split(',').map(group).collect::<Result<_, _>>()?,
                None if ["FL", "AL", "BL"].contains(&word) => contact.lists.push(word.to_owned()),
                _ => return Err(format!("expected FL, AL, BL, name= or group= (RL follows from FL), found `{word}`")),
            }
        }
        if contact.lists.is_empty() {
            return Err("expected at least one of FL, AL, BL".to_owned());
        }
        self.contacts.push(contact);
        Ok(())
    }

    /// Reads `alice@example.com 1 Work`.
    pub(super) fn add_group(&mut self, text: &str) -> Result<(), String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [owner, id, name] = words[..] else {
            return Err(format!("expected an account, a number and a name, found `{text}`"));
        };
        let id = id.parse().map_err(|_| format!("expected the group's number, found `{id}`"))?;
        self.groups.push(Group { owner: handle(Some(owner))?, id, name: name.to_owned() });
        Ok(())
    }

    /// Reads `sb.hide_blocking = true`.
    pub(super) fn add_config(&mut self, text: &str) -> Result<(), String> {
        let (key, value) = text.split_once('=').unwrap_or_default();
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() || value.is_empty() {
            return Err(format!("expected `key = value`, found `{text}`"));
        }
        self.config.push((key.to_owned(), value.to_owned()));
        Ok(())
    }
}

fn handle(word: Option<&str>) -> Result<String, String> {
    match word {
        Some(word) if word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty()) => {
            Ok(word.to_owned())
        }
        word => Err(format!("expected a handle like alice@example.com, found `{}`", word.unwrap_or_default())),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
