//! Passwords and sealed secrets.

use store::{MasterKey, Store, StoreError};

use crate::place::{Place, accounts, email, new_account, password};

crate::suite!(
    a_password_is_verified,
    a_password_is_changed,
    a_sealed_secret_opens_in_its_own_row_only,
    another_key_is_refused_while_secrets_are_sealed,
    no_password_is_on_disk,
);

async fn a_password_is_verified(place: &Place) {
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    let verify = async |name: &str, text: &str| store.verify_password(&email(name), &password(text)).await.unwrap();
    assert_eq!(verify("amy", "amy's password").await.unwrap().id, amy);
    assert_eq!(verify("amy", "amy's passwort").await, None);
    assert_eq!(verify("amy", "").await, None);
    assert_eq!(verify("nobody", "amy's password").await, None);
    assert!(store.legacy_login(&email("amy")).await.unwrap().is_none());
    assert!(store.legacy_login(&email("nobody")).await.unwrap().is_none());
}

async fn a_password_is_changed(place: &Place) {
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    let legacy = async || store.legacy_login(&email("amy")).await.unwrap();
    assert!(store.set_password(&email("amy"), &password("new"), true).await.unwrap());
    assert!(store.verify_password(&email("amy"), &password("amy's password")).await.unwrap().is_none());
    assert!(store.verify_password(&email("amy"), &password("new")).await.unwrap().is_some());
    assert_eq!(legacy().await.unwrap().password.expose(), "new");
    assert!(store.set_password(&email("amy"), &password("newer"), false).await.unwrap());
    assert!(legacy().await.is_none(), "the old secret is gone");
    assert_eq!(place.number("SELECT token_epoch FROM account").await, 2);
    assert_eq!(store.touched_since(0).await.unwrap(), (2, vec![amy]));
    assert!(!store.set_password(&email("nobody"), &password("new"), true).await.unwrap());
}

async fn a_sealed_secret_opens_in_its_own_row_only(place: &Place) {
    let store = place.open().await;
    for name in ["amy", "bob"] {
        store.create_account(new_account(name, true)).await.unwrap();
        let login = store.legacy_login(&email(name)).await.unwrap().unwrap();
        assert_eq!(login.password.expose(), format!("{name}'s password"));
        assert_eq!(login.entrant.account.email, email(name));
    }
    place.run("UPDATE account SET sealed = (SELECT sealed FROM account WHERE email = 'amy@example.com') WHERE email = 'bob@example.com'").await;
    let moved = store.legacy_login(&email("bob")).await;
    assert!(matches!(moved, Err(StoreError::Sealed(whose)) if whose == email("bob")));
    assert!(store.legacy_login(&email("amy")).await.unwrap().is_some());
}

async fn another_key_is_refused_while_secrets_are_sealed(place: &Place) {
    let other = || MasterKey::random().unwrap();
    let store = Store::open(&place.url(), other()).await.unwrap();
    accounts(&store, ["amy"]).await;
    store.close().await;
    let store = place.open().await;
    store.create_account(new_account("bob", true)).await.unwrap();
    store.close().await;
    let refused = Store::open(&place.url(), other()).await;
    assert!(matches!(refused, Err(StoreError::WrongKey)), "{refused:?}");
    assert!(place.open().await.legacy_login(&email("bob")).await.unwrap().is_some());
}

async fn no_password_is_on_disk(place: &Place) {
    let store = place.open().await;
    store.create_account(new_account("canary-of-amy", true)).await.unwrap();
    assert!(store.set_password(&email("canary-of-amy"), &password("hunter2 and a half"), true).await.unwrap());
    assert!(place.shows("canary-of-amy@example.com").await, "the search itself works");
    for secret in ["canary-of-amy's password", "hunter2 and a half"] {
        assert!(!place.shows(secret).await, "{secret}");
    }
    store.close().await;
    assert!(!place.shows("hunter2 and a half").await);
}
