//! The lines of a burst from MSNP8 on, each read by itself.

use super::super::Burst;

/// Whom one watches; the other lists are AL 2, BL 4, RL 8 and, from MSNP10 on, PL 16.
const FL: u8 = 1;
const LISTS: [(&str, u8); 5] = [("FL", FL), ("AL", 2), ("BL", 4), ("RL", 8), ("PL", 16)];

/// What is told of oneself, and of the contact before.
const OWN: [&str; 7] = ["PHH", "PHW", "PHM", "MOB", "MBE", "WWE", "HSB"];
const OF_CONTACT: [&str; 6] = ["PHH", "PHW", "PHM", "MOB", "WWE", "HSB"];

/// Somebody on some lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) handle: String,
    /// The id of a member of FL, from MSNP10 on.
    pub(super) id: Option<String>,
    bits: u8,
    groups: Vec<String>,
}

impl Entry {
    /// Reads `LST bob@x.y Bob 11 0,1`, or `LST N=bob@x.y F=Bob C=id 11 network id,id`.
    pub(super) fn read(words: &[&str], burst: Burst) -> Option<Self> {
        let rest = words.strip_prefix(&["LST"])?;
        match burst {
            Burst::Lists => None,
            Burst::Contacts => {
                let [handle, name, bits, groups @ ..] = rest else { return None };
                let entry = Self::new(handle, None, bits, groups)?;
                // A member of FL is in some group, if only in number 0.
                let is_grouped = entry.is_watched() != entry.groups.is_empty();
                (is_grouped && !name.is_empty() && entry.bits < 16).then_some(entry)
            }
            Burst::Addressed { network } => {
                let (handle, rest) = tagged("N=", rest);
                let (name, rest) = tagged("F=", rest);
                let (id, rest) = tagged("C=", rest);
                let (bits, rest) = rest.split_first()?;
                let groups = if network { rest.strip_prefix(&["1"])? } else { rest };
                let entry = Self::new(handle?, id, bits, groups)?;
                // Only members of FL have an id and groups; the name of others may be left out.
                let is_whole = if entry.is_watched() {
                    name.is_some() && entry.id.as_deref().is_some_and(is_guid)
                } else {
                    entry.id.is_none() && entry.groups.is_empty()
                };
                is_whole.then_some(entry)
            }
        }
    }

    fn new(handle: &str, id: Option<&str>, bits: &str, groups: &[&str]) -> Option<Self> {
        let bits = bits.parse::<u8>().ok().filter(|bits| (1..32).contains(bits) && bits & 6 != 6)?;
        let groups = match groups {
            [] => Vec::new(),
            [groups] => groups.split(',').map(str::to_owned).collect(),
            _ => return None,
        };
        handle.contains('@').then(|| Self { handle: handle.to_owned(), id: id.map(str::to_owned), bits, groups })
    }

    fn is_watched(&self) -> bool {
        self.bits & FL != 0
    }

    /// The lists that the bits stand for.
    pub(super) fn lists(&self) -> impl Iterator<Item = &'static str> {
        LISTS.into_iter().filter(|(_, bit)| self.bits & bit != 0).map(|(list, _)| list)
    }

    /// Are all its groups among `known`?
    pub(super) fn is_in(&self, known: &[(String, String)]) -> bool {
        self.groups.iter().all(|group| known.iter().any(|(id, _)| id == group))
    }
}

/// The number or id, and the name, of `LSG 0 Work 0` or `LSG Work id`.
pub(super) fn group(words: &[&str], burst: Burst) -> Option<(String, String)> {
    let (id, name) = match (burst, words) {
        (Burst::Contacts, ["LSG", id, name, "0"]) if id.parse::<u8>().is_ok_and(|id| id < 30) => (id, name),
        (Burst::Addressed { .. }, ["LSG", name, id]) if is_guid(id) => (id, name),
        _ => return None,
    };
    (!name.is_empty()).then(|| ((*id).to_owned(), (*name).to_owned()))
}

/// The name and value of `PRP PHH value`; those that are not set have no line.
pub(super) fn property(words: &[&str]) -> Option<(String, String)> {
    match words {
        ["PRP", name, value] if OWN.contains(name) && suits(name, value) => {
            Some(((*name).to_owned(), (*value).to_owned()))
        }
        _ => None,
    }
}

/// Is this `BPR PHH value`, which tells something of the contact before it?
pub(super) fn is_property_of_contact(words: &[&str]) -> bool {
    matches!(words, ["BPR", name, value] if OF_CONTACT.contains(name) && suits(name, value))
}

/// Does this line of a burst tell something of what was before it, so that it may follow the last entry
/// that was announced?
pub(crate) fn is_property_of_entry(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    is_property_of_contact(&words) || property(&words).is_some()
}

/// Numbers are any text; the others are switches.
fn suits(name: &str, value: &str) -> bool {
    match name {
        "MOB" | "MBE" => ["Y", "N"].contains(&value),
        "WWE" | "HSB" => ["0", "1", "2"].contains(&value),
        _ => !value.is_empty(),
    }
}

/// The value of the first of `words` if it begins with `tag`, and the others.
fn tagged<'a, 'b>(tag: &str, words: &'b [&'a str]) -> (Option<&'a str>, &'b [&'a str]) {
    let found = words.split_first().and_then(|(first, rest)| Some((first.strip_prefix(tag)?, rest)));
    match found {
        Some((value, rest)) if !value.is_empty() => (Some(value), rest),
        _ => (None, words),
    }
}

/// Lower case, 8-4-4-4-12, as the strictest client wants it.
pub(super) fn is_guid(text: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.into_iter().all(hex)
}

/// ISO 8601 with fractions of a second and an offset: `2005-04-23T18:57:44.8130000-07:00`.
pub(super) fn is_stamp(text: &str) -> bool {
    let shape: String = text.chars().map(|char| if char.is_ascii_digit() { '9' } else { char }).collect();
    let Some((start, fraction)) = shape.split_once('.') else { return false };
    let Some((digits, offset)) = fraction.split_once(['-', '+']) else { return false };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte == b'9');
    start == "9999-99-99T99:99:99" && is_number && offset == "99:99"
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c01";

    fn reads(line: &str, burst: Burst) -> bool {
        let line = line.replace("GUID", GUID);
        Entry::read(&line.split(' ').collect::<Vec<_>>(), burst).is_some()
    }

    #[test]
    fn entries_of_each_form() {
        let (eight, ten, twelve) =
            (Burst::Contacts, Burst::Addressed { network: false }, Burst::Addressed { network: true });
        for (line, right) in [
            ("LST b@x.y Bob 11 0,1", eight),
            ("LST b@x.y Bob 12", eight),
            ("LST N=b@x.y F=Bob C=GUID 11 GUID,GUID", ten),
            ("LST N=b@x.y F=Bob C=GUID 3", ten),
            ("LST N=b@x.y 10", ten),
            ("LST N=b@x.y F=Bob 16", ten),
            ("LST N=b@x.y F=Bob C=GUID 11 1 GUID", twelve),
            ("LST N=b@x.y F=Bob 16 1", twelve),
        ] {
            for burst in [eight, ten, twelve] {
                assert_eq!(reads(line, burst), burst == right, "{line} {burst:?}");
            }
        }
        for (line, burst) in [
            ("LST b@x.y Bob 11", eight),
            ("LST b@x.y Bob 12 0", eight),
            ("LST b@x.y Bob 16", eight),
            ("LST b@x.y Bob 6", eight),
            ("LST b@x.y Bob 0", eight),
            ("LST N=b@x.y F=Bob 11", ten),
            ("LST N=b@x.y F=Bob C=GUID 12", ten),
            ("LST N=b@x.y F=Bob C=GUID 11 ", ten),
            ("LST F=Bob N=b@x.y C=GUID 11", ten),
            ("LST N=b@x.y F=Bob C=GUID 11 2", twelve),
        ] {
            // An empty word is no group.
            let known = [("0".to_owned(), "Other".to_owned()), (GUID.to_owned(), "Work".to_owned())];
            let line = line.replace("GUID", GUID);
            let entry = Entry::read(&line.split(' ').collect::<Vec<_>>(), burst);
            assert!(entry.is_none_or(|entry| !entry.is_in(&known)), "{line} {burst:?}");
        }
    }

    #[test]
    fn ids_and_stamps() {
        assert!(is_guid(GUID));
        for wrong in [&GUID.to_uppercase(), &GUID[1..], "{2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c01}", "", "----"] {
            assert!(!is_guid(wrong), "{wrong}");
        }
        assert!(is_stamp("2005-04-23T18:57:44.8130000-07:00") && is_stamp("2000-01-01T00:00:00.0-00:00"));
        for wrong in ["0", "", "2005-04-23T18:57:44-07:00", "2005-04-23T18:57:44.813", "2005-04-23T18:57:44.8130000Z"] {
            assert!(!is_stamp(wrong), "{wrong}");
        }
    }

    #[test]
    fn properties_that_are_set() {
        let words = |line: &'static str| line.split(' ').collect::<Vec<_>>();
        assert!(is_property_of_contact(&words("BPR MOB Y")) && property(&words("PRP MBE N")).is_some());
        for wrong in ["BPR MOB", "BPR 5 PHH 1", "BPR b@x.y PHH 1", "BPR MOB X", "BPR MFN Bob"] {
            assert!(!is_property_of_contact(&words(wrong)), "{wrong}");
        }
        assert_eq!(property(&words("PRP 5 PHH 1")), None);
    }
}
