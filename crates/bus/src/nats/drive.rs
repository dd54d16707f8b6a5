//! The task that hears: takes what comes, keeps track of who is there, and tells the daemon.

use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_nats::{Client, Message, StatusCode, Subscriber};
use bytes::Bytes;
use model::NodeId;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_stream::StreamExt as _;
use tracing::{debug, warn};

use super::peers::{Heard, Seen};
use super::seat::{Out, Shared};
use super::wire::{Card, EVERYONE, Frame, encoded, inbox, open, sender, unheard};
use super::{Line, Nats, PATIENCE, pump};
use crate::{BusError, Notice, Request, Response, TOGETHER};

/// Who joins has heard of everyone when nobody new has spoken for so long.
const QUIET: Duration = Duration::from_millis(150);
/// Most requests that a member works on at the same time. More are answered with
/// [`Response::Failed`].
const ANSWERING: usize = 4_096;
/// How long the last words may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What comes for a member.
struct Ears {
    direct: Subscriber,
    everyone: Subscriber,
    myself: mpsc::Receiver<Notice>,
    line: watch::Receiver<Line>,
}

/// Whether joining has succeeded.
type Joined = oneshot::Sender<Result<(), BusError>>;

/// Begins to hear and to speak. Returns when the member sees who is there.
pub(super) async fn start(nats: &Nats, shared: Arc<Shared>, myself: mpsc::Receiver<Notice>) -> Result<(), BusError> {
    let client = nats.client.clone();
    let late = || BusError::Nats { url: "the NATS servers".to_owned(), source: ErrorKind::TimedOut.to_string().into() };
    let subscribe = async {
        let direct = client.subscribe(inbox(&shared.name, shared.id)).await;
        let everyone = client.subscribe(EVERYONE).await;
        // Back when the server knows of both.
        client.flush().await.map(|()| (direct, everyone))
    };
    let Ok(Ok((Ok(direct), Ok(everyone)))) = timeout(PATIENCE, subscribe).await else { return Err(late()) };
    let ears = Ears { direct, everyone, myself, line: nats.line.clone() };
    let speaking = tokio::spawn(pump::run(Arc::clone(&shared), client.clone()));
    let (joined, has_joined) = oneshot::channel();
    let drive = Drive {
        shared,
        answering: Arc::new(Semaphore::new(ANSWERING)),
        beat: nats.beat,
        faith: nats.faith,
        strangers: false,
        joining: Some(joined),
        quiet_from: Instant::now(),
        doubt_from: None,
    };
    tokio::spawn(drive.run(ears, client, speaking));
    match timeout(PATIENCE, has_joined).await {
        Ok(Ok(joined)) => joined,
        _ => Err(late()),
    }
}

struct Drive {
    shared: Arc<Shared>,
    answering: Arc<Semaphore>,
    beat: Duration,
    faith: Duration,
    /// Someone has spoken whom we do not know: everyone is to say who they are.
    strangers: bool,
    /// Who waits for us to have joined.
    joining: Option<Joined>,
    /// When someone new was last heard of.
    quiet_from: Instant,
    /// Since when there is no connection.
    doubt_from: Option<Instant>,
}

impl Drive {
    async fn run(mut self, mut ears: Ears, client: Client, speaking: JoinHandle<()>) {
        let shared = Arc::clone(&self.shared);
        self.up_or_down(*ears.line.borrow_and_update());
        shared.put(Out::Card { asks: true, leaves: false });
        let mut beat = interval(self.beat);
        // Beats are counted, not time: who has been stopped for a while hears what was said
        // meanwhile before it calls anyone silent.
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.reset();
        loop {
            let quiet = self.joining.as_ref().map(|_| self.quiet_from + QUIET);
            let doubt = self.doubt_from.map(|since| since + self.faith);
            tokio::select! {
                Some(message) = ears.direct.next() => self.direct_and_more(message, &mut ears.direct),
                Some(message) = ears.everyone.next() => self.card(&message.payload),
                Some(notice) = ears.myself.recv() => shared.handler.notice(shared.id, notice),
                Ok(()) = ears.line.changed() => {
                    let line = *ears.line.borrow_and_update();
                    self.up_or_down(line);
                }
                () = shared.changed.notified() => self.publish(),
                () = shared.leaving.notified() => break,
                () = until(quiet), if quiet.is_some() => self.join(Ok(())),
                () = until(doubt), if doubt.is_some() => self.despair(),
                _ = beat.tick() => self.beat(),
            }
            if shared.has_left() {
                break;
            }
        }
        shared.put(Out::Card { asks: false, leaves: true });
        let stop = speaking.abort_handle();
        let words = async {
            // It ends behind our last card.
            let _ = speaking.await;
            client.flush().await
        };
        match timeout(LAST_WORDS, words).await {
            Ok(Ok(())) => debug!(node = %shared.id, "left the bus"),
            _ => debug!(node = %shared.id, "left a bus that does not answer"),
        }
        stop.abort();
    }

    /// Joining has come to its end.
    fn join(&mut self, outcome: Result<(), BusError>) {
        if let Some(joining) = self.joining.take() {
            if outcome.is_ok() {
                self.shared.publish();
            }
            // Who has given up joining need not know.
            let _ = joining.send(outcome);
        }
    }

    /// Shows the daemon who is there, once it has joined.
    fn publish(&self) {
        if self.joining.is_none() {
            self.shared.publish();
        }
    }

    fn up_or_down(&mut self, line: Line) {
        let shared = &self.shared;
        let mut desk = shared.desk();
        let was_up = std::mem::replace(&mut desk.up, line == Line::Up);
        match line {
            Line::Down => {
                self.doubt_from.get_or_insert_with(Instant::now);
            }
            Line::Up => {
                self.doubt_from = None;
                if !was_up {
                    // Both sides learn whether anything was lost meanwhile.
                    desk.peers.pardon();
                    desk.pile.push_front(Out::Card { asks: true, leaves: false });
                    for id in desk.peers.ids() {
                        desk.pile.push_back(Out::Hello(id));
                    }
                }
                drop(desk);
                shared.to_send.notify_one();
            }
        }
    }

    /// There has been no connection for so long that the others count as gone.
    fn despair(&mut self) {
        self.doubt_from = None;
        warn!(node = %self.shared.id, "the bus is down: the other daemons count as gone until it is back");
        let gone = self.shared.desk().peers.forget_all();
        gone.into_iter().for_each(|id| self.shared.gone(id));
        self.publish();
    }

    fn beat(&mut self) {
        let shared = &self.shared;
        let gone = {
            let mut desk = shared.desk();
            if !desk.up {
                return;
            }
            let asks = std::mem::take(&mut self.strangers);
            desk.pile.push_back(Out::Card { asks, leaves: false });
            let unmarked = desk.peers.unmarked();
            desk.pile.extend(unmarked.into_iter().map(Out::Mark));
            desk.peers.beat()
        };
        shared.to_send.notify_one();
        for id in gone {
            warn!(node = %id, "a daemon says nothing any more and counts as gone");
            shared.gone(id);
        }
        self.publish();
    }

    /// Someone says to everyone who they are.
    fn card(&mut self, payload: &[u8]) {
        match postcard::from_bytes::<Card>(payload) {
            Ok(card) if card.node.id == self.shared.id => self.namesake(&card),
            Ok(card) if card.leaves => self.leaves(&card),
            Ok(card) => {
                let (id, asks) = (card.node.id, card.asks);
                self.introduced(card, None);
                if asks {
                    self.shared.put(Out::Hello(id));
                }
            }
            Err(error) => warn!(%error, "someone on the bus cannot be understood: run all daemons from one release"),
        }
    }

    /// A card with our own number on it: ours, or that of someone who is to know that it is taken.
    fn namesake(&mut self, card: &Card) {
        if card.token == self.shared.token {
            return;
        }
        if self.joining.is_some() {
            self.join(Err(BusError::IdTaken { id: self.shared.id }));
        } else if card.asks {
            self.shared.put(Out::Card { asks: false, leaves: false });
        }
    }

    fn leaves(&self, card: &Card) {
        let id = card.node.id;
        {
            let mut desk = self.shared.desk();
            if !desk.peers.is(id, &card.token) {
                return;
            }
            desk.peers.forget(id);
        }
        self.shared.gone(id);
        self.publish();
    }

    /// Takes note of who someone is, and of the number of their next frame if they say so.
    fn introduced(&mut self, card: Card, number: Option<u64>) {
        let id = card.node.id;
        let seen = self.shared.desk().peers.card(card, number);
        match seen {
            Seen::Clash => return debug!(node = %id, "another daemon says that it has this number"),
            Seen::New => {
                self.quiet_from = Instant::now();
                // Before anything that the daemon may send them when it hears of them.
                self.shared.put(Out::Hello(id));
            }
            Seen::Known => {}
        }
        self.publish();
    }

    /// A message for us alone, and those that are there behind it already.
    fn direct_and_more(&mut self, message: Message, more: &mut Subscriber) {
        let (handler, mut next, mut taken) = (Arc::clone(&self.shared.handler), Some(message), 0);
        handler.together(&mut || {
            while let Some(message) = next.take() {
                self.direct(&message);
                taken += 1;
                if taken < TOGETHER {
                    next = at_once(more.next()).flatten();
                }
            }
        });
    }

    /// A message for us alone.
    fn direct(&mut self, message: &Message) {
        if message.status == Some(StatusCode::NO_RESPONDERS) {
            if let Some((asked, request)) = unheard(&message.subject) {
                self.shared.has_no_answer(request, asked);
            }
            return;
        }
        let Some((name, from)) = sender(&message.subject) else { return };
        let (header, rest) = match open(&message.payload) {
            Ok(opened) => opened,
            Err(error) => return warn!(%from, %error, "a message is dropped: it cannot be read"),
        };
        if let Frame::Hello(card) = &header.frame {
            if card.node.id != from || !card.name.is(name) {
                return warn!(%from, "a daemon says that it is another one");
            }
            self.introduced(card.clone(), Some(header.number));
        }
        let heard = {
            let peers = &mut self.shared.desk().peers;
            match header.frame {
                Frame::Hello(_) | Frame::Mark => peers.marked(from, name, header.number),
                _ => peers.heard(from, name, header.number),
            }
        };
        match heard {
            Heard::InOrder => self.frame(from, header.frame, rest),
            Heard::Missed => {
                debug!(%from, "something that a daemon sent was lost");
                self.shared.handler.missed(from);
                self.frame(from, header.frame, rest);
            }
            Heard::Stranger => {
                debug!(%from, "someone speaks who is not known");
                self.strangers = true;
            }
        }
    }

    fn frame(&self, from: NodeId, frame: Frame, message: &[u8]) {
        let shared = &self.shared;
        match frame {
            Frame::Hello(_) | Frame::Mark => {}
            Frame::Notice => self.notice(from, message),
            Frame::NoticeFor(user) if shared.holds(&user) => self.notice(from, message),
            Frame::NoticeFor(_) => {}
            Frame::Request { id } => self.request(from, id, message),
            Frame::RequestFor { id, user } if shared.holds(&user) => self.request(from, id, message),
            Frame::RequestFor { id, .. } => shared.reply(from, Frame::NotHeld { id }, Bytes::new()),
            Frame::Response { id } => match postcard::from_bytes(message) {
                Ok(response) => shared.answered(id, response),
                Err(error) => {
                    warn!(%from, %error, "a response cannot be read");
                    shared.answered(id, Response::Failed);
                }
            },
            Frame::NotHeld { id } => shared.has_no_answer(id, from),
        }
    }

    fn notice(&self, from: NodeId, message: &[u8]) {
        match postcard::from_bytes(message) {
            Ok(notice) => self.shared.handler.notice(from, notice),
            Err(error) => warn!(%from, %error, "a notice is dropped: it cannot be read"),
        }
    }

    fn request(&self, from: NodeId, id: u64, message: &[u8]) {
        let failed = || self.shared.reply(from, Frame::Response { id }, encoded(&Response::Failed));
        let request: Request = match postcard::from_bytes(message) {
            Ok(request) => request,
            Err(error) => {
                warn!(%from, %error, "a request is refused: it cannot be read");
                return failed();
            }
        };
        let Ok(permit) = Arc::clone(&self.answering).try_acquire_owned() else {
            warn!(%from, "a request is refused: {ANSWERING} others are not answered yet");
            return failed();
        };
        let answering = Arc::clone(&self.shared.handler).request(from, request);
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            shared.reply(from, Frame::Response { id }, encoded(&answering.await));
            drop(permit);
        });
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// What the future says if it need not wait. Whoever waits for it next polls it again.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(said) => Some(said),
        Poll::Pending => None,
    }
}
