//! Other actors for the same roles: a script's handles replaced by real accounts.

use std::collections::BTreeMap;

/// Handles of the script, each with the account that plays it.
///
/// The text of the script is rewritten before it is read, so that what is sent, what is expected
/// and the payload lengths computed from either all speak of the real accounts. Payload lengths
/// that a script writes as numbers, and those inside `>raw`, are not adapted.
#[derive(Clone, Debug, Default)]
pub struct Recasting {
    actors: BTreeMap<String, (String, String)>,
}

impl Recasting {
    /// Lets the account `real` with `password` play the role `handle`.
    pub fn add(&mut self, handle: &str, real: &str, password: &str) {
        self.actors.insert(handle.to_owned(), (real.to_owned(), password.to_owned()));
    }

    /// No roles at all?
    pub fn is_empty(&self) -> bool {
        self.actors.is_empty()
    }

    /// The real account and password for a role.
    pub(super) fn actor(&self, handle: &str) -> Option<&(String, String)> {
        self.actors.get(handle)
    }

    /// `line` with every handle replaced that stands alone.
    pub(super) fn rewrite(&self, line: &str) -> String {
        let mut text = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(at) = rest.find('@') {
            let start =
                rest[..at].rfind(|c: char| !is_address(c)).map_or(0, |before| before + char_len(&rest[before..]));
            let end = rest[at + 1..].find(|c: char| !is_address(c)).map_or(rest.len(), |end| at + 1 + end);
            // A full stop that ends a sentence is not part of the address.
            let handle = rest[start..end].trim_end_matches('.');
            text.push_str(&rest[..start]);
            text.push_str(self.actors.get(handle).map_or(handle, |(real, _)| real));
            rest = &rest[start + handle.len()..];
        }
        text.push_str(rest);
        text
    }
}

fn is_address(char: char) -> bool {
    char.is_ascii_alphanumeric() || "._-+".contains(char)
}

fn char_len(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_handles_are_replaced() {
        let mut recasting = Recasting::default();
        recasting.add("alice@example.com", "ann@real.net", "x");
        for (line, expected) in [
            ("USR 1 MD5 I alice@example.com", "USR 1 MD5 I ann@real.net"),
            ("alice@example.com,bob@example.com;alice@example.com", "ann@real.net,bob@example.com;ann@real.net"),
            ("malice@example.com alice@example.community", "malice@example.com alice@example.community"),
            ("| To alice@example.com.", "| To ann@real.net."),
            ("{md5 c alice@example.com}", "{md5 c ann@real.net}"),
            ("é@@x alice @ b", "é@@x alice @ b"),
            ("N=alice@example.com", "N=ann@real.net"),
        ] {
            assert_eq!(recasting.rewrite(line), expected);
        }
    }
}
