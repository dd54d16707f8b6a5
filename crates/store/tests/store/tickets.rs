//! Tickets against a database.

use std::time::Duration;

use model::UserId;

use crate::place::{Place, accounts, email, password};

crate::suite!(
    a_ticket_is_redeemed_by_every_daemon,
    a_ticket_expires,
    a_change_of_the_password_voids_tickets,
    a_suspension_voids_tickets,
    a_ticket_of_nobody,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn a_ticket_is_redeemed_by_every_daemon(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    let ticket = store.issue_ticket(amy, DAY).await.unwrap().unwrap();
    let others = store.issue_ticket(bob, DAY).await.unwrap().unwrap();
    for _ in 0..2 {
        assert_eq!(store.redeem_ticket(ticket.expose()).await.unwrap().unwrap().account.id, amy);
    }
    assert_eq!(store.redeem_ticket(others.expose()).await.unwrap().unwrap().account.email, email("bob"));
    assert!(!place.shows(ticket.expose()).await, "nothing is written");
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.redeem_ticket(ticket.expose()).await.unwrap().unwrap().account.id, amy);
    for bad in ["", "t=", "'; --", &ticket.expose()[1..]] {
        assert_eq!(store.redeem_ticket(bad).await.unwrap().map(|entrant| entrant.account), None, "{bad}");
    }
}

async fn a_ticket_expires(place: &Place) {
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    let late = store.issue_ticket(amy, Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(store.redeem_ticket(late.expose()).await.unwrap().map(|entrant| entrant.account), None);
    let ever = store.issue_ticket(amy, Duration::MAX).await.unwrap().unwrap();
    assert!(store.redeem_ticket(ever.expose()).await.unwrap().is_some());
}

async fn a_change_of_the_password_voids_tickets(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    let old = store.issue_ticket(amy, DAY).await.unwrap().unwrap();
    let others = store.issue_ticket(bob, DAY).await.unwrap().unwrap();
    assert!(store.set_password(&email("amy"), &password("new"), false).await.unwrap());
    assert_eq!(store.redeem_ticket(old.expose()).await.unwrap().map(|entrant| entrant.account), None);
    assert!(store.redeem_ticket(others.expose()).await.unwrap().is_some());
    let new = store.issue_ticket(amy, DAY).await.unwrap().unwrap();
    assert!(store.redeem_ticket(new.expose()).await.unwrap().is_some());
}

async fn a_suspension_voids_tickets(place: &Place) {
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    let old = store.issue_ticket(amy, DAY).await.unwrap().unwrap();
    store.set_suspended(&email("amy"), true).await.unwrap();
    let meanwhile = store.issue_ticket(amy, DAY).await.unwrap().unwrap();
    assert!(store.redeem_ticket(meanwhile.expose()).await.unwrap().unwrap().account.suspended, "for the caller to see");
    store.set_suspended(&email("amy"), false).await.unwrap();
    assert_eq!(
        store.redeem_ticket(old.expose()).await.unwrap().map(|entrant| entrant.account),
        None,
        "also when it is over"
    );
}

async fn a_ticket_of_nobody(place: &Place) {
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    assert!(store.issue_ticket(UserId(amy.0 + 1), DAY).await.unwrap().is_none());
    let ticket = store.issue_ticket(amy, DAY).await.unwrap().unwrap();
    store.delete_account(&email("amy")).await.unwrap();
    accounts(&store, ["amy"]).await;
    assert_eq!(
        store.redeem_ticket(ticket.expose()).await.unwrap().map(|entrant| entrant.account),
        None,
        "the account is another now"
    );
}
