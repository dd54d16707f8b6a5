//! The command line.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::client::{Dialect, LoginUrl};
use crate::server::{Variant, Work};

/// Measures MSN Messenger servers, and verifies what it measures
#[derive(Parser, Debug)]
#[command(version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Messages between two people, over a switchboard
    Relay(RelayArgs),
    /// Presence of one told to many, by a notification server
    Fan(FanArgs),
    /// Memory of users who are signed in and do nothing
    Idle(IdleArgs),
    /// The cost of a sign-in: dispatch server, proof, lists of 50, first state, 12 contacts there
    Login(LoginArgs),
    /// Everyone signs in again after the notification server was killed
    Storm(StormArgs),
    /// From the start of the suite until all of it listens
    Start(StartArgs),
    /// Messages, presence and sign-ins beside few idle users and beside many
    Herd(HerdArgs),
    /// Presence of one told to watchers at the same notification server, and at several
    Cluster(ClusterArgs),
    /// Rosters read from the database, and edits made in it
    Store(StoreArgs),
    /// What people did in 2006, at a multiple of its speed, open loop
    Mix(MixArgs),
    /// Every run that the goals need, one after the other, and what they say of the goals
    All(AllArgs),
    /// Most of these runs, small and short, with loose bounds
    Quick(QuickArgs),
    /// Results merged, compared with the floor and the goals, and drawn
    Report(ReportArgs),
    /// The floor alone: the least that a server on tokio can do. It serves until its standard input ends
    Floor(FloorArgs),
    /// Serves as one process of a herd: reads a job from standard input
    #[command(hide = true)]
    Worker,
}

impl Command {
    /// Where the results go besides the table.
    pub(crate) fn json(&self) -> Option<&Path> {
        let measure = match self {
            Self::Relay(args) => &args.measure,
            Self::Fan(args) => &args.measure,
            Self::Idle(args) => &args.measure,
            Self::Login(args) => &args.measure,
            Self::Storm(args) => &args.measure,
            Self::Start(args) => &args.measure,
            Self::Mix(args) => &args.measure,
            Self::Herd(args) => &args.measure,
            Self::Cluster(args) => &args.measure,
            Self::All(args) => return args.json.as_deref(),
            Self::Store(args) => &args.measure,
            Self::Quick(args) => return args.json.as_deref(),
            Self::Report(_) | Self::Floor(_) | Self::Worker => return None,
        };
        measure.json.as_deref()
    }
}

/// What is to be measured. Give one or several.
#[derive(Args, Clone, Debug)]
pub(crate) struct TargetArgs {
    /// Start the suite: where `msnpd` is, with the other programs beside it
    #[arg(long, value_name = "MSNPD", help_heading = "Servers")]
    pub(crate) suite: Option<PathBuf>,
    /// Start the floor to compare with: `self` for all that the run has, or some of copy,mpsc,direct
    #[arg(long, value_name = "VARIANTS", value_delimiter = ',', help_heading = "Servers")]
    pub(crate) floor: Vec<String>,
    /// Start the suite as separate daemons, with so many notification servers
    #[arg(long, value_name = "K", help_heading = "Servers", requires = "suite")]
    pub(crate) ns_processes: Option<usize>,
    /// The bus of separate daemons: `hub`, `nats` to start a `nats-server` too, or the URL of a NATS that runs
    #[arg(long, value_name = "BUS", default_value = "hub", help_heading = "Servers")]
    pub(crate) bus: String,
    /// The store of the suite, in place of a new SQLite file: an empty database
    #[arg(long, value_name = "URL", help_heading = "Servers")]
    pub(crate) store: Option<String>,
    /// A key of the suite's configuration, as in `--key limits.outbox_bytes=65536`
    #[arg(long = "key", value_name = "KEY=VALUE", value_parser = key, help_heading = "Servers")]
    pub(crate) keys: Vec<(String, String)>,
    /// A dispatch server that runs
    #[arg(long, value_name = "HOST:PORT", help_heading = "Servers")]
    pub(crate) ds: Option<SocketAddr>,
    /// A notification server that runs, to which clients go without asking a dispatch server
    #[arg(long, value_name = "HOST:PORT", help_heading = "Servers", conflicts_with = "ds")]
    pub(crate) ns: Option<SocketAddr>,
    /// Where that server's clients get tickets (MSNP8 and newer)
    #[arg(long, value_name = "URL", help_heading = "Servers")]
    pub(crate) login_url: Option<LoginUrl>,
    /// The processes of that server, for their cost; several times, or with commas
    #[arg(long, value_name = "PID", value_delimiter = ',', help_heading = "Servers")]
    pub(crate) pid: Vec<u32>,
    /// What that server is called in tables
    #[arg(long, value_name = "NAME", default_value = "named", help_heading = "Servers")]
    pub(crate) name: String,
    /// The handles of its accounts, with {n} for a number from 0 on
    #[arg(long, value_name = "PATTERN", default_value = "user{n}@example.com", help_heading = "Servers")]
    pub(crate) accounts: String,
    /// The password of all accounts
    #[arg(long, default_value = "password", help_heading = "Servers")]
    pub(crate) password: String,
    /// What the clients speak, from 2 to 12
    #[arg(long, value_name = "MSNPn", default_value = "MSNP7", help_heading = "Servers")]
    pub(crate) dialect: Dialect,
    /// Allow a server that is not on this machine
    #[arg(long, help_heading = "Servers")]
    pub(crate) allow_remote: bool,
}

/// How it is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct MeasureArgs {
    /// How often, each server once per round
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,
    /// How long each measurement lasts
    #[arg(long, default_value = "3", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// How many others are signed in meanwhile and do nothing
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) idle: usize,
    /// Append the results to this file, as lines of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Small and short, to see whether it works
    #[arg(long)]
    pub(crate) quick: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct RelayArgs {
    /// Pairs of people, each in a room of their own
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=4000))]
    pub(crate) pairs: u16,
    /// Messages of a pair that are under way at the same time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) win: u16,
    /// Messages in one write: the window, and 16 at most, if it is not said
    #[arg(long)]
    pub(crate) chunk: Option<u16>,
    /// Instead of a window: so many messages per second of all pairs together, whatever the server does
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// What the sender wants to hear: U nothing, N of failure, A of success too
    #[arg(long, default_value = "N", value_parser = ["U", "N", "A"])]
    pub(crate) delivery: String,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct FanArgs {
    /// How many watch
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=10000))]
    pub(crate) watchers: u16,
    /// Changes of state that are under way at the same time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) win: u16,
    /// Changes in one write: the window, if it is not said
    #[arg(long)]
    pub(crate) chunk: Option<u16>,
    /// Also measure with so many more watchers who read nothing
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub(crate) stuck: u16,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct IdleArgs {
    /// How many users, one measurement for each number
    #[arg(long, value_delimiter = ',', default_value = "10000")]
    pub(crate) n: Vec<usize>,
    /// How many contacts each has; a quarter of them are there too
    #[arg(long, value_delimiter = ',', default_value = "0")]
    pub(crate) contacts: Vec<usize>,
    /// How long to wait until memory is looked at
    #[arg(long, default_value = "8", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) settle: Duration,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct LoginArgs {
    /// Sign-ins per measurement
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) count: u32,
    /// How many are under way at the same time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=4000))]
    pub(crate) at_once: u16,
    /// Go to the notification server at once, without the dispatch server
    #[arg(long)]
    pub(crate) direct: bool,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct MixArgs {
    /// How many users are signed in
    #[arg(long, default_value_t = 10_000, value_parser = people)]
    pub(crate) n: usize,
    /// How much faster than people were, one case for each number
    #[arg(long, value_delimiter = ',', default_value = "1")]
    pub(crate) speed: Vec<f64>,
    /// What friendships are drawn from
    #[arg(long, default_value_t = 2006)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct StormArgs {
    /// How many users
    #[arg(long, default_value_t = 10_000)]
    pub(crate) n: usize,
    /// How many contacts each has; a quarter of them are there too
    #[arg(long, default_value_t = 48)]
    pub(crate) contacts: usize,
    /// How many of a process of clients sign in at the same time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4000))]
    pub(crate) at_once: u16,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct StartArgs {
    /// How many accounts the store has, one case for each number
    #[arg(long, value_delimiter = ',', default_value = "1000,1000000")]
    pub(crate) accounts_made: Vec<usize>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct StoreArgs {
    /// Empty databases, as in the suite's configuration; without one, a new SQLite file
    #[arg(long, value_name = "URL")]
    pub(crate) store: Vec<String>,
    /// Contacts of the roster that is read
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub(crate) contacts: u16,
    /// How many edit at the same time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(2..=600))]
    pub(crate) editors: u16,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct HerdArgs {
    /// How many idle users, one suite for each number; all suites are there at the same time
    #[arg(long, value_delimiter = ',', default_value = "1000,100000", value_parser = herd)]
    pub(crate) n: Vec<usize>,
    /// How many contacts each has; a quarter of them are there too
    #[arg(long, default_value_t = 48)]
    pub(crate) contacts: usize,
    /// How long to wait until memory is looked at
    #[arg(long, default_value = "8", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) settle: Duration,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ClusterArgs {
    /// How many notification servers, one suite for each number
    #[arg(long, value_delimiter = ',', default_value = "2,3,4", value_parser = several)]
    pub(crate) servers: Vec<usize>,
    /// How many watchers there are for each of the servers
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) watchers: u16,
    /// What carries messages between servers, one suite for each: `hub` and `nats`
    #[arg(long, value_delimiter = ',', default_value = "hub", value_parser = ["hub", "nats"])]
    pub(crate) buses: Vec<String>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) measure: MeasureArgs,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct AllArgs {
    /// Where `msnpd` is, with the other programs beside it
    #[arg(long, value_name = "MSNPD")]
    pub(crate) suite: PathBuf,
    /// How often, each server once per round
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,
    /// Only what these goals need, as in `--only G1,G6`
    #[arg(long, value_name = "GOALS", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Measure several notification servers over NATS too: starts `nats-server`
    #[arg(long)]
    pub(crate) nats: bool,
    /// Append the results to this file, as lines of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Also draw a chart into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct QuickArgs {
    /// Where `msnpd` is
    #[arg(long, value_name = "MSNPD")]
    pub(crate) suite: PathBuf,
    /// Append the results to this file, as lines of JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ReportArgs {
    /// Files of results
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Also draw a chart into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct FloorArgs {
    /// Which work
    #[arg(value_enum)]
    pub(crate) work: Work,
    /// How bytes get to their receiver
    #[arg(long, value_enum, default_value = "direct")]
    pub(crate) variant: Variant,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| format!("{text} is no number of seconds, at most 3600"))
}

fn people(text: &str) -> Result<usize, String> {
    within(text, 10..=12_000).map_err(|error| format!("{error}: all are in one process, with their conversations"))
}

fn herd(text: &str) -> Result<usize, String> {
    within(text, 10..=1_000_000)
}

fn several(text: &str) -> Result<usize, String> {
    within(text, 2..=16)
}

fn within(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("{text} is no number from {} to {}", range.start(), range.end()))
}

fn key(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("KEY=VALUE is wanted")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn values() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(["-1", "x", "3601", "NaN"].iter().all(|bad| seconds(bad).is_err()));
        assert_eq!(key("a.b = 1"), Ok(("a.b".to_owned(), "1".to_owned())));
        assert!(key("a").is_err());
    }
}
