//! Times as `2026-11-22T10:00:00Z`, the one form that all clients read.

use model::calendar::civil;

/// A time in Unix seconds.
pub(super) fn text(unix_seconds: i64) -> String {
    let (days, second) = (unix_seconds.div_euclid(86_400), unix_seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn known_times() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(1_062_764_229), "2003-09-05T12:17:09Z");
        assert_eq!(text(951_825_599), "2000-02-29T11:59:59Z");
        assert_eq!(text(951_868_800), "2000-03-01T00:00:00Z");
        assert_eq!(text(4_102_444_799), "2099-12-31T23:59:59Z");
        assert_eq!(text(4_107_542_400), "2100-03-01T00:00:00Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59Z");
    }
}
