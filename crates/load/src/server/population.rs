//! The people that a run needs: accounts and friendships, made through the store.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use model::{Account, ContactEntry, Email, GroupSet, Lists, Name, UserId, Verification};
use store::{BulkAccount, BulkContacts, MasterKey, Password, Store};

use crate::client::Dialect;

/// Accounts in a transaction, and contacts.
const ACCOUNTS: usize = 5_000;
const CONTACTS: usize = 50_000;
/// On the forward and the allow list.
const FRIEND: Lists = Lists(1 | 2);
/// How long tickets are good that are made beforehand.
const TICKETS: Duration = Duration::from_secs(24 * 3600);

/// Whom somebody has as contacts, by number.
type Contacts = dyn Fn(usize) -> Vec<usize> + Send + Sync;

/// People, numbered from 0 on.
pub(crate) struct Crowd {
    /// How many.
    pub(crate) accounts: usize,
    /// Whom each has on the forward and the allow list.
    pub(crate) contacts: Box<Contacts>,
    /// Who will sign in, and so needs a ticket in dialects that have them.
    pub(crate) active: Range<usize>,
}

impl Crowd {
    /// People who do not know each other.
    pub(crate) fn strangers(accounts: usize) -> Self {
        Self { accounts, contacts: Box::new(|_| Vec::new()), active: 0..accounts }
    }

    /// All of these, who do not know each other, with the number of the first of each.
    pub(crate) fn together(crowds: Vec<Self>) -> (Self, Vec<usize>) {
        let mut firsts = Vec::with_capacity(crowds.len());
        let mut accounts = 0;
        for crowd in &crowds {
            firsts.push(accounts);
            accounts += crowd.accounts;
        }
        let starts = firsts.clone();
        let contacts = move |number: usize| {
            let at = starts.partition_point(|first| *first <= number) - 1;
            let mut contacts = (crowds[at].contacts)(number - starts[at]);
            contacts.iter_mut().for_each(|contact| *contact += starts[at]);
            contacts
        };
        (Self { accounts, contacts: Box::new(contacts), active: 0..accounts }, firsts)
    }
}

/// Makes the people of `crowd` in the store at `url`, whose key is below `directory`: the tickets
/// of those who need one.
pub(crate) async fn populate(
    crowd: &Crowd,
    url: &str,
    directory: &Path,
    (pattern, password): (&str, &str),
    dialect: Dialect,
) -> anyhow::Result<BTreeMap<usize, String>> {
    let store = Store::open(&url.parse()?, master_key(directory)?).await?;
    let made = make(&store, crowd, pattern, password, dialect).await.context("cannot make the accounts of the run");
    store.close().await;
    made
}

async fn make(
    store: &Store,
    crowd: &Crowd,
    pattern: &str,
    password: &str,
    dialect: Dialect,
) -> anyhow::Result<BTreeMap<usize, String>> {
    let ids = people(store, crowd, (pattern, password)).await?;
    let mut tickets = BTreeMap::new();
    if dialect.has_tickets() {
        for number in crowd.active.clone() {
            let ticket = store.issue_ticket(ids[number], TICKETS).await?.context("a new account is there")?;
            tickets.insert(number, format!("t={}&p=", ticket.expose()));
        }
    }
    Ok(tickets)
}

/// The key of a store below `directory`.
pub(crate) fn master_key(directory: &Path) -> anyhow::Result<MasterKey> {
    Ok(MasterKey::load_or_create(&directory.join("data/master.key"))?)
}

/// Makes the people of `crowd`: their numbers in the store.
pub(crate) async fn people(
    store: &Store,
    crowd: &Crowd,
    (pattern, password): (&str, &str),
) -> anyhow::Result<Vec<UserId>> {
    let ids = accounts(store, crowd.accounts, pattern, password).await?;
    contacts(store, crowd, &ids).await?;
    Ok(ids)
}

async fn accounts(store: &Store, count: usize, pattern: &str, password: &str) -> anyhow::Result<Vec<UserId>> {
    let password = Password::new(password.to_owned());
    let hash = store.hash_password(&password).await?;
    let mut ids = Vec::with_capacity(count);
    while ids.len() < count {
        let numbers = ids.len()..count.min(ids.len() + ACCOUNTS);
        let mut batch = Vec::with_capacity(numbers.len());
        for number in numbers {
            batch.push(BulkAccount {
                email: Email::parse(&pattern.replace("{n}", &number.to_string()))?,
                name: Name::friendly(&format!("User {number}"))?,
                hash: hash.clone(),
                md5: Some(password.clone()),
                verification: Verification::Verified,
            });
        }
        ids.extend(store.create_accounts(batch).await?);
    }
    Ok(ids)
}

async fn contacts(store: &Store, crowd: &Crowd, ids: &[UserId]) -> anyhow::Result<()> {
    let (mut batch, mut rows) = (Vec::new(), 0);
    for (number, owner) in ids.iter().enumerate() {
        let mut list = Vec::new();
        for peer in (crowd.contacts)(number) {
            let name = Name::friendly(&format!("User {peer}"))?;
            list.push((ids[peer], ContactEntry { lists: FRIEND, groups: GroupSet::NONE, name }));
        }
        if list.is_empty() {
            continue;
        }
        rows += list.len();
        batch.push(BulkContacts { owner: *owner, contacts: list });
        if rows >= CONTACTS {
            store.add_contacts(std::mem::take(&mut batch), false).await?;
            rows = 0;
        }
    }
    Ok(store.add_contacts(batch, false).await?)
}

/// Gives accounts that are there already contacts: whom each of `owners` has.
pub(crate) async fn befriend(store: &Store, pattern: &str, owners: &[(usize, usize)]) -> anyhow::Result<()> {
    let mut lists = Vec::with_capacity(owners.len());
    for (owner, contact) in owners {
        let (owner, contact) = (account(store, pattern, *owner).await?, account(store, pattern, *contact).await?);
        let entry = ContactEntry { lists: FRIEND, groups: GroupSet::NONE, name: contact.name };
        lists.push(BulkContacts { owner: owner.id, contacts: vec![(contact.id, entry)] });
    }
    Ok(store.add_contacts(lists, false).await?)
}

async fn account(store: &Store, pattern: &str, number: usize) -> anyhow::Result<Account> {
    let email = Email::parse(&pattern.replace("{n}", &number.to_string()))?;
    store.account(&email).await?.with_context(|| format!("{email} is not there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowds_together_keep_their_contacts_to_themselves() {
        let chain = |accounts: usize| Crowd {
            contacts: Box::new(move |number| if number + 1 < accounts { vec![number + 1] } else { Vec::new() }),
            ..Crowd::strangers(accounts)
        };
        let (all, firsts) = Crowd::together(vec![chain(3), Crowd::strangers(2), chain(2)]);
        assert_eq!((all.accounts, firsts), (7, vec![0, 3, 5]));
        let contacts: Vec<_> = (0..7).map(|number| (all.contacts)(number)).collect();
        assert_eq!(contacts, [vec![1], vec![2], vec![], vec![], vec![], vec![6], vec![]]);
    }
}
