//! What can go wrong on the bus, in sentences for an operator.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use model::NodeId;

use crate::{Address, BadBusUrl};

/// What could not be done.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// Nobody is at this address. The request was not carried out.
    #[error("nobody answers for {to}: no daemon on the bus holds that address now")]
    NoResponders {
        /// Whom it was for.
        to: Address,
    },
    /// No answer came in time. Whether the request was carried out is unknown.
    #[error("{to} did not answer within {deadline:?}: look in that daemon's log, or whether the machine is overloaded")]
    Timeout {
        /// Whom it was for.
        to: Address,
        /// How long the asker waited.
        deadline: Duration,
    },
    /// The connection to the bus is down, or the daemon that had the request went away before it
    /// answered. Whether the request was carried out is unknown.
    #[error("the connection to {to} broke before it answered: ask again once the bus has healed")]
    Disconnected {
        /// Whom it was for.
        to: Address,
    },
    /// The request does not fit into a frame. It was not sent.
    #[error("the request to {to} is larger than a bus message may be: send less at once")]
    TooLarge {
        /// Whom it was for.
        to: Address,
    },
    /// There is a hub, or may be one, but it cannot be reached.
    #[error("cannot reach the hub at {url}: check the address and that this user may connect to it")]
    Connect {
        /// Where, as in the configuration.
        url: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is no hub, and this process cannot host it.
    #[error(
        "nobody hosts the hub at {url}, and this process cannot: check that the address is of this machine and free, and for a Unix socket that its directory exists and is writable"
    )]
    Host {
        /// Where, as in the configuration.
        url: String,
        /// What the system said.
        source: io::Error,
    },
    /// Something listens there, but it does not speak the hub's protocol.
    #[error("what listens at {url} is not a hub: give the bus an address of its own")]
    NotAHub {
        /// Where, as in the configuration.
        url: String,
    },
    /// None of the NATS servers can be reached.
    #[error(
        "cannot reach the bus at {url}: check that a NATS server runs there, and the files in [bus.nats] if it wants TLS"
    )]
    Nats {
        /// Where, without a password.
        url: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The NATS servers do not let us in.
    #[error("the NATS server at {url} refuses the login: check user and password or the token in [bus]")]
    NatsLogin {
        /// Where, without a password.
        url: String,
    },
    /// The file with the login cannot be read.
    #[error("cannot read the login of the bus in {}: check [bus.nats] login_file and who may read it", path.display())]
    LoginFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner may read the file with the login.
    #[error("the login of the bus in {0} can be read by others than its owner: run chmod 600 {0}", path.display())]
    LoginOpen {
        /// Which file.
        path: PathBuf,
    },
    /// The file with the login holds something else.
    #[error("the file {} holds no login: write user:password or a token into it, on one line", path.display())]
    LoginMalformed {
        /// Which file.
        path: PathBuf,
    },
    /// The hub has another secret than we.
    #[error("the hub at {url} has another secret: give all daemons the same secret file")]
    WrongSecret {
        /// Where, as in the configuration.
        url: String,
    },
    /// The hub is of another version than we.
    #[error(
        "the hub at {url} speaks version {theirs} of the bus protocol and this daemon version {ours}: run all daemons from the same release"
    )]
    WrongVersion {
        /// Where, as in the configuration.
        url: String,
        /// Our version.
        ours: u8,
        /// The hub's.
        theirs: u8,
    },
    /// Another daemon with this number is on the bus.
    #[error("another daemon is already on the bus as node {id}: draw a new number")]
    IdTaken {
        /// The number.
        id: NodeId,
    },
    /// The text is no bus address.
    #[error(transparent)]
    Url(#[from] BadBusUrl),
    /// The secret file cannot be read or made.
    #[error("cannot read or make the bus secret {}: check that its directory exists and who may read it", path.display())]
    SecretFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner may read the secret file.
    #[error("the bus secret {0} can be read by others than its owner: run chmod 600 {0}", path.display())]
    SecretOpen {
        /// Which file.
        path: PathBuf,
    },
    /// The secret file holds something else.
    #[error("the bus secret {} is not 64 hexadecimal digits: delete it to have a new one made, or copy it again from another daemon", path.display())]
    SecretMalformed {
        /// Which file.
        path: PathBuf,
    },
}

impl BusError {
    /// Will trying again change nothing, until someone changes the configuration?
    pub(crate) const fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::Connect { .. }
                | Self::Nats { .. }
                | Self::NoResponders { .. }
                | Self::Timeout { .. }
                | Self::Disconnected { .. }
        )
    }
}

/// Why a carrier has no answer. [`crate::Member`] makes a [`BusError`] of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unanswered {
    /// Nobody is at the address.
    Nobody,
    /// The connection broke, ours or the answerer's.
    Lost,
    /// The request does not fit into a frame.
    TooLarge,
}

impl Unanswered {
    pub(crate) fn at(self, to: &Address) -> BusError {
        let to = to.clone();
        match self {
            Self::Nobody => BusError::NoResponders { to },
            Self::Lost => BusError::Disconnected { to },
            Self::TooLarge => BusError::TooLarge { to },
        }
    }
}
