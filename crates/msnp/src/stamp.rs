//! Time stamps in the form of `SYN`: ISO 8601 with seven digits of a second and an offset.
//!
//! To clients they are words that they keep and send back. They are told in the time of Redmond, as
//! the real servers told them: a `+` in the offset might be taken for a blank by someone.

use model::calendar::civil;

/// The offset that is told, in seconds and in words.
const OFFSET: (i64, &str) = (-7 * 3600, "-07:00");

/// A time in Unix milliseconds, as in `2005-04-23T18:57:44.8130000-07:00`.
pub(crate) fn text(unix_ms: i64) -> String {
    let (seconds, ms) = (unix_ms.div_euclid(1000) + OFFSET.0, unix_ms.rem_euclid(1000));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}0000{}", OFFSET.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        assert_eq!(text(1_114_307_864_813), "2005-04-23T18:57:44.8130000-07:00");
        assert_eq!(text(0), "1969-12-31T17:00:00.0000000-07:00");
        assert_eq!(text(951_807_600_001), "2000-02-29T00:00:00.0010000-07:00");
        assert_eq!(text(4_107_567_600_000), "2100-03-01T00:00:00.0000000-07:00");
        assert_eq!(text(-1), "1969-12-31T16:59:59.9990000-07:00");
    }

    #[test]
    fn different_times_differ() {
        assert_ne!(text(1_114_307_864_813), text(1_114_307_864_814));
    }
}
