//! The named texts of the contract: `decimal`, `timestamp`, and the excerpt of a value in an error.
//!
//! Checked in both directions, so that neither a caller nor a plugin can put something else under
//! these names.

use jiff::Timestamp;

/// The first and the last moment that RFC 3339 can write with a four-digit year and that the
/// calendar in use can hold, in milliseconds since the Unix epoch.
const FIRST_MILLISECOND: i64 = -62_167_219_200_000;
const LAST_MILLISECOND: i64 = 253_402_207_200_000;

/// How much of a value an error repeats, in characters.
const EXCERPT: usize = 60;

/// Whether it is `-?digits[.digits]`.
pub fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

/// Whether it is an RFC 3339 time that the contract can hold.
pub fn is_timestamp(text: &str) -> bool {
    read_timestamp(text).is_some()
}

/// Milliseconds since the Unix epoch of an RFC 3339 time. What is finer than a millisecond is cut.
pub(super) fn read_timestamp(text: &str) -> Option<i64> {
    if !has_rfc3339_form(text.as_bytes()) {
        return None;
    }
    let time: Timestamp = text.parse().ok()?;
    let milliseconds = time.as_millisecond();
    (FIRST_MILLISECOND..=LAST_MILLISECOND)
        .contains(&milliseconds)
        .then_some(milliseconds)
}

/// The RFC 3339 time of milliseconds since the Unix epoch; `None` where there is none.
pub(super) fn write_timestamp(milliseconds: i64) -> Option<Timestamp> {
    (FIRST_MILLISECOND..=LAST_MILLISECOND)
        .contains(&milliseconds)
        .then(|| Timestamp::from_millisecond(milliseconds).ok())?
}

/// `YYYY-MM-DDTHH:MM:SS[.digits](Z|±HH:MM)`: the calendar's own parser takes more than RFC 3339
/// allows, and would let a caller depend on it.
fn has_rfc3339_form(text: &[u8]) -> bool {
    fn matches(text: &[u8], form: &[u8]) -> bool {
        text.len() == form.len()
            && text.iter().zip(form).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't'),
                b'+' => matches!(byte, b'+' | b'-'),
                other => byte == other,
            })
    }
    let form = b"0000-00-00T00:00:00";
    let Some((moment, rest)) = text.split_at_checked(form.len()) else {
        return false;
    };
    let zone = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            match fraction.split_at_checked(digits) {
                Some((_, zone)) if (1..=9).contains(&digits) => zone,
                _ => return false,
            }
        }
    };
    matches(moment, form) && (matches!(zone, b"Z" | b"z") || matches(zone, b"+00:00"))
}

/// As much of a text as an error repeats, quoted.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_digits_with_at_most_one_point_between_them() {
        for good in ["0", "29.99", "-1", "-0.5", "007", "12345678901234567890.1"] {
            assert!(is_decimal(good), "{good}");
        }
        for bad in [
            "", "-", ".5", "5.", "1.2.3", "+1", "1e3", "1,5", " 1", "١", "--1", "NaN",
        ] {
            assert!(!is_decimal(bad), "{bad}");
        }
    }

    #[test]
    fn a_timestamp_reads_as_rfc_3339_and_as_nothing_else() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-23T09:30:00.250Z", 1_795_426_200_250),
            ("2026-11-23t10:30:00.25+01:00", 1_795_426_200_250),
            ("2026-11-23T09:30:00.250999Z", 1_795_426_200_250),
            ("1969-12-31T23:59:59.999Z", -1),
            ("0000-01-01T00:00:00Z", FIRST_MILLISECOND),
        ] {
            assert_eq!(read_timestamp(text), Some(milliseconds), "{text}");
        }
        for bad in [
            "",
            "2026-11-23",
            "2026-11-23T09:30Z",
            "2026-11-23 09:30:00Z",
            "2026-11-23T09:30:00",
            "2026-11-23T09:30:00.Z",
            "2026-11-23T09:30:00.1234567890Z",
            "2026-11-23T09:30:00+0100",
            "2026-11-23T09:30:00Z[Europe/Paris]",
            "2026-13-23T09:30:00Z",
            "2026-02-30T09:30:00Z",
            "2026-11-23T25:30:00Z",
            "-000001-01-01T00:00:00Z",
            "1795426200250",
        ] {
            assert_eq!(read_timestamp(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_timestamp_is_written_where_a_year_of_four_digits_holds_it() {
        for milliseconds in [0, 1_795_426_200_250, FIRST_MILLISECOND, LAST_MILLISECOND] {
            let text = write_timestamp(milliseconds).unwrap().to_string();
            assert_eq!(read_timestamp(&text), Some(milliseconds), "{text}");
        }
        for outside in [
            FIRST_MILLISECOND - 1,
            LAST_MILLISECOND + 1,
            i64::MIN,
            i64::MAX,
        ] {
            assert!(write_timestamp(outside).is_none(), "{outside}");
        }
    }

    #[test]
    fn an_excerpt_is_short_and_cuts_between_characters() {
        assert_eq!(excerpt("a\"b"), r#""a\"b""#);
        assert_eq!(excerpt(&"é".repeat(61)), format!("\"{}\"…", "é".repeat(60)));
    }
}
