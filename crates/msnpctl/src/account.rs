//! `msnpctl account …`: who may sign in.

use std::io::{self, BufRead as _};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use model::{Account, Email, List, MessagePrivacy, Name, ReversePrompt, Roster, Verification};
use serde_json::json;
use store::{NewAccount, Password};

use crate::office::{Office, missing};
use crate::output::{self, Output};
use crate::profile;

/// Longest password, in bytes. Clients of the time take 16 characters.
const MAX_PASSWORD: usize = 1024;

/// Accounts that are read at once.
const PAGE: u32 = 1000;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make an account
    Add {
        /// Its e-mail address, with which it signs in
        email: Email,
        /// Its friendly name, which others see
        #[arg(long, value_parser = Name::friendly)]
        name: Name,
        #[command(flatten)]
        secret: Secret,
    },
    /// List all accounts
    List,
    /// Set a new password
    Passwd {
        /// Whose
        email: Email,
        #[command(flatten)]
        secret: Secret,
    },
    /// Delete an account with its lists, and take it off everyone else's
    Delete {
        /// Which
        email: Email,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Forbid an account to sign in
    Suspend {
        /// Which
        email: Email,
    },
    /// Allow a suspended account to sign in again
    Resume {
        /// Which
        email: Email,
    },
    /// Note that the e-mail address is known to be its owner's
    Verify {
        /// Which
        email: Email,
    },
    /// Note that the e-mail address is not known to be its owner's
    Unverify {
        /// Which
        email: Email,
    },
    /// Show an account, and how many are on its lists
    Show {
        /// Which
        email: Email,
    },
}

/// A password, and how it may be used.
#[derive(Args)]
pub(crate) struct Secret {
    #[command(flatten)]
    source: Source,
    /// Keep only a hash of it: clients that sign in by MD5 (MSN Messenger 1 to 4) are shut out
    #[arg(long)]
    no_md5: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// The password; other users of this machine may see it while the command runs
    #[arg(long, value_name = "PW")]
    password: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

impl Command {
    pub(crate) async fn run(self, office: &Office) -> anyhow::Result<Output> {
        match self {
            Self::Add { email, name, secret } => add(office, email, name, secret).await,
            Self::List => list(office).await,
            Self::Passwd { email, secret } => passwd(office, &email, secret).await,
            Self::Delete { email, yes } => delete(office, &email, yes).await,
            Self::Suspend { email } => suspend(office, &email, true).await,
            Self::Resume { email } => suspend(office, &email, false).await,
            Self::Verify { email } => verify(office, &email, Verification::Verified).await,
            Self::Unverify { email } => verify(office, &email, Verification::Unverified).await,
            Self::Show { email } => show(office, &email).await,
        }
    }
}

impl Secret {
    /// The password, and whether to keep it recoverable: not where nobody signs in by MD5.
    fn take(self, office: &Office) -> anyhow::Result<(Password, bool)> {
        let md5 = office.config.ns.md5_sign_in && !self.no_md5;
        let text = match self.source.password {
            Some(text) => text,
            None => first_line(io::stdin().lock())?,
        };
        ensure!(!text.is_empty(), "the password is empty");
        ensure!(text.len() <= MAX_PASSWORD, "the password is longer than {MAX_PASSWORD} bytes");
        Ok((Password::new(text), md5))
    }
}

/// The first line, without its end. Not much of it is read beyond what a password may have.
fn first_line(from: impl io::BufRead) -> anyhow::Result<String> {
    // Large enough never to be moved, which would leave a copy behind.
    let mut line = String::with_capacity(MAX_PASSWORD + 16);
    from.take(MAX_PASSWORD as u64 + 3).read_line(&mut line).context("cannot read the password from standard input")?;
    let len = line.strip_suffix('\n').map_or(line.len(), |line| line.strip_suffix('\r').unwrap_or(line).len());
    line.truncate(len);
    Ok(line)
}

async fn add(office: &Office, email: Email, name: Name, secret: Secret) -> anyhow::Result<Output> {
    let (password, md5) = secret.take(office)?;
    office.store.create_account(NewAccount { email: email.clone(), name, password, md5 }).await?;
    let account = office.account(&email).await?;
    let mut json = output::account(&account);
    json["md5"] = json!(md5);
    Ok(Output { text: format!("The account {email} is made.{}", sign_in(md5)), json })
}

async fn passwd(office: &Office, email: &Email, secret: Secret) -> anyhow::Result<Output> {
    office.account(email).await?;
    let (password, md5) = secret.take(office)?;
    ensure!(office.store.set_password(email, &password, md5).await?, missing(email));
    let text = format!("{email} has a new password.{}", sign_in(md5));
    Ok(Output { text, json: json!({ "email": email.as_str(), "md5": md5 }) })
}

const fn sign_in(md5: bool) -> &'static str {
    if md5 { "" } else { " It cannot be used to sign in by MD5." }
}

async fn list(office: &Office) -> anyhow::Result<Output> {
    let mut accounts: Vec<Account> = Vec::new();
    loop {
        let page = office.store.accounts(accounts.last().map(|account| &account.email), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        accounts.extend(page);
        if is_last {
            break;
        }
    }
    let json = accounts.iter().map(output::account).collect();
    let row = |account: &Account| [account.email.to_string(), state(account).to_owned(), account.name.to_string()];
    let rows: Vec<_> = accounts.iter().map(row).collect();
    let text = if rows.is_empty() {
        "There are no accounts.".to_owned()
    } else {
        output::table(["ACCOUNT", "STATE", "NAME"], &rows)
    };
    Ok(Output { text, json })
}

const fn state(account: &Account) -> &'static str {
    match (account.suspended, account.verified) {
        (false, Verification::Verified) => "good",
        (false, Verification::Unverified) => "unverified",
        (true, Verification::Verified) => "suspended",
        (true, Verification::Unverified) => "suspended, unverified",
    }
}

async fn delete(office: &Office, email: &Email, yes: bool) -> anyhow::Result<Output> {
    office.account(email).await?;
    if !yes && !output::confirm(&format!("Delete the account {email} with its lists, for good?"))? {
        bail!("the account {email} is not deleted");
    }
    ensure!(office.store.delete_account(email).await?, missing(email));
    let json = json!({ "email": email.as_str(), "deleted": true });
    Ok(Output { text: format!("The account {email} is deleted."), json })
}

async fn suspend(office: &Office, email: &Email, suspended: bool) -> anyhow::Result<Output> {
    ensure!(office.store.set_suspended(email, suspended).await?, missing(email));
    let what = if suspended { "may not sign in any more" } else { "may sign in" };
    changed(office, email, what).await
}

async fn verify(office: &Office, email: &Email, verification: Verification) -> anyhow::Result<Output> {
    ensure!(office.store.set_verification(email, verification).await?, missing(email));
    let what = if verification == Verification::Verified { "counts as verified" } else { "does not count as verified" };
    changed(office, email, what).await
}

async fn changed(office: &Office, email: &Email, what: &str) -> anyhow::Result<Output> {
    let account = office.account(email).await?;
    Ok(Output { text: format!("{email} {what}."), json: output::account(&account) })
}

async fn show(office: &Office, email: &Email) -> anyhow::Result<Output> {
    let account = office.account(email).await?;
    let roster = office.store.roster(account.id).await?.with_context(|| missing(email))?;
    let lists = [List::Forward, List::Allow, List::Block, List::Reverse];
    let counts = lists.map(|list| (output::list_name(list), roster.on(list).count()));
    let seen_by = match roster.privacy {
        MessagePrivacy::AllButBlocked => "all-but-blocked",
        MessagePrivacy::OnlyAllowed => "only-allowed",
    };
    let when_added = match roster.prompt {
        ReversePrompt::Ask => "ask",
        ReversePrompt::Allow => "allow",
    };

    let mut json = output::account(&account);
    json["serial"] = json!(roster.serial.0);
    json["seen_by"] = json!(seen_by);
    json["when_added"] = json!(when_added);
    json["contacts"] = counts.iter().map(|(list, count)| ((*list).to_owned(), json!(count))).collect();
    json["groups"] = roster.groups.iter().map(crate::group::json).collect();
    json["profile"] = profile::json(&roster.props);

    let text = output::fields(&[
        ("account", account.email.to_string()),
        ("name", account.name.to_string()),
        ("number", account.id.to_string()),
        ("identifier", account.guid.to_string()),
        ("state", state(&account).to_owned()),
        ("lists", counts.map(|(list, count)| format!("{list} {count}")).join(", ")),
        ("groups", groups(&roster)),
        ("seen by", seen_by.to_owned()),
        ("when added", when_added.to_owned()),
        ("profile", profile::text(&roster.props)),
        ("serial", roster.serial.to_string()),
    ]);
    Ok(Output { text, json })
}

fn groups(roster: &Roster) -> String {
    let groups = roster.groups.iter().map(|group| format!("{} {}", group.id.number(), group.name));
    groups.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_taken_without_its_end() {
        for (input, line) in [
            ("secret\n", "secret"),
            ("secret\r\nmore\n", "secret"),
            ("secret", "secret"),
            (" se cret \n", " se cret "),
            ("secret\r", "secret\r"),
            ("\n", ""),
            ("", ""),
        ] {
            assert_eq!(first_line(input.as_bytes()).expect("read"), line, "{input:?}");
        }
        let long = "x".repeat(100_000);
        assert!(first_line(long.as_bytes()).expect("read").len() > MAX_PASSWORD);
        assert!(first_line(&b"\xff\n"[..]).is_err());
    }
}
