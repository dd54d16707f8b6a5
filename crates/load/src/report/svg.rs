//! A chart: how much of what each goal allows was used, and what an operation cost each server.

use std::fmt::Write as _;

use super::table::{COMPARED, distinct, short};
use super::{Claim, Merged, Spread};

const WIDTH: usize = 920;
const MARGIN: usize = 24;
const ROW: usize = 22;
const BAR: usize = 12;
const TITLE: usize = 30;
/// Goals: where their bars begin and end, and how many times what is allowed has room.
const GOALS: (usize, usize) = (470, 730);
const ROOM: f64 = 1.5;
/// Costs: where their bars begin and end.
const COSTS: (usize, usize) = (150, 730);

/// Readable on light and on dark ground; whoever shows it chooses which.
const STYLE: &str = "text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#24292f}\
    .head{font-size:17px;font-weight:600}.title{font-weight:600}.dim{fill:#57606a}.goal{font-weight:600;fill:#57606a}\
    .ground{fill:#fff}.track{fill:#eaeef2}.limit{stroke:#57606a;stroke-width:1.5;stroke-dasharray:3 3}\
    .rule{stroke:#d0d7de;stroke-width:1}.met{fill:#2da44e}.missed{fill:#cf222e}\
    .suite{fill:#0969da}.floor{fill:#afb8c1}.other{fill:#bf8700}.whisker{stroke:#24292f;stroke-width:1.2;opacity:.55}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim,.goal{fill:#8d96a0}.ground{fill:#0d1117}\
    .track{fill:#21262d}.limit{stroke:#8d96a0}.rule{stroke:#30363d}.met{fill:#3fb950}.missed{fill:#f85149}\
    .suite{fill:#4493f8}.floor{fill:#656c76}.other{fill:#d29922}.whisker{stroke:#e6edf3}}";

/// The chart as the text of an SVG file.
pub(crate) fn chart(merged: &[Merged], claims: &[Claim]) -> String {
    let (mut body, mut y) = (String::new(), MARGIN);
    if !claims.is_empty() {
        y = goals(&mut body, y, claims) + MARGIN;
    }
    let panels = distinct(merged.iter().map(|merged| (merged.run.as_str(), merged.case.as_str())));
    let panels = panels.into_iter().filter_map(|(run, case)| {
        let all: Vec<&Merged> = merged.iter().filter(|merged| (&*merged.run, &*merged.case) == (run, case)).collect();
        let (figure, unit) =
            COMPARED.iter().find(|(figure, _)| all.iter().any(|one| one.figures.contains_key(*figure)))?;
        let bars = bars(&all, figure);
        // A server by itself is compared with nothing: the goals say what there is to say.
        (bars.len() > 1).then(|| (format!("{run} · {case}"), *unit, bars))
    });
    let panels: Vec<_> = panels.collect();
    if !panels.is_empty() {
        text(&mut body, "head", MARGIN, y + 16, "What an operation costs");
        y += TITLE + 4;
    }
    for (title, unit, bars) in panels {
        y = costs(&mut body, y, &title, unit, &bars);
    }
    let height = y + MARGIN / 2;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" aria-label=\"Goals, and costs of an operation\"><style>{STYLE}</style>\n\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>\n{body}</svg>\n"
    )
}

/// Appends what was used of what each goal allows; tells where it ends.
fn goals(body: &mut String, y: usize, claims: &[Claim]) -> usize {
    let (left, right) = GOALS;
    let at = |used: f64| left as f64 + used.clamp(0.0, ROOM) / ROOM * (right - left) as f64;
    let limit = at(1.0);
    let met = claims.iter().filter(|claim| claim.met()).count();
    text(body, "head", MARGIN, y + 16, &format!("Goals: {met} of {} figures as wanted", claims.len()));
    push(body, &format!("<text class=\"dim\" x=\"{limit:.1}\" y=\"{}\" text-anchor=\"middle\">allowed</text>", y + 16));
    let top = y + TITLE;
    let mut before = "";
    for (row, claim) in claims.iter().enumerate() {
        let y = top + row * ROW;
        let (bar, base) = (y + 5, y + 15);
        if claim.goal != before {
            push(
                body,
                &format!("<line class=\"rule\" x1=\"{MARGIN}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>", WIDTH - MARGIN),
            );
            text(body, "goal", MARGIN, base, claim.goal);
            before = claim.goal;
        }
        let class = if claim.met() { "met" } else { "missed" };
        let end = at(claim.used());
        // What is beyond all room points on.
        let beyond = if claim.used() > ROOM {
            format!("<path class=\"{class}\" d=\"M{0} {1}l9 6l-9 6z\"/>", right + 2, y + 5)
        } else {
            String::new()
        };
        let what = claim.what.split(" (").next().unwrap_or(&claim.what);
        push(
            body,
            &format!(
                "<text x=\"{}\" y=\"{base}\">{}<title>{}</title></text>\
                 <rect class=\"track\" x=\"{left}\" y=\"{bar}\" width=\"{}\" height=\"{BAR}\" rx=\"2\"/>\
                 <rect class=\"{class}\" x=\"{left}\" y=\"{bar}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\"/>{beyond}",
                MARGIN + 40,
                escaped(&shortened(what)),
                escaped(&claim.what),
                right - left,
                (end - left as f64).max(1.0),
            ),
        );
        let unit = if claim.beside.is_some() { "x" } else { claim.unit };
        let sign = if claim.at_least { "≥" } else { "≤" };
        let figures = format!("{}  ({sign} {}{unit})", short(claim.value()), short(claim.limit));
        text(body, "dim", right + 16, base, &figures);
    }
    let bottom = top + claims.len() * ROW;
    push(body, &format!("<line class=\"limit\" x1=\"{limit:.1}\" x2=\"{limit:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>"));
    bottom
}

fn bars<'a>(all: &[&'a Merged], figure: &str) -> Vec<(&'a str, Spread)> {
    all.iter().filter_map(|one| Some((one.subject.as_str(), *one.figures.get(figure)?))).collect()
}

/// Appends a panel whose top is at `y`; tells where the next one begins.
fn costs(body: &mut String, y: usize, title: &str, unit: &str, bars: &[(&str, Spread)]) -> usize {
    let (left, right) = COSTS;
    let most = bars.iter().map(|(_, spread)| spread.most).fold(f64::MIN_POSITIVE, f64::max);
    let at = |value: f64| left as f64 + value / most * (right - left) as f64;
    text(body, "title", MARGIN, y + 16, title);
    push(
        body,
        &format!(
            "<text class=\"dim\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            WIDTH - MARGIN,
            y + 16,
            escaped(unit)
        ),
    );
    for (row, (subject, spread)) in bars.iter().enumerate() {
        let top = y + TITLE - 4 + row * ROW;
        let (middle, base) = (top + 11, top + 15);
        let class = if *subject == "suite" {
            "suite"
        } else if subject.starts_with("floor-") {
            "floor"
        } else {
            "other"
        };
        push(
            body,
            &format!(
                "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{}</text>\
                 <rect class=\"{class}\" x=\"{left}\" y=\"{}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\"/>\
                 <line class=\"whisker\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>\
                 <text class=\"dim\" x=\"{:.1}\" y=\"{base}\">{}</text>",
                left - 10,
                escaped(subject),
                top + 5,
                (at(spread.median) - left as f64).max(1.0),
                at(spread.least),
                at(spread.most),
                at(spread.most) + 8.0,
                short(spread.median),
            ),
        );
    }
    y + TITLE + bars.len() * ROW + 10
}

fn text(body: &mut String, class: &str, x: usize, y: usize, text: &str) {
    push(body, &format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(text)));
}

fn push(body: &mut String, element: &str) {
    writeln!(body, "{element}").expect("writing to a string cannot fail");
}

/// As much of a text as there is room for; the whole is shown to who points at it.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::{Record, claims, merge};
    use super::*;

    fn record(run: &str, case: &str, subject: &str, cpu: f64) -> Record {
        Record {
            run: run.to_owned(),
            case: case.to_owned(),
            subject: subject.to_owned(),
            round: 0,
            figures: [("cpu_us".to_owned(), cpu)].into(),
        }
    }

    #[test]
    fn every_server_has_a_bar_and_nothing_breaks_the_markup() {
        let record = |subject: &str, cpu: f64| record("relay", "win=2 <&\">", subject, cpu);
        let chart = chart(&merge(&[record("floor-mpsc", 4.0), record("suite", 6.0), record("escargot", 41.0)]), &[]);
        for part in
            ["relay · win=2 &lt;&amp;&quot;&gt;", "class=\"suite\"", "class=\"floor\"", "class=\"other\"", ">41.0<"]
        {
            assert!(chart.contains(part), "{part} is not in {chart}");
        }
        assert_eq!(chart.matches("<rect").count(), 4);
        assert!(chart.starts_with("<svg ") && chart.ends_with("</svg>\n") && !chart.contains("Goals: "));
    }

    #[test]
    fn goals_are_green_or_red_and_one_far_beyond_points_on() {
        let both =
            |run: &str, case: &str, suite| [record(run, case, "floor-mpsc", 1.0), record(run, case, "suite", suite)];
        let merged =
            merge(&[both("relay", "win=1", 1.1), both("relay", "win=64", 1.6), both("fan", "win=16", 9.0)].concat());
        let chart = chart(&merged, &claims(&merged));
        assert!(chart.contains("Goals: 1 of 3 figures as wanted"), "{chart}");
        let rows = |class: &str| chart.matches(&format!("<rect class=\"{class}\"")).count();
        assert_eq!((rows("met"), rows("missed"), chart.matches("<path").count()), (1, 2, 1));
        assert!(chart.contains("9.00  (≤ 1.30x)"), "{chart}");
    }

    #[test]
    fn a_server_by_itself_has_no_panel() {
        let merged = merge(&[record("relay", "win=1 idle=1000", "suite", 1.0)]);
        assert!(!chart(&merged, &[]).contains("idle=1000"));
    }
}
