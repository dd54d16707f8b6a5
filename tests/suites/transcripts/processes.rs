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
use crate::programs::{ports, program};

/// Which programs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `msnpd` alone.
    AllInOne,
    /// A dispatch server, two notification servers, two switchboards, a web daemon, over the hub.
    Separate,
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
    let mut stage = Processes { shape, haste, place: None, children: Vec::new(), tcp: None };
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
        let url = format!("sqlite:{}", data.join("msnp.db").display());
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

    /// What all programs are told.
    fn config(&self, cast: &Cast, ports: &[u16]) -> String {
        let mut config = arrange::configuration(cast);
        let bus = match self.shape {
            Shape::AllInOne | Shape::Gateway => "local:".to_owned(),
            Shape::Separate => format!("hub:tcp://127.0.0.1:{}", ports[5]),
        };
        let mut key = |key: &str, value: &str| {
            if !cast.config.iter().any(|(set, _)| set == key) {
                writeln!(config, "{key} = {value}").expect("writing to a string cannot fail");
            }
        };
        key("bus.url", &format!("{bus:?}"));
        key("ds.listen", &format!("\"127.0.0.1:{}\"", ports[0]));
        key("web.listen", &format!("\"127.0.0.1:{}\"", ports[6]));
        if self.haste > 1 {
            let quick = |time: Duration| format!("\"{}ms\"", (time / self.haste).as_millis());
            key("sb.alone", &quick(Duration::from_secs(5 * 60)));
            key("sb.two_idle", &quick(Duration::from_secs(5 * 60)));
            key("sb.many_idle", &quick(Duration::from_secs(15 * 60)));
        }
        config
    }
}

impl Stage for Processes {
    fn name(&self) -> &'static str {
        match self.shape {
            Shape::AllInOne => "tcp",
            Shape::Separate => "cluster",
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
        let store = self.store().await?;
        arrange::arrange(&store, cast).await?;
        store.close().await;
        let ports = ports(7);
        let config = self.config(cast, &ports);
        let at = |section: &str, port: u16| format!("{section}.listen = \"127.0.0.1:{port}\"\n");
        match self.shape {
            Shape::AllInOne | Shape::Gateway => {
                let config = config + &at("ns", ports[1]) + &at("sb", ports[2]);
                self.start("msnpd", &config, 0)?.listens().await?;
            }
            Shape::Separate => {
                let mut started = Vec::new();
                for (number, port) in [(0, ports[1]), (1, ports[3])] {
                    started.push(self.start("msnp-ns", &(config.clone() + &at("ns", port)), number)?);
                }
                for (number, port) in [(0, ports[2]), (1, ports[4])] {
                    started.push(self.start("msnp-sb", &(config.clone() + &at("sb", port)), number)?);
                }
                started.push(self.start("msnp-web", &config, 0)?);
                for started in started {
                    started.listens().await?;
                }
                // Last, so that it knows all the others when the first client asks.
                self.start("msnp-ds", &config, 0)?.listens().await?;
            }
        }
        let options = TcpOptions {
            name: self.name(),
            web: Some(format!("127.0.0.1:{}", ports[6])),
            through_gateway: self.shape == Shape::Gateway,
            time_scale: f64::from(self.haste),
            patience: Duration::from_secs(10),
            silence: Duration::from_millis(if self.shape == Shape::Separate { 200 } else { 100 }),
            accounts: Preparation::Ready,
            assume_config: true,
            ..TcpOptions::new(format!("127.0.0.1:{}", ports[0]))
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
