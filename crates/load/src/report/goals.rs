//! The goals of docs/PERFORMANCE.md, looked up among results.

use super::table::short;
use super::{Merged, ratio};

/// One claim of a goal: what it is, what it must not exceed, and what was measured.
pub(crate) struct Claim {
    pub(crate) goal: &'static str,
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) limit: f64,
    /// Is it the least that is wanted, instead of the most?
    pub(crate) at_least: bool,
    pub(crate) unit: &'static str,
}

impl Claim {
    pub(crate) fn met(&self) -> bool {
        if self.at_least { self.value >= self.limit } else { self.value <= self.limit }
    }
}

/// A figure of the suite as a multiple of the same figure of a floor in the same case.
struct Relative {
    goal: &'static str,
    what: &'static str,
    run: &'static str,
    /// Words that the case has.
    case: &'static [&'static str],
    figure: &'static str,
    floor: &'static str,
    limit: f64,
    at_least: bool,
}

const RELATIVE: [Relative; 8] = [
    Relative {
        goal: "G1",
        what: "relay, one in flight: CPU a message, of the floor",
        run: "relay",
        case: &["win=1"],
        figure: "cpu_us",
        floor: "floor-mpsc",
        limit: 1.2,
        at_least: false,
    },
    Relative {
        goal: "G1",
        what: "relay, one in flight: rate, of the floor",
        run: "relay",
        case: &["win=1"],
        figure: "rate",
        floor: "floor-mpsc",
        limit: 0.85,
        at_least: true,
    },
    Relative {
        goal: "G2",
        what: "relay in bursts: CPU a message, of the floor",
        run: "relay",
        case: &["win=64"],
        figure: "cpu_us",
        floor: "floor-mpsc",
        limit: 1.5,
        at_least: false,
    },
    Relative {
        goal: "G3",
        what: "fan-out, one in flight: CPU a delivery, of the floor",
        run: "fan",
        case: &["win=1"],
        figure: "cpu_us",
        floor: "floor-direct",
        limit: 1.2,
        at_least: false,
    },
    Relative {
        goal: "G4",
        what: "fan-out in bursts: CPU a delivery, of the floor",
        run: "fan",
        case: &["win=16"],
        figure: "cpu_us",
        floor: "floor-mpsc",
        limit: 1.3,
        at_least: false,
    },
    Relative {
        goal: "G7",
        what: "sign-in: CPU, of the floor",
        run: "login",
        case: &["contacts=50"],
        figure: "cpu_us",
        floor: "floor-direct",
        limit: 3.0,
        at_least: false,
    },
    Relative {
        goal: "G9",
        what: "the mix, 200 times as fast: p99 of chat, of the floor",
        run: "mix",
        case: &["speed=200"],
        figure: "chat_p99_us",
        floor: "floor-mpsc",
        limit: 3.0,
        at_least: false,
    },
    Relative {
        goal: "G11",
        what: "roster read, p50, of one value of the same size",
        run: "store",
        case: &["roster"],
        figure: "p50_us",
        floor: "floor-blob",
        limit: 1.3,
        at_least: false,
    },
];

/// A figure of the suite by itself.
struct Absolute {
    goal: &'static str,
    what: &'static str,
    run: &'static str,
    /// A word that the case has.
    case: &'static str,
    figure: &'static str,
    limit: f64,
    unit: &'static str,
}

const ABSOLUTE: [Absolute; 6] = [
    Absolute {
        goal: "G5",
        what: "idle user without contacts",
        run: "idle",
        case: "contacts=0",
        figure: "bytes",
        limit: 4096.0,
        unit: " bytes",
    },
    Absolute {
        goal: "G5",
        what: "idle user with 48 contacts",
        run: "idle",
        case: "contacts=48",
        figure: "bytes",
        limit: 6144.0,
        unit: " bytes",
    },
    Absolute {
        goal: "G7",
        what: "10,000 users back after a restart",
        run: "storm",
        case: "n=10000",
        figure: "back_ms",
        limit: 2500.0,
        unit: " ms",
    },
    Absolute {
        goal: "G8",
        what: "start with 1,000 accounts",
        run: "start",
        case: "accounts=1000",
        figure: "start_ms",
        limit: 30.0,
        unit: " ms",
    },
    Absolute {
        goal: "G8",
        what: "start with 1,000,000 accounts",
        run: "start",
        case: "accounts=1000000",
        figure: "start_ms",
        limit: 30.0,
        unit: " ms",
    },
    Absolute {
        goal: "G9",
        what: "the mix at normal speed: cores",
        run: "mix",
        case: "speed=1",
        figure: "cores",
        limit: 0.02,
        unit: "",
    },
];

/// What there is of the suite's in a case that has these words and none for another condition.
fn cases<'a>(merged: &'a [Merged], run: &str, words: &[&str]) -> impl Iterator<Item = &'a Merged> {
    merged.iter().filter(move |merged| {
        let all: Vec<&str> = merged.case.split(' ').collect();
        let special =
            all.iter().any(|word| ["idle=", "stuck=", "ns=", "rate="].iter().any(|start| word.starts_with(start)));
        merged.run == run && merged.subject == "suite" && !special && words.iter().all(|word| all.contains(word))
    })
}

/// All claims that these results say something of.
pub(crate) fn claims(merged: &[Merged]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for goal in &RELATIVE {
        for case in cases(merged, goal.run, goal.case) {
            if let Some(value) = ratio(merged, (&case.run, &case.case), goal.figure, "suite", goal.floor) {
                let Relative { goal, what, limit, at_least, .. } = *goal;
                claims.push(Claim { goal, what: format!("{what} ({})", case.case), value, limit, at_least, unit: "x" });
            }
        }
    }
    for goal in &ABSOLUTE {
        for case in cases(merged, goal.run, &[goal.case]) {
            if let Some(spread) = case.figures.get(goal.figure) {
                let Absolute { goal, what, limit, unit, .. } = *goal;
                let what = format!("{what} ({})", case.case);
                claims.push(Claim { goal, what, value: spread.median, limit, at_least: false, unit });
            }
        }
    }
    claims.extend(herds(merged));
    claims.extend(stuck(merged));
    claims.extend(group_commit(merged));
    claims.sort_by_key(|claim| claim.goal[1..].parse::<u32>().unwrap_or_default());
    claims
}

/// A case without one of its words, and that word's number.
fn without(case: &str, start: &str) -> Option<(String, f64)> {
    let word = case.split(' ').find(|word| word.starts_with(start))?;
    let number = word[start.len()..].parse().ok()?;
    Some((case.split(' ').filter(|other| *other != word).collect::<Vec<_>>().join(" "), number))
}

fn median(merged: &Merged, figure: &str) -> Option<f64> {
    merged.figures.get(figure).map(|spread| spread.median)
}

/// G6: the cost with the most idle users, of that with the fewest.
fn herds(merged: &[Merged]) -> Vec<Claim> {
    let mut all: Vec<(String, f64, f64)> = Vec::new();
    for case in merged.iter().filter(|merged| merged.subject == "suite") {
        if let (Some((rest, idle)), Some(cpu)) = (without(&case.case, "idle="), median(case, "cpu_us")) {
            all.push((format!("{} {rest}", case.run), idle, cpu));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let groups = all.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1);
    groups
        .filter_map(|group| {
            let (few, many) = (group.first()?, group.last()?);
            let what = format!("CPU with {} idle users, of that with {} ({})", many.1, few.1, few.0);
            Some(Claim { goal: "G6", what, value: many.2 / few.2, limit: 1.1, at_least: false, unit: "x" })
        })
        .collect()
}

/// G12: the others' p99 with a stuck watcher, of that without.
fn stuck(merged: &[Merged]) -> Vec<Claim> {
    let stuck = merged.iter().filter(|merged| merged.subject == "suite").filter_map(|case| {
        let (rest, _) = without(&case.case, "stuck=")?;
        let free = merged
            .iter()
            .find(|other| (&other.run, &other.case, &other.subject) == (&case.run, &rest, &case.subject))?;
        let value = median(case, "p99_us")? / median(free, "p99_us")?;
        let what = format!("p99 of the others beside one who does not read ({rest})");
        Some(Claim { goal: "G12", what, value, limit: 1.1, at_least: false, unit: "x" })
    });
    stuck.collect()
}

/// G11: the rate of edits of many, of that of one.
fn group_commit(merged: &[Merged]) -> Vec<Claim> {
    let edits = |merged: &&Merged| merged.run == "store" && merged.case.contains("edits");
    let claims = merged.iter().filter(edits).filter_map(|many| {
        let (rest, editors) = without(&many.case, "editors=")?;
        let one = merged.iter().find(|one| one.run == "store" && one.case == format!("{rest} editors=1"))?;
        let value = median(many, "rate")? / median(one, "rate")?;
        let what = format!("rate of edits of {editors} at once, of that of one ({rest})");
        (editors > 1.0).then_some(Claim { goal: "G11", what, value, limit: 10.0, at_least: true, unit: "x" })
    });
    claims.collect()
}

/// The claims as lines of a table in Markdown.
pub(crate) fn markdown(claims: &[Claim]) -> String {
    let mut text = "| goal | what | measured | wanted | |\n|---|---|---|---|---|\n".to_owned();
    for claim in claims {
        let Claim { goal, what, value, limit, unit, .. } = claim;
        let sign = if claim.at_least { "≥" } else { "≤" };
        let met = if claim.met() { "met" } else { "**not met**" };
        text += &format!("| {goal} | {what} | {}{unit} | {sign} {}{unit} | {met} |\n", short(*value), short(*limit));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Record, merge};
    use super::*;

    fn record(run: &str, case: &str, subject: &str, figures: &[(&str, f64)]) -> Record {
        let figures = figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        Record { run: run.to_owned(), case: case.to_owned(), subject: subject.to_owned(), round: 0, figures }
    }

    fn of(records: &[Record]) -> Vec<(&'static str, f64, bool)> {
        claims(&merge(records)).iter().map(|claim| (claim.goal, claim.value, claim.met())).collect()
    }

    #[test]
    fn a_relative_goal_is_of_the_floor_in_the_same_case() {
        let case = "pairs=100 win=1 chunk=1 N";
        let records = [
            record("relay", case, "suite", &[("cpu_us", 6.0), ("rate", 80.0)]),
            record("relay", case, "floor-mpsc", &[("cpu_us", 4.0), ("rate", 100.0)]),
            record("relay", "pairs=100 win=1 chunk=1 N idle=5", "suite", &[("cpu_us", 100.0)]),
        ];
        assert_eq!(of(&records), [("G1", 1.5, false), ("G1", 0.8, false)]);
        assert!(of(&records[..1]).is_empty(), "nothing to compare with");
    }

    #[test]
    fn a_word_is_a_whole_word() {
        let records = [record("start", "accounts=1000000", "suite", &[("start_ms", 20.0)])];
        assert_eq!(of(&records), [("G8", 20.0, true)]);
    }

    #[test]
    fn herds_stuck_watchers_and_groups_are_compared_with_themselves() {
        let fan = "watchers=200 win=1 chunk=1";
        let records = [
            record("fan", fan, "suite", &[("p99_us", 100.0)]),
            record("fan", &format!("{fan} stuck=1"), "suite", &[("p99_us", 120.0)]),
            record("fan", &format!("{fan} idle=1000"), "suite", &[("cpu_us", 1.0)]),
            record("fan", &format!("{fan} idle=100000"), "suite", &[("cpu_us", 1.05)]),
            record("store", "sqlite edits editors=1", "suite", &[("rate", 100.0)]),
            record("store", "sqlite edits editors=64", "suite", &[("rate", 1500.0)]),
        ];
        assert_eq!(of(&records), [("G6", 1.05, true), ("G11", 15.0, true), ("G12", 1.2, false)]);
        assert!(markdown(&claims(&merge(&records))).contains("| 1.20x | ≤ 1.10x | **not met** |"));
    }
}
