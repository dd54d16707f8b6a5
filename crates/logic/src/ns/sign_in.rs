//! From `VER` to `USR … OK`. (docs/PROTOCOL.md, Sign-in)

use std::time::Instant;

use model::{BadEmail, Email, Name};
use msnp::dialect::Package;
use msnp::ns::{Event, ProfileFields, Request, Step};
use msnp::{Code, Dialect, TrId};

use super::context::{Fx, refuse_and_close};
use super::online::Online;
use super::session::{Session, Stage};
use super::{Answer, Candidate, Found, Identity, Proof, Question, Secret, SignedIn};
use crate::login::twn;

impl Session {
    /// A command of a client that has not signed in.
    pub(super) fn greet(&mut self, request: Request<'_>, effects: &mut Fx) {
        match request {
            Request::Ver { trid, offered } => self.version(trid, &offered, effects),
            Request::Cvr { trid, version } => self.newest(trid, false, version.version, effects),
            Request::Cvq { trid, version } => self.newest(trid, true, version.version, effects),
            Request::Inf { trid } => self.send(effects, &Event::Inf { trid }),
            Request::Usr { trid, step: Step::Initiate { handle } } => self.initiate(trid, handle, effects),
            Request::Usr { trid, step: Step::Respond { response } } => self.respond(trid, response, effects),
            Request::Out => effects.close("the client signed out"),
            Request::Png => effects.close("PNG before sign-in"),
            other => match other.trid() {
                Some(trid) => msnp::error(&mut effects.send, trid, Code::NotSignedIn),
                None => effects.close("a command before sign-in"),
            },
        }
    }

    /// A second `VER` is refused, since what was said before would change its meaning.
    fn version(&mut self, trid: TrId, offered: &[&str], effects: &mut Fx) {
        if self.dialect.is_some() {
            return refuse_and_close(effects, trid, Code::NotExpected, "a second VER");
        }
        self.dialect = Dialect::choose(offered);
        greeting(self.dialect, trid, offered, effects);
    }

    fn newest(&self, trid: TrId, query: bool, version: &str, effects: &mut Fx) {
        let (download, info) = (&*self.rules.download_url, &*self.rules.info_url);
        self.send(effects, &Event::Cvr { trid, query, version, download, info });
    }

    fn initiate(&mut self, trid: TrId, handle: &str, effects: &mut Fx) {
        match Email::parse(handle) {
            Ok(email) => {
                self.stage = Stage::Identifying(trid, email.clone());
                effects.ask(Question::Identify(email, self.traits().package));
            }
            Err(bad) => bad_handle(trid, bad, effects),
        }
    }

    fn respond(&mut self, trid: TrId, response: &str, effects: &mut Fx) {
        let Stage::Challenged { email, challenge } = std::mem::replace(&mut self.stage, Stage::Greeting) else {
            return refuse_and_close(effects, trid, Code::AuthenticationFailed, "an answer to no challenge");
        };
        let (proof, ticket) = match self.traits().package {
            Package::Md5 => (Proof::Digest { challenge, response: response.to_owned() }, Secret(String::new())),
            Package::Twn => {
                let ticket = Secret(twn::ticket(response).to_owned());
                (Proof::Ticket(ticket.clone()), ticket)
            }
        };
        self.stage = Stage::Proving { trid, email: email.clone(), ticket };
        effects.ask(Question::Prove(email, proof));
    }

    /// The client has proved who it is, or has not.
    fn proved(&mut self, trid: TrId, candidate: Option<Box<Candidate>>, ticket: Secret, effects: &mut Fx) {
        match candidate {
            Some(candidate) if candidate.identity.verified || !self.rules.require_verified => {
                self.stage = Stage::SigningIn(trid, Box::new(candidate.identity.clone()), ticket);
                effects.ask(Question::SignIn(candidate, self.dialect()));
            }
            Some(_) => {
                refuse_and_close(effects, trid, self.traits().unverified, "the e-mail address is not verified");
            }
            None => {
                self.stage = Stage::Failed;
                refuse_and_close(effects, trid, Code::AuthenticationFailed, "wrong account, password or ticket");
            }
        }
    }

    /// An answer while the client signs in.
    pub(super) fn answer_sign_in(&mut self, answer: Answer, now: Instant, effects: &mut Fx) {
        match (std::mem::replace(&mut self.stage, Stage::Greeting), answer) {
            (Stage::Identifying(trid, email), Answer::Identified(Found::Challenge(challenge))) => {
                self.send(effects, &Event::UsrChallenge { trid, challenge: &challenge });
                self.stage = Stage::Challenged { email, challenge };
            }
            (Stage::Proving { trid, email, ticket }, Answer::Proved(candidate)) => {
                self.proved(trid, candidate.filter(|candidate| candidate.identity.email == email), ticket, effects);
            }
            (Stage::Identifying(trid, _), Answer::Identified(Found::Elsewhere(endpoint))) => {
                let to = endpoint.as_seen_from(self.site.reached.ip());
                self.send(effects, &Event::XfrNs { trid, to: &to, current: &self.site.current() });
                effects.close("referred to the user's home");
            }
            (Stage::Identifying(trid, _), Answer::Identified(Found::TooMany)) => {
                refuse_and_close(effects, trid, Code::ServerBusy, "too many failed sign-ins from this address");
            }
            (Stage::SigningIn(trid, identity, ticket), Answer::SignedIn(signed_in)) => {
                self.begin(trid, *identity, &ticket, *signed_in, now, effects);
            }
            (Stage::Identifying(trid, _), _) => {
                refuse_and_close(effects, trid, Code::ServerUnavailable, "the store is not there");
            }
            (Stage::Proving { trid, .. } | Stage::SigningIn(trid, ..), _) => {
                refuse_and_close(effects, trid, Code::TooBusy, "the store is not there");
            }
            (stage, _) => self.stage = stage,
        }
    }

    fn begin(
        &mut self,
        trid: TrId,
        identity: Identity,
        Secret(ticket): &Secret,
        signed_in: SignedIn,
        now: Instant,
        effects: &mut Fx,
    ) {
        let SignedIn { roster, unix_seconds, lingers } = signed_in;
        let (email, name, verified) = (&identity.email, &identity.name, identity.verified);
        self.send(effects, &Event::UsrOk { trid, email, name, verified });
        let member = member_id(&roster);
        if self.traits().credit {
            self.send(effects, &Event::Sbs);
        }
        let (client, mail) = (self.site.peer, !self.rules.mail_url.is_empty());
        let fields = ProfileFields { login_time: unix_seconds, email, member, ticket, client, mail };
        self.send(effects, &Event::Profile(&fields));
        let settle_at = lingers.then(|| now + self.rules.linger);
        self.stage = Stage::Online(Box::new(Online::new(identity, roster, settle_at, now)));
    }
}

/// The account's number, told as Passport told it: in two halves, the upper of which named the
/// server that kept the account.
fn member_id(roster: &model::Roster) -> u64 {
    1 << 32 | (roster.user.0.unsigned_abs() & 0xFFFF_FFFF)
}

/// The answer to `VER`, the same from dispatch and notification servers.
pub(crate) fn greeting<Q>(dialect: Option<Dialect>, trid: TrId, offered: &[&str], effects: &mut crate::Effects<Q>) {
    let cvr0 = offered.iter().any(|name| name.eq_ignore_ascii_case("CVR0"));
    let (traits, event) = match dialect {
        Some(dialect) => (dialect.traits(), Event::Ver { trid, cvr0 }),
        None if cvr0 => (&msnp::dialect::STRANGER, Event::VerCvr0 { trid }),
        None => {
            effects.close("no common dialect");
            (&msnp::dialect::STRANGER, Event::VerRefused { trid })
        }
    };
    event.encode(traits, &mut effects.send);
}

/// Refuses a sign-in whose handle no account can have.
pub(crate) fn bad_handle<Q>(trid: TrId, bad: BadEmail, effects: &mut crate::Effects<Q>) {
    let code = if bad == BadEmail::NoDomain { Code::DomainMissing } else { Code::AuthenticationFailed };
    msnp::error(&mut effects.send, trid, code);
    effects.close("the handle is malformed");
}

/// What others see of an account's name: an unverified one may not pretend.
pub fn shown_name(email: &Email, name: &Name, verified: bool) -> Name {
    if verified {
        return name.clone();
    }
    Name::friendly(&format!("{email} (E-Mail Address Not Verified)")).unwrap_or_else(|_| Name::from(email))
}
