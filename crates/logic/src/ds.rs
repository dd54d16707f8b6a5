//! One client of a dispatch server: it learns where its notification server is, and goes.
//! (docs/PROTOCOL.md, Dispatch)

use std::sync::Arc;
use std::time::Instant;

use model::{Email, Endpoint};
use msnp::dialect::STRANGER;
use msnp::ns::{Event, ReferTo, Request, Step};
use msnp::{Code, Dialect, Frame, Limits, TrId, Traits};

use crate::ns::{Site, bad_handle, greeting};
use crate::{Effects, Machine};

/// What a session asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// The home of this account, whether it exists or not.
    Home(Email),
    /// Any notification server.
    Any,
}

/// What a session asks for: where to send its client. `None` if there is no notification server.
pub type Answer = Option<Endpoint>;

/// What the operator decides about all sessions.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Where `CVR` says that a client can be downloaded.
    pub download_url: String,
    /// Where `CVR` says that there is more to read.
    pub info_url: String,
}

/// One client of a dispatch server.
pub struct Session {
    rules: Arc<Rules>,
    site: Site,
    dialect: Option<Dialect>,
    /// The transaction that is to be answered with a referral.
    asked: Option<TrId>,
}

impl Session {
    /// A client has connected.
    pub const fn new(rules: Arc<Rules>, site: Site) -> Self {
        Self { rules, site, dialect: None, asked: None }
    }

    const fn traits(&self) -> &'static Traits {
        match self.dialect {
            Some(dialect) => dialect.traits(),
            None => &STRANGER,
        }
    }

    fn ask(&mut self, trid: TrId, question: Question, effects: &mut Effects<Question>) {
        self.asked = Some(trid);
        effects.ask(question);
    }
}

impl Machine for Session {
    type Question = Question;
    type Answer = Answer;
    type Notice = ();

    fn limits(&self) -> Limits {
        msnp::ns::BEFORE_SIGN_IN
    }

    fn is_stranger(&self) -> bool {
        true
    }

    fn handle_frame(&mut self, frame: &Frame<'_>, _: Instant, effects: &mut Effects<Question>) {
        let traits = self.traits();
        let request = match Request::decode(frame, traits) {
            Ok(request) => request,
            Err(bad) => return effects.verdict(bad),
        };
        let newest = |trid, query, version, effects: &mut Effects<_>| {
            let (download, info) = (&*self.rules.download_url, &*self.rules.info_url);
            Event::Cvr { trid, query, version, download, info }.encode(traits, &mut effects.send);
        };
        match request {
            Request::Ver { trid, .. } if self.dialect.is_some() => {
                msnp::error(&mut effects.send, trid, Code::NotExpected);
                effects.close("a second VER");
            }
            Request::Ver { trid, offered } => {
                self.dialect = Dialect::choose(&offered);
                greeting(self.dialect, trid, &offered, effects);
            }
            Request::Cvr { trid, version } => newest(trid, false, version.version, effects),
            Request::Cvq { trid, version } => newest(trid, true, version.version, effects),
            Request::Inf { trid } => Event::Inf { trid }.encode(traits, &mut effects.send),
            Request::Usr { trid, step: Step::Initiate { handle } } => match Email::parse(handle) {
                Ok(email) => self.ask(trid, Question::Home(email), effects),
                Err(bad) => bad_handle(trid, bad, effects),
            },
            Request::Usr { trid, step: Step::Respond { .. } } => {
                msnp::error(&mut effects.send, trid, Code::AuthenticationFailed);
                effects.close("nobody signs in at a dispatch server");
            }
            Request::Xfr { trid, to: ReferTo::Notification } => self.ask(trid, Question::Any, effects),
            Request::Out => effects.close("the client left"),
            Request::Png => effects.close("PNG before sign-in"),
            other => match other.trid() {
                Some(trid) => msnp::error(&mut effects.send, trid, Code::NotSignedIn),
                None => effects.close("a command before sign-in"),
            },
        }
    }

    /// The server closes after the referral (draft §7.4).
    fn handle_answer(&mut self, home: Answer, _: Instant, effects: &mut Effects<Question>) {
        let Some(trid) = self.asked.take() else { return };
        match home {
            Some(endpoint) => {
                let to = endpoint.as_seen_from(self.site.reached.ip());
                let current = self.site.current();
                Event::XfrNs { trid, to: &to, current: &current }.encode(self.traits(), &mut effects.send);
                effects.close("referred");
            }
            None => {
                msnp::error(&mut effects.send, trid, Code::ServerUnavailable);
                effects.close("there is no notification server");
            }
        }
    }

    fn handle_notice(&mut self, (): (), _: Instant, effects: &mut Effects<Question>) {
        effects.close("the server goes down");
    }

    fn handle_timeout(&mut self, _: Instant, _: &mut Effects<Question>) {}

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn farewell(&mut self) -> Option<Question> {
        None
    }
}
