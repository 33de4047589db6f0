//! The named text `json`: a document inside a document.
//!
//! It is passed through as text, never built, but checked whole before: that it is JSON, that its
//! text is Unicode, and that no reader after us is led deeper than its stack.

mod plain;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

pub(super) use plain::first_special;
use plain::is_plain;

/// How deep lists and objects may lie in each other. With the types around it this stays below the
/// 128 levels at which common readers stop.
pub(super) const MAX_DEPTH: usize = 64;

/// Writes a document on one line.
///
/// # Errors
///
/// Why the text is none; then nothing is written.
pub(super) fn write(text: &str, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    check(text)?;
    write_compact(text, out);
    Ok(())
}

/// Why a text is no document: as the reader said it.
pub(super) fn check(text: &str) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Walk { left: MAX_DEPTH }.deserialize(&mut reader)?;
    reader.end()
}

/// Writes a checked document without the whitespace between its tokens, so that it is one line.
fn write_compact(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len());
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| b"\" \t\r\n".contains(byte)) {
        let (tokens, from_here) = rest.split_at(at);
        out.extend_from_slice(tokens);
        let length = if from_here.starts_with(b"\"") {
            let length = text_length(from_here);
            out.extend_from_slice(from_here.get(..length).unwrap_or(from_here));
            length
        } else {
            1
        };
        rest = from_here.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// How many bytes the text at the beginning has, with its quotes.
fn text_length(quoted: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = quoted
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        at += found;
        if quoted.get(at) == Some(&b'"') {
            return at + 1;
        }
        // What is escaped ends no text.
        at += 2;
    }
    quoted.len()
}

/// Reads a value and forgets it.
struct Walk {
    /// How many levels may still open.
    left: usize,
}

impl Walk {
    fn below<E: Error>(&self) -> Result<usize, E> {
        self.left
            .checked_sub(1)
            .ok_or_else(|| E::custom(format_args!("nested more than {MAX_DEPTH} levels deep")))
    }
}

impl<'de> DeserializeSeed<'de> for Walk {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a JSON document")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let left = self.below()?;
        while items.next_element_seed(Walk { left })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let left = self.below()?;
        while members.next_key_seed(Walk { left })?.is_some() {
            members.next_value_seed(Walk { left })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_any_json_and_nothing_after_it() {
        for good in [
            "null",
            "0",
            "-1.5e3",
            "\"é\\u00e9\"",
            "[]",
            "{\"a\":[1,{}]}",
            " {} ",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "nul",
            "{}{}",
            "[1,]",
            "{a:1}",
            "\"\\ud800\"",
            "01",
            "NaN",
            "1e999",
            "'a'",
            "[1",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_document_may_be_as_deep_as_allowed_and_no_deeper() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(check(&nested(MAX_DEPTH)).is_ok());
        let error = check(&nested(MAX_DEPTH + 1)).unwrap_err().to_string();
        assert!(error.contains("64 levels"), "{error}");
        assert!(check(&nested(1_000_000)).is_err());
    }

    #[test]
    fn a_document_is_written_on_one_line_with_its_texts_untouched() {
        let mut out = Vec::new();
        write_compact(
            "{ \"a b\" :\n [ 1,\t\"\\\" \\\\\" , \" \" ] }\r\n",
            &mut out,
        );
        assert_eq!(out, br#"{"a b":[1,"\" \\"," "]}"#);
        for (document, compact) in [
            (r#" "é \\" "#, r#""é \\""#),
            (r#"["\\\"", "" ]"#, r#"["\\\"",""]"#),
            (" 1 ", "1"),
            ("{}", "{}"),
        ] {
            let mut out = Vec::new();
            write_compact(document, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), compact);
        }
    }

    #[test]
    fn what_is_no_document_writes_nothing() {
        for bad in ["", "{", "[1,]", "[1e999]", "\"\\ud800\""] {
            let mut out = b"[".to_vec();
            assert!(write(bad, &mut out).is_err(), "{bad}");
            assert_eq!(out, b"[", "{bad}");
        }
    }
}
