//! Which values can be carried on as documents. A host takes JSON that every reader after it can take:
//! not nested without end, with numbers that are numbers, with text that is Unicode. One member of a
//! marketplace's that is otherwise would take along all that stands beside it.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Levels of a value that is carried on. The host takes 64, of which a plugin may add some.
const DEEPEST: usize = 32;

/// A number of so many characters without an exponent is within a float's range.
const PLAIN_NUMBER: usize = 300;

/// Whether a host takes a JSON value as a document.
///
/// ```
/// use stoflow_plugin_sdk::is_document;
///
/// assert!(is_document(r#"{"weight":1.50,"name":"caf\u00e9"}"#));
/// assert!(!is_document("[1e999]"));
/// assert!(!is_document(r#""half of a pair: \ud83d""#));
/// ```
#[must_use]
pub fn is_document(json: &str) -> bool {
    match json.as_bytes().first() {
        // Most are such, and have nothing in them that could be wrong.
        Some(b't' | b'f' | b'n') => true,
        Some(b'"') if !json.contains('\\') => true,
        Some(b'-' | b'0'..=b'9') if json.len() <= PLAIN_NUMBER && !json.contains(['e', 'E']) => {
            true
        }
        _ => Walk { left: DEEPEST }
            .deserialize(&mut serde_json::Deserializer::from_str(json))
            .is_ok(),
    }
}

/// Reads a value and forgets it.
struct Walk {
    /// How many levels may still open.
    left: usize,
}

impl Walk {
    fn below<E: Error>(&self) -> Result<Self, E> {
        let left = self.left.checked_sub(1);
        let left = left.ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { left })
    }
}

impl<'de> DeserializeSeed<'de> for Walk {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON document")
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
        while items.next_element_seed(self.below()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_key_seed(self.below()?)?.is_some() {
            members.next_value_seed(self.below()?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_reader_takes_is_a_document() {
        let digits = "9".repeat(400);
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let good = [
            "null",
            "true",
            "-1.5E3",
            r#""\ud83d\ude00 \\""#,
            r#"{"a":[1,{}]}"#,
        ];
        for good in good.map(str::to_owned).into_iter().chain([deep(32)]) {
            assert!(is_document(&good), "{good}");
        }
        let bad = [
            "1e999",
            r#""\ud83d""#,
            r#"{"a":[1e999]}"#,
            r#"{"\udead":0}"#,
        ];
        for bad in bad.map(str::to_owned).into_iter().chain([deep(33), digits]) {
            assert!(!is_document(&bad), "{bad}");
        }
    }
}
