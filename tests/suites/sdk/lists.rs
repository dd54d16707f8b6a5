//! Contact lists: the roster at sign-in, and edits as both sides see them.

use msnp11_sdk::{ContactError, Event, MsnpList, MsnpStatus};

use crate::person::{AMY, BOB, Person};
use crate::scene::{done, outcome, play};
use crate::server::{Door, Server};

/// Someone on the forward list, as the sign-in told it.
#[derive(Debug)]
struct Entry {
    guid: String,
    lists: Vec<MsnpList>,
    groups: Vec<String>,
}

fn entry(event: &Event, whom: &str) -> Option<Entry> {
    match event {
        Event::ContactInForwardList { email, guid, lists, groups, .. } if email == whom => {
            Some(Entry { guid: guid.clone(), lists: lists.clone(), groups: groups.clone() })
        }
        _ => None,
    }
}

/// As clients want it: 8-4-4-4-12 lower-case hexadecimal digits.
fn assert_guid(text: &str) {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{text}");
    assert!(text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')), "{text}");
}

#[test]
fn the_roster_comes_at_sign_in() {
    let server = Server::start(
        &[AMY, BOB],
        &[
            "group add amy@example.com 1 Work",
            "contact add amy@example.com bob@example.com --list FL --group 1",
            "contact add amy@example.com bob@example.com --list AL",
        ],
    );
    play(roster(server.door.clone()));
    server.stop();
}

async fn roster(door: Door) {
    let told = Person::sign_in(&door, AMY).await.leaves().await;
    let find = |event: fn(&Event) -> bool| told.iter().position(event).unwrap_or_else(|| panic!("not in {told:?}"));
    find(|event| matches!(event, Event::Gtc(value) if value == "A"));
    find(|event| matches!(event, Event::Blp(value) if value == "AL"));
    find(|event| matches!(event, Event::DisplayName(name) if name == "amy"));
    let group = told.iter().find_map(|event| match event {
        Event::Group { name, guid } if name == "Work" => Some(guid),
        _ => None,
    });
    let group = group.unwrap_or_else(|| panic!("no group in {told:?}"));
    assert_guid(group);
    let bob = told.iter().find_map(|event| entry(event, BOB)).unwrap_or_else(|| panic!("no Bob in {told:?}"));
    assert_guid(&bob.guid);
    assert_eq!(bob.lists, [MsnpList::ForwardList, MsnpList::AllowList]);
    assert_eq!(bob.groups, std::slice::from_ref(group));
}

#[test]
fn contacts_come_and_go() {
    let server = Server::start(&[AMY, BOB], &[]);
    play(strangers(server.door.clone()));
    server.stop();
}

async fn strangers(door: Door) {
    let mut amy = Person::online(&door, AMY).await;
    let mut bob = Person::online(&door, BOB).await;

    let guid = adds(&mut amy, BOB, &mut bob, AMY).await;
    adds(&mut bob, AMY, &mut amy, BOB).await;
    done("a name for Bob", amy.client.set_contact_display_name(&guid, "Bob, the & builder")).await;
    bob.becomes(MsnpStatus::Busy).await;
    amy.heard.sees(BOB, MsnpStatus::Busy).await;

    let nobody = amy.client.add_contact("nobody@example.com", "Nobody", MsnpList::ForwardList);
    let refused = outcome("adding nobody", nobody).await;
    assert!(matches!(refused, Err(ContactError::InvalidContact)), "{refused:?}");

    // The two lists exclude each other, so the client's own `block_contact`, which adds before it removes, is refused.
    done("off the allow list", bob.client.remove_contact(AMY, MsnpList::AllowList)).await;
    done("onto the block list", bob.client.add_contact(AMY, AMY, MsnpList::BlockList)).await;
    amy.heard.misses(BOB).await;
    done("off the block list", bob.client.remove_contact(AMY, MsnpList::BlockList)).await;
    amy.heard.sees(BOB, MsnpStatus::Busy).await;
    done("onto the allow list", bob.client.add_contact(AMY, AMY, MsnpList::AllowList)).await;

    // What was edited is there at the next sign-in.
    amy.leaves().await;
    bob.heard.misses(AMY).await;
    let mut amy = Person::sign_in(&door, AMY).await;
    let known = amy.heard.until("Bob on the roster", |event| entry(event, BOB)).await;
    assert_eq!(known.guid, guid, "a contact keeps its id");
    assert!(known.lists.contains(&MsnpList::AllowList) && known.lists.contains(&MsnpList::ReverseList), "{known:?}");
    assert!(known.groups.is_empty(), "{known:?}");

    done("removing Bob", amy.client.remove_contact_from_forward_list(&guid)).await;
    bob.heard
        .until("being removed", |event| match event {
            Event::RemovedBy(email) => (email == AMY).then_some(()),
            _ => None,
        })
        .await;
    done("Bob off the allow list", amy.client.remove_contact(BOB, MsnpList::AllowList)).await;
    amy.leaves().await;
    let told = Person::sign_in(&door, AMY).await.leaves().await;
    assert!(told.iter().any(|event| matches!(event, Event::Gtc(_))), "the lists came: {told:?}");
    assert!(!told.iter().any(|event| entry(event, BOB).is_some()), "Bob came back: {told:?}");
}

/// Puts someone who is online onto the forward list and the allow list; the contact's id.
async fn adds(owner: &mut Person, whom: &str, other: &mut Person, owner_handle: &str) -> String {
    let added = owner.client.add_contact(whom, "A friend", MsnpList::ForwardList);
    let added = done("adding someone", added).await;
    let entry = entry(&added, whom).unwrap_or_else(|| panic!("adding someone came to {added:?}"));
    assert_guid(&entry.guid);
    other
        .heard
        .until("being added", |event| match event {
            Event::AddedBy { email, display_name } if email == owner_handle => Some(display_name.clone()),
            _ => None,
        })
        .await;
    owner.heard.sees(whom, MsnpStatus::Online).await;
    done("allowing someone", owner.client.add_contact(whom, whom, MsnpList::AllowList)).await;
    entry.guid
}
