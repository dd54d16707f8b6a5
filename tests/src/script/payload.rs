//! What follows a line: the payload of a command, or the headers and body of an HTTP request or answer.

use crate::pattern::{Captures, Found, Pattern, Unfilled};

/// What follows a line.
///
/// In its lines, `{len}` is the number of bytes behind the first empty one: the length of a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// Nothing.
    Empty,
    /// These lines, with CR LF between them (so the last is empty if the payload ends with one).
    Lines(Vec<Pattern>),
    /// Header lines, an empty line, and a body; only in expectations.
    Headed {
        /// Each of these is a header, in any order; there may be others.
        headers: Vec<Pattern>,
        /// What follows the empty line.
        body: Box<Payload>,
    },
    /// Whatever the announced length covers; only in expectations.
    Any,
}

impl Payload {
    /// The bytes to send.
    pub fn fill(&self, captures: &Captures) -> Result<Vec<u8>, Unfilled> {
        let Self::Lines(lines) = self else { return Ok(Vec::new()) };
        let filled = |lines: &[Pattern], length| {
            let lines: Result<Vec<Vec<u8>>, Unfilled> = lines.iter().map(|line| line.fill(captures, length)).collect();
            lines.map(|lines| lines.join(&b"\r\n"[..]))
        };
        let Some(empty) = lines.iter().position(|line| line.source().is_empty()) else { return filled(lines, 0) };
        let body = filled(&lines[empty + 1..], 0)?;
        let mut bytes = filled(&lines[..=empty], body.len())?;
        if empty + 1 < lines.len() {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend(body);
        Ok(bytes)
    }

    /// Is `bytes` such a payload? What it captures, if so.
    pub fn matches(&self, bytes: &[u8], captures: &Captures) -> Option<Found> {
        match self {
            Self::Empty => bytes.is_empty().then(Vec::new),
            Self::Any => Some(Vec::new()),
            Self::Lines(lines) => {
                let came = split(bytes);
                (came.len() == lines.len()).then_some(())?;
                let length = head(bytes).map_or(0, |(_, body)| body.len());
                let mut known = captures.clone();
                let mut found = Found::new();
                for (line, came) in lines.iter().zip(came) {
                    let new = line.matches(came, &known, length)?;
                    known.extend(new.clone());
                    found.extend(new);
                }
                Some(found)
            }
            Self::Headed { headers, body } => {
                let (head, rest) = head(bytes)?;
                let mut found = place(headers, &split(head), captures, rest.len())?;
                let mut known = captures.clone();
                known.extend(found.clone());
                found.extend(body.matches(rest, &known)?);
                Some(found)
            }
        }
    }

    /// It, for a report: as a script writes it, with a line end before each line.
    pub(crate) fn shown(&self, captures: &Captures) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Any => "\n|*".to_owned(),
            Self::Lines(lines) => {
                let mut text = String::new();
                for (index, line) in lines.iter().enumerate() {
                    let last = index + 1 == lines.len();
                    let line = line.shown(captures);
                    if !last || !line.is_empty() {
                        text.push_str(&format!("\n|{} {line}", if last { "$" } else { "" }));
                    }
                }
                text
            }
            Self::Headed { headers, body } => {
                let headers: String = headers.iter().map(|line| format!("\n|~ {}", line.shown(captures))).collect();
                format!("{headers}\n| {}", body.shown(captures))
            }
        }
    }
}

/// Gives each pattern a line of its own; what they capture together. Others may be left over.
fn place(patterns: &[Pattern], lines: &[&[u8]], captures: &Captures, length: usize) -> Option<Found> {
    let Some((pattern, others)) = patterns.split_first() else { return Some(Found::new()) };
    for (index, line) in lines.iter().enumerate() {
        let Some(mut found) = pattern.matches(line, captures, length) else { continue };
        let mut known = captures.clone();
        known.extend(found.clone());
        let left: Vec<&[u8]> = [&lines[..index], &lines[index + 1..]].concat();
        if let Some(more) = place(others, &left, &known, length) {
            found.extend(more);
            return Some(found);
        }
    }
    None
}

/// What is before the first empty line, and what behind it.
fn head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
    Some((&bytes[..end], &bytes[end + 4..]))
}

/// The lines of a payload; the last one is what no CR LF follows.
fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        lines.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(lines: &[&str]) -> Vec<Pattern> {
        lines.iter().map(|line| Pattern::parse(line).expect("a pattern")).collect()
    }

    #[test]
    fn a_length_in_a_header_is_that_of_the_body() {
        let fill = |lines: &[&str]| {
            let bytes = Payload::Lines(patterns(lines)).fill(&Captures::default()).expect("filled");
            String::from_utf8(bytes).expect("text")
        };
        assert_eq!(fill(&["Content-Length: {len}", "", "VER 1", ""]), "Content-Length: 7\r\n\r\nVER 1\r\n");
        assert_eq!(fill(&["Content-Length: {len}", "", ""]), "Content-Length: 0\r\n\r\n");
        assert_eq!(fill(&["a", "b {len}"]), "a\r\nb 0");
        let exact = Payload::Lines(patterns(&["Content-Length: {len}", "", "abc"]));
        assert!(exact.matches(b"Content-Length: 3\r\n\r\nabc", &Captures::default()).is_some());
        assert!(exact.matches(b"Content-Length: 4\r\n\r\nabc", &Captures::default()).is_none());
    }

    #[test]
    fn headers_come_in_any_order_and_among_others() {
        let headed = |body| Payload::Headed {
            headers: patterns(&["X: {a}", "X: {b}", "Content-Length: {len}"]),
            body: Box::new(body),
        };
        let matches = |payload: &Payload, text: &str| {
            let found = payload.matches(text.as_bytes(), &Captures::default())?;
            Some(found.into_iter().map(|(_, value)| String::from_utf8(value).expect("text")).collect::<Vec<_>>())
        };
        let body = headed(Payload::Lines(patterns(&["{a} {b}"])));
        let text = "Content-Length: 3\r\nY: 0\r\nX: 1\r\nX: 2\r\n\r\n1 2";
        assert_eq!(matches(&body, text).expect("fits"), ["1", "2"]);
        // A header counts once, its name as it is spelled, and the empty line must be there.
        for (from, to) in [("X: 2\r\n", ""), ("X: 2", "x: 2"), ("Length: 3", "Length: 4"), ("\r\n\r\n", "\r\n")] {
            assert_eq!(matches(&body, &text.replace(from, to)), None, "{from} {to}");
        }
        assert!(matches(&headed(Payload::Any), text).is_some());
        assert!(matches(&headed(Payload::Empty), text).is_none());
        assert_eq!(
            headed(Payload::Any).shown(&Captures::default()),
            "\n|~ X: {a}\n|~ X: {b}\n|~ Content-Length: {len}\n| \n|*"
        );
    }
}
