//! Every run that the goals need, one after the other.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::args::AllArgs;
use crate::progress::tell;
use crate::report::Results;

/// How long one of the runs may take: none that goes well takes half of it.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// A run, and the goals that it is for.
struct Line {
    goals: &'static [&'static str],
    words: &'static str,
}

const fn line(goals: &'static [&'static str], words: &'static str) -> Line {
    Line { goals, words }
}

/// What is compared with a floor comes first, and what is large last, so that nothing large is
/// beside what is small. What a stuck watcher may leave unread is full within a second only in bursts.
/// Memory is the same in every round, so that one is enough for it.
const LINES: [Line; 13] = [
    line(&["G1"], "relay --win 1 --floor mpsc --seconds 2"),
    line(&["G2"], "relay --win 64 --chunk 16 --floor mpsc --seconds 2"),
    line(&["G3"], "fan --win 1 --floor direct --seconds 2"),
    line(&["G4"], "fan --win 16 --floor mpsc --seconds 2"),
    line(&["G12"], "fan --win 16 --stuck 1 --seconds 4"),
    line(&["G7"], "login --floor direct"),
    line(&["G7"], "storm"),
    line(&["G11"], "store --seconds 2"),
    line(&["G5"], "idle --n 10000 --contacts 0,48 --rounds 1"),
    line(&["G8"], "start --rounds 20"),
    line(&["G9"], "mix --speed 1,50,100,200 --floor mpsc"),
    line(&["G10"], "cluster --seconds 1.5"),
    line(&["G6"], "herd --seconds 2"),
];

impl Line {
    /// The words of its command line.
    fn command(&self, args: &AllArgs) -> Vec<String> {
        let mut words: Vec<String> =
            ["msnp-load"].into_iter().chain(self.words.split(' ')).map(str::to_owned).collect();
        // The store is measured without a server.
        if !self.words.starts_with("store") {
            words.extend(["--suite".to_owned(), args.suite.display().to_string()]);
        }
        if !self.words.contains("--rounds") {
            words.extend(["--rounds".to_owned(), args.rounds.to_string()]);
        }
        if self.words.starts_with("cluster") && args.nats {
            words.extend(["--buses", "hub,nats"].map(str::to_owned));
        }
        words
    }
}

pub(super) async fn run(args: &AllArgs, results: &mut Results) -> anyhow::Result<()> {
    let known = |goal: &String| LINES.iter().any(|line| line.goals.contains(&goal.as_str()));
    if let Some(unknown) = args.only.iter().find(|goal| !known(goal)) {
        anyhow::bail!("there is no goal {unknown}: give some of G1 to G12");
    }
    let wanted =
        |line: &&Line| args.only.is_empty() || args.only.iter().any(|goal| line.goals.contains(&goal.as_str()));
    let lines: Vec<&Line> = LINES.iter().filter(wanted).collect();
    let (began, mut failed) = (Instant::now(), Vec::new());
    for (at, line) in lines.iter().enumerate() {
        let words = line.command(args);
        let goals = line.goals.join(", ");
        tell(&format!("{:4} s  {}/{}  {goals}: {}", began.elapsed().as_secs(), at + 1, lines.len(), words.join(" ")));
        let ended = tokio::time::timeout(PATIENCE, super::line(&words, results)).await;
        let ended = ended.with_context(|| format!("it was not done within {PATIENCE:?}"));
        // The others are worth something without it.
        if let Err(error) = ended.and_then(|ended| ended) {
            tell(&format!("failed: {error:#}"));
            failed.push(format!("{goals}: {error:#}"));
        }
    }
    tell(&format!("{:4} s  done", began.elapsed().as_secs()));
    anyhow::ensure!(failed.is_empty(), "{} of {} runs failed: {}", failed.len(), lines.len(), failed.join("; "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Arguments;

    fn args(only: &[&str]) -> AllArgs {
        let words = ["msnp-load", "all", "--suite", "x/msnpd", "--nats"].iter().chain(only);
        match Arguments::parse_from(words).command {
            crate::args::Command::All(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_goal_has_a_run_and_every_run_is_a_command() {
        for number in 1..=12 {
            let goal = format!("G{number}");
            assert!(LINES.iter().any(|line| line.goals.contains(&goal.as_str())), "{goal}");
        }
        for line in &LINES {
            let words = line.command(&args(&[]));
            assert!(Arguments::try_parse_from(&words).is_ok(), "{words:?}");
        }
    }

    #[tokio::test]
    async fn a_goal_that_is_none_is_told() {
        let error = run(&args(&["--only", "G1,G13"]), &mut Results::default()).await.unwrap_err();
        assert!(error.to_string().contains("no goal G13"), "{error}");
    }
}
