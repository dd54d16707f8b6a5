//! Messages from one to another: `USR t handle room`, then `MSG t N length`, which the other one in
//! the room gets as `MSG handle handle length`.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::net::TcpStream;

use super::Variant;
use super::lines::{line, number, read, word};
use super::outbox::{Outbox, write_all};

/// Who is in which room.
pub(super) struct Rooms {
    variant: Variant,
    people: Mutex<HashMap<Vec<u8>, Vec<Person>>>,
}

/// A handle, and the way to them.
type Person = (Vec<u8>, Arc<Outbox>);

impl Rooms {
    pub(super) fn new(variant: Variant) -> Self {
        Self { variant, people: Mutex::default() }
    }

    fn enter(&self, room: &[u8], handle: &[u8], outbox: Arc<Outbox>) {
        let mut rooms = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.entry(room.to_vec()).or_default();
        room.retain(|(there, _)| there != handle);
        room.push((handle.to_vec(), outbox));
    }

    fn other(&self, room: &[u8], handle: &[u8]) -> Option<Arc<Outbox>> {
        let rooms = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.get(room)?.iter().find(|(there, _)| there != handle).map(|(_, outbox)| outbox.clone())
    }
}

/// Serves one client.
pub(super) async fn connection(stream: TcpStream, rooms: Arc<Rooms>) -> io::Result<()> {
    let stream = Arc::new(stream);
    let outbox = Arc::new(if rooms.variant == Variant::Mpsc {
        Outbox::channel(stream.clone())
    } else {
        Outbox::direct(stream.clone())
    });
    let (mut rest, mut handle, mut room) = (Vec::new(), Vec::new(), Vec::new());
    let entering = |bytes: &[u8]| {
        let Some((line, used)) = line(bytes) else { return 0 };
        (handle, room) = (word(line, 2).to_vec(), word(line, 3).to_vec());
        used
    };
    if !read(&stream, &mut rest, entering).await? {
        return Ok(());
    }
    rooms.enter(&room, &handle, outbox);
    let welcome = [b"USR 1 OK ", &handle[..], b" ", &handle, b"\r\n"].concat();
    write_all(&stream, &welcome).await?;
    let header = [b"MSG ", &handle[..], b" ", &handle, b" "].concat();
    let mut other = None;
    loop {
        let mut out = Vec::new();
        let open = read(&stream, &mut rest, |bytes| match rooms.variant {
            Variant::Copy => {
                out.extend_from_slice(bytes);
                bytes.len()
            }
            Variant::Mpsc | Variant::Direct => rewrite(bytes, &header, &mut out),
        });
        if !open.await? {
            return Ok(());
        }
        if other.is_none() {
            other = rooms.other(&room, &handle);
        }
        if let Some(other) = other.as_ref().filter(|_| !out.is_empty()) {
            other.send(Bytes::from(out)).await;
        }
    }
}

/// Appends every whole message with another header; tells how many bytes they were.
fn rewrite(bytes: &[u8], header: &[u8], out: &mut Vec<u8>) -> usize {
    let mut used = 0;
    while let Some((line, start)) = line(&bytes[used..]) {
        // Which answer the sender wants is read as a server reads it; none of them is due.
        let (delivery, length) = (word(line, 2), word(line, 3));
        let whole = start + number(length);
        let Some(payload) = bytes[used..].get(start..whole).filter(|_| matches!(delivery, b"U" | b"N" | b"A")) else {
            break;
        };
        out.extend_from_slice(header);
        out.extend_from_slice(length);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(payload);
        used += whole;
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_get_another_header_and_pieces_wait() {
        let mut out = Vec::new();
        let used = rewrite(b"MSG 1 N 3\r\nabcMSG 2 U 2\r\nxyMSG 3 U 5\r\nab", b"MSG a a ", &mut out);
        assert_eq!((used, &out[..]), (27, &b"MSG a a 3\r\nabcMSG a a 2\r\nxy"[..]));
    }
}
