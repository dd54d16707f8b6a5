//! Many at once must leave what one after the other does.

use model::{ContactEntry, GroupSet, Lists, Property, UserId, Verification};
use store::{BulkAccount, BulkContacts, Store, StoreError};

use crate::place::{AL, BL, FL, Place, accounts, edit, email, name, password, put, serial};

crate::suite!(
    accounts_are_whole,
    accounts_are_made_together_or_not_at_all,
    lists_and_serials_are_those_of_edits,
    whoever_is_shown_properties_sees_a_new_serial,
    contacts_are_added_together_or_not_at_all,
    the_daemons_are_told_where_they_are_to_be,
    more_rows_than_a_statement_takes,
);

async fn bulk(store: &Store, names: &[String], md5: bool) -> Result<Vec<UserId>, StoreError> {
    let hash = store.hash_password(&password("shared")).await?;
    let account = |called: &String| BulkAccount {
        email: email(called),
        name: name(called),
        hash: hash.clone(),
        md5: md5.then(|| password("shared")),
        verification: Verification::Verified,
    };
    store.create_accounts(names.iter().map(account).collect()).await
}

fn lists(owner: UserId, contacts: &[(UserId, u8)]) -> BulkContacts {
    let entry = |lists: u8| ContactEntry { lists: Lists(lists), groups: GroupSet::NONE, name: name("peer") };
    BulkContacts { owner, contacts: contacts.iter().map(|(peer, lists)| (*peer, entry(*lists))).collect() }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

async fn accounts_are_whole(place: &Place) {
    let store = place.open().await;
    let [one] = accounts(&store, ["one"]).await;
    let made = bulk(&store, &names(&["zoe", "amy", "bob"]), true).await.unwrap();
    for (id, called) in made.iter().zip(["zoe", "amy", "bob"]) {
        let account = store.account(&email(called)).await.unwrap().unwrap();
        assert_eq!((account.id, account.name), (*id, name(called)), "in the order in which they came");
        assert_eq!(account.verified, Verification::Verified);
        assert_eq!(store.verify_password(&email(called), &password("shared")).await.unwrap().unwrap().id, *id);
        assert!(store.verify_password(&email(called), &password("other")).await.unwrap().is_none());
        let legacy = store.legacy_login(&email(called)).await.unwrap().unwrap();
        assert_eq!((legacy.entrant.account.id, legacy.password.expose()), (*id, "shared"));
        let (new, old) = (store.roster(*id).await.unwrap().unwrap(), store.roster(one).await.unwrap().unwrap());
        assert_eq!(
            (new.serial, new.prompt, new.privacy, &new.contacts),
            (old.serial, old.prompt, old.privacy, &old.contacts)
        );
        assert_eq!((new.groups.len(), &new.groups[0].name), (1, &old.groups[0].name));
    }
    let quiet = bulk(&store, &names(&["quiet"]), false).await.unwrap();
    assert!(store.legacy_login(&email("quiet")).await.unwrap().is_none(), "{quiet:?}");
    assert!(bulk(&store, &[], true).await.unwrap().is_empty());
    assert!(!place.shows("shared").await, "no password is kept readable");
}

async fn accounts_are_made_together_or_not_at_all(place: &Place) {
    let store = place.open().await;
    accounts(&store, ["amy"]).await;
    for taken in [["bob", "amy"], ["bob", "bob"]] {
        let refused = bulk(&store, &names(&taken), false).await;
        assert!(matches!(refused, Err(StoreError::AccountExists(ref who)) if *who == email(taken[1])), "{refused:?}");
        assert!(store.account(&email("bob")).await.unwrap().is_none());
    }
}

async fn lists_and_serials_are_those_of_edits(place: &Place) {
    let store = place.open().await;
    let [a, b, c] = accounts(&store, ["a", "b", "c"]).await;
    let [x, y, z] = accounts(&store, ["x", "y", "z"]).await;
    store
        .add_contacts(
            vec![lists(a, &[(c, FL | AL), (b, FL), (a, FL)]), lists(b, &[(a, AL), (c, BL)]), lists(c, &[(a, 8)])],
            false,
        )
        .await
        .unwrap();
    edit(&store, x, vec![put(z, 0, FL | AL), put(y, 0, FL), put(x, 0, FL)]).await.unwrap();
    edit(&store, y, vec![put(x, 0, AL), put(z, 0, BL)]).await.unwrap();
    edit(&store, z, vec![put(x, 0, 8)]).await.unwrap();
    for (bulk, edited) in [(a, x), (b, y), (c, z)] {
        let [bulk, edited] = [store.roster(bulk).await.unwrap().unwrap(), store.roster(edited).await.unwrap().unwrap()];
        assert_eq!(bulk.serial, edited.serial, "{}", bulk.email);
        let plain = |roster: &model::Roster, offset: i64| -> Vec<_> {
            let contacts = roster.contacts.iter();
            contacts.map(|contact| (contact.user.0 - offset, contact.lists, contact.groups)).collect()
        };
        assert_eq!(plain(&bulk, a.0), plain(&edited, x.0), "the order of {} too", bulk.email);
    }
}

async fn whoever_is_shown_properties_sees_a_new_serial(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat] = accounts(&store, ["amy", "bob", "cat"]).await;
    let phone = model::Change::Property(Property::HomePhone, "1".to_owned());
    edit(&store, amy, vec![phone]).await.unwrap();
    edit(&store, bob, vec![put(amy, 0, FL)]).await.unwrap();
    let before = [serial(&store, bob).await, serial(&store, cat).await];
    store.add_contacts(vec![lists(amy, &[(bob, AL), (cat, AL)])], false).await.unwrap();
    assert_eq!([serial(&store, bob).await, serial(&store, cat).await], [before[0] + 1, before[1]]);
}

async fn contacts_are_added_together_or_not_at_all(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat] = accounts(&store, ["amy", "bob", "cat"]).await;
    store.add_contacts(vec![lists(amy, &[(bob, FL)])], false).await.unwrap();
    let refused = store.add_contacts(vec![lists(bob, &[(cat, FL)]), lists(amy, &[(bob, AL)])], false).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let nobody = UserId(cat.0 + 1000);
    for wrong in [lists(bob, &[(cat, FL), (nobody, FL)]), lists(nobody, &[(cat, FL)]), lists(nobody, &[])] {
        let refused = store.add_contacts(vec![wrong], false).await;
        assert!(matches!(refused, Err(StoreError::NoAccount)), "{refused:?}");
    }
    let both = store.add_contacts(vec![lists(bob, &[(cat, AL | BL)])], false).await;
    assert!(matches!(both, Err(StoreError::Query { .. })), "{both:?}");
    assert!(store.roster(bob).await.unwrap().unwrap().contacts.iter().all(|contact| contact.user == amy));
    assert_eq!([serial(&store, bob).await, serial(&store, cat).await], [1, 0]);
}

async fn the_daemons_are_told_where_they_are_to_be(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat] = accounts(&store, ["amy", "bob", "cat"]).await;
    let mark = store.touched_mark().await.unwrap();
    store.add_contacts(vec![lists(amy, &[(bob, FL), (cat, AL)])], false).await.unwrap();
    assert_eq!(store.touched_since(mark).await.unwrap().1, []);
    store.add_contacts(vec![lists(bob, &[(amy, FL), (cat, AL)])], true).await.unwrap();
    assert_eq!(store.touched_since(mark).await.unwrap().1, [amy, bob]);
}

async fn more_rows_than_a_statement_takes(place: &Place) {
    let store = place.open().await;
    let made = bulk(&store, &(0..1003).map(|n| format!("user{n}")).collect::<Vec<_>>(), true).await.unwrap();
    assert_eq!(made.len(), 1003);
    let all = |owner: usize| {
        let others = made.iter().filter(|peer| **peer != made[owner]);
        lists(made[owner], &others.map(|peer| (*peer, FL | AL)).collect::<Vec<_>>())
    };
    store.add_contacts(vec![all(0), all(1002)], false).await.unwrap();
    let roster = store.roster(made[0]).await.unwrap().unwrap();
    assert_eq!((roster.contacts.len(), roster.serial.0), (1002, 3));
    assert_eq!(serial(&store, made[500]).await, 2);
    assert_eq!(store.legacy_login(&email("user1002")).await.unwrap().unwrap().entrant.account.id, made[1002]);
}
