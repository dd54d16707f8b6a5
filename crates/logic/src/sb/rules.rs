//! What the operator decides about rooms.

use std::time::Duration;

use crate::Rate;

/// What the operator decides about all rooms.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Most people in a room.
    pub participants: usize,
    /// Calls in a short time; beyond it 713.
    pub calls: Rate,
    /// How long someone who was called may take to come.
    pub ring_time: Duration,
    /// How long someone may be alone in a room.
    pub alone: Duration,
    /// How long two people may say nothing.
    pub two_idle: Duration,
    /// How long more than two may.
    pub many_idle: Duration,
    /// Answer a call to someone who blocks the caller like one to someone who is offline.
    pub hide_blocking: bool,
}
