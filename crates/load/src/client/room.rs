//! Conversations: from the request for a switchboard to two people in a room.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};

use super::wire::Frame;
use super::{Account, Conn, Session};

/// A place in a room.
pub(crate) struct Seat {
    pub(crate) conn: Conn,
}

/// Where a room may be opened.
pub(crate) struct Referral {
    at: SocketAddr,
    cookie: String,
}

/// An invitation that has come.
pub(crate) struct Invitation {
    at: SocketAddr,
    /// The switchboard's number for the room.
    pub(crate) room: String,
    cookie: String,
}

/// What came of a call.
pub(crate) struct Rung {
    /// The switchboard's number for the room.
    pub(crate) room: String,
    /// How many others came in meanwhile.
    pub(crate) joined: usize,
}

/// Opens a room.
pub(crate) async fn open(session: &mut Session) -> anyhow::Result<Seat> {
    let answer = session.ask("XFR", format_args!("SB")).await?;
    begin(&referral(&answer.frame())?, &session.account).await
}

/// The referral in the answer to `XFR t SB`.
pub(crate) fn referral(frame: &Frame<'_>) -> anyhow::Result<Referral> {
    Ok(Referral { at: address(frame, 3)?, cookie: word(frame, 5)? })
}

/// Opens the room of a referral.
pub(crate) async fn begin(referral: &Referral, account: &Account) -> anyhow::Result<Seat> {
    let mut conn = Conn::open(referral.at, account.number).await?;
    conn.send(format!("USR 1 {} {}\r\n", account.handle, referral.cookie).as_bytes()).await?;
    let answer = conn.next().await?;
    anyhow::ensure!(answer.frame().word(2) == Some(b"OK"), "not let into the room: {}", answer.frame().text());
    Ok(Seat { conn })
}

/// Calls `handle` into the room.
pub(crate) async fn ring(seat: &mut Seat, handle: &str) -> anyhow::Result<Rung> {
    seat.conn.send(format!("CAL 2 {handle}\r\n").as_bytes()).await?;
    let mut joined = 0;
    loop {
        let answer = seat.conn.next().await?;
        let frame = answer.frame();
        match (frame.verb(), frame.word(2)) {
            (b"JOI", _) => joined += 1,
            (b"CAL", Some(b"RINGING")) => return Ok(Rung { room: word(&frame, 3)?, joined }),
            _ => bail!("{handle} is not called: {}", frame.text()),
        }
    }
}

/// Waits for an invitation and follows it into the room.
pub(crate) async fn join(session: &mut Session) -> anyhow::Result<Seat> {
    loop {
        let news = session.news().await?;
        if let Some(invitation) = invited(&news.frame())? {
            return enter(&invitation, &session.account).await;
        }
    }
}

/// The invitation in what has come, if it is one.
pub(crate) fn invited(frame: &Frame<'_>) -> anyhow::Result<Option<Invitation>> {
    if frame.verb() != b"RNG" {
        return Ok(None);
    }
    Ok(Some(Invitation { room: word(frame, 1)?, at: address(frame, 2)?, cookie: word(frame, 4)? }))
}

/// Enters the room of an invitation.
pub(crate) async fn enter(invitation: &Invitation, account: &Account) -> anyhow::Result<Seat> {
    let mut conn = Conn::open(invitation.at, account.number).await?;
    let Invitation { room, cookie, .. } = invitation;
    conn.send(format!("ANS 1 {} {cookie} {room}\r\n", account.handle).as_bytes()).await?;
    loop {
        let answer = conn.next().await?;
        match answer.frame().verb() {
            b"IRO" => {}
            b"ANS" if answer.frame().word(2) == Some(b"OK") => return Ok(Seat { conn }),
            _ => bail!("not let into the room: {}", answer.frame().text()),
        }
    }
}

impl Seat {
    /// Waits until someone has come into the room.
    pub(crate) async fn await_join(&mut self) -> anyhow::Result<()> {
        let news = self.conn.next().await?;
        anyhow::ensure!(news.frame().verb() == b"JOI", "nobody came: {}", news.frame().text());
        Ok(())
    }
}

fn word(frame: &Frame<'_>, n: usize) -> anyhow::Result<String> {
    let word = frame.word(n).with_context(|| format!("too few words in {}", frame.text()))?;
    Ok(String::from_utf8(word.to_vec())?)
}

fn address(frame: &Frame<'_>, n: usize) -> anyhow::Result<SocketAddr> {
    let text = word(frame, n)?;
    text.parse().with_context(|| format!("{text} is no address"))
}
