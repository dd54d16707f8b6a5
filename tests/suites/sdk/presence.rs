//! Signing in and out, states, names and personal messages, as the other one sees them.

use msnp11_sdk::{Event, MsnpStatus, PersonalMessage, SdkError};

use crate::person::{AMY, BOB, FRIENDS, Person, pair};
use crate::scene::{done, play};
use crate::server::{Door, Server};

#[test]
fn a_wrong_password_is_refused() {
    let server = Server::start(&[AMY], &[]);
    let door = server.door.clone();
    play(async move {
        // The refusal comes from the login server; the client does not get as far as showing a ticket.
        let refused = Person::try_sign_in(&door, AMY, "passwort").await.map(|_| ());
        assert!(matches!(refused, Err(SdkError::AuthenticationHeaderNotFound)), "{refused:?}");
        Person::sign_in(&door, AMY).await.leaves().await;
    });
    server.stop();
}

#[test]
fn states_are_seen() {
    let server = Server::start(&[AMY, BOB], &FRIENDS);
    play(states(server.door.clone()));
    server.stop();
}

async fn states(door: Door) {
    let (amy, mut bob) = pair(&door).await;
    for status in [
        MsnpStatus::Busy,
        MsnpStatus::Idle,
        MsnpStatus::BeRightBack,
        MsnpStatus::Away,
        MsnpStatus::OnThePhone,
        MsnpStatus::OutToLunch,
        MsnpStatus::Online,
    ] {
        amy.becomes(status.clone()).await;
        bob.heard.sees(AMY, status).await;
    }
    amy.becomes(MsnpStatus::AppearOffline).await;
    bob.heard.misses(AMY).await;
    amy.becomes(MsnpStatus::Away).await;
    bob.heard.sees(AMY, MsnpStatus::Away).await;

    amy.leaves().await;
    bob.heard.misses(AMY).await;
    let mut amy = Person::online(&door, AMY).await;
    bob.heard.sees(AMY, MsnpStatus::Online).await;
    amy.heard.sees(BOB, MsnpStatus::Online).await;
}

#[test]
fn names_and_personal_messages_are_seen() {
    let server = Server::start(&[AMY, BOB], &FRIENDS);
    play(about_amy(server.door.clone()));
    server.stop();
}

async fn about_amy(door: Door) {
    let (amy, mut bob) = pair(&door).await;
    let name = "Amy & Søn, 100%";
    done("a new name", amy.client.set_display_name(name)).await;
    bob.heard
        .until("Amy's new name", |event| match event {
            Event::PresenceUpdate { email, display_name, .. } => (email == AMY && display_name == name).then_some(()),
            _ => None,
        })
        .await;

    let message = |psm: &str, media: &str| PersonalMessage { psm: psm.to_owned(), current_media: media.to_owned() };
    let first = message("<out> for \"lunch\" & más", "");
    done("a personal message", amy.client.set_personal_message(&first)).await;
    expect_message(&mut bob, &first).await;
    let song = message("listening", r"\0Music\01\0{0} - {1}\0A song\0A band\0\0");
    done("a song", amy.client.set_personal_message(&song)).await;
    expect_message(&mut bob, &song).await;

    // Who comes later is told too.
    bob.leaves().await;
    let mut bob = Person::online(&door, BOB).await;
    bob.heard.sees(AMY, MsnpStatus::Online).await;
    expect_message(&mut bob, &song).await;

    let none = message("", "");
    done("no message any more", amy.client.set_personal_message(&none)).await;
    expect_message(&mut bob, &none).await;

    // The name is kept.
    amy.leaves().await;
    let mut amy = Person::sign_in(&door, AMY).await;
    let own = amy.heard.until("her own name", |event| match event {
        Event::DisplayName(own) => Some(own.clone()),
        _ => None,
    });
    assert_eq!(own.await, name);
}

async fn expect_message(person: &mut Person, wanted: &PersonalMessage) {
    let what = format!("{wanted:?}");
    let pick = |event: &Event| match event {
        Event::PersonalMessageUpdate { email, personal_message } if email == AMY => Some(personal_message.clone()),
        _ => None,
    };
    assert_eq!(person.heard.until(&what, pick).await, *wanted);
}
