//! Who asks, by which name they asked for us, and whether nobody could listen.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use daemon::config::{Web, is_authority};
use http::HeaderMap;

/// Where a connection comes in, and from where.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) web: Arc<Web>,
    /// The client, or a program in front of us.
    pub(crate) peer: IpAddr,
    /// Our own address.
    pub(crate) reached: SocketAddr,
    /// Is it HTTPS?
    pub(crate) secure: bool,
}

/// Who asks; every request has it as an extension.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Visitor {
    /// The client's address, also where it comes through a program in front of us that is trusted.
    pub(crate) address: IpAddr,
    /// The address of ours that the client reached.
    pub(crate) reached: SocketAddr,
    /// What answers name as our host: a host, or host and port.
    pub(crate) authority: String,
    /// Does the client speak HTTPS?
    pub(crate) secure: bool,
}

impl Visitor {
    /// `http` or `https`, as the client asked.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

impl Site {
    /// Is this address one of the programs in front of us?
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.web.trusted_proxies.iter().any(|proxy| proxy.to_canonical() == address.to_canonical())
    }

    /// Who asks with these headers, and with this for our host.
    pub(crate) fn visitor(&self, asked: Option<&str>, headers: &HeaderMap) -> Visitor {
        let asked = asked.filter(|asked| is_authority(asked));
        let reached = SocketAddr::new(self.reached.ip().to_canonical(), self.reached.port());
        let authority = self.web.public.as_deref().or(asked).map_or_else(|| reached.to_string(), str::to_owned);
        let peer = self.peer.to_canonical();
        if !self.trusts(peer) {
            return Visitor { address: peer, reached, authority, secure: self.secure };
        }
        let scheme = words(headers, "x-forwarded-proto").last();
        let secure = scheme.map_or(self.secure, |scheme| scheme.eq_ignore_ascii_case("https"));
        Visitor { address: self.behind(peer, headers), reached, authority, secure }
    }

    /// The last address of the chain that none of ours has put there on behalf of another of ours.
    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer;
        for word in words(headers, "x-forwarded-for").collect::<Vec<_>>().into_iter().rev() {
            let Some(next) = parse(word) else { break };
            address = next.to_canonical();
            if !self.trusts(address) {
                break;
            }
        }
        address
    }
}

/// The words of all lines of a header, in order.
fn words<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// An address, with or without a port.
fn parse(word: &str) -> Option<IpAddr> {
    word.parse().ok().or_else(|| word.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(web: Web, peer: &str, lines: &[(&'static str, &'static str)]) -> Visitor {
        let (peer, reached) = (peer.parse().unwrap(), "[::ffff:192.0.2.1]:8080".parse().unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let host = headers.get("host").map(|host| host.to_str().unwrap().to_owned());
        Site { web: Arc::new(web), peer, reached, secure: false }.visitor(host.as_deref(), &headers)
    }

    #[test]
    fn our_name_is_what_the_operator_says_or_what_was_asked_for_or_where_we_are() {
        let public = || Web { public: Some("m.example".to_owned()), ..Web::default() };
        let authority = |web, host| visitor(web, "192.0.2.9", &[("host", host)]).authority;
        assert_eq!(authority(public(), "other.example"), "m.example");
        assert_eq!(authority(Web::default(), "nexus.passport.com"), "nexus.passport.com");
        assert_eq!(authority(Web::default(), "a:8080"), "a:8080");
        for odd in ["", "a,b", "a/b", "a'b", "a b", "user@a"] {
            assert_eq!(authority(Web::default(), odd), "192.0.2.1:8080", "{odd}");
        }
        assert_eq!(visitor(Web::default(), "192.0.2.9", &[]).authority, "192.0.2.1:8080");
    }

    #[test]
    fn only_those_who_are_trusted_speak_for_others() {
        let trusting = || Web {
            trusted_proxies: vec!["192.0.2.9".parse().unwrap(), "2001:db8::1".parse().unwrap()],
            ..Web::default()
        };
        let seen = |web, peer, lines: &[_]| visitor(web, peer, lines).address.to_string();
        let chain = [("x-forwarded-for", "198.51.100.1, 203.0.113.7"), ("x-forwarded-for", "2001:db8::1")];
        assert_eq!(seen(Web::default(), "::ffff:192.0.2.9", &chain), "192.0.2.9");
        assert_eq!(seen(trusting(), "192.0.2.10", &chain), "192.0.2.10");
        assert_eq!(seen(trusting(), "::ffff:192.0.2.9", &chain), "203.0.113.7");
        assert_eq!(seen(trusting(), "192.0.2.9", &[]), "192.0.2.9");
        assert_eq!(seen(trusting(), "192.0.2.9", &[("x-forwarded-for", "nonsense")]), "192.0.2.9");
        assert_eq!(seen(trusting(), "192.0.2.9", &[("x-forwarded-for", "1.2.3.4, x, 2001:db8::1")]), "2001:db8::1");
        assert_eq!(seen(trusting(), "192.0.2.9", &[("x-forwarded-for", "203.0.113.7:4711")]), "203.0.113.7");
        assert_eq!(seen(trusting(), "192.0.2.9", &[("x-forwarded-for", "[2001:db8::7]:80")]), "2001:db8::7");
    }

    #[test]
    fn https_in_front_of_us_is_https() {
        let trusting = || Web { trusted_proxies: vec!["192.0.2.9".parse().unwrap()], ..Web::default() };
        let lines = [("x-forwarded-proto", "https")];
        assert_eq!(visitor(trusting(), "192.0.2.9", &lines).scheme(), "https");
        assert_eq!(visitor(trusting(), "192.0.2.10", &lines).scheme(), "http");
        assert_eq!(visitor(trusting(), "192.0.2.9", &[("x-forwarded-proto", "http")]).scheme(), "http");
    }
}
