//! The transcripts of the protocol page (14), byte by byte: T14 and T16, conversations; T17, T18,
//! T20 and T22, what the server itself has to say.

use model::{Email, Name, RoomId};
use msnp::ns::{Event as Told, Farewell, Mailbox, PageText, Request as Asked, SystemMessage};
use msnp::sb::{Delivery, Event, LIMITS, MAX_PAYLOAD, Request, message_header};
use msnp::{Code, Parsed, TrId, Verdict, frame};

use crate::transcripts::{dialect, email, name, read as read_ns, tell as tell_ns};

const COOKIE: &str = "1062764300.117.58231";

fn tell(n: u8, event: &Event<'_>) -> String {
    let mut bytes = Vec::new();
    event.encode(dialect(n).traits(), &mut bytes);
    String::from_utf8(bytes).expect("text")
}

fn read(n: u8, text: &str) -> Result<Request<'_>, Verdict> {
    let Ok(Parsed::Frame(frame, used)) = frame::parse(text.as_bytes(), &LIMITS) else {
        panic!("not a command: {text:?}")
    };
    assert_eq!(used, text.len(), "{text:?}");
    Request::decode(&frame, dialect(n).traits()).map_err(|bad| bad.verdict)
}

fn relayed(email: &Email, name: &Name, payload: &str) -> String {
    let mut bytes = Vec::new();
    message_header(&mut bytes, email, name, payload.as_bytes());
    String::from_utf8(bytes).expect("text")
}

#[test]
fn t14_the_way_into_a_conversation() {
    let (amy, amy_name) = (email("amy@hotmail.com"), name("Amy"));
    let (bob, bob_name) = (email("bob@hotmail.com"), name("Bob B"));
    let at = "192.0.2.30:1863".parse().unwrap();
    let event = Told::XfrSb { trid: TrId(40), to: &at, cookie: COOKIE };
    assert_eq!(tell_ns(8, &[event]), "XFR 40 SB 192.0.2.30:1863 CKI 1062764300.117.58231\r\n");
    let room = RoomId(11_752_013);
    let event = Told::Rng { room, at: &at, cookie: "1062764301.118.60112", email: &amy, name: &amy_name };
    let line = "RNG 11752013 192.0.2.30:1863 CKI 1062764301.118.60112 amy@hotmail.com Amy\r\n";
    assert_eq!(tell_ns(8, &[event]), line);
    let request = Request::Usr { trid: TrId(1), handle: "amy@hotmail.com", cookie: COOKIE };
    assert_eq!(read(8, "USR 1 amy@hotmail.com 1062764300.117.58231\r\n"), Ok(request));
    let event = Event::UsrOk { trid: TrId(1), email: &amy, name: &amy_name };
    assert_eq!(tell(8, &event), "USR 1 OK amy@hotmail.com Amy\r\n");
    assert_eq!(read(8, "CAL 2 bob@hotmail.com\r\n"), Ok(Request::Cal { trid: TrId(2), handle: "bob@hotmail.com" }));
    assert_eq!(tell(8, &Event::Cal { trid: TrId(2), room }), "CAL 2 RINGING 11752013\r\n");
    let (handle, cookie) = ("bob@hotmail.com", "1062764301.118.60112");
    let line = "ANS 1 bob@hotmail.com 1062764301.118.60112 11752013\r\n";
    assert_eq!(read(8, line), Ok(Request::Ans { trid: TrId(1), handle, cookie, room }));
    let capabilities = 268_435_508;
    let iro = |item, total, email, name| Event::Iro { trid: TrId(1), item, total, email, name, capabilities };
    assert_eq!(tell(8, &iro(1, 1, &amy, &amy_name)), "IRO 1 1 1 amy@hotmail.com Amy\r\n");
    assert_eq!(tell(8, &iro(2, 2, &bob, &bob_name)), "IRO 1 2 2 bob@hotmail.com Bob%20B\r\n");
    assert_eq!(tell(8, &Event::AnsOk { trid: TrId(1) }), "ANS 1 OK\r\n");
    let event = Event::Joi { email: &bob, name: &bob_name, capabilities };
    assert_eq!(tell(8, &event), "JOI bob@hotmail.com Bob%20B\r\n");
    assert_eq!(tell(8, &Event::Bye { email: &amy, idle: false }), "BYE amy@hotmail.com\r\n");
    assert_eq!(tell(8, &Event::Bye { email: &bob, idle: true }), "BYE bob@hotmail.com 1\r\n");
    assert_eq!(read(8, "OUT\r\n"), Ok(Request::Out));
}

#[test]
fn t14_what_is_said() {
    let hello = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
        X-MMS-IM-Format: FN=MS%20Sans%20Serif; EF=; CO=0; CS=0; PF=0\r\n\r\nHello Bob";
    let line = format!("MSG 3 A 133\r\n{hello}");
    let (delivery, payload) = (Delivery::Acknowledged, hello.as_bytes());
    assert_eq!(read(8, &line), Ok(Request::Msg { trid: TrId(3), delivery, payload }));
    let line = format!("MSG amy@hotmail.com Amy 133\r\n{hello}");
    assert_eq!(relayed(&email("amy@hotmail.com"), &name("Amy"), hello), line);
    assert_eq!(tell(8, &Event::Ack { trid: TrId(3) }), "ACK 3\r\n");
    let typing = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: bob@hotmail.com\r\n\r\n\r\n";
    let line = format!("MSG 2 U 88\r\n{typing}");
    let (delivery, payload) = (Delivery::Unacknowledged, typing.as_bytes());
    assert_eq!(read(8, &line), Ok(Request::Msg { trid: TrId(2), delivery, payload }));
    let line = format!("MSG bob@hotmail.com Bob%20B 88\r\n{typing}");
    assert_eq!(relayed(&email("bob@hotmail.com"), &name("Bob B"), typing), line);
    assert_eq!(tell(8, &Event::Nak { trid: TrId(8) }), "NAK 8\r\n");
    let longest = "x".repeat(MAX_PAYLOAD);
    assert_eq!(MAX_PAYLOAD, 1664);
    let line = format!("MSG 4 N 1664\r\n{longest}");
    let (delivery, payload) = (Delivery::FailureOnly, longest.as_bytes());
    assert_eq!(read(8, &line), Ok(Request::Msg { trid: TrId(4), delivery, payload }));
    assert!(frame::parse(b"MSG 4 N 1665\r\n", &LIMITS).is_err());
}

#[test]
fn t16_capabilities_and_data() {
    let (amy, amy_name) = (email("amy@hotmail.com"), name("Amy"));
    let (cy, cy_name) = (email("cy@passport.com"), name("Cy"));
    let capabilities = 1_342_558_252;
    let (handle, cookie, room) = ("cy@passport.com", "1130000000.5.777", RoomId(31_337));
    let request = Request::Ans { trid: TrId(1), handle, cookie, room };
    assert_eq!(read(12, "ANS 1 cy@passport.com 1130000000.5.777 31337\r\n"), Ok(request));
    let iro = Event::Iro { trid: TrId(1), item: 1, total: 1, email: &amy, name: &amy_name, capabilities };
    assert_eq!(tell(12, &iro), "IRO 1 1 1 amy@hotmail.com Amy 1342558252\r\n");
    let joi = Event::Joi { email: &cy, name: &cy_name, capabilities };
    assert_eq!(tell(12, &joi), "JOI cy@passport.com Cy 1342558252\r\n");
    for n in 2..=11 {
        assert_eq!(tell(n, &joi), "JOI cy@passport.com Cy\r\n");
    }
    let data = "MIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\nP2P-Dest: cy@passport.com\r\n\r\n\
        (48-byte header, body, 4-byte footer)";
    let line = format!("MSG 4 D 125\r\n{data}");
    let request = Request::Msg { trid: TrId(4), delivery: Delivery::Data, payload: data.as_bytes() };
    assert_eq!(read(12, &line), Ok(request));
    assert_eq!(relayed(&amy, &amy_name, data), format!("MSG amy@hotmail.com Amy 125\r\n{data}"));
    assert_eq!(tell(12, &Event::Ack { trid: TrId(4) }), "ACK 4\r\n");
    let line = "MSG 5 D 70\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nnot data";
    assert_eq!(read(12, line), Err(Verdict::Refuse(TrId(5), Code::BadData)));
    let mut bytes = Vec::new();
    msnp::error(&mut bytes, TrId(5), Code::BadData);
    assert_eq!(bytes, b"282 5\r\n");
}

#[test]
fn t17_and_t18_the_server_ends_it() {
    for n in 2..=12 {
        assert_eq!(tell_ns(n, &[Told::Out(Farewell::Elsewhere)]), "OUT OTH\r\n");
        assert_eq!(tell_ns(n, &[Told::Out(Farewell::GoingDown { back_in: 0 })]), "OUT SSD\r\n");
        let going = if n >= 11 { "OUT RCT 6\r\n" } else { "OUT SSD\r\n" };
        assert_eq!(tell_ns(n, &[Told::Out(Farewell::GoingDown { back_in: 6 })]), going);
        assert_eq!(
            tell_ns(n, &[Told::System(SystemMessage::Maintenance { minutes: 5 })]),
            "MSG Hotmail Hotmail 90\r\nMIME-Version: 1.0\r\nContent-Type: application/x-msmsgssystemmessage\r\n\r\n\
             Type: 1\r\nArg1: 5\r\n\r\n"
        );
    }
    let (to, current) = ("192.0.2.21:1863".parse().unwrap(), "192.0.2.20:1863".parse().unwrap());
    let referral = Told::XfrNs { trid: TrId::ASYNC, to: &to, current: &current };
    assert_eq!(tell_ns(7, &[referral]), "XFR 0 NS 192.0.2.21:1863 0 192.0.2.20:1863\r\n");
    assert_eq!(tell_ns(2, &[referral]), "XFR 0 NS 192.0.2.21:1863\r\n");
}

/// The page has other places, and an empty line at the end that T9 does not have: so a length of 221.
#[test]
fn t20_mail() {
    let mailbox = Mailbox { unread: 1, unread_elsewhere: 0, url: "/mail" };
    for n in 3..=10 {
        assert_eq!(
            tell_ns(n, &[Told::Mailbox(&mailbox)]),
            "MSG Hotmail Hotmail 180\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/x-msmsgsinitialemailnotification; charset=UTF-8\r\n\r\n\
             Inbox-Unread: 1\r\nFolders-Unread: 0\r\nInbox-URL: /mail\r\nFolders-URL: /mail\r\nPost-URL: /mail\r\n"
        );
    }
    let request = read_ns(8, "URL 41 INBOX\r\n");
    assert_eq!(request.map(|request| request.trid()), Ok(Some(TrId(41))));
    let sign_in = "https://loginnet.passport.com/ppsecure/md5auth.srf?lc=1033";
    // The page has the site id 2; here it is always 1.
    assert_eq!(
        tell_ns(8, &[Told::Url { trid: TrId(41), service: "/cgi-bin/HoTMaiL", sign_in }]),
        "URL 41 /cgi-bin/HoTMaiL https://loginnet.passport.com/ppsecure/md5auth.srf?lc=1033 1\r\n"
    );
}

/// The page has the members' numbers too, and so a length of 390.
#[test]
fn t22_pages() {
    let (amy, bob) = (email("amy@hotmail.com"), email("bob@hotmail.com"));
    let line = "PGD 50 bob@hotmail.com 1 55\r\n<TEXT xml:space=\"preserve\" enc=\"utf-8\">On my way</TEXT>";
    let Ok(Asked::Pag { trid: TrId(50), handle, text }) = read_ns(9, line) else { panic!("not a page") };
    assert_eq!((handle, PageText::read(text)), (bob.clone(), Some("On my way".to_owned())));
    let page = PageText { from: &bob, name: &name("Bob"), to: &amy, text: "ok" };
    assert_eq!(
        tell_ns(9, &[Told::Ipg(&page)]),
        "IPG 334\r\n<NOTIFICATION id=\"0\" siteid=\"111100400\" siteurl=\"http://mobile.msn.com/\">\
         <TO name=\"amy@hotmail.com\" email=\"amy@hotmail.com\"><VIA agent=\"mobile\"/></TO>\
         <FROM name=\"bob@hotmail.com\"/><MSG pri=\"1\" id=\"0\"><ACTION url=\"2wayIM.asp\"/>\
         <SUBSCR url=\"2wayIM.asp\"/><CAT id=\"110110001\"/><BODY lang=\"1033\"><TEXT>ok</TEXT></BODY></MSG>\
         </NOTIFICATION>"
    );
}
