//! What clients send to a switchboard, and what it sends to them.

use model::{Email, Name, RoomId};
use msnp::ns::Command;
use msnp::sb::{Delivery, Event, Request, message_header};
use msnp::{Code, Dialect, Frame, Parsed, TrId, Verdict, frame, sb};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::events::lines;
use crate::forms::Slot;
use crate::values::{Hand, cases, dialect, email, hand, keep, name, token, trid};

/// What a client of dialect number `n` sends. Data is a kind of its own from MSNP9 on.
fn request(n: u8) -> impl Strategy<Value = Request<'static>> {
    let room = any::<u32>().prop_map(RoomId);
    let payload = vec(any::<u8>(), 0..64).prop_map(|bytes| keep(bytes).as_slice());
    let delivery = select(vec![Delivery::Unacknowledged, Delivery::FailureOnly, Delivery::Acknowledged]);
    let data = (trid(), vec(any::<u8>(), 0..64), any::<u64>()).prop_map(|(trid, body, seed)| Request::Msg {
        trid,
        delivery: Delivery::Data,
        payload: keep(data(&body, &mut Hand::new(seed))),
    });
    let message =
        (trid(), delivery, payload).prop_map(|(trid, delivery, payload)| Request::Msg { trid, delivery, payload });
    let message = if n >= 9 { prop_oneof![message, data].boxed() } else { message.boxed() };
    prop_oneof![
        (trid(), token(), token()).prop_map(|(trid, handle, cookie)| Request::Usr { trid, handle, cookie }),
        (trid(), token(), token(), room).prop_map(|(trid, handle, cookie, room)| Request::Ans {
            trid,
            handle,
            cookie,
            room
        }),
        (trid(), token()).prop_map(|(trid, handle)| Request::Cal { trid, handle }),
        message,
        Just(Request::Out),
    ]
}

/// A message between two clients' programs, as those may write it.
fn data(body: &[u8], hand: &mut Hand) -> Vec<u8> {
    let end = ["\r\n", "\n"][hand.choose(2) as usize];
    let header = ["Content-Type: ", "content-type:", "Content-Type:\t"][hand.choose(3) as usize];
    let rest = ["", "; charset=UTF-8", " "][hand.choose(3) as usize];
    let kind = format!("{header}application/x-msnmsgrp2p{rest}{end}");
    let lines = ["MIME-Version: 1.0".to_owned() + end, kind, format!("P2P-Dest: bob@example.com{end}"), end.into()];
    [lines.concat().as_bytes(), body].concat()
}

fn write(request: &Request<'_>, hand: &mut Hand) -> Vec<u8> {
    let (words, payload): (Vec<String>, &[u8]) = match request {
        Request::Usr { trid, handle, cookie } => {
            (vec!["USR".into(), trid.to_string(), (*handle).into(), (*cookie).into()], b"")
        }
        Request::Ans { trid, handle, cookie, room } => {
            (vec!["ANS".into(), trid.to_string(), (*handle).into(), (*cookie).into(), room.to_string()], b"")
        }
        Request::Cal { trid, handle } => (vec!["CAL".into(), trid.to_string(), (*handle).into()], b""),
        Request::Msg { trid, delivery, payload } => {
            let letter = match delivery {
                Delivery::Unacknowledged => "U",
                Delivery::FailureOnly => "N",
                Delivery::Acknowledged => "A",
                Delivery::Data => "D",
            };
            (vec!["MSG".into(), trid.to_string(), letter.into(), payload.len().to_string()], payload)
        }
        Request::Out => (vec!["OUT".into()], b""),
    };
    [&hand.line(&words), payload].concat()
}

fn event() -> impl Strategy<Value = Event<'static>> {
    let email = || email().prop_map(|email| -> &'static Email { keep(email) });
    let name = || name().prop_map(|name| -> &'static Name { keep(name) });
    prop_oneof![
        (trid(), email(), name()).prop_map(|(trid, email, name)| Event::UsrOk { trid, email, name }),
        trid().prop_map(|trid| Event::AnsOk { trid }),
        (trid(), 1..50usize, 1..50usize, email(), name(), any::<u32>()).prop_map(
            |(trid, item, total, email, name, capabilities)| Event::Iro {
                trid,
                item,
                total,
                email,
                name,
                capabilities
            }
        ),
        (email(), name(), any::<u32>()).prop_map(|(email, name, capabilities)| Event::Joi {
            email,
            name,
            capabilities
        }),
        (email(), any::<bool>()).prop_map(|(email, idle)| Event::Bye { email, idle }),
        (trid(), any::<u32>()).prop_map(|(trid, room)| Event::Cal { trid, room: RoomId(room) }),
        trid().prop_map(|trid| Event::Ack { trid }),
        trid().prop_map(|trid| Event::Nak { trid }),
    ]
}

/// Clients of MSNP12 are told capabilities; up to MSNP11, IRO has six words and JOI three. (protocol
/// page, 8.4)
fn form(event: &Event<'_>, n: u8) -> Vec<Slot> {
    use Slot::{Is, Text};
    let is = |word: &dyn ToString| Is(word.to_string());
    match event {
        Event::UsrOk { trid, email, name } => vec![is(&"USR"), is(trid), is(&"OK"), is(email), Text(name.to_string())],
        Event::AnsOk { trid } => vec![is(&"ANS"), is(trid), is(&"OK")],
        Event::Iro { trid, item, total, email, name, capabilities } => {
            let words = [is(&"IRO"), is(trid), is(item), is(total), is(email), Text(name.to_string())];
            words.into_iter().chain((n >= 12).then(|| is(capabilities))).collect()
        }
        Event::Joi { email, name, capabilities } => {
            let words = [is(&"JOI"), is(email), Text(name.to_string())];
            words.into_iter().chain((n >= 12).then(|| is(capabilities))).collect()
        }
        Event::Bye { email, idle: false } => vec![is(&"BYE"), is(email)],
        Event::Bye { email, idle: true } => vec![is(&"BYE"), is(email), is(&"1")],
        Event::Cal { trid, room } => vec![is(&"CAL"), is(trid), is(&"RINGING"), is(room)],
        Event::Ack { trid } => vec![is(&"ACK"), is(trid)],
        Event::Nak { trid } => vec![is(&"NAK"), is(trid)],
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn requests_written_and_read_are_the_same(
        (dialect, request) in dialect().prop_flat_map(|dialect| (Just(dialect), request(dialect.number()))),
        mut hand in hand(),
    ) {
        let bytes = write(&request, &mut hand);
        let Ok(Parsed::Frame(frame, used)) = frame::parse(&bytes, &sb::LIMITS) else { panic!("not a frame") };
        prop_assert_eq!(used, bytes.len());
        prop_assert_eq!(Request::decode(&frame, dialect.traits()), Ok(request));
    }

    #[test]
    fn any_words_are_read_or_close(
        dialect in dialect(),
        verb in prop_oneof![4 => select(vec![*b"USR", *b"ANS", *b"CAL", *b"MSG", *b"OUT"]), 1 => any::<[u8; 3]>()],
        rest in "([0-9]{0,11})( [UNADus]| [!-~]{0,8}){0,5}",
        payload in vec(any::<u8>(), 0..32),
    ) {
        let frame = Frame { verb, rest: &rest, payload: &payload };
        match Request::decode(&frame, dialect.traits()) {
            Ok(_) => prop_assert!([b"USR", b"ANS", b"CAL", b"MSG", b"OUT"].contains(&&verb)),
            Err(bad) => prop_assert!(
                match bad.verdict {
                    Verdict::Close => true,
                    Verdict::Refuse(_, Code::BadData) => &verb == b"MSG" && dialect.number() >= 9,
                    _ => &verb == b"CAL",
                },
                "whatever is malformed closes, but for a CAL and what is not data: {:?}", bad
            ),
        }
    }

    #[test]
    fn events_have_their_form(event in event(), dialect in dialect()) {
        let mut bytes = Vec::new();
        event.encode(dialect.traits(), &mut bytes);
        let lines = lines(&bytes);
        prop_assert_eq!(lines.len(), 1);
        prop_assert!(lines[0].payload.is_none());
        Slot::check(&form(&event, dialect.number()), &lines[0].words);
    }

    #[test]
    fn messages_have_their_form(email in email(), name in name(), payload in vec(any::<u8>(), 0..=sb::MAX_PAYLOAD)) {
        let mut bytes = Vec::new();
        message_header(&mut bytes, &email, &name, &payload);
        let lines = lines(&bytes);
        prop_assert_eq!(lines.len(), 1);
        let form = [Slot::Is("MSG".into()), Slot::Is(email.to_string()), Slot::Text(name.to_string())];
        Slot::check(&form, &lines[0].words);
        prop_assert_eq!(lines[0].payload.as_deref(), Some(&*payload));
    }
}

#[test]
fn what_belongs_to_a_notification_server_closes() {
    for (command, dialect) in Command::ALL.iter().flat_map(|command| Dialect::ALL.map(|dialect| (command, dialect))) {
        let frame = Frame { verb: *command.verb(), rest: "1 a@b.c x 1", payload: b"" };
        let ours = matches!(command, Command::Usr | Command::Out);
        assert_eq!(Request::decode(&frame, dialect.traits()).is_ok(), ours, "{command:?}");
    }
}

fn said(dialect: Dialect, kind: &str, payload: &[u8]) -> Result<Delivery, Verdict> {
    let frame = Frame { verb: *b"MSG", rest: &format!("1 {kind} {}", payload.len()), payload };
    match Request::decode(&frame, dialect.traits()) {
        Ok(Request::Msg { delivery, .. }) => Ok(delivery),
        Ok(other) => panic!("not a message: {other:?}"),
        Err(bad) => Err(bad.verdict),
    }
}

#[test]
fn a_message_of_an_unknown_kind_closes() {
    for (kind, dialect) in ["u", "S", "a", "d", "UU", "1"].iter().flat_map(|kind| Dialect::ALL.map(|one| (kind, one))) {
        assert_eq!(said(dialect, kind, b""), Err(Verdict::Close), "{kind}");
    }
}

/// (protocol page, 8.3)
#[test]
fn only_data_may_be_sent_as_data() {
    const P2P: &[u8] = b"MIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\nP2P-Dest: a@b.c\r\n\r\n\0\0";
    for dialect in Dialect::ALL {
        let known = dialect.number() >= 9;
        assert_eq!(said(dialect, "D", P2P), if known { Ok(Delivery::Data) } else { Err(Verdict::Close) });
        for other in [
            b"".as_slice(),
            b"MIME-Version: 1.0\r\n\r\nContent-Type: application/x-msnmsgrp2p\r\n",
            b"Content-Type: text/plain\r\n\r\n",
            b"Content-Type: application/x-msnmsgrp2px\r\n\r\n",
            b"Content-Type\xff: application/x-msnmsgrp2p\r\n\r\n",
        ] {
            let refused = if known { Verdict::Refuse(TrId(1), Code::BadData) } else { Verdict::Close };
            assert_eq!(said(dialect, "D", other), Err(refused), "{:?}", String::from_utf8_lossy(other));
        }
    }
}
