//! One session: a connection of a client to a server, carried in requests and answers.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use daemon::pipe::Taken;
use tokio::sync::{Mutex, MutexGuard, Notify};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::line::Line;

/// How long the answer to commands waits for something to say. Clients that expect no answer to what
/// they said must not be kept from saying more.
const PROMPT: Duration = Duration::from_millis(250);
/// How long it waits for more once there is something: what belongs together mostly comes within it.
const MORE: Duration = Duration::from_millis(5);

/// Counts a request for as long as it waits for its turn, or is given up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One session.
pub(super) struct Session {
    /// Who opened it; nobody else may use it.
    pub(super) address: IpAddr,
    line: Line,
    /// Requests of a session are answered one after the other.
    turn: Mutex<()>,
    /// Requests that wait for their turn.
    waiting: AtomicUsize,
    /// One has come while another is held: that is answered at once.
    next: Notify,
}

impl Session {
    pub(super) fn new(address: IpAddr, line: Line) -> Self {
        Self { address, line, turn: Mutex::new(()), waiting: AtomicUsize::new(0), next: Notify::new() }
    }

    /// Hands commands to the server and waits a moment for what it answers. `patience` is how long the
    /// server may take to read them; one that does not is as good as gone.
    pub(super) async fn send(&self, commands: &[u8], patience: Duration, limit: usize) -> Taken {
        let _turn = self.turn().await;
        let written = timeout(patience, self.line.write(commands)).await;
        if written.is_err() {
            return Taken { bytes: self.line.take(limit).bytes, ended: true };
        }
        let wait = if commands.is_empty() { Duration::ZERO } else { PROMPT };
        self.collect(Instant::now() + wait, limit).await
    }

    /// Waits until there is something to say, no longer than this; a new request ends it.
    pub(super) async fn poll(&self, hold: Duration, limit: usize) -> Taken {
        let _turn = self.turn().await;
        let mut next = pin!(self.next.notified());
        // Heard from here on; whoever came before is counted.
        next.as_mut().enable();
        if self.waiting.load(Ordering::SeqCst) > 0 {
            return self.line.take(limit);
        }
        tokio::select! {
            taken = self.collect(Instant::now() + hold, limit) => taken,
            () = next => self.line.take(limit),
        }
    }

    async fn turn(&self) -> MutexGuard<'_, ()> {
        let waiting = Waiting::begin(&self.waiting);
        self.next.notify_waiters();
        let turn = self.turn.lock().await;
        drop(waiting);
        turn
    }

    /// What the server says until `deadline`, or as soon as it has said something. Taking comes last,
    /// so that a request that is given up loses nothing.
    async fn collect(&self, deadline: Instant, limit: usize) -> Taken {
        let mut taken = self.line.take(limit);
        while taken.bytes.is_empty() && !taken.ended {
            if timeout_at(deadline, self.line.readable()).await.is_err() {
                return taken;
            }
            sleep(MORE).await;
            taken = self.line.take(limit);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use daemon::pipe::pipe;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn a_poll_is_held_until_something_comes_or_another_request_does() {
        let (near, far) = pipe(64);
        let session = Arc::new(Session::new(IpAddr::V4(Ipv4Addr::LOCALHOST), Line::Pipe(near)));
        let poll = |hold| {
            let session = Arc::clone(&session);
            tokio::spawn(async move { session.poll(hold, 64).await })
        };
        let began = Instant::now();
        assert_eq!(poll(Duration::ZERO).await.unwrap(), Taken { bytes: Vec::new(), ended: false });
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(poll(Duration::from_secs(20)).await.unwrap().bytes, b"");
        assert!(began.elapsed() >= Duration::from_secs(20));

        let held = poll(HOUR);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(!held.is_finished());
        let sent = session.send(b"PNG\r\n", HOUR, 64).await;
        assert_eq!(held.await.unwrap(), Taken { bytes: Vec::new(), ended: false });
        assert_eq!(sent.bytes, b"", "nobody answers");

        let held = poll(HOUR);
        let next = poll(HOUR);
        assert_eq!(held.await.unwrap().bytes, b"");
        assert!(!next.is_finished());
        drop(far);
        assert!(next.await.unwrap().ended);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_read_is_gone() {
        let (near, _far) = pipe(4);
        let session = Session::new(IpAddr::V4(Ipv4Addr::LOCALHOST), Line::Pipe(near));
        assert!(session.send(b"more than four", Duration::from_secs(20), 64).await.ended);
    }
}
