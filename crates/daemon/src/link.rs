//! The way to one client: a socket that anyone may write to without waiting.
//!
//! Bytes are queued while a batch of work lasts, and written once at its end, by whoever did the
//! work: no task of the receiver wakes for it. What the socket does not take stays queued,
//! bounded in bytes and in time, and the connection's own task writes it when the socket can.
//! A client that does not read is closed; nobody waits for it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use logic::Outlet;
use msnp::Traits;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::pipe;
use crate::running::Wake;

/// Most notices that may wait for a session, which is to see them as soon as no question is open.
const NOTICES: usize = 1024;

/// The way to one client, and the news that its session has yet to see.
pub struct Link<N> {
    transport: Transport,
    state: Mutex<State<N>>,
    wake: Notify,
    /// Most bytes that may wait behind the first ones that do.
    limit: usize,
}

/// What carries the bytes of a connection.
pub enum Transport {
    /// A socket.
    Tcp(TcpStream),
    /// A stream within the process, with the HTTP gateway at the other end.
    Pipe(pipe::Far),
    /// Bytes wait until someone takes them: a test is at the other end.
    Memory,
}

impl Transport {
    /// Resolves when there is something to read.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.readable().await,
            Self::Pipe(far) => {
                far.readable().await;
                Ok(())
            }
            Self::Memory => std::future::pending().await,
        }
    }

    /// Resolves when there is room to write.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            Self::Pipe(far) => {
                far.writable().await;
                Ok(())
            }
            Self::Memory => std::future::pending().await,
        }
    }

    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(buffer),
            Self::Pipe(far) => far.try_read(buffer),
            Self::Memory => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Pipe(far) => far.try_write(bytes),
            Self::Memory => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Says that nothing more will be written. There is still to be read until the client has gone.
    pub(crate) fn finish(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => SockRef::from(stream).shutdown(Shutdown::Write),
            Self::Pipe(far) => {
                far.finish();
                Ok(())
            }
            Self::Memory => Ok(()),
        }
    }
}

struct State<N> {
    queue: Vec<u8>,
    /// Most bytes that may be in the queue now.
    most: usize,
    notices: VecDeque<N>,
    /// Nothing more will be written.
    closed: Option<Closed>,
    /// This link is in the batch's list of those to write to.
    dirty: bool,
}

/// Why nothing more can be written to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closed {
    /// Its connection is gone.
    Gone,
    /// It does not read what it is sent, or its session does not see what it is told.
    Overflow,
    /// The loop has closed it.
    Done,
}

/// Something with bytes to write at the end of a batch.
trait Flush {
    fn flush(&self);
}

thread_local! {
    /// The links that the batch under way on this thread has queued bytes for.
    static BATCH: RefCell<Option<Vec<Arc<dyn Flush>>>> = const { RefCell::new(None) };
}

/// Does work that sends to clients, then writes to each of them once.
///
/// Batches do not nest: one inside another belongs to the outer one.
pub fn batch<T>(work: impl FnOnce() -> T) -> T {
    let outermost = BATCH.with_borrow_mut(|batch| {
        let outermost = batch.is_none();
        batch.get_or_insert_default();
        outermost
    });
    let _end = EndOfBatch { outermost };
    work()
}

/// Ends a batch, even one that panics: the thread goes on to others.
struct EndOfBatch {
    outermost: bool,
}

impl Drop for EndOfBatch {
    fn drop(&mut self) {
        if self.outermost {
            let links = BATCH.with_borrow_mut(Option::take);
            for link in links.into_iter().flatten() {
                link.flush();
            }
        }
    }
}

impl<N: Send + 'static> Link<N> {
    /// The way to the client at the other end of `transport`.
    pub fn over(transport: Transport, limit: usize) -> Arc<Self> {
        Arc::new(Self::new(transport, limit))
    }

    /// The way to a client in the same process, which takes what is sent with [`Link::take`].
    pub fn memory(limit: usize) -> Arc<Self> {
        Arc::new(Self::new(Transport::Memory, limit))
    }

    const fn new(transport: Transport, limit: usize) -> Self {
        let state = State { queue: Vec::new(), most: 0, notices: VecDeque::new(), closed: None, dirty: false };
        Self { transport, state: Mutex::new(state), wake: Notify::const_new(), limit }
    }

    fn state(&self) -> MutexGuard<'_, State<N>> {
        // The state is whole after every statement that could panic, so a poisoned lock is no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues bytes, to be written at the end of the batch under way, or now if there is none.
    /// `false` if they will not be written.
    ///
    /// A client that has been keeping up is sent anything, however large: the lists of an account
    /// are one answer. One that has not is closed when the outbox is full.
    pub fn send(self: &Arc<Self>, bytes: &[u8]) -> bool {
        self.enqueue(bytes.len(), |queue| queue.extend_from_slice(bytes))
    }

    /// [`Link::send`] of bytes that nobody else needs: an empty queue takes them as they are.
    pub(crate) fn give(self: &Arc<Self>, bytes: Vec<u8>) -> bool {
        self.enqueue(bytes.len(), |queue| {
            if queue.is_empty() {
                *queue = bytes;
            } else {
                queue.extend_from_slice(&bytes);
            }
        })
    }

    /// Has `append` append so many bytes to the queue.
    fn enqueue(self: &Arc<Self>, count: usize, append: impl FnOnce(&mut Vec<u8>)) -> bool {
        let mut state = self.state();
        if state.closed.is_some() {
            return false;
        }
        if !state.has_room(count) {
            // Perhaps only the batch under way keeps it from the socket.
            self.write_from(&mut state);
        }
        if !state.has_room(count) {
            state.close(Closed::Overflow);
        }
        if state.closed.is_some() {
            drop(state);
            self.wake.notify_one();
            return false;
        }
        if state.queue.is_empty() {
            state.most = count + self.limit;
        }
        append(&mut state.queue);
        if !state.dirty {
            state.dirty = true;
            drop(state);
            let batched = BATCH.with_borrow_mut(|batch| {
                batch.as_mut().map(|links| links.push(Arc::clone(self) as Arc<dyn Flush>)).is_some()
            });
            if !batched {
                self.flush();
            }
        }
        true
    }

    /// Tells the session. If it has been told too much that it has not seen, it is closed.
    pub fn notify(&self, notice: N) {
        let mut state = self.state();
        if state.closed.is_some() {
            return;
        }
        if state.notices.len() >= NOTICES {
            state.close(Closed::Overflow);
        } else {
            state.notices.push_back(notice);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// The oldest notice that the session has yet to see.
    pub fn notice(&self) -> Option<N> {
        let mut state = self.state();
        let notice = state.notices.pop_front();
        if state.notices.is_empty() {
            // An idle connection keeps no queue either.
            state.notices = VecDeque::new();
        }
        notice
    }

    /// Takes what waits to be written. For links in memory.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.state().queue)
    }

    /// Why nothing more can be written, if so.
    pub fn closed(&self) -> Option<Closed> {
        self.state().closed
    }

    /// Nothing more is to be written after what waits.
    pub fn close(&self) {
        self.state().closed.get_or_insert(Closed::Done);
    }

    /// How many bytes wait for the socket.
    pub(crate) fn waiting(&self) -> usize {
        self.state().queue.len()
    }

    /// What carries the bytes; the loop reads from it.
    pub(crate) const fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Resolves when there is a notice, or when the link was closed by someone else.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Writes what the socket takes now.
    pub(crate) fn write(&self) {
        let mut state = self.state();
        state.dirty = false;
        let is_done = self.write_from(&mut state);
        drop(state);
        if !is_done {
            self.wake.notify_one();
        }
    }

    /// Writes what the socket takes now. `false` if the loop has to see to the rest.
    fn write_from(&self, state: &mut State<N>) -> bool {
        if matches!(self.transport, Transport::Memory) {
            return true;
        }
        let mut written = 0;
        while written < state.queue.len() {
            match self.transport.try_write(&state.queue[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    state.close(Closed::Gone);
                    return false;
                }
            }
        }
        if written == state.queue.len() {
            // An idle connection keeps no buffer.
            state.queue = Vec::new();
            return true;
        }
        state.queue.drain(..written);
        false
    }
}

impl<N> State<N> {
    /// May so many bytes more wait?
    fn has_room(&self, more: usize) -> bool {
        self.queue.is_empty() || self.queue.len() + more <= self.most
    }

    /// Nothing more will be written, nor what waits.
    fn close(&mut self, why: Closed) {
        self.closed.get_or_insert(why);
        self.queue = Vec::new();
    }
}

impl<N: Send + 'static> Flush for Link<N> {
    fn flush(&self) {
        self.write();
    }
}

impl<N: Send + 'static> Wake for Link<N> {
    fn wake(&self) {
        self.wake.notify_one();
    }
}

/// A link to a client whose dialect is known: what tables and rooms hand news to.
pub struct Client<N> {
    link: Arc<Link<N>>,
    traits: &'static Traits,
}

impl<N> Client<N> {
    /// The client at the end of `link`.
    pub const fn new(link: Arc<Link<N>>, traits: &'static Traits) -> Self {
        Self { link, traits }
    }
}

impl<N> Clone for Client<N> {
    fn clone(&self) -> Self {
        Self { link: Arc::clone(&self.link), traits: self.traits }
    }
}

impl<N: Send + 'static> Outlet for Client<N> {
    type Notice = N;

    fn traits(&self) -> &'static Traits {
        self.traits
    }

    fn send(&self, bytes: &Bytes) -> bool {
        self.link.send(bytes)
    }

    fn notify(&self, notice: N) {
        self.link.notify(notice);
    }
}
