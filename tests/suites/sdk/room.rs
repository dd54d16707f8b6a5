//! Conversations, and a display picture that is fetched in one.

use std::sync::Arc;

use msnp11_sdk::{Event, MessagingError, MsnpStatus, PlainText, Switchboard};

use crate::person::{AMY, BOB, FRIENDS, Heard, Person, pair};
use crate::scene::{done, outcome, play};
use crate::server::{Door, Server};

/// Messages of some 160 bytes that are said without waiting for the other to read.
const SEVERAL: usize = 8;

/// One end of a conversation.
struct Seat {
    room: Arc<Switchboard>,
    heard: Heard,
}

impl Seat {
    fn new(who: &'static str, room: Arc<Switchboard>) -> Self {
        let heard = Heard::in_room(who, &room);
        Self { room, heard }
    }

    /// Waits for someone to be in the room.
    async fn meets(&mut self, whom: &str) {
        self.heard
            .until("someone in the room", |event| match event {
                Event::ParticipantInSwitchboard { email } => (email == whom).then_some(()),
                _ => None,
            })
            .await;
    }

    /// Waits for a message of someone's.
    async fn reads(&mut self, of: &str) -> PlainText {
        self.heard
            .until("a message", |event| match event {
                Event::TextMessage { email, message } if email == of => Some(message.clone()),
                _ => None,
            })
            .await
    }
}

/// Calls someone, who answers. Each of the two has been told of the other.
async fn call(caller: &Person, caller_handle: &'static str, callee: &mut Person, handle: &'static str) -> [Seat; 2] {
    let room = done("a call", caller.client.create_session(handle)).await;
    let mut here = Seat::new(caller_handle, Arc::new(room));
    let pick = |event: &Event| match event {
        Event::SessionAnswered(room) => Some(Arc::clone(room)),
        _ => None,
    };
    let mut there = Seat::new(handle, callee.heard.until("a call", pick).await);
    here.meets(handle).await;
    there.meets(caller_handle).await;
    let (ours, theirs) = (here.room.get_session_id().await.unwrap(), there.room.get_session_id().await.unwrap());
    assert_eq!(ours, theirs, "the session's number");
    [here, there]
}

fn text(text: &str) -> PlainText {
    // The client writes colours without leading zeros: of those that come back alike, one.
    let color = "ff0000".to_owned();
    PlainText { bold: true, italic: false, underline: true, strikethrough: false, color, text: text.to_owned() }
}

#[test]
fn two_people_talk() {
    let server = Server::start(&[AMY, BOB], &FRIENDS);
    play(talk(server.door.clone()));
    server.stop();
}

async fn talk(door: Door) {
    let (amy, mut bob) = pair(&door).await;
    let [mut amy_there, mut bob_there] = call(&amy, AMY, &mut bob, BOB).await;

    let hello = text("Hello Bob,\n☃ 100% + <b>");
    done("saying something", amy_there.room.send_text_message(&hello)).await;
    assert_eq!(bob_there.reads(AMY).await, hello);
    done("typing", bob_there.room.send_typing_user(BOB)).await;
    amy_there
        .heard
        .until("Bob typing", |event| match event {
            Event::TypingNotification { email } => (email == BOB).then_some(()),
            _ => None,
        })
        .await;
    let answer = text("Hello Amy");
    done("answering", bob_there.room.send_text_message(&answer)).await;
    assert_eq!(amy_there.reads(BOB).await, answer);
    done("a nudge", bob_there.room.send_nudge()).await;
    amy_there
        .heard
        .until("the nudge", |event| match event {
            Event::Nudge { email } => (email == BOB).then_some(()),
            _ => None,
        })
        .await;

    // Several at once arrive in order. They are 1,300 bytes: were it more than this client reads at once, and the end
    // of what it reads within the head of one, it would never come back.
    for number in 0..SEVERAL {
        done("counting", amy_there.room.send_text_message(&text(&number.to_string()))).await;
    }
    for number in 0..SEVERAL {
        assert_eq!(bob_there.reads(AMY).await.text, number.to_string());
    }

    done("leaving", bob_there.room.disconnect()).await;
    amy_there
        .heard
        .until("Bob leaving", |event| match event {
            Event::ParticipantLeftSwitchboard { email } => (email == BOB).then_some(()),
            _ => None,
        })
        .await;
    let unheard = outcome("talking to nobody", amy_there.room.send_text_message(&hello)).await;
    assert!(matches!(unheard, Err(MessagingError::MessageNotDelivered)), "{unheard:?}");

    // Bob can be called back into the room, and calls himself the next time.
    done("calling again", amy_there.room.invite(BOB)).await;
    amy_there.meets(BOB).await;
    done("leaving", amy_there.room.disconnect()).await;
    let mut amy = amy;
    let [mut bob_there, mut amy_there] = call(&bob, BOB, &mut amy, AMY).await;
    done("saying something", bob_there.room.send_text_message(&hello)).await;
    assert_eq!(amy_there.reads(BOB).await, hello);
    done("answering", amy_there.room.send_text_message(&answer)).await;
    assert_eq!(bob_there.reads(AMY).await, answer);
}

/// Bytes as in a picture: every value occurs, and so do line ends.
fn pixels(count: u32) -> Vec<u8> {
    (0..count).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).chain(*b"\r\n\r\n\0MSG").collect()
}

#[test]
fn a_display_picture_is_fetched() {
    let server = Server::start(&[AMY, BOB], &FRIENDS);
    play(picture(server.door.clone()));
    server.stop();
}

async fn picture(door: Door) {
    // Two blocks of at most 1,202 bytes: however they wait for this client, its reads of 1,664 bytes do not end within
    // the head of one.
    let picture = pixels(2000);
    let mut amy = Person::sign_in(&door, AMY).await;
    let digest = done("a picture", amy.client.set_display_picture(picture.clone())).await;
    amy.becomes(MsnpStatus::Online).await;
    let mut bob = Person::online(&door, BOB).await;
    let (object, description) = bob
        .heard
        .until("Amy and her picture", |event| match event {
            Event::InitialPresenceUpdate { email, presence, .. } if email == AMY => {
                Some((presence.msn_object.clone(), presence.msn_object_string.clone()))
            }
            _ => None,
        })
        .await;
    let object = object.expect("the presence has an object that can be read");
    assert_eq!((object.creator.as_str(), object.size), (AMY, picture.len() as u64));
    assert_eq!((object.object_type, object.sha1d), (3, digest));

    let [mut bob_there, _amy_there] = call(&bob, BOB, &mut amy, AMY).await;
    let description = description.unwrap();
    done("fetching the picture", bob_there.room.request_contact_display_picture(AMY, &description)).await;
    let fetched = bob_there.heard.until("the picture", |event| match event {
        Event::DisplayPicture { email, data } if email == AMY => Some(data.clone()),
        _ => None,
    });
    assert!(fetched.await == picture, "another picture came");

    // The room is good for talk as before.
    done("saying something", bob_there.room.send_text_message(&text("Nice"))).await;
}
