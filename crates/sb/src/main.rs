//! `msnp-sb`: the switchboard server as a program of its own.

use std::process::ExitCode;

use clap::Parser;
use daemon::program::{Common, alone, finish};

/// The switchboard server of the MSN Messenger server suite
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    let common = Arguments::parse().common;
    finish(alone(&common, "switchboard", async |parts, shutdown| sb::serve(parts, shutdown).await))
}
