//! A connection to a server.

use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::{Buf as _, Bytes, BytesMut};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::{TcpSocket, TcpStream};

use super::wire::{Frame, Garbled, cut};

/// Source addresses that loopback connections come from. One has some 28,000 ports to a server's
/// address, and the system finds a free one quickly while most are.
const SOURCES: u32 = 200;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the system buffers at least of what is not read.
const NARROW: usize = 2048;
/// The longest segments of such a connection.
const SEGMENT: u32 = 128;
/// What is read at once.
const CHUNK: usize = 16 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into());
}

/// A connection that has ended, or on which the server said what it should not have.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("the server closed the connection")]
    Closed,
    #[error("the connection failed: {0}")]
    Failed(#[from] io::Error),
    #[error(transparent)]
    Garbled(#[from] Garbled),
    #[error("the server does not read what it is sent")]
    Deaf,
    #[error("no answer within {PATIENCE:?}")]
    Silent,
}

/// A command that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    line: Bytes,
    payload: Bytes,
}

impl Command {
    pub(crate) fn frame(&self) -> Frame<'_> {
        Frame { line: &self.line, payload: &self.payload }
    }
}

/// A connection to a server, with what has come and is not yet read. Dropping it resets it.
pub(crate) struct Conn {
    stream: Rc<TcpStream>,
    buffer: BytesMut,
    sent: Vec<u8>,
}

impl Conn {
    /// Connects. To a server on this machine, `number` chooses the address that it comes from.
    pub(crate) async fn open(at: SocketAddr, number: usize) -> anyhow::Result<Self> {
        Self::with_buffer(at, number, None).await
    }

    /// The same, and the system buffers as little as it can of what is not read.
    pub(crate) async fn open_narrow(at: SocketAddr, number: usize) -> anyhow::Result<Self> {
        Self::with_buffer(at, number, Some(NARROW)).await
    }

    async fn with_buffer(at: SocketAddr, number: usize, buffer: Option<usize>) -> anyhow::Result<Self> {
        let stream = connect(at, number, buffer).await.with_context(|| format!("cannot connect to {at}"))?;
        Ok(Self { stream: Rc::new(stream), buffer: BytesMut::new(), sent: Vec::new() })
    }

    /// Sends bytes, waiting while the socket takes no more.
    pub(crate) async fn send(&mut self, mut bytes: &[u8]) -> Result<(), Lost> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(0) => return Err(Lost::Closed),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.stream.writable().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// A buffer for what is to be sent next, so that a busy connection makes none anew.
    pub(crate) fn draft(&mut self) -> &mut Vec<u8> {
        &mut self.sent
    }

    /// Sends the draft.
    pub(crate) async fn post(&mut self) -> Result<(), Lost> {
        let mut sent = std::mem::take(&mut self.sent);
        let result = self.send(&sent).await;
        sent.clear();
        self.sent = sent;
        result
    }

    /// Waits until something has come, and takes all of it that one read gives.
    pub(crate) async fn fill(&mut self) -> Result<(), Lost> {
        loop {
            self.stream.readable().await?;
            if self.fill_now()? {
                return Ok(());
            }
        }
    }

    /// Takes what has come. False: nothing.
    pub(crate) fn fill_now(&mut self) -> Result<bool, Lost> {
        // All connections of a thread read into the same place, and keep what is there: ten thousand
        // of them have no room for a chunk each, and making it anew each time is dear.
        SCRATCH.with_borrow_mut(|scratch| {
            let mut count = None;
            let tried = self.stream.try_io(Interest::READABLE, || {
                let read = nix::unistd::read(&*self.stream, scratch)?;
                count = Some(read);
                // Less than there is room for is all that there was: the system need not be asked again.
                if 0 < read && read < scratch.len() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match (count, tried) {
                (Some(0), _) => Err(Lost::Closed),
                (Some(count), _) => {
                    self.buffer.extend_from_slice(&scratch[..count]);
                    Ok(true)
                }
                (None, Err(error)) if error.kind() != io::ErrorKind::WouldBlock => Err(error.into()),
                (None, _) => Ok(false),
            }
        })
    }

    /// Hands every whole command that has come to `each`, until one is refused.
    pub(crate) fn drain<E: From<Lost>>(&mut self, mut each: impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        let mut used = 0;
        let result = loop {
            match cut(&self.buffer[used..]) {
                Ok(None) => break Ok(()),
                Err(garbled) => break Err(Lost::from(garbled).into()),
                Ok(Some((frame, bytes))) => {
                    used += bytes;
                    if let Err(error) = each(frame) {
                        break Err(error);
                    }
                }
            }
        };
        self.buffer.advance(used);
        result
    }

    /// The next command.
    pub(crate) async fn next(&mut self) -> Result<Command, Lost> {
        match tokio::time::timeout(PATIENCE, self.next_patiently()).await {
            Ok(result) => result,
            Err(_) => Err(Lost::Silent),
        }
    }

    /// The next command, however long it takes.
    pub(crate) async fn next_patiently(&mut self) -> Result<Command, Lost> {
        loop {
            if let Some(command) = self.take()? {
                return Ok(command);
            }
            self.fill().await?;
        }
    }

    /// The next command, if it has come.
    fn take(&mut self) -> Result<Option<Command>, Lost> {
        let Some((frame, used)) = cut(&self.buffer)? else { return Ok(None) };
        let (line, payload) = (frame.line.len(), frame.payload.len());
        let mut bytes = self.buffer.split_to(used).freeze();
        let payload = bytes.split_off(used - payload);
        Ok(Some(Command { line: bytes.slice(..line), payload }))
    }

    /// Gives back the memory of its buffers, for one that will be idle. What has come and was not
    /// read is kept.
    pub(crate) fn shrink(&mut self) {
        self.buffer = if self.buffer.is_empty() { BytesMut::new() } else { BytesMut::from(&self.buffer[..]) };
        self.sent = Vec::new();
    }

    /// A way to write to it while someone else reads.
    pub(crate) fn pen(&self) -> Pen {
        Pen(self.stream.clone())
    }
}

/// Writes to a connection that someone else reads.
#[derive(Clone)]
pub(crate) struct Pen(Rc<TcpStream>);

impl Pen {
    /// Writes at once. It is an error if the socket does not take all of it: the server does not
    /// read what it is sent.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Lost> {
        match self.0.try_write(bytes) {
            Ok(count) if count == bytes.len() => Ok(()),
            Ok(_) => Err(Lost::Deaf),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Lost::Deaf),
            Err(error) => Err(error.into()),
        }
    }
}

async fn connect(at: SocketAddr, number: usize, buffer: Option<usize>) -> anyhow::Result<TcpStream> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if at.ip().is_loopback() && at.is_ipv4() {
        // The port is chosen when it is known where to, so that one port serves many servers.
        setsockopt(&socket, sockopt::IpBindAddressNoPort, &true)?;
        let last = u8::try_from(number % SOURCES as usize).unwrap_or_default() + 1;
        socket.bind((Ipv4Addr::new(127, 0, 1, last), 0).into())?;
    }
    socket.set_nodelay(true)?;
    if let Some(buffer) = buffer {
        // Before the other side is told how much it may send. Its system buffers a multiple of a segment
        // too, which on a machine's own network may have 64 kB: that would be megabytes, and now is some
        // hundred kilobytes.
        SockRef::from(&socket).set_recv_buffer_size(buffer)?;
        setsockopt(&socket, sockopt::TcpMaxSeg, &SEGMENT)?;
    }
    // Closed with a reset: a herd of ten thousand leaves no ports behind that wait for a minute.
    SockRef::from(&socket).set_linger(Some(Duration::ZERO))?;
    match tokio::time::timeout(PATIENCE, socket.connect(at)).await {
        Ok(stream) => Ok(stream?),
        Err(_) => anyhow::bail!("no connection within {PATIENCE:?}"),
    }
}
