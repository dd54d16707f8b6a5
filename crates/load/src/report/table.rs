//! A table for people.

use super::{Merged, ratio};

/// The figures that are shown, with their headings, in this order, where a run has them.
const SHOWN: [(&str, &str); 23] = [
    ("rate", "per s"),
    ("cpu_us", "CPU µs"),
    ("cores", "cores"),
    ("bytes", "bytes each"),
    ("rss_mb", "RSS MB"),
    ("start_ms", "start ms"),
    ("back_ms", "all back ms"),
    ("p50_us", "p50 µs"),
    ("p99_us", "p99 µs"),
    ("p999_us", "p99.9 µs"),
    ("max_us", "max µs"),
    ("chat_rate", "chat/s"),
    ("presence_rate", "presence/s"),
    ("chat_p50_us", "chat p50 µs"),
    ("chat_p99_us", "chat p99 µs"),
    ("presence_p99_us", "pres. p99 µs"),
    ("sign_in_p99_us", "sign-in p99 µs"),
    ("room_p99_us", "room p99 µs"),
    ("late_pct", "late %"),
    ("stuck_closed", "stuck closed"),
    ("sent_each", "messages each"),
    ("client_cpu_us", "client µs"),
    ("others_pct", "others %"),
];
/// What a ratio to the floor is taken of: the first of these that both have.
pub(super) const COMPARED: [(&str, &str); 5] = [
    ("chat_p99_us", "p99 of chat, µs"),
    ("cpu_us", "server CPU per operation, µs"),
    ("bytes", "bytes per user"),
    ("start_ms", "ms"),
    ("p50_us", "p50, µs"),
];

/// The table of all cases: medians, their spread where there is more than one round, and the ratio
/// to each floor.
pub(crate) fn table(merged: &[Merged]) -> String {
    let mut text = String::new();
    for run in distinct(merged.iter().map(|merged| merged.run.as_str())) {
        let cases: Vec<_> = merged.iter().filter(|merged| merged.run == run).collect();
        let columns: Vec<_> =
            SHOWN.iter().filter(|(name, _)| cases.iter().any(|case| case.figures.contains_key(*name))).collect();
        let mut rows = vec![["case", "server"].map(str::to_owned).to_vec()];
        rows[0].extend(columns.iter().map(|(_, heading)| (*heading).to_owned()));
        rows[0].push("of the floor".to_owned());
        for case in cases {
            let mut row = vec![case.case.clone(), case.subject.clone()];
            for (name, _) in &columns {
                row.push(case.figures.get(*name).map_or_else(String::new, |spread| {
                    let middle = short(spread.median);
                    let (least, most) = (short(spread.least), short(spread.most));
                    if spread.rounds > 1 && least != most { format!("{middle} ({least}–{most})") } else { middle }
                }));
            }
            row.push(ratios(merged, case));
            rows.push(row);
        }
        text += &format!("{run}\n{}\n", aligned(&rows));
    }
    text
}

/// Each of these once, in the order in which they first come: what belongs together may come from
/// several runs and files.
pub(super) fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

/// `1.20x mpsc, 1.05x direct`
fn ratios(merged: &[Merged], case: &Merged) -> String {
    if case.subject.starts_with("floor-") {
        return String::new();
    }
    let floors = merged
        .iter()
        .filter(|other| other.run == case.run && other.case == case.case && other.subject.starts_with("floor-"));
    let ratios = floors.filter_map(|floor| {
        let key = (case.run.as_str(), case.case.as_str());
        let (figure, _) = COMPARED.iter().find(|(figure, _)| case.figures.contains_key(*figure))?;
        let ratio = ratio(merged, key, figure, &case.subject, &floor.subject)?;
        Some(format!("{ratio:.2}x {}", floor.subject.trim_start_matches("floor-")))
    });
    ratios.collect::<Vec<_>>().join(", ")
}

/// Three digits, as people write them.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size == 0.0 => grouped(value.round()),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> =
        (0..rows.first().map_or(0, Vec::len)).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::from(" ");
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Words to the left, numbers to the right.
            let cell = if column < 2 || column + 1 == widths.len() {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            };
            line += &format!(" {cell} ");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Record, merge};
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let all = [0.0, 0.377, 3.6, 44.25, 151.4, 1234.0, 1_234_567.8].map(short);
        assert_eq!(all, ["0", "0.38", "3.60", "44.2", "151", "1,234", "1,234,568"]);
    }

    #[test]
    fn a_table_has_the_ratio_to_each_floor() {
        let record = |subject: &str, cpu: f64| Record {
            run: "relay".to_owned(),
            case: "win=1".to_owned(),
            subject: subject.to_owned(),
            round: 0,
            figures: [("cpu_us".to_owned(), cpu)].into(),
        };
        let merged = merge(&[
            record("suite", 6.0),
            record("floor-mpsc", 5.0),
            record("floor-direct", 4.0),
            record("suite", 8.0),
        ]);
        let table = table(&merged);
        assert!(table.contains("suite         7.00 (6.00–8.00)  1.40x mpsc, 1.75x direct\n"), "{table}");
        assert!(table.contains("floor-mpsc                5.00\n"), "{table}");
    }

    #[test]
    fn a_run_that_comes_twice_has_one_table() {
        let record = |run: &str, case: &str| Record {
            run: run.to_owned(),
            case: case.to_owned(),
            subject: "suite".to_owned(),
            round: 0,
            figures: [("cpu_us".to_owned(), 1.0)].into(),
        };
        let table = table(&merge(&[record("relay", "win=1"), record("fan", "win=1"), record("relay", "win=64")]));
        assert_eq!((table.matches("relay\n").count(), table.matches("win=64").count()), (1, 1), "{table}");
    }
}
