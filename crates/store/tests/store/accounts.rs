//! Accounts and the directory.

use model::{Change, UserId, Verification};
use store::{Directory, DirectoryCard, StoreError};

use crate::place::{AL, FL, Place, RL, accounts, contact, edit, email, name, new_account, put, serial};

crate::suite!(
    an_account_is_found_again,
    a_handle_is_taken_once,
    accounts_come_in_pages,
    a_deleted_account_leaves_all_lists,
    a_number_is_never_used_twice,
    switches_of_an_account,
    the_directory_finds_who_is_listed,
);

async fn an_account_is_found_again(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    let found = store.account(&email("amy")).await.unwrap().unwrap();
    assert_eq!((found.id, &found.email, &found.name), (amy, &email("amy"), &name("amy")));
    assert_eq!((found.verified, found.suspended), (Verification::Verified, false));
    assert_ne!(found.guid, store.account(&email("bob")).await.unwrap().unwrap().guid);
    assert_eq!(store.account(&email("nobody")).await.unwrap(), None);

    let roster = store.roster(bob).await.unwrap().unwrap();
    assert_eq!(roster.serial.0, 1);
    assert_eq!(roster.groups.len(), 1);
    assert_eq!((roster.groups[0].id.number(), roster.groups[0].name.as_str()), (0, "Other Contacts"));
    assert!(roster.contacts.is_empty());
    store.check().await.unwrap();
    store.close().await;
    assert!(matches!(store.check().await, Err(StoreError::Closed)));
    assert!(matches!(store.touch(amy).await, Err(StoreError::Closed)));
    assert_eq!(place.open().await.account(&email("amy")).await.unwrap(), Some(found));
}

async fn a_handle_is_taken_once(place: &Place) {
    let store = place.open().await;
    accounts(&store, ["amy"]).await;
    let again = store.create_account(new_account("amy", true)).await;
    assert!(matches!(again, Err(StoreError::AccountExists(taken)) if taken == email("amy")));
    assert_eq!(place.number("SELECT COUNT(*) FROM account").await, 1);
    assert_eq!(place.number("SELECT COUNT(*) FROM grp").await, 1);
}

async fn accounts_come_in_pages(place: &Place) {
    let store = place.open().await;
    accounts(&store, ["cat", "amy", "b-z", "bob", "b_a"]).await;
    let first = store.accounts(None, 2).await.unwrap();
    let rest = store.accounts(Some(&first[1].email), 10).await.unwrap();
    let all: Vec<_> = first.iter().chain(&rest).map(|account| account.email.clone()).collect();
    assert_eq!(all, ["amy", "b-z", "b_a", "bob", "cat"].map(email));
    assert!(store.accounts(Some(&email("cat")), 10).await.unwrap().is_empty());
}

async fn a_deleted_account_leaves_all_lists(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat, dan] = accounts(&store, ["amy", "bob", "cat", "dan"]).await;
    edit(&store, amy, vec![put(cat, 0, FL | AL), put(bob, 0, AL)]).await.unwrap();
    edit(&store, cat, vec![put(bob, 0, FL), put(dan, 0, AL)]).await.unwrap();
    edit(&store, bob, vec![put(amy, 0, FL)]).await.unwrap();
    let before = [serial(&store, amy).await, serial(&store, bob).await, serial(&store, dan).await];
    let mark = store.touched_mark().await.unwrap();

    assert!(store.delete_account(&email("cat")).await.unwrap());
    assert!(!store.delete_account(&email("cat")).await.unwrap());
    assert_eq!(store.roster(cat).await.unwrap(), None);
    assert_eq!(contact(&store, amy, cat).await, None, "it was on a list of amy's");
    assert_eq!(contact(&store, bob, cat).await, None, "it was on bob's RL");
    assert_eq!(contact(&store, amy, bob).await.unwrap().lists.0, AL | RL, "others stay");
    let after = [serial(&store, amy).await, serial(&store, bob).await, serial(&store, dan).await];
    assert_eq!(after, [before[0] + 1, before[1] + 1, before[2]], "dan could not see cat");
    assert_eq!(store.touched_since(mark).await.unwrap().1, [amy, bob, cat]);
    let rows = "SELECT (SELECT COUNT(*) FROM contact) + (SELECT COUNT(*) FROM grp)";
    assert_eq!(place.number(rows).await, 2 + 3);
    let people = store.people(&[amy, cat, UserId(99)]).await.unwrap();
    let named: Vec<_> = people.iter().map(|person| (person.user, person.email.clone())).collect();
    assert_eq!(named, [(amy, email("amy")), (cat, email("cat"))], "who was deleted can still be named");
    assert_eq!(people[0].guid, store.account(&email("amy")).await.unwrap().unwrap().guid);
    assert_eq!(store.sweep_touched().await.unwrap(), 0);
    assert_eq!(place.number("SELECT COUNT(*) FROM deleted").await, 1, "for a day");
}

async fn a_number_is_never_used_twice(place: &Place) {
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    assert!(store.delete_account(&email("amy")).await.unwrap());
    let [again] = accounts(&store, ["amy"]).await;
    assert!(again > amy);
    let owner = edit(&store, amy, vec![Change::Name(name("x"))]).await;
    assert!(matches!(owner, Err(StoreError::NoAccount)));
    let owner = edit(&store, amy, vec![put(again, 0, FL)]).await;
    assert!(matches!(owner, Err(StoreError::NoAccount)));
    let peer = edit(&store, again, vec![put(amy, 0, FL)]).await;
    assert!(matches!(peer, Err(StoreError::NoAccount)));
    assert_eq!(serial(&store, again).await, 0);
}

async fn switches_of_an_account(place: &Place) {
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    assert!(store.set_suspended(&email("amy"), true).await.unwrap());
    assert!(store.set_verification(&email("amy"), Verification::Unverified).await.unwrap());
    let found = store.account(&email("amy")).await.unwrap().unwrap();
    assert_eq!((found.verified, found.suspended), (Verification::Unverified, true));
    assert_eq!(place.number("SELECT token_epoch FROM account").await, 1);
    assert!(store.set_suspended(&email("amy"), false).await.unwrap());
    assert!(!store.account(&email("amy")).await.unwrap().unwrap().suspended);
    assert_eq!(place.number("SELECT token_epoch FROM account").await, 1);
    assert_eq!(store.touched_since(0).await.unwrap(), (3, vec![amy]));
    assert!(!store.set_suspended(&email("nobody"), true).await.unwrap());
}

async fn the_directory_finds_who_is_listed(place: &Place) {
    let store = place.open().await;
    let [amy, bob, _cat] = accounts(&store, ["amy", "bob", "cat"]).await;
    let card = |first: &str, last: &str, city: &str| DirectoryCard {
        first: first.to_owned(),
        last: last.to_owned(),
        city: city.to_owned(),
        ..DirectoryCard::default()
    };
    assert!(store.set_directory_entry(&email("amy"), Some(&card("Zoë", "ÅNGSTRÖM", "Uppsala"))).await.unwrap());
    assert!(store.set_directory_entry(&email("bob"), Some(&card("Bob", "ångström", "Lund\u{1f}"))).await.unwrap());
    assert!(!store.set_directory_entry(&email("nobody"), Some(&card("", "", ""))).await.unwrap());

    let find = async |first: &str, last: &str, city: &str| {
        let wanted = Directory { first: first.into(), last: last.into(), city: city.into(), ..Directory::default() };
        store.directory(&wanted, 10).await.unwrap().into_iter().map(|entry| entry.user).collect::<Vec<_>>()
    };
    assert_eq!(find("*", "Ångström", "").await, [amy, bob]);
    assert_eq!(find("ZOË", "Ångström", "*").await, [amy]);
    assert_eq!(find("zoë", "", "").await, [amy]);
    assert_eq!(find("", "", "lund").await, [bob]);
    assert_eq!(find("", "", "").await, [amy, bob], "cat is not listed");
    assert!(find("", "Ångströ_", "").await.is_empty(), "no wildcards but *");
    assert_eq!(store.directory(&Directory::default(), 1).await.unwrap()[0].first, "Zoë");

    assert!(store.set_directory_entry(&email("bob"), None).await.unwrap());
    store.set_suspended(&email("amy"), true).await.unwrap();
    assert!(find("", "", "").await.is_empty());
}
