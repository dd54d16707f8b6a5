//! The NATS servers of a cluster, as the operator writes them.

use std::fmt;
use std::str::FromStr;

use async_nats::ServerAddr;

/// Servers, any of which leads to the bus, and who we are to them.
///
/// `nats://user:password@host:4222,host2:4222`, or `tls://…` for connections that are encrypted
/// whether or not the servers insist on it; a token instead of user and password stands alone
/// before the `@`. The port is 4222 where none is written. `Debug` and `Display` show neither
/// password nor token.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsUrl {
    pub(super) tls: bool,
    pub(super) login: Option<Login>,
    /// `host:port` each; at least one.
    servers: Vec<String>,
}

/// Who we are to the servers.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    User { name: String, password: String },
    Token(String),
}

/// A text that does not name NATS servers. It is not repeated, since it may hold a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the NATS servers are written nats://user:password@host:4222,host2:4222 (or tls://…), with special characters of the password as %XX"
)]
pub struct BadNatsUrl;

impl NatsUrl {
    /// The name that the servers know us by, if there is one.
    pub fn user(&self) -> Option<&str> {
        match &self.login {
            Some(Login::User { name, .. }) => Some(name),
            _ => None,
        }
    }

    /// What the client library connects to. The login goes another way: servers that the first
    /// one tells of get it too.
    pub(super) fn addresses(&self) -> Vec<ServerAddr> {
        let scheme = self.scheme();
        let addresses = self.servers.iter().map(|server| format!("{scheme}://{server}").parse());
        addresses.collect::<Result<_, _>>().expect("the addresses were checked when they were read")
    }

    const fn scheme(&self) -> &'static str {
        if self.tls { "tls" } else { "nats" }
    }
}

impl Login {
    /// `user:password`, or a token. Each part may have its special characters as `%XX`.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some((name, password)) => {
                let (name, password) = (decoded(name)?, decoded(password)?);
                (!name.is_empty()).then_some(Self::User { name, password })
            }
            None => decoded(text).filter(|token| !token.is_empty()).map(Self::Token),
        }
    }
}

/// With `%XX` replaced by what it stands for.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

impl FromStr for NatsUrl {
    type Err = BadNatsUrl;

    fn from_str(text: &str) -> Result<Self, BadNatsUrl> {
        let (tls, rest) = match text.strip_prefix("nats://") {
            Some(rest) => (false, rest),
            None => (true, text.strip_prefix("tls://").ok_or(BadNatsUrl)?),
        };
        let (login, servers) = match rest.rsplit_once('@') {
            Some((login, servers)) => (Some(Login::read(login).ok_or(BadNatsUrl)?), servers),
            None => (None, rest),
        };
        let servers: Vec<String> = servers.split(',').map(|server| server.trim().to_owned()).collect();
        for server in &servers {
            let address: ServerAddr = format!("nats://{server}").parse().map_err(|_| BadNatsUrl)?;
            let is_plain = !server.contains(['/', '@', '?', '#']);
            if server.is_empty() || !is_plain || address.host().is_empty() || address.port() == 0 {
                return Err(BadNatsUrl);
            }
        }
        Ok(Self { tls, login, servers })
    }
}

impl fmt::Display for NatsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme())?;
        match &self.login {
            Some(Login::User { name, .. }) => write!(f, "{name}@")?,
            Some(Login::Token(_)) => f.write_str("…@")?,
            None => {}
        }
        f.write_str(&self.servers.join(","))
    }
}

impl fmt::Debug for NatsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_who_we_are() {
        let url: NatsUrl = "nats://ns-1:p%40ss@10.0.0.1:4222,bus.example.net".parse().unwrap();
        assert_eq!(url.user(), Some("ns-1"));
        assert!(url.login == Some(Login::User { name: "ns-1".to_owned(), password: "p@ss".to_owned() }));
        assert_eq!(url.to_string(), "nats://ns-1@10.0.0.1:4222,bus.example.net");
        let ports: Vec<u16> = url.addresses().iter().map(ServerAddr::port).collect();
        assert_eq!(ports, [4222, 4222]);

        let url: NatsUrl = "tls://s3cret@[2001:db8::1]:4223".parse().unwrap();
        assert!(url.tls && url.login == Some(Login::Token("s3cret".to_owned())));
        assert_eq!(url.to_string(), "tls://…@[2001:db8::1]:4223");
        assert!(!format!("{url:?}").contains("s3cret"));
    }

    #[test]
    fn what_names_no_server() {
        for bad in [
            "nats://",
            "nats://a,",
            "nats://user:pass@",
            "nats://:pass@a",
            "nats://a/b",
            "nats://a:0",
            "nats://a:70000",
            "nats://%zz@a",
            "http://a",
        ] {
            assert_eq!(bad.parse::<NatsUrl>(), Err(BadNatsUrl), "{bad}");
        }
    }
}
