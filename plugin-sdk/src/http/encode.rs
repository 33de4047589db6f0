//! Percent-encoding, so that a value can neither end its field nor change the path.

use std::fmt::Write;

/// Everything but RFC 3986's unreserved characters as `%XX`: right in a path segment, a query and
/// a form alike.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `name=value&name=value`.
pub(super) fn pairs<'a>(fields: impl IntoIterator<Item = &'a (String, String)>) -> String {
    let mut encoded = String::new();
    for (name, value) in fields {
        if !encoded.is_empty() {
            encoded.push('&');
        }
        encoded.push_str(&percent_encode(name));
        encoded.push('=');
        encoded.push_str(&percent_encode(value));
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_field() {
        let fields = [("title".to_owned(), "a&b=c d/é+%".to_owned())];
        assert_eq!(pairs(&fields), "title=a%26b%3Dc%20d%2F%C3%A9%2B%25");
    }
}
