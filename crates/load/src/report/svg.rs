//! A chart: for each case, what an operation cost each server.

use super::table::{COMPARED, short};
use super::{Merged, Spread};

const WIDTH: usize = 760;
const LEFT: usize = 130;
const RIGHT: usize = 130;
const ROW: usize = 20;
const TITLE: usize = 30;

/// Readable on light and on dark ground; whoever shows it chooses which.
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}.dim{fill:#57606a}\
    .suite{fill:#0969da}.floor{fill:#afb8c1}.other{fill:#bf8700}.whisker{stroke:#24292f;stroke-width:1}\
    .ground{fill:#fff}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#8d96a0}.suite{fill:#4493f8}.floor{fill:#656c76}\
    .other{fill:#d29922}.whisker{stroke:#e6edf3}.ground{fill:#0d1117}}";

/// The chart as the text of an SVG file.
pub(crate) fn chart(merged: &[Merged]) -> String {
    let mut panels: Vec<(&str, &str)> =
        merged.iter().map(|merged| (merged.run.as_str(), merged.case.as_str())).collect();
    panels.dedup();
    let (mut body, mut y) = (String::new(), 10);
    for (run, case) in panels {
        let all: Vec<&Merged> =
            merged.iter().filter(|merged| (merged.run.as_str(), merged.case.as_str()) == (run, case)).collect();
        let shared = COMPARED.iter().find(|(figure, _)| all.iter().any(|one| one.figures.contains_key(*figure)));
        if let Some((figure, unit)) = shared {
            y = panel(&mut body, y, &format!("{run} · {case}"), unit, &bars(&all, figure));
        }
    }
    let height = y + 10;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" aria-label=\"Cost per operation\"><style>{STYLE}</style>\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\n{body}</svg>\n"
    )
}

fn bars<'a>(all: &[&'a Merged], figure: &str) -> Vec<(&'a str, Spread)> {
    all.iter().filter_map(|one| Some((one.subject.as_str(), *one.figures.get(figure)?))).collect()
}

/// Appends a panel whose top is at `y`; tells where the next one begins.
fn panel(body: &mut String, y: usize, title: &str, unit: &str, bars: &[(&str, Spread)]) -> usize {
    let most = bars.iter().map(|(_, spread)| spread.most).fold(f64::MIN_POSITIVE, f64::max);
    let at = |value: f64| LEFT as f64 + value / most * (WIDTH - LEFT - RIGHT) as f64;
    *body += &format!(
        "<text class=\"title\" x=\"10\" y=\"{}\">{}</text><text class=\"dim\" x=\"{}\" y=\"{0}\" text-anchor=\"end\">{}</text>\n",
        y + 16,
        escaped(title),
        WIDTH - 10,
        escaped(unit)
    );
    for (row, (subject, spread)) in bars.iter().enumerate() {
        let top = y + TITLE + row * ROW;
        let (middle, base) = (top + 8, top + 12);
        let class = if *subject == "suite" {
            "suite"
        } else if subject.starts_with("floor-") {
            "floor"
        } else {
            "other"
        };
        *body += &format!(
            "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"12\" rx=\"2\"/>\
             <line class=\"whisker\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>\
             <text class=\"dim\" x=\"{:.1}\" y=\"{base}\">{}</text>\n",
            LEFT - 8,
            escaped(subject),
            top + 2,
            (at(spread.median) - LEFT as f64).max(1.0),
            at(spread.least),
            at(spread.most),
            at(spread.most) + 6.0,
            short(spread.median),
        );
    }
    y + TITLE + bars.len() * ROW + 8
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::{Record, merge};
    use super::*;

    #[test]
    fn every_server_has_a_bar_and_nothing_breaks_the_markup() {
        let record = |subject: &str, cpu: f64| Record {
            run: "relay".to_owned(),
            case: "win=1 <&\">".to_owned(),
            subject: subject.to_owned(),
            round: 0,
            figures: [("cpu_us".to_owned(), cpu)].into(),
        };
        let chart = chart(&merge(&[record("floor-mpsc", 4.0), record("suite", 6.0), record("escargot", 41.0)]));
        for part in
            ["relay · win=1 &lt;&amp;&quot;&gt;", "class=\"suite\"", "class=\"floor\"", "class=\"other\"", ">41.0<"]
        {
            assert!(chart.contains(part), "{part} is not in {chart}");
        }
        assert_eq!(chart.matches("<rect").count(), 4);
        assert!(chart.starts_with("<svg ") && chart.ends_with("</svg>\n"));
    }
}
