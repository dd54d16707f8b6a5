//! A cluster of real processes on Postgres and NATS, and the people who use it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use model::{Change, ContactEntry, Edit, Email, GroupId, GroupSet, List, Lists, Name};
use store::{MasterKey, NewAccount, Password, Store};
use tempfile::TempDir;

use crate::database::{self, Database};
use crate::nats::Server;
use crate::person::{PASSWORD, Person};
use crate::programs;

/// How often each daemon says that it is there, where waiting for silence is not what is tested.
pub(crate) const QUICK: Duration = Duration::from_millis(250);

/// How many rounds of a fault to play.
pub(crate) fn rounds() -> u32 {
    std::env::var("MSNP_FAULT_ROUNDS").map_or(50, |text| text.parse().expect("MSNP_FAULT_ROUNDS is a number"))
}

/// A running daemon.
pub(crate) struct Daemon {
    program: &'static str,
    file: String,
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Daemon {
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        let told = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status();
        assert!(told.unwrap().success());
    }

    /// Has it ended by itself?
    pub(crate) fn has_ended(&mut self) -> bool {
        match self.child.try_wait().unwrap() {
            Some(status) => {
                assert!(status.success(), "{} ended with {status}", self.file);
                true
            }
            None => false,
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything that runs.
pub(crate) struct Ground {
    pub(crate) directory: TempDir,
    _database: Database,
    /// What all daemons are told.
    common: String,
    pub(crate) people: Vec<Person>,
    pub(crate) ds: Vec<Daemon>,
    pub(crate) ns: Vec<Daemon>,
    pub(crate) sb: Vec<Daemon>,
}

impl Ground {
    /// People who all have each other on their lists, and the store for it. `None`: there is no Postgres.
    pub(crate) fn new(people: usize, beat: Duration) -> Option<Self> {
        if !database::is_there() {
            println!("skipped: MSNP_TEST_POSTGRES is not set (tests/services run sets it)");
            return None;
        }
        programs::build();
        let directory = tempfile::tempdir().unwrap();
        let key = || MasterKey::load_or_create(&directory.path().join("data/master.key")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let open = |url: &str, key| {
            let url = url.parse().unwrap();
            runtime.block_on(async move { Store::open(&url, key).await.unwrap() })
        };
        // The copies are made of a database that no key has been used with yet.
        let database = Database::new(|url| {
            let other = tempfile::tempdir().unwrap();
            let key = MasterKey::load_or_create(&other.path().join("master.key")).unwrap();
            let store = open(url, key);
            runtime.block_on(store.close());
        });
        let handles: Vec<String> = (0..people).map(|number| format!("person{number}@example.com")).collect();
        let store = open(&database.url, key());
        runtime.block_on(async {
            befriend(&store, &handles).await;
            store.close().await;
        });
        let common = format!(
            "store.url = \"{}\"\nbus.nats.beat = \"{}ms\"\nns.drain_time = \"1s\"\nns.move_time = \"0s\"\n\
             ns.changes_per_minute = 0\nns.rooms_per_minute = 0\nsb.calls_per_minute = 0\n\
             limits.commands_at_once = 0\nlimits.messages_at_once = 0\n",
            database.url,
            beat.as_millis()
        );
        let people = handles.into_iter().map(Person::new).collect();
        Some(Self { directory, _database: database, common, people, ds: Vec::new(), ns: Vec::new(), sb: Vec::new() })
    }

    /// The usual cluster: two dispatch servers, three notification servers, two switchboards.
    pub(crate) fn usual(people: usize, beat: Duration, nats: &Server) -> Option<Self> {
        let mut ground = Self::new(people, beat)?;
        let nats = nats.url("");
        (0..3).for_each(|_| ground.add("ns", &nats, ""));
        (0..2).for_each(|_| ground.add("sb", &nats, ""));
        (0..2).for_each(|_| ground.add("ds", &nats, ""));
        Some(ground)
    }

    /// Starts one more daemon, with these lines in its configuration.
    pub(crate) fn add(&mut self, section: &'static str, nats: &str, more: &str) {
        let address: SocketAddr = ([127, 0, 0, 1], programs::ports(1)[0]).into();
        let list = match section {
            "ds" => &self.ds,
            "ns" => &self.ns,
            _ => &self.sb,
        };
        let file = format!("{section}{}.toml", list.len());
        // A dotted key may be there once.
        let replaced = |line: &&str| {
            let key = line.split(" =").next().unwrap_or_default();
            !more.lines().any(|other| other.starts_with(&format!("{key} =")))
        };
        let common: String = self.common.lines().filter(replaced).map(|line| format!("{line}\n")).collect();
        let config = format!("{common}bus.url = \"{nats}\"\n{section}.listen = \"{address}\"\n{more}");
        fs::write(self.directory.path().join(&file), config).unwrap();
        let program = match section {
            "ds" => "msnp-ds",
            "ns" => "msnp-ns",
            _ => "msnp-sb",
        };
        let child = start(&self.directory, program, &file);
        let daemon = Daemon { program, file, address, child };
        match section {
            "ds" => self.ds.push(daemon),
            "ns" => self.ns.push(daemon),
            _ => self.sb.push(daemon),
        }
    }

    /// Starts a daemon again that has ended.
    pub(crate) fn restart(&mut self, section: &str, which: usize) {
        let daemon = if section == "ns" { &mut self.ns[which] } else { &mut self.sb[which] };
        daemon.child = start(&self.directory, daemon.program, &daemon.file);
    }

    /// Everyone signs in, through one dispatch server or another.
    pub(crate) fn all_sign_in(&mut self) {
        for (number, person) in self.people.iter_mut().enumerate() {
            person.sign_in(self.ds[number % self.ds.len()].address).unwrap();
        }
        self.settles("everyone has signed in", Duration::from_secs(10));
    }

    /// Who is to be shown, and how, to anyone but themselves.
    fn truth(&self) -> BTreeMap<String, String> {
        let online = self.people.iter().filter(|person| person.wire.is_some() && person.status != "HDN");
        online.map(|person| (person.handle.clone(), person.status.to_owned())).collect()
    }

    /// What is wrong with what people are shown.
    fn differences(&self) -> Vec<String> {
        let truth = self.truth();
        let mut wrong = Vec::new();
        for person in &self.people {
            let Some(wire) = &person.wire else { continue };
            let state = wire.state();
            if let Some(odd) = &state.odd {
                wrong.push(format!("{}: {odd}", person.handle));
            }
            if state.closed {
                wrong.push(format!("{} at {}: closed, {:?}", person.handle, wire.at, state.out));
            }
            let others = truth.iter().filter(|(handle, _)| **handle != person.handle);
            for (handle, status) in others {
                match state.shown.get(handle) {
                    Some(shown) if shown == status => {}
                    shown => {
                        wrong.push(format!("{} at {}: {handle} is {status}, shown {shown:?}", person.handle, wire.at))
                    }
                }
            }
            for handle in state.shown.keys().filter(|handle| !truth.contains_key(*handle)) {
                wrong.push(format!("{} at {}: {handle} is offline, and shown", person.handle, wire.at));
            }
        }
        wrong
    }

    /// Waits until everyone is shown exactly the truth; tells how long that took. Those who are sent
    /// elsewhere go there.
    pub(crate) fn settles(&mut self, when: &str, within: Duration) -> Duration {
        let began = Instant::now();
        loop {
            self.follow();
            let wrong = self.differences();
            if wrong.is_empty() {
                return began.elapsed();
            }
            assert!(began.elapsed() < within, "{when}: not the truth after {within:?}:\n{}", wrong.join("\n"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Those who are signed in at this server.
    pub(crate) fn at(&self, address: SocketAddr) -> Vec<usize> {
        (0..self.people.len()).filter(|number| self.people[*number].at() == Some(address)).collect()
    }

    /// Those who are sent elsewhere go there.
    pub(crate) fn follow(&mut self) {
        self.people.iter_mut().for_each(Person::follow);
    }
}

fn start(directory: &TempDir, program: &'static str, file: &str) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(directory.path().join(format!("{file}.log")));
    let mut child = Command::new(programs::program(program))
        .args(["--config", file])
        .current_dir(directory.path())
        .stdout(Stdio::piped())
        .stderr(log.unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if !line.contains("listens on") {
        let log = fs::read_to_string(directory.path().join(format!("{file}.log"))).unwrap_or_default();
        panic!("{program} did not start: {line}{log}");
    }
    child
}

/// An account that is on nobody's lists.
pub(crate) const STRANGER: &str = "stranger@example.com";

/// Makes accounts, with everyone on the forward and allow lists of everyone else, but for the stranger.
async fn befriend(store: &Store, handles: &[String]) {
    let mut accounts = Vec::new();
    for handle in handles.iter().map(String::as_str).chain([STRANGER]) {
        let email = Email::parse(handle).unwrap();
        let (name, password) = (Name::from(&email), Password::new(PASSWORD.to_owned()));
        let owner = store.create_account(NewAccount { email, name: name.clone(), password, md5: true }).await.unwrap();
        accounts.push((owner, name));
    }
    accounts.pop();
    for (owner, _) in &accounts {
        let others = accounts.iter().filter(|(peer, _)| peer != owner);
        let entry = |name: &Name| ContactEntry {
            lists: Lists::NONE.with(List::Forward).with(List::Allow),
            groups: GroupSet::NONE.with(GroupId::OTHER),
            name: name.clone(),
        };
        let changes =
            others.map(|(peer, name)| Change::Contact { peer: *peer, was: Lists::NONE, now: Some(entry(name)) });
        store.edit(Edit { owner: *owner, changes: changes.collect() }).await.unwrap();
    }
}
