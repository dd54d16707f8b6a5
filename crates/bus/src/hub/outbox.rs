//! What waits to be sent over a connection, and the loop that drives one.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::codec::{Encoder, LengthDelimitedCodec};
use tracing::error;

use super::wire::{Incoming, Link, MAX_FRAME, codec};
use crate::lock;

/// Most bytes that wait for one connection, beside those that are being written.
pub(super) const LIMIT: usize = 8 << 20;
/// Each side says at least so often that it is alive.
const BEAT: Duration = Duration::from_secs(1);
/// A side that says nothing for so many beats is gone.
const SILENT_BEATS: u32 = 5;

/// Frames on their way out. Putting one in never waits; one write takes all that are there.
pub(super) struct Outbox {
    pile: Mutex<Pile>,
    /// There is something to write, or the fate has changed.
    wake: Notify,
    /// The connection is to end whether or not the other side reads.
    cut: Notify,
}

struct Pile {
    bytes: BytesMut,
    /// How many of the bytes do not count towards the limit.
    exempt: usize,
    codec: LengthDelimitedCodec,
    fate: Fate,
}

/// What is to become of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Open,
    /// It ends when all is written.
    Closing,
    /// It ends now.
    Cut(Cut),
}

/// Why a connection is ended at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cut {
    Overflow,
    Replaced,
}

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    /// As this side wanted it.
    #[error("it was closed from here")]
    Here,
    /// As the other side wanted it.
    #[error("it was closed from the other side")]
    There,
    /// The other side has not taken what it was sent.
    #[error("more than {LIMIT} bytes wait that the other side does not take")]
    Overflow,
    /// The other side has not said anything.
    #[error("the other side is silent for {SILENT_BEATS} seconds")]
    Silent,
    /// The same member has another connection now.
    #[error("another connection of the same member replaces it")]
    Replaced,
    /// The other side has said something that has no meaning.
    #[error("the other side sent what is not of the bus protocol")]
    Nonsense,
    /// The system says so.
    #[error("it failed: {0}")]
    Io(#[from] io::Error),
}

impl Outbox {
    pub(super) fn new() -> Self {
        let pile = Pile { bytes: BytesMut::new(), exempt: 0, codec: codec(MAX_FRAME), fate: Fate::Open };
        Self { pile: Mutex::new(pile), wake: Notify::new(), cut: Notify::new() }
    }

    /// Puts a frame in. A connection that has no room for it is cut.
    pub(super) fn push(&self, frame: Bytes) {
        self.put(frame, true);
    }

    /// Puts a frame in even where there is no room: for what has its own limit.
    pub(super) fn push_always(&self, frame: Bytes) {
        self.put(frame, false);
    }

    fn put(&self, frame: Bytes, limited: bool) {
        let mut pile = lock(&self.pile);
        if pile.fate != Fate::Open {
            return;
        }
        if limited && pile.bytes.len() - pile.exempt + frame.len() > LIMIT {
            drop(pile);
            self.cut(Cut::Overflow);
            return;
        }
        let Pile { bytes, exempt, codec, .. } = &mut *pile;
        let before = bytes.len();
        if let Err(error) = codec.encode(frame, bytes) {
            error!(%error, "a frame is too long for the bus and is dropped");
        }
        if !limited {
            *exempt += bytes.len() - before;
        }
        drop(pile);
        self.wake.notify_one();
    }

    /// Ends the connection when all that is in here is written.
    pub(super) fn close(&self) {
        let mut pile = lock(&self.pile);
        if pile.fate == Fate::Open {
            pile.fate = Fate::Closing;
        }
        drop(pile);
        self.wake.notify_one();
    }

    /// Ends the connection now.
    pub(super) fn cut(&self, why: Cut) {
        let mut pile = lock(&self.pile);
        pile.fate = Fate::Cut(why);
        pile.bytes.clear();
        pile.exempt = 0;
        drop(pile);
        self.cut.notify_one();
    }

    /// What is in, encoded.
    #[cfg(test)]
    pub(super) fn take(&self) -> BytesMut {
        lock(&self.pile).bytes.split()
    }

    /// Writes what is put in, until the connection is to end.
    async fn write_to(&self, mut writer: impl AsyncWrite + Unpin) -> End {
        let write = async {
            loop {
                let (batch, fate) = {
                    let mut pile = lock(&self.pile);
                    pile.exempt = 0;
                    (pile.bytes.split(), pile.fate)
                };
                if !batch.is_empty() {
                    writer.write_all(&batch).await?;
                } else if fate == Fate::Closing {
                    writer.shutdown().await?;
                    return Ok(());
                } else {
                    self.wake.notified().await;
                }
            }
        };
        tokio::select! {
            written = write => written.map_or_else(End::Io, |()| End::Here),
            () = self.cut.notified() => match lock(&self.pile).fate {
                Fate::Cut(Cut::Replaced) => End::Replaced,
                _ => End::Overflow,
            },
        }
    }
}

/// What an end of a connection does with what comes.
pub(super) trait Side {
    /// Takes a frame.
    fn frame(&self, frame: &[u8]) -> Result<(), postcard::Error>;
    /// Does work that hands over the frames of one read.
    fn together(&self, work: &mut dyn FnMut()) {
        work();
    }
    /// About once a second. Returns the frame by which this side says that it is alive.
    fn tick(&self) -> Bytes;
}

/// Drives a connection until it ends: hands what comes to `side`, writes what is put into
/// `outbox`, and watches that the other side is alive.
pub(super) async fn drive(link: Link, outbox: &Outbox, side: &impl Side) -> End {
    let Link { mut incoming, writer } = link;
    let write = outbox.write_to(writer);
    tokio::pin!(write);
    // Beats are counted, not time: when this process has been stopped for a while, and not the
    // other, what the other has sent meanwhile is still read before it is called silent.
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = 0;
    loop {
        tokio::select! {
            frame = incoming.next() => {
                silent = 0;
                if let Err(end) = hand_over(frame, &mut incoming, side) {
                    return end;
                }
            }
            end = &mut write => {
                if matches!(end, End::Here) {
                    see_off(incoming).await;
                }
                return end;
            }
            _ = beat.tick() => {
                if silent > SILENT_BEATS {
                    return End::Silent;
                }
                silent += 1;
                outbox.push(side.tick());
            }
        }
    }
}

/// Waits until the other side has read our last words and closes too: to close while its own are
/// unread would reset the connection, and ours might be lost.
async fn see_off(mut incoming: Incoming) {
    let rest = async { while let Ok(Some(_)) = incoming.next().await {} };
    // If it does not close, it is not there to read either.
    let _ = timeout(BEAT, rest).await;
}

/// Hands `side` a frame, and all others that the same read has brought.
fn hand_over(first: io::Result<Option<BytesMut>>, incoming: &mut Incoming, side: &impl Side) -> Result<(), End> {
    let (mut next, mut outcome) = (Some(first?.ok_or(End::There)?), Ok(()));
    side.together(&mut || {
        while outcome.is_ok()
            && let Some(frame) = next.take()
        {
            match side.frame(&frame) {
                Ok(()) => outcome = incoming.buffered().map(|more| next = more).map_err(End::Io),
                Err(_) => outcome = Err(End::Nonsense),
            }
        }
    });
    outcome
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn one_write_takes_all_and_closing_waits_for_it() {
        let outbox = Outbox::new();
        outbox.push(Bytes::from_static(b"one"));
        outbox.push(Bytes::from_static(b"two"));
        outbox.close();
        outbox.push(Bytes::from_static(b"late"));
        let mut written = Vec::new();
        assert!(matches!(outbox.write_to(&mut written).await, End::Here));
        assert_eq!(written, b"\0\0\0\x03one\0\0\0\x03two");
    }

    /// An end that only says that it is alive.
    struct Alive;

    impl Side for Alive {
        fn frame(&self, _: &[u8]) -> Result<(), postcard::Error> {
            Ok(())
        }

        fn tick(&self) -> Bytes {
            Bytes::from_static(b"beat")
        }
    }

    fn pair() -> (Link, Link) {
        let (a, b) = tokio::io::duplex(1 << 16);
        let ((a_in, a_out), (b_in, b_out)) = (tokio::io::split(a), tokio::io::split(b));
        (Link::new(a_in, a_out), Link::new(b_in, b_out))
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_given_up_and_a_living_one_is_not() {
        let (here, _stopped) = pair();
        let began = Instant::now();
        assert!(matches!(drive(here, &Outbox::new(), &Alive).await, End::Silent));
        assert!((5..=7).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());

        let (here, there) = pair();
        let (ours, theirs) = (Outbox::new(), Outbox::new());
        tokio::select! {
            end = drive(here, &ours, &Alive) => panic!("{end}"),
            end = drive(there, &theirs, &Alive) => panic!("{end}"),
            () = tokio::time::sleep(BEAT * 60) => {}
        }
        let (here, there) = pair();
        ours.close();
        let ends = tokio::join!(drive(here, &ours, &Alive), async {
            let theirs = Outbox::new();
            drive(there, &theirs, &Alive).await
        });
        assert!(matches!(ends, (End::Here, End::There)), "{ends:?}");
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_is_cut() {
        let outbox = Outbox::new();
        let (_silent, stuck) = tokio::io::duplex(16);
        let fill = async {
            let frame = Bytes::from(vec![0; MAX_FRAME]);
            for _ in 0..20 {
                outbox.push(frame.clone());
                tokio::task::yield_now().await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            end = outbox.write_to(stuck) => assert!(matches!(end, End::Overflow)),
            () = fill => {}
        }
        assert!(lock(&outbox.pile).bytes.is_empty());
    }
}
