//! Lengths of time, as operators write them.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A length of time: a whole number with a unit, `250ms`, `30s`, `5m`, `1h` or `2d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Span(pub Duration);

impl Span {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    fn parse(text: &str) -> Option<Self> {
        let unit = text.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = text[..unit].parse().ok()?;
        let seconds = |count: u64| number.checked_mul(count).map(Duration::from_secs);
        let span = match &text[unit..] {
            "ms" => Some(Duration::from_millis(number)),
            "s" => seconds(1),
            "m" => seconds(60),
            "h" => seconds(3600),
            "d" => seconds(86_400),
            _ => None,
        }?;
        // Longer is not meant, and would overflow the clock.
        (span <= Duration::from_secs(366 * 86_400)).then_some(Self(span))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format_args!(
                "{text:?} is not a length of time of at most a year, as in \"30s\", \"5m\" or \"1h\""
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        let parse = |text| Span::parse(text).map(|span| span.0.as_millis());
        assert_eq!(parse("250ms"), Some(250));
        assert_eq!(parse("30s"), Some(30_000));
        assert_eq!(parse("5m"), Some(300_000));
        assert_eq!(parse("1h"), Some(3_600_000));
        assert_eq!(parse("2d"), Some(172_800_000));
        for bad in ["", "5", "m", "-5m", "5 m", "1.5s", "5w", "400d", "99999999999999999999s"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
