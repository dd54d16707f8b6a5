//! `alice.ns signs in MSNP7`: through the dispatch server, with MD5 or with a ticket.

use super::dialect::{Login, SignedIn};
use super::{Dialect, profile};
use crate::Failure;
use crate::pattern::literal;
use crate::play::{Next, Player};
use crate::stage::{Patience, Place, Stage};

/// The keys of a Passport challenge, all of which some client looks up.
const CHALLENGE: [&str; 10] = ["lc", "id", "tw", "fs", "ru", "ct", "kpp", "kv", "ver", "tpf"];

impl<S: Stage> Player<'_, S> {
    /// Signs in; `{alice.ns.at}` is then the address of the NS.
    pub(crate) async fn sign_in(&mut self, link: &str, dialect: Dialect) -> Result<(), Failure> {
        self.connect(link, Place::Dispatch).await?;
        let trid = if let Some(place) = self.referral(link, dialect).await? {
            self.connect(link, Place::At(place)).await?;
            let trid = self.greet(link, dialect).await?;
            let (first, challenged) = self.first_step(link, dialect, trid)?;
            self.say_line(link, &first).await?;
            self.hear(link, &challenged).await?;
            self.trid(link)?
        } else {
            self.trid(link)?
        };
        let ticket = self.prove(link, dialect, trid).await?;
        self.profile(link, dialect, ticket.as_deref()).await
    }

    /// What the dispatch server says: the address of an NS, or nothing, if the server is one itself and has
    /// given the challenge.
    async fn referral(&mut self, link: &str, dialect: Dialect) -> Result<Option<String>, Failure> {
        let at = format!("{link}.at");
        self.captures.forget(&at);
        let trid = self.greet(link, dialect).await?;
        let (first, challenged) = self.first_step(link, dialect, trid)?;
        self.say_line(link, &first).await?;
        let referred = format!("XFR {trid} NS {{{at}}}{}", dialect.traits().referral_tail);
        if !self.may_serve_directly() {
            self.hear(link, &referred).await?;
        } else if self.hear_one_of(link, &[referred, challenged]).await? == 1 {
            // Where the client would go the next time.
            self.captures.set(at, "messenger.hotmail.com:1863");
            return Ok(None);
        }
        self.closed(link).await?;
        self.captured(link, &at).map(Some)
    }

    /// `VER`, and `INF` or `CVR`; returns the transaction id for what follows.
    async fn greet(&mut self, link: &str, dialect: Dialect) -> Result<u32, Failure> {
        let trid = self.trid(link)?;
        self.say_line(link, &format!("VER {trid} {}", dialect.offer())).await?;
        self.hear(link, &format!("VER {trid} {}", dialect.chosen())).await?;
        let trid = self.trid(link)?;
        match dialect.traits().login {
            Login::Md5 => {
                self.say_line(link, &format!("INF {trid}")).await?;
                self.hear(link, &format!("INF {trid} MD5")).await?;
            }
            Login::Tweener => {
                let (client, version) = (dialect.client(), dialect.version());
                let (handle, _) = self.own_words(link)?;
                self.say_line(link, &format!("CVR {trid} {client} {handle}")).await?;
                // A client below the minimum would leave.
                self.hear(link, &format!("CVR {trid} {version} {version} {version} {{_}} {{_}}")).await?;
            }
        }
        self.trid(link)
    }

    /// The first `USR`, and its answer from an NS, which captures the challenge.
    fn first_step(&mut self, link: &str, dialect: Dialect, trid: u32) -> Result<(String, String), Failure> {
        let package = match dialect.traits().login {
            Login::Md5 => "MD5",
            Login::Tweener => "TWN",
        };
        let (handle, _) = self.own_words(link)?;
        let challenge = format!("{link}.challenge");
        self.captures.forget(&challenge);
        Ok((format!("USR {trid} {package} I {handle}"), format!("USR {trid} {package} S {{{challenge}}}")))
    }

    /// The second `USR`, which answers the challenge; returns the ticket, if there is one.
    async fn prove(&mut self, link: &str, dialect: Dialect, trid: u32) -> Result<Option<String>, Failure> {
        let (handle, name) = self.own_words(link)?;
        let account = self.own(link)?;
        let verified = if account.is("verified", "no") { "0" } else { "1" };
        let address = account.handle.clone();
        let challenge = format!("{link}.challenge");
        let ticket = match dialect.traits().login {
            Login::Md5 => {
                self.say_line(link, &format!("USR {trid} MD5 S {{md5 {challenge} {address}}}")).await?;
                None
            }
            Login::Tweener => {
                let challenge = self.captured(link, &challenge)?;
                passport(&challenge).map_err(|why| self.failed(why, &challenge, Some(link)))?;
                let ticket = self.ticket(link, &challenge).await?;
                self.captures.set(format!("{link}.ticket"), ticket.as_str());
                self.say_line(link, &format!("USR {trid} TWN S {}", literal(&ticket))).await?;
                Some(ticket)
            }
        };
        let tail = match dialect.traits().signed_in {
            SignedIn::Name => name,
            SignedIn::NameVerified => format!("{name} {verified}"),
            SignedIn::NameVerifiedRestricted => format!("{name} {verified} 0"),
            SignedIn::VerifiedRestricted => format!("{verified} 0"),
        };
        self.hear(link, &format!("USR {trid} OK {handle} {tail}")).await?;
        if dialect.traits().tells_credit {
            self.hear(link, "SBS 0 null").await?;
        }
        Ok(ticket)
    }

    /// The message with the user's profile, which follows the sign-in.
    async fn profile(&mut self, link: &str, dialect: Dialect, ticket: Option<&str>) -> Result<(), Failure> {
        let expected = "MSG Hotmail Hotmail {len}\n(the initial profile)";
        let next = self.next(link, Patience::Expecting).await?;
        let failed = |why: &str| self.failed(expected, &format!("{}{why}", next.shown()), Some(link));
        let Next::Frame(frame) = &next else { return Err(failed("")) };
        if frame.line != format!("MSG Hotmail Hotmail {}", frame.payload_len()) {
            return Err(failed(""));
        }
        let payload = frame.payload.as_deref().unwrap_or_default();
        profile::check(payload, dialect, ticket).map_err(|problem| failed(&format!("\n({problem})")))
    }
}

/// Is this a challenge that every client can pass on?
fn passport(challenge: &str) -> Result<(), &'static str> {
    if !challenge.starts_with("lc=") {
        return Err("a challenge that begins with `lc=`");
    }
    let pairs: Option<Vec<(&str, &str)>> = challenge.split(',').map(|pair| pair.split_once('=')).collect();
    let pairs = pairs.filter(|pairs| pairs.iter().all(|(_, value)| !value.is_empty()));
    let pairs = pairs.ok_or("pairs of `key=value` with commas between them")?;
    let once = |key: &&str| pairs.iter().filter(|(own, _)| own == key).count() == 1;
    if CHALLENGE.iter().all(once) { Ok(()) } else { Err("each of lc, id, tw, fs, ru, ct, kpp, kv, ver, tpf once") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_challenge_must_have() {
        let right = "lc=1033,id=507,tw=40,fs=1,ru=http%3A%2F%2Fmessenger%2Emsn%2Ecom,ct=1062764229,kpp=1,kv=5,\
                     ver=2.1.0173.1,tpf=00112233445566778899aabbccddeeff";
        assert_eq!(passport(right), Ok(()));
        for (from, to) in [("lc=1033,id=507", "id=507,lc=1033"), (",kpp=1", ""), ("tw=40", "tw="), ("fs=1", "fs")] {
            assert!(passport(&right.replace(from, to)).is_err(), "{to}");
        }
        assert!(passport("").is_err());
    }
}
