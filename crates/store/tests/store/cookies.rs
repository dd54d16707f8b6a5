//! Cookies and the log of touched accounts.

use std::time::Duration;

use model::{Admission, Change, Cookie, Edit, NodeId, RoomId, UserId};
use tokio::task::JoinSet;

use crate::place::{FL, Place, accounts, edit, email, name, put};

crate::suite!(
    a_cookie_works_once,
    a_cookie_expires,
    a_cookie_is_hashed_at_rest,
    touched_accounts_are_told_once,
    the_log_is_swept,
);

const MINUTE: Duration = Duration::from_secs(60);

fn admission(room: Option<u32>) -> Admission {
    Admission {
        user: UserId(7),
        email: email("amy"),
        name: name("Ämy ✿"),
        dialect: 9,
        capabilities: 0x1000_0028,
        node: NodeId(u64::MAX),
        room: room.map(RoomId),
    }
}

async fn a_cookie_works_once(place: &Place) {
    let store = place.open().await;
    for room in [None, Some(17)] {
        let cookie = store.put_cookie(&admission(room), MINUTE).await.unwrap();
        let parts: Vec<_> = cookie.0.split('.').map(|part| part.parse::<u64>().unwrap()).collect();
        assert_eq!((parts.len(), cookie.0.len()), (3, 10 + 1 + 20 + 1 + 20), "{}", cookie.0);
        let mut takers = JoinSet::new();
        for _ in 0..8 {
            let (store, cookie) = (store.clone(), cookie.clone());
            takers.spawn(async move { store.take_cookie(&cookie).await.unwrap() });
        }
        let taken: Vec<_> = takers.join_all().await.into_iter().flatten().collect();
        assert_eq!(taken, [admission(room)]);
        assert_eq!(store.take_cookie(&cookie).await.unwrap(), None);
    }
    for unknown in ["", "1062764300.1.2", "'; --"] {
        assert_eq!(store.take_cookie(&Cookie(unknown.to_owned())).await.unwrap(), None);
    }
    // Another process takes what this one has put.
    let cookie = store.put_cookie(&admission(None), MINUTE).await.unwrap();
    assert_eq!(place.open().await.take_cookie(&cookie).await.unwrap(), Some(admission(None)));
}

async fn a_cookie_expires(place: &Place) {
    let store = place.open().await;
    let late = store.put_cookie(&admission(None), Duration::ZERO).await.unwrap();
    assert_eq!(store.take_cookie(&late).await.unwrap(), None);
    for _ in 0..3 {
        store.put_cookie(&admission(None), Duration::ZERO).await.unwrap();
    }
    let good = store.put_cookie(&admission(None), MINUTE).await.unwrap();
    assert_eq!(store.sweep_cookies().await.unwrap(), 3);
    assert_eq!(store.sweep_cookies().await.unwrap(), 0);
    assert!(store.take_cookie(&good).await.unwrap().is_some());
}

async fn a_cookie_is_hashed_at_rest(place: &Place) {
    let store = place.open().await;
    let cookie = store.put_cookie(&admission(None), MINUTE).await.unwrap();
    assert!(place.shows("amy@example.com").await, "the search itself works");
    for part in cookie.0.split('.').skip(1) {
        assert!(!place.shows(part).await);
    }
    assert_eq!(format!("{cookie:?}"), "Cookie(…)");
}

async fn touched_accounts_are_told_once(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat] = accounts(&store, ["amy", "bob", "cat"]).await;
    let mark = store.touched_mark().await.unwrap();
    assert_eq!(store.touched_since(mark).await.unwrap(), (mark, vec![]));
    edit(&store, amy, vec![put(cat, 0, FL)]).await.unwrap();
    assert_eq!(store.touched_since(mark).await.unwrap(), (mark, vec![]), "the daemons know of their own edits");
    store.touch(bob).await.unwrap();
    store.touch(bob).await.unwrap();
    let (next, users) = store.touched_since(mark).await.unwrap();
    assert_eq!((next > mark, users), (true, vec![bob]));

    let outside = |changes| Edit { owner: amy, changes };
    store.edit_from_outside(outside(vec![put(bob, 0, FL)])).await.unwrap();
    let (last, users) = store.touched_since(next).await.unwrap();
    assert_eq!(users, [amy, bob]);
    store.edit_from_outside(outside(vec![put(bob, 0, FL)])).await.unwrap_err();
    assert_eq!(store.touched_since(last).await.unwrap(), (last, vec![]), "a refused edit touches nobody");
    store.edit_from_outside(outside(vec![Change::Name(name("Amy"))])).await.unwrap();
    assert_eq!(store.touched_since(last).await.unwrap().1, [amy]);
    assert_eq!(store.touched_mark().await.unwrap(), store.touched_since(last).await.unwrap().0);
}

async fn the_log_is_swept(place: &Place) {
    let store = place.open().await;
    for i in 1..=3 {
        store.touch(UserId(i)).await.unwrap();
    }
    let mark = store.touched_mark().await.unwrap();
    assert_eq!(store.sweep_touched().await.unwrap(), 0);
    place.run("UPDATE touched SET at = at - 90000000").await;
    assert_eq!(store.sweep_touched().await.unwrap(), 3);
    store.touch(UserId(4)).await.unwrap();
    let (next, users) = store.touched_since(mark).await.unwrap();
    assert_eq!((next > mark, users), (true, vec![UserId(4)]), "numbers go on rising");
}
