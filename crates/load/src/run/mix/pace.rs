//! How often things happen. (docs/PERFORMANCE.md, The mix of 2006)

use std::time::Duration;

use rand::Rng;
use rand::RngExt as _;

/// Per user and hour.
const CONVERSATIONS: f64 = 2.1;
const SIGN_INS: f64 = 0.5;
const CHANGES: f64 = 4.0;
const PINGS: f64 = 72.0;
/// Messages of a conversation: geometric, with this mean, and at most so many.
const MESSAGES: f64 = 7.0;
const MOST_MESSAGES: u32 = 200;
/// Typing notices per message.
const TYPING: f64 = 1.5;
/// Of so many conversations one has more than two people.
const PARTY: f64 = 0.01;
/// Between two messages, in seconds at normal speed.
const PAUSE: f64 = 20.0;

/// The rates of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Events per second of all users together.
    pub(super) conversations: f64,
    pub(super) sign_ins: f64,
    pub(super) changes: f64,
    pub(super) pings: f64,
    /// Mean seconds between two messages.
    pub(super) pause: f64,
    pub(super) warm_up: Duration,
    pub(super) span: Duration,
}

impl Pace {
    pub(super) fn new(n: usize, speed: f64, warm_up: Duration, span: Duration) -> Self {
        let all = |per_hour: f64| per_hour * n as f64 * speed / 3600.0;
        Self {
            conversations: all(CONVERSATIONS),
            sign_ins: all(SIGN_INS),
            changes: all(CHANGES),
            pings: all(PINGS),
            pause: PAUSE / speed,
            warm_up,
            span,
        }
    }

    /// Conversations that are under way at any time.
    pub(super) fn under_way(&self) -> u32 {
        (self.conversations * MESSAGES * self.pause).round() as u32
    }

    /// Chat messages and typing notices per second.
    pub(super) fn messages_per_second(&self) -> f64 {
        self.conversations * MESSAGES * (1.0 + TYPING)
    }
}

/// A time until the next event of a Poisson process, in seconds.
pub(in crate::run) fn wait(rng: &mut impl Rng, rate: f64) -> f64 {
    // Of (0, 1], so that the logarithm is finite.
    let uniform = 1.0 - rng.random::<f64>();
    -uniform.ln() / rate.max(f64::MIN_POSITIVE)
}

/// How many messages a conversation has.
pub(super) fn messages(rng: &mut impl Rng) -> u32 {
    let mut count = 1;
    while count < MOST_MESSAGES && rng.random::<f64>() > 1.0 / MESSAGES {
        count += 1;
    }
    count
}

/// How many typing notices come before a message.
pub(super) fn typing(rng: &mut impl Rng) -> u32 {
    if rng.random::<f64>() < TYPING - 1.0 { 2 } else { 1 }
}

/// How many people are in a conversation.
pub(super) fn party(rng: &mut impl Rng) -> usize {
    if rng.random::<f64>() < PARTY { rng.random_range(3..=5) } else { 2 }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn means_are_those_of_the_mix() {
        let (mut rng, count) = (StdRng::seed_from_u64(1), 20_000_u32);
        let mean = |sum: f64| sum / f64::from(count);
        let all = mean((0..count).map(|_| f64::from(messages(&mut rng))).sum());
        assert!((all - MESSAGES).abs() < 0.2, "{all}");
        let all = mean((0..count).map(|_| f64::from(typing(&mut rng))).sum());
        assert!((all - TYPING).abs() < 0.02, "{all}");
        let all = mean((0..count).map(|_| wait(&mut rng, 4.0)).sum());
        assert!((all - 0.25).abs() < 0.01, "{all}");
        assert!((0..count).all(|_| (2..=5).contains(&party(&mut rng))));
    }

    #[test]
    fn ten_thousand_people_at_normal_speed() {
        let pace = Pace::new(10_000, 1.0, Duration::ZERO, Duration::ZERO);
        assert!((pace.conversations - 5.83).abs() < 0.01 && (pace.pings - 200.0).abs() < 0.1);
        assert_eq!(pace.under_way(), 817);
        assert!((pace.messages_per_second() - 102.1).abs() < 0.1, "41 chat messages and 61 typing notices");
    }
}
