//! `msnpctl profile …`: what the contacts of an account see of it besides its name.

use anyhow::anyhow;
use clap::{Args, Subcommand, ValueEnum};
use logic::ns::lists::{Deed, decide};
use model::{Email, Property, Props, encoded_len};
use msnp::dialect::Keys;
use serde_json::{Value, json};

use crate::office::{Decided, Office};
use crate::output::Output;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Set phone numbers; an empty one is forgotten
    Set {
        /// Whose
        email: Email,
        #[command(flatten)]
        news: News,
    },
}

#[derive(Args)]
#[group(required = true, multiple = true)]
pub(crate) struct News {
    /// The phone number at home
    #[arg(long, value_name = "PHONE", value_parser = phone)]
    home: Option<String>,
    /// The phone number at work
    #[arg(long, value_name = "PHONE", value_parser = phone)]
    work: Option<String>,
    /// The number of the mobile phone
    #[arg(long, value_name = "PHONE", value_parser = phone)]
    mobile: Option<String>,
    /// May contacts send pages to the mobile phone?
    #[arg(long)]
    pages: Option<Switch>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Switch {
    Yes,
    No,
}

fn phone(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("it cannot hold control characters".to_owned());
    }
    if encoded_len(text) > Property::MAX {
        return Err(format!("it is longer than {} bytes in its URL-encoded form", Property::MAX));
    }
    Ok(text.to_owned())
}

impl Command {
    pub(crate) async fn run(self, office: &Office) -> anyhow::Result<Output> {
        let Self::Set { email, news } = self;
        set(office, &email, news).await
    }
}

async fn set(office: &Office, email: &Email, news: News) -> anyhow::Result<Output> {
    let pages = news.pages.map(|pages| if matches!(pages, Switch::Yes) { "Y" } else { "N" }.to_owned());
    let deeds: Vec<Deed> = [
        (Property::HomePhone, news.home),
        (Property::WorkPhone, news.work),
        (Property::MobilePhone, news.mobile),
        (Property::MobilePages, pages),
    ]
    .into_iter()
    .filter_map(|(property, value)| Some(Deed::Property(property, value?)))
    .collect();
    let limits = office.config.ns_rules().lists;
    let roster = office
        .edit(email, async |roster| {
            let mut changes = Vec::new();
            for deed in &deeds {
                let decided = decide(roster, deed, &limits, Keys::GroupNumbers);
                changes.extend(
                    decided.map_err(|code| anyhow!("the profile of {email} cannot be changed: {}", code.sentence()))?,
                );
            }
            Ok(Decided { changes, peer: None })
        })
        .await?;
    let json = json!({ "email": email.as_str(), "profile": json(&roster.props), "serial": roster.serial.0 });
    Ok(Output { text: format!("The profile of {email} is now: {}", text(&roster.props)), json })
}

/// A profile, for people.
pub(crate) fn text(props: &Props) -> String {
    let shown = |number: &str| if number.is_empty() { "none".to_owned() } else { number.to_owned() };
    let [home, work, mobile] = [&props.home, &props.work, &props.mobile].map(|number| shown(number));
    format!("home {home}, work {work}, mobile {mobile}, pages {}", if props.pages { "yes" } else { "no" })
}

/// A profile, for programs.
pub(crate) fn json(props: &Props) -> Value {
    json!({ "home": props.home, "work": props.work, "mobile": props.mobile, "pages": props.pages })
}
