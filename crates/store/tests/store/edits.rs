//! Edits and the serials that they raise.

use model::{Change, Property, Serial};
use store::StoreError;

use crate::place::{AL, BL, FL, Place, accounts, contact, edit, name, put, serial};

crate::suite!(
    the_peers_serial_rises_with_their_reverse_list,
    a_conflict_changes_nothing,
    nobody_is_allowed_and_blocked_at_once,
    a_shown_property_raises_those_who_see_it,
    a_serial_wraps,
    an_account_may_list_itself,
    time_stamps_always_advance,
);

async fn the_peers_serial_rises_with_their_reverse_list(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat] = accounts(&store, ["amy", "bob", "cat"]).await;
    let lists_at = store.roster(bob).await.unwrap().unwrap().stamps.unwrap().lists;
    let edited = edit(&store, amy, vec![put(cat, 0, AL), put(bob, 0, FL | AL)]).await.unwrap();
    assert_eq!((edited.serial, edited.peers), (Serial(2), vec![(bob, Serial(2))]));
    assert_eq!([serial(&store, amy).await, serial(&store, bob).await, serial(&store, cat).await], [1, 1, 0]);
    assert!(store.roster(bob).await.unwrap().unwrap().stamps.unwrap().lists > lists_at);
    let edited = edit(&store, amy, vec![put(bob, FL | AL, FL | BL)]).await.unwrap();
    assert_eq!((edited.serial, edited.peers), (Serial(3), vec![]));
    let edited = edit(&store, amy, vec![put(cat, AL, FL | AL), put(bob, FL | BL, BL)]).await.unwrap();
    assert_eq!((edited.serial, edited.peers), (Serial(4), vec![(bob, Serial(3)), (cat, Serial(2))]));
    let edited = edit(&store, amy, vec![put(cat, FL | AL, 0)]).await.unwrap();
    assert_eq!(edited.peers, [(cat, Serial(3))]);
    assert_eq!(contact(&store, amy, cat).await, None);
}

async fn a_conflict_changes_nothing(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat] = accounts(&store, ["amy", "bob", "cat"]).await;
    edit(&store, amy, vec![put(bob, 0, FL)]).await.unwrap();
    let before = store.roster(amy).await.unwrap();
    for was in [0, AL, FL | AL, BL] {
        let changes = vec![Change::Name(name("Amy II")), put(cat, 0, FL), put(bob, was, AL)];
        let refused = edit(&store, amy, changes).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{was} {refused:?}");
    }
    let refused = edit(&store, amy, vec![put(cat, FL, 0)]).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "no row is no list");
    assert_eq!(store.roster(amy).await.unwrap(), before);
    assert_eq!([serial(&store, bob).await, serial(&store, cat).await], [1, 0]);
    // The derived bit is not the owner's to decide, and not compared.
    edit(&store, amy, vec![put(bob, FL | 8, FL | AL | 8)]).await.unwrap();
    assert_eq!(contact(&store, amy, bob).await.unwrap().lists.0, FL | AL);
    edit(&store, amy, vec![put(bob, FL | AL, 8)]).await.unwrap();
    assert_eq!(contact(&store, amy, bob).await, None);
}

async fn nobody_is_allowed_and_blocked_at_once(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    let refused = edit(&store, amy, vec![put(bob, 0, FL | AL | BL)]).await;
    assert!(matches!(refused, Err(StoreError::Query { .. })), "{refused:?}");
    edit(&store, amy, vec![put(bob, 0, FL | AL)]).await.unwrap();
    let refused = edit(&store, amy, vec![put(bob, FL | AL, AL | BL)]).await;
    assert!(matches!(refused, Err(StoreError::Query { .. })), "{refused:?}");
    assert_eq!(contact(&store, amy, bob).await.unwrap().lists.0, FL | AL);
    assert_eq!(serial(&store, amy).await, 1);
}

async fn a_shown_property_raises_those_who_see_it(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat, dan] = accounts(&store, ["amy", "bob", "cat", "dan"]).await;
    edit(&store, amy, vec![put(bob, 0, AL), put(cat, 0, FL | AL), put(dan, 0, FL)]).await.unwrap();
    for viewer in [bob, dan] {
        edit(&store, viewer, vec![put(amy, 0, FL)]).await.unwrap();
    }
    let before = [serial(&store, bob).await, serial(&store, cat).await, serial(&store, dan).await];
    let phone = |number: &str| Change::Property(Property::HomePhone, number.to_owned());
    let edited = edit(&store, amy, vec![phone("1"), phone("2")]).await.unwrap();
    assert_eq!(edited.peers, [(bob, Serial(before[0] + 2))], "cat has amy not on FL, dan is not on amy's AL");
    let after = [serial(&store, bob).await, serial(&store, cat).await, serial(&store, dan).await];
    assert_eq!(after, [before[0] + 1, before[1], before[2]]);
    let edited = edit(&store, amy, vec![Change::Property(Property::MobileEnabled, "Y".into())]).await.unwrap();
    assert!(edited.peers.is_empty(), "contacts do not see this one");
    // Both at once raise a peer once.
    let edited = edit(&store, amy, vec![phone("3"), put(bob, AL, FL | AL)]).await.unwrap();
    assert_eq!(edited.peers, [(bob, Serial(before[0] + 3))]);
}

async fn a_serial_wraps(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    place.run("UPDATE account SET serial = 4294967295").await;
    let edited = edit(&store, amy, vec![put(bob, 0, FL)]).await.unwrap();
    assert_eq!((edited.serial, edited.peers), (Serial(0), vec![(bob, Serial(0))]));
}

async fn an_account_may_list_itself(place: &Place) {
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    let edited = edit(&store, amy, vec![put(amy, 0, FL | AL)]).await.unwrap();
    assert_eq!((edited.serial, edited.peers), (Serial(2), vec![]));
    assert_eq!(contact(&store, amy, amy).await.unwrap().lists.0, FL | AL | 8);
    edit(&store, amy, vec![Change::Property(Property::HomePhone, "1".into())]).await.unwrap();
    assert_eq!(serial(&store, amy).await, 2);
}

async fn time_stamps_always_advance(place: &Place) {
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    place.run("UPDATE account SET lists_at = 9000000000000, settings_at = 9000000000000").await;
    edit(&store, amy, vec![put(amy, 0, FL)]).await.unwrap();
    edit(&store, amy, vec![Change::Name(name("Amy")), put(amy, FL, 0)]).await.unwrap();
    let roster = store.roster(amy).await.unwrap().unwrap();
    let stamps = roster.stamps.unwrap();
    assert_eq!((stamps.lists, stamps.settings), (9_000_000_000_002, 9_000_000_000_001));
}
