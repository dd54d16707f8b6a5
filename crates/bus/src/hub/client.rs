//! The task behind a member's place on the hub: keeps it connected, and hands the daemon what
//! comes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::pending;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use model::NodeId;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

use super::outbox::{End, Outbox, Side, drive};
use super::seat::Shared;
use super::wire::{Down, Link, Outcome, Up, frame, frame_with, open};
use super::{FAITH, HANDSHAKE, Hub, PATIENCE, Pause};
use crate::error::Unanswered;
use crate::{BusError, Members, Node, Response, lock};

/// Most requests that a member works on at the same time. More are answered with
/// [`Response::Failed`].
const ANSWERING: usize = 4_096;

/// A connection on which the hub has welcomed us.
struct Welcomed {
    link: Link,
    /// How we were when we told the hub.
    told: Node,
    members: Vec<Node>,
    settle: Duration,
}

/// Connects for the first time, and starts the task that stays connected. Returns when the
/// member sees who is there.
pub(super) async fn start(hub: Arc<Hub>, shared: Arc<Shared>) -> Result<(), BusError> {
    let end = Instant::now() + PATIENCE;
    let mut pause = Pause::default();
    let welcomed = loop {
        match dial(&hub, &shared).await {
            Ok(welcomed) => break welcomed,
            Err(error) if error.is_final() || Instant::now() > end => return Err(error),
            Err(_) => pause.wait().await,
        }
    };
    let url = hub.place.to_string();
    let (ready, is_ready) = oneshot::channel();
    tokio::spawn(stay(hub, shared, welcomed, ready));
    // If the connection breaks first, the next one makes it ready.
    match timeout(PATIENCE, is_ready).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(BusError::Connect { url, source: ErrorKind::TimedOut.into() }),
    }
}

/// One attempt to be welcomed by the hub.
async fn dial(hub: &Hub, shared: &Shared) -> Result<Welcomed, BusError> {
    let mut link = hub.reach().await?;
    let told = shared.node();
    let url = || hub.place.to_string();
    let join = async {
        link.write(frame(&Up::Join { node: told.clone(), token: shared.token })).await?;
        link.read().await
    };
    let late = |_| io::Error::new(ErrorKind::TimedOut, "it does not answer");
    let answer = timeout(HANDSHAKE, join).await.map_err(late).flatten();
    let answer = answer.map_err(|source| BusError::Connect { url: url(), source })?;
    match open::<Down>(&answer) {
        Ok((Down::Welcome { members, settle }, _)) => {
            Ok(Welcomed { link, told, members, settle: Duration::from_millis(settle.into()) })
        }
        Ok((Down::Taken, _)) => Err(BusError::IdTaken { id: shared.id }),
        _ => Err(BusError::NotAHub { url: url() }),
    }
}

/// Stays connected until the member is dropped.
async fn stay(hub: Arc<Hub>, shared: Arc<Shared>, first: Welcomed, ready: oneshot::Sender<()>) {
    let (mut welcomed, mut ready) = (first, Some(ready));
    loop {
        talk(&shared, welcomed, &mut ready).await;
        shared.disconnected();
        if shared.has_left() {
            return;
        }
        welcomed = tokio::select! {
            again = redial(&hub, &shared) => again,
            () = shared.leaving.notified() => return,
        };
        info!(node = %shared.id, "the connection to the bus is back");
    }
}

/// Uses one connection until it ends.
async fn talk(shared: &Arc<Shared>, welcomed: Welcomed, ready: &mut Option<oneshot::Sender<()>>) {
    let Welcomed { link, told, members, settle } = welcomed;
    let outbox = shared.connected(&told);
    let client = Client {
        shared,
        outbox: &outbox,
        view: Mutex::new(View { nodes: by_number(members), settled: false }),
        answering: Arc::new(Semaphore::new(ANSWERING)),
    };
    let settling = async {
        sleep(settle).await;
        client.settle(ready.take());
        pending::<Infallible>().await
    };
    let leaving = async {
        shared.leaving.notified().await;
        outbox.close();
        pending::<Infallible>().await
    };
    tokio::select! {
        end = drive(link, &outbox, &client) => match end {
            End::Here => debug!(node = %shared.id, "left the bus"),
            end => warn!(node = %shared.id, "the connection to the bus is lost: {end}"),
        },
        never = settling => match never {},
        never = leaving => match never {},
    }
}

/// Tries until there is a connection again. When that takes long, the others count as gone.
async fn redial(hub: &Hub, shared: &Shared) -> Welcomed {
    let faith_ends = sleep_until(Instant::now() + FAITH);
    let doubt = async {
        faith_ends.await;
        warn!(node = %shared.id, "the bus is down: the other daemons count as gone until it is back");
        shared.publish(Members::new([shared.node()]));
        pending::<Infallible>().await
    };
    let mut pause = Pause::default();
    let mut told = false;
    let attempts = async {
        loop {
            match dial(hub, shared).await {
                Ok(welcomed) => return welcomed,
                // Someone has changed the configuration of the others; it may be ours next.
                Err(error) if error.is_final() && !told => {
                    warn!(node = %shared.id, "cannot get back on the bus, still trying: {error}");
                    told = true;
                }
                Err(error) => debug!(node = %shared.id, %error, "cannot get back on the bus yet"),
            }
            pause.wait().await;
        }
    };
    tokio::select! {
        welcomed = attempts => welcomed,
        never = doubt => match never {},
    }
}

/// A member's end of one connection.
struct Client<'a> {
    shared: &'a Arc<Shared>,
    outbox: &'a Arc<Outbox>,
    /// Only the connection's task locks it.
    view: Mutex<View>,
    answering: Arc<Semaphore>,
}

/// Who is on this hub.
struct View {
    nodes: BTreeMap<NodeId, Node>,
    /// Is that what the daemon is to see? Not until those who were on the hub before this one
    /// have had the time to come back, or they would all seem to leave and join.
    settled: bool,
}

fn by_number(members: Vec<Node>) -> BTreeMap<NodeId, Node> {
    members.into_iter().map(|node| (node.id, node)).collect()
}

impl Client<'_> {
    /// Those who come back to the hub are back.
    fn settle(&self, ready: Option<oneshot::Sender<()>>) {
        self.change(|view| view.settled = true);
        self.shared.settled();
        match ready {
            // Who has given up joining need not know.
            Some(ready) => drop(ready.send(())),
            None => self.shared.handler.healed(),
        }
    }

    /// Changes the view, and shows it to the daemon.
    fn change(&self, how: impl FnOnce(&mut View)) {
        let shown = {
            let mut view = lock(&self.view);
            how(&mut view);
            view.settled.then(|| Members::new(view.nodes.values().cloned()))
        };
        if let Some(members) = shown {
            self.shared.publish(members);
        }
    }

    fn notice(&self, from: NodeId, message: &[u8]) {
        match postcard::from_bytes(message) {
            Ok(notice) => self.shared.handler.notice(from, notice),
            Err(error) => warn!(%from, %error, "a notice is dropped: it cannot be read"),
        }
    }

    fn request(&self, id: u64, from: NodeId, message: &[u8]) {
        let respond = move |outbox: &Outbox, response| outbox.push(frame_with(&Up::Response { id }, &response));
        let Ok(request) = postcard::from_bytes(message) else {
            warn!(%from, "a request is refused: it cannot be read");
            return respond(self.outbox, Response::Failed);
        };
        let Ok(permit) = Arc::clone(&self.answering).try_acquire_owned() else {
            warn!(%from, "a request is refused: {ANSWERING} others are not answered yet");
            return respond(self.outbox, Response::Failed);
        };
        let answering = Arc::clone(&self.shared.handler).request(from, request);
        let outbox = Arc::clone(self.outbox);
        tokio::spawn(async move {
            respond(&outbox, answering.await);
            drop(permit);
        });
    }

    fn response(&self, id: u64, outcome: Outcome, message: &[u8]) {
        let answer = match outcome {
            Outcome::Answered => postcard::from_bytes(message).or_else(|error| {
                warn!(%error, "a response cannot be read");
                Ok(Response::Failed)
            }),
            Outcome::Nobody => Err(Unanswered::Nobody),
            Outcome::Lost => Err(Unanswered::Lost),
        };
        self.shared.answered(id, answer);
    }
}

impl Side for Client<'_> {
    fn frame(&self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let (header, message) = open::<Down>(bytes)?;
        match header {
            Down::Welcome { .. } | Down::Taken => return Err(postcard::Error::DeserializeBadEncoding),
            Down::Joined(node) => self.change(|view| drop(view.nodes.insert(node.id, node))),
            Down::Left(id) => self.change(|view| drop(view.nodes.remove(&id))),
            Down::Load { id, load, draining } => self.change(|view| {
                if let Some(node) = view.nodes.get_mut(&id) {
                    (node.load, node.draining) = (load, draining);
                }
            }),
            Down::Notice { from } => self.notice(from, message),
            Down::Request { id, from } => self.request(id, from, message),
            Down::Response { id, outcome } => self.response(id, outcome, message),
            Down::Beat => {}
        }
        Ok(())
    }

    fn together(&self, work: &mut dyn FnMut()) {
        self.shared.handler.together(work);
    }

    fn tick(&self) -> Bytes {
        self.shared.tell_load();
        frame(&Up::Beat)
    }
}
