//! `msnpctl contact …`: who is on whose lists.
//!
//! What is allowed is what a client may do: `logic` decides it.

use anyhow::{Context as _, anyhow, ensure};
use clap::{Subcommand, ValueEnum};
use logic::ns::lists::{Deed, Limits, decide};
use model::{Contact, Email, GroupId, List, Name, Roster};
use msnp::Code;
use msnp::dialect::Keys;
use serde_json::{Value, json};

use crate::group::group_id;
use crate::office::{Decided, Office, missing};
use crate::output::{self, Output, list_name, list_names};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Put someone on a list
    Add {
        /// Whose list
        owner: Email,
        /// Whom to put there
        email: Email,
        /// Which list
        #[arg(long, ignore_case = true)]
        list: OwnList,
        /// What the owner calls them; without it, what they call themselves
        #[arg(long, value_parser = Name::friendly)]
        name: Option<Name>,
        /// Which group of FL; someone who is on FL already joins this group too
        #[arg(long, value_name = "N", value_parser = group_id)]
        group: Option<GroupId>,
    },
    /// Take someone off a list
    Remove {
        /// Whose list
        owner: Email,
        /// Whom to take off
        email: Email,
        /// Which list
        #[arg(long, ignore_case = true)]
        list: OwnList,
    },
    /// Show everyone who is on a list of an account
    List {
        /// Whose lists
        owner: Email,
    },
}

/// A list that its owner decides about.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum OwnList {
    /// Whom the owner sees
    #[value(name = "FL")]
    Forward,
    /// Who may see and call the owner
    #[value(name = "AL")]
    Allow,
    /// Who may not
    #[value(name = "BL")]
    Block,
}

impl From<OwnList> for List {
    fn from(list: OwnList) -> Self {
        match list {
            OwnList::Forward => Self::Forward,
            OwnList::Allow => Self::Allow,
            OwnList::Block => Self::Block,
        }
    }
}

impl Command {
    pub(crate) async fn run(self, office: &Office) -> anyhow::Result<Output> {
        match self {
            Self::Add { owner, email, list, name, group } => {
                add(office, &owner, &email, list.into(), name, group).await
            }
            Self::Remove { owner, email, list } => remove(office, &owner, &email, list.into()).await,
            Self::List { owner } => show(office, &owner).await,
        }
    }
}

async fn add(
    office: &Office,
    owner: &Email,
    email: &Email,
    list: List,
    name: Option<Name>,
    group: Option<GroupId>,
) -> anyhow::Result<Output> {
    ensure!(group.is_none() || list == List::Forward, "only FL has groups: leave out --group, or say --list FL");
    let limits = office.config.ns_rules().lists;
    let roster = office
        .edit(owner, async |roster| {
            let peer = find(office, roster, email).await?;
            let name = name.clone().unwrap_or_else(|| peer.name.clone());
            let deed = Deed::Add { list, peer: Box::new(peer.clone()), name, group };
            let changes = decide(roster, &deed, &limits, Keys::GroupNumbers)
                .map_err(|code| refused(code, owner, email, list, group, &limits))?;
            Ok(Decided { changes, peer: Some(peer) })
        })
        .await?;
    Ok(now(&roster, email))
}

/// As in the roster, or else as the store knows them.
async fn find(office: &Office, roster: &Roster, email: &Email) -> anyhow::Result<Contact> {
    match roster.find(email) {
        Some(contact) => Ok(contact.clone()),
        None => office.store.peer(email, roster.user).await?.with_context(|| missing(email)),
    }
}

async fn remove(office: &Office, owner: &Email, email: &Email, list: List) -> anyhow::Result<Output> {
    let limits = office.config.ns_rules().lists;
    let roster = office
        .edit(owner, async |roster| {
            find(office, roster, email).await?;
            let deed = Deed::Remove { list, email: email.clone(), group: None };
            let changes = decide(roster, &deed, &limits, Keys::GroupNumbers)
                .map_err(|code| refused(code, owner, email, list, None, &limits))?;
            Ok(Decided { changes, peer: None })
        })
        .await?;
    Ok(now(&roster, email))
}

/// A refusal as a sentence.
fn refused(
    code: Code,
    owner: &Email,
    email: &Email,
    list: List,
    group: Option<GroupId>,
    limits: &Limits,
) -> anyhow::Error {
    let name = list_name(list);
    match (code, group) {
        (Code::AlreadyThere, Some(group)) => {
            anyhow!("{email} is on the {name} of {owner} already, in group {}", group.number())
        }
        (Code::AlreadyThere, None) => anyhow!("{email} is on the {name} of {owner} already"),
        (Code::OppositeList, _) => {
            let opposite = list_name(if list == List::Allow { List::Block } else { List::Allow });
            anyhow!("{email} is on the {opposite} of {owner}: nobody can be on AL and BL, so remove them there first")
        }
        (Code::ListFull, _) => {
            anyhow!("the {name} of {owner} is full: [ns] contacts allows {} people on it", limits.contacts)
        }
        (Code::InvalidGroup, Some(group)) => anyhow!("{owner} has no group {}", group.number()),
        (Code::NotOnList, _) => anyhow!("{email} is not on the {name} of {owner}"),
        (code, _) => anyhow!("the lists of {owner} cannot be changed: {}", code.sentence()),
    }
}

/// Where someone is now.
fn now(roster: &Roster, email: &Email) -> Output {
    let contact = roster.find(email);
    let lists = contact.map_or_else(Vec::new, |contact| list_names(contact.lists));
    let owner = &roster.email;
    let text = if lists.is_empty() {
        format!("{email} is on no list of {owner} any more.")
    } else {
        format!("{email} is now on {} of {owner}.", lists.join(", "))
    };
    let json = json!({
        "owner": owner.as_str(),
        "email": email.as_str(),
        "name": contact.map(|contact| contact.name.as_str()),
        "lists": lists,
        "groups": contact.map_or_else(Vec::new, group_numbers),
        "serial": roster.serial.0,
    });
    Output { text, json }
}

async fn show(office: &Office, owner: &Email) -> anyhow::Result<Output> {
    let roster = office.roster(owner).await?;
    let row = |contact: &Contact| {
        let groups: Vec<_> = group_numbers(contact).iter().map(u8::to_string).collect();
        [contact.email.to_string(), list_names(contact.lists).join(","), groups.join(","), contact.name.to_string()]
    };
    let rows: Vec<_> = roster.contacts.iter().map(row).collect();
    let text = if rows.is_empty() {
        format!("Nobody is on a list of {owner}.")
    } else {
        output::table(["CONTACT", "LISTS", "GROUPS", "NAME"], &rows)
    };
    Ok(Output { text, json: roster.contacts.iter().map(json).collect() })
}

fn json(contact: &Contact) -> Value {
    json!({
        "email": contact.email.as_str(),
        "name": contact.name.as_str(),
        "lists": list_names(contact.lists),
        "groups": group_numbers(contact),
    })
}

/// The groups of someone on FL; someone in none is in "Other Contacts".
fn group_numbers(contact: &Contact) -> Vec<u8> {
    if !contact.lists.has(List::Forward) {
        return Vec::new();
    }
    let numbers: Vec<u8> = contact.groups.iter().map(GroupId::number).collect();
    if numbers.is_empty() { vec![GroupId::OTHER.number()] } else { numbers }
}
