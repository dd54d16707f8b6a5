//! `alice.ns syncs`: the full list of a client that has none yet.

use super::{Burst, Dialect};
use crate::Failure;
use crate::play::{Next, Player};
use crate::script::person;
use crate::stage::{Patience, Stage};

mod contacts;
mod entry;

pub(crate) use entry::is_property_of_entry;

/// What a synchronisation told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roster {
    /// `A` or `N`.
    pub(crate) prompt: String,
    /// `AL` or `BL`.
    pub(crate) privacy: String,
    /// The own properties with their values.
    pub(crate) properties: Vec<(String, String)>,
    /// The groups: number or id, and name.
    pub(crate) groups: Vec<(String, String)>,
    /// All members of FL, AL, BL, RL and, from MSNP10 on, PL: list and handle.
    pub(crate) members: Vec<(&'static str, String)>,
}

/// The phone numbers and switches of oneself, and of a contact.
const OWN: [&str; 5] = ["PHH", "PHW", "PHM", "MOB", "MBE"];
const OF_CONTACT: [&str; 4] = ["PHH", "PHW", "PHM", "MOB"];

/// How lines of the burst begin in MSNP2 to MSNP7: `verb trid … serial …`.
struct Lines<'a> {
    link: &'a str,
    dialect: Dialect,
    trid: u32,
    serial: String,
}

impl<S: Stage> Player<'_, S> {
    /// Asks for the list and checks it line by line.
    ///
    /// `{alice.serial}` is then its serial, from MSNP10 on `{alice.stamp1}` and `{alice.stamp2}` its time
    /// stamps; `{alice.group.work}` the number or id of a group, `{alice.contact.bob}` the id of a contact.
    pub(crate) async fn sync(&mut self, link: &str) -> Result<Roster, Failure> {
        let dialect = self.links.get(link).and_then(|link| link.dialect);
        let dialect = dialect.ok_or_else(|| self.failed("a connection that is signed in", "it is not", Some(link)))?;
        let roster = match dialect.traits().burst {
            Burst::Lists => self.sync_lists(link, dialect).await,
            Burst::Contacts | Burst::Addressed { .. } => self.sync_contacts(link, dialect).await,
        }?;
        for (id, name) in &roster.groups {
            let name = crate::script::decoded(name).to_lowercase();
            if crate::pattern::is_name(&name) {
                self.captures.set(format!("{}.group.{name}", person(link)), id.as_str());
            }
        }
        Ok(roster)
    }

    async fn sync_lists(&mut self, link: &str, dialect: Dialect) -> Result<Roster, Failure> {
        let serial = format!("{}.serial", person(link));
        self.captures.forget(&serial);
        let trid = self.trid(link)?;
        self.say_line(link, &format!("SYN {trid} 0")).await?;
        self.hear(link, &format!("SYN {trid} {{{serial}}}")).await?;
        let serial = self.captured(link, &serial)?;
        if !is_number(&serial) {
            return Err(self.failed("a decimal number as the list's serial", &serial, Some(link)));
        }
        let burst = Lines { link, dialect, trid, serial };
        let prompt = self.setting(&burst, "GTC", &["A", "N"]).await?;
        let privacy = self.setting(&burst, "BLP", &["AL", "BL"]).await?;
        let mut roster = Roster { prompt, privacy, ..Roster::default() };
        if dialect.traits().has_properties {
            for property in OWN {
                let head = vec!["PRP".to_owned(), trid.to_string(), burst.serial.clone()];
                let value = self.property(&burst, head, property).await?;
                roster.properties.push((property.to_owned(), value));
            }
        }
        if dialect.traits().has_groups {
            self.groups(&burst, &mut roster).await?;
        }
        for list in ["FL", "AL", "BL", "RL"] {
            self.list(&burst, list, &mut roster).await?;
        }
        Ok(roster)
    }

    /// `GTC trid serial A`
    async fn setting(&mut self, burst: &Lines<'_>, verb: &str, values: &[&str]) -> Result<String, Failure> {
        let expected = format!("{verb} {} {} {}", burst.trid, burst.serial, values.join("|"));
        let words = self.words(burst.link, &expected).await?;
        let head = [verb, &burst.trid.to_string(), &burst.serial];
        match words.split_last() {
            Some((value, before)) if before == head && values.contains(&value.as_str()) => Ok(value.clone()),
            _ => Err(self.failed(&expected, &words.join(" "), Some(burst.link))),
        }
    }

    /// `PRP trid serial PHH value` or `BPR serial handle PHH value`, the value absent if unset.
    async fn property(&mut self, burst: &Lines<'_>, head: Vec<String>, property: &str) -> Result<String, Failure> {
        let switch = property.starts_with('M');
        let head: Vec<String> = head.into_iter().chain([property.to_owned()]).collect();
        let expected = format!("{} {}", head.join(" "), if switch { "Y|N" } else { "{_*}" });
        let words = self.words(burst.link, &expected).await?;
        match words.strip_prefix(head.as_slice()) {
            Some([]) if !switch => Ok(String::new()),
            Some([value]) if !value.is_empty() && (!switch || value == "Y" || value == "N") => Ok(value.clone()),
            _ => Err(self.failed(&expected, &words.join(" "), Some(burst.link))),
        }
    }

    /// `LSG trid serial i n id name 0`, at least one.
    async fn groups(&mut self, burst: &Lines<'_>, roster: &mut Roster) -> Result<(), Failure> {
        let mut total = "{n}".to_owned();
        let mut index = 1;
        loop {
            let expected = format!("LSG {} {} {index} {total} {{id}} {{name}} 0", burst.trid, burst.serial);
            let words = self.words(burst.link, &expected).await?;
            let wrong = || self.failed(&expected, &words.join(" "), Some(burst.link));
            let head = ["LSG".to_owned(), burst.trid.to_string(), burst.serial.clone(), index.to_string()];
            let Some([n, id, name, zero]) = words.strip_prefix(head.as_slice()) else { return Err(wrong()) };
            let known = roster.groups.iter().any(|(other, _)| other == id);
            if !counts(n, index, &total) || !is_number(id) || known || name.is_empty() || zero != "0" {
                return Err(wrong());
            }
            roster.groups.push((id.clone(), name.clone()));
            if n == &index.to_string() {
                return Ok(());
            }
            total.clone_from(n);
            index += 1;
        }
    }

    /// `LST trid FL serial i n handle name groups`, or `LST trid FL serial 0 0`.
    async fn list(&mut self, burst: &Lines<'_>, list: &'static str, roster: &mut Roster) -> Result<(), Failure> {
        let groups = list == "FL" && burst.dialect.traits().has_groups;
        let properties = list == "FL" && burst.dialect.traits().has_properties;
        let mut total = "{n}".to_owned();
        let mut index = 1;
        loop {
            let start = format!("LST {} {list} {}", burst.trid, burst.serial);
            let tail = if groups { " {groups}" } else { "" };
            let empty = if index == 1 { format!("\n{start} 0 0") } else { String::new() };
            let expected = format!("{start} {index} {total} {{handle}} {{name}}{tail}{empty}");
            let words = self.words(burst.link, &expected).await?;
            let wrong = || self.failed(&expected, &words.join(" "), Some(burst.link));
            let head: Vec<String> = start.split(' ').map(str::to_owned).collect();
            let (n, handle, name, numbers) = match words.strip_prefix(head.as_slice()) {
                Some([zero, none]) if index == 1 && zero == "0" && none == "0" => return Ok(()),
                Some([i, n, handle, name]) if !groups && i == &index.to_string() => (n, handle, name, None),
                Some([i, n, handle, name, numbers]) if groups && i == &index.to_string() => {
                    (n, handle, name, Some(numbers))
                }
                _ => return Err(wrong()),
            };
            let known = roster.members.iter().any(|(own, other)| *own == list && other == handle);
            let grouped = numbers.is_none_or(|numbers| {
                numbers.split(',').all(|number| roster.groups.iter().any(|(id, _)| id == number))
            });
            if !counts(n, index, &total) || !handle.contains('@') || known || name.is_empty() || !grouped {
                return Err(wrong());
            }
            roster.members.push((list, handle.clone()));
            if properties {
                for property in OF_CONTACT {
                    let head = vec!["BPR".to_owned(), burst.serial.clone(), handle.clone()];
                    self.property(burst, head, property).await?;
                }
            }
            if n == &index.to_string() {
                return Ok(());
            }
            total.clone_from(n);
            index += 1;
        }
    }

    /// The words of the next line, which has no payload.
    async fn words(&mut self, link: &str, expected: &str) -> Result<Vec<String>, Failure> {
        match self.next(link, Patience::Expecting).await? {
            Next::Frame(frame) if frame.payload.is_none() => Ok(frame.words()),
            next => Err(self.failed(expected, &next.shown(), Some(link))),
        }
    }
}

/// Is `n` a total that suits the entry `index`, and the same as before?
fn counts(n: &str, index: u32, total: &str) -> bool {
    is_number(n) && n.parse::<u32>().is_ok_and(|n| n >= index) && (index == 1 || n == total)
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit()) && word.parse::<u32>().is_ok()
}
