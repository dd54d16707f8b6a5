//! A session's beginning and its end: who it is, the roster that it begins with, and its place in
//! the table of who is here. (docs/ARCHITECTURE.md, Sign-in)

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bus::{Address as At, BusError, Request};
use daemon::{Client, Reply};
use logic::login;
use logic::ns::{Answer, Candidate, Found, Identity, Proof, Secret, SignedIn};
use model::{Email, Role, Roster, SessionId};
use msnp::Dialect;
use msnp::dialect::Package;
use store::StoreError;
use tracing::debug;

use crate::desk::{Desk, log};
use crate::hall::{Hall, identity, shown};

impl Desk {
    /// Who signs in is served here if this is their home, or if none of the servers that come before
    /// this one answers.
    pub(crate) fn identify(&self, email: &Email, package: Package) -> Reply<Answer> {
        let better = self.hall.better_homes(email);
        let (hall, peer) = (Arc::clone(&self.hall), self.peer);
        if better.is_empty() {
            return Reply::Now(begin(&hall, peer, package));
        }
        Reply::Later(Box::pin(async move {
            if let Some(member) = hall.member()
                && let Some(home) = member.first_ready(better).await
            {
                return Answer::Identified(Found::Elsewhere(home.endpoint));
            }
            begin(&hall, peer, package)
        }))
    }

    pub(crate) fn prove(&self, email: Email, proof: Proof) -> Reply<Answer> {
        let hall = Arc::clone(&self.hall);
        Reply::Later(Box::pin(async move {
            match prove(&hall, &email, proof).await.inspect_err(log("read an account")) {
                Ok(candidate) => Answer::Proved(candidate.map(Box::new)),
                Err(_) => Answer::Unavailable,
            }
        }))
    }

    pub(crate) fn sign_in(&mut self, candidate: Candidate, dialect: Dialect) -> Reply<Answer> {
        let Candidate { identity, roster, as_of } = candidate;
        let who = Arc::new(identity);
        self.who = Some((Arc::clone(&who), dialect));
        let (hall, session) = (Arc::clone(&self.hall), self.session);
        let client = Client::new(Arc::clone(&self.link), dialect.traits());
        Reply::Later(Box::pin(async move {
            let alone = take_over(&hall, &who).await && hall.better_homes(&who.email).is_empty();
            let since = unix_millis();
            let (lingers, roster) = hall.change(|presence, afar| {
                // From here on news reaches the session, so that nothing falls between the roster
                // that it has and what it is told.
                let roster = (alone && presence.as_of() == as_of).then_some(roster);
                let lingers = presence.enter(&who, session, since, client, afar);
                if let Some(roster) = &roster {
                    presence.load(who.user, session, roster, afar);
                }
                (lingers, roster)
            });
            if let Some(member) = hall.member() {
                member.hold(&who.email);
            }
            let roster = match roster {
                Some(roster) => Some(roster),
                None => load(&hall, &who, session).await,
            };
            let Some(roster) = roster else {
                leave(&hall, &who, session);
                return Answer::Unavailable;
            };
            hall.announce();
            Answer::SignedIn(Box::new(SignedIn { roster, unix_seconds: unix_seconds(), lingers }))
        }))
    }

    pub(crate) fn sign_out(&mut self) {
        if let Some((who, _)) = self.who.take() {
            leave(&self.hall, &who, self.session);
        }
    }
}

/// Begins a sign-in here.
fn begin(hall: &Hall, peer: SocketAddr, package: Package) -> Answer {
    if hall.is_shut_to(peer) {
        return Answer::Identified(Found::TooMany);
    }
    let (now, random) = (unix_seconds(), rand::random());
    Answer::Identified(Found::Challenge(match package {
        Package::Md5 => login::md5::challenge(now, random),
        Package::Twn => login::twn::challenge(now, random),
    }))
}

/// Who it is, if the proof is right and they may sign in.
async fn prove(hall: &Hall, email: &Email, proof: Proof) -> Result<Option<Candidate>, StoreError> {
    let as_of = hall.change(|presence, _| presence.as_of());
    let entrant = match proof {
        Proof::Digest { challenge, response } => {
            let login = hall.store.legacy_login(email).await?;
            // The comparison is made for accounts that do not exist too, so that it takes as long.
            let password = login.as_ref().map_or(&*challenge, |login| login.password.expose());
            let right = login::md5::verify(&challenge, password, &response) && hall.config.ns.md5_sign_in;
            login.filter(|_| right).map(|login| login.entrant)
        }
        Proof::Ticket(Secret(ticket)) => hall.store.redeem_ticket(&ticket).await?,
    };
    let Some(entrant) = entrant.filter(|entrant| !entrant.account.suspended) else { return Ok(None) };
    let Some(roster) = hall.store.roster_of(&entrant).await? else { return Ok(None) };
    let identity = identity(entrant.account);
    Ok(Some(Candidate { roster: shown(roster, identity.verified), identity, as_of }))
}

/// Reads the roster of a session that has entered. None: it cannot be read.
async fn load(hall: &Hall, who: &Identity, session: SessionId) -> Option<Roster> {
    let roster = hall.store.roster(who.user).await.inspect_err(log("read a roster")).ok()??;
    let roster = shown(roster, who.verified);
    hall.change(|presence, afar| presence.load(who.user, session, &roster, afar));
    Some(roster)
}

/// Ends the session that the account may have at another notification server, so that it is gone
/// when the new one begins. Where that fails, the later one stays when the servers next hear of each
/// other. True: there was none, by which its roster could have changed.
async fn take_over(hall: &Hall, who: &Identity) -> bool {
    let Some(member) = hall.member() else { return true };
    // A session of theirs here is taken over by entering, so that watchers see no gap.
    if hall.change(|presence, _| presence.is_here(who.user)) {
        return true;
    }
    if member.members().nodes().iter().all(|node| node.role != Role::Notification || node.id == hall.id) {
        return true;
    }
    match member.request(&At::User(who.email.clone()), Request::TakeOver { user: who.user }).await {
        Ok(_) => false,
        Err(BusError::NoResponders { .. }) => true,
        Err(error) => {
            debug!(%error, "cannot tell whether the account is signed in elsewhere");
            false
        }
    }
}

fn leave(hall: &Hall, who: &Identity, session: SessionId) {
    let left = hall.change(|presence, afar| presence.leave(who.user, session, afar));
    if left {
        if let Some(member) = hall.member() {
            member.release(&who.email);
        }
        hall.announce();
    }
}

fn unix_seconds() -> i64 {
    unix_millis() / 1000
}

fn unix_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
