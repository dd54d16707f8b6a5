//! Who answers a machine's questions, and the part of the loop that asks them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use logic::{Effects, Machine};
use msnp::{Frame, Parsed};

use crate::link::Link;

/// An answer, now or later.
pub enum Reply<A> {
    /// It needed only a table of this process.
    Now(A),
    /// The store or the bus has to say it.
    Later(Pin<Box<dyn Future<Output = A> + Send>>),
}

/// Answers the questions of one connection's machine. It decides nothing: it locks a table and
/// calls a pure function, or awaits the store or the bus.
pub trait Desk<M: Machine>: Send + 'static {
    /// Answers one question, which was asked at `now`.
    fn answer(&mut self, question: M::Question, now: Instant) -> Reply<M::Answer>;
}

/// A machine, its desk and its link: one connection but for the socket.
pub struct Drive<M: Machine, D> {
    /// The state of the connection.
    pub machine: M,
    /// Who answers it.
    pub desk: D,
    /// The way to the client.
    pub link: Arc<Link<M::Notice>>,
    /// Bytes that came and have yet to be looked at.
    backlog: Vec<u8>,
    /// The answer that is awaited.
    open: Option<Pin<Box<dyn Future<Output = M::Answer> + Send>>>,
    /// Why the connection is to be closed.
    closing: Option<&'static str>,
}

/// Whether the next frame may be handled.
pub enum Pace {
    /// Yes.
    Go,
    /// Not now: leave the bytes where they are.
    Wait,
    /// Not ever: close.
    Stop(&'static str),
}

impl<M, D> Drive<M, D>
where
    M: Machine,
    M::Notice: Send + 'static,
    D: Desk<M>,
{
    /// A connection that has just begun.
    pub const fn new(machine: M, desk: D, link: Arc<Link<M::Notice>>) -> Self {
        Self { machine, desk, link, backlog: Vec::new(), open: None, closing: None }
    }

    /// Why the connection is to be closed, if it is.
    pub const fn closing(&self) -> Option<&'static str> {
        self.closing
    }

    /// Is an answer awaited?
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Are there bytes that have yet to be looked at?
    pub const fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// The answer that is awaited. Dropping the future keeps the question open.
    pub async fn answered(&mut self) -> M::Answer {
        match &mut self.open {
            Some(open) => open.await,
            None => std::future::pending().await,
        }
    }

    /// Handles the frames in `fresh`, which came behind what is left from before, as far as
    /// `pace` lets it. Call it in a [`batch`](crate::link::batch).
    pub fn feed(&mut self, fresh: &[u8], now: Instant, mut pace: impl FnMut(&M, usize) -> Pace) {
        let mut held = std::mem::take(&mut self.backlog);
        let input = if held.is_empty() {
            fresh
        } else {
            held.extend_from_slice(fresh);
            &held
        };
        let mut at = 0;
        while self.open.is_none() && self.closing.is_none() {
            match msnp::frame::parse(&input[at..], &self.machine.limits()) {
                Ok(Parsed::Incomplete) => break,
                Ok(Parsed::Blank(used)) => match pace(&self.machine, used) {
                    Pace::Go => at += used,
                    Pace::Wait => break,
                    Pace::Stop(why) => self.closing = Some(why),
                },
                Ok(Parsed::Frame(frame, used)) => match pace(&self.machine, used) {
                    Pace::Go => {
                        at += used;
                        self.frame(&frame, now);
                    }
                    Pace::Wait => break,
                    Pace::Stop(why) => self.closing = Some(why),
                },
                Err(error) => {
                    tracing::debug!(%error, "cannot read on");
                    self.closing = Some("a line that cannot be read");
                }
            }
        }
        if self.closing.is_none() && at < input.len() {
            self.backlog = input[at..].to_vec();
        }
    }

    fn frame(&mut self, frame: &Frame<'_>, now: Instant) {
        trace_frame(frame);
        let mut effects = Effects::default();
        self.machine.handle_frame(frame, now, &mut effects);
        self.carry_out(effects, now);
    }

    /// Feeds the answer that was awaited.
    pub fn answer(&mut self, answer: M::Answer, now: Instant) {
        self.open = None;
        let mut effects = Effects::default();
        self.machine.handle_answer(answer, now, &mut effects);
        self.carry_out(effects, now);
    }

    /// Feeds one notice, if there is one and nothing stands in its way.
    pub fn notice(&mut self, now: Instant) -> bool {
        if self.open.is_some() || self.closing.is_some() {
            return false;
        }
        let Some(notice) = self.link.notice() else { return false };
        let mut effects = Effects::default();
        self.machine.handle_notice(notice, now, &mut effects);
        self.carry_out(effects, now);
        true
    }

    /// Feeds the time, if the machine waits for it.
    pub fn timeout(&mut self, now: Instant) -> bool {
        if self.open.is_some() || self.closing.is_some() || self.machine.poll_timeout().is_none_or(|at| at > now) {
            return false;
        }
        let mut effects = Effects::default();
        self.machine.handle_timeout(now, &mut effects);
        self.carry_out(effects, now);
        true
    }

    fn carry_out(&mut self, mut effects: Effects<M::Question>, now: Instant) {
        loop {
            if !effects.send.is_empty() {
                trace_sent(&effects.send);
                self.link.give(effects.send);
            }
            if let Some(why) = effects.close {
                self.closing = Some(why);
                return;
            }
            let Some(question) = effects.ask else { return };
            match self.desk.answer(question, now) {
                Reply::Later(answer) => {
                    self.open = Some(answer);
                    return;
                }
                Reply::Now(answer) => {
                    effects = Effects::default();
                    self.machine.handle_answer(answer, now, &mut effects);
                }
            }
        }
    }

    /// The connection has ended: asks what the machine still has to ask.
    pub fn farewell(&mut self, now: Instant) -> Option<Pin<Box<dyn Future<Output = M::Answer> + Send>>> {
        match self.desk.answer(self.machine.farewell()?, now) {
            Reply::Now(_) => None,
            Reply::Later(rest) => Some(rest),
        }
    }
}

/// Raw lines, with what must stay secret cut out.
fn trace_frame(frame: &Frame<'_>) {
    let verb = std::str::from_utf8(&frame.verb).unwrap_or("???");
    match verb {
        "USR" | "ANS" => tracing::trace!(target: "wire", "> {verb} …"),
        _ => tracing::trace!(target: "wire", "> {verb} {} [{} bytes]", frame.rest, frame.payload.len()),
    }
}

fn trace_sent(bytes: &[u8]) {
    if tracing::enabled!(target: "wire", tracing::Level::TRACE) {
        for line in shown(bytes) {
            tracing::trace!(target: "wire", "< {line}");
        }
    }
}

/// What is sent, line by line, with cookies cut off and only the lengths of payloads.
fn shown(mut bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        let (line, rest) = bytes.split_at(end);
        let line = String::from_utf8_lossy(line.trim_ascii_end());
        let payload = match line.get(..4) {
            Some("MSG " | "IPG " | "NOT ") => line.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0),
            _ => 0,
        };
        bytes = rest.get(payload..).unwrap_or_default();
        lines.push(line.split_once(" CKI ").map_or(&*line, |(before, _)| before).to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_cookies_nor_payloads_are_shown() {
        let sent = b"NLN NLN amy@example.com Amy\r\nIPG 12\r\nsome\r\nsecretXFR 2 SB 127.0.0.1:1865 CKI 17.42\r\nMSG a b 9\r\ncut";
        assert_eq!(shown(sent), ["NLN NLN amy@example.com Amy", "IPG 12", "XFR 2 SB 127.0.0.1:1865", "MSG a b 9"]);
        assert!(shown(b"").is_empty());
    }
}
