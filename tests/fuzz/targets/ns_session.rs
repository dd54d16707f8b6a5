//! A session of a notification server: whatever its client sends, its desk answers and others
//! tell it, it keeps the contract of a machine.
//!
//! The input is a script, one step in each line: `s7` signs in with MSNP7, by digest or by ticket as
//! the dialect has it, `>` is what the client
//! sends, with a payload behind `|`, `=2` is the third of the answers that the desk may give,
//! `*3` is what others tell, `+5` lets seconds pass.

#![no_main]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fuzz::dialect;
use libfuzzer_sys::fuzz_target;
use logic::ns::{
    Answer, Candidate, Entry, Found, Identity, Notice, Proof, Question, Reloaded, Ring, Rules, Session, SignedIn, Site,
    lists,
};
use logic::{Effects, Machine, Rate, login};
use model::{
    Contact, Cookie, Email, Endpoint, Group, GroupId, GroupSet, Guid, List, Lists, MessagePrivacy, Name, Person,
    Property, Props, ReversePrompt, RoomId, Roster, Serial, Stamps, UserId,
};
use msnp::dialect::Package;
use msnp::{Parsed, frame};

const PASSWORD: &str = "pw";

fn email(who: u8) -> Email {
    Email::parse(&format!("u{who}@example.com")).expect("an address")
}

fn name(text: &str) -> Name {
    Name::friendly(text).expect("a name")
}

fn rules() -> Rules {
    Rules {
        lists: lists::Limits { contacts: 5, groups: 4 },
        rooms: Rate { burst: 5, every: Duration::from_secs(1) },
        changes: Rate { burst: 5, every: Duration::from_secs(1) },
        challenge_every: Some(Duration::from_secs(600)),
        challenge_patience: Duration::from_secs(50),
        linger: Duration::from_secs(10),
        require_verified: false,
        directory_hits: 3,
        next_ping: 50,
        back_in: 6,
        mail_url: "http://example.com/mail".to_owned(),
        download_url: "http://example.com/get".to_owned(),
        info_url: "http://example.com/info".to_owned(),
        service_url: "/unused".to_owned(),
    }
}

fn contact(who: u8, lists: u8) -> Contact {
    let lists = Lists(lists & 15);
    let lists = if lists.has(List::Allow) { lists.without(List::Block) } else { lists };
    let props = Props { pages: lists.has(List::Reverse), ..Props::default() };
    let groups = if lists.has(List::Forward) { GroupSet(u32::from(who) & 3) } else { GroupSet::NONE };
    let (email, name) = (email(who), name(&format!("ü {who}%")));
    Contact { user: UserId(who.into()), guid: Guid([who; 16]), email, name, lists, groups, props }
}

/// Lists that differ with the seed.
fn roster(seed: u8, serial: u32) -> Roster {
    let group = |number| GroupId::new(number).map(|id| Group { id, guid: Guid([number; 16]), name: name("g h") });
    let contacts = (1..6).map(|who| contact(who, seed.rotate_left(u32::from(who)))).filter(|one| !one.lists.is_empty());
    Roster {
        user: UserId(0),
        email: email(0),
        name: name("me"),
        serial: Serial(serial),
        stamps: Some(Stamps { lists: 0, settings: 0 }),
        prompt: if seed & 1 == 0 { ReversePrompt::Ask } else { ReversePrompt::Allow },
        privacy: if seed & 2 == 0 { MessagePrivacy::AllButBlocked } else { MessagePrivacy::OnlyAllowed },
        props: Props::default(),
        groups: (0..2).filter_map(group).collect(),
        contacts: contacts.collect(),
    }
}

/// The account whose sessions these are.
fn identity(verified: bool) -> Identity {
    Identity { user: UserId(0), guid: Guid([0; 16]), email: email(0), name: name("me"), verified }
}

/// What the session asks for is remembered until it is answered.
struct Driver {
    session: Session,
    now: Instant,
    open: Option<Question>,
    closed: bool,
    serial: u32,
    sent: Vec<u8>,
}

impl Driver {
    fn new() -> Self {
        let reached = SocketAddr::from(([192, 0, 2, 1], 1863));
        let peer = SocketAddr::from(([198, 51, 100, 7], 1025));
        let session = Session::new(Arc::new(rules()), Site { reached, peer });
        Self { session, now: Instant::now(), open: None, closed: false, serial: 1, sent: Vec::new() }
    }

    /// Feeds the session, and holds it to its contract.
    fn feed(&mut self, feed: impl FnOnce(&mut Session, Instant, &mut Effects<Question>)) {
        assert!(self.open.is_none() && !self.closed);
        let mut effects = Effects::default();
        feed(&mut self.session, self.now, &mut effects);
        fuzz::lines(&effects.send);
        self.sent.extend_from_slice(&effects.send);
        self.closed = effects.close.is_some();
        // A session that closes may have asked before; the loop does not carry that out.
        self.open = effects.ask.filter(|_| !self.closed);
    }

    /// Feeds time until the session waits for nothing that is past.
    fn tick(&mut self) {
        for _ in 0..4 {
            if self.closed || self.session.poll_timeout().is_none_or(|at| at > self.now) {
                return;
            }
            self.feed(|session, now, effects| session.handle_timeout(now, effects));
            self.settle(0);
        }
        panic!("the time that the session waits for never comes");
    }

    /// Answers what is open, and what is asked then, until nothing is.
    fn settle(&mut self, pick: u8) {
        for _ in 0..8 {
            let Some(question) = self.open.take() else { return };
            let answer = self.answer(question, pick);
            self.feed(|session, now, effects| session.handle_answer(answer, now, effects));
        }
        panic!("the session asks for ever");
    }

    fn answer(&mut self, question: Question, pick: u8) -> Answer {
        self.serial = self.serial.wrapping_add(1);
        let reloaded = |known: &[UserId], seed, serial| {
            let roster = roster(seed, serial);
            let missing = known.iter().filter(|user| roster.by_id(**user).is_none());
            let gone = missing.filter_map(|user| {
                let who = u8::try_from(user.0).ok().filter(|who| pick != 4 || *who != 1)?;
                Some(Person { user: *user, guid: Guid([who; 16]), email: email(who) })
            });
            let gone = gone.collect();
            Answer::Reloaded(Some(Box::new(Reloaded { roster, gone })))
        };
        match (question, pick) {
            (Question::Identify(_, Package::Twn), 0 | 1 | 5 | 6) => {
                Answer::Identified(Found::Challenge(login::twn::challenge(1_000_000_000, 7)))
            }
            (Question::Identify(_, Package::Md5), 0 | 1 | 5 | 6) => {
                Answer::Identified(Found::Challenge("1.2".to_owned()))
            }
            (Question::Identify(..), 2) => Answer::Identified(Found::Elsewhere(Endpoint::SameHost(1864))),
            (Question::Identify(..), 3) => Answer::Identified(Found::TooMany),
            (Question::Prove(..), 1) => Answer::Proved(None),
            (Question::Prove(_, Proof::Digest { challenge, response }), _)
                if !login::md5::verify(&challenge, PASSWORD, &response) =>
            {
                Answer::Proved(None)
            }
            (Question::Prove(..), pick) if pick != 3 => {
                let identity = match pick {
                    2 => Identity { user: UserId(1), email: email(1), ..identity(true) },
                    pick => identity(pick != 5),
                };
                let roster = roster(pick.wrapping_mul(37), self.serial);
                Answer::Proved(Some(Box::new(Candidate { identity, roster, as_of: 0 })))
            }
            (Question::SignIn(..), pick) if pick != 3 => Answer::SignedIn(Box::new(SignedIn {
                roster: roster(pick.wrapping_mul(37), self.serial),
                unix_seconds: 1_000_000_000,
                lingers: pick & 1 == 1,
            })),
            (Question::Find(_), 1) => Answer::Found(None),
            (Question::Find(email), pick) if pick != 2 => {
                Answer::Found(Some(Box::new(Contact { email, user: UserId(99), ..contact(7, pick & 8) })))
            }
            (Question::Edit(..), 1) => reloaded(&[], pick.wrapping_mul(91), self.serial),
            (Question::Edit(..) | Question::Reload(_), 2) => Answer::Reloaded(None),
            (Question::Edit(..), pick) if pick != 3 => Answer::Edited(Serial(self.serial)),
            (Question::Reload(known), pick) if pick != 3 => reloaded(&known, pick.wrapping_mul(53), self.serial),
            (Question::OpenRoom, 1) => Answer::NoSwitchboard,
            (Question::OpenRoom, pick) if pick != 2 => {
                Answer::Room(Endpoint::SameHost(1865), Cookie("1.2.3".to_owned()))
            }
            (Question::Challenge, _) => Answer::Challenge("15570131571988941333".to_owned()),
            (Question::Search(_), pick) if pick != 7 => {
                let card = ["Ü x", "", "c%", "s", "c"].map(String::from);
                Answer::Hits((0..pick % 6).map(|who| Entry { email: email(who), card: card.clone() }).collect())
            }
            (Question::Invite { .. }, 1) => Answer::Disabled,
            (Question::Invite { .. } | Question::Page(..), pick) => Answer::Sent(pick == 0),
            (
                Question::Identify(..)
                | Question::Prove(..)
                | Question::SignIn(..)
                | Question::Find(_)
                | Question::Edit(..)
                | Question::Reload(_)
                | Question::OpenRoom
                | Question::Search(_),
                _,
            ) => Answer::Unavailable,
            _ => Answer::Done,
        }
    }

    /// Hands over what the client sends, as far as it is a command.
    fn receive(&mut self, bytes: &[u8]) {
        let limits = self.session.limits();
        match frame::parse(bytes, &limits) {
            Ok(Parsed::Frame(frame, _)) => {
                self.feed(|session, now, effects| session.handle_frame(&frame, now, effects));
            }
            Ok(_) => {}
            Err(_) => self.closed = true,
        }
    }

    fn sign_in(&mut self, number: u8) {
        let traits = dialect(number.wrapping_sub(2)).traits();
        let (package, response) = match traits.package {
            Package::Md5 => ("MD5", login::md5::digest("1.2", PASSWORD)),
            Package::Twn => ("TWN", "t=ticket&p=profile".to_owned()),
        };
        let (version, who) = (format!("VER 1 {}\r\n", traits.name), email(0));
        for line in [version, format!("USR 2 {package} I {who}\r\n"), format!("USR 3 {package} S {response}\r\n")] {
            if !self.closed {
                self.receive(line.as_bytes());
                self.settle(0);
            }
        }
        assert!(self.closed || !self.session.is_stranger(), "signed in, or sent away");
    }

    fn notice(&self, pick: u8) -> Notice {
        let serial = Serial(self.serial);
        match pick {
            0 => Notice::TakenOver,
            1 => Notice::Ring(Box::new(Ring {
                room: RoomId(7),
                endpoint: Endpoint::SameHost(1865),
                cookie: Cookie("4.5.6".to_owned()),
                caller: email(1),
                caller_name: name("One %"),
            })),
            2 | 3 => Notice::Reverse { serial, peer: Box::new(contact(pick + 2, 8)), added: pick == 2 },
            4 => Notice::Property {
                serial,
                user: UserId(1),
                email: email(1),
                property: Property::HomePhone,
                value: "+1 (2) %".to_owned(),
            },
            5 => Notice::Reload,
            6 => Notice::Page { from: email(1), name: name("One"), text: "<a & b>".to_owned() },
            _ => Notice::Shutdown { minutes: u32::from(pick) - 7 },
        }
    }

    fn step(&mut self, step: &str) {
        let Some((kind, rest)) = step.split_at_checked(1) else { return };
        let number = rest.parse::<u8>().unwrap_or(0);
        match kind {
            "=" => self.settle(number),
            // Nothing is fed while a question is open.
            _ if self.open.is_some() => self.settle(0),
            _ => {}
        }
        if self.closed {
            return;
        }
        match kind {
            "s" => self.sign_in(number),
            ">" => {
                let bytes = match rest.split_once('|') {
                    Some((line, payload)) => format!("{line} {}\r\n{payload}", payload.len()),
                    None => format!("{rest}\r\n"),
                };
                self.receive(bytes.as_bytes());
            }
            "*" => {
                let notice = self.notice(number);
                self.feed(|session, now, effects| session.handle_notice(notice, now, effects));
            }
            "+" => self.now += Duration::from_secs(number.into()),
            _ => {}
        }
    }
}

fuzz_target!(|script: &str| {
    let mut driver = Driver::new();
    for step in script.lines() {
        if driver.closed {
            break;
        }
        driver.step(step);
        if driver.open.is_none() {
            driver.tick();
        }
    }
    // Whoever has signed in says good-bye, and only once.
    driver.session.farewell();
    assert!(driver.session.farewell().is_none());
});
