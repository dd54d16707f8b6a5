//! The contract between a connection's state and the loop that drives it.

use std::time::Instant;

use msnp::{Frame, Limits};

/// The state of one connection, fed with what happens to it, yielding [`Effects`].
///
/// The loop keeps three promises: it feeds one thing at a time; after a question it feeds nothing
/// but timeouts until it has fed the answer; after [`Effects::close`] it feeds nothing more, and
/// asks for the [`farewell`](Self::farewell).
pub trait Machine {
    /// What it asks of the desk.
    type Question;
    /// What the desk answers.
    type Answer;
    /// What others tell it.
    type Notice;

    /// What the client may send now.
    fn limits(&self) -> Limits;

    /// Has the client yet to prove who it is? Until then, the limits for strangers hold.
    fn is_stranger(&self) -> bool;

    /// A command of the client.
    fn handle_frame(&mut self, frame: &Frame<'_>, now: Instant, effects: &mut Effects<Self::Question>);

    /// The answer to the question that is open.
    fn handle_answer(&mut self, answer: Self::Answer, now: Instant, effects: &mut Effects<Self::Question>);

    /// News that needs a decision.
    fn handle_notice(&mut self, notice: Self::Notice, now: Instant, effects: &mut Effects<Self::Question>);

    /// The time of [`poll_timeout`](Self::poll_timeout) has come.
    fn handle_timeout(&mut self, now: Instant, effects: &mut Effects<Self::Question>);

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing happens before. Never
    /// while a question is open.
    fn poll_timeout(&self) -> Option<Instant>;

    /// The connection has ended, by whoever's will. What is left to ask, so that others learn of
    /// it; the answer is not fed.
    fn farewell(&mut self) -> Option<Self::Question>;
}

/// What a machine wants done, in this order: send, then ask or close.
#[derive(Debug)]
pub struct Effects<Q> {
    /// Bytes for the client.
    pub send: Vec<u8>,
    /// The one question that is open now.
    pub ask: Option<Q>,
    /// Close the connection, and why, for the log.
    pub close: Option<&'static str>,
}

impl<Q> Default for Effects<Q> {
    fn default() -> Self {
        Self { send: Vec::new(), ask: None, close: None }
    }
}

impl<Q> Effects<Q> {
    /// Asks. At most one question is open per connection.
    pub fn ask(&mut self, question: Q) {
        debug_assert!(self.ask.is_none(), "a question is open already");
        self.ask = Some(question);
    }

    /// Closes after what is to be sent.
    pub fn close(&mut self, why: &'static str) {
        self.close = Some(why);
    }

    /// Carries out what the codec says about a bad command.
    pub fn verdict(&mut self, bad: msnp::Bad) {
        match bad.verdict {
            msnp::Verdict::Refuse(trid, code) => msnp::error(&mut self.send, trid, code),
            msnp::Verdict::RefuseAndClose(trid, code) => {
                msnp::error(&mut self.send, trid, code);
                self.close(bad.why);
            }
            msnp::Verdict::Close => self.close(bad.why),
        }
    }
}
