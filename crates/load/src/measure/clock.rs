//! The machine's clock.

use nix::time::{ClockId, clock_gettime};

/// Nanoseconds since some moment that is the same for all processes of this machine.
pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has a monotonic clock");
    let part = |part: i64| u64::try_from(part).unwrap_or_default();
    part(time.tv_sec()) * 1_000_000_000 + part(time.tv_nsec())
}
