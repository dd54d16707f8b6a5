//! What all commands work with: the configuration and the open store.

use std::time::Duration;

use anyhow::Context as _;
use daemon::Config;
use logic::ns::lists;
use model::{Account, Change, Contact, Edit, Email, Roster};
use store::{MasterKey, Store, StoreError};

/// The configuration and the open store.
pub(crate) struct Office {
    pub(crate) config: Config,
    pub(crate) store: Store,
}

/// What an edit is to change.
pub(crate) struct Decided {
    /// The changes.
    pub(crate) changes: Vec<Change>,
    /// Whom they are about, in case the roster does not have them yet.
    pub(crate) peer: Option<Contact>,
}

impl Office {
    /// Opens the store that the configuration names, with its key.
    pub(crate) async fn open(config: Config) -> anyhow::Result<Self> {
        anyhow::ensure!(
            config.store.url.to_string() != "sqlite::memory:",
            "[store] url is sqlite::memory:, which only the process that made it can see: nothing can be changed there"
        );
        let keys = MasterKey::load_or_create(&config.store.key_file)?;
        // Whoever waits for a command sees for themselves that the database is not there.
        let options = store::Options { start_patience: Duration::ZERO, ..config.store_options("msnpctl") };
        let store = Store::open_with(&config.store.url, keys, options).await?;
        Ok(Self { config, store })
    }

    /// Puts what was changed on disk.
    pub(crate) async fn close(&self) {
        self.store.close().await;
    }

    /// An account that must exist.
    pub(crate) async fn account(&self, email: &Email) -> anyhow::Result<Account> {
        self.store.account(email).await?.with_context(|| missing(email))
    }

    /// The lists and settings of an account that must exist.
    pub(crate) async fn roster(&self, email: &Email) -> anyhow::Result<Roster> {
        let account = self.account(email).await?;
        self.store.roster(account.id).await?.with_context(|| missing(email))
    }

    /// Reads a roster, changes it as decided on it, and tells what it is then. Daemons that run
    /// notice. Decides once more if someone else has changed it in between.
    pub(crate) async fn edit(
        &self,
        owner: &Email,
        decide: impl AsyncFn(&Roster) -> anyhow::Result<Decided>,
    ) -> anyhow::Result<Roster> {
        match self.attempt(owner, &decide).await {
            Err(error) if matches!(error.downcast_ref(), Some(StoreError::Conflict)) => {
                self.attempt(owner, &decide).await
            }
            done => done,
        }
    }

    async fn attempt(
        &self,
        owner: &Email,
        decide: impl AsyncFn(&Roster) -> anyhow::Result<Decided>,
    ) -> anyhow::Result<Roster> {
        let mut roster = self.roster(owner).await?;
        let Decided { changes, peer } = decide(&roster).await?;
        let edited = self.store.edit_from_outside(Edit { owner: roster.user, changes: changes.clone() }).await?;
        lists::apply(&mut roster, &changes, peer.as_ref(), edited.serial);
        Ok(roster)
    }
}

/// There is no such account.
pub(crate) fn missing(email: &Email) -> String {
    format!("there is no account {email}")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use model::{ContactEntry, GroupSet, List, Lists, Name};
    use store::{NewAccount, Password};

    use super::*;

    async fn office() -> Office {
        let keys = MasterKey::random().expect("random bytes");
        let store = Store::open(&"sqlite::memory:".parse().expect("well formed"), keys).await.expect("open");
        Office { config: Config::default(), store }
    }

    async fn account(office: &Office, text: &str) -> Email {
        let email = Email::parse(text).expect("well formed");
        let password = Password::new("secret".to_owned());
        let new = NewAccount { email: email.clone(), name: Name::from(&email), password, md5: false };
        office.store.create_account(new).await.expect("made");
        email
    }

    /// Puts `peer` on AL, taking for granted that they are on no list yet.
    fn allow(peer: &Contact) -> Vec<Change> {
        let entry =
            ContactEntry { lists: Lists::NONE.with(List::Allow), groups: GroupSet::NONE, name: peer.name.clone() };
        vec![Change::Contact { peer: peer.user, was: Lists::NONE, now: Some(entry) }]
    }

    #[tokio::test]
    async fn an_edit_that_met_another_is_decided_once_more() {
        let office = office().await;
        let (amy, bob) = (account(&office, "amy@example.com").await, account(&office, "bob@example.com").await);
        let asked = AtomicUsize::new(0);
        let roster = office
            .edit(&amy, async |roster| {
                let peer = office.store.peer(&bob, roster.user).await?.expect("there");
                if asked.fetch_add(1, Ordering::Relaxed) == 0 {
                    let meanwhile = Edit { owner: roster.user, changes: allow(&peer) };
                    office.store.edit(meanwhile).await?;
                    return Ok(Decided { changes: allow(&peer), peer: Some(peer) });
                }
                assert!(peer.lists.has(List::Allow), "read anew");
                Ok(Decided {
                    changes: vec![Change::Contact { peer: peer.user, was: peer.lists, now: None }],
                    peer: None,
                })
            })
            .await
            .expect("edited");
        assert_eq!(asked.into_inner(), 2);
        assert!(roster.contacts.is_empty());
        assert_eq!(roster.serial, office.roster(&amy).await.expect("there").serial);
    }

    #[tokio::test]
    async fn an_edit_that_meets_others_again_and_again_is_given_up() {
        let office = office().await;
        let (amy, bob) = (account(&office, "amy@example.com").await, account(&office, "bob@example.com").await);
        let peer = office.store.peer(&bob, office.account(&amy).await.expect("there").id).await.expect("read");
        let peer = peer.expect("there");
        let changes = vec![Change::Contact { peer: peer.user, was: Lists::NONE.with(List::Block), now: None }];
        let asked = AtomicUsize::new(0);
        let error = office
            .edit(&amy, async |_| {
                asked.fetch_add(1, Ordering::Relaxed);
                Ok(Decided { changes: changes.clone(), peer: None })
            })
            .await
            .expect_err("a conflict");
        assert_eq!(asked.into_inner(), 2);
        assert_eq!(error.to_string(), "the contact was changed by someone else meanwhile");
    }
}
