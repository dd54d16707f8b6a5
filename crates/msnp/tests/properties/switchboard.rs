//! What clients send to a switchboard, and what it sends to them.

use model::{Email, Name, RoomId};
use msnp::ns::Command;
use msnp::sb::{Delivery, Event, Request, message_header};
use msnp::{Frame, Parsed, Verdict, frame, sb};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::events::{Slot, lines};
use crate::values::{Hand, cases, email, hand, keep, name, token, trid};

fn request() -> impl Strategy<Value = Request<'static>> {
    let room = any::<u32>().prop_map(RoomId);
    let payload = vec(any::<u8>(), 0..64).prop_map(|bytes| keep(bytes).as_slice());
    let delivery = select(vec![Delivery::Unacknowledged, Delivery::FailureOnly, Delivery::Acknowledged]);
    prop_oneof![
        (trid(), token(), token()).prop_map(|(trid, handle, cookie)| Request::Usr { trid, handle, cookie }),
        (trid(), token(), token(), room).prop_map(|(trid, handle, cookie, room)| Request::Ans {
            trid,
            handle,
            cookie,
            room
        }),
        (trid(), token()).prop_map(|(trid, handle)| Request::Cal { trid, handle }),
        (trid(), delivery, payload).prop_map(|(trid, delivery, payload)| Request::Msg { trid, delivery, payload }),
        Just(Request::Out),
    ]
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
                Delivery::Acknowledged => ["A", "D"][hand.choose(2) as usize],
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
        (trid(), 1..50usize, 1..50usize, email(), name()).prop_map(|(trid, item, total, email, name)| Event::Iro {
            trid,
            item,
            total,
            email,
            name
        }),
        (email(), name()).prop_map(|(email, name)| Event::Joi { email, name }),
        (email(), any::<bool>()).prop_map(|(email, idle)| Event::Bye { email, idle }),
        (trid(), any::<u32>()).prop_map(|(trid, room)| Event::Cal { trid, room: RoomId(room) }),
        trid().prop_map(|trid| Event::Ack { trid }),
        trid().prop_map(|trid| Event::Nak { trid }),
    ]
}

/// The forms of MSNP2–11: no capabilities, so IRO has six words and JOI three.
fn form(event: &Event<'_>) -> Vec<Slot> {
    use Slot::{Is, Text};
    let is = |word: &dyn ToString| Is(word.to_string());
    match event {
        Event::UsrOk { trid, email, name } => vec![is(&"USR"), is(trid), is(&"OK"), is(email), Text(name.to_string())],
        Event::AnsOk { trid } => vec![is(&"ANS"), is(trid), is(&"OK")],
        Event::Iro { trid, item, total, email, name } => {
            vec![is(&"IRO"), is(trid), is(item), is(total), is(email), Text(name.to_string())]
        }
        Event::Joi { email, name } => vec![is(&"JOI"), is(email), Text(name.to_string())],
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
    fn requests_written_and_read_are_the_same(request in request(), mut hand in hand()) {
        let bytes = write(&request, &mut hand);
        let Ok(Parsed::Frame(frame, used)) = frame::parse(&bytes, &sb::LIMITS) else { panic!("not a frame") };
        prop_assert_eq!(used, bytes.len());
        prop_assert_eq!(Request::decode(&frame), Ok(request));
    }

    #[test]
    fn any_words_are_read_or_close(
        verb in prop_oneof![4 => select(vec![*b"USR", *b"ANS", *b"CAL", *b"MSG", *b"OUT"]), 1 => any::<[u8; 3]>()],
        rest in "([0-9]{0,11})( [UNADus]| [!-~]{0,8}){0,5}",
        payload in vec(any::<u8>(), 0..32),
    ) {
        let frame = Frame { verb, rest: &rest, payload: &payload };
        match Request::decode(&frame) {
            Ok(_) => prop_assert!([b"USR", b"ANS", b"CAL", b"MSG", b"OUT"].contains(&&verb)),
            Err(bad) => prop_assert!(
                bad.verdict == Verdict::Close || &verb == b"CAL",
                "whatever is malformed closes, but for a CAL: {:?}", bad
            ),
        }
    }

    #[test]
    fn events_have_their_form(event in event()) {
        let mut bytes = Vec::new();
        event.encode(&mut bytes);
        let lines = lines(&bytes);
        prop_assert_eq!(lines.len(), 1);
        prop_assert!(lines[0].payload.is_none());
        Slot::check(&form(&event), &lines[0].words);
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
    for command in Command::ALL {
        let frame = Frame { verb: *command.verb(), rest: "1 a@b.c x 1", payload: b"" };
        let ours = matches!(command, Command::Usr | Command::Out);
        assert_eq!(Request::decode(&frame).is_ok(), ours, "{command:?}");
    }
}

#[test]
fn a_message_of_an_unknown_kind_closes() {
    for kind in ["u", "S", "a", "UU", "1"] {
        let frame = Frame { verb: *b"MSG", rest: &format!("1 {kind} 0"), payload: b"" };
        assert_eq!(Request::decode(&frame).map_err(|bad| bad.verdict), Err(Verdict::Close), "{kind}");
    }
}
