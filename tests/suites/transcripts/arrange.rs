//! Brings a script's cast in place, in the store.

use conformance::script::decoded;
use conformance::{Account, Cast, StageError};
use model::{
    Change, ContactEntry, Edit, Email, Group, GroupId, GroupSet, Guid, List, Lists, Name, Property, UserId,
    Verification,
};
use store::{DirectoryCard, NewAccount, Password, Store};

fn broken(error: impl std::fmt::Display) -> StageError {
    StageError::Unprepared(error.to_string())
}

/// The cast's configuration, as the text of a configuration file.
pub(crate) fn configuration(cast: &Cast) -> String {
    cast.config.iter().map(|(key, value)| format!("{key} = {value}\n")).collect()
}

/// Makes accounts, groups and contacts.
pub(crate) async fn arrange(store: &Store, cast: &Cast) -> Result<(), StageError> {
    for account in &cast.accounts {
        make(store, account).await?;
    }
    for group in &cast.groups {
        let owner = find(store, &group.owner).await?;
        let id = GroupId::new(group.id).ok_or_else(|| broken("no group can have this number"))?;
        let name = Name::parse(&decoded(&group.name), Name::GROUP).map_err(broken)?;
        let guid = Guid([group.id; 16]);
        let changes = vec![Change::PutGroup(Group { id, guid, name })];
        store.edit(Edit { owner, changes }).await.map_err(broken)?;
    }
    for contact in &cast.contacts {
        let (owner, peer) = (find(store, &contact.owner).await?, find(store, &contact.handle).await?);
        let lists = contact.lists.iter().fold(Lists::NONE, |lists, list| {
            lists.with(match &**list {
                "FL" => List::Forward,
                "AL" => List::Allow,
                _ => List::Block,
            })
        });
        let mut groups = contact.groups.iter().filter_map(|id| GroupId::new(*id)).fold(GroupSet::NONE, GroupSet::with);
        if groups.is_empty() && lists.has(List::Forward) {
            groups = groups.with(GroupId::OTHER);
        }
        let name = Name::friendly(&decoded(cast.name_of(contact))).map_err(broken)?;
        let now = Some(ContactEntry { lists, groups, name });
        let changes = vec![Change::Contact { peer, was: Lists::NONE, now }];
        store.edit(Edit { owner, changes }).await.map_err(broken)?;
    }
    Ok(())
}

async fn find(store: &Store, handle: &str) -> Result<UserId, StageError> {
    let email = Email::parse(handle).map_err(broken)?;
    let account = store.account(&email).await.map_err(broken)?;
    Ok(account.ok_or_else(|| broken(format!("{handle} is not in the cast")))?.id)
}

async fn make(store: &Store, account: &Account) -> Result<(), StageError> {
    let email = Email::parse(&account.handle).map_err(broken)?;
    let name = Name::friendly(&decoded(&account.name)).map_err(broken)?;
    let password = Password::new(account.password.clone());
    let new = NewAccount { email: email.clone(), name, password, md5: !account.is("md5", "no") };
    let owner = store.create_account(new).await.map_err(broken)?;
    for (key, value) in &account.attributes {
        let property = match &**key {
            "phone.home" => Property::HomePhone,
            "phone.work" => Property::WorkPhone,
            "phone.mobile" => Property::MobilePhone,
            "pages" => Property::MobilePages,
            "verified" => {
                let verification = if value == "no" { Verification::Unverified } else { Verification::Verified };
                store.set_verification(&email, verification).await.map_err(broken)?;
                continue;
            }
            "suspended" => {
                store.set_suspended(&email, value == "yes").await.map_err(broken)?;
                continue;
            }
            "listed" => {
                list(store, &email, value).await?;
                continue;
            }
            "md5" => continue,
            other => return Err(StageError::Unsupported(format!("the account attribute {other}"))),
        };
        let value = if property == Property::MobilePages && value == "yes" { "Y".to_owned() } else { decoded(value) };
        let changes = vec![Change::Property(property, value)];
        store.edit(Edit { owner, changes }).await.map_err(broken)?;
    }
    Ok(())
}

/// `listed=first,last,city,state,country`
async fn list(store: &Store, email: &Email, value: &str) -> Result<(), StageError> {
    let mut parts = value.split(',').map(decoded);
    let mut part = || parts.next().unwrap_or_default();
    let card = DirectoryCard { first: part(), last: part(), city: part(), state: part(), country: part() };
    store.set_directory_entry(email, Some(&card)).await.map_err(broken)?;
    Ok(())
}
