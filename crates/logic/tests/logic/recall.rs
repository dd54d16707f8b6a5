//! A session that has let go of its roster: what it asks for when it needs it, and that its client is
//! told the same as if it had it still.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use logic::ns::{
    Answer, Candidate, Found, Identity, Notice, Question, Reloaded, Rules, Session, SignedIn, Site, lists,
};
use logic::{Effects, Machine, Rate};
use model::List::{Allow as AL, Block as BL, Forward as FL, Reverse as RL};
use model::{Change, Contact, Guid, Person, Property, Roster, Serial, UserId};
use msnp::{Frame, Parsed};

use crate::lists::{LIMITS, address, contact, name, roster};

const NO_LIMIT: Rate = Rate { burst: 0, every: Duration::ZERO };

fn rules() -> Rules {
    Rules {
        lists: lists::Limits { contacts: 10, ..LIMITS },
        rooms: NO_LIMIT,
        changes: NO_LIMIT,
        challenge_every: None,
        challenge_patience: Duration::ZERO,
        linger: Duration::ZERO,
        require_verified: false,
        directory_hits: 0,
        next_ping: 50,
        back_in: 0,
        mail_url: String::new(),
        download_url: String::new(),
        info_url: String::new(),
        service_url: String::new(),
    }
}

/// A client of MSNP8 that is signed in, and the question that is open.
struct Client {
    session: Session,
    open: Option<Question>,
}

impl Client {
    /// Signed in with this roster; nothing more.
    fn sign_in(roster: Roster) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 1863));
        let mut client =
            Self { session: Session::new(Arc::new(rules()), Site { reached: any, peer: any }), open: None };
        let me = Identity { user: UserId(0), guid: Guid([0; 16]), email: address(0), name: name("me"), verified: true };
        client.says("VER 1 MSNP8");
        client.says("USR 2 TWN I u0@example.com");
        client.answered(Answer::Identified(Found::Challenge("lc=1".to_owned())));
        client.says("USR 3 TWN S t=1&p=1");
        let candidate = Candidate { identity: me, roster: roster.clone(), as_of: 0 };
        client.answered(Answer::Proved(Some(Box::new(candidate))));
        client.answered(Answer::SignedIn(Box::new(SignedIn { roster, unix_seconds: 0, lingers: false })));
        client
    }

    /// The same, and has been told its lists and come online.
    fn online(roster: Roster) -> Self {
        let mut client = Self::sign_in(roster);
        client.says("SYN 4 0");
        client.says("CHG 5 NLN 0");
        client.answered(Answer::Done);
        client
    }

    fn feed(&mut self, feed: impl FnOnce(&mut Session, &mut Effects<Question>)) -> String {
        assert!(self.open.is_none(), "{:?} is open", self.open);
        let mut effects = Effects::default();
        feed(&mut self.session, &mut effects);
        assert_eq!(effects.close, None);
        self.open = effects.ask;
        String::from_utf8(effects.send).expect("text")
    }

    /// What the client sends, and what it is sent.
    fn says(&mut self, line: &str) -> String {
        let bytes = format!("{line}\r\n");
        let Ok(Parsed::Frame(frame, _)) = msnp::frame::parse(bytes.as_bytes(), &self.session.limits()) else {
            panic!("{line}")
        };
        let frame: Frame<'_> = frame;
        self.feed(|session, effects| session.handle_frame(&frame, Instant::now(), effects))
    }

    fn answered(&mut self, answer: Answer) -> String {
        assert!(self.open.take().is_some(), "nothing was asked");
        self.feed(|session, effects| session.handle_answer(answer, Instant::now(), effects))
    }

    fn told(&mut self, notice: Notice) -> String {
        self.feed(|session, effects| session.handle_notice(notice, Instant::now(), effects))
    }

    /// For whom the session asks when it reads its roster again.
    fn asked_for(&self) -> Vec<i64> {
        match &self.open {
            Some(Question::Reload(known)) => known.iter().map(|user| user.0).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn reloaded(&mut self, roster: &Roster, gone: Vec<Person>) -> String {
        self.answered(Answer::Reloaded(Some(Box::new(Reloaded { roster: roster.clone(), gone }))))
    }
}

fn amy() -> Contact {
    contact(1, &[FL, AL], &[0])
}

fn bob() -> Contact {
    contact(2, &[FL, RL], &[0])
}

fn person(who: i64) -> Person {
    Person { user: UserId(who), guid: Guid([9; 16]), email: address(who) }
}

#[test]
fn the_roster_is_read_once_while_a_client_signs_in() {
    let mut client = Client::sign_in(roster(vec![amy(), bob()]));
    assert!(client.says("SYN 4 0").contains("SYN 4 7 2 3\r\n"));
    assert!(client.says("LST 5 FL").contains("u2@example.com"), "it is there until the client is online");
    client.says("CHG 6 NLN 0");
    client.answered(Answer::Done);
    assert_eq!(client.says("LST 7 FL"), "");
    assert_eq!(client.asked_for(), [1, 2]);
    assert!(client.reloaded(&roster(vec![amy(), bob()]), Vec::new()).contains("u2@example.com"));
    assert!(client.says("LST 8 AL").contains("u1@example.com"), "it is there for what comes next");
    client.says("PNG");
    client.says("LST 9 AL");
    assert_eq!(client.asked_for(), [1, 2], "it is gone when the client is quiet");
}

#[test]
fn a_client_that_is_online_before_it_knows_its_lists_reads_them_once_too() {
    let mut client = Client::sign_in(roster(vec![amy()]));
    client.says("CHG 4 NLN 0");
    client.answered(Answer::Done);
    assert!(client.says("SYN 5 0").contains("u1@example.com"));
}

#[test]
fn a_held_edit_is_decided_on_the_lists_as_they_are_and_what_is_new_is_told_first() {
    let mut client = Client::online(roster(vec![amy(), bob()]));
    assert_eq!(client.says("REM 6 FL u2@example.com"), "");
    let now = Roster { serial: Serial(9), ..roster(vec![bob(), contact(3, &[BL], &[])]) };
    assert_eq!(
        client.reloaded(&now, vec![person(1)]),
        "REM 0 FL 9 u1@example.com\r\nREM 0 AL 9 u1@example.com\r\nADD 0 BL 9 u3@example.com u3\r\n"
    );
    let Some(Question::Edit(edit, peers)) = &client.open else { panic!("{:?}", client.open) };
    assert!(matches!(edit.changes[..], [Change::Contact { peer: UserId(2), now: None, .. }]));
    assert_eq!(*peers, [(UserId(2), address(2))]);
    assert_eq!(client.answered(Answer::Edited(Serial(10))), "REM 6 FL 10 u2@example.com\r\n");
    client.says("PNG");
    client.told(Notice::Reload);
    assert_eq!(client.asked_for(), [2, 3], "the edit is known: Bob is on RL only");
}

#[test]
fn who_is_gone_is_named_if_anyone_can_name_them() {
    let mut client = Client::online(roster(vec![amy(), bob()]));
    assert_eq!(client.told(Notice::Reload), "");
    let told = client.reloaded(&roster(Vec::new()), vec![person(2)]);
    assert_eq!(told, "REM 0 FL 7 u2@example.com\r\nREM 0 RL 7 u2@example.com\r\n");
    assert_eq!(client.told(Notice::Reload), "");
    assert_eq!(client.asked_for(), [0; 0]);
}

#[test]
fn a_client_that_asks_for_its_lists_is_told_nothing_twice() {
    let mut client = Client::online(roster(vec![amy()]));
    assert_eq!(client.says("SYN 6 7"), "");
    let told = client.reloaded(&Roster { serial: Serial(8), ..roster(vec![amy(), bob()]) }, Vec::new());
    assert!(told.starts_with("SYN 6 8 2 3\r\n") && !told.contains("ADD"), "{told}");
    assert_eq!(client.says("SYN 7 8"), "SYN 7 8\r\n");
}

#[test]
fn news_of_lists_need_no_roster() {
    let mut client = Client::online(roster(vec![amy()]));
    let peer = |who| Box::new(Contact { name: name("theirs"), ..contact(who, &[RL], &[]) });
    let reverse = |serial, who, added| Notice::Reverse { serial: Serial(serial), peer: peer(who), added };
    assert_eq!(client.told(reverse(8, 1, true)), "ADD 0 RL 8 u1@example.com theirs\r\n");
    assert_eq!(client.told(reverse(9, 1, true)), "", "known already");
    assert_eq!(client.told(reverse(10, 2, true)), "ADD 0 RL 10 u2@example.com theirs\r\n");
    assert_eq!(client.told(reverse(11, 2, false)), "REM 0 RL 11 u2@example.com\r\n");
    assert_eq!(client.told(reverse(12, 2, false)), "");
    assert_eq!(client.told(reverse(5, 1, false)), "REM 0 RL 12 u1@example.com\r\n", "serials do not fall");
    let property = |who| Notice::Property {
        serial: Serial(13),
        user: UserId(who),
        email: address(who),
        property: Property::HomePhone,
        value: "1".to_owned(),
    };
    assert_eq!(client.told(property(1)), "BPR 13 u1@example.com PHH 1\r\n");
    assert_eq!(client.told(property(2)), "", "a stranger's");
}

#[test]
fn without_the_store_a_held_command_is_refused() {
    let mut client = Client::online(roster(vec![amy()]));
    for (line, told) in [("SYN 6 0", "603 6\r\n"), ("LST 7 FL", "603 7\r\n"), ("BLP 8 BL", "501 8\r\n")] {
        assert_eq!(client.says(line), "");
        assert_eq!(client.answered(Answer::Unavailable), told);
    }
    assert_eq!(client.says("PNG"), "QNG\r\n");
}
