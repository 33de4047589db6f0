//! One character of a text as it may stand in a page: plain, or escaped for a URL, JSON, JavaScript
//! or HTML.

/// The longest spelling of one character that is read: `&#x0002f;`.
pub(super) const UNIT_BYTES_MAX: usize = 9;

/// The byte that an escape at the start of `text` stands for, and how long the escape is. `None`
/// where there is none, or it stands for no single ASCII character: secrets are ASCII.
pub(super) fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    let found = match text {
        [b'%', high, low, ..] => hex(&[*high, *low]).map(|value| (value, 3)),
        [b'\\', b'u', digits @ ..] => hex(digits.get(..4)?).map(|value| (value, 6)),
        [b'\\', b'x', digits @ ..] => hex(digits.get(..2)?).map(|value| (value, 4)),
        [b'\\', byte @ (b'/' | b'\\' | b'"' | b'\''), ..] => Some((u32::from(*byte), 2)),
        [b'&', b'#', rest @ ..] => numeric(rest),
        [b'&', rest @ ..] => named(rest),
        _ => None,
    };
    let (value, length) = found?;
    let byte = u8::try_from(value).ok().filter(u8::is_ascii)?;
    Some((byte, length))
}

/// Whether `text` begins with `byte`, in any spelling; and then how long that is.
pub(super) fn spelled(text: &[u8], byte: u8) -> Option<usize> {
    // The escape first: of `&amp;` the first character alone would be taken for a plain one.
    match escaped(text) {
        Some((found, length)) if found == byte => Some(length),
        _ => (text.first() == Some(&byte)).then_some(1),
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    number(digits, 16)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |value, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        value.checked_mul(radix)?.checked_add(digit)
    })
}

/// What follows `&#`: `47;` or `x2f;`.
fn numeric(rest: &[u8]) -> Option<(u32, usize)> {
    let end = rest
        .iter()
        .take(UNIT_BYTES_MAX - 2)
        .position(|byte| *byte == b';')?;
    let digits = rest.get(..end)?;
    let value = match digits {
        [b'x' | b'X', digits @ ..] => number(digits, 16),
        digits => number(digits, 10),
    };
    Some((value?, end + 3))
}

/// What follows `&`, of the five that stand for ASCII in every document.
fn named(rest: &[u8]) -> Option<(u32, usize)> {
    [
        ("amp;", b'&'),
        ("lt;", b'<'),
        ("gt;", b'>'),
        ("quot;", b'"'),
        ("apos;", b'\''),
    ]
    .into_iter()
    .find(|(name, _)| rest.starts_with(name.as_bytes()))
    .map(|(name, byte)| (u32::from(byte), name.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_character_is_read() {
        for text in [
            "/",
            "%2F",
            "%2f",
            "\\/",
            "\\u002f",
            "\\u002F",
            "\\x2f",
            "&#47;",
            "&#047;",
            "&#x2f;",
            "&#X2F;",
            "&#x0002f;",
        ] {
            let longer = format!("{text}rest");
            assert_eq!(spelled(longer.as_bytes(), b'/'), Some(text.len()), "{text}");
            assert_eq!(spelled(text.as_bytes(), b'/'), Some(text.len()), "{text}");
            assert_eq!(spelled(text.as_bytes(), b'a'), None, "{text}");
            assert!(text.len() <= UNIT_BYTES_MAX);
        }
        for (text, byte) in [
            ("&amp;", b'&'),
            ("&quot;", b'"'),
            ("\\\"", b'"'),
            ("\\\\", b'\\'),
        ] {
            assert_eq!(spelled(text.as_bytes(), byte), Some(text.len()), "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_is_not_read_as_one() {
        for text in [
            "",
            "%",
            "%2",
            "%zz",
            "\\",
            "\\u00",
            "\\u00zz",
            "\\x",
            "&",
            "&#",
            "&#;",
            "&#x;",
            "&#99999999999;",
            "&#x000002f;",
            "&unknown;",
            "\\u20ac",
            "%e2",
            "&#8364;",
        ] {
            assert_eq!(escaped(text.as_bytes()), None, "{text}");
        }
    }
}
