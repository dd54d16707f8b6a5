//! Where the store is, as the operator writes it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

/// Which database, and where. `Debug` and `Display` do not show a password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct StoreUrl(pub(crate) Place);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// `sqlite::memory:`: gone when the store is closed.
    Memory,
    /// `sqlite:data/msnp.db`: a file, made when missing.
    File(PathBuf),
    /// `postgres://user:password@host/database`, as sqlx reads it.
    Postgres(String),
}

/// A text that is not the address of a store.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadStoreUrl {
    /// Neither scheme.
    #[error("a store is written sqlite:data/msnp.db or postgres://user:password@host/database")]
    Scheme,
    /// `sqlite:` and nothing behind it.
    #[error("the path of the file is missing: write it as in sqlite:data/msnp.db")]
    NoPath,
    /// `postgres://` and something that does not parse. The text is not repeated, since it may
    /// hold a password.
    #[error(
        "the Postgres address does not parse: write it as in postgres://user:password@host:5432/database, with special characters of the password as %XX"
    )]
    Postgres,
}

impl FromStr for StoreUrl {
    type Err = BadStoreUrl;

    fn from_str(text: &str) -> Result<Self, BadStoreUrl> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            PgConnectOptions::from_str(text).map_err(|_| BadStoreUrl::Postgres)?;
            return Ok(Self(Place::Postgres(text.to_owned())));
        }
        let path = text.strip_prefix("sqlite:").ok_or(BadStoreUrl::Scheme)?;
        match path.strip_prefix("//").unwrap_or(path) {
            ":memory:" => Ok(Self(Place::Memory)),
            "" => Err(BadStoreUrl::NoPath),
            path => Ok(Self(Place::File(path.into()))),
        }
    }
}

impl TryFrom<String> for StoreUrl {
    type Error = BadStoreUrl;
    fn try_from(text: String) -> Result<Self, BadStoreUrl> {
        text.parse()
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Memory => f.write_str("sqlite::memory:"),
            Place::File(path) => write!(f, "sqlite:{}", path.display()),
            Place::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The address without its query, where a password may stand too, and without the one before
/// the host.
fn without_password(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    match rest.rsplit_once('@') {
        Some((user, place)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{place}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in
            ["sqlite::memory:", "sqlite:data/msnp.db", "sqlite:/var/lib/msnp/msnp.db", "postgres://db.example.com/msnp"]
        {
            assert_eq!(text.parse::<StoreUrl>().unwrap().to_string(), text);
        }
        assert_eq!("sqlite:///a/b.db".parse::<StoreUrl>().unwrap().to_string(), "sqlite:/a/b.db");
    }

    #[test]
    fn a_password_is_not_shown() {
        for text in
            ["postgres://msnp:hunter2@localhost:5432/msnp", "postgres://msnp@localhost:5432/msnp?password=hunter2"]
        {
            let url = text.parse::<StoreUrl>().unwrap();
            assert_eq!(url.to_string(), "postgres://msnp@localhost:5432/msnp");
            assert_eq!(format!("{url:?}"), "postgres://msnp@localhost:5432/msnp");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |text: &str| text.parse::<StoreUrl>().unwrap_err();
        assert_eq!(wrong("mysql://localhost/msnp"), BadStoreUrl::Scheme);
        assert_eq!(wrong("msnp.db"), BadStoreUrl::Scheme);
        assert_eq!(wrong("sqlite:"), BadStoreUrl::NoPath);
        assert_eq!(wrong("postgres://a:hunter2@h:notaport/x"), BadStoreUrl::Postgres);
        assert!(!wrong("postgres://a:hunter2@h:notaport/x").to_string().contains("hunter2"));
    }
}
