//! Edits of lists and settings: whole or not at all, with the serials that they raise.

use std::collections::BTreeSet;

use model::{
    Change, ContactEntry, Edit, Group, GroupId, List, Lists, MessagePrivacy, Property, ReversePrompt, Serial, UserId,
};

use crate::columns::guid_text;
use crate::copy::{forget, forget_one, strangers};
use crate::db::now_us;
use crate::serial::{mark_touched, raise_owner, raise_peer, raise_watchers, watchers};
use crate::sql::{Conn, Sql, sql};
use crate::writer::Write;
use crate::{Store, StoreError};

/// What an [`Edit`] brought about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edited {
    /// The owner's new serial.
    pub serial: Serial,
    /// The new serials of those whose rosters changed by it, lowest number first: they are on or
    /// off someone's FL now, or are shown other properties.
    pub peers: Vec<(UserId, Serial)>,
}

const READ_CONTACT: Sql = sql(
    "read a contact",
    "SELECT COALESCE(c.lists, 0) FROM account p
     LEFT JOIN contact c ON c.owner = $1 AND c.peer = p.id WHERE p.id = $2",
);

const SEES_PROPERTIES: Sql = sql(
    "find who sees a property",
    "SELECT 1 FROM account a JOIN contact w ON w.owner = $2 AND w.peer = a.id AND (w.lists & 1) <> 0
     WHERE a.id = $1 AND (a.home <> '' OR a.work <> '' OR a.mobile <> '' OR a.pages <> 0)",
);

const PUT_CONTACT: Sql = sql(
    "change a contact",
    "INSERT INTO contact (owner, peer, lists, groups, name, added) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (owner, peer) DO UPDATE SET
        lists = excluded.lists, groups = excluded.groups, name = excluded.name",
);

const DROP_CONTACT: Sql = sql("forget a contact", "DELETE FROM contact WHERE owner = $1 AND peer = $2");

const PUT_GROUP: Sql = sql(
    "change a group",
    "INSERT INTO grp (owner, id, guid, name) VALUES ($1, $2, $3, $4)
     ON CONFLICT (owner, id) DO UPDATE SET guid = excluded.guid, name = excluded.name",
);

const DROP_GROUP: Sql = sql("forget a group", "DELETE FROM grp WHERE owner = $1 AND id = $2 AND id <> 0");

const LEAVE_GROUP: Sql = sql(
    "take contacts out of a group",
    "UPDATE contact SET groups = groups - $2 WHERE owner = $1 AND (groups & $2) <> 0",
);

const SET_NAME: Sql = sql("change a friendly name", "UPDATE account SET name = $2 WHERE id = $1");
const SET_PROMPT: Sql = sql("change a setting", "UPDATE account SET prompt = $2 WHERE id = $1");
const SET_PRIVACY: Sql = sql("change a setting", "UPDATE account SET privacy = $2 WHERE id = $1");
const SET_HOME: Sql = sql("change a property", "UPDATE account SET home = $2 WHERE id = $1");
const SET_WORK: Sql = sql("change a property", "UPDATE account SET work = $2 WHERE id = $1");
const SET_MOBILE: Sql = sql("change a property", "UPDATE account SET mobile = $2 WHERE id = $1");
const SET_PAGES: Sql = sql("change a property", "UPDATE account SET pages = $2 WHERE id = $1");
const SET_ENABLED: Sql = sql("change a property", "UPDATE account SET enabled = $2 WHERE id = $1");

impl Store {
    /// Carries out an edit: all of it is on disk when this returns, or nothing has changed. The
    /// owner's serial rises by one, and that of everyone whose roster looks different by it.
    ///
    /// # Errors
    /// [`StoreError::NoAccount`]: the owner or a peer does not exist. [`StoreError::Conflict`]: a
    /// [`Change::Contact`] takes other lists for granted than the store has.
    /// [`StoreError::Busy`], [`StoreError::Away`]: try later. [`StoreError::InDoubt`]: it may have
    /// been carried out, so call [`Store::clear_doubt`] later. [`StoreError::Query`]: among
    /// others, someone would be on AL and BL at once.
    pub async fn edit(&self, edit: Edit) -> Result<Edited, StoreError> {
        self.db().write(Carry { edit, outside: false }).await
    }

    /// After an edit of which nobody knows whether it was carried out: waits until that is decided,
    /// and notes as touched all whom it may concern, so that the daemons read their rosters anew.
    ///
    /// # Errors
    /// Those of the database: then it is still to be done.
    pub async fn clear_doubt(&self, edit: Edit) -> Result<(), StoreError> {
        self.db().write(Clear(edit)).await
    }
}

/// Carries out an edit.
pub(crate) struct Carry {
    pub(crate) edit: Edit,
    /// Did it come from the operator's tool, so that the daemons are to be told?
    pub(crate) outside: bool,
}

impl Write for Carry {
    type Output = Edited;

    async fn run(&self, conn: &mut Conn<'_>) -> Result<Edited, StoreError> {
        let (owner, changes) = (self.edit.owner.0, &self.edit.changes);
        self.lock(conn).await?;
        // First of all, since this also tells whether the owner exists.
        let serial =
            raise_owner(conn, owner, changes.iter().any(is_of_lists), !changes.iter().all(is_of_lists)).await?;
        let mut flipped = BTreeSet::new();
        // In one edit, each contact comes a microsecond after the one before.
        for (change, added) in changes.iter().zip(now_us()..) {
            apply(conn, owner, change, added, &mut flipped).await?;
        }
        let mut peers = match changes.iter().any(is_shown) {
            true => raise_watchers(conn, owner).await?,
            false => Vec::new(),
        };
        if changes.iter().any(is_seen) {
            forget(conn, owner).await?;
        }
        for id in flipped {
            if !peers.iter().any(|(peer, _)| peer.0 == id) {
                peers.push((UserId(id), raise_peer(conn, id).await?));
            }
        }
        peers.sort_unstable();
        if self.outside {
            let mut touched = vec![owner];
            touched.extend(peers.iter().map(|(peer, _)| peer.0));
            mark_touched(conn, &touched).await?;
        }
        Ok(Edited { serial, peers })
    }
}

/// Of a list, or else of a setting?
const fn is_of_lists(change: &Change) -> bool {
    matches!(change, Change::Contact { .. } | Change::PutGroup(_) | Change::DropGroup(_))
}

/// Of a property that contacts see?
fn is_shown(change: &Change) -> bool {
    matches!(change, Change::Property(property, _) if Property::SHOWN.contains(property))
}

/// Does it change what others see of the owner?
fn is_seen(change: &Change) -> bool {
    matches!(change, Change::Name(_)) || is_shown(change)
}

impl Carry {
    /// Keeps to this transaction whose serials may rise.
    async fn lock(&self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        if matches!(conn, Conn::Sqlite(_)) {
            return Ok(());
        }
        let accounts = concerned(conn, &self.edit).await?;
        conn.lock(&accounts).await
    }
}

/// Whose rosters an edit may change: the owner's, the peers', and theirs who see the properties or
/// the name.
async fn concerned(conn: &mut Conn<'_>, edit: &Edit) -> Result<Vec<i64>, StoreError> {
    let mut accounts = vec![edit.owner.0];
    accounts.extend(edit.changes.iter().filter_map(|change| match change {
        Change::Contact { peer, .. } => Some(peer.0),
        _ => None,
    }));
    if edit.changes.iter().any(is_shown) {
        accounts.extend(watchers(conn, edit.owner.0).await?);
    }
    if edit.changes.iter().any(is_seen) {
        accounts.extend(strangers(conn, edit.owner.0).await?);
    }
    Ok(accounts)
}

/// Has everyone read anew whom an edit may concern.
struct Clear(Edit);

impl Write for Clear {
    type Output = ();

    async fn run(&self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        let accounts = concerned(conn, &self.0).await?;
        // The doubtful transaction may still be running, and holds these rows until it has ended.
        conn.lock(&accounts).await?;
        mark_touched(conn, &accounts).await
    }
}

/// Carries out one change. `flipped` gathers whose roster it changes: who comes on or off FL, and
/// who by coming on or off AL sees other properties.
async fn apply(
    conn: &mut Conn<'_>,
    owner: i64,
    change: &Change,
    added: i64,
    flipped: &mut BTreeSet<i64>,
) -> Result<(), StoreError> {
    match change {
        Change::Contact { peer, was, now } => {
            let has_flipped = put_contact(conn, owner, peer.0, *was, now.as_ref(), added).await?;
            if has_flipped && peer.0 != owner {
                flipped.insert(peer.0);
            }
            Ok(())
        }
        Change::PutGroup(group) => put_group(conn, owner, group).await,
        Change::DropGroup(group) => drop_group(conn, owner, *group).await,
        Change::Name(name) => conn.run(SET_NAME, &[owner.into(), name.as_str().into()]).await.map(drop),
        Change::Prompt(prompt) => {
            conn.run(SET_PROMPT, &[owner.into(), (*prompt == ReversePrompt::Allow).into()]).await.map(drop)
        }
        Change::Privacy(privacy) => {
            conn.run(SET_PRIVACY, &[owner.into(), (*privacy == MessagePrivacy::OnlyAllowed).into()]).await.map(drop)
        }
        Change::Property(property, value) => set_property(conn, owner, *property, value).await,
    }
}

/// Tells whether the contact's own roster looks different by it.
async fn put_contact(
    conn: &mut Conn<'_>,
    owner: i64,
    peer: i64,
    was: Lists,
    now: Option<&ContactEntry>,
    added: i64,
) -> Result<bool, StoreError> {
    let row = conn.row(READ_CONTACT, &[owner.into(), peer.into()]).await?.ok_or(StoreError::NoAccount)?;
    if row.int(0)? != i64::from(was.own().0) {
        return Err(StoreError::Conflict);
    }
    let kept = now.filter(|entry| !entry.lists.own().is_empty());
    let lists = kept.map_or(Lists::NONE, |entry| entry.lists.own());
    if let Some(ContactEntry { groups, name, .. }) = kept {
        let [lists, groups] = [i64::from(lists.0), i64::from(groups.0)];
        let values = [owner.into(), peer.into(), lists.into(), groups.into(), name.as_str().into(), added.into()];
        conn.run(PUT_CONTACT, &values).await?;
    } else if !was.own().is_empty() {
        conn.run(DROP_CONTACT, &[owner.into(), peer.into()]).await?;
    }
    let flips = |list| was.has(list) != lists.has(list);
    if flips(List::Forward) || !flips(List::Allow) {
        return Ok(flips(List::Forward));
    }
    if conn.row(SEES_PROPERTIES, &[owner.into(), peer.into()]).await?.is_some() {
        return Ok(true);
    }
    forget_one(conn, peer).await?;
    Ok(false)
}

async fn put_group(conn: &mut Conn<'_>, owner: i64, group: &Group) -> Result<(), StoreError> {
    let guid = guid_text(group.guid);
    let values = [owner.into(), i64::from(group.id.number()).into(), guid.as_str().into(), group.name.as_str().into()];
    conn.run(PUT_GROUP, &values).await.map(drop)
}

/// Whoever is still in the group leaves it: a later group with the same number starts empty.
async fn drop_group(conn: &mut Conn<'_>, owner: i64, group: GroupId) -> Result<(), StoreError> {
    if group == GroupId::OTHER {
        return Ok(());
    }
    conn.run(DROP_GROUP, &[owner.into(), i64::from(group.number()).into()]).await?;
    conn.run(LEAVE_GROUP, &[owner.into(), (1_i64 << group.number()).into()]).await.map(drop)
}

async fn set_property(conn: &mut Conn<'_>, owner: i64, property: Property, value: &str) -> Result<(), StoreError> {
    // Control characters separate the fields of a roster as it is read.
    let text: String = value.chars().filter(|c| !c.is_control()).collect();
    let (sql, value) = match property {
        Property::HomePhone => (SET_HOME, text.as_str().into()),
        Property::WorkPhone => (SET_WORK, text.as_str().into()),
        Property::MobilePhone => (SET_MOBILE, text.as_str().into()),
        Property::MobilePages => (SET_PAGES, (text == "Y").into()),
        Property::MobileEnabled => (SET_ENABLED, (text == "Y").into()),
    };
    conn.run(sql, &[owner.into(), value]).await.map(drop)
}
