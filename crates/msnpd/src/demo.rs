//! Three accounts to try the suite with.

use std::fmt::Write as _;

use anyhow::Context as _;
use model::{Email, Name};
use store::{NewAccount, Password, Store};

/// Makes alice, bob and carol when the store is empty, and says so.
pub(crate) async fn accounts(store: &Store) -> anyhow::Result<String> {
    if !store.accounts(None, 1).await?.is_empty() {
        return Ok("There are accounts already, so no demonstration accounts were made.\n".to_owned());
    }
    let mut told = "Demonstration accounts; anyone who reaches this machine can use them:\n\n".to_owned();
    for (name, password) in [("Alice", "wonderland"), ("Bob", "builder"), ("Carol", "christmas")] {
        let email = Email::parse(&format!("{name}@example.com")).context("a demonstration handle")?;
        let name = Name::friendly(name).context("a demonstration name")?;
        writeln!(told, "  {email}  password {password}")?;
        let password = Password::new(password.to_owned());
        store.create_account(NewAccount { email, name, password, md5: true }).await?;
    }
    Ok(told)
}
