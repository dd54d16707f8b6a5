//! The copies of rosters say what the rows say.

use std::time::Duration;

use model::{Change, ContactEntry, Group, GroupId, GroupSet, Guid, Lists, Property, Roster, UserId};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use store::Store;

use crate::place::{AL, BL, FL, Place, accounts, edit, email, name, put};

crate::suite!(
    a_roster_is_read_from_its_copy_until_it_changes,
    a_copy_follows_every_change,
    what_strangers_show_follows_too,
    contacts_in_bulk_are_followed,
    a_damaged_copy_is_not_read,
    a_copy_goes_with_its_account,
);

const COPIES: &str = "SELECT COUNT(*) FROM roster_copy c JOIN account a ON a.id = c.owner AND a.lists_at = c.lists_at";

/// Reads rosters until there is a copy of each.
async fn copied(place: &Place, store: &Store, users: &[UserId]) {
    for _ in 0..500 {
        for user in users {
            store.roster(*user).await.unwrap();
        }
        if place.number(COPIES).await == i64::try_from(users.len()).unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no copy was made");
}

async fn roster(store: &Store, user: UserId) -> Roster {
    store.roster(user).await.unwrap().unwrap()
}

async fn a_roster_is_read_from_its_copy_until_it_changes(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    edit(&store, amy, vec![put(bob, 0, FL | AL)]).await.unwrap();
    copied(place, &store, &[amy]).await;
    // Nothing of the store's does that without a new serial.
    place.run("UPDATE contact SET name = 'behind its back'").await;
    assert_eq!(roster(&store, amy).await.contacts[0].name.as_str(), "peer");
    let entrant = store.entrant(&email("amy")).await.unwrap().unwrap();
    assert_eq!(store.roster_of(&entrant).await.unwrap().unwrap(), roster(&store, amy).await);
    edit(&store, amy, vec![Change::Name(name("Amy"))]).await.unwrap();
    let anew = roster(&store, amy).await;
    assert_eq!((anew.contacts[0].name.as_str(), anew.name.as_str()), ("peer", "Amy"), "her lists have not changed");
    let group = Group { id: GroupId::new(1).unwrap(), guid: Guid([1; 16]), name: name("Friends") };
    edit(&store, amy, vec![Change::PutGroup(group)]).await.unwrap();
    assert_eq!(roster(&store, amy).await.contacts[0].name.as_str(), "behind its back");
    assert_eq!(store.roster_of(&entrant).await.unwrap().unwrap().contacts[0].name.as_str(), "peer", "as it was read");
}

async fn a_copy_follows_every_change(place: &Place) {
    let store = place.open().await;
    let people = accounts(&store, ["amy", "bob", "cat", "dan"]).await;
    let mut random = StdRng::seed_from_u64(5);
    for step in 0..150 {
        copied(place, &store, &people).await;
        let owner = people[random.random_range(0..4)];
        edit(&store, owner, vec![any_change(&store, owner, &people, &mut random).await]).await.unwrap();
        let mut read = Vec::new();
        for user in people {
            read.push(roster(&store, user).await);
        }
        place.run("DELETE FROM roster_copy").await;
        for (user, read) in people.iter().zip(read) {
            assert_eq!(roster(&store, *user).await, read, "step {step}");
        }
    }
}

/// One that is allowed.
async fn any_change(store: &Store, owner: UserId, people: &[UserId; 4], random: &mut StdRng) -> Change {
    let mut text = || name(&format!("name {}", random.random_range(0..1000)));
    let (called, group) = (text(), GroupId::new(3).unwrap());
    match random.random_range(0..6) {
        0 => Change::Name(called),
        1 => Change::Property(Property::MobilePhone, called.as_str().to_owned()),
        2 => Change::PutGroup(Group { id: group, guid: Guid([3; 16]), name: called }),
        3 => Change::DropGroup(group),
        _ => {
            let peer = loop {
                let peer = people[random.random_range(0..4)];
                if peer != owner {
                    break peer;
                }
            };
            let was = roster(store, owner).await.by_id(peer).map_or(Lists::NONE, |contact| contact.lists.own());
            let now = [0, FL, FL | AL, FL | BL, AL, BL][random.random_range(0..6)];
            let entry = ContactEntry { lists: Lists(now), groups: GroupSet::NONE, name: called };
            Change::Contact { peer, was, now: (now != 0).then_some(entry) }
        }
    }
}

async fn what_strangers_show_follows_too(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat] = accounts(&store, ["amy", "bob", "cat"]).await;
    edit(&store, amy, vec![put(bob, 0, FL), put(cat, 0, FL)]).await.unwrap();
    edit(&store, cat, vec![put(amy, 0, AL)]).await.unwrap();
    copied(place, &store, &[bob, cat]).await;
    let serial = roster(&store, bob).await.serial;
    edit(&store, amy, vec![Change::Name(name("Amy II"))]).await.unwrap();
    let [bobs, cats] = [roster(&store, bob).await, roster(&store, cat).await];
    assert_eq!((bobs.serial, bobs.contacts[0].name.as_str()), (serial, "Amy II"));
    assert_eq!(cats.contacts[0].name.as_str(), "peer", "what cat calls her");

    let mobile = |text: &str| Change::Property(Property::MobilePhone, text.to_owned());
    let seen = async || roster(&store, bob).await.contacts[0].props.mobile.clone();
    for (change, shown) in
        [(mobile("1"), ""), (put(bob, FL, FL | AL), "1"), (mobile("2"), "2"), (put(bob, FL | AL, FL | BL), "")]
    {
        copied(place, &store, &[bob, cat]).await;
        edit(&store, amy, vec![change]).await.unwrap();
        assert_eq!((seen().await.as_str(), roster(&store, bob).await.serial), (shown, serial));
    }
}

async fn contacts_in_bulk_are_followed(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    edit(&store, amy, vec![Change::Property(Property::MobilePhone, "1".to_owned())]).await.unwrap();
    edit(&store, bob, vec![put(amy, 0, AL)]).await.unwrap();
    copied(place, &store, &[bob]).await;
    let entry = ContactEntry { lists: Lists(AL), groups: GroupSet::NONE, name: name("peer") };
    let contacts = vec![(bob, entry)];
    store.add_contacts(vec![store::BulkContacts { owner: amy, contacts }], false).await.unwrap();
    assert_eq!(roster(&store, bob).await.contacts[0].props.mobile, "1");
}

async fn a_damaged_copy_is_not_read(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    edit(&store, amy, vec![put(bob, 0, FL)]).await.unwrap();
    let right = roster(&store, amy).await;
    for damaged in ["''", "'x'", "substr(body, 1, 9)"] {
        copied(place, &store, &[amy]).await;
        let bytes = match (place.is_sqlite(), damaged) {
            (_, "substr(body, 1, 9)") => damaged.to_owned(),
            (true, text) => format!("CAST({text} AS BLOB)"),
            (false, text) => format!("{text}::bytea"),
        };
        place.run(&format!("UPDATE roster_copy SET body = {bytes}")).await;
        assert_eq!(roster(&store, amy).await, right, "{damaged}");
        place.run("DELETE FROM roster_copy").await;
    }
}

async fn a_copy_goes_with_its_account(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    edit(&store, amy, vec![put(bob, 0, FL)]).await.unwrap();
    copied(place, &store, &[amy, bob]).await;
    assert!(store.delete_account(&email("amy")).await.unwrap());
    assert_eq!(place.number("SELECT COUNT(*) FROM roster_copy").await, 1);
    assert!(roster(&store, bob).await.contacts.is_empty());
}
