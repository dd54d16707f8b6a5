//! What only NATS does: it lets daemons speak only for themselves, and it comes back.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bus::{Address, Bus, BusError, BusUrl, NatsOptions, Request, Response, Secret};
use model::{NodeId, Role};

use crate::ground::{NEVER, QUICK, Recorder, email, eventually, flushed, free_address, ids, node, note};
use crate::server::Server;

fn url_of(server: &Server, login: &str) -> BusUrl {
    server.url(login).parse().unwrap()
}

async fn daemon(url: &BusUrl, id: u64, options: NatsOptions) -> (bus::Member, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let BusUrl::Nats(url) = url else { unreachable!() };
    let bus = Bus::nats(url, options).await.unwrap().with_deadline(Duration::from_millis(500));
    (bus.join(node(id, Role::Notification), recorder.clone()).await.unwrap(), recorder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_loses_nobody_and_what_is_lost_is_noticed() {
    let mut server = Server::start(&[]);
    let url = url_of(&server, "");
    let (a, at_a) = daemon(&url, 1, NatsOptions::default()).await;
    let (b, at_b) = daemon(&url, 2, NatsOptions::default()).await;
    eventually("both are there", || ids(&a.members()) == [1, 2]).await;
    b.hold(&email("amy"));
    let to_b = Address::Node(NodeId(2));
    a.send(&to_b, note(1));
    eventually("it is there", || at_b.noticed() == 1).await;

    server.kill();
    eventually("both know", || !a.is_connected() && !b.is_connected()).await;
    (2..=50).for_each(|number| a.send(&to_b, note(number)));
    let asked = a.request(&Address::User(email("amy")), Request::TakeOver { user: QUICK }).await;
    assert!(matches!(asked, Err(BusError::Disconnected { .. })), "{asked:?}");
    assert_eq!(ids(&a.members()), [1, 2], "they may come back");
    server.restart();
    eventually("both are back", || a.is_connected() && b.is_connected()).await;
    eventually("what waited is there, or noticed to be lost", || {
        at_b.noticed() == 50 || !at_b.missed.lock().unwrap().is_empty()
    })
    .await;
    assert_eq!(at_a.shown().last(), Some(&vec![1, 2]));
    assert!(at_a.shown().iter().skip(1).all(|shown| *shown == [1, 2]), "nobody seemed to go: {:?}", at_a.shown());
    let asked = a.request(&Address::User(email("amy")), Request::TakeOver { user: QUICK }).await;
    assert_eq!(asked.unwrap(), Response::TakenOver);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_for_long_the_others_count_as_gone() {
    let mut server = Server::start(&[]);
    let url = url_of(&server, "");
    let faith = Duration::from_millis(300);
    let (a, at_a) = daemon(&url, 1, NatsOptions { faith, ..NatsOptions::default() }).await;
    let (_b, _) = daemon(&url, 2, NatsOptions { faith, ..NatsOptions::default() }).await;
    eventually("both are there", || ids(&a.members()) == [1, 2]).await;
    server.kill();
    eventually("the other is gone", || ids(&a.members()) == [1]).await;
    server.restart();
    eventually("the other is back", || ids(&a.members()) == [1, 2]).await;
    assert_eq!(at_a.shown().last(), Some(&vec![1, 2]));
}

/// A way to a server that can be cut without a word, in both directions.
struct Cable {
    url: BusUrl,
    cut: Arc<AtomicBool>,
}

impl Cable {
    fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, there) = (listener.local_addr().unwrap(), server.address);
        let cut = Arc::new(AtomicBool::new(false));
        let is_cut = Arc::clone(&cut);
        thread::spawn(move || {
            for near in listener.incoming() {
                let (near, far) = (near.unwrap(), TcpStream::connect(there).unwrap());
                for (from, to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                    let cut = Arc::clone(&is_cut);
                    thread::spawn(move || carry(from, to, &cut));
                }
            }
        });
        Self { url: format!("nats://{address}").parse().unwrap(), cut }
    }
}

/// Carries bytes; while the cable is cut they are lost, and then the connection breaks.
fn carry(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool) {
    let mut buffer = [0; 4096];
    from.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut lost = false;
    loop {
        let is_cut = cut.load(Ordering::SeqCst);
        if lost && !is_cut {
            return;
        }
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) if is_cut => lost = true,
            Ok(count) => {
                if to.write_all(&buffer[..count]).is_err() {
                    return;
                }
            }
            Err(_) => lost |= is_cut,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_is_seen_from_both_sides_and_heals() {
    let server = Server::start(&[]);
    let cable = Cable::to(&server);
    let (a, at_a) = daemon(&url_of(&server, ""), 1, NatsOptions::default()).await;
    let (b, at_b) = daemon(&cable.url, 2, NatsOptions::default()).await;
    eventually("both are there", || ids(&a.members()) == [1, 2]).await;
    a.send(&Address::Node(NodeId(2)), note(1));
    eventually("it is there", || at_b.noticed() == 1).await;
    let began = Instant::now();
    cable.cut.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(100)).await;
    a.send(&Address::Node(NodeId(2)), note(2));
    eventually("the other is gone", || ids(&a.members()) == [1]).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    cable.cut.store(false, Ordering::SeqCst);
    eventually("the other is back", || ids(&a.members()) == [1, 2]).await;
    eventually("b is whole again", || b.is_connected() && ids(&b.members()) == [1, 2]).await;
    a.send(&Address::Node(NodeId(2)), note(3));
    eventually("the next one is there", || at_b.notices.lock().unwrap().last() == Some(&(NodeId(1), note(3)))).await;
    assert!(!at_b.notices.lock().unwrap().contains(&(NodeId(1), note(2))), "the cut loses what is sent meanwhile");
    assert!(at_b.missed.lock().unwrap().contains(&(NodeId(1), 1)), "b knows that it missed something");
    assert_eq!(at_a.shown().last(), Some(&vec![1, 2]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_one_that_died_learns_it_at_once() {
    let server = Server::start(&[]);
    let url = url_of(&server, "");
    let (a, _) = daemon(&url, 1, NatsOptions::default()).await;
    let doomed = tokio::runtime::Runtime::new().unwrap();
    let there = url.clone();
    let b = doomed.spawn(async move { daemon(&there, 2, NatsOptions::default()).await }).await.unwrap();
    eventually("both are there", || ids(&a.members()) == [1, 2]).await;
    doomed.shutdown_background();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    let asked = a.request(&Address::Node(NodeId(2)), Request::TakeOver { user: NEVER }).await;
    assert!(matches!(asked, Err(BusError::NoResponders { .. })), "{asked:?}");
    assert!(began.elapsed() < Duration::from_millis(400));
    drop(b);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_speaks_only_for_itself() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("nats.conf");
    // As docs/OPERATING.md has it.
    let account = |name: &str| {
        format!(
            "{{ user: {name}, password: pass, permissions: {{ publish: [\"msnp1.here.{name}.*\", \"msnp1.to.*.*.{name}.*\"], \
             subscribe: [\"msnp1.here.>\", \"msnp1.to.{name}.>\"] }} }}"
        )
    };
    let users = ["ns-1", "ns-2"].map(account).join(", ");
    std::fs::write(&config, format!("authorization {{ users: [{users}] }}")).unwrap();
    let server = Server::start(&["-c", config.to_str().unwrap()]);

    let refused = Bus::open(&url_of(&server, "ns-1:wrong@"), Secret::random()).await.unwrap_err();
    assert!(matches!(refused, BusError::NatsLogin { .. }), "{refused}");
    assert!(!refused.to_string().contains("wrong"), "{refused}");

    let login = directory.path().join("login");
    std::fs::write(&login, "ns-2:pass").unwrap();
    std::fs::set_permissions(&login, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (a, at_a) = daemon(&url_of(&server, "ns-1:pass@"), 1, NatsOptions::default()).await;
    let from_file = NatsOptions { login_file: Some(login), ..NatsOptions::default() };
    let (b, _) = daemon(&url_of(&server, ""), 2, from_file).await;
    eventually("both are there", || ids(&a.members()) == [1, 2]).await;
    b.hold(&email("amy"));
    flushed(&b).await;
    let asked = a.request(&Address::User(email("amy")), Request::TakeOver { user: QUICK }).await;
    assert_eq!(asked.unwrap(), Response::TakenOver);
    b.send(&Address::Node(NodeId(1)), note(1));
    eventually("it is there", || at_a.noticed() == 1).await;

    // With the login of one, under the name of another: nobody hears it, and it hears nobody.
    let posing = NatsOptions { name: Some("ns-1".to_owned()), ..NatsOptions::default() };
    let BusUrl::Nats(url) = url_of(&server, "ns-2:pass@") else { unreachable!() };
    let bus = Bus::nats(&url, posing).await.unwrap();
    let recorder = Arc::new(Recorder::default());
    let member = bus.join(node(3, Role::Notification), recorder).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(ids(&a.members()), [1, 2]);
    if let Ok(member) = member {
        member.send(&Address::Node(NodeId(1)), note(2));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(at_a.noticed(), 1);
}

#[tokio::test]
async fn where_no_server_is_the_operator_is_told() {
    let url: BusUrl = format!("nats://amy:secret@{}", free_address()).parse().unwrap();
    let error = Bus::open(&url, Secret::random()).await.unwrap_err();
    assert!(matches!(error, BusError::Nats { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}
