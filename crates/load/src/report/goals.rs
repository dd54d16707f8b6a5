//! The goals of docs/PERFORMANCE.md, looked up among results.

use super::Merged;
use super::table::short;

/// How many goals there are.
const GOALS: u32 = 12;

/// One claim of a goal: what was measured, what it is compared with, and what is wanted.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Claim {
    pub(crate) goal: &'static str,
    pub(crate) what: String,
    pub(crate) measured: f64,
    /// What it is a multiple of; without it, it counts by itself.
    pub(crate) beside: Option<f64>,
    pub(crate) unit: &'static str,
    /// Of the multiple, if it is one.
    pub(crate) limit: f64,
    /// Is it the least that is wanted, instead of the most?
    pub(crate) at_least: bool,
    /// Why the figure does not count, if it does not.
    pub(crate) flaw: Option<String>,
}

impl Claim {
    /// At most so many times what it is compared with.
    fn at_most(
        goal: &'static str,
        what: String,
        (measured, beside): (f64, f64),
        unit: &'static str,
        limit: f64,
    ) -> Self {
        Self { goal, what, measured, beside: Some(beside), unit, limit, at_least: false, flaw: None }
    }

    /// At least so many times that.
    fn at_least(goal: &'static str, what: String, both: (f64, f64), unit: &'static str, limit: f64) -> Self {
        Self { at_least: true, ..Self::at_most(goal, what, both, unit, limit) }
    }

    /// At most so much, by itself.
    fn alone(goal: &'static str, what: String, measured: f64, unit: &'static str, limit: f64) -> Self {
        Self { goal, what, measured, beside: None, unit, limit, at_least: false, flaw: None }
    }

    /// What is held against the limit.
    pub(crate) fn value(&self) -> f64 {
        self.beside.map_or(self.measured, |beside| self.measured / beside)
    }

    pub(crate) fn met(&self) -> bool {
        let within = if self.at_least { self.value() >= self.limit } else { self.value() <= self.limit };
        within && self.flaw.is_none()
    }

    /// How much of what is allowed was used: at most 1 is met.
    pub(crate) fn used(&self) -> f64 {
        if self.at_least { self.limit / self.value() } else { self.value() / self.limit }
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
    unit: &'static str,
    floor: &'static str,
    limit: f64,
    at_least: bool,
}

const RELATIVE: [Relative; 7] = [
    Relative {
        goal: "G1",
        what: "relay, one in flight: CPU a message",
        run: "relay",
        case: &["win=1"],
        figure: "cpu_us",
        unit: " µs",
        floor: "floor-mpsc",
        limit: 1.2,
        at_least: false,
    },
    Relative {
        goal: "G1",
        what: "relay, one in flight: rate",
        run: "relay",
        case: &["win=1"],
        figure: "rate",
        unit: "/s",
        floor: "floor-mpsc",
        limit: 0.85,
        at_least: true,
    },
    Relative {
        goal: "G2",
        what: "relay in bursts: CPU a message",
        run: "relay",
        case: &["win=64"],
        figure: "cpu_us",
        unit: " µs",
        floor: "floor-mpsc",
        limit: 1.5,
        at_least: false,
    },
    Relative {
        goal: "G3",
        what: "fan-out, one in flight: CPU a delivery",
        run: "fan",
        case: &["win=1"],
        figure: "cpu_us",
        unit: " µs",
        floor: "floor-direct",
        limit: 1.2,
        at_least: false,
    },
    Relative {
        goal: "G4",
        what: "fan-out in bursts: CPU a delivery",
        run: "fan",
        case: &["win=16"],
        figure: "cpu_us",
        unit: " µs",
        floor: "floor-mpsc",
        limit: 1.3,
        at_least: false,
    },
    Relative {
        goal: "G7",
        what: "sign-in: CPU",
        run: "login",
        case: &["contacts=50"],
        figure: "cpu_us",
        unit: " µs",
        floor: "floor-direct",
        limit: 3.0,
        at_least: false,
    },
    Relative {
        goal: "G11",
        what: "roster read, p50, beside one value of the same size",
        run: "store",
        case: &["roster"],
        figure: "p50_us",
        unit: " µs",
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

/// Words of a case that is measured under another condition than the goals are about that compare
/// with a floor.
const SPECIAL: [&str; 4] = ["idle=", "stuck=", "ns=", "rate="];

/// What there is of the suite's in a case that has these words and none for another condition.
fn cases<'a>(merged: &'a [Merged], run: &str, words: &[&str]) -> impl Iterator<Item = &'a Merged> {
    merged.iter().filter(move |merged| {
        let all: Vec<&str> = merged.case.split(' ').collect();
        let special = all.iter().any(|word| SPECIAL.iter().any(|start| word.starts_with(start)));
        merged.run == run && merged.subject == "suite" && !special && words.iter().all(|word| all.contains(word))
    })
}

/// All claims that these results say something of.
pub(crate) fn claims(merged: &[Merged]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for goal in &RELATIVE {
        for case in cases(merged, goal.run, goal.case) {
            let floor = find(merged, &case.run, &case.case, goal.floor).and_then(|floor| median(floor, goal.figure));
            if let (Some(measured), Some(floor)) = (median(case, goal.figure), floor.filter(|floor| *floor > 0.0)) {
                let Relative { goal, what, unit, limit, at_least, .. } = *goal;
                let what = format!("{what} ({})", case.case);
                claims.push(Claim { at_least, ..Claim::at_most(goal, what, (measured, floor), unit, limit) });
            }
        }
    }
    for goal in &ABSOLUTE {
        for case in cases(merged, goal.run, &[goal.case]) {
            if let Some(measured) = median(case, goal.figure) {
                let Absolute { goal, what, limit, unit, .. } = *goal;
                let what = format!("{what} ({})", case.case);
                claims.push(Claim::alone(goal, what, measured, unit, limit));
            }
        }
    }
    claims.extend(herds(merged));
    claims.extend(sizes(merged));
    claims.extend(mixes(merged));
    claims.extend(placed(merged));
    claims.extend(messages(merged));
    claims.extend(group_commit(merged));
    claims.extend(stuck(merged));
    claims.sort_by_key(|claim| claim.goal[1..].parse::<u32>().unwrap_or_default());
    claims
}

/// The goals that these claims say nothing of.
pub(crate) fn unmeasured(claims: &[Claim]) -> Vec<String> {
    let all = (1..=GOALS).map(|number| format!("G{number}"));
    all.filter(|goal| claims.iter().all(|claim| claim.goal != goal)).collect()
}

/// A case without one of its words, and that word's number.
fn without(case: &str, start: &str) -> Option<(String, f64)> {
    let word = case.split(' ').find(|word| word.starts_with(start))?;
    let number = word[start.len()..].parse().ok()?;
    Some((case.split(' ').filter(|other| *other != word).collect::<Vec<_>>().join(" "), number))
}

/// What a case says of something.
fn word<'a>(case: &'a str, start: &str) -> &'a str {
    case.split(' ').find_map(|word| word.strip_prefix(start)).unwrap_or_default()
}

fn median(merged: &Merged, figure: &str) -> Option<f64> {
    merged.figures.get(figure).map(|spread| spread.median)
}

fn find<'a>(merged: &'a [Merged], run: &str, case: &str, subject: &str) -> Option<&'a Merged> {
    merged
        .iter()
        .find(|merged| (merged.run.as_str(), merged.case.as_str(), merged.subject.as_str()) == (run, case, subject))
}

/// A case, and the number of one of its words.
type Numbered<'a> = (f64, &'a Merged);

/// Of the suite's cases that differ in the number of one word only: those with the least and the
/// most, and what they have in common.
fn extremes<'a>(merged: &'a [Merged], word: &str, least: f64) -> Vec<(String, Numbered<'a>, Numbered<'a>)> {
    let mut all: Vec<(String, f64, &Merged)> = Vec::new();
    for case in merged.iter().filter(|merged| merged.subject == "suite") {
        if let Some((rest, number)) = without(&case.case, word).filter(|(_, number)| *number >= least) {
            all.push((format!("{} {rest}", case.run), number, case));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let groups = all.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1);
    groups
        .filter_map(|group| Some((group.first()?, group.last()?)))
        .map(|(a, b)| (a.0.clone(), (a.1, a.2), (b.1, b.2)))
        .collect()
}

/// G6: the cost with the most idle users, beside that with the fewest.
fn herds(merged: &[Merged]) -> Vec<Claim> {
    let claims = extremes(merged, "idle=", 0.0).into_iter().filter_map(|(rest, few, many)| {
        let operation = match many.1.run.as_str() {
            "relay" => "a message",
            "fan" => "a delivery",
            "login" => "a sign-in",
            _ => "an operation",
        };
        let (few_n, many_n) = (short(few.0), short(many.0));
        let what = format!("CPU of {operation} with {many_n} idle users, beside {few_n} ({rest})");
        Some(Claim::at_most("G6", what, (median(many.1, "cpu_us")?, median(few.1, "cpu_us")?), " µs", 1.1))
    });
    claims.collect()
}

/// G6: the memory of one of many idle users, beside that of one of few, on as many servers.
fn sizes(merged: &[Merged]) -> Vec<Claim> {
    // Of fewer users than that, what the servers have for all of them makes up too much.
    const LEAST: f64 = 10_000.0;
    let separate = extremes(merged, "n=", LEAST).into_iter().filter(|(rest, ..)| without(rest, "ns=").is_some());
    let claims = separate.filter_map(|(rest, few, many)| {
        let (few_n, many_n) = (short(few.0), short(many.0));
        let what = format!("memory of one of {many_n} idle users, beside {few_n} ({rest}, but the first tenth)");
        Some(Claim::at_most("G6", what, (median(many.1, "bytes")?, median(few.1, "bytes")?), " bytes", 1.02))
    });
    claims.collect()
}

/// G9: chat in the mix, beside messages of the floor at the same rate; and the highest speed at
/// which it is as quick as is wanted.
fn mixes(merged: &[Merged]) -> Vec<Claim> {
    const FLOORS: f64 = 3.0;
    const LONGEST: f64 = 5_000.0;
    const WANTED: f64 = 200.0;
    let mut claims = Vec::new();
    let mut sustained: Vec<(String, f64)> = Vec::new();
    for case in cases(merged, "mix", &[]) {
        let Some((rest, speed)) = without(&case.case, "speed=").filter(|(_, speed)| *speed > 1.0) else { continue };
        let floor = find(merged, "mix", &case.case, "floor-mpsc").and_then(|floor| median(floor, "chat_p99_us"));
        let (Some(p99), Some(floor)) = (median(case, "chat_p99_us"), floor) else { continue };
        let broken = case.figures.contains_key("broken");
        let is_quick = p99 <= FLOORS * floor && p99 <= LONGEST && !broken;
        match sustained.iter_mut().find(|(other, _)| *other == rest) {
            Some((_, most)) if is_quick => *most = most.max(speed),
            Some(_) => {}
            None => sustained.push((rest, if is_quick { speed } else { 0.0 })),
        }
        if speed >= WANTED {
            let late = median(case, "late_pct").unwrap_or_default();
            let what =
                format!("the mix {speed} times as fast: p99 of chat ({}, clients late {} %)", case.case, short(late));
            let flaw = broken.then(|| "in one of the rounds something was lost, or did not come in time".to_owned());
            claims.push(Claim { flaw, ..Claim::at_most("G9", what, (p99, floor), " µs", FLOORS) });
        }
    }
    claims.extend(sustained.into_iter().map(|(rest, speed)| {
        let what = format!("the mix: highest speed at which p99 of chat is good (within {FLOORS}x and 5 ms, {rest})");
        Claim { at_least: true, ..Claim::alone("G9", what, speed, "", WANTED) }
    }));
    claims
}

/// G10: watchers spread over several servers, beside the same number at the publisher's.
fn placed(merged: &[Merged]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for spread in cases_of(merged, "cluster") {
        let Some(rest) = spread.case.strip_suffix(" spread") else { continue };
        let Some(together) = find(merged, "cluster", &format!("{rest} together"), "suite") else { continue };
        let both = |figure| Some((median(spread, figure)?, median(together, figure)?));
        let bus = word(rest, "bus=");
        let Some((_, ns)) = without(rest, "ns=").filter(|(_, ns)| *ns > 1.0) else { continue };
        // Both have as many deliveries; of those of the spread, all but one server's are remote.
        if let Some((cost, local)) = both("cpu_us").filter(|_| rest.contains("win=1 ")) {
            let added = (cost - local) / ((ns - 1.0) / ns);
            let what = format!("{ns} servers, {bus}: CPU that a remote delivery adds ({rest})");
            claims.push(Claim::at_most("G10", what, (added, local), " µs", 0.3));
        }
        if let Some(rates) = both("rate") {
            let how = if rest.contains("win=1 ") { "one in flight" } else { "in bursts" };
            let what = format!("{ns} servers, {bus}: rate {how}, beside one server ({rest})");
            claims.push(Claim::at_least("G10", what, rates, "/s", 0.9));
        }
    }
    claims
}

/// G10: one message between servers for each change and other server.
fn messages(merged: &[Merged]) -> Vec<Claim> {
    // A server may have something else to say while changes are counted.
    const ONE: f64 = 1.005;
    let claims = cases_of(merged, "cluster").filter_map(|case| {
        let (ns, bus) = (word(&case.case, "ns="), word(&case.case, "bus="));
        let what = format!("{ns} servers, {bus}: messages a change and other server ({})", case.case);
        Some(Claim::alone("G10", what, median(case, "sent_each")?, "", ONE))
    });
    claims.collect()
}

fn cases_of<'a>(merged: &'a [Merged], run: &str) -> impl Iterator<Item = &'a Merged> {
    merged.iter().filter(move |merged| merged.run == run && merged.subject == "suite")
}

/// G12: the others' p99 with a stuck watcher, beside that without. It counts only if the one who is
/// stuck was disconnected in every round: until then, nothing was in anybody's way.
fn stuck(merged: &[Merged]) -> Vec<Claim> {
    let stuck = cases_of(merged, "fan").filter_map(|case| {
        let (rest, count) = without(&case.case, "stuck=").filter(|(_, count)| *count > 0.0)?;
        let free =
            cases_of(merged, &case.run).find(|other| without(&other.case, "stuck=") == Some((rest.clone(), 0.0)))?;
        let what = format!("p99 of the others beside one who does not read ({rest})");
        let closed = case.figures.get("stuck_closed").map_or(0.0, |spread| spread.least);
        let flaw = (closed < count).then(|| format!("only {closed} of {count} were disconnected in each round"));
        let both = (median(case, "p99_us")?, median(free, "p99_us")?);
        Some(Claim { flaw, ..Claim::at_most("G12", what, both, " µs", 1.1) })
    });
    stuck.collect()
}

/// G11: the rate of edits of many, beside that of one.
fn group_commit(merged: &[Merged]) -> Vec<Claim> {
    let edits = |merged: &&Merged| merged.run == "store" && merged.case.contains("edits");
    let claims = merged.iter().filter(edits).filter_map(|many| {
        let (rest, editors) = without(&many.case, "editors=")?;
        let one = find(merged, "store", &format!("{rest} editors=1"), "suite")?;
        let what = format!("edits of {editors} at once, beside those of one ({rest})");
        let both = (median(many, "rate")?, median(one, "rate")?);
        (editors > 1.0).then(|| Claim::at_least("G11", what, both, "/s", 10.0))
    });
    claims.collect()
}

/// The claims as lines of a table in Markdown, and what is missing.
pub(crate) fn markdown(claims: &[Claim]) -> String {
    let mut text =
        "| goal | what | measured | compared with | ratio | wanted | |\n|---|---|---|---|---|---|---|\n".to_owned();
    for claim in claims {
        let Claim { goal, what, measured, beside, unit, limit, .. } = claim;
        let sign = if claim.at_least { "≥" } else { "≤" };
        let met = match &claim.flaw {
            Some(flaw) => format!("**not met**: {flaw}"),
            None if claim.met() => "met".to_owned(),
            None => "**not met**".to_owned(),
        };
        let measured = format!("{}{unit}", short(*measured));
        let (beside, ratio, wanted) = match beside {
            Some(beside) => (
                format!("{}{unit}", short(*beside)),
                format!("{}x", short(claim.value())),
                format!("{}x", short(*limit)),
            ),
            None => (String::new(), String::new(), format!("{}{unit}", short(*limit))),
        };
        text += &format!("| {goal} | {what} | {measured} | {beside} | {ratio} | {sign} {wanted} | {met} |\n");
    }
    let missing = unmeasured(claims);
    if !missing.is_empty() {
        text += &format!("\nNothing was measured of {}.\n", missing.join(", "));
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
        claims(&merge(records)).iter().map(|claim| (claim.goal, claim.value(), claim.met())).collect()
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
            record("fan", fan, "suite", &[("p99_us", 50.0)]),
            record("fan", &format!("{fan} stuck=0"), "suite", &[("p99_us", 100.0)]),
            record("fan", &format!("{fan} stuck=1"), "suite", &[("p99_us", 120.0), ("stuck_closed", 1.0)]),
            record("fan", &format!("{fan} idle=1000"), "suite", &[("cpu_us", 1.0)]),
            record("fan", &format!("{fan} idle=100000"), "suite", &[("cpu_us", 1.05)]),
            record("store", "sqlite edits editors=1", "suite", &[("rate", 100.0)]),
            record("store", "sqlite edits editors=64", "suite", &[("rate", 1500.0)]),
        ];
        assert_eq!(of(&records), [("G6", 1.05, true), ("G11", 15.0, true), ("G12", 1.2, false)]);
        assert!(markdown(&claims(&merge(&records))).contains(
            "| p99 of the others beside one who does not read (watchers=200 win=1 chunk=1) \
             | 120 µs | 100 µs | 1.20x | ≤ 1.10x | **not met** |"
        ));
    }

    #[test]
    fn a_watcher_that_was_never_disconnected_was_not_stuck() {
        let fan = "watchers=200 win=1 chunk=1";
        let stuck = |round, closed| Record {
            round,
            ..record("fan", &format!("{fan} stuck=1"), "suite", &[("p99_us", 100.0), ("stuck_closed", closed)])
        };
        let free = record("fan", &format!("{fan} stuck=0"), "suite", &[("p99_us", 100.0)]);
        assert_eq!(of(&[free.clone(), stuck(0, 1.0), stuck(1, 1.0)]), [("G12", 1.0, true)]);
        let records = [free, stuck(0, 1.0), stuck(1, 0.0), stuck(2, 1.0)];
        assert_eq!(of(&records), [("G12", 1.0, false)]);
        assert!(markdown(&claims(&merge(&records))).contains("**not met**: only 0 of 1 were disconnected"));
    }

    #[test]
    fn memory_of_many_is_beside_that_of_few_on_as_many_servers() {
        let idle = |case: &str, bytes| record("idle", case, "suite", &[("bytes", bytes)]);
        let records = [
            idle("n=10000 contacts=0", 4000.0),
            idle("n=1000 contacts=0 ns=6", 9000.0),
            idle("n=20000 contacts=0 ns=6", 5000.0),
            idle("n=100000 contacts=0 ns=6", 5050.0),
            idle("n=100000 contacts=48 ns=6", 1.0),
        ];
        assert_eq!(of(&records), [("G5", 4000.0, true), ("G6", 1.01, true)]);
    }

    #[test]
    fn what_a_remote_delivery_adds_is_of_the_remote_ones_only() {
        let case = "watchers=200 win=1 chunk=1 ns=4 bus=hub";
        let of_case = |placed: &str, cpu, rate| {
            record("cluster", &format!("{case} {placed}"), "suite", &[("cpu_us", cpu), ("rate", rate)])
        };
        // A quarter of the watchers is at the publisher's server.
        let mut records = vec![of_case("together", 4.0, 100.0), of_case("spread", 4.75, 80.0)];
        assert_eq!(of(&records), [("G10", 0.25, true), ("G10", 0.8, false)]);
        records.push(record("cluster", "messages ns=4 bus=hub", "suite", &[("sent_each", 1.0)]));
        records.push(record("cluster", "messages ns=2 bus=hub", "suite", &[("sent_each", 2.0)]));
        assert_eq!(of(&records)[2..], [("G10", 1.0, true), ("G10", 2.0, false)]);
    }

    #[test]
    fn the_highest_speed_is_that_of_the_quick_ones() {
        let case = |speed: u32, p99: f64, floor: f64| {
            let case = format!("n=10000 speed={speed}");
            [
                record("mix", &case, "suite", &[("chat_p99_us", p99)]),
                record("mix", &case, "floor-mpsc", &[("chat_p99_us", floor)]),
            ]
        };
        let all = [case(50, 1000.0, 500.0), case(100, 2000.0, 900.0), case(200, 2000.0, 500.0)].concat();
        assert_eq!(of(&all), [("G9", 4.0, false), ("G9", 100.0, false)]);
        let all = [case(50, 1000.0, 100.0), case(200, 6000.0, 3000.0)].concat();
        assert_eq!(of(&all), [("G9", 2.0, true), ("G9", 0.0, false)], "6 ms are too long, whatever the floor takes");
        let mut all = [case(100, 1000.0, 500.0), case(200, 1000.0, 500.0)].concat();
        assert_eq!(of(&all), [("G9", 2.0, true), ("G9", 200.0, true)]);
        all.push(Record { round: 1, ..record("mix", "n=10000 speed=200", "suite", &[("broken", 1.0)]) });
        assert_eq!(of(&all), [("G9", 2.0, false), ("G9", 100.0, false)]);
    }

    #[test]
    fn goals_of_which_nothing_is_known_are_told() {
        let records = [record("start", "accounts=1000000", "suite", &[("start_ms", 20.0)])];
        let missing = unmeasured(&claims(&merge(&records)));
        assert!(missing.len() == 11 && !missing.contains(&"G8".to_owned()), "{missing:?}");
    }
}
