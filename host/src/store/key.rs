//! The key of a record: parts that are joined so that no two lists of parts give the same text.
//!
//! `("a/b", "c")` and `("a", "b/c")` joined by hand are the same key, and one account's record is
//! then found under another's; here they are not.

use std::fmt;

/// The key of a record within its kind. Keys are not secret: they stand in errors and in logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

/// The longest key, in bytes. Longer ones would leave little room beside them in a 4 KiB page.
pub const KEY_BYTES_MAX: usize = 1024;

/// How an empty part is written: a percent sign is otherwise followed by two hexadecimal digits.
const EMPTY: &str = "%-";

impl Key {
    /// The key of these parts, in this order.
    pub fn of<I>(parts: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut text = String::new();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                text.push('/');
            }
            push_part(&mut text, part.as_ref());
        }
        Self(text)
    }

    /// The key of no parts: as a prefix, it stands before every key.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// The parts that the key was made of.
    pub fn parts(&self) -> Vec<String> {
        if self.0.is_empty() {
            return Vec::new();
        }
        self.0.split('/').map(read_part).collect()
    }

    /// The joined text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A key as the store read it back.
    pub(super) fn from_stored(bytes: &[u8]) -> Option<Self> {
        String::from_utf8(bytes.to_vec()).ok().map(Self)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Escapes what separates (`/`), what escapes (`%`), and control characters, of which the store
/// uses NUL itself.
fn push_part(text: &mut String, part: &str) {
    if part.is_empty() {
        text.push_str(EMPTY);
    }
    for c in part.chars() {
        if c == '/' || c == '%' || (c as u32) < 0x20 {
            text.push_str(&format!("%{:02X}", c as u32));
        } else {
            text.push(c);
        }
    }
}

fn read_part(part: &str) -> String {
    if part == EMPTY {
        return String::new();
    }
    let mut text = String::with_capacity(part.len());
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let byte = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, after.get(2..)) {
            (Some(byte), Some(after)) => {
                text.push(char::from(byte));
                rest = after;
            }
            _ => {
                text.push('%');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_of_parts_give_the_same_key() {
        let lists: [&[&str]; 10] = [
            &[],
            &[""],
            &["", ""],
            &["a/b", "c"],
            &["a", "b/c"],
            &["a", "b", "c"],
            &["a%2Fb", "c"],
            &["%-"],
            &["a\0b"],
            &["é", "%"],
        ];
        let mut keys: Vec<Key> = lists.iter().map(|parts| Key::of(parts.iter())).collect();
        for (key, parts) in keys.iter().zip(lists) {
            assert_eq!(key.parts(), parts, "{key}");
            assert!(!key.as_str().contains('\0'));
        }
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), lists.len());
    }
}
