//! A connection through the HTTP gateway: what is sent is the body of a `POST`, what has come is
//! the body of its answer, and of the answers to polls.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::http::{Client, Response};
use crate::stage::{Patience, Received, StageError};

/// Between two polls that were answered at once. Clients took about two seconds, for which a test
/// has no time.
const PAUSE: Duration = Duration::from_millis(20);

/// One virtual connection. It is opened with the first bytes that are sent, as clients do it.
#[derive(Debug)]
pub(super) struct Tunnel {
    client: Client,
    /// `Server=NS&IP=host`
    target: String,
    /// As the last answer told it.
    session: Option<String>,
    received: Vec<u8>,
    closed: bool,
    polls: u32,
}

impl Tunnel {
    /// To `server`, `NS` or `SB`, at `host`, by the gateway at `web`.
    pub(super) fn new(web: String, server: &str, host: &str, patience: Duration) -> Self {
        Self {
            client: Client::new(web, patience),
            target: format!("Server={server}&IP={host}"),
            session: None,
            received: Vec::new(),
            closed: false,
            polls: 0,
        }
    }

    /// Sends bytes; into a connection that is closed none.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), StageError> {
        if self.closed {
            return Ok(());
        }
        let parameters = match &self.session {
            Some(id) => format!("SessionID={id}"),
            None => format!("Action=open&{}", self.target),
        };
        self.post(&parameters, bytes).await
    }

    /// Polls until something comes, or until the time `until`.
    pub(super) async fn receive(&mut self, until: Instant, patience: Patience) -> Result<Received, StageError> {
        loop {
            if !self.received.is_empty() {
                return Ok(Received::Bytes(std::mem::take(&mut self.received)));
            }
            if self.closed {
                return Ok(Received::Closed);
            }
            let expecting = patience == Patience::Expecting;
            if !expecting {
                sleep_until(until).await;
            }
            let began = Instant::now();
            self.poll(expecting).await?;
            if !self.received.is_empty() || self.closed {
                continue;
            }
            if !expecting || Instant::now() >= until {
                return Ok(Received::Nothing);
            }
            if began.elapsed() < PAUSE {
                sleep(PAUSE).await;
            }
        }
    }

    /// Fetches what has come. Where there is time, every other poll lets the gateway wait a second
    /// for it.
    async fn poll(&mut self, patient: bool) -> Result<(), StageError> {
        let Some(id) = &self.session else { return self.send(&[]).await };
        self.polls += 1;
        let lifespan = if patient && self.polls.is_multiple_of(2) { "&Lifespan=1" } else { "" };
        let parameters = format!("Action=poll&SessionID={id}{lifespan}");
        self.post(&parameters, &[]).await
    }

    async fn post(&mut self, parameters: &str, body: &[u8]) -> Result<(), StageError> {
        let head = format!(
            "POST http://gateway.messenger.hotmail.com/gateway/gateway.dll?{parameters} HTTP/1.1\r\n\
             Accept: */*\r\n\
             User-Agent: MSMSGS\r\n\
             Host: gateway.messenger.hotmail.com\r\n\
             Proxy-Connection: Keep-Alive\r\n\
             Connection: Keep-Alive\r\n\
             Pragma: no-cache\r\n\
             Content-Type: application/x-msn-messenger\r\n"
        );
        let response = self.client.exchange(&head, Some(body)).await?;
        let told = told(&response).map_err(|why| {
            let line = response.line.escape_ascii();
            StageError::Broken(format!("an answer of the gateway to {parameters} has {why}: {line}"))
        })?;
        self.session = Some(told.session);
        self.closed = told.closed;
        self.received.extend_from_slice(&response.body());
        Ok(())
    }
}

/// What the header of an answer tells.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    session: String,
    closed: bool,
}

/// Reads `SessionID=1.2; GW-IP=host` and perhaps `; Session=close`, as the strictest client does.
fn told(response: &Response) -> Result<Told, &'static str> {
    if !response.is_ok() {
        return Err("a status other than `HTTP/1.1 200 OK`");
    }
    if response.header("Content-Type") != Some("application/x-msn-messenger") {
        return Err("a type other than `Content-Type: application/x-msn-messenger`");
    }
    let value = response.header("X-MSN-Messenger").ok_or("no header `X-MSN-Messenger: `")?;
    let mut items = value.split("; ");
    let session = items.next().and_then(|item| item.strip_prefix("SessionID=")).ok_or("no `SessionID=`")?;
    // Clients cut the id at the dot, and crash without one.
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !session.split_once('.').is_some_and(|(one, two)| number(one) && number(two)) {
        return Err("a `SessionID=` that is not two numbers with a dot between them");
    }
    let gateway = items.next().and_then(|item| item.strip_prefix("GW-IP="));
    if gateway.is_none_or(str::is_empty) {
        return Err("no `GW-IP=` behind the id");
    }
    match (items.next(), items.next()) {
        (end @ (None | Some("Session=close")), None) => Ok(Told { session: session.to_owned(), closed: end.is_some() }),
        _ => Err("more than `Session=close` behind `GW-IP=`"),
    }
}

#[cfg(test)]
mod tests;
