//! A stream of bytes between two tasks of one process, with the face of a socket.
//!
//! The HTTP gateway talks to a connection loop through one: the loop's end never waits, as a socket
//! that is read and written when it is ready, and the gateway's end may. Both directions are bounded:
//! who does not read keeps the other from writing, and the limits of the loop apply.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The end of the connection loop.
pub struct Far(Arc<Shared>);

/// The end of whoever speaks for the client. Dropping it is the client's going.
pub struct Near(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// There is something to read, or room to write, for the loop.
    far_readable: Notify,
    far_writable: Notify,
    /// The same for the client.
    near_readable: Notify,
    near_writable: Notify,
    /// Most bytes on the way, each way.
    limit: usize,
}

#[derive(Default)]
struct State {
    up: VecDeque<u8>,
    down: VecDeque<u8>,
    /// The client is gone.
    near_gone: bool,
    /// The loop writes no more, and is to read no more either.
    far_gone: bool,
}

/// A new one, for at most so many bytes on the way in each direction.
pub fn pipe(limit: usize) -> (Near, Far) {
    let shared = Arc::new(Shared {
        state: Mutex::default(),
        far_readable: Notify::new(),
        far_writable: Notify::new(),
        near_readable: Notify::new(),
        near_writable: Notify::new(),
        limit,
    });
    (Near(Arc::clone(&shared)), Far(shared))
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole after every statement, so a poisoned lock is no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Far {
    /// Resolves when [`Far::try_read`] has something to say.
    pub(crate) async fn readable(&self) {
        let is_ready = |state: &State| !state.up.is_empty() || state.near_gone;
        while !is_ready(&self.0.state()) {
            self.0.far_readable.notified().await;
        }
    }

    /// Resolves when [`Far::try_write`] has something to say.
    pub(crate) async fn writable(&self) {
        let is_ready = |state: &State| state.down.len() < self.0.limit || state.near_gone;
        while !is_ready(&self.0.state()) {
            self.0.far_writable.notified().await;
        }
    }

    /// Reads what is there; 0 at the end.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.state();
        if state.up.is_empty() {
            return if state.near_gone { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        let count = state.up.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(state.up.drain(..count)) {
            *to = from;
        }
        if state.up.is_empty() {
            state.up = VecDeque::new();
        }
        drop(state);
        self.0.near_writable.notify_one();
        Ok(count)
    }

    /// Writes what there is room for.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state();
        if state.near_gone {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let count = bytes.len().min(self.0.limit - state.down.len());
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.down.extend(&bytes[..count]);
        drop(state);
        self.0.near_readable.notify_one();
        Ok(count)
    }

    /// Nothing more will be written.
    pub(crate) fn finish(&self) {
        self.0.state().far_gone = true;
        self.0.near_readable.notify_one();
        self.0.near_writable.notify_one();
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.finish();
    }
}

/// What [`Near::take`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The bytes that waited.
    pub bytes: Vec<u8>,
    /// Nothing more will come.
    pub ended: bool,
}

impl Near {
    /// Writes all of it, as the loop makes room. False if the loop has ended.
    pub async fn write(&self, mut bytes: &[u8]) -> bool {
        while let Some(count) = self.try_write(bytes) {
            bytes = &bytes[count..];
            if bytes.is_empty() {
                return true;
            }
            self.0.near_writable.notified().await;
        }
        false
    }

    /// Writes what there is room for. None: the loop has ended.
    fn try_write(&self, bytes: &[u8]) -> Option<usize> {
        let mut state = self.0.state();
        if state.far_gone {
            return None;
        }
        let count = bytes.len().min(self.0.limit - state.up.len());
        state.up.extend(&bytes[..count]);
        drop(state);
        self.0.far_readable.notify_one();
        Some(count)
    }

    /// Takes what waits.
    pub fn take(&self) -> Taken {
        let mut state = self.0.state();
        let bytes = std::mem::take(&mut state.down).into();
        let ended = state.far_gone;
        drop(state);
        self.0.far_writable.notify_one();
        Taken { bytes, ended }
    }

    /// Resolves when [`Near::take`] has something to give, or nothing more will come.
    pub async fn readable(&self) {
        let is_ready = |state: &State| !state.down.is_empty() || state.far_gone;
        while !is_ready(&self.0.state()) {
            self.0.near_readable.notified().await;
        }
    }
}

impl Drop for Near {
    fn drop(&mut self) {
        self.0.state().near_gone = true;
        self.0.far_readable.notify_one();
        self.0.far_writable.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked<T>(result: io::Result<T>) -> bool {
        result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    #[tokio::test]
    async fn bytes_pass_both_ways() {
        let (near, far) = pipe(8);
        let mut buffer = [0; 4];
        assert!(blocked(far.try_read(&mut buffer)));
        assert!(near.write(b"hello").await);
        far.readable().await;
        assert_eq!(far.try_read(&mut buffer).unwrap(), 4);
        assert_eq!(&buffer, b"hell");
        assert_eq!(far.try_read(&mut buffer).unwrap(), 1);
        assert_eq!(far.try_write(b"0123456789").unwrap(), 8);
        assert!(blocked(far.try_write(b"8")));
        near.readable().await;
        assert_eq!(near.take(), Taken { bytes: b"01234567".to_vec(), ended: false });
        far.writable().await;
        assert_eq!(far.try_write(b"89").unwrap(), 2);
        drop(far);
        assert_eq!(near.take(), Taken { bytes: b"89".to_vec(), ended: true });
        assert!(!near.write(b"x").await);
    }

    #[tokio::test]
    async fn who_does_not_read_keeps_the_other_from_writing() {
        let (near, far) = pipe(4);
        let writer = tokio::spawn(async move { (near.write(&[7; 4000]).await, near) });
        let (mut all, mut buffer) = (0, [0; 3]);
        while all < 4000 {
            far.readable().await;
            let count = far.try_read(&mut buffer).unwrap();
            assert!(count <= 3 && buffer[..count].iter().all(|byte| *byte == 7));
            all += count;
        }
        assert!(writer.await.unwrap().0);
    }

    #[tokio::test]
    async fn a_client_that_goes_is_the_end() {
        let (near, far) = pipe(4);
        assert!(near.write(b"ab").await);
        drop(near);
        let mut buffer = [0; 4];
        far.readable().await;
        assert_eq!(far.try_read(&mut buffer).unwrap(), 2, "what it said is still heard");
        assert_eq!(far.try_read(&mut buffer).unwrap(), 0);
        far.writable().await;
        assert_eq!(far.try_write(b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_loop_that_ends_wakes_a_client_that_writes_or_waits() {
        let (near, far) = pipe(1);
        let writer = tokio::spawn(async move { near.write(b"abc").await });
        tokio::task::yield_now().await;
        drop(far);
        assert!(!writer.await.unwrap());
        let (near, far) = pipe(1);
        let reader = tokio::spawn(async move { near.readable().await });
        tokio::task::yield_now().await;
        far.finish();
        reader.await.unwrap();
    }
}
