//! By what clients know people, from their numbers.

use model::{Person, UserId};

use crate::columns::{email_from, guid_from};
use crate::sql::{Sql, sql};
use crate::{Store, StoreError};

const PERSON: Sql = sql(
    "name an account",
    "SELECT guid, email FROM account WHERE id = $1
     UNION ALL SELECT guid, email FROM deleted WHERE account = $1",
);

impl Store {
    /// Those of these accounts that exist, or were deleted within a day. One read each: for a few.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn people(&self, users: &[UserId]) -> Result<Vec<Person>, StoreError> {
        let mut people = Vec::new();
        for user in users {
            if let Some(row) = self.db().row(PERSON, &[user.0.into()]).await? {
                people.push(Person { user: *user, guid: guid_from(row.text(0)?)?, email: email_from(row.text(1)?)? });
            }
        }
        Ok(people)
    }
}
