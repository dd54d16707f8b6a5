//! Reading rosters from their rows, as one.
//!
//! A hundred rows cost ten times what one row with the same content does. So the database joins
//! groups and contacts into one text each, of fields separated by U+001F and records by U+001E,
//! which no name, handle or property can hold.

use model::{
    Contact, Email, Group, GroupId, GroupSet, Lists, MessagePrivacy, Name, Props, ReversePrompt, Roster, Stamps, UserId,
};

use crate::account::{account_at, account_columns};
use crate::columns::{email_from, guid_from, name_from};
use crate::serial::serial_at;
use crate::sql::{Row, Sql, sql};
use crate::{Store, StoreError};

const FIELD: char = '\u{1f}';
const RECORD: char = '\u{1e}';

/// Account `p` as a contact that is called `$name`, is on the lists `$lists` and in the groups
/// `$groups`, with its properties only if it has `$theirs`, its lists of the reader, on AL:
/// `concat_ws` leaves out what is null.
macro_rules! contact {
    ($name:literal, $lists:literal, $groups:literal, $theirs:literal) => {
        concat!(
            "concat_ws('\u{1f}', p.id, p.guid, p.email, ",
            $name,
            ", ",
            $lists,
            ", ",
            $groups,
            ", CASE WHEN (",
            $theirs,
            " & 2) <> 0
                THEN concat_ws('\u{1f}', p.home, p.work, p.mobile, p.pages) END)"
        )
    };
}

/// The columns that [`head_at`] reads behind those of the account `a`.
macro_rules! setting_columns {
    () => {
        "a.serial, a.lists_at, a.settings_at, a.prompt, a.privacy, a.home, a.work, a.mobile, a.pages, a.enabled"
    };
}
pub(crate) use setting_columns;

/// `m` is a row of mine and `t` theirs of me. Whoever has me on FL (1) is on my RL (8), also
/// where there is no row of mine.
pub(crate) const ROSTER: Sql = sql(
    "read a roster",
    concat!(
        "SELECT ",
        account_columns!(),
        ", ",
        setting_columns!(),
        ",
            COALESCE((SELECT string_agg(concat_ws('\u{1f}', g.id, g.guid, g.name), '\u{1e}' ORDER BY g.id)
                FROM grp g WHERE g.owner = $1), ''),
            COALESCE((SELECT string_agg(c.contact, '\u{1e}' ORDER BY c.added, c.peer) FROM (
                SELECT m.added AS added, m.peer AS peer, ",
        contact!("m.name", "m.lists | (COALESCE(t.lists, 0) & 1) * 8", "m.groups", "COALESCE(t.lists, 0)"),
        " AS contact
                FROM contact m
                JOIN account p ON p.id = m.peer
                LEFT JOIN contact t ON t.owner = m.peer AND t.peer = m.owner
                WHERE m.owner = $1
                UNION ALL
                SELECT t.added, t.owner, ",
        contact!("p.name", "8", "0", "t.lists"),
        "
                FROM contact t
                JOIN account p ON p.id = t.owner
                WHERE t.peer = $1 AND (t.lists & 1) <> 0
                  AND NOT EXISTS (SELECT 1 FROM contact m WHERE m.owner = $1 AND m.peer = t.owner)
            ) c), '')
         FROM account a WHERE a.id = $1"
    ),
);

const PEER: Sql = sql(
    "read a contact",
    concat!(
        "SELECT ",
        contact!(
            "p.name",
            "COALESCE(m.lists, 0) | (COALESCE(t.lists, 0) & 1) * 8",
            "COALESCE(m.groups, 0)",
            "COALESCE(t.lists, 0)"
        ),
        "
         FROM account p
         LEFT JOIN contact m ON m.owner = $2 AND m.peer = p.id
         LEFT JOIN contact t ON t.owner = p.id AND t.peer = $2
         WHERE p.email = $1"
    ),
);

impl Store {
    /// The roster as the rows have it.
    pub(crate) async fn roster_from_rows(&self, user: UserId) -> Result<Option<Roster>, StoreError> {
        self.db().row(ROSTER, &[user.0.into()]).await?.as_ref().map(roster_at).transpose()
    }

    /// The account with this handle as `viewer` sees it as a contact: on the lists and in the
    /// groups that `viewer` has it on and in now, RL included, but under the name that it calls
    /// itself. None: there is no such account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn peer(&self, email: &Email, viewer: UserId) -> Result<Option<Contact>, StoreError> {
        let row = self.db().row(PEER, &[email.as_str().into(), viewer.0.into()]).await?;
        row.map(|row| contact_from(row.text(0)?)).transpose()
    }
}

pub(crate) fn roster_at(row: &Row) -> Result<Roster, StoreError> {
    head_at(row, records(row.text(16)?, group_from)?, records(row.text(17)?, contact_from)?)
}

/// Reads account and settings, which come first in the row.
pub(crate) fn head_at(row: &Row, groups: Vec<Group>, contacts: Vec<Contact>) -> Result<Roster, StoreError> {
    let account = account_at(row)?;
    Ok(Roster {
        user: account.id,
        email: account.email,
        name: account.name,
        serial: serial_at(row, 6)?,
        stamps: Some(Stamps { lists: row.int(7)?, settings: row.int(8)? }),
        prompt: if row.switch(9)? { ReversePrompt::Allow } else { ReversePrompt::Ask },
        privacy: if row.switch(10)? { MessagePrivacy::OnlyAllowed } else { MessagePrivacy::AllButBlocked },
        props: Props {
            home: row.text(11)?.to_owned(),
            work: row.text(12)?.to_owned(),
            mobile: row.text(13)?.to_owned(),
            pages: row.switch(14)?,
            enabled: row.switch(15)?,
        },
        groups,
        contacts,
    })
}

/// Reads each record of `text`, into no more memory than they need: rosters are kept.
fn records<T>(text: &str, read: impl Fn(&str) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Vec::with_capacity(1 + text.matches(RECORD).count());
    for record in text.split(RECORD) {
        all.push(read(record)?);
    }
    Ok(all)
}

fn group_from(record: &str) -> Result<Group, StoreError> {
    let mut fields = record.split(FIELD);
    let damaged = StoreError::Damaged("group");
    let (Some(id), Some(guid), Some(name), None) = (fields.next(), fields.next(), fields.next(), fields.next()) else {
        return Err(damaged);
    };
    let id = id.parse().ok().and_then(GroupId::new).ok_or(damaged)?;
    Ok(Group { id, guid: guid_from(guid)?, name: name_from(name)? })
}

fn contact_from(record: &str) -> Result<Contact, StoreError> {
    const DAMAGED: StoreError = StoreError::Damaged("contact");
    let mut fields = record.split(FIELD);
    let mut next = || fields.next().ok_or(DAMAGED);
    let user = UserId(next()?.parse().map_err(|_| DAMAGED)?);
    let guid = guid_from(next()?)?;
    let email = email_from(next()?)?;
    let name: Name = name_from(next()?)?;
    let lists = Lists(next()?.parse().map_err(|_| DAMAGED)?);
    let groups = GroupSet(next()?.parse().map_err(|_| DAMAGED)?);
    let props = match fields.next() {
        None => Props::default(),
        Some(home) => {
            let mut next = || fields.next().ok_or(DAMAGED);
            let [work, mobile, pages] = [next()?, next()?, next()?];
            Props {
                home: home.to_owned(),
                work: work.to_owned(),
                mobile: mobile.to_owned(),
                pages: pages == "1",
                enabled: false,
            }
        }
    };
    Ok(Contact { user, guid, email, name, lists, groups, props })
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row as _};

    use super::*;
    use crate::copy::FORGET;
    use crate::entrant::{BY_EMAIL, BY_ID};

    #[test]
    fn a_damaged_record_is_told() {
        let good = "7\u{1f}7a1d0c3e0f1b4c559f103f5f7a0f1a01\u{1f}amy@example.com\u{1f}Amy\u{1f}11\u{1f}1\u{1f}1\u{1f}2\u{1f}3\u{1f}1";
        let amy = contact_from(good).unwrap();
        assert_eq!((amy.user, amy.lists, amy.props.work.as_str(), amy.props.pages), (UserId(7), Lists(11), "2", true));
        let fields: Vec<_> = good.split(FIELD).collect();
        for len in (0..fields.len()).filter(|len| *len != 6) {
            assert!(contact_from(&fields[..len].join("\u{1f}")).is_err(), "{len} fields");
        }
        assert_eq!(contact_from(&fields[..6].join("\u{1f}")).unwrap().props, Props::default());
        assert!(group_from("30\u{1f}7a1d0c3e0f1b4c559f103f5f7a0f1a01\u{1f}Friends").is_err(), "there is no group 30");
    }

    /// Reading one roster must not cost more because others have rosters too.
    #[tokio::test]
    async fn no_table_is_scanned() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("msnp.db");
        let url = format!("sqlite:{}", path.display()).parse().unwrap();
        crate::Store::open(&url, crate::MasterKey::random().unwrap()).await.unwrap().close().await;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        for sql in [ROSTER, PEER, BY_ID, BY_EMAIL, FORGET] {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", sql.text))).bind(1).bind(1);
            let steps: Vec<String> = plan.fetch_all(&pool).await.unwrap().iter().map(|row| row.get(3)).collect();
            assert!(!steps.is_empty());
            for step in &steps {
                assert!(!step.starts_with("SCAN") || step == "SCAN c", "{}: {steps:#?}", sql.doing);
            }
        }
    }
}
