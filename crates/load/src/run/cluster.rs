//! What several notification servers cost: the same watchers once all at the publisher's server and
//! once spread over all, in the same suite; and how many messages between servers a change takes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};

use super::fan::{Cast, Stage, Terms};
use crate::args::{ClusterArgs, TargetArgs};
use crate::client::dispatch;
use crate::progress::bar;
use crate::report::{Figures, Record, Results};
use crate::server::{Bus, Crowd, Plan, Shape, Suite, Target, befriend};

/// Changes of state that are under way: one, where cost is looked at, and many, where the rate is.
const WINDOWS: [u64; 2] = [1, 16];
/// Accounts that are made, of so many that are wanted on one server: where each lands is not chosen,
/// and the one that has least must have enough.
const SPARE: (usize, usize) = (5, 4);
/// How long changes are counted.
const COUNTED: Duration = Duration::from_millis(500);
/// How long a server may take to report what it has sent: it does each ten seconds.
const REPORTED: Duration = Duration::from_secs(30);

pub(super) async fn run(args: &ClusterArgs, results: &mut Results) -> anyhow::Result<()> {
    let each = if args.measure.quick { args.watchers.min(10) } else { args.watchers };
    anyhow::ensure!(args.target.store.is_none(), "every suite here has a store of its own: leave --store away");
    let mut clusters = Vec::new();
    for bus in &args.buses {
        for ns in &args.servers {
            clusters.push(Cluster::start(&args.target, *ns, each.into(), Bus::from(bus.as_str())).await?);
        }
    }
    let terms =
        |cluster: &Cluster, window| Terms { watchers: each as usize * cluster.ns, stuck: 0, window, chunk: window };
    let bar = bar(u64::from(args.measure.rounds) * 2 * (WINDOWS.len() * clusters.len()) as u64);
    for round in 0..args.measure.rounds {
        for cluster in &mut clusters {
            for window in WINDOWS {
                let terms = terms(cluster, window);
                // In every other round the other way round, so that none has the better place.
                let both = [Placed::Together, Placed::Spread];
                for placed in if round.is_multiple_of(2) { both } else { [both[1], both[0]] } {
                    let case = cluster.case(&terms, placed);
                    bar.set_message(case.clone());
                    let stage = Stage::gather(&cluster.target, cluster.cast(placed)).await?;
                    let (warm_up, span) = (args.measure.warm_up(), args.measure.span());
                    let figures = stage.play(&cluster.target, &terms, warm_up, span).await;
                    cluster.target.check()?;
                    let (figures, _) = figures.with_context(|| format!("{case}, round {}", round + 1))?;
                    let (run, subject) = ("cluster".to_owned(), "suite".to_owned());
                    results.push(Record { run, case, subject, round, figures })?;
                    bar.inc(1);
                }
            }
        }
    }
    bar.set_message("counting messages between servers");
    count(&clusters, results).await?;
    bar.finish_and_clear();
    Ok(())
}

/// Where the watchers are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Placed {
    /// All at the publisher's server.
    Together,
    /// As many at each.
    Spread,
}

/// A suite with several notification servers, and who is to watch whom there.
struct Cluster {
    ns: usize,
    bus: String,
    target: Target,
    together: Cast,
    spread: Cast,
}

impl Cluster {
    /// Starts it, and finds people who are at home where they are wanted.
    async fn start(args: &TargetArgs, ns: usize, each: usize, bus: Bus) -> anyhow::Result<Self> {
        let plan = args.plan(Some(ns)).context("nothing to measure: give --suite")?;
        let name = bus.to_string();
        let plan = Plan { shape: Shape::Separate { ns, bus }, ..plan };
        // At one server: two publishers, the watchers of the one, and some of the other's.
        let most = 2 + each * ns + each;
        let accounts = (most * ns * SPARE.0 / SPARE.1).max(most + 20 * ns);
        let suite = Suite::start(plan, &Crowd::strangers(accounts), args.way()).await?;
        let ds = suite.way.ds.context("a suite has a dispatch server")?;
        let mut homes: BTreeMap<SocketAddr, Vec<usize>> = BTreeMap::new();
        for number in 0..accounts {
            let home = dispatch(&suite.way, ds, &suite.way.account(number)).await?;
            homes.entry(home).or_default().push(number);
        }
        anyhow::ensure!(homes.len() == ns, "the dispatch server sends people to {} of {ns} servers", homes.len());
        let (together, spread) = casts(homes.into_values().collect(), each)?;
        let store = suite.open_store().await?;
        let watching = |cast: &Cast| cast.watchers.iter().map(|who| (*who, cast.publisher)).collect::<Vec<_>>();
        let all = [watching(&together), watching(&spread)].concat();
        let befriended = befriend(&store, &suite.way.pattern, &all).await;
        store.close().await;
        befriended?;
        Ok(Self { ns, bus: name, target: Target::Suite(suite), together, spread })
    }

    fn cast(&self, placed: Placed) -> &Cast {
        match placed {
            Placed::Together => &self.together,
            Placed::Spread => &self.spread,
        }
    }

    fn case(&self, terms: &Terms, placed: Placed) -> String {
        let placed = match placed {
            Placed::Together => "together",
            Placed::Spread => "spread",
        };
        format!("{} ns={} bus={} {placed}", terms.case(), self.ns, self.bus)
    }

    /// What the notification servers have sent to others by now, as they report it.
    async fn sent(&self) -> anyhow::Result<u64> {
        let Target::Suite(suite) = &self.target else { bail!("only a suite that was started here is counted") };
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let until = tokio::time::Instant::now() + REPORTED;
        let store = suite.open_store().await?;
        let sent = loop {
            let nodes = store.nodes().await?;
            let fresh = nodes.iter().filter(|node| node.report.role == "notification" && node.seen_at >= now);
            let sent: Vec<u64> = fresh.map(|node| node.report.sent).collect();
            if sent.len() == self.ns {
                break sent.into_iter().sum();
            }
            let late = tokio::time::Instant::now() >= until;
            anyhow::ensure!(!late, "only {} of {} servers reported within {REPORTED:?}", sent.len(), self.ns);
            tokio::time::sleep(Duration::from_millis(250)).await;
        };
        store.close().await;
        Ok(sent)
    }
}

/// Those whose watchers are all at one server, and those whose are at all: of people by where they
/// are at home. Both publishers are at the same one.
fn casts(mut homes: Vec<Vec<usize>>, each: usize) -> anyhow::Result<(Cast, Cast)> {
    let servers = homes.len();
    homes.sort_by_key(|people| std::cmp::Reverse(people.len()));
    let mut take = |home: usize, count: usize| {
        let people = &mut homes[home];
        anyhow::ensure!(people.len() >= count, "too few people are at home at one of the servers");
        Ok(people.split_off(people.len() - count))
    };
    let (publishers, together) = (take(0, 2)?, take(0, each * servers)?);
    let mut spread = Vec::new();
    for home in 0..servers {
        spread.extend(take(home, each)?);
    }
    let cast = |publisher, watchers| Cast { publisher, watchers, stuck: Vec::new() };
    Ok((cast(publishers[0], together), cast(publishers[1], spread)))
}

/// Counts the messages between servers that a change takes. Nobody comes or goes meanwhile, so that
/// nothing else is told; all clusters are counted at the same time, since servers report seldom.
async fn count(clusters: &[Cluster], results: &mut Results) -> anyhow::Result<()> {
    let mut stages = Vec::new();
    for cluster in clusters {
        stages.push(Stage::gather(&cluster.target, &cluster.spread).await?);
    }
    let mut before = Vec::new();
    for cluster in clusters {
        before.push(cluster.sent().await?);
    }
    let (mut events, mut kept) = (Vec::new(), Vec::new());
    for (cluster, stage) in clusters.iter().zip(stages) {
        let terms = Terms { watchers: cluster.spread.watchers.len(), stuck: 0, window: 1, chunk: 1 };
        let (figures, conns) = stage.play(&cluster.target, &terms, Duration::ZERO, COUNTED).await?;
        events.push(figures.get("events").copied().context("a run tells how many events there were")?);
        kept.push(conns);
    }
    for ((cluster, before), events) in clusters.iter().zip(before).zip(events) {
        let sent = (cluster.sent().await? - before) as f64;
        let figures = [("events", events), ("sent", sent), ("sent_each", sent / events / (cluster.ns - 1) as f64)];
        let figures: Figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
        let case = format!("messages ns={} bus={}", cluster.ns, cluster.bus);
        let (run, subject) = ("cluster".to_owned(), "suite".to_owned());
        results.push(Record { run, case, subject, round: 0, figures })?;
    }
    drop(kept);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishers_are_at_one_server_and_watchers_where_they_are_wanted() {
        let homes = vec![(0..20).collect(), (100..150).collect(), (200..215).collect()];
        let home = |number: usize| number / 100;
        let (together, spread) = casts(homes.clone(), 10).unwrap();
        assert_eq!((home(together.publisher), home(spread.publisher)), (1, 1));
        assert_ne!(together.publisher, spread.publisher);
        assert!(together.watchers.len() == 30 && together.watchers.iter().all(|who| home(*who) == 1));
        let at = |place: usize| spread.watchers.iter().filter(|who| home(**who) == place).count();
        assert_eq!([at(0), at(1), at(2)], [10, 10, 10]);
        let mut all = [together.watchers, spread.watchers, vec![together.publisher, spread.publisher]].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 62, "nobody has two parts");
        assert!(casts(homes, 16).is_err(), "one of the servers has only fifteen people");
    }
}
