//! Etsy's ids: digits, more than a float can hold, written as numbers in JSON and forms.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

/// A positive whole number, kept as text. Nothing else gets into a path, so no id can name another
/// resource than its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(String);

impl Id {
    /// The id that this text is; `None` where it is no positive number of at most 20 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = !text.is_empty()
            && text.len() <= 20
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        is_id.then(|| Self(text.to_owned()))
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = <Box<RawValue>>::deserialize(deserializer)?;
        Self::parse(number.get().trim_matches('"'))
            .ok_or_else(|| serde::de::Error::custom(format!("{} is no id", number.get())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_are_an_id() {
        assert!(Id::parse("9007199254740993").is_some());
        for text in [
            "",
            "0",
            "012",
            "-1",
            "1.0",
            "1/images",
            "a",
            "١",
            "123456789012345678901",
        ] {
            assert!(Id::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_id_is_a_number_in_json() {
        let id = Id::parse("9007199254740993").unwrap();
        let json = serde_json::to_string(&vec![id.clone()]).unwrap();
        assert_eq!(json, "[9007199254740993]");
        assert_eq!(serde_json::from_str::<Vec<Id>>(&json).unwrap(), [id]);
    }
}
