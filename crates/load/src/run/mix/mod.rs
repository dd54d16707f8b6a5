//! What people did in 2006, by as many as are signed in and faster by a factor: chats, typing,
//! states, pings, sign-ins. Open loop: everything has a time at which it is due, whatever the
//! server does, and what is late counts from then.

mod graph;
mod pace;
mod people;
mod talk;
mod tally;

use std::rc::Rc;
use std::time::Duration;

use crate::args::MixArgs;
use crate::measure::Span;
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
    for speed in &args.speed {
        let graph = Rc::new(Graph::draw(n, args.seed));
        let lists = graph.lists.clone();
        let crowd = Crowd {
            accounts: n + graph::ABSENT,
            contacts: Box::new(move |number| lists.get(number).cloned().unwrap_or_default()),
            active: 0..n,
        };
        let mut targets = args.target.open(Work::Relay, &[Variant::Mpsc, Variant::Direct], &crowd).await?;
        let case = format!("n={n} speed={speed}");
        rounds("mix", &[(case, ())], &args.measure, &mut targets, results, async |target, ()| {
            let pace = Pace::new(n, *speed, args.measure.warm_up(), args.measure.span());
            match target.floor() {
                Some(_) => floor(target, &pace).await,
                None => once(target, &graph, pace).await,
            }
        })
        .await?;
    }
    Ok(())
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

async fn once(target: &Target, graph: &Rc<Graph>, pace: Pace) -> anyhow::Result<Figures> {
    let world = World::gather(target.way(), graph.clone(), pace).await?;
    tokio::time::sleep(SETTLE).await;
    world.unless_failed(world.fill(pace.warm_up.max(RAMP))).await?;
    let play = tokio::task::spawn_local(world.clone().play());
    let measured = async {
        tokio::time::sleep(pace.warm_up).await;
        let span = Span::begin(&target.pids(), &[])?;
        world.tally.measuring.set(true);
        tokio::time::sleep(pace.span).await;
        world.tally.measuring.set(false);
        span.spent()
    };
    let spent = world.unless_failed(measured).await?;
    play.abort();
    world.finish();
    world.unless_failed(world.settle(PATIENCE)).await?;
    world.end().await;
    let tally = &world.tally;
    let mut figures = Figures::new();
    spent.report(tally.operations.get(), &mut figures);
    tally.report(spent.elapsed, &mut figures);
    Ok(figures)
}
