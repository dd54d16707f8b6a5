//! A client that is signed in: what it may send, and what it is told.

use std::time::{Duration, Instant};

use model::{Email, GroupId, List, Name, Picture, Roster, Status};
use msnp::ns::{Event, Farewell, Mailbox, ReferTo, Request, StatusWord, SystemMessage, Told};
use msnp::{Code, TrId};

use super::context::{Context, Fx, refuse, refuse_and_close};
use super::edits::Pending as Deed;
use super::recall::{Held, Known};
use super::{Answer, Identity, Notice, Question, View};
use crate::{Bucket, challenge};

/// How long after its first `CHG` a client is challenged for the first time.
const FIRST_CHALLENGE: Duration = Duration::from_secs(5);

/// What the open question is for.
pub(super) enum Pending {
    /// Nothing is sent when it is done.
    Quiet,
    /// `ADD` of someone who is not in the roster.
    Find { trid: TrId, list: List, email: Email, name: Option<Name>, group: Option<GroupId> },
    /// An edit of lists or settings.
    Deed(Box<Deed>),
    /// The roster is read again, for this command if there is one.
    Reload(Option<Box<Held>>),
    /// `XFR SB`
    Room(TrId),
    /// `CHL` from the client, or from here.
    Challenge(Option<TrId>),
    /// `FND`
    Search(TrId),
    /// `SND`, or `SDC`
    Invite { trid: TrId, own_words: bool },
    /// `PAG`
    Page(TrId),
}

/// Where the client stands with proving what program it is.
enum Proof {
    /// It is not asked.
    Off,
    /// It will be asked.
    Next(Instant),
    /// It has been asked.
    Owed { challenge: String, until: Instant },
}

/// A client that is signed in.
pub(super) struct Online {
    pub(super) identity: Identity,
    pub(super) known: Known,
    /// While it is needed.
    pub(super) roster: Option<Box<Roster>>,
    /// It has sent `SYN`, so that it wants to hear of changes.
    pub(super) synced: bool,
    pub(super) status: Option<Status>,
    pub(super) takes_calls: bool,
    pub(super) pending: Option<Pending>,
    /// Whom the last `FND` found.
    pub(super) hits: Vec<Email>,
    /// The name in the `REA`, `PRP MFN` or `SBP` that is being carried out, as the client wrote it.
    pub(super) spelling: Box<str>,
    pub(super) rooms: Bucket,
    changes: Bucket,
    proof: Proof,
    settle_at: Option<Instant>,
}

impl Online {
    pub(super) fn new(identity: Identity, roster: Roster, settle_at: Option<Instant>, now: Instant) -> Self {
        Self {
            identity,
            known: Known::of(&roster),
            roster: Some(Box::new(roster)),
            synced: false,
            status: None,
            takes_calls: true,
            pending: None,
            hits: Vec::new(),
            spelling: "".into(),
            rooms: Bucket::full(now),
            changes: Bucket::full(now),
            proof: Proof::Off,
            settle_at,
        }
    }

    pub(super) fn ask(&mut self, effects: &mut Fx, pending: Pending, question: Question) {
        self.pending = Some(pending);
        effects.ask(question);
    }

    pub(super) fn request(&mut self, request: Request<'_>, context: &Context<'_>, effects: &mut Fx) {
        match request {
            Request::Ver { trid, .. } => refuse_and_close(effects, trid, Code::NotExpected, "a second VER"),
            Request::Usr { trid, .. } => refuse(effects, trid, Code::AlreadySignedIn),
            Request::Inf { trid } => context.send(effects, &Event::Inf { trid }),
            Request::Cvr { trid, version } => self.newest(trid, false, version.version, context, effects),
            Request::Cvq { trid, version } => self.newest(trid, true, version.version, context, effects),
            Request::Out => effects.close("the client signed out"),
            Request::Png => {
                self.let_go();
                context.send(effects, &Event::Qng { next: context.rules.next_ping });
            }
            Request::Chg { trid, status, told } => self.change(trid, status, told, context, effects),
            Request::Uux { trid, personal } => self.say(trid, personal, context, effects),
            Request::Gcf { trid } => context.send(effects, &Event::Gcf { trid }),
            Request::Chl { trid } => self.ask(effects, Pending::Challenge(Some(trid)), Question::Challenge),
            Request::Qry { trid, product, digest } => self.prove(trid, product, digest, context, effects),
            Request::Xfr { trid, to: ReferTo::Switchboard } => self.open_room(trid, context, effects),
            Request::Xfr { trid, to: ReferTo::Notification } => refuse(effects, trid, Code::InvalidParameter),
            Request::Ims { trid, on } => self.take_calls(trid, on, context, effects),
            Request::Syn { trid, known } => self.synchronise(trid, known, context, effects),
            Request::Lst { trid, list } => self.list(trid, list, context, effects),
            Request::Lsg { trid } => self.groups(trid, context, effects),
            Request::Url { .. }
            | Request::Fnd { .. }
            | Request::Snd { .. }
            | Request::Sdc { .. }
            | Request::Pag { .. } => self.directory(request, context, effects),
            Request::Gtc { .. }
            | Request::Blp { .. }
            | Request::Prp { .. }
            | Request::Add { .. }
            | Request::Rem { .. }
            | Request::Rea { .. }
            | Request::Adg { .. }
            | Request::Rmg { .. }
            | Request::Reg { .. } => self.edit(request, context, effects),
        }
    }

    /// Yields the command that was held until this answer.
    pub(super) fn answer(&mut self, answer: Answer, context: &Context<'_>, effects: &mut Fx) -> Option<Box<Held>> {
        match self.pending.take() {
            None | Some(Pending::Quiet) => {}
            Some(Pending::Find { trid, list, email, name, group }) => {
                self.found(trid, list, &email, name, group, answer, context, effects);
            }
            Some(Pending::Deed(deed)) => self.edited(*deed, answer, context, effects),
            Some(Pending::Reload(held)) => return self.reloaded(held, answer, context, effects),
            Some(Pending::Room(trid)) => self.room(trid, answer, context, effects),
            Some(Pending::Challenge(trid)) => self.challenge(trid, answer, context, effects),
            Some(Pending::Search(trid)) => self.hits(trid, answer, context, effects),
            Some(Pending::Invite { trid, own_words }) => self.invited(trid, own_words, &answer, context, effects),
            Some(Pending::Page(trid)) => {
                if !matches!(answer, Answer::Sent(true)) {
                    refuse(effects, trid, Code::PagingUnavailable);
                }
            }
        }
        None
    }

    pub(super) fn notice(&mut self, notice: Notice, context: &Context<'_>, effects: &mut Fx) {
        match notice {
            Notice::TakenOver => {
                context.send(effects, &Event::Out(Farewell::Elsewhere));
                effects.close("the account signed in elsewhere");
            }
            Notice::Shutdown { minutes: 0 } => {
                let back_in = context.rules.back_in;
                context.send(effects, &Event::Out(Farewell::GoingDown { back_in }));
                effects.close("the server goes down");
            }
            Notice::Shutdown { minutes } => {
                context.send(effects, &Event::System(SystemMessage::Maintenance { minutes }));
            }
            Notice::Refer(_) => unreachable!("the session sees to it"),
            Notice::Ring(ring) => self.rung(&ring, context, effects),
            Notice::Reverse { serial, peer, added } => self.reverse(serial, &peer, added, context, effects),
            Notice::Property { serial, user, email, property, value } => {
                self.contact_property(serial, (user, &email), property, &value, context, effects);
            }
            Notice::Reload => self.reload(Pending::Reload(None), effects),
            Notice::Page { from, name, text } => self.paged(&from, &name, &text, context, effects),
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let proof = match &self.proof {
            Proof::Off => None,
            Proof::Next(at) | Proof::Owed { until: at, .. } => Some(*at),
        };
        [proof, self.settle_at].into_iter().flatten().min()
    }

    pub(super) fn timeout(&mut self, context: &Context<'_>, effects: &mut Fx) {
        if self.settle_at.take_if(|at| *at <= context.now).is_some() {
            return self.ask(effects, Pending::Quiet, Question::Settle);
        }
        match &self.proof {
            Proof::Next(at) if *at <= context.now => {
                self.ask(effects, Pending::Challenge(None), Question::Challenge);
            }
            Proof::Owed { until, .. } if *until <= context.now => {
                context.send(effects, &Event::Out(Farewell::Unsaid));
                effects.close("no answer to a challenge");
            }
            _ => {}
        }
    }

    /// The echo comes before the `ILN`s, which the desk sends.
    fn change(&mut self, trid: TrId, status: StatusWord, told: Told<'_>, context: &Context<'_>, effects: &mut Fx) {
        let StatusWord::To(status) = status else {
            return refuse(effects, trid, Code::InvalidParameter);
        };
        if self.changes.take(context.rules.changes, context.now).is_err() {
            return refuse(effects, trid, Code::TooRapid);
        }
        context.send(effects, &Event::Chg { trid, status, told });
        self.settle_at = None;
        if self.status.is_none() && !context.rules.mail_url.is_empty() {
            let mailbox = Mailbox { unread: 0, unread_elsewhere: 0, url: &context.rules.mail_url };
            context.send(effects, &Event::Mailbox(&mailbox));
        }
        if self.status.is_none()
            && let Some(every) = context.rules.challenge_every
            && context.traits.challenge != msnp::dialect::Challenge::None
        {
            self.proof = Proof::Next(context.now + every.min(FIRST_CHALLENGE));
        }
        self.status = Some(status);
        self.let_go();
        // `0` is no picture: some clients take any last word for one.
        let picture = told.picture.filter(|picture| *picture != "0").map(Picture::from);
        let view = View { status, capabilities: told.capabilities.unwrap_or(0), picture };
        self.ask(effects, Pending::Quiet, Question::Appear(view, trid));
    }

    /// `UUX`. It is told like a change of state, and counts as one.
    fn say(&mut self, trid: TrId, personal: &str, context: &Context<'_>, effects: &mut Fx) {
        if !self.may_change(context) {
            return refuse(effects, trid, Code::TooRapid);
        }
        context.send(effects, &Event::Uux { trid });
        let personal = (!personal.is_empty()).then(|| personal.into());
        self.ask(effects, Pending::Quiet, Question::Personal(personal));
    }

    fn newest(&self, trid: TrId, query: bool, version: &str, context: &Context<'_>, effects: &mut Fx) {
        let (download, info) = (&*context.rules.download_url, &*context.rules.info_url);
        context.send(effects, &Event::Cvr { trid, query, version, download, info });
    }

    fn challenge(&mut self, trid: Option<TrId>, answer: Answer, context: &Context<'_>, effects: &mut Fx) {
        let Answer::Challenge(challenge) = answer else {
            // Later, then; not at once and for ever.
            self.proof = Proof::Next(context.now + context.rules.challenge_patience);
            return;
        };
        context.send(effects, &Event::Chl { trid: trid.unwrap_or(TrId::ASYNC), challenge: &challenge });
        self.proof = Proof::Owed { challenge, until: context.now + context.rules.challenge_patience };
    }

    fn prove(&mut self, trid: TrId, product: &str, digest: &str, context: &Context<'_>, effects: &mut Fx) {
        match &self.proof {
            Proof::Owed { challenge, .. }
                if challenge::verify(context.traits.challenge, challenge, product, digest) =>
            {
                context.send(effects, &Event::Qry { trid });
                self.proof = context.rules.challenge_every.map_or(Proof::Off, |every| Proof::Next(context.now + every));
            }
            _ => refuse_and_close(effects, trid, Code::ChallengeFailed, "a wrong answer to a challenge"),
        }
    }

    pub(super) fn may_change(&mut self, context: &Context<'_>) -> bool {
        self.changes.take(context.rules.changes, context.now).is_ok()
    }
}
