//! The steps that many plays share. Each checks every line that it consumes.

use crate::Failure;
use crate::pattern::{Pattern, literal};
use crate::play::{Link, Next, Player};
use crate::script::{Account, Expectation, Macro, Payload};
use crate::stage::{Patience, Stage};

mod call;
mod dialect;
mod profile;
mod sign_in;
mod sync;

pub use dialect::Dialect;
pub(crate) use dialect::{Burst, Login};
pub(crate) use sync::{Roster, is_property_of_entry};

impl<S: Stage> Player<'_, S> {
    /// Plays a macro.
    pub(crate) async fn perform(&mut self, step: &Macro) -> Result<(), Failure> {
        match step {
            Macro::SignIn(link, dialect) => self.sign_in(link, *dialect).await,
            Macro::Sync(link) => self.sync(link).await.map(drop),
            Macro::Online(link, dialect, status) => self.online(link, *dialect, status).await,
            Macro::Fetch { link, ticket, challenge } => self.fetch(link, ticket, challenge).await,
            Macro::Open(link) => self.open(link).await,
            Macro::Join(link, caller) => self.join(link, caller).await,
            Macro::Say { link, text, to } => self.say(link, text, to).await,
        }
    }

    /// Signs in, synchronises, and sets the first status.
    async fn online(&mut self, link: &str, dialect: Dialect, status: &str) -> Result<(), Failure> {
        self.sign_in(link, dialect).await?;
        self.sync(link).await?;
        let trid = self.trid(link)?;
        let line = literal(&format!("CHG {trid} {status}"));
        self.say_line(link, &line).await?;
        self.hear(link, &line).await?;
        self.captures.set(format!("{}.chg", crate::script::person(link)), trid.to_string());
        Ok(())
    }

    /// Fetches a ticket and keeps it as a capture.
    async fn fetch(&mut self, link: &str, ticket: &str, challenge: &str) -> Result<(), Failure> {
        let challenge = self.captured(link, challenge)?;
        let value = self.ticket(link, &challenge).await?;
        self.captures.set(ticket, value);
        Ok(())
    }

    /// Sends the line that `pattern` gives.
    pub(crate) async fn say_line(&mut self, link: &str, pattern: &str) -> Result<(), Failure> {
        let line = self.pattern(link, pattern)?;
        self.tell(link, &line, &Payload::Empty).await
    }

    /// The server's next line must be this, without a payload.
    pub(crate) async fn hear(&mut self, link: &str, pattern: &str) -> Result<(), Failure> {
        self.hear_with(link, pattern, Payload::Empty).await
    }

    /// The server's next line must be this, with this payload.
    async fn hear_with(&mut self, link: &str, pattern: &str, payload: Payload) -> Result<(), Failure> {
        let pattern = self.pattern(link, pattern)?;
        // Line 0: the failure is reported at the macro's own line.
        self.expect(link, &[Expectation { line: 0, text: String::new(), pattern, payload }]).await
    }

    /// The server's next line must be one of these, without a payload; which it is.
    pub(crate) async fn hear_one_of(&mut self, link: &str, patterns: &[String]) -> Result<usize, Failure> {
        let next = self.next(link, Patience::Expecting).await?;
        if let Next::Frame(frame) = &next {
            for (index, text) in patterns.iter().enumerate() {
                if frame.payload.is_none()
                    && let Some(found) = self.pattern(link, text)?.matches(&frame.line, &self.captures, 0)
                {
                    self.captures.extend(found);
                    return Ok(index);
                }
            }
        }
        Err(self.failed(&format!("one of\n{}", patterns.join("\n")), &next.shown(), Some(link)))
    }

    fn pattern(&self, link: &str, text: &str) -> Result<Pattern, Failure> {
        Pattern::parse(text).map_err(|bad| self.failed("a pattern", &bad.to_string(), Some(link)))
    }

    /// The next transaction id of this connection.
    pub(crate) fn trid(&mut self, link: &str) -> Result<u32, Failure> {
        let trid = self.links.get_mut(link).map(Link::next_trid);
        trid.ok_or_else(|| self.failed("an open connection", "it was never opened", Some(link)))
    }

    /// The account that `link` belongs to.
    pub(crate) fn own(&self, link: &str) -> Result<&Account, Failure> {
        let account = self.cast.account_of(link);
        account.ok_or_else(|| self.failed("a connection of an account", "nobody of the cast", Some(link)))
    }

    /// The handle and the present friendly name of `link`'s account, for use in patterns; a name
    /// that is not known stands for any.
    fn own_words(&self, link: &str) -> Result<(String, String), Failure> {
        let account = self.own(link)?;
        let name = self.names.get(&account.handle).map_or_else(|| "{_}".to_owned(), |name| literal(name));
        Ok((literal(&account.handle), name))
    }

    /// The value of a capture that a step before must have made.
    fn captured(&self, link: &str, name: &str) -> Result<String, Failure> {
        let value = self.captures.text(name);
        value.ok_or_else(|| self.failed(&format!("a value for {{{name}}}"), "it has not been captured", Some(link)))
    }
}

#[cfg(test)]
mod tests;
