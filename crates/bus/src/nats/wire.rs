//! What goes over NATS: subjects, cards and frames.
//!
//! | subject | what |
//! |---|---|
//! | `msnp1.here.NAME.ID` | the sender's [`Card`], to everyone, once a second |
//! | `msnp1.to.NAME.ID.NAME2.ID2` | a [`Frame`] to the first from the second |
//! | `msnp1.to.NAME.ID.none.ID2.NUMBER` | to the first from the NATS server: ID2 does not get request NUMBER |
//!
//! A daemon's *name* is what its NATS account may be bound to: with permission to publish only
//! `msnp1.here.NAME.*` and `msnp1.to.*.*.NAME.*`, it can speak only for itself. The ID is that of
//! this start. The `1` is the version of all this; the frames carry messages of `v1`.

use std::fmt;

use bytes::Bytes;
use model::{Email, NodeId};
use serde::{Deserialize, Serialize};

use crate::Node;

/// Where everyone says that they are there.
pub(super) const EVERYONE: &str = "msnp1.here.>";

/// What a daemon is called on the bus: a word of letters, digits, `-` and `_`, at most 64.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct DaemonName(String);

impl DaemonName {
    /// The name, with whatever may not be in one replaced by `_`.
    pub(super) fn of(text: &str) -> Self {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let name: String = text.chars().take(64).map(|letter| if allowed(letter) { letter } else { '_' }).collect();
        Self(if name.is_empty() { "msnp".to_owned() } else { name })
    }

    /// Is this the name, as a word of a subject?
    pub(super) fn is(&self, word: &str) -> bool {
        self.0 == word
    }
}

impl fmt::Display for DaemonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a daemon says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Card {
    pub(super) name: DaemonName,
    /// Tells this daemon from another with the same number.
    pub(super) token: [u8; 16],
    pub(super) node: Node,
    /// It has just come, or come back: everyone is to say [`Frame::Hello`].
    pub(super) asks: bool,
    /// It is leaving.
    pub(super) leaves: bool,
}

/// What begins each message from one daemon to another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// The number of this frame among those of this sender to this receiver, from 0 on. Those
    /// that carry nothing to be lost, [`Frame::Hello`] and [`Frame::Mark`], have the next one's.
    pub(super) number: u64,
    pub(super) frame: Frame,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Frame {
    /// Who I am. Comes before all else, and whenever it is asked for.
    Hello(Card),
    /// So many frames I have sent you. Comes behind the last of several, once a second.
    Mark,
    /// A notice follows.
    Notice,
    /// A notice follows, for whoever holds this user.
    NoticeFor(Email),
    /// A request follows; its number is mine.
    Request { id: u64 },
    /// A request follows, for whoever holds this user.
    RequestFor { id: u64, user: Email },
    /// The response follows to your request.
    Response { id: u64 },
    /// I do not hold the user whom your request is for.
    NotHeld { id: u64 },
}

/// `msnp1.here.NAME.ID`
pub(super) fn here(name: &DaemonName, id: NodeId) -> String {
    format!("msnp1.here.{name}.{:016x}", id.0)
}

/// What leads to a daemon from all others.
pub(super) fn inbox(name: &DaemonName, id: NodeId) -> String {
    format!("msnp1.to.{name}.{:016x}.>", id.0)
}

/// What leads to a daemon from another one.
pub(super) fn to(name: &DaemonName, id: NodeId, from: &DaemonName, from_id: NodeId) -> String {
    format!("msnp1.to.{name}.{:016x}.{from}.{:016x}", id.0, from_id.0)
}

/// Where the NATS server says that a request of ours reaches nobody: the one whom it was for has no
/// subscription any more.
pub(super) fn nobody(name: &DaemonName, id: NodeId, asked: NodeId, request: u64) -> String {
    format!("msnp1.to.{name}.{:016x}.none.{:016x}.{request:016x}", id.0, asked.0)
}

/// Who was asked, and what the number of the request is, of a subject that [`nobody`] has made.
pub(super) fn unheard(subject: &str) -> Option<(NodeId, u64)> {
    let mut words = subject.rsplitn(4, '.');
    let (request, asked, none) = (words.next()?, words.next()?, words.next()?);
    let number = |word| u64::from_str_radix(word, 16).ok();
    (none == "none").then_some((NodeId(number(asked)?), number(request)?))
}

/// Who sent what came over a subject: its last two words.
pub(super) fn sender(subject: &str) -> Option<(&str, NodeId)> {
    let mut words = subject.rsplitn(3, '.');
    let id = u64::from_str_radix(words.next()?, 16).ok()?;
    Some((words.next()?, NodeId(id)))
}

/// A header, and the message behind it.
pub(super) fn frame(header: &Header, message: &[u8]) -> Bytes {
    let frame = Vec::with_capacity(message.len() + 64);
    let mut frame = postcard::to_extend(header, frame).expect("headers hold nothing that postcard cannot write");
    frame.extend_from_slice(message);
    frame.into()
}

/// Something in the bus's encoding.
pub(super) fn encoded<T: Serialize>(what: &T) -> Bytes {
    postcard::to_stdvec(what).expect("messages hold nothing that postcard cannot write").into()
}

/// A frame's header, and the message behind it.
pub(super) fn open(frame: &[u8]) -> Result<(Header, &[u8]), postcard::Error> {
    postcard::take_from_bytes(frame)
}

#[cfg(test)]
mod tests {
    use model::{Endpoint, Role};

    use super::*;

    #[test]
    fn subjects_tell_who_speaks() {
        let (a, b) = (DaemonName::of("ns-1"), DaemonName::of("sb 2.x"));
        assert_eq!(here(&a, NodeId(7)), "msnp1.here.ns-1.0000000000000007");
        let subject = to(&a, NodeId(7), &b, NodeId(0xab));
        assert_eq!(subject, "msnp1.to.ns-1.0000000000000007.sb_2_x.00000000000000ab");
        assert_eq!(sender(&subject), Some(("sb_2_x", NodeId(0xab))));
        assert_eq!(sender("msnp1.to"), None);
        assert_eq!(unheard(&nobody(&a, NodeId(7), NodeId(9), 16)), Some((NodeId(9), 16)));
        assert_eq!(unheard(&subject), None);
        assert_eq!(DaemonName::of("").to_string(), "msnp");
    }

    /// Daemons of this release and of the next may be on the same bus.
    #[test]
    fn the_layout_is_frozen() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let amy = Email::parse("a@b.c").unwrap();
        let node = Node {
            id: NodeId(300),
            role: Role::Notification,
            endpoint: Endpoint::SameHost(1864),
            weight: 100,
            load: 5,
            draining: true,
        };
        let card = Card { name: DaemonName::of("n"), token: [0xab; 16], node, asks: true, leaves: false };
        let card_hex = "016eababababababababababababababababac020101c80e6405010100";
        assert_eq!(hex(&encoded(&card)), card_hex);
        let frames = [
            (Frame::Hello(card), format!("00{card_hex}")),
            (Frame::Mark, "01".to_owned()),
            (Frame::Notice, "02".to_owned()),
            (Frame::NoticeFor(amy.clone()), "03056140622e63".to_owned()),
            (Frame::Request { id: 300 }, "04ac02".to_owned()),
            (Frame::RequestFor { id: 1, user: amy }, "0501056140622e63".to_owned()),
            (Frame::Response { id: 1 }, "0601".to_owned()),
            (Frame::NotHeld { id: 1 }, "0701".to_owned()),
        ];
        for (kind, layout) in frames {
            let header = Header { number: 300, frame: kind };
            let bytes = frame(&header, b"xyz");
            assert_eq!(hex(&bytes), format!("ac02{layout}78797a"));
            assert_eq!(open(&bytes).unwrap(), (header, &b"xyz"[..]));
        }
    }
}
