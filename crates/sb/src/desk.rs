//! Answers one session's questions.

use std::sync::Arc;
use std::time::Instant;

use bus::{Address, BusError, NotRung, Request, Response};
use daemon::link::batch;
use daemon::listener::Seat;
use daemon::logging::store_failed;
use daemon::{Client, Link, Reply};
use logic::sb::{Answer, Entry, Idle, Member, Notice, Question, Refused, Session};
use model::{Admission, Cookie, Email, Name, RoomId, SessionId, UserId};
use msnp::{Code, Dialect};
use tracing::warn;

use crate::hall::{Hall, SharedRoom, lock};

/// Answers one session's questions.
pub struct Desk {
    hall: Arc<Hall>,
    session: SessionId,
    link: Arc<Link<Notice>>,
    inside: Arc<std::sync::OnceLock<Inside>>,
}

/// The session's place in its room.
struct Inside {
    id: RoomId,
    room: SharedRoom,
    user: UserId,
    email: Email,
    name: Name,
    dialect: Dialect,
}

impl Desk {
    pub(crate) fn new(hall: Arc<Hall>, seat: Seat<Notice>) -> Self {
        Self { hall, session: seat.session, link: seat.link, inside: Arc::default() }
    }

    fn enter(&self, entry: Entry, email: Email, cookie: Cookie, room: Option<RoomId>) -> Reply<Answer> {
        let (hall, link, session) = (Arc::clone(&self.hall), Arc::clone(&self.link), self.session);
        let inside = Arc::clone(&self.inside);
        Reply::Later(Box::pin(async move {
            let taken = hall.store.take_cookie(&cookie).await;
            let admission = match taken {
                Ok(Some(admission)) if admission.node == hall.id && admission.email == email => admission,
                Ok(_) => return refused(Code::AuthenticationFailed),
                Err(error) => {
                    // Not 911: the cookie may be right, and the client is to try another call, not
                    // another password.
                    store_failed("look for a cookie", &error);
                    return refused(Code::SwitchboardFailed);
                }
            };
            match admit(&hall, session, link, entry, admission, room) {
                Ok(place) => {
                    let (name, dialect) = (place.name.clone(), place.dialect);
                    let idle_at = lock(&place.room).idle_at(&hall.rules);
                    let _first = inside.set(place);
                    Answer::Entered { name, dialect, idle_at }
                }
                Err(refused) => Answer::Refused(refused),
            }
        }))
    }

    fn call(&self, callee: Email, now: Instant) -> Reply<Answer> {
        let Some(inside) = self.inside.get() else { return Reply::Now(Answer::Done) };
        if let Err(code) = lock(&inside.room).ring(&callee, &self.hall.rules, now) {
            return Reply::Now(Answer::Called(Err(code)));
        }
        let hall = Arc::clone(&self.hall);
        let (id, room) = (inside.id, Arc::clone(&inside.room));
        let caller = inside.email.clone();
        let ring = Request::Ring {
            callee: callee.clone(),
            room: id,
            switchboard: hall.id,
            endpoint: hall.endpoint.clone(),
            caller: inside.user,
            caller_email: inside.email.clone(),
            caller_name: inside.name.clone(),
        };
        Reply::Later(Box::pin(async move {
            let rung = match hall.member() {
                Some(member) => ring_through(&member, &caller, ring).await,
                None => Ok(Response::Failed),
            };
            let blocked = if hall.rules.hide_blocking { Code::NotOnline } else { Code::NotOnList };
            let code = match rung {
                Ok(Response::Rung) => return Answer::Called(Ok(id)),
                Ok(Response::NotRung(NotRung::Blocked)) => blocked,
                Ok(Response::NotRung(NotRung::CallerHidden)) => Code::NotWhenOffline,
                Ok(Response::NotRung(NotRung::Offline)) | Err(BusError::NoResponders { .. }) => Code::NotOnline,
                Ok(_) => Code::SwitchboardFailed,
                Err(error) => {
                    warn!(%error, "cannot ring");
                    Code::SwitchboardFailed
                }
            };
            lock(&room).ring_failed(&callee);
            Answer::Called(Err(code))
        }))
    }

    fn idle(&self, now: Instant) -> Answer {
        let Some(inside) = self.inside.get() else { return Answer::Done };
        let idle = lock(&inside.room).idle(&self.hall.rules, now);
        if idle == Idle::Closed {
            self.hall.drop_room(inside.id);
        }
        Answer::Idle(idle)
    }

    fn leave(&self, now: Instant) {
        if let Some(inside) = self.inside.get()
            && lock(&inside.room).leave(self.session, &self.hall.rules, now)
        {
            self.hall.drop_room(inside.id);
        }
    }
}

/// However a connection ends, its place in the room ends with it.
impl Drop for Desk {
    fn drop(&mut self) {
        batch(|| self.leave(now()));
    }
}

impl daemon::Desk<Session> for Desk {
    fn answer(&mut self, question: Question, now: Instant) -> Reply<Answer> {
        match question {
            Question::Say(message) => Reply::Now(match self.inside.get() {
                Some(inside) => Answer::Said(lock(&inside.room).say(self.session, &message, now)),
                None => Answer::Said(false),
            }),
            Question::Enter { entry, email, cookie, room } => self.enter(entry, email, cookie, room),
            Question::Call(callee) => self.call(callee, now),
            Question::Touch => {
                if let Some(inside) = self.inside.get() {
                    lock(&inside.room).touch(now);
                }
                Reply::Now(Answer::Done)
            }
            Question::Idle => Reply::Now(self.idle(now)),
            Question::Leave => {
                self.leave(now);
                Reply::Now(Answer::Done)
            }
        }
    }
}

/// Rings the callee, unless the caller's own server says that the caller is hidden. A caller who
/// has signed out meanwhile may still call: rooms and sign-ins are only loosely coupled.
async fn ring_through(member: &bus::Member, caller: &Email, ring: Request) -> Result<Response, BusError> {
    let Request::Ring { callee, caller: user, .. } = &ring else { return Ok(Response::Failed) };
    let asked = member.request(&Address::User(caller.clone()), Request::MayCall { user: *user }).await;
    match asked {
        Ok(Response::NotRung(why)) => return Ok(Response::NotRung(why)),
        Ok(_) | Err(BusError::NoResponders { .. }) => {}
        Err(error) => return Err(error),
    }
    let callee = Address::User(callee.clone());
    member.request(&callee, ring).await
}

/// Lets the bearer of a cookie into the room that it is for. A cookie for one purpose is no good
/// for another: `USR` opens a room of its own, `ANS` names the room of the call.
fn admit(
    hall: &Hall,
    session: SessionId,
    link: Arc<Link<Notice>>,
    entry: Entry,
    admission: Admission,
    wanted: Option<RoomId>,
) -> Result<Inside, Refused> {
    let (id, room) = match (entry, admission.room) {
        (Entry::Opening(_), None) => hall.open_room(now()),
        (Entry::Answering(_), Some(id)) if wanted == Some(id) => (id, hall.called_into(id, now())),
        (Entry::Answering(_), Some(_)) => return Err(Refused::WrongRoom),
        (Entry::Opening(_), Some(_)) | (Entry::Answering(_), None) => {
            return Err(Refused::Code(Code::AuthenticationFailed));
        }
    };
    let dialect = Dialect::from_number(admission.dialect).ok_or(Refused::Code(Code::AuthenticationFailed))?;
    let (email, name) = (admission.email, admission.name);
    let outlet = Client::new(link, dialect.traits());
    let capabilities = admission.capabilities;
    let member = Member { session, email: email.clone(), name: name.clone(), capabilities, outlet };
    lock(&room).enter(member, entry, &hall.rules, now()).map_err(Refused::Code)?;
    Ok(Inside { id, room, user: admission.user, email, name, dialect })
}

const fn refused(code: Code) -> Answer {
    Answer::Refused(Refused::Code(code))
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
