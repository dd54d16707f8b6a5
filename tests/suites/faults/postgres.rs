//! Postgres is killed, stopped and away under a daemon: clients stay connected, what was
//! acknowledged is there, everything is answered, and all is well within five seconds of its return.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use model::{Email, List};
use store::{MasterKey, Store};
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::daemon::{Addresses, Daemon, EDITOR, PASSWORD, prepare_on, rounds};
use crate::known::{Known, Outcome, PEOPLE, person, rand_below};
use crate::programs;
use crate::server::Postgres;

/// How often Postgres is killed, and how often it is stopped.
const KILLS: u32 = 50;
const STOPS: u32 = 6;
/// Clients that edit at the same time.
const EDITORS: usize = 4;
/// In how much time of its return all is well.
const WELL: Duration = Duration::from_secs(5);
/// In how much time an edit is answered: the deadline of the store, and what a busy machine takes.
const ANSWERED: Duration = Duration::from_secs(7);

fn editor(number: usize) -> String {
    format!("editor{number}@example.com")
}

/// A client that edits its list.
struct Editor {
    handle: String,
    client: Client,
    known: Known,
    refused: u32,
    /// Does it ask again for what was refused? If not, only the daemon can find out whether it was
    /// carried out.
    insists: bool,
    /// The longest that an answer took.
    slowest: Duration,
}

impl Editor {
    fn sign_in(ns: SocketAddr, number: usize) -> Self {
        let handle = editor(number);
        let client = signed_in(ns, &handle);
        let insists = number.is_multiple_of(2);
        Self { handle, client, known: Known::default(), refused: 0, insists, slowest: Duration::ZERO }
    }

    /// Edits until an edit is acknowledged that was sent after Postgres came back.
    fn edit(&mut self, back: &Mutex<Option<Instant>>) {
        let mut gave_up = false;
        loop {
            let sent = Instant::now();
            let outcome = if gave_up { self.set() } else { self.known.edit(&mut self.client) };
            let outcome = outcome.expect("the client stays connected");
            self.slowest = self.slowest.max(sent.elapsed());
            let back = *back.lock().unwrap();
            match outcome {
                Outcome::Done if back.is_some_and(|back| sent > back) => return,
                Outcome::Done => {}
                Outcome::Refused(code) => {
                    assert_eq!(code, 501, "the code for an edit while the store is away");
                    assert!(back.is_none_or(|back| back.elapsed() < WELL), "not well {WELL:?} after the return");
                    self.refused += 1;
                    gave_up = !self.insists;
                    thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    /// Changes a setting.
    fn set(&mut self) -> io::Result<Outcome> {
        let privacy = ["AL", "BL"][rand_below(2)];
        let answer = self.client.ask(&format!("BLP {{}} {privacy}"))?;
        match answer.split(' ').next().and_then(|word| word.parse().ok()) {
            // It has that value already: nothing was changed, and the store was not asked.
            Some(218) => Ok(Outcome::Refused(501)),
            Some(code) => Ok(Outcome::Refused(code)),
            None => Ok(Outcome::Done),
        }
    }

    /// The store has all that was acknowledged, and the client is shown what the store has.
    fn check(&mut self, truth: &Truth, round: u32) {
        let found = truth.list(&self.handle, List::Forward);
        assert!(self.known.allows(&found), "round {round}, {}: {:?}, found {found:?}", self.handle, self.known);
        await_shown(&mut self.client, "FL", &found, &format!("round {round}, {}", self.handle));
        self.known.adopt(found);
    }
}

fn signed_in(ns: SocketAddr, handle: &str) -> Client {
    let mut client = Client::sign_in(ns, handle, PASSWORD).unwrap();
    client.synchronise().unwrap();
    client
}

/// Waits until a client is shown what the store has.
fn await_shown(client: &mut Client, list: &str, truth: &BTreeSet<String>, who: &str) {
    let began = Instant::now();
    loop {
        let shown: BTreeSet<String> = client.list(list).unwrap().into_iter().collect();
        if shown == *truth {
            return;
        }
        assert!(began.elapsed() < WELL, "{who} is shown {shown:?} on {list}, true is {truth:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// The store, past the daemon.
struct Truth {
    runtime: Runtime,
    store: Store,
}

impl Truth {
    fn open(directory: &Path, url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let key = MasterKey::load_or_create(&directory.join("data/master.key")).unwrap();
        let store = runtime.block_on(Store::open(&url.parse().unwrap(), key)).unwrap();
        Self { runtime, store }
    }

    fn list(&self, handle: &str, list: List) -> BTreeSet<String> {
        self.runtime.block_on(async {
            let began = Instant::now();
            while let Err(error) = self.store.check().await {
                assert!(began.elapsed() < WELL, "{error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let account = self.store.account(&Email::parse(handle).unwrap()).await.unwrap().unwrap();
            let roster = self.store.roster(account.id).await.unwrap().unwrap();
            let there = roster.contacts.iter().filter(|contact| contact.lists.has(list));
            there.map(|contact| contact.email.to_string()).collect()
        })
    }
}

/// A daemon on a Postgres, and clients that edit.
struct Scene {
    editors: Vec<Editor>,
    /// One of those whom the editors put on their lists and take off them.
    contact: Client,
    truth: Truth,
    at: Addresses,
    _daemon: Daemon,
    directory: tempfile::TempDir,
}

impl Scene {
    fn set(postgres: &Postgres) -> Self {
        programs::build();
        let directory = tempfile::tempdir().unwrap();
        let people: Vec<String> = (0..PEOPLE).map(person).chain((0..EDITORS).map(editor)).collect();
        let at = prepare_on(directory.path(), &people, &postgres.url());
        let daemon = Daemon::start(directory.path());
        let editors = (0..EDITORS).map(|number| Editor::sign_in(at.ns, number)).collect();
        let contact = signed_in(at.ns, &person(0));
        let truth = Truth::open(directory.path(), &postgres.url());
        Self { editors, contact, truth, at, _daemon: daemon, directory }
    }

    /// Everyone edits while `disturb` disturbs Postgres, and until all is well again behind it.
    fn play(&mut self, round: u32, disturb: impl FnOnce()) {
        let back = Mutex::new(None);
        thread::scope(|scope| {
            for editor in &mut self.editors {
                let back = &back;
                scope.spawn(move || editor.edit(back));
            }
            thread::sleep(Duration::from_millis(20 + rand_below(200) as u64));
            disturb();
            *back.lock().unwrap() = Some(Instant::now());
        });
        for editor in &mut self.editors {
            editor.check(&self.truth, round);
        }
        let reverse = self.truth.list(&person(0), List::Reverse);
        await_shown(&mut self.contact, "RL", &reverse, &format!("round {round}, {}", person(0)));
    }

    fn count(&self, of: impl Fn(&Editor) -> u32) -> u32 {
        self.editors.iter().map(of).sum()
    }

    /// What happened, for whoever reads along; and that it was enough to show something.
    fn conclude(&self, rounds: u32) {
        let (edits, refused) = (self.count(|editor| editor.known.edits), self.count(|editor| editor.refused));
        let slowest = self.editors.iter().map(|editor| editor.slowest).max().unwrap();
        let doubtful = self.log().matches("during a commit").count();
        println!(
            "{rounds} rounds: {edits} edits acknowledged, {refused} refused, {doubtful} of them in doubt; \
             the slowest answer took {slowest:?}"
        );
        assert!(edits > rounds && refused > 0, "{edits} edits and {refused} refusals show nothing");
        assert!(slowest < ANSWERED, "an edit was answered after {slowest:?}");
    }

    /// What the daemon has logged.
    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }
}

#[test]
fn nothing_is_lost_when_postgres_is_killed() {
    let Some(mut postgres) = Postgres::start() else { return };
    let mut scene = Scene::set(&postgres);
    let rounds = rounds(KILLS);
    for round in 0..rounds {
        scene.play(round, || {
            postgres.kill();
            thread::sleep(Duration::from_millis(rand_below(150) as u64));
            postgres.restart();
        });
    }
    scene.conclude(rounds);
}

#[test]
fn nothing_is_lost_when_postgres_hangs() {
    let Some(postgres) = Postgres::start() else { return };
    let mut scene = Scene::set(&postgres);
    let rounds = rounds(STOPS);
    for round in 0..rounds {
        // The first for longer than anyone waits; then shorter ones, which few notice.
        let ms = if round == 0 { 10_000 } else { 100 + rand_below(2500) as u64 };
        scene.play(round, || {
            postgres.signal("STOP");
            thread::sleep(Duration::from_millis(ms));
            postgres.signal("CONT");
        });
    }
    scene.conclude(rounds);
}

#[test]
fn sign_ins_and_calls_are_refused_while_postgres_is_away() {
    let Some(mut postgres) = Postgres::start() else { return };
    let mut scene = Scene::set(&postgres);
    let Addresses { ns, sb, web } = scene.at;
    let ticket = ticket(&scene.truth);
    let mut caller = Client::sign_in(ns, EDITOR, PASSWORD).unwrap();
    caller.ask("CHG {} NLN").unwrap();
    let referral = caller.ask("XFR {} SB").unwrap();
    let cookie = referral.rsplit(' ').next().unwrap().to_owned();
    postgres.kill();
    let (began, mut tried) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(10) {
        let tries = Instant::now();
        assert_eq!(refusal(Client::sign_in(ns, &person(1), PASSWORD)), "910 3");
        assert_eq!(refusal(Client::with_ticket(ns, &person(1), &ticket)), "910 3");
        assert_eq!(refusal(Client::enter(sb, EDITOR, &cookie)), "280 1");
        assert!(caller.ask("XFR {} SB").unwrap().starts_with("280 "), "no cookie can be kept");
        assert!(caller.ask("ADD {} FL a@example.com a@example.com").unwrap().starts_with("501 "));
        let answer = log_in(web);
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nRetry-After: 30\r\n"), "{answer}");
        assert!(tries.elapsed() < Duration::from_secs(4), "refused at once, not after {:?}", tries.elapsed());
        tried += 1;
        thread::sleep(Duration::from_millis(100));
    }
    assert!(tried > 10, "only {tried} tries");
    postgres.restart();
    let back = Instant::now();
    let mut again = loop {
        match Client::sign_in(ns, &person(1), PASSWORD) {
            Ok(client) => break client,
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
        assert!(back.elapsed() < WELL, "nobody can sign in {WELL:?} after the return");
    };
    again.synchronise().unwrap();
    Client::with_ticket(ns, &person(2), &ticket).expect_err("it is another's ticket");
    Client::with_ticket(ns, &person(1), &ticket).unwrap();
    assert!(caller.ask("XFR {} SB").unwrap().starts_with("XFR "));
    assert!(log_in(web).starts_with("HTTP/1.1 200 "));
    scene.play(0, || {});
    let log = scene.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("WARN") || line.contains("is back")).collect();
    assert!(lines.len() <= 3 && lines.iter().any(|line| line.contains("the database is away")), "{lines:#?}");
}

/// What someone was told who was not let in.
fn refusal(result: io::Result<Client>) -> String {
    let error = result.expect_err("nobody is let in").to_string();
    error.rsplit(": ").next().unwrap_or_default().to_owned()
}

fn ticket(truth: &Truth) -> String {
    truth.runtime.block_on(async {
        let account = truth.store.account(&Email::parse(&person(1)).unwrap()).await.unwrap().unwrap();
        let ticket = truth.store.issue_ticket(account.id, Duration::from_secs(3600)).await.unwrap().unwrap();
        ticket.expose().to_owned()
    })
}

/// What the login server answers to the right password.
fn log_in(web: SocketAddr) -> String {
    let mut stream = TcpStream::connect(web).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let handle = person(1).replace('@', "%40");
    let request = format!(
        "GET /login2.srf HTTP/1.1\r\nHost: login.example.com\r\n\
         Authorization: Passport1.4 OrgVerb=GET,OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,\
         sign-in={handle},pwd={PASSWORD},ct=1\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_database_behind_tls_is_checked_as_the_address_says() {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let (root, issuer) = (ca.self_signed(&ca_key).unwrap(), rcgen::Issuer::new(ca, ca_key));
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let port = programs::ports(1)[0];
    let Some(_server) = Postgres::start_with_tls(port, &certificate.pem(), &key.serialize_pem()) else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, root.pem()).unwrap();
    let runtime = Runtime::new().unwrap();
    let opens = |host: &str, mode: &str, root: bool| {
        let root = if root { format!("&sslrootcert={}", file.display()) } else { String::new() };
        let url = format!("postgres://msnp@{host}:{port}/postgres?sslmode={mode}{root}").parse().unwrap();
        runtime.block_on(async {
            let store = Store::open(&url, MasterKey::random().unwrap()).await?;
            store.check().await.map(|()| store.close()).map(drop)
        })
    };
    opens("localhost", "verify-full", true).unwrap();
    opens("127.0.0.1", "verify-ca", true).unwrap();
    opens("127.0.0.1", "require", false).unwrap();
    opens("127.0.0.1", "prefer", false).unwrap();
    opens("127.0.0.1", "verify-full", true).expect_err("it is the certificate of another name");
    opens("localhost", "verify-full", false).expect_err("nobody knows the certificate's root");
    opens("localhost", "disable", false).expect_err("the server lets nobody in without TLS");
}
