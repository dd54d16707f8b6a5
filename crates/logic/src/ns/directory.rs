//! `URL FND SND SDC PAG`: web services, the directory, invitations by mail, pages.
//! (docs/PROTOCOL.md, Directory and invitations)

use std::str;

use model::{Email, Name};
use msnp::ns::{Addressee, Event, Hit, Invitation, PageText, Request, Service};
use msnp::{Code, TrId};

use super::context::{Context, Fx, refuse, refuse_and_close};
use super::online::{Online, Pending};
use super::{Answer, Question};

impl Online {
    pub(super) fn directory(&mut self, request: Request<'_>, context: &Context<'_>, effects: &mut Fx) {
        match request {
            Request::Url { trid, service: Service::Mail } if context.rules.mail_url.is_empty() => {
                refuse(effects, trid, Code::NoMailbox);
            }
            Request::Url { trid, service: Service::Mail } => {
                let service = &*context.rules.mail_url;
                context.send(effects, &Event::Url { trid, service, sign_in: service });
            }
            Request::Url { trid, service: Service::Other(_) } => {
                let service = &*context.rules.service_url;
                context.send(effects, &Event::Url { trid, service, sign_in: service });
            }
            Request::Fnd { trid, search } => self.ask(effects, Pending::Search(trid), Question::Search(search)),
            Request::Snd { trid, invitation } => self.invite(trid, false, &invitation, effects),
            Request::Sdc { trid, invitation } => self.invite(trid, true, &invitation, effects),
            Request::Pag { trid, handle, text } => self.page(trid, &handle, text, effects),
            _ => unreachable!("another family's request"),
        }
    }

    pub(super) fn hits(&mut self, trid: TrId, answer: Answer, context: &Context<'_>, effects: &mut Fx) {
        let Answer::Hits(entries) = answer else { return refuse(effects, trid, Code::DatabaseError) };
        self.hits.clear();
        if entries.len() > context.rules.directory_hits {
            return refuse(effects, trid, Code::TooManyHits);
        }
        if entries.is_empty() {
            context.send(effects, &Event::FndNone { trid });
        }
        for (item, entry) in entries.iter().enumerate() {
            let [first, last, city, state, country] = &entry.card;
            let hit = Hit { first, last, city, state, country };
            context.send(effects, &Event::Fnd { trid, item: item + 1, total: entries.len(), hit: &hit });
        }
        self.hits = entries.into_iter().map(|entry| entry.email).collect();
    }

    /// The addressee may be a hit of the last search, by its number.
    fn invite(&mut self, trid: TrId, own_words: bool, invitation: &Invitation<'_>, effects: &mut Fx) {
        let to = match &invitation.to {
            Addressee::Mail(email) => Some(email.clone()),
            Addressee::Hit(number) => {
                usize::try_from(*number).ok().and_then(|number| self.hits.get(number.checked_sub(1)?)).cloned()
            }
        };
        let (Some(to), Ok(text)) = (to, str::from_utf8(invitation.text)) else {
            return refuse_and_close(effects, trid, Code::BadInvitation, "the invitation is malformed");
        };
        let from = Name::friendly(&invitation.from).unwrap_or_else(|_| self.identity.name.clone());
        let question = Question::Invite { to, from, text: text.to_owned() };
        self.ask(effects, Pending::Invite { trid, own_words }, question);
    }

    pub(super) fn invited(
        &self,
        trid: TrId,
        own_words: bool,
        answer: &Answer,
        context: &Context<'_>,
        effects: &mut Fx,
    ) {
        match answer {
            Answer::Sent(true) if own_words => context.send(effects, &Event::Sdc { trid }),
            Answer::Sent(true) => context.send(effects, &Event::Snd { trid }),
            Answer::Disabled => refuse(effects, trid, Code::Disabled),
            _ => refuse(effects, trid, Code::DatabaseError),
        }
    }

    /// Only a contact who says so, and lets the user see it, takes pages.
    fn page(&mut self, trid: TrId, handle: &Email, payload: &[u8], effects: &mut Fx) {
        let Some(text) = PageText::read(payload) else {
            return refuse(effects, trid, Code::InvalidParameter);
        };
        if self.roster().find(handle).is_some_and(|contact| contact.props.pages) {
            self.ask(effects, Pending::Page(trid), Question::Page(handle.clone(), text));
        } else {
            refuse(effects, trid, Code::NotAcceptingPages);
        }
    }

    pub(super) fn paged(&self, from: &Email, name: &Name, text: &str, context: &Context<'_>, effects: &mut Fx) {
        let page = PageText { from, name, to: &self.identity.email, text };
        context.send(effects, &Event::Ipg(&page));
    }
}
