//! One client of a notification server, from its first byte to its last.
//!
//! The session is in one of the stages of [`Stage`]; what it does in each is in `sign_in` and
//! `online`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Email;
use msnp::dialect::STRANGER;
use msnp::ns::{Event, Request};
use msnp::{Dialect, Frame, Limits, TrId, Traits};

use super::context::{Context, Fx, Rules, Site};
use super::online::Online;
use super::{Answer, Identity, Notice, Question, Secret};
use crate::Machine;

/// How long a client that was sent to another server may take to go.
const TIME_TO_GO: Duration = Duration::from_secs(10);

/// How far a session has come.
pub(super) enum Stage {
    /// Nothing is known of the client but its dialect, if it has sent `VER`.
    Greeting,
    /// The desk is looking for the account.
    Identifying(TrId, Email),
    /// The client owes the answer to a challenge.
    Challenged { email: Email, challenge: String },
    /// The desk looks whether it is right. The ticket is what it was, or nothing.
    Proving { trid: TrId, email: Email, ticket: Secret },
    /// The client has proved who it is; the desk begins the session.
    SigningIn(TrId, Box<Identity>, Secret),
    /// Signed in.
    Online(Box<Online>),
    /// Sent to another server without having asked; it is the client that closes (draft §7.4).
    Referred { until: Instant },
    /// The client has proved that it does not know the password.
    Failed,
    /// Nothing more is to come.
    Over,
}

/// One client of a notification server.
pub struct Session {
    pub(super) rules: Arc<Rules>,
    pub(super) site: Site,
    pub(super) dialect: Option<Dialect>,
    pub(super) stage: Stage,
}

impl Session {
    /// A client has connected.
    pub const fn new(rules: Arc<Rules>, site: Site) -> Self {
        Self { rules, site, dialect: None, stage: Stage::Greeting }
    }

    /// The dialect of the client; MSNP2 if it has told none, which gaim of 2001 relies on.
    pub const fn dialect(&self) -> Dialect {
        match self.dialect {
            Some(dialect) => dialect,
            None => Dialect::Msnp2,
        }
    }

    /// The row of the client's dialect, or that of a client that has yet to tell it.
    pub(super) const fn traits(&self) -> &'static Traits {
        traits(self.dialect)
    }

    /// The stage, and what it needs to act.
    fn act(&mut self, now: Instant) -> (&mut Stage, Context<'_>) {
        let Self { rules, site, dialect, stage } = self;
        (stage, Context { rules, site: *site, traits: traits(*dialect), now })
    }

    pub(super) fn send(&self, effects: &mut Fx, event: &Event<'_>) {
        event.encode(self.traits(), &mut effects.send);
    }
}

const fn traits(dialect: Option<Dialect>) -> &'static Traits {
    match dialect {
        Some(dialect) => dialect.traits(),
        None => &STRANGER,
    }
}

impl Machine for Session {
    type Question = Question;
    type Answer = Answer;
    type Notice = Notice;

    fn limits(&self) -> Limits {
        match self.stage {
            Stage::Online(_) | Stage::Referred { .. } => msnp::ns::SIGNED_IN,
            _ => msnp::ns::BEFORE_SIGN_IN,
        }
    }

    fn is_stranger(&self) -> bool {
        !matches!(self.stage, Stage::Online(_) | Stage::Referred { .. })
    }

    fn handle_frame(&mut self, frame: &Frame<'_>, now: Instant, effects: &mut Fx) {
        let request = match Request::decode(frame, self.traits()) {
            Ok(request) => request,
            Err(bad) => return effects.verdict(bad),
        };
        match self.act(now) {
            (Stage::Online(online), context) => {
                if !online.recall(&request, frame, &context, effects) {
                    online.request(request, &context, effects);
                }
            }
            (Stage::Over | Stage::Failed | Stage::Referred { .. }, _) => {}
            _ => self.greet(request, effects),
        }
    }

    fn handle_answer(&mut self, answer: Answer, now: Instant, effects: &mut Fx) {
        match self.act(now) {
            (Stage::Online(online), context) => {
                if let Some(held) = online.answer(answer, &context, effects) {
                    self.handle_frame(&held.frame(), now, effects);
                }
            }
            _ => self.answer_sign_in(answer, now, effects),
        }
    }

    fn handle_notice(&mut self, notice: Notice, now: Instant, effects: &mut Fx) {
        match self.act(now) {
            (stage @ Stage::Online(_), context) if matches!(notice, Notice::Refer(_)) => {
                let Notice::Refer(endpoint) = notice else { return };
                let to = endpoint.as_seen_from(context.site.reached.ip());
                let current = context.site.current();
                context.send(effects, &Event::XfrNs { trid: TrId::ASYNC, to: &to, current: &current });
                *stage = Stage::Referred { until: now + TIME_TO_GO };
            }
            (Stage::Online(online), context) => online.notice(notice, &context, effects),
            // It comes back to this account's new session by itself.
            (Stage::Referred { .. }, _) if matches!(notice, Notice::TakenOver | Notice::Shutdown { minutes: 0 }) => {
                effects.close("the client was sent to another server");
            }
            _ if matches!(notice, Notice::TakenOver | Notice::Shutdown { minutes: 0 }) => {
                effects.close("the session ended before it began");
            }
            _ => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, effects: &mut Fx) {
        match self.act(now) {
            (Stage::Online(online), context) => online.timeout(&context, effects),
            (Stage::Referred { until }, _) if *until <= now => effects.close("sent to another server, and did not go"),
            _ => {}
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Online(online) => online.next_timeout(),
            Stage::Referred { until } => Some(*until),
            _ => None,
        }
    }

    fn farewell(&mut self) -> Option<Question> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Online(_) | Stage::Referred { .. } | Stage::SigningIn(..) => Some(Question::SignOut),
            Stage::Failed => Some(Question::Failed),
            _ => None,
        }
    }
}
