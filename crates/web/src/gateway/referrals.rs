//! Where clients were sent last.
//!
//! A client that is referred to `host:port` opens a session to `host`: it cannot name the port. Where
//! several servers share a host, what it was told tells them apart.

use std::collections::HashMap;
use std::net::IpAddr;
use std::str;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::HostPort;
use tokio::time::Instant;

/// How long a client may take to go where it was sent.
const KEPT: Duration = Duration::from_secs(60);
/// Most clients that are on their way. Beyond it, those who have had their time are forgotten.
const MANY: usize = 4096;

/// Where clients were sent last, by their addresses. Several behind one address may be mistaken for
/// each other: then the server refers again.
#[derive(Default)]
pub(super) struct Referrals(Mutex<HashMap<IpAddr, (HostPort, Instant)>>);

impl Referrals {
    /// Notes where the server sends its client, if these last words of it do.
    pub(super) fn note(&self, client: IpAddr, said: &[u8]) {
        let Some(to) = referral(said) else { return };
        let now = Instant::now();
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() >= MANY {
            sent.retain(|_, (_, at)| now < *at + KEPT);
        }
        if sent.len() < MANY {
            sent.insert(client, (to, now));
        }
    }

    /// Where this client goes that asks for `host`, if it was sent there.
    pub(super) fn take(&self, client: IpAddr, host: &str) -> Option<HostPort> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (to, at) = sent.get(&client)?;
        if *at + KEPT < Instant::now() || !to.host.eq_ignore_ascii_case(host) {
            return None;
        }
        sent.remove(&client).map(|(to, _)| to)
    }
}

/// The address in a last line `XFR t NS host:port …`.
fn referral(said: &[u8]) -> Option<HostPort> {
    let line = said.strip_suffix(b"\r\n")?.rsplit(|byte| *byte == b'\n').next()?;
    let mut words = str::from_utf8(line).ok()?.split(' ');
    (words.next() == Some("XFR") && words.nth(1) == Some("NS")).then(|| words.next()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_goes_where_it_was_sent_once_and_soon() {
        let referrals = Referrals::default();
        let (mine, yours) = ("192.0.2.7".parse().unwrap(), "192.0.2.8".parse().unwrap());
        let to = |port| Some(HostPort { host: "chat.example".to_owned(), port });
        let xfr = b"VER 1 MSNP9 CVR0\r\nXFR 3 NS chat.example:1866 0 chat.example:1864\r\n";
        referrals.note(mine, xfr);
        assert_eq!(referrals.take(yours, "chat.example"), None);
        assert_eq!(referrals.take(mine, "other.example"), None);
        assert_eq!(referrals.take(mine, "Chat.example"), to(1866));
        assert_eq!(referrals.take(mine, "chat.example"), None);
        referrals.note(mine, xfr);
        tokio::time::sleep(KEPT + Duration::from_secs(1)).await;
        assert_eq!(referrals.take(mine, "chat.example"), None);
        for other in
            ["XFR 3 SB chat.example:1865 CKI 1.2\r\n", "XFR 3 NS chat.example:1866", "XFR 3 NS 0\r\n", "XFR\r\n", ""]
        {
            referrals.note(yours, other.as_bytes());
            assert_eq!(referrals.take(yours, "chat.example"), None, "{other}");
        }
    }
}
