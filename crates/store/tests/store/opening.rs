//! Opening a store, and what is told when that fails.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use model::{Edit, Email};
use store::{MasterKey, NewAccount, Store, StoreError, StoreUrl};

use crate::place::{FL, Place, accounts, contact, edit, put};

crate::suite!(a_newer_schema_is_refused);

async fn a_newer_schema_is_refused(place: &Place) {
    place.open().await.close().await;
    place
        .run(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             SELECT 9999, 'of the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
        )
        .await;
    let refused = Store::open(&place.url(), place.key()).await;
    assert!(matches!(refused, Err(StoreError::Newer { version: 9999, .. })), "{refused:?}");
    assert!(refused.unwrap_err().to_string().contains("newer version"));
}

#[test]
fn both_databases_have_the_same_migrations() {
    let [sqlite, postgres] = ["sqlite", "postgres"].map(|database| {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
        let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
        names.collect::<BTreeSet<_>>()
    });
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, postgres);
}

#[tokio::test]
async fn a_store_in_memory_works() {
    let url: StoreUrl = "sqlite::memory:".parse().unwrap();
    let store = Store::open(&url, MasterKey::random().unwrap()).await.unwrap();
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    edit(&store, amy, vec![put(bob, 0, FL)]).await.unwrap();
    assert_eq!(contact(&store.clone(), amy, bob).await.unwrap().lists.0, FL);
    let other = Store::open(&url, MasterKey::random().unwrap()).await.unwrap();
    assert_eq!(other.roster(amy).await.unwrap(), None, "each is its own");
    store.close().await;
}

/// Callers await the store in spawned tasks. That each of these compiles is the test.
#[test]
fn every_call_may_cross_threads() {
    fn sent<T: Send>(_: T) {}
    fn calls(url: &StoreUrl, key: MasterKey, store: &Store, (email, new): (&Email, NewAccount), edit: &Edit) {
        sent(Store::open(url, key));
        sent(store.close());
        sent(store.check());
        sent(store.create_account(new));
        sent(store.delete_account(email));
        sent(store.set_directory_entry(email, None));
        sent(store.roster(edit.owner));
        sent(store.peer(email, edit.owner));
        sent(store.edit(edit.clone()));
        sent(store.edit_from_outside(edit.clone()));
        sent(store.touched_since(0));
        sent(store.sweep_cookies());
    }
    let _compiles = calls;
}

#[tokio::test]
async fn files_are_for_their_owner_only() {
    let place = Place::sqlite();
    let store = place.open().await;
    accounts(&store, ["amy"]).await;
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(place.file().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        names.insert(entry.file_name().into_string().unwrap());
    }
    assert!(names.contains("msnp.db") && names.contains("msnp-cookies.db"), "{names:?}");
}

#[tokio::test]
async fn says_what_is_wrong_with_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let open = async |path: &Path| {
        let url = format!("sqlite:{}", path.display()).parse().unwrap();
        Store::open(&url, MasterKey::random().unwrap()).await.unwrap_err()
    };
    let file = directory.path().join("a-file");
    std::fs::write(&file, "hello, this is no database").unwrap();
    assert!(matches!(open(&file.join("msnp.db")).await, StoreError::File { .. }));
    assert!(matches!(open(directory.path()).await, StoreError::File { .. }));
    let error = open(&file).await;
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(error.to_string().starts_with("cannot open the store sqlite:"), "{error}");
}

#[tokio::test]
async fn says_that_postgres_is_not_there() {
    let url: StoreUrl = "postgres://msnp:hunter2@127.0.0.1:1/msnp".parse().unwrap();
    let error = Store::open(&url, MasterKey::random().unwrap()).await.unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
