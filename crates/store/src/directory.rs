//! The directory of those who chose to be found (`FND`).

use model::{Email, UserId};

use crate::columns::email_from;
use crate::sql::{Conn, Row, Sql, Value, sql};
use crate::writer::Write;
use crate::{Store, StoreError};

/// Whom to find: all given fields must match, without regard to case. Empty or `*` is any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Directory {
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// City.
    pub city: String,
    /// State or province.
    pub state: String,
    /// Country, as a code of two letters by custom.
    pub country: String,
}

/// What someone chose to be found by. Control characters are dropped.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirectoryCard {
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// City.
    pub city: String,
    /// State or province.
    pub state: String,
    /// Country, as a code of two letters by custom.
    pub country: String,
}

/// Someone who was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectoryEntry {
    /// Who.
    pub user: UserId,
    /// Their handle.
    pub email: Email,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// City.
    pub city: String,
    /// State or province.
    pub state: String,
    /// Country.
    pub country: String,
}

macro_rules! find {
    ($last:literal) => {
        concat!(
            "SELECT a.id, a.email, d.first, d.last, d.city, d.state, d.country
             FROM directory d JOIN account a ON a.id = d.account
             WHERE a.suspended = 0
               AND ",
            $last,
            "
               AND ($2 = '' OR d.first_key = $2)
               AND ($3 = '' OR d.city_key = $3)
               AND ($4 = '' OR d.state_key = $4)
               AND ($5 = '' OR d.country_key = $5)
             ORDER BY a.email LIMIT $6"
        )
    };
}

/// By last name, which has an index.
const FIND_BY_LAST: Sql = sql("search the directory", find!("d.last_key = $1"));
/// Reads all that is listed.
const FIND: Sql = sql("search the directory", find!("$1 = ''"));

const LIST: Sql = sql(
    "list an account in the directory",
    "INSERT INTO directory (account, first, last, city, state, country,
                            first_key, last_key, city_key, state_key, country_key)
     SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM account WHERE email = $1
     ON CONFLICT (account) DO UPDATE SET
        first = excluded.first, last = excluded.last, city = excluded.city,
        state = excluded.state, country = excluded.country,
        first_key = excluded.first_key, last_key = excluded.last_key, city_key = excluded.city_key,
        state_key = excluded.state_key, country_key = excluded.country_key",
);

const UNLIST: Sql = sql(
    "take an account out of the directory",
    "DELETE FROM directory WHERE account IN (SELECT id FROM account WHERE email = $1)",
);

const EXISTS: Sql = sql("find an account", "SELECT id FROM account WHERE email = $1");

impl Store {
    /// At most `limit` of those who are listed and match, in the order of their handles.
    /// Suspended accounts are not found. Without a last name, all that is listed is read.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn directory(&self, find: &Directory, limit: u32) -> Result<Vec<DirectoryEntry>, StoreError> {
        let keys = [&find.last, &find.first, &find.city, &find.state, &find.country].map(|text| match fold(text) {
            any if any == "*" => String::new(),
            key => key,
        });
        let sql = if keys[0].is_empty() { FIND } else { FIND_BY_LAST };
        let mut values: Vec<Value<'_>> = keys.iter().map(|key| key.as_str().into()).collect();
        values.push(i64::from(limit).into());
        self.db().rows(sql, &values).await?.iter().map(entry_at).collect()
    }

    /// Lists an account in the directory, in place of what it had there, or with `None` takes
    /// it out. False: there is no such account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_directory_entry(&self, email: &Email, entry: Option<&DirectoryCard>) -> Result<bool, StoreError> {
        self.db().write(SetEntry { email: email.clone(), card: entry.cloned() }).await
    }
}

fn entry_at(row: &Row) -> Result<DirectoryEntry, StoreError> {
    Ok(DirectoryEntry {
        user: UserId(row.int(0)?),
        email: email_from(row.text(1)?)?,
        first: row.text(2)?.to_owned(),
        last: row.text(3)?.to_owned(),
        city: row.text(4)?.to_owned(),
        state: row.text(5)?.to_owned(),
        country: row.text(6)?.to_owned(),
    })
}

/// The form that is compared. Done here, since SQLite folds only ASCII.
fn fold(text: &str) -> String {
    shown(text).to_lowercase()
}

fn shown(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).collect()
}

struct SetEntry {
    email: Email,
    card: Option<DirectoryCard>,
}

impl Write for SetEntry {
    type Output = bool;

    async fn run(&self, conn: &mut Conn<'_>) -> Result<bool, StoreError> {
        let email = Value::Text(self.email.as_str());
        let Some(card) = &self.card else {
            conn.run(UNLIST, &[email]).await?;
            return Ok(conn.row(EXISTS, &[email]).await?.is_some());
        };
        let fields = [&card.first, &card.last, &card.city, &card.state, &card.country];
        let texts: Vec<String> =
            fields.map(|text| shown(text)).into_iter().chain(fields.map(|text| fold(text))).collect();
        let values: Vec<Value<'_>> = [email].into_iter().chain(texts.iter().map(|text| text.as_str().into())).collect();
        Ok(conn.run(LIST, &values).await? > 0)
    }
}
