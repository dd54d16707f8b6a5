//! The burst from MSNP8 on: the totals first, and one line for each contact.

use super::super::{Burst, Dialect};
use super::entry::{Entry, group, is_property_of_contact, is_stamp, property};
use super::{Roster, is_number};
use crate::Failure;
use crate::play::Player;
use crate::script::person;
use crate::stage::Stage;

/// What the answer to `SYN` announces.
struct Totals {
    contacts: usize,
    groups: usize,
}

impl<S: Stage> Player<'_, S> {
    pub(super) async fn sync_contacts(&mut self, link: &str, dialect: Dialect) -> Result<Roster, Failure> {
        let traits = dialect.traits();
        let mut left = self.totals(link, dialect).await?;
        let mut roster = Roster {
            prompt: self.mode(link, "GTC", &["A", "N"]).await?,
            privacy: self.mode(link, "BLP", &["AL", "BL"]).await?,
            ..Roster::default()
        };
        if let Burst::Addressed { .. } = traits.burst {
            let (_, name) = self.own_words(link)?;
            self.hear(link, &format!("PRP MFN {name}")).await?;
        }
        let mut contacts = 0;
        while left.groups + left.contacts > 0 {
            let expected = format!("{} groups, then {} contacts, with their properties", left.groups, left.contacts);
            let line = self.words(link, &expected).await?;
            let words: Vec<&str> = line.iter().map(String::as_str).collect();
            let wrong = || self.failed(&expected, &line.join(" "), Some(link));
            match words.first() {
                Some(&"PRP") if roster.groups.is_empty() && contacts == 0 => {
                    roster.properties.push(property(&words).ok_or_else(wrong)?);
                }
                Some(&"LSG") if left.groups > 0 => {
                    let group = group(&words, traits.burst).ok_or_else(wrong)?;
                    if roster.groups.iter().any(|(id, _)| *id == group.0) {
                        return Err(wrong());
                    }
                    roster.groups.push(group);
                    left.groups -= 1;
                }
                Some(&"BPR") if contacts > 0 && is_property_of_contact(&words) => {}
                Some(&"LST") if left.groups == 0 => {
                    let entry = Entry::read(&words, traits.burst).filter(|entry| entry.is_in(&roster.groups));
                    let entry = entry.ok_or_else(wrong)?;
                    if roster.members.iter().any(|(_, handle)| *handle == entry.handle) {
                        return Err(wrong());
                    }
                    self.note(link, &entry);
                    roster.members.extend(entry.lists().map(|list| (list, entry.handle.clone())));
                    contacts += 1;
                    left.contacts -= 1;
                }
                _ => return Err(wrong()),
            }
        }
        // What is told of the last one has no total, so whoever hears next must let it pass.
        if let Some(link) = self.links.get_mut(link) {
            link.in_burst = true;
        }
        Ok(roster)
    }

    /// `SYN trid serial contacts groups`, or with two stamps instead of the serial.
    async fn totals(&mut self, link: &str, dialect: Dialect) -> Result<Totals, Failure> {
        let trid = self.trid(link)?;
        self.say_line(link, &format!("SYN {trid} {}", dialect.traits().knows_nothing)).await?;
        let (expected, names): (_, &[&str]) = match dialect.traits().burst {
            Burst::Addressed { .. } => {
                (format!("SYN {trid} {{stamp}} {{stamp}} {{contacts}} {{groups}}"), &["stamp1", "stamp2"])
            }
            _ => (format!("SYN {trid} {{serial}} {{contacts}} {{groups}}"), &["serial"]),
        };
        let words = self.words(link, &expected).await?;
        let wrong = || self.failed(&expected, &words.join(" "), Some(link));
        let Some((versions, [contacts, groups])) = words
            .strip_prefix(&["SYN".to_owned(), trid.to_string()])
            .and_then(|rest| rest.split_at_checked(names.len()))
        else {
            return Err(wrong());
        };
        let is_version = |word: &String| if names.len() == 1 { is_number(word) } else { is_stamp(word) };
        let (Ok(contacts), Ok(groups), true) = (contacts.parse(), groups.parse(), versions.iter().all(is_version))
        else {
            return Err(wrong());
        };
        for (name, version) in names.iter().zip(versions) {
            self.captures.set(format!("{}.{name}", person(link)), version.as_str());
        }
        Ok(Totals { contacts, groups })
    }

    /// `GTC A`, without transaction id and serial.
    async fn mode(&mut self, link: &str, verb: &str, values: &[&str]) -> Result<String, Failure> {
        let lines: Vec<String> = values.iter().map(|value| format!("{verb} {value}")).collect();
        let index = self.hear_one_of(link, &lines).await?;
        Ok(values[index].to_owned())
    }

    /// Keeps the id of a contact as a capture.
    fn note(&mut self, link: &str, entry: &Entry) {
        let known = self.cast.account(&entry.handle).map(|account| account.person.clone());
        if let (Some(id), Some(contact)) = (&entry.id, known) {
            self.captures.set(format!("{}.contact.{contact}", person(link)), id.as_str());
        }
    }
}
