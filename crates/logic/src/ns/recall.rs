//! What a session keeps of its user's roster while it does not need all of it.
//!
//! A roster takes kilobytes, and is needed while a client signs in and when it edits its lists. So
//! the session lets go of it when that is over, and keeps what it takes to tell the client later how
//! its lists are different. A command that needs the roster has it read again, and is held until it
//! is there.

use model::{MessagePrivacy, ReversePrompt, Roster, Serial, UserId};
use msnp::ns::Request;
use msnp::{Code, Frame, TrId};

use super::Question;
use super::circle::Circle;
use super::context::{Context, Fx};
use super::online::{Online, Pending};

/// What the client knows of its lists and settings, or will when it asks.
pub(super) struct Known {
    pub(super) serial: Serial,
    pub(super) prompt: ReversePrompt,
    pub(super) privacy: MessagePrivacy,
    /// On which lists everyone is, RL included.
    pub(super) circle: Circle,
}

impl Known {
    pub(super) fn of(roster: &Roster) -> Self {
        Self {
            serial: roster.serial,
            prompt: roster.prompt,
            privacy: roster.privacy,
            circle: roster.contacts.iter().map(|contact| (contact.user, contact.lists)).collect(),
        }
    }
}

/// A command that waits for the roster.
pub(super) struct Held {
    verb: msnp::frame::Verb,
    rest: Box<str>,
    payload: Box<[u8]>,
    pub(super) trid: TrId,
    /// Does it ask for the lists, whatever they are?
    pub(super) synchronises: bool,
    /// The code for: the store is away.
    pub(super) refusal: Code,
}

impl Held {
    pub(super) fn frame(&self) -> Frame<'_> {
        Frame { verb: self.verb, rest: &self.rest, payload: &self.payload }
    }
}

impl Online {
    /// Has the roster read, if this command needs it and it is not there. The command is then to be
    /// given again when it is: [`Online::answer`] hands it back.
    pub(super) fn recall(
        &mut self,
        request: &Request<'_>,
        frame: &Frame<'_>,
        context: &Context<'_>,
        effects: &mut Fx,
    ) -> bool {
        let synchronises = matches!(request, Request::Syn { .. });
        let is_here = match &self.roster {
            // It has been changed here since it was read; its time stamps are in the store.
            Some(roster) if synchronises => roster.stamps.is_some() || !context.traits.burst.is_stamped(),
            roster => roster.is_some(),
        };
        let Some(trid) = request.trid().filter(|_| !is_here && needs_roster(request)) else { return false };
        let (verb, rest, payload) = (frame.verb, frame.rest.into(), frame.payload.into());
        let refusal = match request {
            Request::Syn { .. } | Request::Lst { .. } | Request::Lsg { .. } => Code::DatabaseUnavailable,
            Request::Pag { .. } => Code::PagingUnavailable,
            _ => Code::DatabaseError,
        };
        let held = Held { verb, rest, payload, trid, synchronises, refusal };
        self.reload(Pending::Reload(Some(Box::new(held))), effects);
        true
    }

    /// Reads the roster again.
    pub(super) fn reload(&mut self, pending: Pending, effects: &mut Fx) {
        let known: Vec<UserId> = self.known.circle.iter().map(|(user, _)| user).collect();
        self.ask(effects, pending, Question::Reload(known));
    }

    /// The roster that [`recall`](Self::recall) has seen to.
    pub(super) fn roster(&self) -> &Roster {
        self.roster.as_deref().expect("a command that needs the roster is held until it is there")
    }

    /// Takes a roster without a word about what is different in it.
    pub(super) fn adopt(&mut self, roster: Roster) {
        self.known = Known::of(&roster);
        self.roster = Some(Box::new(roster));
    }

    /// The client has been told all of its lists, and is online: what comes now rarely needs them.
    pub(super) fn let_go(&mut self) {
        if self.synced && self.status.is_some() {
            self.roster = None;
        }
    }
}

const fn needs_roster(request: &Request<'_>) -> bool {
    matches!(
        request,
        Request::Syn { .. }
            | Request::Lst { .. }
            | Request::Lsg { .. }
            | Request::Pag { .. }
            | Request::Gtc { .. }
            | Request::Blp { .. }
            | Request::Prp { .. }
            | Request::Add { .. }
            | Request::Rem { .. }
            | Request::Rea { .. }
            | Request::Adg { .. }
            | Request::Rmg { .. }
            | Request::Reg { .. }
    )
}
