//! Runs a script on a stage, statement by statement.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::macros::is_property_of_entry;
use crate::pattern::{Captures, Pattern, Unfilled};
use crate::script::{Action, Cast, Payload, Script, Statement, Target, is_room};
use crate::stage::{Patience, Place, Stage, StageError};
use crate::wire::{escaped, shown};

mod expect;
mod failure;
mod link;
mod observe;

pub use failure::Failure;
pub(crate) use link::{End, Framing, Link, Next};
pub(crate) use observe::{Member, Room};

/// How a play ended that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Played {
    /// Every statement held, and nothing was left over.
    Passed,
    /// It was not played, for this reason.
    Skipped(String),
}

/// Plays `script` on `stage`, from preparing the cast to the check for leftover output.
pub async fn play(script: &Script, stage: &mut impl Stage) -> Result<Played, Failure> {
    if !script.stages.is_empty() && !script.stages.iter().any(|name| name == stage.name()) {
        return Ok(Played::Skipped(format!("only for {}", script.stages.join(", "))));
    }
    if let Some((_, why)) = script.exceptions.iter().find(|(name, _)| name == stage.name()) {
        return Ok(Played::Skipped(format!("not for {}: {why}", stage.name())));
    }
    if let Some(needs) = script.needs().into_iter().find_map(|need| stage.lacks(need)) {
        return Ok(Played::Skipped(format!("needs {needs}")));
    }
    let prepared = stage.prepare(&script.cast).await;
    if let Err(StageError::Unsupported(needs)) = prepared {
        return Ok(Played::Skipped(format!("needs {needs}")));
    }
    let mut player = Player::new(&script.file, &script.cast, stage);
    let mut result = prepared.map_err(|error| player.failed("the cast in place", &error.to_string(), None));
    if result.is_ok() {
        result = player.run(&script.statements).await;
    }
    player.leave().await;
    result.map(|()| Played::Passed)
}

/// A play under way.
pub(crate) struct Player<'a, S> {
    file: &'a str,
    pub(crate) cast: &'a Cast,
    stage: &'a mut S,
    /// The statement that is being played: its line and text.
    at: (usize, String),
    pub(crate) captures: Captures,
    pub(crate) links: BTreeMap<String, Link>,
    pub(crate) rooms: Vec<Room>,
    /// Friendly names as the server knows them now, by handle.
    pub(crate) names: BTreeMap<String, String>,
    /// Capabilities that clients have announced, by handle.
    pub(crate) capabilities: BTreeMap<String, String>,
}

impl<'a, S: Stage> Player<'a, S> {
    /// Nothing has happened yet. `file` is for reports.
    pub(crate) fn new(file: &'a str, cast: &'a Cast, stage: &'a mut S) -> Self {
        let passwords = cast.accounts.iter().map(|account| (account.handle.clone(), account.password.clone()));
        let names = cast.accounts.iter().map(|account| (account.handle.clone(), account.name.clone())).collect();
        Self {
            file,
            cast,
            captures: Captures::new(passwords),
            stage,
            at: (0, "(before the play)".to_owned()),
            links: BTreeMap::new(),
            rooms: Vec::new(),
            names,
            capabilities: BTreeMap::new(),
        }
    }

    async fn run(&mut self, statements: &[Statement]) -> Result<(), Failure> {
        for statement in statements {
            self.at = (statement.line, statement.text.clone());
            self.step(&statement.action).await?;
        }
        self.at.1 = "(end of the play)".to_owned();
        let open: Vec<String> =
            self.links.iter().filter(|(_, link)| link.is_open()).map(|(name, _)| name.clone()).collect();
        for link in open {
            self.at_rest(&link).await?;
        }
        Ok(())
    }

    async fn step(&mut self, action: &Action) -> Result<(), Failure> {
        match action {
            Action::Connect { link, to } => {
                let place = match to {
                    Target::Dispatch => Place::Dispatch,
                    Target::Web => Place::Web,
                    Target::Address(address) => {
                        let address = self.filled(link, address, 0)?;
                        let address = String::from_utf8_lossy(&address).into_owned();
                        if is_room(link) { Place::Switchboard(address) } else { Place::At(address) }
                    }
                };
                self.connect(link, place).await
            }
            Action::Send { link, line, payload } => self.tell(link, line, payload).await,
            Action::SendRaw { link, bytes } => self.send(link, bytes).await,
            Action::Expect { link, expected } => self.expect(link, expected).await,
            Action::Closed(link) => self.closed(link).await,
            Action::Drop { link, reset } => self.hang_up(link, *reset).await,
            Action::Silence(links) => {
                for link in links {
                    self.silent(link, "silence").await?;
                }
                Ok(())
            }
            Action::Wait(time) => {
                self.pause(*time).await;
                Ok(())
            }
            Action::Operate(operation) => {
                let done = self.stage.operate(operation).await;
                done.map_err(|error| self.failed("the operator can do this", &error.to_string(), None))
            }
            Action::Macro(step) => self.perform(step).await,
        }
    }

    /// Opens a connection under the name `link`.
    pub(crate) async fn connect(&mut self, link: &str, place: Place) -> Result<(), Failure> {
        // A client that goes on to another server lets go of the one that referred it.
        if let Some(before) = self.links.get(link).filter(|before| before.end != End::Dropped) {
            let id = before.id;
            self.stage.drop(id, false).await;
        }
        if self.links.get(link).is_some_and(Link::is_open) {
            return Err(self.failed("a new connection", "it is open already", Some(link)));
        }
        let id = self.stage.connect(&place).await;
        let id = id.map_err(|error| self.broken("a connection", &error, link))?;
        let traffic = self.links.remove(link).map_or_else(VecDeque::new, |old| old.traffic);
        let framing = if place == Place::Web { Framing::Answers } else { Framing::Commands };
        self.links.insert(link.to_owned(), Link::new(id, framing, traffic));
        Ok(())
    }

    /// Sends one command.
    pub(crate) async fn tell(&mut self, link: &str, line: &Pattern, payload: &Payload) -> Result<(), Failure> {
        let body = payload.fill(&self.captures).map_err(|unfilled| self.unfilled(link, &unfilled))?;
        let mut bytes = self.filled(link, line, body.len())?;
        bytes.extend_from_slice(b"\r\n");
        bytes.extend(body);
        self.send(link, &bytes).await
    }

    fn filled(&self, link: &str, pattern: &Pattern, length: usize) -> Result<Vec<u8>, Failure> {
        let filled = pattern.fill(&self.captures, length);
        filled.map_err(|unfilled| self.unfilled(link, &unfilled))
    }

    fn unfilled(&self, link: &str, unfilled: &Unfilled) -> Failure {
        self.failed("values for all captures", &unfilled.to_string(), Some(link))
    }

    async fn send(&mut self, link: &str, bytes: &[u8]) -> Result<(), Failure> {
        let Some(connection) = self.links.get_mut(link) else {
            return Err(self.failed("a connection to send on", "it was never opened", Some(link)));
        };
        connection.log(">", &sent(bytes));
        match connection.end {
            End::Dropped => Err(self.failed("a connection to send on", "the client has closed it", Some(link))),
            // As on a real network, sending into a closed connection shows only by what comes back.
            End::Closed => Ok(()),
            End::Open => {
                let id = connection.id;
                let sent = self.stage.send(id, bytes).await;
                sent.map_err(|error| self.broken("to send", &error, link))
            }
        }
    }

    /// The server closes, having sent nothing more.
    pub(crate) async fn closed(&mut self, link: &str) -> Result<(), Failure> {
        let came = match self.next(link, Patience::Expecting).await? {
            Next::Closed => {
                self.leave_room(link);
                return Ok(());
            }
            next => next.shown(),
        };
        Err(self.failed("the server closes the connection", &came, Some(link)))
    }

    async fn silent(&mut self, link: &str, expected: &str) -> Result<(), Failure> {
        match self.next(link, Patience::Silence).await? {
            Next::Nothing => Ok(()),
            next => Err(self.failed(expected, &next.shown(), Some(link))),
        }
    }

    /// Nothing is left over. A web server may close a connection on which nobody asks for anything.
    async fn at_rest(&mut self, link: &str) -> Result<(), Failure> {
        let may_close = self.links.get(link).is_some_and(|link| !link.has_commands());
        match self.next(link, Patience::Silence).await? {
            Next::Nothing => Ok(()),
            Next::Closed if may_close => Ok(()),
            next => Err(self.failed("nothing more on this connection", &next.shown(), Some(link))),
        }
    }

    /// The client closes.
    pub(crate) async fn hang_up(&mut self, link: &str, reset: bool) -> Result<(), Failure> {
        let Some(connection) = self.links.get_mut(link).filter(|link| link.end != End::Dropped) else {
            return Err(self.failed("a connection to close", "it is not open", Some(link)));
        };
        connection.end = End::Dropped;
        let id = connection.id;
        self.stage.drop(id, reset).await;
        self.leave_room(link);
        Ok(())
    }

    /// Lets time pass.
    pub(crate) async fn pause(&mut self, time: Duration) {
        self.stage.wait(time).await;
    }

    /// What the server sent next on `link`.
    pub(crate) async fn next(&mut self, link: &str, patience: Patience) -> Result<Next, Failure> {
        let Some(connection) = self.links.get_mut(link) else {
            return Err(self.failed("a connection", "it was never opened", Some(link)));
        };
        if connection.end == End::Dropped {
            return Err(self.failed("an open connection", "the client has closed it", Some(link)));
        }
        let next = loop {
            let next = connection.next(self.stage, patience).await;
            let Ok(Next::Frame(frame)) = &next else { break next };
            connection.in_burst &= is_property_of_entry(&frame.words());
            if !connection.in_burst {
                break next;
            }
        };
        let next = next.map_err(|error| self.broken("something to receive", &error, link))?;
        if let Next::Frame(frame) = &next {
            self.observe(link, frame);
        }
        Ok(next)
    }

    /// A ticket for the owner of `link`, to answer `challenge` with.
    pub(crate) async fn ticket(&mut self, link: &str, challenge: &str) -> Result<String, Failure> {
        let account = self.own(link)?.clone();
        let ticket = self.stage.ticket(&account.handle, &account.password, challenge).await;
        ticket.map_err(|error| self.broken("a ticket", &error, link))
    }

    /// May the dispatch server of this stage take a sign-in itself?
    pub(crate) fn may_serve_directly(&self) -> bool {
        self.stage.may_serve_directly()
    }

    /// Closes whatever is still open.
    pub(crate) async fn leave(&mut self) {
        for link in self.links.values_mut().filter(|link| link.end != End::Dropped) {
            link.end = End::Dropped;
            self.stage.drop(link.id, false).await;
        }
    }
}

/// Sent bytes for the log: one command with its payload, or whatever else was sent.
fn sent(bytes: &[u8]) -> String {
    match bytes.windows(2).position(|pair| pair == b"\r\n") {
        Some(end) => shown(&bytes[..end], Some(&bytes[end + 2..])),
        None => escaped(bytes),
    }
}

#[cfg(test)]
mod tests;
