//! The one loop that drives every machine over every connection.
//!
//! It reads into a buffer that all connections of a thread share, so that an idle one has none.
//! All that one read brings is handled before anything is written, and written at once.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use logic::{Bucket, Machine, Rate};
use tokio::time;
use tracing::debug;

use crate::desk::{Desk, Drive, Pace};
use crate::link::{Closed, Link, batch};
use crate::running::{Phase, Shutdown};

/// How long a client whose connection we close has to read the last words.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a connection may do.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long a client may take to prove who it is.
    pub stranger_time: Duration,
    /// How many commands it may send until then.
    pub stranger_commands: u32,
    /// How many bytes it may send until then.
    pub stranger_bytes: usize,
    /// Commands of a client that has: beyond it, it is read more slowly.
    pub commands: Rate,
    /// Bytes that may wait for a client that does not read.
    pub outbox: usize,
    /// How long they may.
    pub outbox_time: Duration,
}

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; 16 * 1024].into());
}

/// What the loop keeps of a connection besides the machine.
struct Meter {
    terms: Arc<Terms>,
    began: Instant,
    commands: u32,
    bytes: usize,
    bucket: Bucket,
    /// No frame is handled before this.
    paused: Option<Instant>,
    /// Since when bytes have been waiting for the socket.
    stuck: Option<Instant>,
}

impl Meter {
    const fn new(terms: Arc<Terms>, now: Instant) -> Self {
        Self { terms, began: now, commands: 0, bytes: 0, bucket: Bucket::full(now), paused: None, stuck: None }
    }

    /// May this frame be handled?
    fn pace(&mut self, stranger: bool, used: usize, now: Instant) -> Pace {
        if stranger {
            self.commands += 1;
            self.bytes += used;
            if self.commands > self.terms.stranger_commands || self.bytes > self.terms.stranger_bytes {
                return Pace::Stop("too much before sign-in");
            }
            return Pace::Go;
        }
        match self.bucket.take(self.terms.commands, now) {
            Ok(()) => Pace::Go,
            Err(wait) => {
                self.paused = Some(now + wait);
                Pace::Wait
            }
        }
    }
}

/// Why a connection ended.
enum End {
    /// The client closed, or its network did.
    Left,
    /// We close, for this reason.
    Closing(&'static str),
}

/// One connection. It is on the heap, because a future holds what it is given twice: as an argument
/// and where it works with it.
struct Connection<M: Machine, D, G> {
    drive: Drive<M, D>,
    meter: Meter,
    shutdown: Shutdown,
    guard: G,
}

/// Drives one connection from its first byte to its last. The guard is dropped at the end.
pub fn run<M, D, G>(
    drive: Drive<M, D>,
    terms: Arc<Terms>,
    shutdown: Shutdown,
    guard: G,
) -> impl Future<Output = ()> + use<M, D, G>
where
    M: Machine,
    M::Notice: Send + 'static,
    D: Desk<M>,
{
    live(Box::new(Connection { drive, meter: Meter::new(terms, now()), shutdown, guard }))
}

async fn live<M, D, G>(mut connection: Box<Connection<M, D, G>>)
where
    M: Machine,
    M::Notice: Send + 'static,
    D: Desk<M>,
{
    let end = {
        let Connection { drive, meter, shutdown, .. } = &mut *connection;
        serve(drive, meter, shutdown).await
    };
    // What comes now is short, and bigger than the idle loop: no idle connection has room for it.
    Box::pin(bid_farewell(connection, end)).await;
}

async fn bid_farewell<M, D, G>(mut connection: Box<Connection<M, D, G>>, end: End)
where
    M: Machine,
    M::Notice: Send + 'static,
    D: Desk<M>,
{
    let link = Arc::clone(&connection.drive.link);
    link.close();
    if let Some(rest) = batch(|| connection.drive.farewell(now())) {
        rest.await;
    }
    let Connection { drive, guard, .. } = *connection;
    drop(drive);
    match end {
        End::Left => debug!("the client left"),
        End::Closing(why) => {
            debug!(why, "closing");
            let _ = time::timeout(LAST_WORDS, last_words(&link)).await;
        }
    }
    drop(guard);
}

async fn serve<M, D>(drive: &mut Drive<M, D>, meter: &mut Meter, shutdown: &Shutdown) -> End
where
    M: Machine,
    M::Notice: Send + 'static,
    D: Desk<M>,
{
    // Read once each time that something has happened: a clock costs as much as the smaller commands do.
    let mut at = now();
    loop {
        batch(|| while drive.notice(at) || drive.timeout(at) {});
        if let Some(end) = ended(drive, meter, shutdown, at) {
            return end;
        }
        meter.stuck = if drive.link.waiting() == 0 { None } else { meter.stuck.or(Some(at)) };
        let reading = !drive.is_open() && meter.paused.is_none();
        let deadline = deadline(drive, meter);
        let link = Arc::clone(&drive.link);
        tokio::select! {
            biased;
            answer = drive.answered(), if drive.is_open() => {
                at = now();
                batch(|| {
                    drive.answer(answer, at);
                    feed(drive, meter, &[], at);
                });
            }
            () = link.woken() => at = now(),
            ready = link.transport().writable(), if meter.stuck.is_some() => {
                if ready.is_err() {
                    return End::Left;
                }
                at = now();
                link.write();
            }
            ready = link.transport().readable(), if reading => {
                at = now();
                if ready.is_err() || !read(drive, meter, at) {
                    return End::Left;
                }
            }
            () = until(deadline), if deadline.is_some() => {
                at = now();
                if meter.paused.is_some_and(|paused| paused <= at) {
                    meter.paused = None;
                    batch(|| feed(drive, meter, &[], at));
                }
            }
        }
    }
}

/// Has the connection come to its end?
fn ended<M, D>(drive: &Drive<M, D>, meter: &Meter, shutdown: &Shutdown, now: Instant) -> Option<End>
where
    M: Machine,
    M::Notice: Send + 'static,
    D: Desk<M>,
{
    if let Some(why) = drive.closing() {
        return Some(End::Closing(why));
    }
    match drive.link.closed() {
        Some(Closed::Gone) => return Some(End::Left),
        Some(Closed::Overflow) => return Some(End::Closing("the client does not read")),
        Some(Closed::Done) | None => {}
    }
    // Strangers have nothing to lose; those who are in are told by their server, and have a while.
    let patience = if drive.machine.is_stranger() { Phase::Stopping } else { Phase::Cut };
    if shutdown.phase() >= patience {
        return Some(End::Closing("the daemon stops"));
    }
    let late = meter.stuck.is_some_and(|since| now >= since + meter.terms.outbox_time);
    if late {
        return Some(End::Closing("the client does not read"));
    }
    let slow = drive.machine.is_stranger() && now >= meter.began + meter.terms.stranger_time;
    slow.then_some(End::Closing("no sign-in in time"))
}

/// When to look again although nothing has happened.
fn deadline<M, D>(drive: &Drive<M, D>, meter: &Meter) -> Option<Instant>
where
    M: Machine,
    M::Notice: Send + 'static,
    D: Desk<M>,
{
    let machine = if drive.is_open() { None } else { drive.machine.poll_timeout() };
    let stranger = drive.machine.is_stranger().then(|| meter.began + meter.terms.stranger_time);
    let stuck = meter.stuck.map(|since| since + meter.terms.outbox_time);
    [machine, stranger, stuck, meter.paused].into_iter().flatten().min()
}

/// Reads once and handles what came. False if the client is gone.
fn read<M, D>(drive: &mut Drive<M, D>, meter: &mut Meter, now: Instant) -> bool
where
    M: Machine,
    M::Notice: Send + 'static,
    D: Desk<M>,
{
    BUFFER.with_borrow_mut(|buffer| match drive.link.transport().try_read(buffer) {
        Ok(0) => false,
        Ok(count) => {
            batch(|| feed(drive, meter, &buffer[..count], now));
            true
        }
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    })
}

fn feed<M, D>(drive: &mut Drive<M, D>, meter: &mut Meter, fresh: &[u8], now: Instant)
where
    M: Machine,
    M::Notice: Send + 'static,
    D: Desk<M>,
{
    drive.feed(fresh, now, |machine, used| meter.pace(machine.is_stranger(), used, now));
}

/// Writes what is left, says that nothing more will come, and reads until the client has gone:
/// to close with unread bytes would take the last words away from it.
async fn last_words<N: Send + 'static>(link: &Link<N>) {
    while link.waiting() > 0 && link.closed() != Some(Closed::Gone) {
        if link.transport().writable().await.is_err() {
            return;
        }
        link.write();
    }
    if link.transport().finish().is_err() {
        return;
    }
    while link.transport().readable().await.is_ok() {
        match BUFFER.with_borrow_mut(|rest| link.transport().try_read(rest)) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

fn now() -> Instant {
    time::Instant::now().into_std()
}
