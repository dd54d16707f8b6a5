//! Signing in, and being signed in: dispatch server, notification server, lists, state.

use std::fmt;
use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use md5::{Digest as _, Md5};

use super::conn::Command;
use super::wire::number;
use super::{Account, Conn, Dialect, Way, challenge};

/// How often a server may refer a client on.
const REFERRALS: usize = 4;

/// A client that is signed in to a notification server.
pub(crate) struct Session {
    pub(crate) conn: Conn,
    pub(crate) account: Account,
    pub(crate) dialect: Dialect,
    trid: u32,
    /// How many `ILN`s have come while something else was waited for.
    initial: usize,
}

/// What a server says to who wants to sign in.
enum Asked {
    /// To go elsewhere.
    Elsewhere(SocketAddr),
    /// To prove who one is.
    Prove(String),
}

/// Asks the dispatch server where `account` is at home.
pub(crate) async fn dispatch(way: &Way, ds: SocketAddr, account: &Account) -> anyhow::Result<SocketAddr> {
    let mut session = Session::connect(way, ds, account).await?;
    match session.introduce(way).await? {
        Asked::Elsewhere(ns) => Ok(ns),
        Asked::Prove(_) => bail!("the dispatch server {ds} signs {} in itself: use --ns", account.handle),
    }
}

/// Signs in, and no more: neither lists nor a state.
pub(crate) async fn sign_in(way: &Way, account: &Account) -> anyhow::Result<Session> {
    let who = &account.handle;
    let mut at = match (way.ds, way.ns) {
        (Some(ds), _) => dispatch(way, ds, account).await.with_context(|| format!("{who} at the dispatch server"))?,
        (None, Some(ns)) => ns,
        (None, None) => bail!("there is no server to sign in to"),
    };
    for _ in 0..REFERRALS {
        let mut session = Session::connect(way, at, account).await?;
        match session.introduce(way).await.with_context(|| format!("{who} at {at}"))? {
            Asked::Elsewhere(next) => at = next,
            Asked::Prove(challenge) => {
                session.prove(way, &challenge).await.with_context(|| format!("{who} at {at}"))?;
                return Ok(session);
            }
        }
    }
    bail!("{who} was referred on {REFERRALS} times, the last time to {at}")
}

impl Session {
    async fn connect(way: &Way, at: SocketAddr, account: &Account) -> anyhow::Result<Self> {
        let conn = way.connect(at, account).await?;
        Ok(Self { conn, account: account.clone(), dialect: way.dialect, trid: 0, initial: 0 })
    }

    /// Dialect, program, and who it is.
    async fn introduce(&mut self, way: &Way) -> anyhow::Result<Asked> {
        let (dialect, handle) = (self.dialect, self.account.handle.clone());
        let cvr0 = if dialect.offers_cvr0() { " CVR0" } else { "" };
        let chosen = self.ask("VER", format_args!("{dialect}{cvr0}")).await?;
        if chosen.frame().word(2) != Some(dialect.to_string().as_bytes()) {
            bail!("the server does not speak {dialect}: {}", chosen.frame().text());
        }
        if way.dialect.has_tickets() {
            let program = format_args!("0x0409 winnt 5.1 i386 MSNMSGR 6.2.0137 MSMSGS {handle}");
            self.ask("CVR", program).await?;
        } else {
            self.ask("INF", format_args!("")).await?;
        }
        let package = if dialect.has_tickets() { "TWN" } else { "MD5" };
        let answer = self.ask("USR", format_args!("{package} I {handle}")).await?;
        let (frame, text) = (answer.frame(), answer.frame().text());
        match (frame.verb(), frame.word(2), frame.word(3), frame.word(4)) {
            (b"XFR", Some(b"NS"), Some(at), _) => {
                let at = std::str::from_utf8(at).ok().and_then(|at| at.parse().ok());
                Ok(Asked::Elsewhere(at.with_context(|| format!("no address to go to in {text}"))?))
            }
            (b"USR", _, Some(b"S"), Some(challenge)) => Ok(Asked::Prove(String::from_utf8(challenge.to_vec())?)),
            _ => bail!("unexpected answer to USR: {text}"),
        }
    }

    async fn prove(&mut self, way: &Way, challenge: &str) -> anyhow::Result<()> {
        let (package, proof) = if self.dialect.has_tickets() {
            ("TWN", self.ticket(way, challenge).await?)
        } else {
            let digest = Md5::digest(format!("{challenge}{}", way.password));
            ("MD5", digest.iter().map(|byte| format!("{byte:02x}")).collect())
        };
        let answer = self.ask("USR", format_args!("{package} S {proof}")).await?;
        match answer.frame().word(2) {
            Some(b"OK") => Ok(()),
            _ => bail!("not signed in: {}", answer.frame().text()),
        }
    }

    async fn ticket(&self, way: &Way, challenge: &str) -> anyhow::Result<String> {
        let made = way.tickets.get(&self.account.number).or(way.any_ticket.as_ref());
        match (made, &way.login) {
            (Some(ticket), _) => Ok(ticket.clone()),
            (None, Some(login)) => login.ticket(&self.account.handle, &way.password, challenge).await,
            (None, None) => bail!("{} needs a ticket: say where with --login-url", self.dialect),
        }
    }

    /// Fetches the lists: how many lines of people came.
    pub(crate) async fn sync(&mut self) -> anyhow::Result<usize> {
        let known = if self.dialect.has_stamps() { "0 0" } else { "0" };
        let head = self.ask("SYN", format_args!("{known}")).await?;
        if !self.dialect.counts_lists() {
            return self.old_lists().await;
        }
        let count = if self.dialect.has_stamps() { 4 } else { 3 };
        let people = head.frame().word(count).and_then(number).context("SYN without a number of people")?;
        let people = usize::try_from(people)?;
        for _ in 0..people {
            while self.news().await?.frame().verb() != b"LST" {}
        }
        Ok(people)
    }

    /// The lists come one after the other, and the last one is RL: whoever is on several lists comes
    /// several times.
    async fn old_lists(&mut self) -> anyhow::Result<usize> {
        let mut people = 0;
        loop {
            let news = self.news().await?;
            let frame = news.frame();
            if frame.verb() != b"LST" {
                continue;
            }
            let at = |n: usize| frame.word(n).and_then(number);
            let (Some(item), Some(total)) = (at(4), at(5)) else { bail!("a list of another form: {}", frame.text()) };
            people += usize::from(item > 0);
            if frame.word(2) == Some(b"RL") && item == total {
                return Ok(people);
            }
        }
    }

    /// Tells a state, and waits for its echo.
    pub(crate) async fn appear(&mut self, state: &str) -> anyhow::Result<()> {
        let capabilities = if self.dialect.has_capabilities() { " 0" } else { "" };
        self.ask("CHG", format_args!("{state}{capabilities}")).await.map(drop)
    }

    /// Waits until so many contacts were told to be there since the first state.
    pub(crate) async fn await_initial(&mut self, count: usize) -> anyhow::Result<()> {
        while self.initial < count {
            let news = self.news().await?;
            anyhow::ensure!(!news.frame().is_error(), "an error instead of contacts: {}", news.frame().text());
        }
        anyhow::ensure!(self.initial == count, "{} contacts are there, not {count}", self.initial);
        Ok(())
    }

    /// Asks whether the server is there, which answers when all before is done.
    pub(crate) async fn ping(&mut self) -> anyhow::Result<()> {
        self.conn.send(b"PNG\r\n").await?;
        while self.news().await?.frame().verb() != b"QNG" {}
        Ok(())
    }

    /// Sends a command and waits for its answer. What else comes meanwhile is passed over.
    pub(crate) async fn ask(&mut self, verb: &str, words: fmt::Arguments<'_>) -> anyhow::Result<Command> {
        self.trid += 1;
        let trid = self.trid.to_string();
        let line = format!("{verb} {trid} {words}");
        self.conn.send(format!("{}\r\n", line.trim_end()).as_bytes()).await?;
        loop {
            let news = self.news().await.with_context(|| format!("no answer to {verb}"))?;
            let frame = news.frame();
            if frame.word(1) != Some(trid.as_bytes()) || frame.verb() == b"ILN" {
                continue;
            }
            anyhow::ensure!(!frame.is_error(), "{verb} was refused: {}", frame.text());
            return Ok(news);
        }
    }

    /// The next thing that the server says, challenges aside, which are answered.
    pub(crate) async fn news(&mut self) -> anyhow::Result<Command> {
        loop {
            let news = self.conn.next().await?;
            match news.frame().verb() {
                b"CHL" => self.answer(&news).await?,
                b"QRY" => {}
                b"OUT" => bail!("the server ended the session: {}", news.frame().text()),
                b"ILN" => {
                    self.initial += 1;
                    return Ok(news);
                }
                _ => return Ok(news),
            }
        }
    }

    async fn answer(&mut self, command: &Command) -> anyhow::Result<()> {
        let text =
            command.frame().word(2).and_then(|word| std::str::from_utf8(word).ok()).context("CHL without a text")?;
        let (product, digest) = challenge::answer(text, self.dialect.mixes_challenges());
        self.trid += 1;
        let query = format!("QRY {} {product} {}\r\n{digest}", self.trid, digest.len());
        Ok(self.conn.send(query.as_bytes()).await?)
    }
}
