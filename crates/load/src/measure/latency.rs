//! How long things took.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

/// The longest time that is told apart: a minute.
const LONGEST: u64 = 60_000_000_000;

/// Times, three digits of each.
#[derive(Clone)]
pub(crate) struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        Self(Histogram::new_with_max(LONGEST, 3).expect("these are bounds that a histogram can have"))
    }
}

impl Latency {
    /// Notes a time in nanoseconds.
    pub(crate) fn note(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    /// Notes all that `other` has.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// The time that `percent` of all took at most, in microseconds.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        micros(self.0.value_at_percentile(percent))
    }

    /// How many were noted.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The percentiles that are reported, in microseconds.
    pub(crate) fn report(&self, figures: &mut BTreeMap<String, f64>) {
        if self.0.is_empty() {
            return;
        }
        for (name, percent) in [("p50_us", 50.0), ("p99_us", 99.0), ("p999_us", 99.9)] {
            figures.insert(name.to_owned(), self.percentile(percent));
        }
        figures.insert("max_us".to_owned(), micros(self.0.max()));
    }
}

fn micros(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_noted() {
        let (mut all, mut slow) = (Latency::default(), Latency::default());
        (1..=980).for_each(|_| all.note(10_000));
        (1..=20).for_each(|_| slow.note(5_000_000));
        slow.note(u64::MAX);
        all.add(&slow);
        let mut figures = BTreeMap::new();
        all.report(&mut figures);
        assert_eq!(all.count(), 1001);
        assert!((figures["p50_us"] - 10.0).abs() < 0.1, "{figures:?}");
        assert!((figures["p99_us"] - 5000.0).abs() < 10.0, "{figures:?}");
        assert!(figures["max_us"] >= 60_000_000.0, "what takes for ever is noted as the longest: {figures:?}");
        let mut none = BTreeMap::new();
        Latency::default().report(&mut none);
        assert!(none.is_empty(), "no percentile of nothing");
    }
}
