//! Telling a change of state to 200 who watch, up to their outboxes. One operation is one change.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use daemon::link::batch;
use daemon::{Client, Link};
use logic::ns::{Identity, Notice, Presence, View};
use model::{
    Contact, Email, GroupSet, Guid, Lists, MessagePrivacy, Name, NodeId, Props, ReversePrompt, Roster, Serial,
    SessionId, Status, UserId,
};
use msnp::{Dialect, TrId};

const WATCHERS: i64 = 200;
const PUBLISHER: UserId = UserId(1);

type Table = Presence<Client<Notice>>;

pub(crate) fn run(count: u32) -> anyhow::Result<()> {
    let mut table = Table::new(NodeId(1));
    enter(&mut table, PUBLISHER, &[])?;
    let watchers: Vec<_> =
        (2..2 + WATCHERS).map(|number| enter(&mut table, UserId(number), &[PUBLISHER])).collect::<Result<_, _>>()?;
    watchers.iter().for_each(|watcher| drop(watcher.take()));
    let mut told = 0;
    for change in 0..count {
        let status = if change % 2 == 0 { Status::Busy } else { Status::Online };
        batch(|| table.appear(PUBLISHER, session(PUBLISHER), view(status), TrId(change), &mut Vec::new()));
        told += watchers.iter().filter(|watcher| !watcher.take().is_empty()).count();
    }
    ensure!(told == count as usize * watchers.len(), "{told} were told");
    Ok(())
}

const fn session(user: UserId) -> SessionId {
    SessionId(user.0.unsigned_abs())
}

const fn view(status: Status) -> View {
    View { status, capabilities: 0, picture: None }
}

fn enter(table: &mut Table, user: UserId, contacts: &[UserId]) -> anyhow::Result<Arc<Link<Notice>>> {
    let traits = Dialect::from_number(9).context("there is MSNP9")?.traits();
    let link = Link::memory(1 << 20);
    let identity = Identity { user, guid: guid(user), email: email(user)?, name: name(user)?, verified: true };
    let mut afar = Vec::new();
    table.enter(&identity, session(user), 0, Client::new(link.clone(), traits), &mut afar);
    table.load(user, session(user), &roster(user, contacts)?, &mut afar);
    batch(|| table.appear(user, session(user), view(Status::Online), TrId(1), &mut afar));
    Ok(link)
}

fn roster(user: UserId, contacts: &[UserId]) -> anyhow::Result<Roster> {
    let mut all = Vec::new();
    for peer in contacts {
        all.push(Contact {
            user: *peer,
            guid: guid(*peer),
            email: email(*peer)?,
            name: name(*peer)?,
            lists: Lists(1 | 2),
            groups: GroupSet::NONE,
            props: Props::default(),
        });
    }
    Ok(Roster {
        user,
        email: email(user)?,
        name: name(user)?,
        serial: Serial(1),
        stamps: None,
        prompt: ReversePrompt::Ask,
        privacy: MessagePrivacy::AllButBlocked,
        props: Props::default(),
        groups: Vec::new(),
        contacts: all,
    })
}

fn guid(user: UserId) -> Guid {
    Guid(u128::from(user.0.unsigned_abs()).to_be_bytes())
}

fn email(user: UserId) -> anyhow::Result<Email> {
    Ok(Email::parse(&format!("user{}@example.com", user.0))?)
}

fn name(user: UserId) -> anyhow::Result<Name> {
    Ok(Name::friendly(&format!("User {}", user.0))?)
}
