//! The transcripts of the protocol page (14), byte by byte: T6 to T10, from the sign-in to the
//! first states. Where this suite tells something else on purpose, it is said there.

use std::net::SocketAddr;

use model::{
    Contact, Email, Group, GroupId, GroupSet, Guid, List, Lists, MessagePrivacy, Name, Presence, Props, ReversePrompt,
    Serial, Stamps, Status, UserId,
};
use msnp::ns::{
    Event, Head, Known, Mailbox, ProfileFields, Request, StatusWord, Step, Told, Version, Whom, contact_properties,
    own_properties,
};
use msnp::{Dialect, Parsed, TrId, Verdict, frame, ns};

pub(crate) const WORK: &str = "7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01";
pub(crate) const BOB: &str = "2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c01";
const CY: &str = "2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c02";

pub(crate) fn dialect(n: u8) -> Dialect {
    Dialect::from_number(n).expect("a dialect")
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).expect("a handle")
}

pub(crate) fn name(text: &str) -> Name {
    Name::friendly(text).expect("a name")
}

pub(crate) fn guid(text: &str) -> Guid {
    Guid::parse(text).expect("an identifier")
}

pub(crate) fn group(number: u8, identifier: &str, text: &str) -> Group {
    let id = GroupId::new(number).expect("a number");
    Group { id, guid: guid(identifier), name: name(text) }
}

/// What a server tells a client of dialect number `n`.
pub(crate) fn tell(n: u8, events: &[Event<'_>]) -> String {
    let mut bytes = Vec::new();
    events.iter().for_each(|event| event.encode(dialect(n).traits(), &mut bytes));
    String::from_utf8(bytes).expect("text")
}

/// What a client of dialect number `n` sends: a whole command and no more.
pub(crate) fn read(n: u8, text: &str) -> Result<Request<'_>, Verdict> {
    let Ok(Parsed::Frame(frame, used)) = frame::parse(text.as_bytes(), &ns::SIGNED_IN) else {
        panic!("not a command: {text:?}")
    };
    assert_eq!(used, text.len(), "{text:?}");
    Request::decode(&frame, dialect(n).traits()).map_err(|bad| bad.verdict)
}

pub(crate) fn text(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [line, "\r\n"]).collect()
}

pub(crate) fn presence(status: Status, handle: &str, called: &str, capabilities: u32) -> Presence {
    let (email, name) = (email(handle), name(called));
    Presence { user: UserId(1), email, name, status, capabilities, picture: None, personal: None }
}

fn contact(handle: &str, called: &str, identifier: &str, lists: u8, groups: &[u8]) -> Contact {
    let groups = groups.iter().filter_map(|number| GroupId::new(*number)).fold(GroupSet::NONE, GroupSet::with);
    Contact {
        user: UserId(1),
        guid: guid(identifier),
        email: email(handle),
        name: name(called),
        lists: Lists(lists),
        groups,
        props: Props::default(),
    }
}

/// Everything behind `SYN`, in the order of the page (5.2).
fn burst(n: u8, syn: &Event<'_>, own: &Props, groups: &[Group], contacts: &[Contact]) -> String {
    let (traits, Event::Syn { trid, serial, .. }) = (dialect(n).traits(), *syn) else { panic!("not a SYN") };
    let head = Head::Burst(trid, serial);
    let mut bytes = Vec::new();
    syn.encode(traits, &mut bytes);
    Event::Gtc { head, prompt: ReversePrompt::Ask }.encode(traits, &mut bytes);
    Event::Blp { head, privacy: MessagePrivacy::AllButBlocked }.encode(traits, &mut bytes);
    own_properties(&mut bytes, traits, head, &name("Amy"), own);
    Event::Lsg { head, groups }.encode(traits, &mut bytes);
    for contact in contacts {
        Event::LstPerson { contact, groups }.encode(traits, &mut bytes);
        contact_properties(&mut bytes, traits, serial, &contact.email, &contact.props, true);
    }
    String::from_utf8(bytes).expect("text")
}

fn profile(n: u8) -> String {
    let (email, client) = (email("amy@hotmail.com"), SocketAddr::from(([198, 51, 100, 7], 1863)));
    let fields = ProfileFields {
        login_time: 1_062_764_230,
        email: &email,
        member: 81921 << 32 | 1_234_567,
        ticket: "5kQexampleTicket$$",
        client,
        mail: false,
    };
    tell(n, &[Event::Profile(&fields)])
}

/// The page has `country: US` and `kv: 5`, and so a length of 398.
const PROFILE: &str = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: 1062764230\r\n\
    EmailEnabled: 0\r\nMemberIdHigh: 81921\r\nMemberIdLow: 1234567\r\nlang_preference: 1033\r\n\
    preferredEmail: amy@hotmail.com\r\ncountry: \r\nPostalCode: \r\nGender: \r\nKid: 0\r\nAge: \r\nBDayPre: \r\n\
    Birthday: \r\nWallet: \r\nFlags: 1027\r\nsid: 507\r\nkv: 1\r\nMSPAuth: 5kQexampleTicket$$\r\n\
    ClientIP: 198.51.100.7\r\nClientPort: 18183\r\n";

#[test]
fn t6_signing_in_with_a_ticket() {
    let amy = email("amy@hotmail.com");
    let offered = vec!["MSNP8", "CVR0"];
    assert_eq!(read(8, "VER 1 MSNP8 CVR0\r\n"), Ok(Request::Ver { trid: TrId(1), offered }));
    assert_eq!(tell(8, &[Event::Ver { trid: TrId(1), cvr0: true }]), "VER 1 MSNP8 CVR0\r\n");
    let line = "CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 5.0.0544 MSMSGS amy@hotmail.com\r\n";
    let version = Version { locale: "0x0409", library: "MSNMSGR", version: "5.0.0544" };
    assert_eq!(read(8, line), Ok(Request::Cvr { trid: TrId(2), version }));
    let (download, info) = ("http://download.example.net/setup.exe", "http://messenger.example.net");
    assert_eq!(
        tell(8, &[Event::Cvr { trid: TrId(2), query: false, version: "5.0.0544", download, info }]),
        "CVR 2 5.0.0544 5.0.0544 5.0.0544 http://download.example.net/setup.exe http://messenger.example.net\r\n"
    );
    let step = Step::Initiate { handle: "amy@hotmail.com" };
    assert_eq!(read(8, "USR 3 TWN I amy@hotmail.com\r\n"), Ok(Request::Usr { trid: TrId(3), step }));
    let (to, current) = ("192.0.2.20:1863".parse().unwrap(), "192.0.2.10:1863".parse().unwrap());
    let referral = tell(8, &[Event::XfrNs { trid: TrId(3), to: &to, current: &current }]);
    assert_eq!(referral, "XFR 3 NS 192.0.2.20:1863 0 192.0.2.10:1863\r\n");
    let challenge = "lc=1033,id=507,tw=40,fs=1,ru=http%3A%2F%2Fmessenger%2Emsn%2Ecom,ct=1062764229,kpp=1,kv=5,\
        ver=2.1.0173.1,tpf=00112233445566778899aabbccddeeff";
    assert_eq!(
        tell(8, &[Event::UsrChallenge { trid: TrId(6), challenge }]),
        "USR 6 TWN S lc=1033,id=507,tw=40,fs=1,ru=http%3A%2F%2Fmessenger%2Emsn%2Ecom,ct=1062764229,kpp=1,kv=5,\
         ver=2.1.0173.1,tpf=00112233445566778899aabbccddeeff\r\n"
    );
    let step = Step::Respond { response: "t=5kQexampleTicket$$&p=5kQexampleProfile$$" };
    let line = "USR 7 TWN S t=5kQexampleTicket$$&p=5kQexampleProfile$$\r\n";
    assert_eq!(read(8, line), Ok(Request::Usr { trid: TrId(7), step }));
    let ok = Event::UsrOk { trid: TrId(7), email: &amy, name: &name("Amy"), verified: true };
    assert_eq!(tell(8, &[ok]), "USR 7 OK amy@hotmail.com Amy 1 0\r\n");
    assert_eq!(profile(8), format!("MSG Hotmail Hotmail 396\r\n{PROFILE}\r\n"));
}

#[test]
fn t6_synchronising_and_appearing() {
    assert_eq!(read(8, "SYN 8 0\r\n"), Ok(Request::Syn { trid: TrId(8), known: Known::Serial(Serial(0)) }));
    let own = Props { home: "1 (425) 5550100".to_owned(), ..Props::default() };
    let mut bob = contact("bob@hotmail.com", "Bob B", BOB, 11, &[0, 1]);
    bob.props.work = "1 (206) 5550111".to_owned();
    let contacts = [
        bob,
        contact("cy@passport.com", "Cy", CY, 3, &[]),
        contact("spam@example.com", "spam@example.com", CY, 12, &[]),
    ];
    let groups = [group(0, CY, "Other Contacts"), group(1, WORK, "Work")];
    let stamps = Stamps { lists: 0, settings: 0 };
    let syn = Event::Syn { trid: TrId(8), serial: Serial(56), stamps, counts: Some((3, 2)) };
    assert_eq!(
        burst(8, &syn, &own, &groups, &contacts),
        text(&[
            "SYN 8 56 3 2",
            "GTC A",
            "BLP AL",
            "PRP PHH 1%20(425)%205550100",
            "LSG 0 Other%20Contacts 0",
            "LSG 1 Work 0",
            "LST bob@hotmail.com Bob%20B 11 0,1",
            "BPR PHW 1%20(206)%205550111",
            "LST cy@passport.com Cy 3 0",
            "LST spam@example.com spam@example.com 12",
        ])
    );
    let told = Told { capabilities: Some(0), picture: None };
    let status = StatusWord::To(Status::Online);
    assert_eq!(read(8, "CHG 9 NLN 0\r\n"), Ok(Request::Chg { trid: TrId(9), status, told }));
    let idle = presence(Status::Idle, "bob@hotmail.com", "Bob B", 0);
    let events =
        [Event::Chg { trid: TrId(9), status: Status::Online, told }, Event::Iln { trid: TrId(9), presence: &idle }];
    assert_eq!(tell(8, &events), text(&["CHG 9 NLN 0", "ILN 9 IDL bob@hotmail.com Bob%20B 0"]));
    assert_eq!(read(8, "PNG\r\n"), Ok(Request::Png));
    assert_eq!(tell(8, &[Event::Qng { next: 50 }]), "QNG\r\n");
}

#[test]
fn t7_a_picture_a_ping_and_an_alert() {
    assert_eq!(tell(9, &[Event::Ver { trid: TrId(1), cvr0: true }]), "VER 1 MSNP9 CVR0\r\n");
    let stamps = Stamps { lists: 0, settings: 0 };
    let syn = Event::Syn { trid: TrId(8), serial: Serial(56), stamps, counts: None };
    assert_eq!(tell(9, &[syn]), "SYN 8 56\r\n");
    let line = "CHG 9 NLN 268435508 %3Cmsnobj%20Creator%3D%22amy%40hotmail.com%22%20Size%3D%2212000%22%20Type%3D%223\
        %22%20Location%3D%22TFR2C.dat%22%20Friendly%3D%22AAA%3D%22%20SHA1D%3D%22AAAAAAAAAAAAAAAAAAAAAAAAAAA%3D%22%20\
        SHA1C%3D%22BBBBBBBBBBBBBBBBBBBBBBBBBBB%3D%22%2F%3E\r\n";
    let Ok(Request::Chg { trid, status: StatusWord::To(status), told }) = read(9, line) else { panic!("not a CHG") };
    assert_eq!(told.capabilities, Some(268_435_508));
    assert_eq!(tell(9, &[Event::Chg { trid, status, told }]), line);
    let bob = presence(Status::Online, "bob@hotmail.com", "Bob B", 268_435_508);
    let iln = tell(9, &[Event::Iln { trid, presence: &bob }]);
    assert_eq!(iln, "ILN 9 NLN bob@hotmail.com Bob%20B 268435508\r\n");
    assert_eq!(tell(9, &[Event::Qng { next: 50 }]), "QNG 50\r\n");
    let document = "<NOTIFICATION ver=\"1\" id=\"2\" siteid=\"0\" siteurl=\"http://example.com/\">\r\n  \
        <TO pid=\"0x00014001:0x0012D687\" name=\"amy@hotmail.com\"/>\r\n  <MSG id=\"0\">\r\n    \
        <ACTION url=\"alert?command=action\"/>\r\n    <SUBSCR url=\"alert?command=change\"/>\r\n    \
        <BODY lang=\"1033\" icon=\"alert.png\"><TEXT>Sample alert</TEXT></BODY>\r\n  </MSG>\r\n</NOTIFICATION>";
    assert_eq!(tell(9, &[Event::Not { document }]), format!("NOT 330\r\n{document}"));
}

/// 2004-07-11T10:20:30.4 in Redmond.
const T8: i64 = 1_089_566_430_400;

#[test]
fn t8_an_address_book() {
    assert_eq!(tell(10, &[Event::Ver { trid: TrId(1), cvr0: true }]), "VER 1 MSNP10 CVR0\r\n");
    let amy = email("amy@hotmail.com");
    let ok = Event::UsrOk { trid: TrId(7), email: &amy, name: &name("Amy"), verified: true };
    assert_eq!(tell(10, &[ok]), "USR 7 OK amy@hotmail.com 1 0\r\n");
    assert_eq!(profile(10), format!("MSG Hotmail Hotmail 413\r\n{PROFILE}ABCHMigrated: 1\r\n\r\n"));
    assert_eq!(read(10, "SYN 8 0 0\r\n"), Ok(Request::Syn { trid: TrId(8), known: Known::Stamps("0", "0") }));
    let stamps = Stamps { lists: T8, settings: T8 };
    let syn = Event::Syn { trid: TrId(8), serial: Serial(56), stamps, counts: Some((3, 1)) };
    // The account has a group 0 too, and new@example.com is on its RL and unanswered.
    let groups = [group(0, CY, "Other Contacts"), group(1, WORK, "Work")];
    let contacts = [
        contact("bob@hotmail.com", "Bob B", BOB, 11, &[1]),
        contact("cy@passport.com", "Cy", CY, 3, &[0]),
        contact("new@example.com", "New Person", CY, 8, &[]),
    ];
    let stamp = "2004-07-11T10:20:30.4000000-07:00";
    assert_eq!(
        burst(10, &syn, &Props::default(), &groups, &contacts),
        text(&[
            &format!("SYN 8 {stamp} {stamp} 3 1"),
            "GTC A",
            "BLP AL",
            "PRP MFN Amy",
            "LSG Work 7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01",
            "LST N=bob@hotmail.com F=Bob%20B C=2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c01 11 \
             7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01",
            "LST N=cy@passport.com F=Cy C=2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c02 3",
            "LST N=new@example.com F=New%20Person 16",
        ])
    );
    let bob = presence(Status::Online, "bob@hotmail.com", "Bob B", 536_870_964);
    let told = Told { capabilities: Some(536_870_964), picture: None };
    let events =
        [Event::Chg { trid: TrId(9), status: Status::Online, told }, Event::Iln { trid: TrId(9), presence: &bob }];
    assert_eq!(tell(10, &events), text(&["CHG 9 NLN 536870964", "ILN 9 NLN bob@hotmail.com Bob%20B 536870964"]));
}

#[test]
fn t8_someone_is_accepted_without_being_added() {
    let (new, called) = (email("new@example.com"), name("New Person"));
    let (whom, nobody) = (Whom::Handle(new.clone()), Guid([0; 16]));
    for (trid, list, line) in [
        (TrId(10), List::Allow, "ADC 10 AL N=new@example.com\r\n"),
        (TrId(11), List::Reverse, "ADC 11 RL N=new@example.com\r\n"),
    ] {
        let request = Request::Add { trid, list, whom: whom.clone(), name: None, group: None };
        assert_eq!(read(10, line), Ok(request));
        let serial = Serial(57);
        let event =
            Event::Add { trid, list, serial, email: &new, name: &called, guid: nobody, group: None, is_new: false };
        assert_eq!(tell(10, &[event]), line);
    }
    let (trid, list, line) = (TrId(12), List::Pending, "REM 12 PL new@example.com\r\n");
    assert_eq!(read(10, line), Ok(Request::Rem { trid, list, whom, group: None }));
    let event = Event::Rem { trid, list, serial: Serial(57), email: &new, guid: nobody, group: None };
    assert_eq!(tell(10, &[event]), line);
}

#[test]
fn t9_what_came_with_7_0() {
    assert_eq!(tell(11, &[Event::Sbs]), "SBS 0 null\r\n");
    // 2005-04-23, 18:57:44.813 and 18:57:54.207 in Redmond
    let stamps = Stamps { lists: 1_114_307_864_813, settings: 1_114_307_874_207 };
    let syn = Event::Syn { trid: TrId(8), serial: Serial(56), stamps, counts: Some((2, 0)) };
    let own = Props { home: "1 (425) 5550100".to_owned(), ..Props::default() };
    let mut bob = contact("bob@hotmail.com", "Bob B", BOB, 11, &[]);
    bob.props.mobile = "1 (206) 5550133".to_owned();
    let contacts = [bob, contact("spam@example.com", "spam", CY, 12, &[])];
    assert_eq!(
        burst(11, &syn, &own, &[group(0, CY, "Other Contacts")], &contacts),
        text(&[
            "SYN 8 2005-04-23T18:57:44.8130000-07:00 2005-04-23T18:57:54.2070000-07:00 2 0",
            "GTC A",
            "BLP AL",
            "PRP MFN Amy",
            "PRP PHH 1%20(425)%205550100",
            "LST N=bob@hotmail.com F=Bob%20B C=2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c01 11",
            "BPR PHM 1%20(206)%205550133",
            "LST N=spam@example.com F=spam 12",
        ])
    );
    assert_eq!(read(11, "GCF 9 Shields.xml\r\n"), Ok(Request::Gcf { trid: TrId(9) }));
    assert_eq!(
        tell(11, &[Event::Gcf { trid: TrId(9) }]),
        "GCF 9 Shields.xml 145\r\n<?xml version=\"1.0\" encoding=\"utf-8\" ?><config><shield><cli maj=\"7\" min=\"0\" \
         minbld=\"0\" maxbld=\"9999\" deny=\" \" /></shield><block></block></config>"
    );
    let bob = presence(Status::Busy, "bob@hotmail.com", "Bob B", 1_073_791_084);
    let personal = "<Data><PSM>in a meeting</PSM><CurrentMedia></CurrentMedia></Data>";
    let events = [Event::Iln { trid: TrId(10), presence: &bob }, Event::Ubx { email: &bob.email, personal }];
    assert_eq!(
        tell(11, &events),
        "ILN 10 BSY bob@hotmail.com Bob%20B 1073791084\r\nUBX bob@hotmail.com 65\r\n\
         <Data><PSM>in a meeting</PSM><CurrentMedia></CurrentMedia></Data>"
    );
    let line = "UUX 11 64\r\n<Data><PSM>hello world</PSM><CurrentMedia></CurrentMedia></Data>";
    let personal = "<Data><PSM>hello world</PSM><CurrentMedia></CurrentMedia></Data>";
    assert_eq!(read(11, line), Ok(Request::Uux { trid: TrId(11), personal }));
    assert_eq!(tell(11, &[Event::Uux { trid: TrId(11) }]), "UUX 11 0\r\n");
    assert_eq!(read(11, "UUX 12 0\r\n"), Ok(Request::Uux { trid: TrId(12), personal: "" }));
}

#[test]
fn t9_mail_a_challenge_and_a_name() {
    // The page has three places of its own, and so a length of 289.
    let mailbox = Mailbox { unread: 0, unread_elsewhere: 0, url: "http://mail.example.net/" };
    assert_eq!(
        tell(11, &[Event::Mailbox(&mailbox)]),
        "MSG Hotmail Hotmail 307\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/x-msmsgsinitialmdatanotification; charset=UTF-8\r\n\r\n\
         Mail-Data: <MD><E><I>0</I><IU>0</IU><O>0</O><OU>0</OU></E><Q><QTM>409600</QTM><QNM>204800</QNM></Q></MD>\r\n\
         Inbox-URL: http://mail.example.net/\r\nFolders-URL: http://mail.example.net/\r\n\
         Post-URL: http://mail.example.net/\r\n"
    );
    let challenge = Event::Chl { trid: TrId::ASYNC, challenge: "22210219642164014968" };
    assert_eq!(tell(11, &[challenge]), "CHL 0 22210219642164014968\r\n");
    let (product, digest) = ("PROD0090YUAUV{2B", "85ecb0db8f32113df79ce0892b9a102c");
    let line = "QRY 12 PROD0090YUAUV{2B 32\r\n85ecb0db8f32113df79ce0892b9a102c";
    assert_eq!(read(11, line), Ok(Request::Qry { trid: TrId(12), product, digest }));
    assert_eq!(tell(11, &[Event::Qry { trid: TrId(12) }]), "QRY 12\r\n");
    let request = read(11, "PRP 13 MFN Amy%20A\r\n");
    assert_eq!(request, Ok(Request::Rea { trid: TrId(13), whom: None, name: name("Amy A"), spelling: "Amy%20A" }));
    let (email, serial) = (email("amy@hotmail.com"), Serial(57));
    let event = Event::Rea { trid: TrId(13), serial, email: &email, guid: None, spelling: "Amy%20A" };
    assert_eq!(tell(11, &[event]), "PRP 13 MFN Amy%20A\r\n");
    let amy = presence(Status::Online, "amy@hotmail.com", "Amy A", 1_073_791_084);
    assert_eq!(tell(11, &[Event::Nln { presence: &amy }]), "NLN NLN amy@hotmail.com Amy%20A 1073791084\r\n");
    assert_eq!(tell(11, &[Event::Qng { next: 60 }]), "QNG 60\r\n");
}

#[test]
fn t10_networks_and_a_copy_that_is_up_to_date() {
    // 2005-11-01T08:00 at the offset of the summer, which is told all the year round.
    let stamps = Stamps { lists: 1_130_857_200_000, settings: 1_130_857_200_000 };
    let stamp = "2005-11-01T08:00:00.0000000-07:00";
    let syn = |counts| Event::Syn { trid: TrId(8), serial: Serial(56), stamps, counts };
    let groups = [group(0, CY, "Other Contacts"), group(1, WORK, "Work")];
    let contacts = [
        contact("bob@hotmail.com", "Bob B", BOB, 11, &[1]),
        contact("cy@passport.com", "Cy", CY, 3, &[]),
        contact("new@example.com", "New Person", CY, 8, &[]),
    ];
    assert_eq!(
        burst(12, &syn(Some((3, 1))), &Props::default(), &groups, &contacts),
        text(&[
            &format!("SYN 8 {stamp} {stamp} 3 1"),
            "GTC A",
            "BLP AL",
            "PRP MFN Amy",
            "LSG Work 7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01",
            "LST N=bob@hotmail.com F=Bob%20B C=2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c01 11 1 \
             7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01",
            "LST N=cy@passport.com F=Cy C=2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c02 3 1",
            "LST N=new@example.com F=New%20Person 16 1",
        ])
    );
    let line = format!("SYN 8 {stamp} {stamp}\r\n");
    let Ok(Request::Syn { trid: TrId(8), known }) = read(12, &line) else { panic!("not a SYN") };
    assert!(known.is_current(Serial(56), stamps));
    assert_eq!(tell(12, &[syn(None)]), line);
    for other in [Stamps { lists: stamps.lists + 1, ..stamps }, Stamps { settings: stamps.settings - 1, ..stamps }] {
        assert!(!known.is_current(Serial(56), other));
    }
    assert!(!Known::Stamps("0", "0").is_current(Serial(0), Stamps { lists: 0, settings: 0 }));
    assert!(!Known::Serial(Serial(0)).is_current(Serial(0), stamps), "who has nothing gets everything");
}
