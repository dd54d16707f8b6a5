//! `msnpctl directory …`: what accounts can be found by.

use anyhow::ensure;
use clap::{Args, Subcommand};
use model::{Email, encoded_len};
use serde_json::json;
use store::DirectoryCard;

use crate::office::{Office, missing};
use crate::output::Output;

/// Longest field, in URL-encoded bytes: a search finds many, and each has five.
const MAX_FIELD: usize = 127;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List an account in the directory, in place of what it had there
    Set {
        /// Which
        email: Email,
        #[command(flatten)]
        card: Card,
    },
    /// Take an account out of the directory
    Remove {
        /// Which
        email: Email,
    },
}

#[derive(Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Card {
    /// First name
    #[arg(long, default_value = "", hide_default_value = true, value_parser = field)]
    first: String,
    /// Last name
    #[arg(long, default_value = "", hide_default_value = true, value_parser = field)]
    last: String,
    /// City
    #[arg(long, default_value = "", hide_default_value = true, value_parser = field)]
    city: String,
    /// State or province
    #[arg(long, default_value = "", hide_default_value = true, value_parser = field)]
    state: String,
    /// Country, as a code of two letters by custom
    #[arg(long, default_value = "", hide_default_value = true, value_parser = field)]
    country: String,
}

fn field(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("it cannot hold control characters".to_owned());
    }
    if encoded_len(text) > MAX_FIELD {
        return Err(format!("it is longer than {MAX_FIELD} bytes in its URL-encoded form"));
    }
    Ok(text.trim().to_owned())
}

impl Command {
    pub(crate) async fn run(self, office: &Office) -> anyhow::Result<Output> {
        match self {
            Self::Set { email, card } => set(office, &email, card).await,
            Self::Remove { email } => remove(office, &email).await,
        }
    }
}

async fn set(office: &Office, email: &Email, card: Card) -> anyhow::Result<Output> {
    let Card { first, last, city, state, country } = card;
    let card = DirectoryCard { first, last, city, state, country };
    ensure!(card != DirectoryCard::default(), "nothing is given that {email} could be found by");
    ensure!(office.store.set_directory_entry(email, Some(&card)).await?, missing(email));
    let json = json!({
        "email": email.as_str(),
        "first": card.first,
        "last": card.last,
        "city": card.city,
        "state": card.state,
        "country": card.country,
    });
    Ok(Output { text: format!("{email} is listed in the directory."), json })
}

async fn remove(office: &Office, email: &Email) -> anyhow::Result<Output> {
    ensure!(office.store.set_directory_entry(email, None).await?, missing(email));
    let json = json!({ "email": email.as_str(), "listed": false });
    Ok(Output { text: format!("{email} is not listed in the directory."), json })
}
