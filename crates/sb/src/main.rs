//! `msnp-sb`: the switchboard server as a program of its own.

use std::process::ExitCode;

use clap::Parser;
use daemon::Shutdown;
use daemon::program::{Common, finish, needs_shared_bus, open, runtime, say, until_stopped};

/// The switchboard server of the MSN Messenger server suite
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    finish(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(config) = arguments.common.configuration()? else { return Ok(()) };
    needs_shared_bus(&config)?;
    runtime()?.block_on(async {
        let parts = open(config).await?;
        let shutdown = Shutdown::default();
        let running = sb::serve(&parts, &shutdown).await?;
        say(&format!("The switchboard server listens on {}.", running.address));
        until_stopped(parts, vec![running], shutdown).await
    })
}
