//! The stages over TCP: `msnpd`, or the separate programs, started afresh for each script.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use conformance::script::Action;
use conformance::{
    Cast, Need, Operation, Patience, Place, Played, Preparation, Received, Script, Stage, StageError, TcpOptions,
    TcpStage, play,
};
use model::Email;
use store::{MasterKey, Store};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::arrange;
use crate::database::Database;
use crate::nats::Server;
use crate::programs::{ports, program};

/// Which programs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `msnpd` alone.
    AllInOne,
    /// A dispatch server, two notification servers, two switchboards, a web daemon, over the hub.
    Hub,
    /// Two dispatch servers, three notification servers, two switchboards, two web daemons, on
    /// Postgres and NATS.
    Cluster,
    /// `msnpd` alone, whose servers are reached through its HTTP gateway.
    Gateway,
}

/// How much faster than written time passes in scripts that wait for minutes. The servers' own
/// times are shortened alike.
const HASTE: u32 = 100;

/// Plays one script.
pub(crate) async fn perform(script: &Script, shape: Shape) -> Result<Played, String> {
    let haste = if script
        .statements
        .iter()
        .any(|statement| matches!(statement.action, Action::Wait(time) if time >= Duration::from_secs(60)))
    {
        HASTE
    } else {
        1
    };
    let mut stage =
        Processes { shape, haste, place: None, database: None, nats: None, children: Vec::new(), tcp: None };
    let played = play(script, &mut stage).await.map_err(|failure| failure.to_string());
    let ended = stage.stop().await;
    match (played, ended) {
        (Ok(_), Err(error)) => Err(error),
        (played, _) => played,
    }
}

/// A program that has been started.
struct Started {
    name: &'static str,
    log: PathBuf,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Started {
    /// Waits until it says that it listens. Nobody reads what it says after that.
    async fn listens(mut self) -> Result<(), StageError> {
        let listening = async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                if line.contains("listens on") || line.contains("is running") {
                    return true;
                }
            }
            false
        };
        match tokio::time::timeout(Duration::from_secs(20), listening).await {
            Ok(true) => Ok(()),
            _ => {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                Err(broken(format!("{} did not start: {log}", self.name)))
            }
        }
    }
}

struct Processes {
    shape: Shape,
    haste: u32,
    place: Option<TempDir>,
    database: Option<Database>,
    nats: Option<Server>,
    children: Vec<Child>,
    tcp: Option<TcpStage>,
}

fn broken(error: impl std::fmt::Display) -> StageError {
    StageError::Unprepared(error.to_string())
}

impl Processes {
    /// Starts a program. [`Started::listens`] waits until it says that it listens.
    fn start(&mut self, name: &'static str, config: &str, number: usize) -> Result<Started, StageError> {
        let directory = self.place.as_ref().ok_or_else(|| broken("no directory"))?.path().to_owned();
        let file = directory.join(format!("{name}-{number}.toml"));
        std::fs::write(&file, config).map_err(broken)?;
        let log = directory.join(format!("{name}-{number}.log"));
        let mut child = Command::new(program(name))
            .arg("--config")
            .arg(&file)
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).map_err(broken)?)
            .kill_on_drop(true)
            .spawn()
            .map_err(broken)?;
        let stdout = child.stdout.take().ok_or_else(|| broken("no standard output"))?;
        self.children.push(child);
        Ok(Started { name, log, lines: BufReader::new(stdout).lines() })
    }

    /// Tells the programs to stop, as an operator would.
    fn terminate(&self) {
        for child in &self.children {
            if let Some(id) = child.id() {
                let _ = std::process::Command::new("kill").arg("-TERM").arg(id.to_string()).status();
            }
        }
    }

    /// The store of the programs, which may be running.
    async fn store(&self) -> Result<Store, StageError> {
        let data = self.place.as_ref().ok_or_else(|| broken("no directory"))?.path().join("data");
        let key = MasterKey::load_or_create(&data.join("master.key")).map_err(broken)?;
        let url = match &self.database {
            Some(database) => database.url.clone(),
            None => format!("sqlite:{}", data.join("msnp.db").display()),
        };
        Store::open(&url.parse().map_err(broken)?, key).await.map_err(broken)
    }

    /// Stops the programs. They must end well.
    async fn stop(&mut self) -> Result<(), String> {
        self.terminate();
        let mut result = Ok(());
        for mut child in self.children.drain(..) {
            match tokio::time::timeout(Duration::from_secs(15), child.wait()).await {
                Ok(Ok(status)) if status.success() => {}
                Ok(status) => result = Err(format!("a daemon ended with {status:?}")),
                Err(_) => {
                    let _ = child.kill().await;
                    result = Err("a daemon did not stop within 15 s of SIGTERM".to_owned());
                }
            }
        }
        result
    }

    /// Starts separate programs: notification servers, switchboards, web daemons; and dispatch servers
    /// last, so that they know all the others when the first client asks.
    async fn start_all(&mut self, config: &str, ports: [&[u16]; 4]) -> Result<(), StageError> {
        let programs = [("msnp-ns", "ns"), ("msnp-sb", "sb"), ("msnp-web", "web"), ("msnp-ds", "ds")];
        let mut started = Vec::new();
        for ((name, section), ports) in programs.into_iter().zip(ports) {
            if section == "ds" {
                for started in started.drain(..) {
                    Started::listens(started).await?;
                }
            }
            for (number, port) in ports.iter().enumerate() {
                started.push(self.start(name, &(config.to_owned() + &listen(section, *port)), number)?);
            }
        }
        for started in started {
            started.listens().await?;
        }
        Ok(())
    }

    /// What all programs are told.
    fn config(&self, cast: &Cast, at: &Ports) -> String {
        let mut config = arrange::configuration(cast);
        let bus = match (self.shape, &self.nats) {
            (Shape::Hub, _) => format!("hub:tcp://127.0.0.1:{}", at.hub),
            (_, Some(nats)) => nats.url(""),
            (_, None) => "local:".to_owned(),
        };
        let mut key = |key: &str, value: &str| {
            if !cast.config.iter().any(|(set, _)| set == key) {
                writeln!(config, "{key} = {value}").expect("writing to a string cannot fail");
            }
        };
        key("bus.url", &format!("{bus:?}"));
        if let Some(database) = &self.database {
            key("store.url", &format!("{:?}", database.url));
        }
        if self.haste > 1 {
            let quick = |time: Duration| format!("\"{}ms\"", (time / self.haste).as_millis());
            key("sb.alone", &quick(Duration::from_secs(5 * 60)));
            key("sb.two_idle", &quick(Duration::from_secs(5 * 60)));
            key("sb.many_idle", &quick(Duration::from_secs(15 * 60)));
        }
        config
    }
}

/// Where everything listens. Not every shape uses all of it.
struct Ports {
    hub: u16,
    ds: [u16; 2],
    ns: [u16; 3],
    sb: [u16; 2],
    web: [u16; 2],
}

impl Ports {
    fn free() -> Self {
        let all = ports(10);
        let at = |from: usize| all[from];
        Self { hub: at(0), ds: [at(1), at(2)], ns: [at(3), at(4), at(5)], sb: [at(6), at(7)], web: [at(8), at(9)] }
    }
}

fn listen(section: &str, port: u16) -> String {
    format!("{section}.listen = \"127.0.0.1:{port}\"\n")
}

/// Makes the schema in an empty database.
fn migrate(url: &str) {
    let place = tempfile::tempdir().expect("a directory can be made");
    let making = async {
        let key = MasterKey::load_or_create(&place.path().join("master.key"))?;
        Store::open(&url.parse().expect("it is an address"), key).await?.close().await;
        Ok::<(), store::StoreError>(())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there can be a runtime");
    runtime.block_on(making).expect("the database can be migrated");
}

impl Stage for Processes {
    fn name(&self) -> &'static str {
        match self.shape {
            Shape::AllInOne => "tcp",
            Shape::Hub => "hub",
            Shape::Cluster => "cluster",
            Shape::Gateway => "gateway",
        }
    }

    fn lacks(&self, need: Need) -> Option<String> {
        match need {
            Need::Dispatch if self.shape == Shape::Gateway => {
                Some("a dispatch server: the gateway leads to a notification server".to_owned())
            }
            Need::HangingUp if self.shape == Shape::Gateway => {
                Some("a server that sees its clients hang up".to_owned())
            }
            Need::Referrals => Some("a notification server that sends clients where a script says".to_owned()),
            _ => None,
        }
    }

    fn may_serve_directly(&self) -> bool {
        self.shape == Shape::Gateway
    }

    async fn prepare(&mut self, cast: &Cast) -> Result<(), StageError> {
        self.place = Some(tempfile::tempdir().map_err(broken)?);
        if self.shape == Shape::Cluster {
            let made = tokio::task::spawn_blocking(|| (Database::new(migrate), Server::start(&[])));
            let (database, nats) = made.await.map_err(broken)?;
            (self.database, self.nats) = (Some(database), Some(nats));
        }
        let store = self.store().await?;
        arrange::arrange(&store, cast).await?;
        store.close().await;
        let at = Ports::free();
        let config = self.config(cast, &at);
        match self.shape {
            Shape::AllInOne | Shape::Gateway => {
                let listens = [listen("ds", at.ds[0]), listen("ns", at.ns[0]), listen("sb", at.sb[0])].concat();
                self.start("msnpd", &(config + &listens + &listen("web", at.web[0])), 0)?.listens().await?;
            }
            Shape::Hub => self.start_all(&config, [&at.ns[..2], &at.sb, &at.web[..1], &at.ds[..1]]).await?,
            Shape::Cluster => self.start_all(&config, [&at.ns, &at.sb, &at.web, &at.ds]).await?,
        }
        let silence = match self.shape {
            Shape::Hub | Shape::Cluster => 200,
            Shape::AllInOne | Shape::Gateway => 100,
        };
        // Where there are two of them, every other play goes to the second one.
        let which = if self.shape == Shape::Cluster { usize::from(at.hub % 2) } else { 0 };
        let options = TcpOptions {
            name: self.name(),
            web: Some(format!("127.0.0.1:{}", at.web[which])),
            through_gateway: self.shape == Shape::Gateway,
            time_scale: f64::from(self.haste),
            patience: Duration::from_secs(10),
            silence: Duration::from_millis(silence),
            accounts: Preparation::Ready,
            assume_config: true,
            ..TcpOptions::new(format!("127.0.0.1:{}", at.ds[which]))
        };
        self.tcp = Some(TcpStage::new(options));
        Ok(())
    }

    async fn ticket(&mut self, handle: &str, password: &str, challenge: &str) -> Result<String, StageError> {
        self.tcp().ticket(handle, password, challenge).await
    }

    async fn connect(&mut self, place: &Place) -> Result<usize, StageError> {
        self.tcp().connect(place).await
    }

    async fn send(&mut self, connection: usize, bytes: &[u8]) -> Result<(), StageError> {
        self.tcp().send(connection, bytes).await
    }

    async fn receive(&mut self, connection: usize, patience: Patience) -> Result<Received, StageError> {
        self.tcp().receive(connection, patience).await
    }

    async fn drop(&mut self, connection: usize, reset: bool) {
        self.tcp().drop(connection, reset).await;
    }

    async fn wait(&mut self, time: Duration) {
        self.tcp().wait(time).await;
    }

    async fn operate(&mut self, operation: &Operation) -> Result<(), StageError> {
        match operation {
            Operation::Suspend(handle) => {
                let store = self.store().await?;
                let handle = Email::parse(handle).map_err(broken)?;
                store.set_suspended(&handle, true).await.map_err(broken)?;
                store.close().await;
            }
            Operation::Stop => self.terminate(),
            Operation::Refer { .. } => return Err(broken("no client is sent where a script says")),
        }
        Ok(())
    }
}

impl Processes {
    fn tcp(&mut self) -> &mut TcpStage {
        self.tcp.as_mut().expect("a stage is prepared before it is played on")
    }
}
