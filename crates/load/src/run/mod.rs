//! The runs: one file per subcommand, and what they share.

mod crew;
mod fan;
mod ground;
mod idle;
mod login;
mod mix;
mod paced;
mod relay;
mod start;
mod store;
mod storm;

use tokio::task::LocalSet;

use crate::args::{Arguments, Command};
use crate::report::{Results, merge, table};
use crate::{herd, progress, server};

/// Does what the command line says.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Floor(args) => server::serve_floor(args.work, args.variant, args.listen),
        Command::Worker => herd::work(),
        Command::Relay(args) => measured(async |results| relay::run(&args, results).await, args.measure.json.as_deref()),
        Command::Fan(args) => measured(async |results| fan::run(&args, results).await, args.measure.json.as_deref()),
        Command::Idle(args) => measured(async |results| idle::run(&args, results).await, args.measure.json.as_deref()),
        Command::Mix(args) => measured(async |results| mix::run(&args, results).await, args.measure.json.as_deref()),
        Command::Storm(args) => measured(async |results| storm::run(&args, results).await, args.measure.json.as_deref()),
        Command::Start(args) => measured(async |results| start::run(&args, results).await, args.measure.json.as_deref()),
        Command::Store(args) => measured(async |results| store::run(&args, results).await, args.measure.json.as_deref()),
        Command::Login(args) => measured(async |results| login::run(&args, results).await, args.measure.json.as_deref()),
    }
}

/// Runs until the end, or until the user wants to end it, and shows what came out.
fn measured(
    run: impl AsyncFnOnce(&mut Results) -> anyhow::Result<()>,
    json: Option<&std::path::Path>,
) -> anyhow::Result<()> {
    let mut results = Results::new(json)?;
    // One thread: the clients leave as much of the machine to the server as they can.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            ended = run(&mut results) => ended,
            stopped = tokio::signal::ctrl_c() => {
                stopped?;
                anyhow::bail!("interrupted")
            }
        }
    });
    if !results.records.is_empty() {
        progress::say(&table(&merge(&results.records)));
    }
    ended
}
