//! Servers are emptied, end, and come back; and one more comes. Nothing is lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bus::Bus;
use model::Email;

use crate::ground::{Ground, QUICK, STRANGER, rounds};
use crate::nats::Server;
use crate::person::{Person, Wire, say};
use crate::{below, report};

/// Edits their lists for as long as they are told to, wherever they are sent.
struct Editor {
    person: Person,
    ds: std::net::SocketAddr,
    acknowledged: BTreeSet<String>,
    edits: u32,
}

impl Editor {
    /// Puts someone on the block list, or takes them off it: nobody else sees that they do.
    fn edit(&mut self, whom: &str) {
        self.person.follow();
        let add = !self.acknowledged.contains(whom);
        let command = if add { format!("ADD {{}} BL {whom} {whom}") } else { format!("REM {{}} BL {whom}") };
        match self.person.online().ask(&command) {
            Ok(_) => {}
            // It is not known whether that was done; the list tells.
            Err(_) => {
                self.come_back();
                let found = self.list();
                let done = found.contains(whom) == add;
                if !done {
                    return;
                }
            }
        }
        self.edits += 1;
        let _ = if add { self.acknowledged.insert(whom.to_owned()) } else { self.acknowledged.remove(whom) };
    }

    /// Signs in again. The server that is to take us may itself be about to end, so it is tried again.
    fn come_back(&mut self) {
        let end = Instant::now() + Duration::from_secs(5);
        while let Err(error) = self.person.sign_in(self.ds) {
            assert!(Instant::now() < end, "{} cannot come back: {error}", self.person.handle);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The block list as the server has it.
    fn list(&mut self) -> BTreeSet<String> {
        self.person.follow();
        let wire = self.person.online();
        let mut found = BTreeSet::new();
        let first = wire.ask("LST {} BL").unwrap();
        let words: Vec<&str> = first.split(' ').collect();
        let total: usize = words[5].parse().unwrap();
        found.extend(words.get(6).map(|handle| (*handle).to_owned()));
        assert!(total <= 1, "the test edits one contact at a time");
        found
    }
}

#[test]
fn a_rolling_restart_loses_no_edit_and_no_message() {
    let nats = Server::start(&[]);
    let Some(mut ground) = Ground::usual(9, QUICK, &nats) else { return };
    let mut editor = Editor {
        person: ground.people.pop().unwrap(),
        ds: ground.ds[0].address,
        acknowledged: BTreeSet::new(),
        edits: 0,
    };
    // Someone whom nobody sees, and who is on nobody's way.
    editor.person.status = "HDN";
    editor.person.sign_in(editor.ds).unwrap();
    ground.all_sign_in();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let editing = thread::spawn(move || {
        while !stopped.load(Ordering::SeqCst) {
            editor.edit(STRANGER);
            thread::sleep(Duration::from_millis(5));
        }
        editor
    });
    let (mut times, mut said) = (Vec::new(), 0);
    for round in 0..rounds() {
        let (caller, callee) = ground.people.split_at_mut(1);
        let (mut mine, theirs, at) = caller[0].converse(&mut callee[0]).unwrap();
        let began = Instant::now();
        if round % 5 == 4 {
            let which = usize::from(ground.sb[1].address == at);
            ground.sb[which].signal("USR1");
            said += talk(&mut mine, &theirs, 20);
            assert!(!ground.sb[which].has_ended(), "a room is open");
            drop((mine, theirs));
            ends(|| ground.sb[which].has_ended());
            ground.restart("sb", which);
        } else {
            let which = below(3);
            ground.ns[which].signal("USR1");
            let end = Instant::now() + Duration::from_secs(40);
            while !ground.ns[which].has_ended() {
                ground.follow();
                said += talk(&mut mine, &theirs, 1);
                assert!(Instant::now() < end, "round {round}: it does not end");
            }
            ground.settles("a server was emptied", Duration::from_secs(10));
            ground.restart("ns", which);
        }
        times.push(began.elapsed());
    }
    stop.store(true, Ordering::SeqCst);
    let mut editor = editing.join().unwrap();
    assert_eq!(editor.list(), editor.acknowledged);
    println!("{} edits and {said} messages, none of them lost", editor.edits);
    assert!(editor.edits > rounds() && said > rounds());
    report("a server emptied, ended and started again", times);
}

/// Says things in a room; each of them is heard, in order.
fn talk(mine: &mut Wire, theirs: &Wire, count: u32) -> u32 {
    for number in 0..count {
        let before = theirs.state().heard.len();
        let text = format!("{number} behind {before}");
        say(mine, &text).unwrap();
        theirs.wait(|state| (state.heard.len() > before).then(|| assert_eq!(state.heard[before], text))).unwrap();
        thread::sleep(Duration::from_millis(10));
    }
    count
}

fn ends(mut ended: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !ended() {
        assert!(Instant::now() < end, "it does not end");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn who_belongs_to_a_server_that_comes_is_moved_there() {
    let nats = Server::start(&[]);
    let Some(mut ground) = Ground::new(16, QUICK) else { return };
    let more = "ns.move_time = \"2s\"\n";
    for section in ["ns", "ns", "sb", "ds"] {
        ground.add(section, &nats.url(""), more);
    }
    ground.all_sign_in();
    let before: Vec<_> = ground.people.iter().map(Person::at).collect();
    ground.add("ns", &nats.url(""), more);
    let new = ground.ns[2].address;
    // Who signs in now is there at once.
    let homes = homes(&ground, &nats);
    let first = homes.iter().position(|home| *home == new.port()).expect("it is someone's home");
    let ds = ground.ds[0].address;
    ground.people[first].leave(true);
    ground.people[first].sign_in(ds).unwrap();
    assert_eq!(ground.people[first].at(), Some(new));
    // The others follow within the time that they are given.
    let began = Instant::now();
    let moved =
        |ground: &Ground| (0..16).all(|number| ground.people[number].at().map(|at| at.port()) == Some(homes[number]));
    while !moved(&ground) {
        ground.follow();
        assert!(began.elapsed() < Duration::from_secs(15), "not everyone is at home");
        thread::sleep(Duration::from_millis(20));
    }
    ground.settles("everyone is at home", Duration::from_secs(5));
    for (person, before) in ground.people.iter().zip(before) {
        assert!(person.at() == before || person.at() == Some(new), "{} was moved for nothing", person.handle);
    }
    report("everyone moved who belongs to a new server", vec![began.elapsed()]);
}

/// The port of everyone's home, as the members of the bus have it.
fn homes(ground: &Ground, nats: &Server) -> Vec<u16> {
    struct Nobody;
    impl bus::Handler for Nobody {
        fn notice(&self, _: model::NodeId, _: bus::Notice) {}
        fn request(self: Arc<Self>, _: model::NodeId, _: bus::Request) -> bus::Answering {
            Box::pin(async { bus::Response::Failed })
        }
        fn members(&self, _: &Arc<bus::Members>) {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let bus = Bus::open(&nats.url("").parse().unwrap(), bus::Secret::random()).await.unwrap();
        let endpoint = model::Endpoint::SameHost(1);
        let id = model::NodeId(1);
        let node = bus::Node { id, role: model::Role::Web, endpoint, weight: 1, load: 0, draining: false };
        let member = bus.join(node, Arc::new(Nobody)).await.unwrap();
        let members = member.members();
        let home = |person: &Person| match members.home_of(&Email::parse(&person.handle).unwrap()).unwrap().endpoint {
            model::Endpoint::SameHost(port) => port,
            model::Endpoint::Public(ref address) => address.port,
        };
        ground.people.iter().map(home).collect()
    })
}
