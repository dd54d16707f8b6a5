//! One client of a notification server, from its first byte to its last.
//!
//! The session is in one of the stages of [`Stage`]; what it does in each is in `sign_in` and
//! `online`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::HostPort;
use msnp::dialect::STRANGER;
use msnp::ns::{Event, Request};
use msnp::{Code, Dialect, Frame, Limits, Traits, TrId};

use super::online::Online;
use super::{Answer, Identity, Notice, Question, Secret, lists};
use crate::{Effects, Machine, Rate};

pub(super) type Fx = Effects<Question>;

/// What the operator decides about all sessions.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How large lists may grow.
    pub lists: lists::Limits,
    /// `XFR SB` in a short time; beyond it 800.
    pub rooms: Rate,
    /// Changes of state and of the own name in a short time; beyond it 800.
    pub changes: Rate,
    /// How often clients are challenged to prove what program they are. `None`: never.
    pub challenge_every: Option<Duration>,
    /// How long they have to answer.
    pub challenge_patience: Duration,
    /// How long watchers go on seeing a session that was taken over, while the new one has yet
    /// to appear.
    pub linger: Duration,
    /// Refuse accounts whose e-mail address is not verified, instead of telling the client.
    pub require_verified: bool,
    /// Most hits of a search in the directory; beyond it 301.
    pub directory_hits: usize,
    /// Where `CVR` says that a client can be downloaded.
    pub download_url: String,
    /// Where `CVR` says that there is more to read.
    pub info_url: String,
    /// Where `URL` sends clients for services that the operator does not have.
    pub service_url: String,
}

/// What a session knows of its connection.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// The address and port at which the client reached this server.
    pub reached: SocketAddr,
}

impl Site {
    /// This server as the client sees it.
    pub fn current(&self) -> HostPort {
        HostPort { host: self.reached.ip().to_canonical().to_string(), port: self.reached.port() }
    }
}

/// How far a session has come.
pub(super) enum Stage {
    /// Nothing is known of the client but its dialect, if it has sent `VER`.
    Greeting,
    /// The desk is looking for the account.
    Identifying(TrId),
    /// The client owes the answer to a challenge.
    Challenged { challenge: String, account: Option<(Identity, Secret)> },
    /// The client has proved who it is; the desk begins the session.
    SigningIn(TrId, Identity),
    /// Signed in.
    Online(Box<Online>),
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
        match self.dialect {
            Some(dialect) => dialect.traits(),
            None => &STRANGER,
        }
    }

    pub(super) fn send(&self, effects: &mut Fx, event: &Event<'_>) {
        event.encode(self.traits(), &mut effects.send);
    }
}

impl Machine for Session {
    type Question = Question;
    type Answer = Answer;
    type Notice = Notice;

    fn limits(&self) -> Limits {
        match self.stage {
            Stage::Online(_) => msnp::ns::SIGNED_IN,
            _ => msnp::ns::BEFORE_SIGN_IN,
        }
    }

    fn is_stranger(&self) -> bool {
        !matches!(self.stage, Stage::Online(_))
    }

    fn handle_frame(&mut self, frame: &Frame<'_>, now: Instant, effects: &mut Fx) {
        let request = match Request::decode(frame, self.traits()) {
            Ok(request) => request,
            Err(bad) => return effects.verdict(bad),
        };
        let (rules, site, traits) = (Arc::clone(&self.rules), self.site, self.traits());
        match &mut self.stage {
            Stage::Online(online) => online.request(request, &super::online::Context { rules: &rules, site, traits, now }, effects),
            Stage::Over | Stage::Failed => {}
            _ => self.greet(request, effects),
        }
    }

    fn handle_answer(&mut self, answer: Answer, now: Instant, effects: &mut Fx) {
        let (rules, site, traits) = (Arc::clone(&self.rules), self.site, self.traits());
        match &mut self.stage {
            Stage::Online(online) => online.answer(answer, &super::online::Context { rules: &rules, site, traits, now }, effects),
            _ => self.answer_sign_in(answer, now, effects),
        }
    }

    fn handle_notice(&mut self, notice: Notice, now: Instant, effects: &mut Fx) {
        let (rules, site, traits) = (Arc::clone(&self.rules), self.site, self.traits());
        if let Stage::Online(online) = &mut self.stage {
            online.notice(notice, &super::online::Context { rules: &rules, site, traits, now }, effects);
        } else if matches!(notice, Notice::TakenOver | Notice::Shutdown { minutes: 0 }) {
            effects.close("the session ended before it began");
        }
    }

    fn handle_timeout(&mut self, now: Instant, effects: &mut Fx) {
        let (rules, site, traits) = (Arc::clone(&self.rules), self.site, self.traits());
        if let Stage::Online(online) = &mut self.stage {
            online.timeout(&super::online::Context { rules: &rules, site, traits, now }, effects);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Online(online) => online.next_timeout(),
            _ => None,
        }
    }

    fn farewell(&mut self) -> Option<Question> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Online(_) | Stage::SigningIn(..) => Some(Question::SignOut),
            Stage::Failed => Some(Question::Failed),
            _ => None,
        }
    }
}

/// Refuses a request and closes: there is no going on from here.
pub(super) fn refuse_and_close(effects: &mut Fx, trid: TrId, code: Code, why: &'static str) {
    msnp::error(&mut effects.send, trid, code);
    effects.close(why);
}
