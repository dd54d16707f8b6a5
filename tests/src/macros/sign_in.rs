//! `alice.ns signs in MSNP7`: through the dispatch server, with MD5.

use super::Dialect;
use super::profile;
use crate::Failure;
use crate::pattern::literal;
use crate::play::{Next, Player};
use crate::stage::{Patience, Place, Stage};

impl<S: Stage> Player<'_, S> {
    /// Signs in; `{alice.ns.at}` is then the address of the NS.
    pub(crate) async fn sign_in(&mut self, link: &str, dialect: Dialect) -> Result<(), Failure> {
        let handle = literal(&self.own(link)?.handle);
        let at = format!("{link}.at");
        self.captures.forget(&at);

        self.connect(link, Place::Dispatch).await?;
        let trid = self.greet(link, dialect).await?;
        self.say_line(link, &format!("USR {trid} MD5 I {handle}")).await?;
        self.hear(link, &format!("XFR {trid} NS {{{at}}}{}", dialect.referral_tail())).await?;
        self.closed(link).await?;

        let place = self.captured(link, &at)?;
        self.connect(link, Place::At(place)).await?;
        let trid = self.greet(link, dialect).await?;
        self.authenticate(link, dialect, trid).await?;
        self.profile(link, dialect).await
    }

    /// `VER` and `INF`; returns the transaction id for what follows.
    async fn greet(&mut self, link: &str, dialect: Dialect) -> Result<u32, Failure> {
        let trid = self.trid(link)?;
        self.say_line(link, &format!("VER {trid} {}", dialect.offer())).await?;
        self.hear(link, &format!("VER {trid} {}", dialect.chosen())).await?;
        let trid = self.trid(link)?;
        self.say_line(link, &format!("INF {trid}")).await?;
        self.hear(link, &format!("INF {trid} MD5")).await?;
        self.trid(link)
    }

    async fn authenticate(&mut self, link: &str, dialect: Dialect, trid: u32) -> Result<(), Failure> {
        let (handle, name) = self.own_words(link)?;
        let account = self.own(link)?;
        let verified = if account.is("verified", "no") { " 0" } else { " 1" };
        let address = account.handle.clone();
        let challenge = format!("{link}.challenge");
        self.captures.forget(&challenge);
        self.say_line(link, &format!("USR {trid} MD5 I {handle}")).await?;
        self.hear(link, &format!("USR {trid} MD5 S {{{challenge}}}")).await?;
        let trid = self.trid(link)?;
        self.say_line(link, &format!("USR {trid} MD5 S {{md5 {challenge} {address}}}")).await?;
        let verified = if dialect.tells_verified() { verified } else { "" };
        self.hear(link, &format!("USR {trid} OK {handle} {name}{verified}")).await
    }

    /// The message with the user's profile, which follows the sign-in.
    async fn profile(&mut self, link: &str, dialect: Dialect) -> Result<(), Failure> {
        let expected = "MSG Hotmail Hotmail {len}\n(the initial profile)";
        let next = self.next(link, Patience::Expecting).await?;
        let failed = |why: &str| self.failed(expected, &format!("{}{why}", next.shown()), Some(link));
        let Next::Frame(frame) = &next else { return Err(failed("")) };
        if frame.line != format!("MSG Hotmail Hotmail {}", frame.payload_len()) {
            return Err(failed(""));
        }
        let payload = frame.payload.as_deref().unwrap_or_default();
        profile::check(payload, dialect).map_err(|problem| failed(&format!("\n({problem})")))
    }
}
