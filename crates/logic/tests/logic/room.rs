//! One conversation: who hears what in which order, who may be called, and when it is over.

use std::time::{Duration, Instant};

use bytes::Bytes;
use logic::sb::{Entry, Idle, Member, Notice, Room, Rules};
use logic::{Outlet, Rate};
use model::{Email, Name, RoomId, SessionId};
use msnp::{Code, Dialect, TrId};

use crate::fake::Fake;

const MINUTE: Duration = Duration::from_secs(60);
const INSTANT: Duration = Duration::from_nanos(1);

fn rules() -> Rules {
    Rules {
        participants: 4,
        calls: Rate { burst: 0, every: Duration::ZERO },
        ring_time: MINUTE,
        alone: 5 * MINUTE,
        two_idle: 6 * MINUTE,
        many_idle: 15 * MINUTE,
        hide_blocking: true,
    }
}

fn address(who: u64) -> Email {
    Email::parse(&format!("u{who}@example.com")).expect("an address")
}

/// A room, and a clock that the test moves.
struct Stage {
    room: Room<Fake<Notice>>,
    rules: Rules,
    now: Instant,
}

impl Stage {
    fn new() -> Self {
        let now = Instant::now();
        Self { room: Room::new(RoomId(77), now), rules: rules(), now }
    }

    fn enter(&mut self, who: u64, entry: Entry) -> Result<Fake<Notice>, Code> {
        self.enter_speaking(Dialect::Msnp7, who, entry)
    }

    /// The capabilities of each are known by who it is.
    fn enter_speaking(&mut self, dialect: Dialect, who: u64, entry: Entry) -> Result<Fake<Notice>, Code> {
        let outlet = Fake::speaking(dialect);
        let (email, name) = (address(who), Name::friendly(&format!("User {who}")).expect("a name"));
        let (session, capabilities) = (SessionId(who), 1000 + who as u32);
        let member = Member { session, email, name, capabilities, outlet: outlet.clone() };
        self.room.enter(member, entry, &self.rules, self.now).map(|()| outlet)
    }

    fn answer(&mut self, who: u64) -> Fake<Notice> {
        self.enter(who, Entry::Answering(TrId(1))).expect("room for one more")
    }

    /// A room of so many, who have read what came so far.
    fn of(count: u64) -> (Self, Vec<Fake<Notice>>) {
        let mut stage = Self::new();
        let clients: Vec<_> = (1..=count).map(|who| stage.answer(who)).collect();
        clients.iter().for_each(|client| drop(client.lines()));
        (stage, clients)
    }

    fn ring(&mut self, who: u64) -> Result<(), Code> {
        self.room.ring(&address(who), &self.rules, self.now)
    }

    fn leave(&mut self, session: SessionId) -> bool {
        self.room.leave(session, &self.rules, self.now)
    }

    fn idle(&mut self) -> Idle {
        self.room.idle(&self.rules, self.now)
    }
}

#[test]
fn the_newcomer_hears_who_is_there_and_the_others_that_they_came() {
    let mut stage = Stage::new();
    let opener = stage.enter(1, Entry::Opening(TrId(3))).unwrap();
    assert_eq!(opener.lines(), ["USR 3 OK u1@example.com User%201"]);
    let second = stage.enter(2, Entry::Answering(TrId(4))).unwrap();
    assert_eq!(second.lines(), ["IRO 4 1 1 u1@example.com User%201", "ANS 4 OK"]);
    assert_eq!(opener.lines(), ["JOI u2@example.com User%202"]);
    let third = stage.enter(3, Entry::Answering(TrId(5))).unwrap();
    let present = ["IRO 5 1 2 u1@example.com User%201", "IRO 5 2 2 u2@example.com User%202", "ANS 5 OK"];
    assert_eq!(third.lines(), present);
    for client in [&opener, &second] {
        assert_eq!(client.lines(), ["JOI u3@example.com User%203"]);
    }
}

/// Only clients of MSNP12 are told capabilities, of whomever. (protocol page, 8.4)
#[test]
fn capabilities_are_told_to_those_who_know_them() {
    let mut stage = Stage::new();
    let old = stage.enter_speaking(Dialect::Msnp8, 1, Entry::Opening(TrId(3))).unwrap();
    let new = stage.enter_speaking(Dialect::Msnp12, 2, Entry::Answering(TrId(4))).unwrap();
    assert_eq!(old.lines(), ["USR 3 OK u1@example.com User%201", "JOI u2@example.com User%202"]);
    assert_eq!(new.lines(), ["IRO 4 1 1 u1@example.com User%201 1001", "ANS 4 OK"]);
    let almost = stage.enter_speaking(Dialect::Msnp11, 3, Entry::Answering(TrId(5))).unwrap();
    let present = ["IRO 5 1 2 u1@example.com User%201", "IRO 5 2 2 u2@example.com User%202", "ANS 5 OK"];
    assert_eq!(almost.lines(), present);
    let newest = stage.enter_speaking(Dialect::Msnp12, 4, Entry::Answering(TrId(6))).unwrap();
    let iro = |item, who| format!("IRO 6 {item} 3 u{who}@example.com User%20{who} {}", 1000 + who);
    assert_eq!(newest.lines(), [iro(1, 1), iro(2, 2), iro(3, 3), "ANS 6 OK".to_owned()]);
    assert_eq!(old.lines(), ["JOI u3@example.com User%203", "JOI u4@example.com User%204"]);
    assert_eq!(new.lines(), ["JOI u3@example.com User%203 1003", "JOI u4@example.com User%204 1004"]);
    assert_eq!(almost.lines(), ["JOI u4@example.com User%204"]);
    stage.leave(SessionId(2));
    for client in [&old, &almost, &newest] {
        assert_eq!(client.lines(), ["BYE u2@example.com"], "in the same form for all");
    }
}

#[test]
fn nobody_hears_of_a_room_of_their_own() {
    let mut stage = Stage::new();
    let client = stage.answer(1);
    assert_eq!(client.lines(), ["ANS 1 OK"], "without IRO, since nobody is there");
}

#[test]
fn whoever_goes_is_told_to_those_who_stay() {
    let (mut stage, clients) = Stage::of(3);
    assert!(!stage.leave(SessionId(2)));
    assert!(!stage.leave(SessionId(2)), "only once");
    assert!(clients[1].lines().is_empty());
    for at in [0, 2] {
        assert_eq!(clients[at].lines(), ["BYE u2@example.com"]);
    }
    assert!(!stage.leave(SessionId(1)));
    assert!(stage.leave(SessionId(3)), "the room is empty");
}

#[test]
fn everyone_sees_the_same_order() {
    let (mut stage, clients) = Stage::of(2);
    let say = |text: &str| Bytes::from(format!("MSG {text}\r\n"));
    assert!(stage.room.say(SessionId(1), &say("a"), stage.now));
    stage.answer(3);
    assert!(stage.room.say(SessionId(3), &say("b"), stage.now));
    stage.leave(SessionId(3));
    let end = ["JOI u3@example.com User%203", "MSG b", "BYE u3@example.com"];
    assert_eq!(clients[0].lines(), end);
    assert_eq!(clients[1].lines(), [["MSG a"].as_slice(), &end].concat());
}

#[test]
fn a_message_fails_unless_everyone_else_gets_it() {
    let (mut stage, clients) = Stage::of(3);
    let message = Bytes::from_static(b"MSG\r\n");
    assert!(stage.room.say(SessionId(1), &message, stage.now));
    clients[1].fill();
    assert!(!stage.room.say(SessionId(1), &message, stage.now));
    assert_eq!(clients[2].lines().len(), 2, "the others get it all the same");
    assert!(stage.room.say(SessionId(2), &message, stage.now), "the sender's own queue does not matter");
    let (mut alone, _) = Stage::of(1);
    assert!(!alone.room.say(SessionId(1), &message, alone.now), "nobody is there to get it");
}

#[test]
fn nobody_is_in_twice_or_rung_twice() {
    let (mut stage, _) = Stage::of(2);
    assert_eq!(stage.enter(1, Entry::Answering(TrId(9))).err(), Some(Code::AlreadyThere));
    assert_eq!(stage.ring(1), Err(Code::AlreadyThere), "oneself or someone else");
    assert_eq!(stage.ring(3), Ok(()));
    assert_eq!(stage.ring(3), Err(Code::AlreadyThere));
    stage.room.ring_failed(&address(3));
    assert_eq!(stage.ring(3), Ok(()));
    stage.answer(3);
    stage.leave(SessionId(3));
    assert_eq!(stage.ring(3), Ok(()), "who has come is no longer rung");
}

#[test]
fn a_ring_ends_at_its_time() {
    let (mut stage, _) = Stage::of(1);
    assert_eq!(stage.ring(2), Ok(()));
    stage.now += MINUTE - INSTANT;
    assert_eq!(stage.ring(2), Err(Code::AlreadyThere));
    stage.now += INSTANT;
    assert_eq!(stage.ring(2), Ok(()));
}

#[test]
fn a_full_room_takes_nobody() {
    let (mut stage, _) = Stage::of(2);
    assert_eq!((stage.ring(3), stage.ring(4)), (Ok(()), Ok(())));
    assert_eq!(stage.ring(5), Err(Code::SessionOverload), "places are kept for those who are rung");
    stage.now += MINUTE;
    assert_eq!(stage.ring(5), Ok(()), "but not for ever");
    stage.answer(3);
    stage.answer(4);
    assert_eq!(stage.enter(5, Entry::Answering(TrId(1))).err(), Some(Code::SessionOverload));
    assert_eq!(stage.ring(6), Err(Code::SessionOverload));
    stage.leave(SessionId(1));
    stage.answer(5);
}

#[test]
fn someone_alone_is_closed_without_a_word() {
    let (mut stage, clients) = Stage::of(1);
    let end = stage.now + 5 * MINUTE;
    stage.now = end - INSTANT;
    stage.room.touch(stage.now);
    assert_eq!(stage.idle(), Idle::Until(end), "talking to oneself does not count");
    stage.now = end;
    assert_eq!(stage.idle(), Idle::Closed);
    assert_eq!((clients[0].lines().len(), clients[0].notices().len()), (0, 1));
    assert!(stage.leave(SessionId(1)), "the room is empty");
}

#[test]
fn to_be_left_alone_begins_the_time_anew() {
    let (mut stage, _) = Stage::of(2);
    stage.now += 4 * MINUTE;
    stage.leave(SessionId(2));
    assert_eq!(stage.idle(), Idle::Until(stage.now + 5 * MINUTE));
}

#[test]
fn two_who_say_nothing_are_told_that_the_other_left() {
    let (mut stage, clients) = Stage::of(2);
    stage.now += 3 * MINUTE;
    stage.room.say(SessionId(1), &Bytes::from_static(b"MSG\r\n"), stage.now);
    clients[1].lines();
    let end = stage.now + 6 * MINUTE;
    stage.now = end - INSTANT;
    assert_eq!(stage.idle(), Idle::Until(end));
    stage.now = end;
    assert_eq!(stage.idle(), Idle::Closed);
    assert_eq!(clients[0].lines(), ["BYE u2@example.com 1"]);
    assert_eq!(clients[1].lines(), ["BYE u1@example.com 1"]);
    assert!(clients.iter().all(|client| client.notices().len() == 1));
}

#[test]
fn of_more_each_is_told_that_one_of_the_others_left() {
    let (mut stage, clients) = Stage::of(3);
    let end = stage.now + 15 * MINUTE;
    stage.now = end - INSTANT;
    assert_eq!(stage.idle(), Idle::Until(end));
    stage.now = end;
    assert_eq!(stage.idle(), Idle::Closed);
    for (at, client) in clients.iter().enumerate() {
        let lines = client.lines();
        let own = format!("BYE u{}@example.com 1", at + 1);
        assert!(lines.len() == 1 && lines[0].starts_with("BYE u") && lines[0].ends_with(" 1") && lines[0] != own);
        assert_eq!(client.notices().len(), 1);
    }
}

#[test]
fn a_ring_keeps_two_from_being_idle() {
    let (mut stage, _) = Stage::of(2);
    stage.now += 5 * MINUTE;
    assert_eq!(stage.ring(3), Ok(()));
    assert_eq!(stage.idle(), Idle::Until(stage.now + 6 * MINUTE));
}

/// Whatever happens, nobody is asked for later than the rules can say that it is over.
#[test]
fn the_time_to_look_is_never_too_late() {
    let (mut stage, _) = Stage::of(3);
    for minutes in [0, 1, 7] {
        stage.now += minutes * MINUTE;
        stage.room.touch(stage.now);
        let look = stage.room.idle_at(&stage.rules);
        match stage.idle() {
            Idle::Until(end) => assert!(look <= end),
            Idle::Closed => panic!("someone is active"),
        }
    }
}

#[test]
fn when_the_switchboard_goes_down_everyone_is_told() {
    let (mut stage, clients) = Stage::of(3);
    stage.room.close();
    assert!(clients.iter().all(|client| client.notices().len() == 1 && client.lines().is_empty()));
    assert_eq!(clients[0].traits().number, 7);
}
