//! Where the bus is, as the operator writes it.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use crate::{BadNatsUrl, NatsUrl};

/// Which carrier, and where. Every daemon of an installation has the same one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum BusUrl {
    /// `local:`: all daemons are in this process.
    #[default]
    Local,
    /// `hub:tcp://127.0.0.1:1866`: the hub, over TCP. What crosses the connection is not
    /// encrypted, so the address should be a loopback one.
    HubTcp(SocketAddr),
    /// `hub:unix:///run/msnp/bus.sock`: the hub, over a Unix socket.
    HubUnix(PathBuf),
    /// `nats://ns-1:password@10.0.0.1:4222,10.0.0.2:4222`: a NATS cluster.
    Nats(NatsUrl),
}

/// A text that is not the address of a bus.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadBusUrl {
    /// NATS servers that are none.
    #[error(transparent)]
    Nats(#[from] BadNatsUrl),
    /// A hub at a TCP address that is none.
    #[error("{0:?} is not an IP address with a port other than 0: write it as in hub:tcp://127.0.0.1:1866")]
    Socket(String),
    /// A hub at a path that does not start at the root.
    #[error("{0:?} is not an absolute path: write it with three slashes, as in hub:unix:///run/msnp/bus.sock")]
    Path(String),
    /// Something else.
    #[error(
        "{0:?} is not the address of a bus: write local:, hub:tcp://127.0.0.1:1866, hub:unix:///run/msnp/bus.sock or nats://10.0.0.1:4222"
    )]
    Unknown(String),
}

impl FromStr for BusUrl {
    type Err = BadBusUrl;

    fn from_str(text: &str) -> Result<Self, BadBusUrl> {
        if text == "local:" {
            return Ok(Self::Local);
        }
        if let Some(address) = text.strip_prefix("hub:tcp://") {
            return match address.parse::<SocketAddr>() {
                Ok(address) if address.port() != 0 => Ok(Self::HubTcp(address)),
                _ => Err(BadBusUrl::Socket(address.to_owned())),
            };
        }
        if let Some(path) = text.strip_prefix("hub:unix://") {
            return match Path::new(path) {
                there if there.is_absolute() && there.file_name().is_some() => Ok(Self::HubUnix(there.to_owned())),
                _ => Err(BadBusUrl::Path(path.to_owned())),
            };
        }
        if text.starts_with("nats:") || text.starts_with("tls:") {
            return Ok(Self::Nats(text.parse()?));
        }
        Err(BadBusUrl::Unknown(text.to_owned()))
    }
}

impl TryFrom<String> for BusUrl {
    type Error = BadBusUrl;
    fn try_from(text: String) -> Result<Self, BadBusUrl> {
        text.parse()
    }
}

impl fmt::Display for BusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local:"),
            Self::HubTcp(address) => write!(f, "hub:tcp://{address}"),
            Self::HubUnix(path) => write!(f, "hub:unix://{}", path.display()),
            Self::Nats(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in [
            "local:",
            "hub:tcp://127.0.0.1:1866",
            "hub:tcp://[::1]:1866",
            "hub:unix:///run/msnp/bus.sock",
            "nats://10.0.0.1:4222,10.0.0.2",
            "tls://bus.example.net",
        ] {
            assert_eq!(text.parse::<BusUrl>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |text: &str| text.parse::<BusUrl>().unwrap_err();
        assert_eq!(wrong("nats://"), BadBusUrl::Nats(BadNatsUrl));
        assert_eq!(wrong("hub:tcp://localhost:1866"), BadBusUrl::Socket("localhost:1866".to_owned()));
        assert_eq!(wrong("hub:tcp://127.0.0.1:0"), BadBusUrl::Socket("127.0.0.1:0".to_owned()));
        assert_eq!(wrong("hub:unix://bus.sock"), BadBusUrl::Path("bus.sock".to_owned()));
        assert_eq!(wrong("hub:unix:///"), BadBusUrl::Path("/".to_owned()));
        assert_eq!(wrong(""), BadBusUrl::Unknown(String::new()));
    }
}
