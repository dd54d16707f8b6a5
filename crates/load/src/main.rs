//! `msnp-load`: measures MSN Messenger servers, and verifies what it measures.
//!
//! It starts the suite and a floor to compare with, or takes servers that run; drives them with
//! clients of its own; accounts for every message and every presence event; and tells what each
//! cost the server, in processor time and memory. See docs/PERFORMANCE.md.

mod args;
mod client;
mod herd;
mod measure;
mod progress;
mod report;
mod run;
mod server;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Arguments;

fn main() -> ExitCode {
    match run::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::tell(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
