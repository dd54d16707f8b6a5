//! Conversations: from the request for a switchboard to two people in a room.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};

use super::conn::Command;
use super::{Conn, Session};

/// A place in a room.
pub(crate) struct Seat {
    pub(crate) conn: Conn,
    /// Whose it is.
    pub(crate) handle: String,
}

/// An invitation that has come.
pub(crate) struct Invitation {
    at: SocketAddr,
    room: String,
    cookie: String,
}

/// Opens a room.
pub(crate) async fn open(session: &mut Session) -> anyhow::Result<Seat> {
    let referral = session.ask("XFR", format_args!("SB")).await?;
    let (at, cookie) = (address(&referral, 3)?, word(&referral, 5)?);
    let handle = session.account.handle.clone();
    let mut conn = Conn::open(at, session.account.number).await?;
    conn.send(format!("USR 1 {handle} {cookie}\r\n").as_bytes()).await?;
    let answer = conn.next().await?;
    anyhow::ensure!(answer.frame().word(2) == Some(b"OK"), "not let into the room: {}", answer.frame().text());
    Ok(Seat { conn, handle })
}

/// Calls `handle` into the room.
pub(crate) async fn ring(seat: &mut Seat, handle: &str) -> anyhow::Result<()> {
    seat.conn.send(format!("CAL 2 {handle}\r\n").as_bytes()).await?;
    let answer = seat.conn.next().await?;
    anyhow::ensure!(answer.frame().word(2) == Some(b"RINGING"), "{handle} is not called: {}", answer.frame().text());
    Ok(())
}

/// Waits for an invitation and follows it into the room.
pub(crate) async fn join(session: &mut Session) -> anyhow::Result<Seat> {
    loop {
        let news = session.news().await?;
        if let Some(invitation) = invited(&news)? {
            return enter(&invitation, &session.account.handle, session.account.number).await;
        }
    }
}

/// The invitation in what has come, if it is one.
pub(crate) fn invited(news: &Command) -> anyhow::Result<Option<Invitation>> {
    if news.frame().verb() != b"RNG" {
        return Ok(None);
    }
    Ok(Some(Invitation { room: word(news, 1)?, at: address(news, 2)?, cookie: word(news, 4)? }))
}

/// Enters the room of an invitation.
pub(crate) async fn enter(invitation: &Invitation, handle: &str, number: usize) -> anyhow::Result<Seat> {
    let mut conn = Conn::open(invitation.at, number).await?;
    conn.send(format!("ANS 1 {handle} {} {}\r\n", invitation.cookie, invitation.room).as_bytes()).await?;
    loop {
        let answer = conn.next().await?;
        match answer.frame().verb() {
            b"IRO" => {}
            b"ANS" if answer.frame().word(2) == Some(b"OK") => return Ok(Seat { conn, handle: handle.to_owned() }),
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

fn word(command: &Command, n: usize) -> anyhow::Result<String> {
    let word = command.frame().word(n).with_context(|| format!("too few words in {}", command.frame().text()))?;
    Ok(String::from_utf8(word.to_vec())?)
}

fn address(command: &Command, n: usize) -> anyhow::Result<SocketAddr> {
    let text = word(command, n)?;
    text.parse().with_context(|| format!("{text} is no address"))
}
