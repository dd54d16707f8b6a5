//! `msnp-ns`: the notification server as a program of its own.

use std::process::ExitCode;

use clap::Parser;
use daemon::program::{Common, alone, finish};

/// The notification server of the MSN Messenger server suite
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    let common = Arguments::parse().common;
    finish(alone(&common, "notification", async |parts, shutdown| ns::serve(parts, shutdown).await))
}
