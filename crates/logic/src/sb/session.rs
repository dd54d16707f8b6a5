//! One client of a switchboard. (docs/PROTOCOL.md, Switchboard)

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use model::{BadEmail, Cookie, Email, Name, RoomId};
use msnp::dialect::STRANGER;
use msnp::sb::{Delivery, Event, Request, message_header};
use msnp::{Code, Dialect, Frame, Limits, TrId, Traits};

use super::Rules;
use super::room::{Entry, Idle};
use crate::{Bucket, Effects, Machine};

/// What a session asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// Take the cookie, and let its bearer into the room that it is for.
    Enter {
        /// `USR` or `ANS`.
        entry: Entry,
        /// Who the client says it is.
        email: Email,
        /// What it presents.
        cookie: Cookie,
        /// The room that it names, in `ANS`.
        room: Option<RoomId>,
    },
    /// Call someone into the room.
    Call(Email),
    /// Hand this to everyone else in the room.
    Say(Bytes),
    /// The client has done something that others need not know: the room is not idle.
    Touch,
    /// Is the room idle?
    Idle,
    /// Good-bye.
    Leave,
}

/// Why someone cannot come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// Answer this code, then close.
    Code(Code),
    /// Just close: the cookie is good, but for another room.
    WrongRoom,
}

/// What the desk answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// To [`Question::Enter`]: in, under this name; the client has been told.
    Entered {
        /// As the cookie has it.
        name: Name,
        /// The dialect of the client, which the cookie knows too.
        dialect: Dialect,
        /// When to ask whether it is idle.
        idle_at: Instant,
    },
    /// To [`Question::Enter`]: not in.
    Refused(Refused),
    /// To [`Question::Call`].
    Called(Result<RoomId, Code>),
    /// To [`Question::Say`]: did everyone else get it?
    Said(bool),
    /// To [`Question::Idle`].
    Idle(Idle),
    /// To all that only needs to be done.
    Done,
}

/// What others tell a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The room has closed; whatever was to be said about it has been.
    Closed,
    /// When to ask whether the room is idle.
    IdleAt(Instant),
}

/// How far a session has come.
enum Stage {
    /// The client has yet to present its cookie.
    Greeting,
    /// The desk has the cookie.
    Entering { entry: Entry, email: Email },
    /// In a room.
    Inside(Inside),
    /// Nothing more is to come.
    Over,
}

struct Inside {
    email: Email,
    name: Name,
    traits: &'static Traits,
    calls: Bucket,
    idle_at: Instant,
    pending: Option<Pending>,
}

enum Pending {
    Call(TrId),
    Say(TrId, Delivery),
    Idle,
}

/// One client of a switchboard.
pub struct Session {
    rules: Arc<Rules>,
    stage: Stage,
}

impl Session {
    /// A client has connected.
    pub const fn new(rules: Arc<Rules>) -> Self {
        Self { rules, stage: Stage::Greeting }
    }

    /// The row of the client's dialect, once its cookie has told it.
    const fn traits(&self) -> &'static Traits {
        match &self.stage {
            Stage::Inside(inside) => inside.traits,
            _ => &STRANGER,
        }
    }

    fn enter(
        &mut self,
        entry: Entry,
        handle: &str,
        cookie: &str,
        room: Option<RoomId>,
        effects: &mut Effects<Question>,
    ) {
        let (Entry::Opening(trid) | Entry::Answering(trid)) = entry;
        match (&self.stage, Email::parse(handle)) {
            (Stage::Greeting, Ok(email)) => {
                self.stage = Stage::Entering { entry, email: email.clone() };
                effects.ask(Question::Enter { entry, email, cookie: Cookie(cookie.to_owned()), room });
            }
            (Stage::Greeting, Err(_)) => close(trid, Code::AuthenticationFailed, "the handle is malformed", effects),
            _ => msnp::error(&mut effects.send, trid, Code::AlreadySignedIn),
        }
    }
}

fn close(trid: TrId, code: Code, why: &'static str, effects: &mut Effects<Question>) {
    msnp::error(&mut effects.send, trid, code);
    effects.close(why);
}

impl Inside {
    /// An address that cannot exist is nobody who is online; one that is none at all is refused.
    fn call(&mut self, trid: TrId, handle: &str, rules: &Rules, now: Instant, effects: &mut Effects<Question>) {
        let code = match Email::parse(handle) {
            _ if self.calls.take(rules.calls, now).is_err() => Code::TooActive,
            Ok(callee) => {
                self.pending = Some(Pending::Call(trid));
                return effects.ask(Question::Call(callee));
            }
            Err(BadEmail::NotQualified) => Code::NotOnline,
            Err(_) => Code::InvalidUserName,
        };
        msnp::error(&mut effects.send, trid, code);
        effects.ask(Question::Touch);
    }

    /// Empty messages reach nobody: BitlBee leaves the room when it gets one.
    fn say(&mut self, trid: TrId, delivery: Delivery, payload: &[u8], effects: &mut Effects<Question>) {
        if payload.is_empty() {
            self.receipt(trid, delivery, false, effects);
            return effects.ask(Question::Touch);
        }
        let mut message = Vec::with_capacity(payload.len() + self.email.as_str().len() + 64);
        message_header(&mut message, &self.email, &self.name, payload);
        self.pending = Some(Pending::Say(trid, delivery));
        effects.ask(Question::Say(message.into()));
    }

    fn answer(&mut self, answer: Answer, effects: &mut Effects<Question>) {
        match (self.pending.take(), answer) {
            (Some(Pending::Say(trid, delivery)), Answer::Said(delivered)) => {
                self.receipt(trid, delivery, delivered, effects);
            }
            (Some(Pending::Call(trid)), Answer::Called(Ok(room))) => {
                Event::Cal { trid, room }.encode(self.traits, &mut effects.send);
            }
            (Some(Pending::Call(trid)), Answer::Called(Err(code))) => msnp::error(&mut effects.send, trid, code),
            (Some(Pending::Idle), Answer::Idle(Idle::Until(at))) => self.idle_at = at,
            (Some(Pending::Idle), Answer::Idle(Idle::Closed)) => effects.close("the room is idle"),
            _ => {}
        }
    }

    fn receipt(&self, trid: TrId, delivery: Delivery, delivered: bool, effects: &mut Effects<Question>) {
        let event = match (delivery, delivered) {
            (Delivery::Acknowledged | Delivery::Data, true) => Event::Ack { trid },
            (Delivery::Acknowledged | Delivery::Data | Delivery::FailureOnly, false) => Event::Nak { trid },
            (Delivery::Unacknowledged, _) | (Delivery::FailureOnly, true) => return,
        };
        event.encode(self.traits, &mut effects.send);
    }
}

impl Machine for Session {
    type Question = Question;
    type Answer = Answer;
    type Notice = Notice;

    fn limits(&self) -> Limits {
        msnp::sb::LIMITS
    }

    fn is_stranger(&self) -> bool {
        !matches!(self.stage, Stage::Inside(_))
    }

    fn handle_frame(&mut self, frame: &Frame<'_>, now: Instant, effects: &mut Effects<Question>) {
        let request = match Request::decode(frame, self.traits()) {
            Ok(request) => request,
            Err(bad) => return effects.verdict(bad),
        };
        let rules = Arc::clone(&self.rules);
        match (request, &mut self.stage) {
            (Request::Out, _) => effects.close("the client left"),
            (Request::Usr { trid, handle, cookie }, _) => {
                self.enter(Entry::Opening(trid), handle, cookie, None, effects);
            }
            (Request::Ans { trid, handle, cookie, room }, _) => {
                self.enter(Entry::Answering(trid), handle, cookie, Some(room), effects);
            }
            (Request::Cal { trid, handle }, Stage::Inside(inside)) => inside.call(trid, handle, &rules, now, effects),
            (Request::Msg { trid, delivery, payload }, Stage::Inside(inside)) => {
                inside.say(trid, delivery, payload, effects);
            }
            (Request::Cal { trid, .. } | Request::Msg { trid, .. }, _) => {
                close(trid, Code::NotSignedIn, "a command before entry", effects);
            }
        }
    }

    fn handle_answer(&mut self, answer: Answer, now: Instant, effects: &mut Effects<Question>) {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Inside(mut inside) => {
                inside.answer(answer, effects);
                self.stage = Stage::Inside(inside);
            }
            Stage::Entering { entry, email } => {
                let (Entry::Opening(trid) | Entry::Answering(trid)) = entry;
                match answer {
                    Answer::Entered { name, dialect, idle_at } => {
                        let (traits, calls) = (dialect.traits(), Bucket::full(now));
                        self.stage = Stage::Inside(Inside { email, name, traits, calls, idle_at, pending: None });
                    }
                    Answer::Refused(Refused::Code(code)) => close(trid, code, "not admitted", effects),
                    _ => effects.close("the cookie is for another room"),
                }
            }
            stage => self.stage = stage,
        }
    }

    fn handle_notice(&mut self, notice: Notice, _: Instant, effects: &mut Effects<Question>) {
        match (notice, &mut self.stage) {
            (Notice::Closed, _) => effects.close("the room has closed"),
            (Notice::IdleAt(at), Stage::Inside(inside)) => inside.idle_at = at,
            (Notice::IdleAt(_), _) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, effects: &mut Effects<Question>) {
        if let Stage::Inside(inside) = &mut self.stage
            && inside.idle_at <= now
        {
            inside.pending = Some(Pending::Idle);
            effects.ask(Question::Idle);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Inside(inside) => Some(inside.idle_at),
            _ => None,
        }
    }

    fn farewell(&mut self) -> Option<Question> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Inside(_) | Stage::Entering { .. } => Some(Question::Leave),
            _ => None,
        }
    }
}
