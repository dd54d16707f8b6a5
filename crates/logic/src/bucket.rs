//! A token bucket: so many at once, and so many per time.

use std::time::{Duration, Instant};

/// How much of something is allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many at once. 0 means no limit at all.
    pub burst: u32,
    /// How long until one more is allowed.
    pub every: Duration,
}

/// What is left of a [`Rate`] for one client.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// When the bucket will be, or was, full again.
    full_at: Instant,
}

impl Bucket {
    /// A full one.
    pub const fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Has nothing been taken that has not come back?
    pub fn is_full(&self, rate: Rate, now: Instant) -> bool {
        rate.burst == 0 || self.full_at <= now
    }

    /// Takes one, or tells how long to wait until there is one.
    pub fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        if rate.burst == 0 {
            return Ok(());
        }
        let start = self.full_at.max(now);
        let after = start + rate.every;
        let deepest = now + rate.every * rate.burst;
        if after <= deepest {
            self.full_at = after;
            Ok(())
        } else {
            Err(after - deepest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_steady_rate() {
        let rate = Rate { burst: 3, every: Duration::from_secs(2) };
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        for _ in 0..3 {
            assert_eq!(bucket.take(rate, start), Ok(()));
        }
        assert_eq!(bucket.take(rate, start), Err(Duration::from_secs(2)));
        let later = start + Duration::from_secs(2);
        assert_eq!(bucket.take(rate, later), Ok(()));
        assert_eq!(bucket.take(rate, later), Err(Duration::from_secs(2)));
        let much_later = start + Duration::from_secs(3600);
        for _ in 0..3 {
            assert_eq!(bucket.take(rate, much_later), Ok(()));
        }
        assert!(bucket.take(rate, much_later).is_err());
    }

    #[test]
    fn no_burst_is_no_limit() {
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        let rate = Rate { burst: 0, every: Duration::from_secs(1) };
        assert!((0..1000).all(|_| bucket.take(rate, start).is_ok()));
    }
}
