//! All runs, small and short, with loose bounds: for a machine whose clock cannot be trusted.

use anyhow::bail;
use clap::Parser as _;

use crate::args::{Arguments, QuickArgs};
use crate::report::{Results, merge, ratio};

/// The runs, and what of a floor the suite may cost there at most. What is verified in them counts
/// more than these.
const RUNS: [(&str, &[&str], Option<(&str, &str, f64)>); 7] = [
    ("relay", &["--win", "1", "--floor", "mpsc"], Some(("cpu_us", "floor-mpsc", 3.0))),
    ("relay", &["--win", "64", "--floor", "mpsc"], Some(("cpu_us", "floor-mpsc", 5.0))),
    ("fan", &["--win", "1", "--stuck", "1", "--floor", "direct"], Some(("cpu_us", "floor-direct", 3.0))),
    ("fan", &["--win", "16", "--floor", "mpsc"], Some(("cpu_us", "floor-mpsc", 5.0))),
    ("login", &["--floor", "direct"], Some(("cpu_us", "floor-direct", 20.0))),
    ("idle", &["--contacts", "48", "--floor", "direct"], Some(("bytes", "floor-direct", 50.0))),
    ("mix", &["--speed", "50", "--floor", "mpsc"], None),
];

pub(super) async fn run(args: &QuickArgs, results: &mut Results) -> anyhow::Result<()> {
    let suite = args.suite.display().to_string();
    let mut beyond = Vec::new();
    for (run, words, bound) in RUNS {
        let common = ["msnp-load", run, "--quick", "--suite", &suite];
        let arguments = Arguments::try_parse_from(common.iter().chain(words).copied())?;
        let first = results.records.len();
        Box::pin(super::dispatch(&arguments.command, results)).await?;
        let merged = merge(&results.records[first..]);
        let Some((figure, floor, limit)) = bound else { continue };
        for case in merged.iter().filter(|merged| merged.subject == "suite") {
            match ratio(&merged, (&case.run, &case.case), figure, "suite", floor) {
                Some(ratio) if ratio <= limit => {}
                Some(ratio) => {
                    beyond.push(format!("{run} {}: {ratio:.2}x {floor}, and {limit}x is allowed", case.case))
                }
                None => bail!("{run} {} was not compared with {floor}", case.case),
            }
        }
    }
    anyhow::ensure!(beyond.is_empty(), "too dear: {}", beyond.join("; "));
    Ok(())
}
