//! The tables of commands and codes: what they promise of a dialect, a transcript shows.

use std::collections::BTreeMap;

use conformance::{Dialect, Script};

use crate::said::{Said, said};
use crate::{PROTOCOL, files, none, read};

/// The column of the first dialect, and how many there are.
const DIALECTS: (usize, usize) = (1, Dialect::ALL.len());

/// What each transcript says, by its label.
fn transcripts() -> BTreeMap<String, Vec<Said>> {
    let mut all = BTreeMap::new();
    for path in files("tests/transcripts", ".msnp") {
        let script = Script::parse(&path, &read(&path)).unwrap_or_else(|error| panic!("{error}"));
        let label = path.trim_start_matches("tests/transcripts/").trim_end_matches(".msnp");
        all.insert(label.to_owned(), said(&script));
    }
    all
}

/// The rows of the table under a heading, each as its cells; the head and the line below it are not among them.
fn rows<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let (_, behind) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let table = behind.lines().skip_while(|line| !line.starts_with("| ")).take_while(|line| line.starts_with('|'));
    let cells = |line: &'a str| line.trim_matches('|').split(" | ").map(str::trim).collect();
    table.skip(2).map(cells).collect()
}

/// The labels in a cell: `[call/ring], [call/ims]`.
fn labels(cell: &str) -> Vec<&str> {
    cell.split('[').skip(1).filter_map(|rest| rest.split_once(']')).map(|(label, _)| label).collect()
}

/// What stands in code in a cell.
fn codes(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Is `said` what a row is about? `command` is its words, of which others may stand between; `…` says so
/// too, to people.
fn is_meant(said: &Said, command: &str, row: &str) -> bool {
    let mut words = said.words.iter();
    let mut wanted = command.split(' ').filter(|word| *word != "…");
    if words.next().map(String::as_str) != wanted.next() || said.in_room != row.ends_with("(room)") {
        return false;
    }
    // Only the command that is nothing else has no other word.
    if command == "OUT" && !said.by_client && said.words.len() > 1 {
        return false;
    }
    let content = match row.rsplit("` ").next() {
        Some("profile") => "text/x-msmsgsprofile",
        Some("system") => "application/x-msmsgssystemmessage",
        Some("mailbox") => "Inbox-URL",
        _ => "",
    };
    wanted.all(|word| words.any(|said| said == word)) && said.payload.contains(content)
}

/// Is it an error?
fn is_error(said: &Said) -> bool {
    !said.by_client
        && said.words.first().is_some_and(|word| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit()))
}

/// What a row is about.
struct Row<'a> {
    /// Its first cell.
    title: &'a str,
    /// The commands in it; one that is empty stands for all errors.
    commands: Vec<&'a str>,
    /// The dialects that have them.
    dialects: Vec<Dialect>,
    /// The transcripts that are named.
    labels: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// Reads a row of commands, whose forms must be letters, `–` or `(A)`.
    fn read(cells: &[&'a str]) -> Result<Self, String> {
        let forms = &cells[DIALECTS.0..DIALECTS.0 + DIALECTS.1];
        let has_form = |form: &str| form.starts_with(|c: char| c.is_ascii_uppercase());
        let is_form = |form: &str| {
            matches!(form, "–" | "(A)") || form.split(", ").all(|letter| letter.len() == 1 && has_form(letter))
        };
        if let Some(odd) = forms.iter().find(|form| !is_form(form)) {
            return Err(format!("{}: {odd} is no form", cells[0]));
        }
        let dialects = Dialect::ALL.into_iter().zip(forms).filter(|(_, form)| has_form(form));
        let commands = codes(cells[0]);
        Ok(Self {
            title: cells[0],
            commands: if commands.is_empty() { vec![""] } else { commands },
            dialects: dialects.map(|(dialect, _)| dialect).collect(),
            labels: labels(cells[cells.len() - 1]),
        })
    }

    fn is_shown(&self, command: &str, said: &Said, by_client: bool) -> bool {
        let is_it = if command.is_empty() { is_error(said) } else { is_meant(said, command, self.title) };
        said.by_client == by_client && is_it
    }
}

/// Checks the rows of one of the two tables of commands: each command is shown in each of its dialects by
/// some of the transcripts that are named, and by each of them in some dialect.
fn promises(heading: &str, by_client: bool, transcripts: &BTreeMap<String, Vec<Said>>, wrong: &mut Vec<String>) {
    let page = read(PROTOCOL);
    let rows = rows(&page, heading);
    assert!(rows.len() > 30, "only {} rows under {heading}", rows.len());
    for cells in rows {
        let row = match Row::read(&cells) {
            Ok(row) => row,
            Err(odd) => {
                wrong.push(odd);
                continue;
            }
        };
        for (command, dialect) in
            row.commands.iter().flat_map(|command| row.dialects.iter().map(move |d| (command, *d)))
        {
            let shows =
                |said: &Said| said.dialect.is_none_or(|of| of == dialect) && row.is_shown(command, said, by_client);
            let showing = transcripts.iter().filter(|(_, said)| said.iter().any(shows)).map(|(label, _)| &**label);
            let showing: Vec<&str> = showing.collect();
            if !showing.iter().any(|label| row.labels.contains(label)) {
                let title = row.title;
                wrong
                    .push(format!("{title}: {command:?} in {dialect} is in no transcript named, but in {showing:.3?}"));
            }
        }
        let is_there = |label: &&&str| {
            let all = transcripts.get(**label).map(Vec::as_slice).unwrap_or_default();
            all.iter().any(|said| row.commands.iter().any(|command| row.is_shown(command, said, by_client)))
        };
        wrong.extend(
            row.labels
                .iter()
                .filter(|label| !is_there(label))
                .map(|label| format!("{} is not in [{label}]", row.title)),
        );
    }
}

#[test]
fn transcripts_show_the_commands_in_each_dialect() {
    let mut wrong = Vec::new();
    let transcripts = transcripts();
    promises("### From clients", true, &transcripts, &mut wrong);
    promises("### From servers", false, &transcripts, &mut wrong);
    none("what the tables promise and no transcript shows", &wrong);
}

/// Without a transcript, what it alone shows is missed, and so is the transcript itself.
#[test]
fn what_no_transcript_shows_is_found() {
    let mut transcripts = transcripts();
    transcripts.remove("call/ims");
    let mut wrong = Vec::new();
    promises("### From clients", true, &transcripts, &mut wrong);
    let found = |text: &str| wrong.iter().any(|wrong| wrong.starts_with(text));
    assert!(
        found("`IMS`: \"IMS\" in MSNP5 is in no transcript named") && found("`IMS` is not in [call/ims]"),
        "{wrong:?}"
    );
    assert!(!found("`IMS`: \"IMS\" in MSNP8"), "{wrong:?}");
}

#[test]
fn transcripts_show_the_codes() {
    let (page, transcripts) = (read(PROTOCOL), transcripts());
    let rows = rows(&page, "## Error codes");
    assert!(rows.len() > 30, "only {} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        for label in labels(row[row.len() - 1]) {
            let shows = |said: &Said| is_error(said) && said.words[0] == row[0];
            if !transcripts.get(label).is_some_and(|said| said.iter().any(shows)) {
                wrong.push(format!("{} is not in [{label}]", row[0]));
            }
        }
    }
    none("codes that are not where the table says", &wrong);
}

/// The path of a request, or the words of an answer, stand in every transcript that is named with it.
#[test]
fn transcripts_show_the_requests() {
    let page = read(PROTOCOL);
    let rows = rows(&page, "### HTTP");
    assert!(rows.len() > 8, "only {} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let asked = codes(row[0]).into_iter().next_back().unwrap_or_default();
        let wanted = asked.split(' ').next_back().unwrap_or_default().trim_start_matches(['…', '?']).to_lowercase();
        let (named, method) = (labels(row[row.len() - 1]), asked.split_once(' ').map_or("", |(method, _)| method));
        if wanted.is_empty() || named.is_empty() {
            wrong.push(format!("{}: no transcript is named", row[0]));
        }
        for label in named {
            let text = read(&format!("tests/transcripts/{label}.msnp"));
            let shows =
                |line: &str| line.contains(method) && line.to_lowercase().replace("//rst", "/rst").contains(&wanted);
            if !text.lines().any(shows) {
                wrong.push(format!("{} is not in [{label}]", row[0]));
            }
        }
    }
    none("requests that are not where the table says", &wrong);
}
