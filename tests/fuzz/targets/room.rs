//! A room: whatever its people do, each of them knows who else is there, in the form of their dialect.
//!
//! The input: pairs of bytes, what is done and by or to whom, or for how long.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fuzz::Fake;
use libfuzzer_sys::fuzz_target;
use logic::Rate;
use logic::sb::{Entry, Idle, Member, Notice, Room, Rules};
use model::{Email, Name, RoomId, SessionId};
use msnp::{TrId, Traits};

const PEOPLE: u8 = 6;

fn email(who: u8) -> Email {
    Email::parse(&format!("u{}@example.com", who % PEOPLE)).expect("an address")
}

/// Capability bits by which each is known.
fn capabilities(email: &str) -> u32 {
    email.bytes().map(u32::from).sum()
}

/// What one client knows.
struct Client {
    email: Email,
    traits: &'static Traits,
    outlet: Fake<Notice>,
    knows: BTreeSet<String>,
}

impl Client {
    /// Reads what came. True if the client was told to go.
    fn read(&mut self) -> bool {
        let (lines, notices) = self.outlet.take();
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let known = self.traits.roster_capabilities;
            let news = match *words {
                ["IRO", _, _, _, who, _] | ["JOI", who, _] => !known && self.knows.insert(who.to_owned()),
                ["IRO", _, _, _, who, _, bits] | ["JOI", who, _, bits] => {
                    known && bits == capabilities(who).to_string() && self.knows.insert(who.to_owned())
                }
                ["BYE", who] | ["BYE", who, "1"] => self.knows.remove(who),
                ["USR" | "ANS", _, "OK", ..] => self.knows.is_empty() || words[0] == "ANS",
                ["MSG", "0"] => true,
                _ => panic!("unexpected: {line}"),
            };
            assert!(news, "{line} is no news to {}", self.email);
        }
        let closed = notices.iter().filter(|notice| **notice == Notice::Closed).count();
        assert!(closed <= 1);
        closed == 1
    }
}

fuzz_target!(|input: &[u8]| {
    let rules = Rules {
        participants: 4,
        calls: Rate { burst: 0, every: Duration::ZERO },
        ring_time: Duration::from_secs(60),
        alone: Duration::from_secs(300),
        two_idle: Duration::from_secs(300),
        many_idle: Duration::from_secs(900),
        hide_blocking: true,
    };
    let mut now = Instant::now();
    let mut room: Room<Fake<Notice>> = Room::new(RoomId(1), now);
    let mut clients: BTreeMap<u64, Client> = BTreeMap::new();
    for (at, step) in input.chunks_exact(2).enumerate() {
        let (who, at) = (step[1], at as u64);
        let chosen = clients.keys().nth(usize::from(who) % clients.len().max(1)).copied().unwrap_or(u64::MAX);
        let mut over = false;
        match step[0] % 9 {
            0 | 1 => {
                let (dialect, email) = (fuzz::dialect(who / PEOPLE), email(who));
                let (outlet, traits) = (Fake::speaking(dialect), dialect.traits());
                let (session, name, capabilities) = (SessionId(at), Name::from(&email), capabilities(email.as_str()));
                let member = Member { session, email: email.clone(), name, capabilities, outlet: outlet.clone() };
                let trid = TrId(at as u32);
                let entry = if step[0] == 0 { Entry::Opening(trid) } else { Entry::Answering(trid) };
                // Only the first can open a room.
                let entry = if clients.is_empty() { entry } else { Entry::Answering(trid) };
                let inside = clients.values().any(|client| client.email == email);
                let fits = !inside && clients.len() < rules.participants;
                assert_eq!(room.enter(member, entry, &rules, now).is_ok(), fits);
                if fits {
                    clients.insert(at, Client { email, traits, outlet, knows: BTreeSet::new() });
                }
            }
            2 => {
                clients.remove(&chosen);
                assert_eq!(room.leave(SessionId(chosen), &rules, now), clients.is_empty());
            }
            3 => {
                let inside = clients.values().any(|client| client.email == email(who));
                assert!(!(inside && room.ring(&email(who), &rules, now).is_ok()));
            }
            4 => room.ring_failed(&email(who)),
            5 => {
                let delivered = room.say(SessionId(chosen), &Bytes::from_static(b"MSG 0\r\n"), now);
                assert_eq!(delivered, clients.len() > 1);
            }
            6 => now += Duration::from_secs(u64::from(who)),
            7 => match room.idle(&rules, now) {
                Idle::Until(then) => assert!(then > now && then == room.idle_at(&rules)),
                Idle::Closed => over = true,
            },
            _ if who == 0 => {
                room.close();
                over = true;
            }
            _ => room.touch(now),
        }
        let present: BTreeSet<String> = clients.values().map(|client| client.email.to_string()).collect();
        for client in clients.values_mut() {
            assert_eq!(client.read(), over);
            let mut others = present.clone();
            others.remove(client.email.as_str());
            assert!(over || client.knows == others, "{} knows {:?} of {present:?}", client.email, client.knows);
        }
        if over {
            clients.clear();
        }
    }
});
