//! Lines with captures in them: `{name}`, `{_}`, `{_*}`, `{...}`, `{len}`, `{ser+1}`, `{md5 challenge account}`,
//! `{chl6 challenge PROD0038}`, `{chl11 challenge PROD0090}`.
//!
//! Pure: what has been captured is an argument, and what a match captures is its result.

use crate::wire::escaped;

mod captures;
mod digest;

pub use captures::{Captures, Found};
use digest::{Product, Proof, hex, md5};

/// Why a text is not a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// `{` without `}`, or the other way round.
    #[error("a brace without its partner (a literal one is written {{{{ or }}}})")]
    Unbalanced,
    /// What stands in the braces is none of the forms.
    #[error(
        "`{{{0}}}` is no capture: expected {{name}}, {{_}}, {{_*}}, {{...}}, {{len}}, {{name+1}}, \
         {{md5 name account}}, {{chl6 name product}} or {{chl11 name product}}"
    )]
    Unknown(String),
    /// `{_*}` before the end of its line.
    #[error("`{{_*}}` must stand at the end of its line")]
    RestNotLast,
}

/// Why a pattern cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfilled {
    /// Nothing has been captured under this name.
    #[error("{{{0}}} has not been captured")]
    Unbound(String),
    /// The value is used as a number and is none.
    #[error("{{{0}}} is not a number")]
    NotANumber(String),
    /// No `account` statement names it.
    #[error("no account {0} in this script")]
    NoAccount(String),
    /// `{_}` or `{_*}` stands for nothing that could be sent.
    #[error("`{{_}}` can only be expected, not sent")]
    Wildcard,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Any,
    /// Any text, blanks too, or none.
    Stretch,
    /// The rest of the line; if `after_blank`, the blank before it belongs to what may be absent.
    Rest {
        after_blank: bool,
    },
    Capture(String),
    Sum(String, i64),
    Md5 {
        challenge: String,
        account: String,
    },
    /// The answer to a `CHL`.
    Proof {
        kind: Proof,
        challenge: String,
        product: Product,
    },
    Length,
}

/// One line of a script, as it is sent or expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    source: String,
    pieces: Vec<Piece>,
}

impl Pattern {
    /// Reads a line of a script.
    pub fn parse(source: &str) -> Result<Self, BadPattern> {
        let mut pieces = Vec::new();
        let mut text = Vec::new();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            text.extend_from_slice(&rest.as_bytes()[..at]);
            let brace = &rest[at..];
            if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
                text.push(brace.as_bytes()[0]);
                rest = after;
                continue;
            }
            let (inside, after) =
                brace.strip_prefix('{').and_then(|open| open.split_once('}')).ok_or(BadPattern::Unbalanced)?;
            let mut piece = Piece::parse(inside)?;
            if let Piece::Rest { after_blank } = &mut piece {
                if !after.is_empty() {
                    return Err(BadPattern::RestNotLast);
                }
                *after_blank = text.pop_if(|last| *last == b' ').is_some();
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(piece);
            rest = after;
        }
        text.extend_from_slice(rest.as_bytes());
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self { source: source.to_owned(), pieces })
    }

    /// The line as the script has it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Lets the capture `name` stand for the length of the payload.
    #[must_use]
    pub fn with_length(mut self, name: &str) -> Self {
        for piece in &mut self.pieces {
            if matches!(piece, Piece::Capture(own) if own == name) {
                *piece = Piece::Length;
            }
        }
        self
    }

    /// The line to send; `length` is that of its payload.
    pub fn fill(&self, captures: &Captures, length: usize) -> Result<Vec<u8>, Unfilled> {
        let mut line = Vec::with_capacity(self.source.len());
        for piece in &self.pieces {
            line.extend(piece.value(captures, &Vec::new(), length)?);
        }
        Ok(line)
    }

    /// Is `text` such a line? What it captures, if so. `length` is that of its payload.
    pub fn matches(&self, text: &[u8], captures: &Captures, length: usize) -> Option<Found> {
        let mut found = Vec::new();
        matches(&self.pieces, text, captures, length, &mut found).then_some(found)
    }

    /// The line for a report: with all filled in that is known.
    pub fn shown(&self, captures: &Captures) -> String {
        let show = |piece: &Piece| match (piece, piece.value(captures, &Vec::new(), 0)) {
            (Piece::Length, _) => "{len}".to_owned(),
            (_, Ok(value)) => escaped(&value),
            (Piece::Capture(name), _) => format!("{{{name}}}"),
            (Piece::Sum(name, plus), _) => format!("{{{name}{plus:+}}}"),
            (Piece::Md5 { challenge, account }, _) => format!("{{md5 {challenge} {account}}}"),
            (Piece::Proof { kind, challenge, product }, _) => format!("{{{kind} {challenge} {}}}", product.id),
            (Piece::Rest { after_blank: true }, _) => " {_*}".to_owned(),
            (Piece::Rest { after_blank: false }, _) => "{_*}".to_owned(),
            (Piece::Stretch, _) => "{...}".to_owned(),
            (Piece::Any | Piece::Text(_), _) => "{_}".to_owned(),
        };
        self.pieces.iter().map(show).collect()
    }
}

/// `text` so that a pattern holds it literally.
pub fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

impl Piece {
    fn parse(inside: &str) -> Result<Self, BadPattern> {
        let unknown = || BadPattern::Unknown(inside.to_owned());
        match inside {
            "_" => return Ok(Self::Any),
            "_*" => return Ok(Self::Rest { after_blank: false }),
            "..." => return Ok(Self::Stretch),
            "len" => return Ok(Self::Length),
            _ => {}
        }
        if let Some(words) = inside.strip_prefix("md5 ") {
            let (challenge, account) = words.trim().split_once(' ').ok_or_else(unknown)?;
            let account = account.trim();
            if !is_name(challenge) || !account.contains('@') {
                return Err(unknown());
            }
            return Ok(Self::Md5 { challenge: challenge.to_owned(), account: account.to_owned() });
        }
        let words: Vec<&str> = inside.split(' ').collect();
        if let [kind, challenge, product] = words[..]
            && let (Some(kind), true, Some(product)) = (Proof::of(kind), is_name(challenge), Product::of(product))
        {
            return Ok(Self::Proof { kind, challenge: challenge.to_owned(), product });
        }
        if is_name(inside) {
            return Ok(Self::Capture(inside.to_owned()));
        }
        let sign = inside.find(['+', '-']).ok_or_else(unknown)?;
        let (name, number) = inside.split_at(sign);
        let plus = number.parse::<i32>().map_err(|_| unknown())?;
        if is_name(name) { Ok(Self::Sum(name.to_owned(), plus.into())) } else { Err(unknown()) }
    }

    /// What this piece stands for, if that is known.
    fn value(&self, captures: &Captures, found: &Found, length: usize) -> Result<Vec<u8>, Unfilled> {
        let bound = |name: &str| {
            let here = found.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_slice());
            here.or_else(|| captures.get(name)).ok_or_else(|| Unfilled::Unbound(name.to_owned()))
        };
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Any | Self::Stretch | Self::Rest { .. } => Err(Unfilled::Wildcard),
            Self::Length => Ok(length.to_string().into_bytes()),
            Self::Capture(name) => bound(name).map(<[u8]>::to_vec),
            Self::Sum(name, plus) => {
                let number = std::str::from_utf8(bound(name)?).ok().and_then(|text| text.parse::<u32>().ok());
                let number = number.ok_or_else(|| Unfilled::NotANumber(name.clone()))?;
                // Serials and transaction ids wrap at 2^32.
                Ok((i64::from(number) + plus).rem_euclid(1 << 32).to_string().into_bytes())
            }
            Self::Proof { kind, challenge, product } => Ok(kind.digest(bound(challenge)?, *product).into_bytes()),
            Self::Md5 { challenge, account } => {
                let password = captures.password(account).ok_or_else(|| Unfilled::NoAccount(account.clone()))?;
                Ok(hex(&md5(bound(challenge)?, password.as_bytes())).into_bytes())
            }
        }
    }
}

/// Can `text` be the name of a capture?
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'.';
    !text.is_empty() && text != "_" && text.bytes().all(allowed)
}

fn matches(pieces: &[Piece], text: &[u8], captures: &Captures, length: usize, found: &mut Found) -> bool {
    let Some((piece, others)) = pieces.split_first() else { return text.is_empty() };
    if let Piece::Rest { after_blank } = piece {
        return !after_blank || text.is_empty() || text.starts_with(b" ");
    }
    if *piece == Piece::Stretch {
        let before = found.len();
        return (0..=text.len()).any(|end| {
            found.truncate(before);
            matches(others, &text[end..], captures, length, found)
        });
    }
    match piece.value(captures, found, length) {
        Ok(value) => {
            text.strip_prefix(value.as_slice()).is_some_and(|rest| matches(others, rest, captures, length, found))
        }
        Err(Unfilled::Wildcard | Unfilled::Unbound(_))
            if !matches!(piece, Piece::Sum(..) | Piece::Md5 { .. } | Piece::Proof { .. }) =>
        {
            let token = text.iter().take_while(|byte| !b" \r\n".contains(byte)).count();
            // The longest first, so that `{host}:{port}` cuts at the last colon.
            (1..=token).rev().any(|end| {
                let before = found.len();
                if let Piece::Capture(name) = piece {
                    found.push((name.clone(), text[..end].to_vec()));
                }
                let fits = matches(others, &text[end..], captures, length, found);
                if !fits {
                    found.truncate(before);
                }
                fits
            })
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests;
