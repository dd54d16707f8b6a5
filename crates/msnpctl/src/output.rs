//! The one place that talks to the operator.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::Context as _;
use model::{Account, List, Lists, Verification};
use serde_json::{Value, json};

/// What a command has to say, for people and for programs.
pub(crate) struct Output {
    /// Whole lines, without the last line end.
    pub(crate) text: String,
    /// The same as one value.
    pub(crate) json: Value,
}

/// Writes to standard output. A reader that has seen enough, as `head` has, is no failure.
pub(crate) fn print(output: &Output, json: bool) -> anyhow::Result<()> {
    let line = if json { format!("{}\n", output.json) } else { format!("{}\n", output.text) };
    let mut stdout = io::stdout().lock();
    match stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("it is done, but cannot be told on standard output"),
    }
}

/// Asks a yes-or-no question at the terminal. Fails if there is none.
pub(crate) fn confirm(question: &str) -> anyhow::Result<bool> {
    let failed = "cannot ask at the terminal";
    let stdin = io::stdin();
    anyhow::ensure!(stdin.is_terminal(), "there is no terminal to ask at: add --yes to go ahead");
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).context(failed)?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).context(failed)?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Columns under their heads, aligned, two blanks apart.
pub(crate) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].as_str());
        cells.chain([heads[column]]).map(|cell| cell.chars().count()).max().unwrap_or_default()
    });
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(heads)];
    lines.extend(rows.iter().map(|row| line(std::array::from_fn(|column| row[column].as_str()))));
    lines.join("\n")
}

/// Values beside their labels, aligned.
pub(crate) fn fields(fields: &[(&str, String)]) -> String {
    let width = fields.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    let lines = fields.iter().map(|(label, value)| format!("{label:width$}  {value}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// An account, for programs.
pub(crate) fn account(account: &Account) -> Value {
    json!({
        "id": account.id.0,
        "guid": account.guid.to_string(),
        "email": account.email.as_str(),
        "name": account.name.as_str(),
        "verified": account.verified == Verification::Verified,
        "suspended": account.suspended,
    })
}

/// What the protocol calls these lists.
pub(crate) fn list_names(lists: Lists) -> Vec<&'static str> {
    let all = [List::Forward, List::Allow, List::Block, List::Reverse, List::Pending];
    all.into_iter().filter(|list| lists.has(*list)).map(list_name).collect()
}

/// What the protocol calls a list.
pub(crate) const fn list_name(list: List) -> &'static str {
    match list {
        List::Forward => "FL",
        List::Allow => "AL",
        List::Block => "BL",
        List::Reverse => "RL",
        List::Pending => "PL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = [["zoë".to_owned(), "1".to_owned()], ["al".to_owned(), String::new()]];
        assert_eq!(table(["WHO", "N"], &rows), "WHO  N\nzoë  1\nal");
        assert_eq!(fields(&[("a", "1".to_owned()), ("long", String::new())]), "a     1\nlong");
    }

    #[test]
    fn only_yes_is_yes() {
        for yes in ["y\n", "Y", " yes \n", "YES"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n", "no", "yeah", "j"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
