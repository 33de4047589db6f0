//! The few things about time that Etsy's rules need: which year it is, and Etsy's own clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The year of a moment in milliseconds since the epoch, UTC.
#[must_use]
pub fn year_of(timestamp: i64) -> i64 {
    civil(timestamp).0
}

/// The day of a moment in milliseconds since the epoch, UTC: `2026-11-25`.
#[must_use]
pub fn day_of(timestamp: i64) -> String {
    let (year, month, day) = civil(timestamp);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day.
fn civil(timestamp: i64) -> (i64, i64, i64) {
    // Days to a civil date, by the 400-year cycle counted from 1 March of the year 0.
    let days = timestamp.div_euclid(86_400_000) + 719_468;
    let cycle = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    // January and February belong to the next civil year.
    let is_next = month >= 10;
    let civil_month = if is_next { month - 9 } else { month + 3 };
    let civil_year = cycle * 400 + year + i64::from(is_next);
    (civil_year, civil_month, day_of_month)
}

/// Seconds since the epoch of a `Date` header: `Mon, 23 Nov 2026 03:46:17 GMT`.
#[must_use]
pub fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = text.split_whitespace().skip(1);
    let day: i64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = i64::try_from(MONTHS.iter().position(|month| *month == name)?).ok()?;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(str::parse::<i64>);
    let (hours, minutes, seconds) = (
        clock.next()?.ok()?,
        clock.next()?.ok()?,
        clock.next()?.ok()?,
    );
    let is_time =
        (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..=60).contains(&seconds);
    if !is_time
        || !(1..=31).contains(&day)
        || !(1970..=9999).contains(&year)
        || words.next()? != "GMT"
    {
        return None;
    }
    // Years counted from March, so that the day which leap years add comes last.
    let (march_year, march_month) = if month < 2 {
        (year - 1, month + 10)
    } else {
        (year, month - 2)
    };
    let days = 365 * march_year + march_year / 4 - march_year / 100
        + march_year / 400
        + (153 * march_month + 2) / 5
        + day
        - 1
        - 719_468;
    Some(days * 86_400 + hours * 3_600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_change_at_midnight() {
        assert_eq!(year_of(0), 1970);
        assert_eq!(year_of(-1), 1969);
        assert_eq!(year_of(1_798_761_599_999), 2026);
        assert_eq!(year_of(1_798_761_600_000), 2027);
        assert_eq!(year_of(1_709_164_800_000), 2024);
    }

    #[test]
    fn a_moment_has_a_day() {
        assert_eq!(day_of(0), "1970-01-01");
        assert_eq!(day_of(1_709_251_199_999), "2024-02-29");
        assert_eq!(day_of(1_798_761_599_999), "2026-12-31");
        assert_eq!(day_of(1_798_761_600_000), "2027-01-01");
    }

    #[test]
    fn etsys_clock_is_read_from_its_replies() {
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(
            http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(784_111_777)
        );
        assert_eq!(
            http_date("Thu, 29 Feb 2024 23:59:59 GMT"),
            Some(1_709_251_199)
        );
        assert_eq!(
            http_date("Fri, 01 Jan 2027 00:00:00 GMT"),
            Some(1_798_761_600)
        );
        for text in [
            "",
            "yesterday",
            "Thu, 01 Foo 1970 00:00:00 GMT",
            "Thu, 01 Jan 1970 00:00 GMT",
            "a 1 Jan 99999999999999999999 1:1:1 GMT",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }
}
