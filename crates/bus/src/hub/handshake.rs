//! How the hub and a member prove to each other that they know the secret.
//!
//! Three frames, each of fixed length:
//!
//! 1. member: magic, version, a fresh number;
//! 2. hub: magic, version, a fresh number of its own, its proof;
//! 3. member: its proof.
//!
//! A proof is HMAC-SHA256 under the secret over the direction, the version and both numbers, so
//! it is worth nothing on another connection, for the other side, or in another version. Magic
//! and version stay what they are in all versions, so that a mismatch can be told.

use std::io;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::place::Place;
use super::wire::Link;
use crate::{BusError, Secret};

/// The version of the handshake, the frames and the messages in them.
pub(super) const VERSION: u8 = 1;
const MAGIC: [u8; 4] = *b"MBUS";
const NONCE: usize = 32;
const PROOF: usize = 32;

/// Why a handshake came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The connection failed.
    #[error("the connection broke during the handshake")]
    Io(#[from] io::Error),
    /// The other side speaks something else.
    #[error("it does not speak the hub's protocol")]
    Stranger,
    /// The other side is of another release.
    #[error("it speaks version {0} of the bus protocol and we speak {VERSION}: run all daemons from the same release")]
    Version(u8),
    /// The other side does not know our secret.
    #[error("it does not know the secret: give all daemons the same secret file")]
    Secret,
}

impl Fault {
    /// The same, as a member reports it.
    pub(super) fn at(self, place: &Place) -> BusError {
        let url = place.to_string();
        match self {
            Self::Io(source) if source.kind() == io::ErrorKind::InvalidData => BusError::NotAHub { url },
            Self::Io(source) => BusError::Connect { url, source },
            Self::Stranger => BusError::NotAHub { url },
            Self::Version(theirs) => BusError::WrongVersion { url, ours: VERSION, theirs },
            Self::Secret => BusError::WrongSecret { url },
        }
    }
}

/// The member's side. The caller sets the deadline.
pub(super) async fn as_member(link: &mut Link, secret: &Secret) -> Result<(), Fault> {
    let ours: [u8; NONCE] = rand::random();
    link.write(hello(&[&ours])).await?;
    let frame = link.read().await?;
    let Some((theirs, proof)) = greeting(&frame)?.split_at_checked(NONCE) else { return Err(Fault::Stranger) };
    mac(secret, Side::Hub, &ours, theirs).verify_slice(proof).map_err(|_| Fault::Secret)?;
    link.write(prove(secret, Side::Member, &ours, theirs)).await?;
    link.trust();
    Ok(())
}

/// The hub's side. The caller sets the deadline.
pub(super) async fn as_hub(link: &mut Link, secret: &Secret) -> Result<(), Fault> {
    let frame = link.read().await?;
    let theirs = match greeting(&frame) {
        // So that the other side can name the versions too.
        Err(Fault::Version(version)) => {
            link.write(hello(&[])).await?;
            return Err(Fault::Version(version));
        }
        greeting => greeting?,
    };
    if theirs.len() != NONCE {
        return Err(Fault::Stranger);
    }
    let ours: [u8; NONCE] = rand::random();
    link.write(hello(&[&ours, &prove(secret, Side::Hub, theirs, &ours)])).await?;
    // A member that finds our proof wrong goes away here without a word.
    let proof = link.read().await.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Fault::Secret,
        _ => Fault::Io(error),
    })?;
    mac(secret, Side::Member, theirs, &ours).verify_slice(&proof).map_err(|_| Fault::Secret)?;
    link.trust();
    Ok(())
}

/// Whose proof it is.
#[derive(Clone, Copy)]
enum Side {
    Hub,
    Member,
}

fn hello(parts: &[&[u8]]) -> Bytes {
    let mut frame = Vec::with_capacity(MAGIC.len() + 1 + NONCE + PROOF);
    frame.extend_from_slice(&MAGIC);
    frame.push(VERSION);
    parts.iter().for_each(|part| frame.extend_from_slice(part));
    frame.into()
}

/// What stands behind magic and version.
fn greeting(frame: &[u8]) -> Result<&[u8], Fault> {
    match frame.strip_prefix(&MAGIC).and_then(|rest| rest.split_first()) {
        None => Err(Fault::Stranger),
        Some((&VERSION, rest)) => Ok(rest),
        Some((version, _)) => Err(Fault::Version(*version)),
    }
}

fn mac(secret: &Secret, side: Side, members: &[u8], hubs: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("HMAC takes keys of any length");
    mac.update(match side {
        Side::Hub => b"msnp bus hub   ",
        Side::Member => b"msnp bus member",
    });
    mac.update(&[VERSION]);
    mac.update(members);
    mac.update(hubs);
    mac
}

fn prove(secret: &Secret, side: Side, members: &[u8], hubs: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&mac(secret, side, members, hubs).finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Link, Link) {
        let (a, b) = tokio::io::duplex(4096);
        let ((a_in, a_out), (b_in, b_out)) = (tokio::io::split(a), tokio::io::split(b));
        (Link::new(a_in, a_out), Link::new(b_in, b_out))
    }

    #[tokio::test]
    async fn the_same_secret_is_accepted_on_both_sides() {
        let (mut member, mut hub) = pair();
        let secret = Secret::random();
        let (a, b) = tokio::join!(as_member(&mut member, &secret), as_hub(&mut hub, &secret));
        assert!(a.is_ok() && b.is_ok());
    }

    #[tokio::test]
    async fn another_secret_is_refused_on_both_sides() {
        let (mut member, mut hub) = pair();
        let (mine, other) = (Secret::random(), Secret::random());
        let refused = async move {
            let fault = as_member(&mut member, &mine).await.unwrap_err();
            drop(member);
            fault
        };
        let (a, b) = tokio::join!(refused, as_hub(&mut hub, &other));
        assert!(matches!(a, Fault::Secret));
        assert!(matches!(b, Err(Fault::Secret)));
    }

    #[tokio::test]
    async fn the_hubs_own_proof_is_not_the_members() {
        let (mut member, mut hub) = pair();
        let secret = Secret::random();
        let echo = async {
            member.write(hello(&[&[1; NONCE]])).await.unwrap();
            let answer = member.read().await.unwrap();
            let proof = Bytes::copy_from_slice(&greeting(&answer).unwrap()[NONCE..]);
            member.write(proof).await.unwrap();
        };
        let ((), b) = tokio::join!(echo, as_hub(&mut hub, &secret));
        assert!(matches!(b, Err(Fault::Secret)));
    }

    #[tokio::test]
    async fn another_version_is_told_on_both_sides() {
        let secret = Secret::random();
        let (mut member, mut hub) = pair();
        let newer = async {
            member.write(Bytes::from_static(b"MBUS\x02 and what version 2 has there")).await.unwrap();
            member.read().await.unwrap()
        };
        let (answer, fault) = tokio::join!(newer, as_hub(&mut hub, &secret));
        assert!(matches!(fault, Err(Fault::Version(2))));
        assert_eq!(&answer[..], b"MBUS\x01");

        let (mut member, mut hub) = pair();
        let newer = async {
            hub.read().await.unwrap();
            hub.write(Bytes::from_static(b"MBUS\x02")).await.unwrap();
        };
        let (fault, ()) = tokio::join!(as_member(&mut member, &secret), newer);
        assert!(matches!(fault, Err(Fault::Version(2))));
    }

    #[tokio::test]
    async fn strangers_are_told_apart() {
        let (mut member, mut hub) = pair();
        member.write(Bytes::from_static(b"GET / HTTP/1.1")).await.unwrap();
        assert!(matches!(as_hub(&mut hub, &Secret::random()).await, Err(Fault::Stranger)));
    }
}
