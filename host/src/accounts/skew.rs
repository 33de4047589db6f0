//! How far this machine's clock is from the marketplace's, by the `Date` of its replies.
//!
//! Lifetimes count from the moment of asking, so a clock that is off by itself harms nobody. It is
//! named where the marketplace refuses, because to a person a wrong clock looks like anything else.

use http::HeaderMap;
use http::header::DATE;
use jiff::{SignedDuration, Timestamp};

/// A reply is under way, and servers' clocks are not to the second: less is no difference.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The time at which a reply says that it was made (RFC 9110 §6.6.1).
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()
}

/// By how much our clock is ahead of a marketplace's, where that is more than nothing to speak of;
/// negative where it is behind.
pub(super) fn ahead(now: Timestamp, date: Option<Timestamp>) -> Option<SignedDuration> {
    let ahead = now.duration_since(date?);
    (ahead.abs() > TOLERANCE).then_some(ahead)
}

/// The difference as a sentence.
pub(super) fn words(ahead: SignedDuration) -> String {
    let side = if ahead.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    format!(
        "this machine's clock is {} {side} the marketplace's",
        length(ahead.abs())
    )
}

fn length(length: SignedDuration) -> String {
    let (hours, minutes) = (length.as_hours(), length.as_mins() % 60);
    match (hours, minutes) {
        (48.., _) => format!("{} days", hours / 24),
        (1.., 0) => format!("{hours} h"),
        (1.., _) => format!("{hours} h {minutes} min"),
        _ => format!("{minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_from_five_minutes_on_in_either_direction() {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        let date = date(&headers);
        let there = date.unwrap();
        for (seconds, said) in [
            (0, None),
            (299, None),
            (-299, None),
            (301, Some("5 min ahead of")),
            (-3600, Some("1 h behind")),
            (3600 + 120, Some("1 h 2 min ahead of")),
            (86_400 * 3650, Some("3650 days ahead of")),
        ] {
            let now = there + SignedDuration::from_secs(seconds);
            let words = ahead(now, date).map(words);
            let said = said.map(|said| format!("this machine's clock is {said} the marketplace's"));
            assert_eq!(words, said, "{seconds}");
        }
    }

    #[test]
    fn a_date_that_is_none_says_nothing() {
        let mut headers = HeaderMap::new();
        assert_eq!(date(&headers), None);
        headers.insert(DATE, "yesterday".parse().unwrap());
        assert_eq!(date(&headers), None);
        assert_eq!(ahead(Timestamp::now(), None), None);
    }
}
