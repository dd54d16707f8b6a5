//! Where daemons are.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a daemon does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Role {
    /// Names the client's notification server.
    Dispatch,
    /// Sign-in, lists, presence, rings.
    Notification,
    /// Conversations.
    Switchboard,
    /// Sign-in by HTTP, and MSNP over HTTP.
    Web,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dispatch => "dispatch",
            Self::Notification => "notification",
            Self::Switchboard => "switchboard",
            Self::Web => "web",
        })
    }
}

/// `host:port`, as it is written in a referral. The host is a name or an address.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct HostPort {
    /// A DNS name or an IP address, without blanks.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A text that is not `host:port`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected host:port, as in chat.example.com:1863")]
pub struct BadHostPort;

impl FromStr for HostPort {
    type Err = BadHostPort;
    fn from_str(text: &str) -> Result<Self, BadHostPort> {
        let (host, port) = text.rsplit_once(':').ok_or(BadHostPort)?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().map_err(|_| BadHostPort)?;
        if host.is_empty() || port == 0 || !host.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(BadHostPort);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

/// Where clients find a daemon.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Endpoint {
    /// At a fixed address, which the operator has set.
    Public(HostPort),
    /// At this port of whatever address the client reached us at, so that a LAN or a laptop
    /// needs no configuration.
    SameHost(u16),
}

impl Endpoint {
    /// The address to tell a client that reached us at `reached`.
    pub fn as_seen_from(&self, reached: IpAddr) -> HostPort {
        match self {
            Self::Public(address) => address.clone(),
            Self::SameHost(port) => HostPort { host: reached.to_canonical().to_string(), port: *port },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port() {
        let there: HostPort = "chat.example.com:1863".parse().unwrap();
        assert_eq!(there.to_string(), "chat.example.com:1863");
        let six: HostPort = "[2001:db8::1]:1863".parse().unwrap();
        assert_eq!((six.host.as_str(), six.to_string().as_str()), ("2001:db8::1", "[2001:db8::1]:1863"));
        for bad in ["", "host", "host:", ":1863", "host:0", "host:70000", "ho st:1"] {
            assert!(bad.parse::<HostPort>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mapped_address_is_told_in_its_old_form() {
        let reached = "::ffff:192.0.2.7".parse().unwrap();
        assert_eq!(Endpoint::SameHost(1865).as_seen_from(reached).to_string(), "192.0.2.7:1865");
    }
}
