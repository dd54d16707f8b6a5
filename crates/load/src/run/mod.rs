//! The runs: one file per subcommand, and what they share.

mod all;
mod cluster;
mod crew;
mod fan;
mod ground;
mod herd;
mod idle;
mod login;
mod mix;
mod paced;
mod quick;
mod relay;
mod report;
mod start;
mod store;
mod storm;

use anyhow::bail;
use clap::Parser as _;
use tokio::task::LocalSet;

use crate::args::{Arguments, Command};
use crate::report::{Results, merge, table};
use crate::{progress, server};

/// Does what the command line says.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Floor(args) => server::serve_floor(args.work, args.variant, args.listen),
        Command::Worker => crate::herd::work(),
        Command::Report(args) => report::run(args),
        command => measured(command),
    }
}

/// Runs until the end, or until the user wants to end it, and shows what came out.
fn measured(command: &Command) -> anyhow::Result<()> {
    let mut results = Results::new(command.json())?;
    // One thread: the clients leave as much of the machine to the server as they can.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            ended = dispatch(command, &mut results) => ended,
            stopped = tokio::signal::ctrl_c() => {
                stopped?;
                bail!("interrupted")
            }
        }
    });
    if results.records.is_empty() {
        return ended;
    }
    if let Command::All(args) = command {
        // What was measured is shown, whatever was not.
        return report::show(&results.records, args.svg.as_deref()).and(ended);
    }
    progress::say(&table(&merge(&results.records)));
    ended
}

/// Does what a command line says.
async fn line(words: &[String], results: &mut Results) -> anyhow::Result<()> {
    let arguments = Arguments::try_parse_from(words)?;
    Box::pin(dispatch(&arguments.command, results)).await
}

async fn dispatch(command: &Command, results: &mut Results) -> anyhow::Result<()> {
    match command {
        Command::Relay(args) => relay::run(args, results).await,
        Command::Fan(args) => fan::run(args, results).await,
        Command::Idle(args) => idle::run(args, results).await,
        Command::Login(args) => login::run(args, results).await,
        Command::Storm(args) => storm::run(args, results).await,
        Command::Start(args) => start::run(args, results).await,
        Command::Mix(args) => mix::run(args, results).await,
        Command::Store(args) => store::run(args, results).await,
        Command::Herd(args) => herd::run(args, results).await,
        Command::Cluster(args) => cluster::run(args, results).await,
        Command::All(args) => all::run(args, results).await,
        Command::Quick(args) => quick::run(args, results).await,
        Command::Report(_) | Command::Floor(_) | Command::Worker => bail!("this measures nothing"),
    }
}
