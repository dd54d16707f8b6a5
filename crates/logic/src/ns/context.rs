//! What a session needs of its surroundings: the operator's rules, its place, its dialect, the time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use model::HostPort;
use msnp::ns::Event;
use msnp::{Code, TrId, Traits};

use super::{Question, lists};
use crate::{Effects, Rate};

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
    /// When the next `PNG` is wanted, in seconds, where a dialect can tell.
    pub next_ping: u32,
    /// After how many minutes clients are told to come back when the server goes down; 0 for no word
    /// of it.
    pub back_in: u32,
    /// Where an account's mailbox is on the web; empty where there are none.
    pub mail_url: String,
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
    /// Where the client is. Port 0: behind the HTTP gateway.
    pub peer: SocketAddr,
}

impl Site {
    /// This server as the client sees it.
    pub fn current(&self) -> HostPort {
        HostPort { host: self.reached.ip().to_canonical().to_string(), port: self.reached.port() }
    }
}

/// What a signed-in session needs of its surroundings to act.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) rules: &'a Rules,
    pub(super) site: Site,
    pub(super) traits: &'static Traits,
    pub(super) now: Instant,
}

impl Context<'_> {
    pub(super) fn send(&self, effects: &mut Fx, event: &Event<'_>) {
        event.encode(self.traits, &mut effects.send);
    }
}

pub(super) fn refuse(effects: &mut Fx, trid: TrId, code: Code) {
    msnp::error(&mut effects.send, trid, code);
}

/// Refuses a request and closes: there is no going on from here.
pub(super) fn refuse_and_close(effects: &mut Fx, trid: TrId, code: Code, why: &'static str) {
    msnp::error(&mut effects.send, trid, code);
    effects.close(why);
}
