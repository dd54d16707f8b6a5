//! One measurement: a line of JSON.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// Figures by name. The name ends in the unit: `cpu_us`, `rss_bytes`; rates are per second.
pub(crate) type Figures = BTreeMap<String, f64>;

/// What one round of one case gave for one server.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The subcommand.
    pub(crate) run: String,
    /// What tells this case from others of the run: `pairs=100 win=1`.
    pub(crate) case: String,
    /// The server: `suite`, `floor-mpsc`, or what it was called.
    pub(crate) subject: String,
    /// From 0 on.
    pub(crate) round: u32,
    pub(crate) figures: Figures,
}

/// What a run has given so far.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) records: Vec<Record>,
    file: Option<File>,
}

impl Results {
    /// With a file to which each record is appended as it comes.
    pub(crate) fn new(json: Option<&Path>) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            let file = File::options().create(true).append(true).open(path);
            file.with_context(|| format!("cannot write {}", path.display()))
        };
        Ok(Self { records: Vec::new(), file: json.map(open).transpose()? })
    }

    pub(crate) fn push(&mut self, record: Record) -> anyhow::Result<()> {
        if let Some(file) = &mut self.file {
            writeln!(file, "{}", serde_json::to_string(&record)?).context("cannot write the results")?;
        }
        self.records.push(record);
        Ok(())
    }
}

/// Reads the records of a file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Record>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut records = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line?;
        if !line.trim().is_empty() {
            let record = serde_json::from_str(&line);
            records.push(record.with_context(|| format!("{}:{} is no result", path.display(), number + 1))?);
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("results.jsonl");
        let record = Record {
            run: "relay".to_owned(),
            case: "win=1".to_owned(),
            subject: "suite".to_owned(),
            round: 3,
            figures: Figures::from([("cpu_us".to_owned(), 3.25)]),
        };
        for _ in 0..2 {
            Results::new(Some(&path)).unwrap().push(record.clone()).unwrap();
        }
        assert_eq!(read(&path).unwrap(), [record.clone(), record]);
        std::fs::write(&path, "{}\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("results.jsonl:1"));
    }
}
