//! Answers one session's questions. (Those of its beginning and its end: `sign_in`.)

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bus::{Address as At, Node, Request, Response};
use daemon::listener::Seat;
use daemon::logging::store_failed;
use daemon::{Link, Reply};
use logic::challenge;
use logic::ns::{Answer, Entry, Identity, Notice, Question, Reloaded, Session};
use model::{
    Admission, Change, Contact, Edit, Email, GroupSet, List, Lists, Name, Notice as News, Props, SessionId, UserId,
};
use msnp::Dialect;
use msnp::ns::Search;
use store::{Directory, StoreError};
use tracing::warn;

use crate::hall::{Hall, shown};
use crate::spool;

/// Answers one session's questions.
pub struct Desk {
    pub(crate) hall: Arc<Hall>,
    pub(crate) session: SessionId,
    pub(crate) link: Arc<Link<Notice>>,
    pub(crate) peer: SocketAddr,
    /// Who signs in, or has.
    pub(crate) who: Option<(Arc<Identity>, Dialect)>,
}

impl Desk {
    pub(crate) fn new(hall: Arc<Hall>, seat: Seat<Notice>) -> Self {
        Self { hall, session: seat.session, link: seat.link, peer: seat.peer, who: None }
    }

    /// For the table of who is here: the user, and the session that asks.
    fn me(&self) -> Option<(UserId, SessionId)> {
        self.who.as_ref().map(|(identity, _)| (identity.user, self.session))
    }

    fn edit(&self, edit: Edit, peers: Vec<(UserId, Email)>) -> Reply<Answer> {
        let Some((who, _)) = self.who.clone() else { return Reply::Now(Answer::Unavailable) };
        let (hall, session) = (Arc::clone(&self.hall), self.session);
        Reply::Later(Box::pin(async move {
            match hall.store.edit(edit.clone()).await {
                Ok(edited) => {
                    hall.change(|presence, afar| presence.edited(who.user, session, &edit.changes, afar));
                    let me = Identity { name: name_now(&hall, &who, session), ..Identity::clone(&who) };
                    for (peer, serial) in &edited.peers {
                        if let Some((_, email)) = peers.iter().find(|(user, _)| user == peer) {
                            tell_peer(&hall, &me, &edit.changes, *peer, email, *serial);
                        }
                    }
                    Answer::Edited(edited.serial)
                }
                Err(StoreError::Conflict | StoreError::NoAccount) => {
                    // The session has the roster on which it decided, and with it everyone's name.
                    reload(&hall, &who, session, &[]).await
                }
                Err(error) => {
                    store_failed("change a roster", &error);
                    if matches!(error, StoreError::InDoubt) {
                        hall.doubt(edit);
                    }
                    Answer::Unavailable
                }
            }
        }))
    }

    fn open_room(&self) -> Reply<Answer> {
        let (Some((who, dialect)), Some(member)) = (&self.who, self.hall.member()) else {
            return Reply::Now(Answer::NoSwitchboard);
        };
        let card = self.hall.change(|presence, _| presence.card(who.user, self.session));
        let Some((name, capabilities)) = card else { return Reply::Now(Answer::Unavailable) };
        let (hall, who, dialect) = (Arc::clone(&self.hall), Arc::clone(who), dialect.number());
        let boards: Vec<Node> = member.members().switchboards().into_iter().cloned().collect();
        Reply::Later(Box::pin(async move {
            let Some(board) = member.first_ready(boards).await else { return Answer::NoSwitchboard };
            let (user, email) = (who.user, who.email.clone());
            let admission = Admission { user, email, name, dialect, capabilities, node: board.id, room: None };
            let kept = hall.store.put_cookie(&admission, hall.config.ns.cookie_time.0).await;
            match kept.inspect_err(log("keep a cookie")) {
                Ok(cookie) => Answer::Room(board.endpoint, cookie),
                Err(_) => Answer::Unavailable,
            }
        }))
    }

    fn search(&self, search: Search) -> Reply<Answer> {
        let hall = Arc::clone(&self.hall);
        Reply::Later(Box::pin(async move {
            let any = Option::unwrap_or_default;
            let find = Directory {
                first: any(search.first),
                last: any(search.last),
                city: any(search.city),
                state: any(search.state),
                country: any(search.country),
            };
            let limit = u32::try_from(hall.rules.directory_hits + 1).unwrap_or(u32::MAX);
            match hall.store.directory(&find, limit).await.inspect_err(log("search the directory")) {
                Ok(found) => Answer::Hits(
                    found
                        .into_iter()
                        .map(|hit| Entry {
                            email: hit.email,
                            card: [hit.first, hit.last, hit.city, hit.state, hit.country],
                        })
                        .collect(),
                ),
                Err(_) => Answer::Unavailable,
            }
        }))
    }

    fn page(&self, to: Email, text: String) -> Reply<Answer> {
        let (Some((who, _)), Some(member)) = (self.who.clone(), self.hall.member()) else {
            return Reply::Now(Answer::Unavailable);
        };
        let name = name_now(&self.hall, &who, self.session);
        Reply::Later(Box::pin(async move {
            let page = Request::Page { to: to.clone(), from: who.email.clone(), name, text };
            let answer = member.request(&At::User(to), page).await;
            Answer::Sent(matches!(answer, Ok(Response::Delivered)))
        }))
    }

    /// What needs only the table of who is here.
    fn present(&self, question: Question) -> Answer {
        let Some((user, session)) = self.me() else { return Answer::Done };
        self.hall.change(|presence, afar| match question {
            Question::Appear(view, trid) => presence.appear(user, session, view, trid, afar),
            Question::Personal(personal) => presence.personal(user, session, personal, afar),
            Question::Settle => presence.settle(user, session, afar),
            Question::Watch(target, trid) => presence.watch(user, session, target, Some(trid), afar),
            Question::TakeCalls(on) => presence.take_calls(user, session, on),
            _ => unreachable!("another kind of question"),
        });
        Answer::Done
    }
}

/// However a connection ends, nobody goes on seeing its user.
impl Drop for Desk {
    fn drop(&mut self) {
        self.sign_out();
    }
}

impl daemon::Desk<Session> for Desk {
    fn answer(&mut self, question: Question, now: Instant) -> Reply<Answer> {
        match question {
            Question::Identify(email, package) => self.identify(&email, package),
            Question::Prove(email, proof) => self.prove(email, proof),
            Question::Failed => {
                self.hall.failures.count(self.peer.ip(), now);
                Reply::Now(Answer::Done)
            }
            Question::SignIn(candidate, dialect) => self.sign_in(*candidate, dialect),
            Question::Find(email) => {
                let (hall, me) = (Arc::clone(&self.hall), self.me());
                Reply::Later(Box::pin(async move {
                    let Some((user, _)) = me else { return Answer::Unavailable };
                    match hall.store.peer(&email, user).await.inspect_err(log("read an account")) {
                        Ok(peer) => Answer::Found(peer.map(Box::new)),
                        Err(_) => Answer::Unavailable,
                    }
                }))
            }
            Question::Edit(edit, peers) => self.edit(edit, peers),
            Question::Reload(known) => {
                let (hall, who, session) = (Arc::clone(&self.hall), self.who.clone(), self.session);
                Reply::Later(Box::pin(async move {
                    match who {
                        Some((who, _)) => reload(&hall, &who, session, &known).await,
                        None => Answer::Unavailable,
                    }
                }))
            }
            Question::Appear(..)
            | Question::Personal(_)
            | Question::Settle
            | Question::Watch(..)
            | Question::TakeCalls(_) => Reply::Now(self.present(question)),
            Question::OpenRoom => self.open_room(),
            Question::Challenge => Reply::Now(Answer::Challenge(challenge::challenge(rand::random()))),
            Question::Search(search) => self.search(search),
            Question::Invite { to, from, text } => {
                let spool = self.hall.config.ns.invitation_spool.clone();
                if spool.as_os_str().is_empty() {
                    return Reply::Now(Answer::Disabled);
                }
                let Some((who, _)) = self.who.clone() else { return Reply::Now(Answer::Unavailable) };
                Reply::Later(Box::pin(async move {
                    let written = spool::invite(&spool, &who.email, &from, &to, &text).await;
                    Answer::Sent(written.inspect_err(|error| warn!(%error, "cannot write an invitation")).is_ok())
                }))
            }
            Question::Page(to, text) => self.page(to, text),
            Question::SignOut => {
                self.sign_out();
                Reply::Now(Answer::Done)
            }
        }
    }
}

/// Reads the roster again, and names those of `known` who are not in it.
async fn reload(hall: &Hall, who: &Identity, session: SessionId, known: &[UserId]) -> Answer {
    let entrant = match hall.store.entrant(&who.email).await.inspect_err(log("read an account")) {
        Ok(Some(entrant)) if entrant.account.id == who.user && !entrant.account.suspended => entrant,
        Ok(_) => return Answer::Reloaded(None),
        Err(_) => return Answer::Unavailable,
    };
    let roster = match hall.store.roster_of(&entrant).await.inspect_err(log("read a roster")) {
        Ok(Some(roster)) => shown(roster, who.verified),
        Ok(None) => return Answer::Reloaded(None),
        Err(_) => return Answer::Unavailable,
    };
    let there: HashSet<UserId> = roster.contacts.iter().map(|contact| contact.user).collect();
    let missing: Vec<UserId> = known.iter().copied().filter(|user| !there.contains(user)).collect();
    let Ok(gone) = hall.store.people(&missing).await.inspect_err(log("name contacts")) else {
        return Answer::Unavailable;
    };
    hall.change(|presence, afar| presence.load(who.user, session, &roster, afar));
    Answer::Reloaded(Some(Box::new(Reloaded { roster, gone })))
}

/// The friendly name as it is now: it may have changed since the sign-in.
fn name_now(hall: &Hall, who: &Identity, session: SessionId) -> Name {
    hall.change(|presence, _| presence.card(who.user, session)).map_or_else(|| who.name.clone(), |(name, _)| name)
}

/// Tells someone whose roster was changed by an edit of someone else's.
fn tell_peer(hall: &Hall, who: &Identity, changes: &[Change], peer: UserId, email: &Email, serial: model::Serial) {
    for change in changes {
        match change {
            Change::Contact { peer: user, was, now } if *user == peer => {
                let added = now.as_ref().is_some_and(|now| now.lists.has(List::Forward));
                if added == was.has(List::Forward) {
                    // On or off AL: they see other properties now.
                    hall.tell(peer, email, Notice::Reload, || News::Changed { user: peer });
                    continue;
                }
                let me = Contact {
                    user: who.user,
                    guid: who.guid,
                    email: who.email.clone(),
                    name: who.name.clone(),
                    lists: Lists::NONE.with(List::Reverse),
                    groups: GroupSet::NONE,
                    props: Props::default(),
                };
                let notice = Notice::Reverse { serial, peer: Box::new(me.clone()), added };
                hall.tell(peer, email, notice, || News::Reverse { user: peer, serial, peer: me, added });
            }
            Change::Property(property, value) => {
                let (property, value) = (*property, value.clone());
                let (user, handle) = (who.user, who.email.clone());
                let notice = Notice::Property { serial, user, email: handle, property, value: value.clone() };
                let news =
                    || News::Property { to: peer, serial, user: who.user, email: who.email.clone(), property, value };
                hall.tell(peer, email, notice, news);
            }
            _ => {}
        }
    }
}

/// Logs a failure of the store.
pub(crate) fn log(what: &'static str) -> impl FnOnce(&StoreError) {
    move |error| store_failed(what, error)
}
