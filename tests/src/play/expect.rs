//! Expectations: the server's next command, or several in any order.

use super::{Next, Player};
use crate::Failure;
use crate::pattern::{Captures, Found};
use crate::script::{Expectation, Payload};
use crate::stage::{Patience, Stage};
use crate::wire::Frame;

impl<S: Stage> Player<'_, S> {
    /// The next commands on `link` must be these, in any order.
    pub(crate) async fn expect(&mut self, link: &str, expected: &[Expectation]) -> Result<(), Failure> {
        let mut came = Vec::with_capacity(expected.len());
        let mut found = Found::new();
        let mut missing: Vec<usize> = (0..expected.len()).collect();
        for _ in expected {
            let next = self.next(link, Patience::Expecting).await?;
            let fits = match &next {
                Next::Frame(frame) => {
                    came.push(frame.clone());
                    assign(&came, expected, &(0..expected.len()).collect::<Vec<_>>(), &self.captures)
                }
                _ => None,
            };
            let Some((new, left)) = fits else {
                return Err(self.unexpected(link, expected, &missing, &next));
            };
            (found, missing) = (new, left);
        }
        self.captures.extend(found);
        Ok(())
    }

    fn unexpected(&self, link: &str, expected: &[Expectation], missing: &[usize], next: &Next) -> Failure {
        let lines: Vec<String> = missing.iter().map(|&index| expected[index].shown(&self.captures)).collect();
        let first = &expected[missing.first().copied().unwrap_or_default()];
        let lines = if lines.len() > 1 { format!("one of\n{}", lines.join("\n")) } else { lines.concat() };
        self.failed_at(first, &lines, &next.shown(), link)
    }
}

impl Expectation {
    /// Is `frame` what is expected? What it captures, if so.
    pub(crate) fn matches(&self, frame: &Frame, captures: &Captures) -> Option<Found> {
        let payload = frame.payload.as_deref().unwrap_or_default();
        let mut found = self.pattern.matches(&frame.line, captures, payload.len())?;
        if self.payload == Payload::Any && frame.payload.is_none() {
            return None;
        }
        let mut known = captures.clone();
        known.extend(found.clone());
        found.extend(self.payload.matches(payload, &known)?);
        Some(found)
    }

    /// It, for a report.
    pub(crate) fn shown(&self, captures: &Captures) -> String {
        let mut text = self.pattern.shown(captures);
        text.push_str(&self.payload.shown(captures));
        text
    }
}

/// Gives each frame an expectation of its own, of those in `free`. What they capture together, and
/// the expectations that are left over.
fn assign(
    frames: &[Frame],
    expected: &[Expectation],
    free: &[usize],
    captures: &Captures,
) -> Option<(Found, Vec<usize>)> {
    let Some((frame, others)) = frames.split_first() else { return Some((Found::new(), free.to_vec())) };
    for (position, &index) in free.iter().enumerate() {
        let one = &expected[index];
        // A twin of one that was tried already would only fail again.
        let twin =
            |&earlier: &usize| expected[earlier].pattern == one.pattern && expected[earlier].payload == one.payload;
        if free[..position].iter().any(twin) {
            continue;
        }
        let Some(mut found) = one.matches(frame, captures) else { continue };
        let mut known = captures.clone();
        known.extend(found.clone());
        let left: Vec<usize> = free.iter().copied().filter(|&other| other != index).collect();
        if let Some((more, left)) = assign(others, expected, &left, &known) {
            found.extend(more);
            return Some((found, left));
        }
    }
    None
}
