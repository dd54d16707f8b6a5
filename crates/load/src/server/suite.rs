//! The suite, started here on free loopback ports with a directory of its own.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use store::Store;
use tempfile::TempDir;

use super::child::{free_ports, write_file};
use super::config::{Places, text};
use super::{Child, Crowd, master_key, populate};
use crate::client::{LoginUrl, Way};

/// How long the daemons may take to hear of each other: they announce themselves each second.
const ACQUAINTANCE: Duration = Duration::from_millis(2500);

/// In which processes the suite runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// `msnpd`.
    One,
    /// A dispatch server, so many notification servers, and a switchboard.
    Separate {
        /// How many notification servers.
        ns: usize,
        /// What carries their messages.
        bus: Bus,
    },
}

/// What carries the messages of separate daemons.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Bus {
    /// The built-in hub.
    Hub,
    /// A `nats-server` that is started with the suite and counts as one of its processes.
    Nats,
    /// Something that runs already, by its URL.
    At(String),
}

impl From<&str> for Bus {
    fn from(text: &str) -> Self {
        match text {
            "hub" => Self::Hub,
            "nats" => Self::Nats,
            url => Self::At(url.to_owned()),
        }
    }
}

impl fmt::Display for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hub => "hub",
            Self::Nats => "nats",
            Self::At(url) => url,
        })
    }
}

/// What the suite is to be started from, and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Where `msnpd` is; the other programs are beside it.
    pub(crate) program: PathBuf,
    pub(crate) shape: Shape,
    /// The store, where it is not to be a new SQLite file.
    pub(crate) store: Option<String>,
    /// Keys of the configuration.
    pub(crate) keys: Vec<(String, String)>,
}

/// A suite that runs.
pub(crate) struct Suite {
    plan: Plan,
    daemons: Vec<Daemon>,
    /// The people are here, and everything else.
    place: TempDir,
    store: String,
    pub(crate) way: Way,
}

/// One of its processes.
struct Daemon {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    listens: Vec<SocketAddr>,
    child: Option<Child>,
}

impl Suite {
    /// Makes the people, and starts the suite. `way` says how they sign in, but for the addresses.
    pub(crate) async fn start(plan: Plan, crowd: &Crowd, way: Way) -> anyhow::Result<Self> {
        let mut suite = Self::prepare(plan, crowd, way).await?;
        suite.run()?;
        if matches!(suite.plan.shape, Shape::Separate { .. }) {
            tokio::time::sleep(ACQUAINTANCE).await;
        }
        Ok(suite)
    }

    /// Makes the people and the configuration, and starts nothing.
    pub(crate) async fn prepare(plan: Plan, crowd: &Crowd, mut way: Way) -> anyhow::Result<Self> {
        let place = tempfile::Builder::new().prefix("msnp-load-").tempdir()?;
        let store = match &plan.store {
            Some(url) => url.clone(),
            None => format!("sqlite:{}", place.path().join("data/msnp.db").display()),
        };
        way.tickets = populate(crowd, &store, place.path(), (&way.pattern, &way.password), way.dialect).await?;
        let daemons = daemons(&plan, &store, place.path())?;
        way.ds = daemons.iter().find(|daemon| daemon.is_dispatch()).map(|daemon| daemon.listens[0]);
        let web = daemons.iter().find(|daemon| daemon.name == "msnpd").and_then(|daemon| daemon.listens.get(3));
        way.login = web.map(|web| LoginUrl::at(*web));
        Ok(Self { plan, daemons, place, store, way })
    }

    /// Starts all processes and waits until they listen.
    pub(crate) fn run(&mut self) -> anyhow::Result<()> {
        for daemon in &mut self.daemons {
            daemon.start(self.place.path())?;
            daemon.listens()?;
        }
        Ok(())
    }

    /// Another way into its store, past its processes.
    pub(crate) async fn open_store(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.store.parse()?, master_key(self.place.path())?).await?)
    }

    /// The processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.daemons.iter().filter_map(|daemon| daemon.child.as_ref().map(Child::pid)).collect()
    }

    /// Kills the notification servers, or all where all is one process, and starts them again.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        let mut again: Vec<_> = self.daemons.iter_mut().filter(|daemon| daemon.has_sessions()).collect();
        for daemon in &mut again {
            daemon.child.as_mut().context("it runs")?.kill()?;
        }
        for daemon in &mut again {
            daemon.start(self.place.path())?;
        }
        for daemon in &mut again {
            daemon.listens()?;
        }
        Ok(())
    }

    /// Stops all as an operator would.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        for daemon in &mut self.daemons {
            if let Some(mut child) = daemon.child.take() {
                child.stop()?;
            }
        }
        Ok(())
    }

    /// Says how, if one of the processes has ended by itself.
    pub(crate) fn failed(&mut self) -> Option<String> {
        self.daemons.iter_mut().filter_map(|daemon| daemon.child.as_mut()).find_map(Child::failed)
    }
}

impl Daemon {
    fn is_dispatch(&self) -> bool {
        self.name == "msnpd" || self.name == "msnp-ds"
    }

    fn has_sessions(&self) -> bool {
        self.name == "msnpd" || self.name.starts_with("msnp-ns")
    }

    fn start(&mut self, directory: &Path) -> anyhow::Result<()> {
        self.child = Some(Child::start(&self.program, &self.arguments, directory, &self.name)?);
        Ok(())
    }

    fn listens(&mut self) -> anyhow::Result<()> {
        let child = self.child.as_mut().context("it was started")?;
        self.listens.iter().try_for_each(|address| child.listens(*address))
    }
}

/// The processes of a plan, with their configuration written.
fn daemons(plan: &Plan, store: &str, directory: &Path) -> anyhow::Result<Vec<Daemon>> {
    let program = std::path::absolute(&plan.program)?;
    let (ns, carrier) = match &plan.shape {
        Shape::One => (1, None),
        Shape::Separate { ns, bus } => (*ns, Some(bus)),
    };
    let ports = free_ports(4 + ns)?;
    let [ds, sb, web, hub] = [ports[0], ports[1], ports[2], ports[3]];
    let bus = match carrier {
        None => "local:".to_owned(),
        Some(Bus::Hub) => format!("hub:tcp://{hub}"),
        Some(Bus::Nats) => format!("nats://{hub}"),
        Some(Bus::At(url)) => url.clone(),
    };
    let config = |name: &str, ns: SocketAddr| {
        let places = Places { store, directory, bus: &bus, ds, ns, sb, web };
        write_file(&directory.join(format!("{name}.toml")), &text(&places, &plan.keys))
    };
    let daemon = |name: &str, program: PathBuf, listens| {
        let arguments = vec!["--config".to_owned(), format!("{name}.toml")];
        Daemon { name: name.to_owned(), program, arguments, listens, child: None }
    };
    if carrier.is_none() {
        config("msnpd", ports[4])?;
        return Ok(vec![daemon("msnpd", program, vec![ds, ports[4], sb, web])]);
    }
    let beside = |name: &str| program.with_file_name(name);
    let mut daemons = Vec::new();
    if carrier == Some(&Bus::Nats) {
        let arguments = ["-a", "127.0.0.1", "-p", &hub.port().to_string()].map(str::to_owned).to_vec();
        daemons.push(Daemon { arguments, ..daemon("nats-server", "nats-server".into(), vec![hub]) });
    }
    // Whoever is first is the hub: the dispatch server, so that no notification server does more than
    // the others.
    for (name, at) in [("msnp-ds", ds), ("msnp-sb", sb)] {
        config(name, ports[4])?;
        daemons.push(daemon(name, beside(name), vec![at]));
    }
    for (number, at) in ports[4..].iter().enumerate() {
        let name = format!("msnp-ns-{number}");
        config(&name, *at)?;
        daemons.push(daemon(&name, beside("msnp-ns"), vec![*at]));
    }
    Ok(daemons)
}
