//! JSON as marketplaces really write it: numbers where text was promised, text where numbers were,
//! `null` anywhere. A read that fails on such a field hides a listing that is otherwise fine.
//!
//! Each function is for `#[serde(default, deserialize_with = "…")]`.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Text from text, a number or a boolean; `None` from `null` and from anything else.
///
/// # Errors
///
/// Only where the JSON itself is broken.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(TextVisitor)
}

/// A whole number from a number, from text that is one, or from a float without a fraction;
/// `None` from anything else.
///
/// # Errors
///
/// Only where the JSON itself is broken.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = text(deserializer)?;
    Ok(text.as_deref().and_then(whole_number))
}

/// `true` or `false` from a boolean, from 0 or 1, or from their names as text; `None` from
/// anything else.
///
/// # Errors
///
/// Only where the JSON itself is broken.
pub fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match text(deserializer)?.as_deref() {
        Some("true" | "1") => Some(true),
        Some("false" | "0" | "") => Some(false),
        _ => None,
    })
}

/// A list of what can be read of a list; empty from `null` and from anything that is no list.
///
/// # Errors
///
/// Where an element is not what was promised.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(ListVisitor(PhantomData))
}

/// A list of text, its elements as [`text`] reads them.
///
/// # Errors
///
/// Only where the JSON itself is broken.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let items: Vec<Lenient> = list(deserializer)?;
    Ok(items.into_iter().filter_map(|item| item.0).collect())
}

/// A list of texts in which `null` keeps its place, for lists that belong to each other by
/// position.
///
/// # Errors
///
/// Only where the JSON itself is broken.
pub fn optional_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Option<String>>, D::Error> {
    let items: Vec<Lenient> = list(deserializer)?;
    Ok(items.into_iter().map(|item| item.0).collect())
}

struct Lenient(Option<String>);

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(Self)
    }
}

fn whole_number(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (whole, fraction) = text.split_once('.')?;
    fraction
        .bytes()
        .all(|byte| byte == b'0')
        .then(|| whole.parse().ok())?
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text, a number, a boolean or null")
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list or null")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
        if value.is_empty() {
            Ok(Vec::new())
        } else {
            Err(E::custom("text where a list belongs"))
        }
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(E::custom("a number where a list belongs"))
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Err(E::custom("a number where a list belongs"))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Record {
        #[serde(default, deserialize_with = "text")]
        id: Option<String>,
        #[serde(default, deserialize_with = "integer")]
        count: Option<i64>,
        #[serde(default, deserialize_with = "boolean")]
        active: Option<bool>,
        #[serde(default, deserialize_with = "texts")]
        tags: Vec<String>,
    }

    fn read(json: &str) -> Record {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn ids_above_two_to_the_53_keep_every_digit() {
        assert_eq!(
            read(r#"{"id":9007199254740993}"#).id.as_deref(),
            Some("9007199254740993")
        );
        assert_eq!(
            read(r#"{"id":18446744073709551615}"#).id.as_deref(),
            Some("18446744073709551615")
        );
        assert_eq!(read(r#"{"id":"17"}"#).id.as_deref(), Some("17"));
    }

    #[test]
    fn nothing_and_nonsense_read_as_none() {
        let nothing = Record {
            id: None,
            count: None,
            active: None,
            tags: Vec::new(),
        };
        assert_eq!(read("{}"), nothing);
        assert_eq!(
            read(r#"{"id":null,"count":null,"active":null,"tags":null}"#),
            nothing
        );
        assert_eq!(
            read(r#"{"id":{"a":[1]},"count":[],"active":"perhaps","tags":""}"#),
            nothing
        );
    }

    #[test]
    fn numbers_and_booleans_come_in_several_forms() {
        assert_eq!(read(r#"{"count":"12"}"#).count, Some(12));
        assert_eq!(read(r#"{"count":12.0}"#).count, Some(12));
        assert_eq!(read(r#"{"count":"12.5"}"#).count, None);
        assert_eq!(read(r#"{"active":1}"#).active, Some(true));
        assert_eq!(read(r#"{"active":"false"}"#).active, Some(false));
        assert_eq!(read(r#"{"tags":["a",7,null]}"#).tags, ["a", "7"]);
    }
}
