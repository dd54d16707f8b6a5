//! What people did in 2006, by as many as are signed in and faster by a factor: chats, typing,
//! states, pings, sign-ins. Open loop: everything has a time at which it is due, whatever the
//! server does, and what is late counts from then.

mod graph;
mod pace;
mod people;
mod talk;
mod tally;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::args::MixArgs;
use crate::measure::Span;
use crate::progress::tell;
use crate::report::{Figures, Results};
use crate::run::ground::rounds;
use crate::run::paced;
use crate::server::{Crowd, Target, Variant, Work};

use graph::Graph;
use pace::Pace;
pub(super) use pace::wait;
use people::World;
pub(super) use people::ahead;

/// How long the last messages and news may take to arrive.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the people have to settle when they have signed in.
const SETTLE: Duration = Duration::from_secs(2);
/// Over how long the conversations begin that are under way at any time.
const RAMP: Duration = Duration::from_secs(2);
/// Pairs of the floor, over which the same number of messages is spread.
const FLOOR_PAIRS: usize = 500;

pub(in crate::run) async fn run(args: &MixArgs, results: &mut Results) -> anyhow::Result<()> {
    let n = if args.measure.quick { args.n.min(300) } else { args.n };
    let graph = Rc::new(Graph::draw(n, args.seed));
    let lists = graph.lists.clone();
    let crowd = Crowd {
        accounts: n + graph::ABSENT,
        contacts: Box::new(move |number| lists.get(number).cloned().unwrap_or_default()),
        active: 0..n,
    };
    let mut targets = args.target.open(Work::Relay, &[Variant::Mpsc, Variant::Direct], &crowd).await?;
    let cases: Vec<_> = args.speed.iter().map(|speed| (format!("n={n} speed={speed}"), *speed)).collect();
    let mut troupe = Troupe { graph, worlds: BTreeMap::new(), broken: Vec::new() };
    rounds("mix", &cases, &args.measure, &mut targets, results, async |target, speed| {
        let pace = Pace::new(n, *speed, args.measure.warm_up(), args.measure.span());
        match target.floor() {
            Some(_) => floor(target, &pace).await,
            None => troupe.play(target, pace, *speed).await,
        }
    })
    .await?;
    let broken: Vec<_> =
        troupe.broken.iter().map(|(_, speed, why)| format!("at {speed} times the speed: {why}")).collect();
    anyhow::ensure!(broken.is_empty(), "{}", broken.join("; "));
    Ok(())
}

/// Those who play in all rounds and at all speeds, by the server on which they do.
struct Troupe {
    graph: Rc<Graph>,
    worlds: BTreeMap<String, Rc<World>>,
    /// What went wrong, where, and at which speed.
    broken: Vec<(String, f64, String)>,
}

impl Troupe {
    /// One measurement. What goes wrong at one speed is told, and the others are measured
    /// nevertheless; that speed is not tried again.
    async fn play(&mut self, target: &Target, pace: Pace, speed: f64) -> anyhow::Result<Figures> {
        let name = target.name();
        let is_broken = self.broken.iter().any(|(server, at, _)| *server == name && at.total_cmp(&speed).is_eq());
        if !is_broken {
            match self.try_play(target, pace).await {
                Ok(figures) => return Ok(figures),
                Err(error) => {
                    let why = format!("{error:#}");
                    tell(&format!("mix of {name} at {speed} times the speed: {why}"));
                    self.broken.push((name.clone(), speed, why));
                    // Nobody knows what is under way in it.
                    if let Some(world) = self.worlds.remove(&name) {
                        world.end().await;
                    }
                }
            }
        }
        Ok(Figures::from([("broken".to_owned(), 1.0)]))
    }

    async fn try_play(&mut self, target: &Target, pace: Pace) -> anyhow::Result<Figures> {
        let name = target.name();
        let world = match self.worlds.get(&name) {
            Some(world) => world.clone(),
            None => {
                let world = World::gather(target.way(), self.graph.clone(), pace).await?;
                tokio::time::sleep(SETTLE).await;
                self.worlds.insert(name, world.clone());
                world
            }
        };
        world.begin_anew(pace);
        once(target, &world, pace).await
    }
}

/// The floor only relays: as many messages as there are chat messages and typing notices.
async fn floor(target: &Target, pace: &Pace) -> anyhow::Result<Figures> {
    let measured = paced::once(target, FLOOR_PAIRS, pace.messages_per_second(), pace.warm_up, pace.span).await?;
    Ok(measured
        .into_iter()
        .map(|(name, value)| {
            let is_latency = name.starts_with('p') && name.ends_with("_us");
            (if is_latency { format!("chat_{name}") } else { name }, value)
        })
        .collect())
}

async fn once(target: &Target, world: &Rc<World>, pace: Pace) -> anyhow::Result<Figures> {
    world.unless_failed(world.fill(pace.warm_up.max(RAMP))).await?;
    // Nothing more begins when this is dropped, also where something goes wrong.
    let mut play = JoinSet::new();
    play.spawn_local(world.clone().play());
    let servers = target.pids();
    let measured = Span::of_load(&servers, &world.tally.measuring, pace.warm_up, pace.span);
    let spent = world.unless_failed(measured).await?;
    drop(play);
    world.finish();
    world.unless_failed(world.settle(PATIENCE)).await?;
    let tally = &world.tally;
    let mut figures = Figures::new();
    spent.report(tally.operations.get(), &mut figures);
    tally.report(spent.elapsed, &mut figures);
    Ok(figures)
}
