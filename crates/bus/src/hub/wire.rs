//! What goes over a connection between the hub and a member, and the connection itself.
//!
//! A frame is its length in four bytes, most significant first, and at most [`MAX_FRAME`] bytes:
//! a header in postcard's encoding ([`Up`] or [`Down`]), and behind those headers that carry a
//! message the message of `v1` in the same encoding. The hub passes the message on as it is.

use std::io::{self, ErrorKind};

use bytes::{Bytes, BytesMut};
use model::{Email, NodeId};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec};

use crate::{Address, Node};

/// Longest frame, in bytes without the length.
pub(super) const MAX_FRAME: usize = 1 << 20;
/// Longest frame that a member sends: the header that the hub puts in the place of the member's
/// may be longer by a few bytes.
pub(super) const MAX_SENT: usize = MAX_FRAME - 64;
/// Longest frame until the other side has proved that it knows the secret.
const MAX_STRANGE: usize = 128;
/// How much is read at once.
const READ: usize = 64 << 10;

/// From a member to the hub.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Up {
    /// The first frame: who I am. The token is the member's own and tells its new connection
    /// from somebody else's with the same number.
    Join { node: Node, token: [u8; 16] },
    /// I hold these users.
    Hold(Vec<Email>),
    /// I no longer hold these.
    Release(Vec<Email>),
    /// How I am.
    Load { load: u32, draining: bool },
    /// A notice follows.
    Notice(Address),
    /// A request follows; its number is mine.
    Request { id: u64, to: Address },
    /// The response follows, to the hub's request of this number.
    Response { id: u64 },
    /// I am alive.
    Beat,
}

/// From the hub to a member.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Down {
    /// The first frame: who is there, you included. Others may still come back to a new hub in
    /// the next `settle` milliseconds.
    Welcome { members: Vec<Node>, settle: u32 },
    /// Instead of the welcome: there is another member with your number.
    Taken,
    /// Someone has come, or is not what they were.
    Joined(Node),
    /// Someone is gone.
    Left(NodeId),
    /// How someone is.
    Load { id: NodeId, load: u32, draining: bool },
    /// A notice follows.
    Notice { from: NodeId },
    /// A request follows; its number is the hub's.
    Request { id: u64, from: NodeId },
    /// What became of your request; the response follows if there is one.
    Response { id: u64, outcome: Outcome },
    /// I am alive.
    Beat,
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// The response follows.
    Answered,
    /// Nobody was at the address.
    Nobody,
    /// The one who had it is gone.
    Lost,
}

/// A frame of a header without a message.
pub(super) fn frame<H: Serialize>(header: &H) -> Bytes {
    postcard::to_stdvec(header).expect("headers hold nothing that postcard cannot write").into()
}

/// A frame of a header and the message that follows it.
pub(super) fn frame_with<H: Serialize, M: Serialize>(header: &H, message: &M) -> Bytes {
    postcard::to_stdvec(&(header, message)).expect("messages hold nothing that postcard cannot write").into()
}

/// A frame of a header and an encoded message.
pub(super) fn frame_around<H: Serialize>(header: &H, message: &[u8]) -> Bytes {
    let frame = Vec::with_capacity(message.len() + 32);
    let mut frame = postcard::to_extend(header, frame).expect("headers hold nothing that postcard cannot write");
    frame.extend_from_slice(message);
    frame.into()
}

/// A frame's header, and the encoded message behind it.
pub(super) fn open<'a, H: Deserialize<'a>>(frame: &'a [u8]) -> Result<(H, &'a [u8]), postcard::Error> {
    postcard::take_from_bytes(frame)
}

/// A connection, either end of it.
pub(super) struct Link {
    pub(super) incoming: Incoming,
    pub(super) writer: Box<dyn AsyncWrite + Send + Unpin>,
}

/// The frames that come over a connection.
pub(super) struct Incoming {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    codec: LengthDelimitedCodec,
    buffer: BytesMut,
}

impl Link {
    pub(super) fn tcp(stream: TcpStream) -> io::Result<Self> {
        // Frames leave in batches already; waiting for more of them only costs time.
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        Ok(Self::new(reader, writer))
    }

    pub(super) fn unix(stream: UnixStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self::new(reader, writer)
    }

    pub(super) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let incoming = Incoming { reader: Box::new(reader), codec: codec(MAX_STRANGE), buffer: BytesMut::new() };
        Self { incoming, writer: Box::new(writer) }
    }

    /// The other side has proved itself: frames may be long from now on.
    pub(super) fn trust(&mut self) {
        self.incoming.codec.set_max_frame_length(MAX_FRAME);
    }

    /// Writes one frame at once.
    pub(super) async fn write(&mut self, frame: Bytes) -> io::Result<()> {
        let mut bytes = BytesMut::new();
        codec(MAX_FRAME).encode(frame, &mut bytes)?;
        self.writer.write_all(&bytes).await
    }

    /// The next frame. That there is none is an error here.
    pub(super) async fn read(&mut self) -> io::Result<BytesMut> {
        self.incoming.next().await?.ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }
}

/// The framing.
pub(super) fn codec(longest: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(longest).new_codec()
}

impl Incoming {
    /// The next frame; none if the other side has said all that it will say. May be dropped
    /// before it is done: nothing is lost.
    pub(super) async fn next(&mut self) -> io::Result<Option<BytesMut>> {
        loop {
            if let Some(frame) = self.buffered()? {
                return Ok(Some(frame));
            }
            self.buffer.reserve(READ);
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// The next frame, if all of it is here already.
    pub(super) fn buffered(&mut self) -> io::Result<Option<BytesMut>> {
        self.codec.decode(&mut self.buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Link, Link) {
        let (a, b) = tokio::io::duplex(1 << 16);
        let ((a_in, a_out), (b_in, b_out)) = (tokio::io::split(a), tokio::io::split(b));
        (Link::new(a_in, a_out), Link::new(b_in, b_out))
    }

    #[tokio::test]
    async fn strangers_cannot_send_much() {
        let (mut here, mut there) = pair();
        there.write(Bytes::from_static(&[7; MAX_STRANGE])).await.unwrap();
        assert_eq!(here.read().await.unwrap().len(), MAX_STRANGE);
        there.write(Bytes::from_static(&[7; MAX_STRANGE + 1])).await.unwrap();
        assert_eq!(here.read().await.unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn nor_can_members_send_more_than_a_frame() {
        let (mut here, mut there) = pair();
        here.trust();
        let length = u32::try_from(MAX_FRAME + 1).unwrap().to_be_bytes();
        there.writer.write_all(&length).await.unwrap();
        assert_eq!(here.read().await.unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn half_a_frame_at_the_end_is_an_error() {
        let (mut here, mut there) = pair();
        there.writer.write_all(&[0, 0, 0, 2, 1]).await.unwrap();
        drop(there);
        assert_eq!(here.read().await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn headers_stay_as_they_are() {
        let amy = Email::parse("a@b.c").unwrap();
        let endpoint = model::Endpoint::SameHost(1864);
        let role = model::Role::Notification;
        let node = Node { id: NodeId(300), role, endpoint, weight: 100, load: 5, draining: true };
        let up = [
            (Up::Join { node: node.clone(), token: [7; 16] }, "00ac020101c80e640501".to_owned() + &"07".repeat(16)),
            (Up::Hold(vec![amy.clone()]), "0101056140622e63".to_owned()),
            (Up::Release(vec![amy.clone()]), "0201056140622e63".to_owned()),
            (Up::Load { load: 5, draining: false }, "030500".to_owned()),
            (Up::Notice(Address::User(amy)), "0400056140622e63".to_owned()),
            (Up::Request { id: 300, to: Address::Node(NodeId(1)) }, "05ac020101".to_owned()),
            (Up::Response { id: 300 }, "06ac02".to_owned()),
            (Up::Beat, "07".to_owned()),
        ];
        up.iter().for_each(|(header, hex)| assert_eq!(format!("{:x}", frame(header)), *hex));
        let down = [
            (Down::Welcome { members: vec![node.clone()], settle: 300 }, "0001ac020101c80e640501ac02"),
            (Down::Taken, "01"),
            (Down::Joined(node), "02ac020101c80e640501"),
            (Down::Left(NodeId(300)), "03ac02"),
            (Down::Load { id: NodeId(300), load: 5, draining: true }, "04ac020501"),
            (Down::Notice { from: NodeId(300) }, "05ac02"),
            (Down::Request { id: 1, from: NodeId(300) }, "0601ac02"),
            (Down::Response { id: 1, outcome: Outcome::Answered }, "070100"),
            (Down::Response { id: 1, outcome: Outcome::Nobody }, "070101"),
            (Down::Response { id: 1, outcome: Outcome::Lost }, "070102"),
            (Down::Beat, "08"),
        ];
        down.iter().for_each(|(header, hex)| assert_eq!(format!("{:x}", frame(header)), *hex));
    }

    #[test]
    fn a_message_is_passed_on_as_it_is() {
        let sent = frame_with(&Up::Request { id: 1, to: Address::Node(NodeId(2)) }, &"message");
        let (header, message) = open::<Up>(&sent).unwrap();
        assert_eq!(header, Up::Request { id: 1, to: Address::Node(NodeId(2)) });
        let passed = frame_around(&Down::Request { id: 9, from: NodeId(3) }, message);
        let (header, message) = open::<Down>(&passed).unwrap();
        assert_eq!(header, Down::Request { id: 9, from: NodeId(3) });
        assert_eq!(postcard::from_bytes::<&str>(message), Ok("message"));
        let longest = Down::Request { id: u64::MAX, from: NodeId(u64::MAX) };
        let shortest = Up::Request { id: 0, to: Address::Node(NodeId(0)) };
        assert!(frame(&longest).len() - frame(&shortest).len() < MAX_FRAME - MAX_SENT);
    }
}
