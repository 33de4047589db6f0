//! JSON as marketplaces really write it: numbers where text was promised, text where numbers were,
//! `null` anywhere, members that nobody announced. A read that fails on such a field hides a
//! listing that is otherwise fine, so every member is read by itself and what does not fit is
//! `None`.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// A JSON object whose members are read on demand. What is not read can be carried on, digit by
/// digit, with [`Object::unread`].
///
/// ```
/// use stoflow_plugin_sdk::Object;
///
/// let listing = Object::parse(br#"{"id": 9007199254740993, "state": null, "views": 7}"#)?;
/// assert_eq!(listing.text("id").as_deref(), Some("9007199254740993"));
/// assert_eq!(listing.text("state"), None);
/// assert_eq!(listing.unread().as_deref(), Some(r#"{"views":7}"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
pub struct Object<'a> {
    members: Vec<Member<'a>>,
    /// Where the last one was found: readers mostly ask in the order of the document.
    place: Cell<usize>,
}

#[derive(Debug)]
struct Member<'a> {
    name: Cow<'a, str>,
    value: &'a RawValue,
    read: Cell<bool>,
}

impl<'a> Object<'a> {
    /// Reads the outline of a document that is an object.
    ///
    /// # Errors
    ///
    /// Where it is no JSON, or no object.
    pub fn parse(document: &'a [u8]) -> Result<Self, serde_json::Error> {
        match std::str::from_utf8(document) {
            // Known to be text once, it need not be looked at again for each member.
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(document),
        }
    }

    /// A member as it stands in the document; `None` for one that is missing or `null`.
    pub fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let start = self.place.get().min(self.members.len());
        let (before, after) = self.members.split_at(start);
        let place = match after.iter().position(|member| member.name == name) {
            Some(step) => start + step,
            None => before.iter().position(|member| member.name == name)?,
        };
        self.place.set(place + 1);
        let member = self.members.get(place)?;
        member.read.set(true);
        Some(member.value).filter(|value| value.get() != "null")
    }

    /// Text, or a number or a boolean as text.
    pub fn text(&self, name: &str) -> Option<String> {
        text(self.raw(name)?)
    }

    /// Text that is not empty.
    pub fn words(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.trim().is_empty())
    }

    /// A whole number, also written as text or with a fraction of nought.
    pub fn integer(&self, name: &str) -> Option<i64> {
        whole_number(&self.text(name)?)
    }

    /// A boolean, also written as 0 or 1 or as text.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.text(name)?.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// The elements of a list that are text, numbers or booleans.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).into_iter().filter_map(text).collect()
    }

    /// The elements of a list that are whole numbers.
    pub fn integers(&self, name: &str) -> Vec<i64> {
        self.texts(name)
            .iter()
            .filter_map(|text| whole_number(text))
            .collect()
    }

    /// A member that is an object.
    pub fn object(&self, name: &str) -> Option<Object<'a>> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    /// The elements of a list that are objects.
    pub fn objects(&self, name: &str) -> Vec<Object<'a>> {
        let Some(list) = self.raw(name) else {
            return Vec::new();
        };
        // Where all are, which is usual, one reading does.
        serde_json::from_str(list.get()).unwrap_or_else(|_| {
            let list = elements(list).into_iter();
            list.filter_map(|element| serde_json::from_str(element.get()).ok())
                .collect()
        })
    }

    /// The elements of a list, `null` among them; empty where there is none.
    pub fn list(&self, name: &str) -> Vec<&'a RawValue> {
        self.raw(name).map(elements).unwrap_or_default()
    }

    /// The members, as they stand in the document. They count as read.
    pub fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.members.iter().map(|member| {
            member.read.set(true);
            (member.name.as_ref(), member.value)
        })
    }

    /// Marks members as read that are known and not wanted.
    pub fn skip(&self, names: &[&str]) {
        for name in names {
            let _ = self.raw(name);
        }
    }

    /// A document of the members that were not read and are not `null`; `None` where there are
    /// none.
    pub fn unread(&self) -> Option<String> {
        let mut document = String::new();
        for member in &self.members {
            if member.read.get() || member.value.get() == "null" {
                continue;
            }
            document.push(if document.is_empty() { '{' } else { ',' });
            quote(&member.name, &mut document);
            document.push(':');
            document.push_str(member.value.get());
        }
        if document.is_empty() {
            return None;
        }
        document.push('}');
        Some(document)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Outline).map(|members| Self {
            members,
            place: Cell::new(0),
        })
    }
}

struct Outline;

impl<'de> Visitor<'de> for Outline {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push(Member {
                name,
                value,
                read: Cell::new(false),
            });
        }
        Ok(members)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A text as JSON.
fn quote(text: &str, document: &mut String) {
    if text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        document.push('"');
        document.push_str(text);
        document.push('"');
    } else {
        document.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

fn elements(list: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(list.get()).unwrap_or_default()
}

fn text(value: &RawValue) -> Option<String> {
    let json = value.get();
    match json.as_bytes().first()? {
        b'"' if !json.contains('\\') => json.get(1..json.len() - 1).map(str::to_owned),
        b'"' => serde_json::from_str(json).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(json.to_owned()),
    }
}

fn whole_number(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (whole, fraction) = text.split_once('.')?;
    let is_whole = fraction.bytes().all(|byte| byte == b'0');
    if is_whole { whole.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: &str) -> Object<'_> {
        Object::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn ids_keep_every_digit() {
        let ids = object(r#"{"a":9007199254740993,"b":18446744073709551616,"c":"017"}"#);
        assert_eq!(ids.text("a").as_deref(), Some("9007199254740993"));
        assert_eq!(ids.text("b").as_deref(), Some("18446744073709551616"));
        assert_eq!(ids.text("c").as_deref(), Some("017"));
        assert_eq!(ids.integer("b"), None);
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let odd = object(r#"{"a":{"x":[1]},"b":[],"c":"perhaps","d":null,"e":1.5}"#);
        assert_eq!(odd.text("a"), None);
        assert_eq!(odd.integer("b"), None);
        assert_eq!(odd.boolean("c"), None);
        assert_eq!(odd.text("d"), None);
        assert_eq!(odd.integer("e"), None);
        assert!(odd.object("c").is_none());
        assert!(odd.objects("a").is_empty());
        assert_eq!(odd.text("missing"), None);
        assert!(object("{}").text("a").is_none());
    }

    #[test]
    fn values_come_in_several_forms() {
        let forms = object(r#"{"n":"12","f":12.0,"t":1,"u":"false","l":["a",7,null,{"b":1}]}"#);
        assert_eq!(forms.integer("n"), Some(12));
        assert_eq!(forms.integer("f"), Some(12));
        assert_eq!(forms.boolean("t"), Some(true));
        assert_eq!(forms.boolean("u"), Some(false));
        assert_eq!(forms.texts("l"), ["a", "7"]);
        assert_eq!(forms.objects("l").len(), 1);
    }

    #[test]
    fn members_are_found_in_any_order_and_by_escaped_names() {
        let shuffled = object(r#"{"a":1,"b":2,"\u0063":"\u00e9"}"#);
        assert_eq!(shuffled.text("c").as_deref(), Some("é"));
        assert_eq!(shuffled.integer("a"), Some(1));
        assert_eq!(shuffled.integer("b"), Some(2));
    }

    #[test]
    fn what_nobody_read_is_carried_on_unchanged() {
        let listing =
            object(r#"{"id":1,"new":{"deep":[1.50]},"empty":null,"big":9007199254740993}"#);
        listing.integer("id");
        let rest = r#"{"new":{"deep":[1.50]},"big":9007199254740993}"#;
        assert_eq!(listing.unread().as_deref(), Some(rest));
        listing.skip(&["new", "big"]);
        assert_eq!(listing.unread(), None);
    }

    #[test]
    fn only_an_object_is_one() {
        for json in ["", "[]", "1", "<html>", "{", "null"] {
            assert!(Object::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
