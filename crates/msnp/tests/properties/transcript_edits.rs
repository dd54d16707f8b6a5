//! The transcripts of the protocol page (14), byte by byte: T11 to T13, edits of lists and what
//! they show and hide.

use model::{Email, Group, List, MessagePrivacy, Props, ReversePrompt, Serial, Status};
use msnp::ns::{Event, Head, Request, StatusWord, Told, WhichGroup, Whom, contact_properties};
use msnp::{Code, TrId, Verdict};

use crate::transcripts::{WORK, dialect, email, group, guid, name, presence, read, tell, text};

const FRIENDS: &str = "7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a02";
const DEE: &str = "2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c03";

fn dee() -> Email {
    email("dee@example.com")
}

fn add(n: u8, trid: u32, list: List, serial: u32, called: &str, group: Option<&Group>) -> String {
    let (trid, serial, email, name, guid) = (TrId(trid), Serial(serial), &dee(), &name(called), guid(DEE));
    tell(n, &[Event::Add { trid, list, serial, email, name, guid, group, is_new: false }])
}

fn rem(n: u8, trid: u32, list: List, serial: u32, group: Option<&Group>) -> String {
    let (trid, serial, email, guid) = (TrId(trid), Serial(serial), &dee(), guid(DEE));
    tell(n, &[Event::Rem { trid, list, serial, email, guid, group }])
}

/// What a client of dialect number `n` asks for with an `ADD` of `dee@example.com`.
fn asked_to_add(n: u8, line: &str, trid: u32, list: List, called: &str, group: Option<WhichGroup>) {
    let (trid, whom) = (TrId(trid), Whom::Handle(dee()));
    assert_eq!(read(n, line), Ok(Request::Add { trid, list, whom, name: Some(name(called)), group }));
}

#[test]
fn t11_contacts_by_handle() {
    let number = |group: &Group| Some(WhichGroup::Number(group.id));
    let (work, friends) = (group(1, WORK, "Work"), group(2, FRIENDS, "Friends"));
    for n in 7..=9 {
        asked_to_add(
            n,
            "ADD 21 FL dee@example.com dee@example.com 2\r\n",
            21,
            List::Forward,
            "dee@example.com",
            number(&friends),
        );
        let mut bytes = add(n, 21, List::Forward, 58, "dee@example.com", Some(&friends)).into_bytes();
        contact_properties(&mut bytes, dialect(n).traits(), Serial(58), &dee(), &Props::default(), false);
        let online = presence(Status::Online, "dee@example.com", "Dee", 0);
        Event::Iln { trid: TrId(21), presence: &online }.encode(dialect(n).traits(), &mut bytes);
        let expected = text(&[
            "ADD 21 FL 58 dee@example.com dee@example.com 2",
            "BPR 58 dee@example.com PHH",
            "BPR 58 dee@example.com PHW",
            "BPR 58 dee@example.com PHM",
            "BPR 58 dee@example.com MOB N",
            if n == 7 { "ILN 21 NLN dee@example.com Dee" } else { "ILN 21 NLN dee@example.com Dee 0" },
        ]);
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        let line = "ADD 22 AL dee@example.com dee@example.com\r\n";
        asked_to_add(n, line, 22, List::Allow, "dee@example.com", None);
        let line = "ADD 22 AL 59 dee@example.com dee@example.com\r\n";
        assert_eq!(add(n, 22, List::Allow, 59, "dee@example.com", None), line);
        let (trid, whom) = (TrId(23), Some(Whom::Handle(dee())));
        let request = Request::Rea { trid, whom, name: name("Dee"), spelling: "Dee" };
        assert_eq!(read(n, "REA 23 dee@example.com Dee\r\n"), Ok(request));
        let event = Event::Rea { trid, serial: Serial(60), email: &dee(), guid: Some(guid(DEE)), spelling: "Dee" };
        assert_eq!(tell(n, &[event]), "REA 23 60 dee@example.com Dee\r\n");
        asked_to_add(n, "ADD 25 FL dee@example.com Dee 1\r\n", 25, List::Forward, "Dee", number(&work));
        let line = "ADD 25 FL 62 dee@example.com Dee 1\r\n";
        assert_eq!(add(n, 25, List::Forward, 62, "Dee", Some(&work)), line);
        let (trid, whom, group) = (TrId(26), Whom::Handle(dee()), number(&friends));
        let request = Request::Rem { trid, list: List::Forward, whom: whom.clone(), group };
        assert_eq!(read(n, "REM 26 FL dee@example.com 2\r\n"), Ok(request));
        assert_eq!(rem(n, 26, List::Forward, 63, Some(&friends)), "REM 26 FL 63 dee@example.com 2\r\n");
        let request = Request::Rem { trid: TrId(28), list: List::Allow, whom, group: None };
        assert_eq!(read(n, "REM 28 AL dee@example.com\r\n"), Ok(request));
        assert_eq!(rem(n, 28, List::Allow, 65, None), "REM 28 AL 65 dee@example.com\r\n");
        asked_to_add(n, "ADD 29 BL dee@example.com Dee\r\n", 29, List::Block, "Dee", None);
        assert_eq!(add(n, 29, List::Block, 66, "Dee", None), "ADD 29 BL 66 dee@example.com Dee\r\n");
    }
}

#[test]
fn t11_groups_by_number_and_errors() {
    let friends = group(2, FRIENDS, "Friends");
    let renamed = group(2, FRIENDS, "Close friends");
    let which = WhichGroup::Number(friends.id);
    for n in 7..=9 {
        let request = Request::Adg { trid: TrId(20), name: name("Friends") };
        assert_eq!(read(n, "ADG 20 Friends 0\r\n"), Ok(request));
        let event = Event::Adg { trid: TrId(20), serial: Serial(57), group: &friends };
        assert_eq!(tell(n, &[event]), "ADG 20 57 Friends 2 0\r\n");
        let request = Request::Reg { trid: TrId(24), group: which.clone(), name: name("Close friends") };
        assert_eq!(read(n, "REG 24 2 Close%20friends 0\r\n"), Ok(request));
        let event = Event::Reg { trid: TrId(24), serial: Serial(61), group: &renamed };
        assert_eq!(tell(n, &[event]), "REG 24 61 2 Close%20friends 0\r\n");
        assert_eq!(read(n, "RMG 27 2\r\n"), Ok(Request::Rmg { trid: TrId(27), group: which.clone() }));
        let event = Event::Rmg { trid: TrId(27), serial: Serial(64), group: &renamed };
        assert_eq!(tell(n, &[event]), "RMG 27 64 2\r\n");
        assert_eq!(
            read(n, "ADD 30 FL a@b a@b 0\r\n"),
            Err(Verdict::Refuse(TrId(30), Code::InvalidParameter)),
            "before the group is looked at"
        );
        let request = Request::Gtc { trid: TrId(37), prompt: ReversePrompt::Ask };
        assert_eq!(read(n, "GTC 37 A\r\n"), Ok(request));
        assert_eq!(read(n, "ADD 38 RL bob@hotmail.com Bob%20B\r\n"), Err(Verdict::Close));
    }
    for (trid, code, line) in [
        (30, Code::InvalidParameter, "201 30\r\n"),
        (31, Code::InvalidUser, "205 31\r\n"),
        (32, Code::AlreadyThere, "215 32\r\n"),
        (33, Code::OppositeList, "219 33\r\n"),
        (34, Code::InvalidGroup, "224 34\r\n"),
        (35, Code::NotOnList, "216 35\r\n"),
        (36, Code::GroupZero, "230 36\r\n"),
        (37, Code::AlreadyInMode, "218 37\r\n"),
        (29, Code::InvalidUserName, "208 29\r\n"),
        (34, Code::NotWhenOffline, "913 34\r\n"),
    ] {
        let mut bytes = Vec::new();
        msnp::error(&mut bytes, TrId(trid), code);
        assert_eq!(String::from_utf8(bytes).unwrap(), line);
    }
}

#[test]
fn t12_contacts_by_identifier() {
    let friends = group(2, FRIENDS, "Friends");
    let which = Some(WhichGroup::Guid(guid(FRIENDS)));
    for n in 10..=12 {
        let line = "ADC 21 FL N=dee@example.com F=dee@example.com\r\n";
        asked_to_add(n, line, 21, List::Forward, "dee@example.com", None);
        let line = "ADC 21 FL N=dee@example.com F=dee@example.com C=2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c03\r\n";
        assert_eq!(add(n, 21, List::Forward, 58, "dee@example.com", None), line);
        let online = presence(Status::Online, "dee@example.com", "Dee", 1_073_791_084);
        let iln = tell(n, &[Event::Iln { trid: TrId(21), presence: &online }]);
        assert_eq!(iln, "ILN 21 NLN dee@example.com Dee 1073791084\r\n");
        let line = format!("ADC 22 FL C={DEE} {FRIENDS}\r\n");
        let (trid, list, whom) = (TrId(22), List::Forward, Whom::Guid(guid(DEE)));
        let request = Request::Add { trid, list, whom, name: None, group: which.clone() };
        assert_eq!(read(n, &line), Ok(request));
        assert_eq!(add(n, 22, List::Forward, 59, "dee@example.com", Some(&friends)), line);
        let (line, trid, list) = ("ADC 23 AL N=dee@example.com\r\n", TrId(23), List::Allow);
        let request = Request::Add { trid, list, whom: Whom::Handle(dee()), name: None, group: None };
        assert_eq!(read(n, line), Ok(request));
        assert_eq!(add(n, 23, List::Allow, 60, "dee@example.com", None), line);
        let (line, trid) = (format!("SBP 24 {DEE} MFN Dee\r\n"), TrId(24));
        let whom = Some(Whom::Guid(guid(DEE)));
        assert_eq!(read(n, &line), Ok(Request::Rea { trid, whom, name: name("Dee"), spelling: "Dee" }));
        let event = Event::Rea { trid, serial: Serial(61), email: &dee(), guid: Some(guid(DEE)), spelling: "Dee" };
        assert_eq!(tell(n, &[event]), line);
        for (trid, line, group, shown) in [
            (26, format!("REM 26 FL {DEE} {FRIENDS}\r\n"), which.clone(), Some(&friends)),
            (27, format!("REM 27 FL {DEE}\r\n"), None, None),
        ] {
            let whom = Whom::Guid(guid(DEE));
            assert_eq!(read(n, &line), Ok(Request::Rem { trid: TrId(trid), list: List::Forward, whom, group }));
            assert_eq!(rem(n, trid, List::Forward, 62, shown), line);
        }
        let (trid, list, email) = (TrId::ASYNC, List::Reverse, email("fay@example.com"));
        let (name, guid, group) = (&name("Fay"), guid(WORK), None);
        let event = Event::Add { trid, list, serial: Serial(63), email: &email, name, guid, group, is_new: false };
        assert_eq!(tell(n, &[event]), "ADC 0 RL N=fay@example.com F=Fay\r\n");
    }
}

#[test]
fn t12_groups_by_identifier() {
    let (friends, renamed) = (group(2, FRIENDS, "Friends"), group(2, FRIENDS, "Close friends"));
    let which = WhichGroup::Guid(guid(FRIENDS));
    for n in 10..=12 {
        assert_eq!(read(n, "ADG 20 Friends\r\n"), Ok(Request::Adg { trid: TrId(20), name: name("Friends") }));
        let event = Event::Adg { trid: TrId(20), serial: Serial(57), group: &friends };
        assert_eq!(tell(n, &[event]), "ADG 20 Friends 7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a02\r\n");
        let line = format!("REG 25 {FRIENDS} Close%20friends\r\n");
        let request = Request::Reg { trid: TrId(25), group: which.clone(), name: name("Close friends") };
        assert_eq!(read(n, &line), Ok(request));
        assert_eq!(tell(n, &[Event::Reg { trid: TrId(25), serial: Serial(61), group: &renamed }]), line);
        let line = format!("RMG 28 {FRIENDS}\r\n");
        assert_eq!(read(n, &line), Ok(Request::Rmg { trid: TrId(28), group: which.clone() }));
        assert_eq!(tell(n, &[Event::Rmg { trid: TrId(28), serial: Serial(64), group: &renamed }]), line);
        // MSN Messenger 7.0 now and then.
        let named = WhichGroup::Name(name("New Group"));
        assert_eq!(read(n, "RMG 29 New%2520Group\r\n"), Ok(Request::Rmg { trid: TrId(29), group: named }));
    }
}

#[test]
fn t13_each_watcher_is_told_in_its_own_form() {
    let bob = presence(Status::Online, "bob@hotmail.com", "Bob B", 0);
    let amy = presence(Status::Idle, "amy@hotmail.com", "Amy", 0);
    for n in [8, 11] {
        assert_eq!(tell(n, &[Event::Nln { presence: &bob }]), "NLN NLN bob@hotmail.com Bob%20B 0\r\n");
    }
    assert_eq!(tell(2, &[Event::Nln { presence: &amy }]), "NLN IDL amy@hotmail.com Amy\r\n");
    assert_eq!(tell(11, &[Event::Nln { presence: &amy }]), "NLN IDL amy@hotmail.com Amy 0\r\n");
    for n in [2, 8, 11] {
        assert_eq!(tell(n, &[Event::Fln { email: &amy.email }]), "FLN amy@hotmail.com\r\n");
    }
    let (trid, told) = (TrId(30), Told { capabilities: Some(0), picture: None });
    let request = Request::Chg { trid, status: StatusWord::To(Status::Idle), told };
    assert_eq!(read(8, "CHG 30 IDL 0\r\n"), Ok(request));
    assert_eq!(tell(8, &[Event::Chg { trid, status: Status::Idle, told }]), "CHG 30 IDL 0\r\n");
    assert_eq!(read(2, "CHG 9 NLN\r\n").map(|request| request.trid()), Ok(Some(TrId(9))));
    let plain = Event::Chg { trid: TrId(9), status: Status::Online, told: Told::default() };
    assert_eq!(tell(2, &[plain]), "CHG 9 NLN\r\n");
    let (trid, privacy) = (TrId(36), MessagePrivacy::OnlyAllowed);
    assert_eq!(read(8, "BLP 36 BL\r\n"), Ok(Request::Blp { trid, privacy }));
    assert_eq!(tell(8, &[Event::Blp { head: Head::Answer(trid, Serial(72)), privacy }]), "BLP 36 72 BL\r\n");
    let (email, name, guid) = (email("bob@hotmail.com"), name("Bob"), guid(DEE));
    let (serial, group) = (Serial(70), None);
    let event = Event::Rem { trid: TrId(31), list: List::Allow, serial, email: &email, guid, group };
    assert_eq!(tell(8, &[event]), "REM 31 AL 70 bob@hotmail.com\r\n");
    let (serial, list) = (Serial(71), List::Block);
    let event = Event::Add { trid: TrId(32), list, serial, email: &email, name: &name, guid, group, is_new: false };
    assert_eq!(tell(8, &[event]), "ADD 32 BL 71 bob@hotmail.com Bob\r\n");
}
