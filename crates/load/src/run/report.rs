//! Results of other runs, merged, compared and drawn.

use std::path::Path;

use anyhow::Context as _;

use crate::args::ReportArgs;
use crate::progress::say;
use crate::report::{Record, chart, claims, markdown, merge, read, table};

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<()> {
    let mut records = Vec::new();
    for file in &args.files {
        records.extend(read(file)?);
    }
    anyhow::ensure!(!records.is_empty(), "there are no results in these files");
    show(&records, args.svg.as_deref())
}

/// Shows all that was measured, and what it says of the goals.
pub(super) fn show(records: &[Record], svg: Option<&Path>) -> anyhow::Result<()> {
    let merged = merge(records);
    say(&table(&merged));
    let claims = claims(&merged);
    say(&markdown(&claims));
    if let Some(svg) = svg {
        write(svg, &chart(&merged, &claims))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
