//! All runs, small and short, with loose bounds: for a machine whose clock cannot be trusted.

use anyhow::bail;

use crate::args::QuickArgs;
use crate::report::{Results, merge, ratio};

/// A run, and what of a floor the suite may cost there at most. What is verified in it counts more
/// than that.
struct Quick {
    words: &'static str,
    bound: Option<Bound>,
}

/// At most `times` the figure of the floor.
struct Bound {
    figure: &'static str,
    floor: &'static str,
    times: f64,
}

const fn quick(words: &'static str) -> Quick {
    Quick { words, bound: None }
}

impl Quick {
    const fn within(self, times: f64, figure: &'static str, floor: &'static str) -> Self {
        Self { bound: Some(Bound { figure, floor, times }), ..self }
    }
}

const RUNS: [Quick; 7] = [
    quick("relay --win 1 --floor mpsc").within(3.0, "cpu_us", "floor-mpsc"),
    quick("relay --win 64 --floor mpsc").within(5.0, "cpu_us", "floor-mpsc"),
    quick("fan --win 1 --stuck 1 --floor direct").within(3.0, "cpu_us", "floor-direct"),
    quick("fan --win 16 --floor mpsc").within(6.0, "cpu_us", "floor-mpsc"),
    quick("login --floor direct").within(20.0, "cpu_us", "floor-direct"),
    quick("idle --contacts 48 --floor direct").within(50.0, "bytes", "floor-direct"),
    quick("mix --speed 50 --floor mpsc"),
];

pub(super) async fn run(args: &QuickArgs, results: &mut Results) -> anyhow::Result<()> {
    let suite = args.suite.display().to_string();
    let mut beyond = Vec::new();
    for Quick { words, bound } in RUNS {
        let all = ["msnp-load"].into_iter().chain(words.split(' ')).chain(["--quick", "--suite", &suite]);
        let first = results.records.len();
        super::line(&all.map(str::to_owned).collect::<Vec<_>>(), results).await?;
        let merged = merge(&results.records[first..]);
        let Some(Bound { figure, floor, times }) = bound else { continue };
        for case in merged.iter().filter(|merged| merged.subject == "suite") {
            match ratio(&merged, (&case.run, &case.case), figure, "suite", floor) {
                Some(ratio) if ratio <= times => {}
                Some(ratio) => {
                    beyond.push(format!("{} {}: {ratio:.2}x {floor}, and {times}x is allowed", case.run, case.case))
                }
                None => bail!("{} {} was not compared with {floor}", case.run, case.case),
            }
        }
    }
    anyhow::ensure!(beyond.is_empty(), "too dear: {}", beyond.join("; "));
    Ok(())
}
