//! The network is cut between two halves of the cluster, each with a NATS server of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::ground::{Ground, QUICK, rounds};
use crate::nats::Server;
use crate::person::Person;
use crate::{below, programs, report};

/// A way to an address that can be cut without a word: what is sent meanwhile is lost, and the
/// connections over it break when it is whole again.
struct Cable {
    address: SocketAddr,
    cut: Arc<AtomicBool>,
}

impl Cable {
    fn to(there: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(AtomicBool::new(false));
        let is_cut = Arc::clone(&cut);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(there) else { continue };
                for (from, to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                    let cut = Arc::clone(&is_cut);
                    thread::spawn(move || carry(from, to, &cut));
                }
            }
        });
        Self { address, cut }
    }

    fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool) {
    let mut buffer = [0; 16384];
    let mut broken = false;
    from.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    loop {
        let read = from.read(&mut buffer);
        let is_cut = cut.load(Ordering::SeqCst);
        broken |= is_cut;
        if broken && !is_cut {
            break;
        }
        match read {
            Ok(0) => break,
            Ok(count) if !is_cut && to.write_all(&buffer[..count]).is_err() => break,
            _ => {}
        }
    }
    // Both directions end.
    let _ = (from.shutdown(std::net::Shutdown::Both), to.shutdown(std::net::Shutdown::Both));
}

/// Two NATS servers that reach each other over a cable, and daemons at each.
struct Halves {
    ground: Ground,
    cable: Cable,
    _nats: [Server; 2],
}

impl Halves {
    fn new(people: usize) -> Option<Self> {
        let route: SocketAddr = ([127, 0, 0, 1], programs::ports(1)[0]).into();
        let near = format!("nats://{route}");
        let alone = ["--cluster_name", "msnp", "--no_advertise", "--cluster", &near];
        let first = Server::start(&alone);
        let cable = Cable::to(route);
        let (own, routes) = ("nats://127.0.0.1:-1", format!("nats://{}", cable.address));
        let second = Server::start(&[
            "--cluster_name",
            "msnp",
            "--no_advertise",
            "--cluster",
            own,
            "--routes",
            &routes,
            "--connect_retries",
            "1000000",
        ]);
        let mut ground = Ground::new(people, QUICK)?;
        for nats in [&first, &second] {
            for section in ["ns", "sb", "ds"] {
                ground.add(section, &nats.url(""), "");
            }
        }
        Some(Self { ground, cable, _nats: [first, second] })
    }

    /// Does the half of this dispatch server see nobody of the other half?
    fn is_alone(&self, half: usize) -> bool {
        let (here, there) = (self.ground.ns[half].address, self.ground.ns[1 - half].address);
        let strangers: Vec<&str> =
            self.ground.at(there).iter().map(|person| &*self.ground.people[*person].handle).collect();
        self.ground.at(here).iter().all(|person| {
            let wire = self.ground.people[*person].wire.as_ref().unwrap();
            let state = wire.state();
            strangers.iter().all(|stranger| !state.shown.contains_key(*stranger))
        })
    }
}

#[test]
fn after_a_cut_with_sign_ins_on_both_sides_there_is_one_session_each() {
    let Some(mut halves) = Halves::new(8) else { return };
    halves.ground.all_sign_in();
    let (mut times, mut doubles) = (Vec::new(), 0);
    for round in 0..rounds() {
        halves.cable.cut(true);
        let began = Instant::now();
        while !(halves.is_alone(0) && halves.is_alone(1)) {
            assert!(began.elapsed() < Duration::from_secs(8), "round {round}: the halves still see each other");
            thread::sleep(Duration::from_millis(20));
        }
        // Some sign in at the other half, while they are signed in at this one.
        let mut earlier: Vec<Person> = Vec::new();
        for number in 0..halves.ground.people.len() {
            let ds = halves.ground.ds.iter().map(|ds| ds.address).collect::<Vec<_>>();
            let person = &mut halves.ground.people[number];
            match below(4) {
                0 => person.change(["BSY", "AWY", "NLN", "BRB"][below(4)]),
                1 => {
                    let half = usize::from(person.at() == Some(halves.ground.ns[0].address));
                    let mut other = Person::new(person.handle.clone());
                    other.status = ["BSY", "AWY"][below(2)];
                    other.sign_in(ds[half]).unwrap_or_else(|error| panic!("round {round}: {}: {error}", other.handle));
                    earlier.push(std::mem::replace(person, other));
                    doubles += 1;
                }
                _ => {}
            }
        }
        halves.cable.cut(false);
        let healed = Instant::now();
        for person in &mut earlier {
            let out = person.online().wait(|state| state.closed.then(|| state.out.clone()));
            assert_eq!(out.unwrap().as_deref(), Some("OTH"), "round {round}: {}", person.handle);
        }
        halves.ground.settles("the cut has healed", Duration::from_secs(20));
        times.push(healed.elapsed());
    }
    assert!(doubles >= rounds() / 2, "only {doubles} signed in twice");
    report("the truth after a cut", times);
}
