//! The task that speaks: takes what is to be sent off the pile, numbers it, and hands it to NATS.

use std::sync::Arc;

use async_nats::Client;
use bytes::Bytes;
use tracing::debug;

use super::seat::{Desk, Out, Shared};
use super::wire::{Card, Frame, Header, encoded, frame, here, nobody, to};

/// Messages that are taken off the pile at once.
const GROUP: usize = 64;

/// A message as NATS takes it.
struct Letter {
    subject: String,
    /// Where NATS is to say that nobody gets it.
    reply: Option<String>,
    payload: Bytes,
    /// Nothing comes behind it.
    last: bool,
}

/// Sends what is put on the pile while the connection is up, until the card that says that the
/// member leaves.
pub(super) async fn run(shared: Arc<Shared>, client: Client) {
    loop {
        let letters = take(&shared);
        if letters.is_empty() {
            shared.to_send.notified().await;
        }
        for Letter { subject, reply, payload, last } in letters {
            let sent = match reply {
                Some(reply) => client.publish_with_reply(subject, reply, payload).await,
                None => client.publish(subject, payload).await,
            };
            if let Err(error) = sent {
                debug!(%error, "a message is lost");
            }
            if last {
                return;
            }
        }
    }
}

fn take(shared: &Shared) -> Vec<Letter> {
    let mut letters = Vec::new();
    let mut desk = shared.desk();
    while desk.up && letters.len() < GROUP {
        let Some(out) = desk.pop() else { break };
        letters.extend(letter(shared, &mut desk, out));
    }
    letters
}

/// None for what nobody is there for any more.
fn letter(shared: &Shared, desk: &mut Desk, out: Out) -> Option<Letter> {
    let card = |desk: &Desk, asks, leaves| Card {
        name: shared.name.clone(),
        token: shared.token,
        node: desk.node.clone(),
        asks,
        leaves,
    };
    let (receiver, number, kind, message, request) = match out {
        Out::Card { asks, leaves } => {
            let subject = here(&shared.name, shared.id);
            let payload = encoded(&card(desk, asks, leaves));
            return Some(Letter { subject, reply: None, payload, last: leaves });
        }
        Out::Hello(receiver) => {
            let hello = Frame::Hello(card(desk, false, false));
            (receiver, desk.peers.count(receiver)?, hello, Bytes::new(), None)
        }
        Out::Mark(receiver) => (receiver, desk.peers.count(receiver)?, Frame::Mark, Bytes::new(), None),
        // A request that nobody waits for any longer is not carried out late.
        Out::Frame { request: Some(request), .. } if !desk.is_awaited(request) => return None,
        Out::Frame { to, frame, message, request } => (to, desk.peers.number(to)?, frame, message, request),
    };
    let (number, name) = number;
    let subject = to(&name, receiver, &shared.name, shared.id);
    let reply = request.map(|request| nobody(&shared.name, shared.id, receiver, request));
    Some(Letter { subject, reply, payload: frame(&Header { number, frame: kind }, &message), last: false })
}
