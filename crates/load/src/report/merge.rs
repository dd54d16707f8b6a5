//! Rounds merged, and servers compared.

use std::collections::BTreeMap;

use super::Record;

/// The least, the middle and the most of some rounds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
    pub(crate) rounds: usize,
}

/// All rounds of one case for one server.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Merged {
    pub(crate) run: String,
    pub(crate) case: String,
    pub(crate) subject: String,
    pub(crate) figures: BTreeMap<String, Spread>,
}

/// Merges records that differ in their rounds only, in the order in which they first come.
pub(crate) fn merge(records: &[Record]) -> Vec<Merged> {
    let mut order: Vec<(&str, &str, &str)> = Vec::new();
    let mut values: BTreeMap<(&str, &str, &str), BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
    for record in records {
        let key = (record.run.as_str(), record.case.as_str(), record.subject.as_str());
        if !order.contains(&key) {
            order.push(key);
        }
        let figures = values.entry(key).or_default();
        for (name, value) in &record.figures {
            figures.entry(name).or_default().push(*value);
        }
    }
    let merged = order.into_iter().map(|key @ (run, case, subject)| {
        let figures = values.remove(&key).unwrap_or_default().into_iter();
        let figures = figures.filter_map(|(name, values)| Some((name.to_owned(), spread(values)?))).collect();
        Merged { run: run.to_owned(), case: case.to_owned(), subject: subject.to_owned(), figures }
    });
    merged.collect()
}

/// None: of no values. The median of an even number is the mean of the two in the middle.
fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.sort_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    let middle = values.len() / 2;
    let median =
        if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], values[middle]) } else { values[middle] };
    Some(Spread { least, median, most, rounds: values.len() })
}

/// The median of a figure of `subject` in this run and case, as a multiple of that of `other`.
pub(crate) fn ratio(
    merged: &[Merged],
    (run, case): (&str, &str),
    figure: &str,
    subject: &str,
    other: &str,
) -> Option<f64> {
    let median = |subject: &str| {
        let found = merged.iter().find(|merged| merged.run == run && merged.case == case && merged.subject == subject);
        found?.figures.get(figure).map(|spread| spread.median)
    };
    let (one, other) = (median(subject)?, median(other)?);
    (other > 0.0).then(|| one / other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(subject: &str, round: u32, cpu: f64) -> Record {
        let figures = [("cpu_us".to_owned(), cpu)].into();
        Record { run: "relay".to_owned(), case: "win=1".to_owned(), subject: subject.to_owned(), round, figures }
    }

    #[test]
    fn rounds_become_least_median_and_most() {
        let records = [
            record("suite", 0, 5.0),
            record("floor", 0, 2.0),
            record("suite", 1, 3.0),
            record("floor", 1, 1.0),
            record("suite", 2, 40.0),
        ];
        let merged = merge(&records);
        assert_eq!(merged.iter().map(|merged| merged.subject.as_str()).collect::<Vec<_>>(), ["suite", "floor"]);
        assert_eq!(merged[0].figures["cpu_us"], Spread { least: 3.0, median: 5.0, most: 40.0, rounds: 3 });
        assert_eq!(merged[1].figures["cpu_us"], Spread { least: 1.0, median: 1.5, most: 2.0, rounds: 2 });
    }

    #[test]
    fn a_ratio_is_of_medians_in_the_same_case() {
        let mut records = vec![record("suite", 0, 5.0), record("floor", 0, 2.0)];
        records.push(Record { case: "win=64".to_owned(), ..record("floor", 0, 100.0) });
        let merged = merge(&records);
        let of = |figure: &str, other: &str| ratio(&merged, ("relay", "win=1"), figure, "suite", other);
        assert_eq!(of("cpu_us", "floor"), Some(2.5));
        assert_eq!([of("cpu_us", "nobody"), of("rate", "floor")], [None, None]);
        records[1].figures.insert("cpu_us".to_owned(), 0.0);
        assert_eq!(
            ratio(&merge(&records), ("relay", "win=1"), "cpu_us", "suite", "floor"),
            None,
            "no multiple of nothing"
        );
    }
}
