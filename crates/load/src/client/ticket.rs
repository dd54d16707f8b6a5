//! Tickets from a login server, over plain HTTP (Passport 1.4).

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest answer that is read.
const MOST: u64 = 64 * 1024;

/// Where a login server is: `http://host:port/path`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct LoginUrl {
    host: String,
    path: String,
}

impl LoginUrl {
    /// The login server at `host`, which is an address with a port.
    pub(crate) fn at(host: SocketAddr) -> Self {
        Self { host: host.to_string(), path: "/login2.srf".to_owned() }
    }

    /// Its addresses.
    pub(crate) fn addresses(&self) -> anyhow::Result<Vec<SocketAddr>> {
        let host = if self.host.contains(':') { self.host.clone() } else { format!("{}:80", self.host) };
        Ok(host.to_socket_addrs().with_context(|| format!("cannot find the login server {host}"))?.collect())
    }

    /// Fetches a ticket for `challenge`, as it is to be sent in `USR t TWN S`.
    pub(crate) async fn ticket(&self, handle: &str, password: &str, challenge: &str) -> anyhow::Result<String> {
        let address = *self.addresses()?.first().context("the login server has no address")?;
        let mut stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Passport1.4 OrgVerb=GET,\
             OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,sign-in={},pwd={},{challenge}\r\n\r\n",
            self.path,
            self.host,
            encoded(handle),
            encoded(password)
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(MOST).read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer);
        match answer.split_once("from-PP='").and_then(|(_, rest)| rest.split_once('\'')) {
            Some((ticket, _)) => Ok(ticket.to_owned()),
            None => bail!("no ticket for {handle}: {}", answer.lines().next().unwrap_or("an empty answer")),
        }
    }
}

impl FromStr for LoginUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("http://").ok_or("a login URL begins with http://")?;
        let (host, path) = rest.find('/').map_or((rest, "/login2.srf"), |at| rest.split_at(at));
        if host.is_empty() {
            Err("a login URL names a host".to_owned())
        } else {
            Ok(Self { host: host.to_owned(), path: path.to_owned() })
        }
    }
}

impl fmt::Display for LoginUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.host, self.path)
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_url_has_a_host_and_perhaps_a_path() {
        let read = |text: &str| text.parse::<LoginUrl>().map(|url| url.to_string());
        assert_eq!(read("http://127.0.0.1:8080"), Ok("http://127.0.0.1:8080/login2.srf".to_owned()));
        assert_eq!(read("http://login.example.net/a/b"), Ok("http://login.example.net/a/b".to_owned()));
        assert!(read("https://login.example.net/").is_err() && read("http:///x").is_err());
        assert_eq!(encoded("a.b+c@d"), "a.b%2Bc%40d");
    }
}
