//! The pages hold what they promise: what they name exists, and what the code has they name.
//!
//! Only text is read here, so that this takes no time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod said;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

const PROTOCOL: &str = "docs/PROTOCOL.md";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below `folder` whose name ends with `end`, by its path from the root of the repository.
fn files(folder: &str, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&path, end));
        } else if path.ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn pages() -> Vec<String> {
    let mut pages = files("docs", ".md");
    pages.push("README.md".to_owned());
    pages
}

fn none(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

/// The texts of a page's headings.
fn headings(page: &str) -> Vec<&str> {
    let mut is_code = false;
    let mut found = Vec::new();
    for line in page.lines() {
        is_code ^= line.starts_with("```");
        if let Some(heading) = line.strip_prefix('#').filter(|_| !is_code) {
            found.push(heading.trim_start_matches('#').trim());
        }
    }
    found
}

/// What links lead to this heading with.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The targets of a page's links, inline and by reference.
fn links(page: &str) -> Vec<&str> {
    let inline = page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let named = page.lines().filter(|line| line.starts_with('[')).filter_map(|line| line.split_once("]: "));
    inline.chain(named.map(|(_, target)| target)).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = read(&page);
        let folder = root().join(&page).parent().unwrap().to_path_buf();
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { root().join(&page) } else { folder.join(file) };
            let has_place = || {
                let there = fs::read_to_string(&target).unwrap();
                headings(&there).into_iter().any(|heading| anchor(heading) == place)
            };
            if !target.exists() || !place.is_empty() && !has_place() {
                wrong.push(format!("{page}: {link}"));
            }
        }
    }
    none("links that lead nowhere", &wrong);
}

#[test]
fn transcripts_that_are_named_exist() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = read(&page);
        let folder = root().join(&page).parent().unwrap().to_path_buf();
        let is_part = |c: char| c.is_ascii_alphanumeric() || "./-_".contains(c);
        for word in text.split(|c| !is_part(c)).filter(|word| word.ends_with(".msnp") && *word != ".msnp") {
            if !root().join(word).exists() && !folder.join(word).exists() {
                wrong.push(format!("{page}: {word}"));
            }
        }
    }
    let page = read(PROTOCOL);
    for label in page.split('[').skip(1).filter_map(|rest| rest.split_once(']')).map(|(label, _)| label) {
        if label.contains('/') && !page.contains(&format!("\n[{label}]: ../tests/transcripts/{label}.msnp\n")) {
            wrong.push(format!("{PROTOCOL}: [{label}] has no link of its name"));
        }
    }
    none("transcripts that are not there", &wrong);
}

#[test]
fn transcripts_have_a_theme() {
    let all = files("tests/transcripts", ".msnp");
    assert!(!all.is_empty());
    let wrong: Vec<String> = all.into_iter().filter(|path| path.split('/').count() != 4).collect();
    none("transcripts that are not tests/transcripts/THEME/NAME.msnp", &wrong);
}

/// What stands between `before` and `after`, at each place.
fn between<'a>(text: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split_once(after)).map(|(found, _)| found)
}

#[test]
fn the_protocol_page_has_every_command() {
    let code = read("crates/msnp/src/ns/command.rs");
    let table = code.split_once("\ncommands! {").and_then(|(_, rest)| rest.split_once("\n}")).unwrap().0;
    let page = read(PROTOCOL);
    let verbs: Vec<&str> = between(table, "b\"", "\"").collect();
    assert!(verbs.len() > 20 && verbs.iter().all(|verb| verb.len() == 3), "{verbs:?}");
    let is_row = |verb: &&str| page.lines().any(|line| line.starts_with(&format!("| `{verb}")));
    let wrong: Vec<String> = verbs.iter().filter(|verb| !is_row(verb)).map(|verb| (*verb).to_owned()).collect();
    none("commands without a row", &wrong);
}

#[test]
fn the_protocol_page_has_every_code() {
    let code = read("crates/msnp/src/codes.rs");
    let table = code.split_once("\ncodes! {").and_then(|(_, rest)| rest.split_once("\n}")).unwrap().0;
    let page = read(PROTOCOL);
    let mut rows = 0;
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        let number = line.split_once("= ").unwrap().1.split(' ').next().unwrap();
        let name = line.split('"').nth(1).unwrap();
        rows += 1;
        if !page.contains(&format!("\n| {number} | `{name}` | ")) {
            wrong.push(format!("{number} {name}"));
        }
    }
    assert!(rows > 30, "only {rows} codes were found");
    none("codes without a row, or under another name", &wrong);
}

/// Rows have as many cells as their table's head, and none of them is empty.
#[test]
fn tables_of_the_protocol_page_are_whole() {
    let page = read(PROTOCOL);
    let mut width = 0;
    let mut wrong = Vec::new();
    for (number, line) in (1..).zip(page.lines()) {
        let Some(row) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            width = if line.starts_with("|---") { width } else { 0 };
            continue;
        };
        // A bar in code, as in `A|N`, parts no cells.
        let cells: Vec<&str> = row.split(" | ").map(str::trim).collect();
        if width == 0 {
            width = cells.len();
        }
        if cells.len() != width || cells.iter().any(|cell| cell.is_empty()) {
            wrong.push(format!("line {number}: {line}"));
        }
    }
    none("rows that are not whole", &wrong);
}

#[test]
fn keys_of_the_protocol_page_exist() {
    let config = read("config/msnpd.toml");
    let mut keys = Vec::new();
    let mut section = "";
    for line in config.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            keys.push(format!("{section}.{key}"));
        }
    }
    let page = read(PROTOCOL);
    let is_key = |word: &&str| {
        let section = word.split_once('.').map(|(section, _)| section);
        matches!(section, Some("ns" | "sb" | "web" | "limits" | "client")) && !word.contains([' ', '/'])
    };
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(is_key).collect();
    assert!(named.len() > 30, "only {} keys were found", named.len());
    let wrong: Vec<String> =
        named.into_iter().filter(|name| !keys.iter().any(|key| key == name)).map(str::to_owned).collect();
    none("keys that the configuration does not have", &wrong);
    let limits = page.split_once("\n## Limits\n").and_then(|(_, rest)| rest.split_once("\n## ")).unwrap().0;
    let is_told = |key: &&String| key.starts_with("limits.") && !limits.contains(&format!("`{key}`"));
    none("keys of [limits] that are missing there", &keys.iter().filter(is_told).cloned().collect::<Vec<_>>());
}

/// What a comment says behind "docs/PROTOCOL.md, ", on one line.
fn references(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in text.split("docs/PROTOCOL.md,").skip(1) {
        let lines = rest.lines().take(2).map(|line| line.trim().trim_start_matches(['/', '!', '#']).trim());
        found.push(lines.collect::<Vec<_>>().join(" ").trim().to_owned());
    }
    found
}

/// Does `text` begin with a heading, or with several with "and" between them?
fn begins_with_headings(text: &str, headings: &[&str]) -> bool {
    let begins = |heading: &&&str| {
        text.strip_prefix(**heading).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    let Some(longest) = headings.iter().filter(begins).max_by_key(|heading| heading.len()) else { return false };
    match text[longest.len()..].strip_prefix(" and ") {
        Some(more) if more.starts_with(char::is_uppercase) => begins_with_headings(more, headings),
        _ => true,
    }
}

#[test]
fn sections_that_are_named_exist() {
    let page = read(PROTOCOL);
    let headings = headings(&page);
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in [files("crates", ".rs"), files("tests/transcripts", ".msnp")].concat() {
        for reference in references(&read(&path)) {
            count += 1;
            if !begins_with_headings(&reference, &headings) {
                wrong.push(format!("{path}: {reference}"));
            }
        }
    }
    assert!(count > 20, "only {count} references were found");
    none("sections that the protocol page does not have", &wrong);
}
