//! The internal RPC channel between the daemons: what they say to each other ([`Notice`],
//! [`Request`], [`Response`]), who is there ([`Members`]), and what carries it all ([`Bus`]).
//!
//! A daemon joins the bus with a [`Handler`] and gets a [`Member`]. It addresses the others by
//! what they are, by their number, or by the user whom they hold ([`Address`]); that nobody
//! holds a user is the bus's own answer, so there is no directory of who is online to keep true.
//!
//! There are three carriers, and callers see no difference between them:
//!
//! * `local:` for daemons that share a process;
//! * `hub:` for daemons that share a machine: one of them hosts the hub, and another takes over
//!   when it dies;
//! * `nats:` for daemons on many machines, over a NATS cluster.
//!
//! # What is promised
//!
//! * Notices from one member to another arrive in the order in which they were sent.
//! * A notice arrives once or not at all. It is lost if its receiver is gone or goes, or if a
//!   queue overflows. A member learns that it may have missed something, of everyone
//!   ([`Handler::healed`]) or of one ([`Handler::missed`]), and puts right what follows from it.
//! * Each member has its own view of who is there. Two may lose sight of each other, and see each
//!   other again under the same numbers.
//! * A request is carried out once at most. After [`BusError::NoResponders`] it was not carried
//!   out; after any other error nobody knows.

mod bus;
mod directory;
mod error;
#[cfg(test)]
mod frozen;
mod hub;
mod local;
mod members;
mod nats;
mod secret;
mod url;
mod v1;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use model::NodeId;

pub use bus::{Bus, DEADLINE, LONGEST_DEADLINE, Member, READY};
pub use error::BusError;
pub use members::Members;
pub use nats::{BadNatsUrl, NatsOptions, NatsUrl};
pub use secret::Secret;
pub use url::{BadBusUrl, BusUrl};
pub use v1::{Address, Node, NotRung, Notice, Request, Response};

/// An answer that is being worked out.
pub type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What a daemon does with what reaches it.
///
/// A handler usually needs its [`Member`] too, which exists only after [`Bus::join`]. It should
/// hold it in a way that ends (a [`Weak`](std::sync::Weak), or a cell that is emptied), because
/// the bus holds the handler for as long as the member exists. It must not panic: what drives the
/// member would end with it.
pub trait Handler: Send + Sync + 'static {
    /// Takes a notice. Called in each sender's order, never twice at the same time, and never
    /// from within [`Member::send`]. Whatever comes for this member waits meanwhile, so this
    /// must not block.
    fn notice(&self, from: NodeId, notice: Notice);

    /// Does work that hands over what has come at once: notices, and what goes with them. A handler
    /// whose notices end in writes can write once for all of them.
    fn together(&self, work: &mut dyn FnMut()) {
        work();
    }

    /// Answers a request. Any number of answers may be in the works at the same time. Answers
    /// may be dropped half-way when the asker, who may be in the same process, stops waiting.
    fn request(self: Arc<Self>, from: NodeId, request: Request) -> Answering;

    /// Learns who is there, itself included: once when it has joined, then after each join,
    /// leave and change of draining, but not for mere changes of load.
    fn members(&self, members: &Arc<Members>);

    /// Learns that its own connection broke and is whole again: notices to and from it may have
    /// been lost in between, whether or not [`Handler::members`] had anything to report.
    fn healed(&self) {}

    /// Learns that something was lost of what another member sent to it. Called in order with the
    /// notices: what that member answers from now on comes behind what was lost.
    fn missed(&self, from: NodeId) {
        let _ = from;
    }
}

/// Most that a carrier hands over [at once](Handler::together).
const TOGETHER: usize = 64;

/// Locks a mutex of this crate.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics under a lock of the bus: no handler is called there")
}
