//! `msnpctl group …`: the groups that an account sorts its contacts into.

use anyhow::{anyhow, ensure};
use clap::Subcommand;
use logic::ns::lists::{Deed, decide};
use model::{Change, Email, Group, GroupId, MAX_GROUPS, Name};
use msnp::Code;
use msnp::dialect::Keys;
use serde_json::{Value, json};

use crate::office::{Decided, Office};
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a group
    Add {
        /// Whose
        owner: Email,
        /// Its number, 1 to 29
        #[arg(value_name = "N", value_parser = group_id)]
        number: GroupId,
        /// What the owner calls it
        #[arg(value_parser = group_name)]
        name: Name,
    },
}

impl Command {
    pub(crate) async fn run(self, office: &Office) -> anyhow::Result<Output> {
        let Self::Add { owner, number, name } = self;
        add(office, &owner, number, &name).await
    }
}

/// A group's number, as an argument.
pub(crate) fn group_id(text: &str) -> Result<GroupId, String> {
    let id = text.parse().ok().and_then(GroupId::new);
    id.ok_or_else(|| format!("groups have the numbers 0 to {}", MAX_GROUPS - 1))
}

fn group_name(text: &str) -> Result<Name, model::BadName> {
    Name::parse(text, Name::GROUP)
}

/// Whether there may be one more group is decided as for a client; which number it has, by the
/// operator.
async fn add(office: &Office, owner: &Email, number: GroupId, name: &Name) -> anyhow::Result<Output> {
    let limits = office.config.ns_rules().lists;
    let roster = office
        .edit(owner, async |roster| {
            let taken = roster.group(number).map(|group| &group.name);
            ensure!(taken.is_none(), "{owner} has a group {} already", number.number());
            let mut changes = decide(roster, &Deed::AddGroup(name.clone()), &limits, Keys::GroupNumbers).map_err(
                |code| match code {
                    Code::TooManyGroups => {
                        anyhow!("{owner} has as many groups as [ns] groups allows: {}", limits.groups)
                    }
                    code => anyhow!("the groups of {owner} cannot be changed: {}", code.sentence()),
                },
            )?;
            for change in &mut changes {
                if let Change::PutGroup(group) = change {
                    group.id = number;
                }
            }
            Ok(Decided { changes, peer: None })
        })
        .await?;
    let json = json!({
        "owner": owner.as_str(),
        "number": number.number(),
        "name": name.as_str(),
        "serial": roster.serial.0,
    });
    Ok(Output { text: format!("{owner} has a group {} now: {name}", number.number()), json })
}

/// A group, for programs.
pub(crate) fn json(group: &Group) -> Value {
    json!({ "number": group.id.number(), "guid": group.guid.to_string(), "name": group.name.as_str() })
}
