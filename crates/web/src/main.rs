//! `msnp-web`: the web daemon as a program of its own.

use std::process::ExitCode;

use clap::Parser;
use daemon::ServeError;
use daemon::program::{Common, alone, finish};

/// The web daemon of the MSN Messenger server suite
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    let common = Arguments::parse().common;
    finish(alone(&common, "web", async |parts, shutdown| {
        web::serve(parts, shutdown, None).await?.ok_or(ServeError::Nothing)
    }))
}
