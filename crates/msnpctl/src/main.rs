//! `msnpctl`: the operator's command, for accounts and their lists.
//!
//! It works on the store itself, so it needs no running daemon; those that run notice within a
//! second what it has changed. One file per family of commands; what they have in common is in
//! [`office`], and all that is printed goes through [`output`].

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use daemon::Config;
use daemon::program::{finish, runtime};

mod account;
mod contact;
mod directory;
mod group;
mod node;
mod office;
mod output;
mod profile;

use office::Office;
use output::Output;

/// Manages the accounts of an MSN Messenger server and their lists
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file of the daemons; without one, every key has its default
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write one JSON value, for programs
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    family: Family,
}

#[derive(Subcommand)]
enum Family {
    /// Make, change, show and delete accounts
    #[command(subcommand)]
    Account(account::Command),
    /// Change who is on the lists of an account
    #[command(subcommand)]
    Contact(contact::Command),
    /// Change the groups that an account sorts its contacts into
    #[command(subcommand)]
    Group(group::Command),
    /// See the daemons that run, and empty one of them
    #[command(subcommand)]
    Node(node::Command),
    /// Change what accounts can be found by
    #[command(subcommand)]
    Directory(directory::Command),
    /// Change what the contacts of an account see of it
    #[command(subcommand)]
    Profile(profile::Command),
}

fn main() -> ExitCode {
    finish(run(Arguments::parse()))
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = match &arguments.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    let output = runtime()?.block_on(async {
        let office = Office::open(config).await?;
        let output = arguments.family.run(&office).await;
        office.close().await;
        output
    })?;
    output::print(&output, arguments.json)
}

impl Family {
    async fn run(self, office: &Office) -> anyhow::Result<Output> {
        match self {
            Self::Account(command) => command.run(office).await,
            Self::Contact(command) => command.run(office).await,
            Self::Node(command) => command.run(office).await,
            Self::Group(command) => command.run(office).await,
            Self::Directory(command) => command.run(office).await,
            Self::Profile(command) => command.run(office).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_well_formed() {
        super::Arguments::command().debug_assert();
    }
}
