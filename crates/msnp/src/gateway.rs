//! What a request to the gateway asks for: its query, read. Pure.
//!
//! Parameters come in any order and any case: BitlBee puts `SessionID` first. Those that mean nothing
//! here are passed over, as the value of `IP` mostly is: no address that a client names is ever
//! connected to.

use std::time::Duration;

/// Which kind of server a session is to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Server {
    /// `NS`, which takes those who look for a dispatch server too.
    Notification,
    /// `SB`
    Switchboard,
}

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask<'a> {
    /// `Action=open&Server=NS&IP=host`
    Open {
        /// To what.
        server: Server,
        /// The host that the client believes it is to be connected to.
        host: Option<&'a str>,
    },
    /// `SessionID=id`: the body is for that session.
    Send {
        /// Which.
        session: &'a str,
    },
    /// `Action=poll&SessionID=id`
    Poll {
        /// Which.
        session: &'a str,
        /// How long the client would wait for an answer (`Lifespan`), if it said so.
        patience: Option<Duration>,
    },
}

/// Longest session id that is looked at, in bytes.
const LONGEST_ID: usize = 64;
/// Longest that a client can ask to wait, in seconds; what is held is less.
const LONGEST_WAIT: u64 = 3600;

/// Reads a query, without its `?`. None: it makes no sense.
pub fn parse(query: &str) -> Option<Ask<'_>> {
    let (mut action, mut server, mut host, mut session, mut lifespan) = (None, None, None, None, None);
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let slot = match key.to_ascii_lowercase().as_str() {
            "action" => &mut action,
            "server" => &mut server,
            "ip" => &mut host,
            "sessionid" => &mut session,
            "lifespan" => &mut lifespan,
            _ => continue,
        };
        slot.get_or_insert(value);
    }
    let session = session.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
    match action.map(str::to_ascii_lowercase).as_deref() {
        Some("open") => {
            let server = match server?.to_ascii_lowercase().as_str() {
                "ns" => Server::Notification,
                "sb" => Server::Switchboard,
                _ => return None,
            };
            Some(Ask::Open { server, host: host.filter(|host| !host.is_empty()) })
        }
        Some("poll") => {
            let seconds = lifespan.and_then(|text| text.parse().ok());
            let patience = seconds.map(|seconds: u64| Duration::from_secs(seconds.min(LONGEST_WAIT)));
            Some(Ask::Poll { session: session?, patience })
        }
        None | Some("") => Some(Ask::Send { session: session? }),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_ask() {
        let open = |server, host| Some(Ask::Open { server, host });
        for (query, ask) in [
            (
                "Action=open&Server=NS&IP=messenger.hotmail.com",
                open(Server::Notification, Some("messenger.hotmail.com")),
            ),
            ("IP=192.0.2.1&server=sb&ACTION=OPEN", open(Server::Switchboard, Some("192.0.2.1"))),
            ("Action=open&Server=SB&IP=", open(Server::Switchboard, None)),
            ("SessionID=12.34", Some(Ask::Send { session: "12.34" })),
            ("Action=poll&SessionID=12.34", Some(Ask::Poll { session: "12.34", patience: None })),
            (
                "SessionID=12.34&Action=poll&Lifespan=60",
                Some(Ask::Poll { session: "12.34", patience: Some(Duration::from_secs(60)) }),
            ),
            (
                "Action=poll&Lifespan=99999999&SessionID=1.2",
                Some(Ask::Poll { session: "1.2", patience: Some(Duration::from_secs(LONGEST_WAIT)) }),
            ),
            ("Action=poll&Lifespan=-1&SessionID=1.2", Some(Ask::Poll { session: "1.2", patience: None })),
            ("SessionID=1.2&SessionID=3.4&x=y&z", Some(Ask::Send { session: "1.2" })),
        ] {
            assert_eq!(parse(query), ask, "{query}");
        }
        for bad in
            ["", "Action=open", "Action=open&Server=DS", "Action=poll", "Action=close&SessionID=1.2", "SessionID="]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse(&format!("SessionID={}", "1".repeat(65))), None);
    }
}
