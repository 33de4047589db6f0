//! JSON as marketplaces really write it: numbers where text was promised, text where numbers were,
//! `null` anywhere, members that nobody announced. A read that fails on such a field hides a
//! listing that is otherwise fine, so every member is read by itself and what does not fit is
//! `None`.

mod document;
mod member;
mod outline;
mod raw;
mod scan;
mod step;

pub use document::is_document;
pub use raw::Raw;

use member::{Member, mark};
use outline::{elements, members, page};
use scan::Scan;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

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

impl<'a> Object<'a> {
    /// Reads the outline of a document that is an object.
    ///
    /// # Errors
    ///
    /// Where it is no JSON, or no object.
    pub fn parse(document: &'a [u8]) -> Result<Self, serde_json::Error> {
        Self::read(document, |scan| members(scan, Vec::new()))
    }

    /// Reads the outline of a page: an object with a long list of objects as one of its members. They
    /// go to `each` as they are read, so that the list is gone over once and the outline of one of
    /// them is in memory. What is no object in it is left out; where the member is no list, or
    /// missing, there is nothing to hand over.
    ///
    /// # Errors
    ///
    /// Where it is no JSON, or no object; some may have been handed over before that is known.
    ///
    /// ```
    /// use stoflow_plugin_sdk::Object;
    ///
    /// let mut ids = Vec::new();
    /// let json = br#"{"count": 2, "results": [{"id": 1}, {"id": 2}]}"#;
    /// let page = Object::parse_page(json, "results", |listing| ids.extend(listing.integer("id")))?;
    /// assert_eq!((page.integer("count"), ids), (Some(2), vec![1, 2]));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn parse_page(
        document: &'a [u8],
        list: &str,
        mut each: impl FnMut(&Self),
    ) -> Result<Self, serde_json::Error> {
        Self::read(document, |scan| page(scan, list, &mut each))
    }

    /// Reads a whole document.
    fn read(
        document: &'a [u8],
        read: impl FnOnce(&mut Scan<'a>) -> Option<Vec<Member<'a>>>,
    ) -> Result<Self, serde_json::Error> {
        let outline = || {
            // Known to be text once, it need not be looked at again for each member.
            let mut scan = Scan::new(std::str::from_utf8(document).ok()?);
            let members = read(&mut scan)?;
            scan.is_over().then(|| Self::of(members))
        };
        outline().ok_or_else(|| refusal(document))
    }

    fn of(members: Vec<Member<'a>>) -> Self {
        Self {
            members,
            place: Cell::new(0),
        }
    }

    /// A member as it stands in the document; `None` for one that is missing or `null`.
    pub fn raw(&self, name: &str) -> Option<Raw<'a>> {
        let start = self.place.get().min(self.members.len());
        let (before, after) = self.members.split_at(start);
        let mark = mark(name);
        let is_it = |member: &Member<'_>| member.mark == mark && member.name == name;
        let place = match after.iter().position(is_it) {
            Some(step) => start + step,
            None => before.iter().position(is_it)?,
        };
        self.place.set(place + 1);
        let member = self.members.get(place)?;
        member.read.set(true);
        Some(member.value).filter(|value| !value.is_null())
    }

    /// Text, or a number or a boolean as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.borrowed_text(name).map(Cow::into_owned)
    }

    /// The same where it stands in the document: copied only where it is written with escapes.
    pub fn borrowed_text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name)?.text()
    }

    /// Text that is not empty.
    pub fn words(&self, name: &str) -> Option<String> {
        let words = self.borrowed_text(name);
        words
            .filter(|text| !text.trim().is_empty())
            .map(Cow::into_owned)
    }

    /// A whole number, also written as text or with a fraction of nought.
    pub fn integer(&self, name: &str) -> Option<i64> {
        whole_number(&self.borrowed_text(name)?)
    }

    /// A boolean, also written as 0 or 1 or as text.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.borrowed_text(name)?.as_ref() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// The elements of a list that are text, numbers or booleans.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.list(name).into_iter().filter_map(Raw::text);
        texts.map(Cow::into_owned).collect()
    }

    /// The elements of a list that are whole numbers.
    pub fn integers(&self, name: &str) -> Vec<i64> {
        let texts = self.list(name).into_iter().filter_map(Raw::text);
        texts.filter_map(|text| whole_number(&text)).collect()
    }

    /// A member that is an object.
    pub fn object(&self, name: &str) -> Option<Object<'a>> {
        members(&mut self.raw(name)?.scan(), Vec::new()).map(Object::of)
    }

    /// The elements of a list that are objects.
    pub fn objects(&self, name: &str) -> Vec<Object<'a>> {
        let mut objects: Vec<Self> = Vec::new();
        let read = |list: Raw<'a>| {
            elements(&mut list.scan(), |scan| {
                // Mostly they have as many members as the one before.
                let room = objects.last().map_or(0, |object| object.members.len());
                let object = scan.attempt(|scan| members(scan, Vec::with_capacity(room)));
                match object {
                    Some(members) => objects.push(Self::of(members)),
                    None => {
                        scan.value()?;
                    }
                }
                Some(())
            })
        };
        let _ = self.raw(name).and_then(read);
        objects
    }

    /// The elements of a list, `null` among them; empty where there is none.
    pub fn list(&self, name: &str) -> Vec<Raw<'a>> {
        let mut list = Vec::new();
        if let Some(value) = self.raw(name) {
            let _ = elements(&mut value.scan(), |scan| {
                list.push(Raw::new(scan.value()?));
                Some(())
            });
        }
        list
    }

    /// The members, as they stand in the document. They count as read.
    pub fn members(&self) -> impl Iterator<Item = (&str, Raw<'a>)> {
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
    /// none. One that the host takes as no document is left out ([`is_document`]): the rest would be
    /// lost with it.
    pub fn unread(&self) -> Option<String> {
        let unread = || {
            let members = self.members.iter();
            members.filter(|member| !member.read.get() && !member.value.is_null())
        };
        // Written into a place of the right size, what is left out included: what grows is copied
        // each time.
        let mut document = String::with_capacity(unread().map(Member::size).sum::<usize>() + 1);
        for member in unread().filter(|member| member.value.is_document()) {
            document.push(if document.is_empty() { '{' } else { ',' });
            member.write(&mut document);
        }
        if document.is_empty() {
            return None;
        }
        document.push('}');
        Some(document)
    }
}

/// What is wrong with a document, in the words of a parser that has some.
fn refusal(document: &[u8]) -> serde_json::Error {
    match serde_json::from_slice::<BTreeMap<Cow<'_, str>, &RawValue>>(document) {
        Err(error) => error,
        Ok(_) => serde::de::Error::custom("no JSON object"),
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
        assert_eq!(object(r#"{"empty":null}"#).unread(), None);
    }

    #[test]
    fn what_is_carried_on_under_a_name_with_escapes_keeps_it() {
        let listing = object(r#"{ "id" : 1, "a\"b" : [1, 2], "\u00e9" : "\u00e9", "é2":0 }"#);
        listing.integer("id");
        let rest = r#"{"a\"b":[1, 2],"é":"\u00e9","é2":0}"#;
        assert_eq!(listing.unread().as_deref(), Some(rest));
    }

    #[test]
    fn a_value_is_written_as_it_was_read() {
        let listing = object(r#"{"price":29.90,"id":9007199254740993,"a":{"b": "\u00e9"}}"#);
        let values: Vec<Raw<'_>> = listing.members().map(|(_, value)| value).collect();
        let written = r#"[29.90,9007199254740993,{"b": "\u00e9"}]"#;
        assert_eq!(serde_json::to_string(&values).unwrap(), written);
    }

    /// What a page says beside its list, and the ids in it.
    fn page(json: &str) -> Option<(Option<i64>, Vec<Option<i64>>)> {
        let mut ids = Vec::new();
        let each = |object: &Object<'_>| ids.push(object.integer("id"));
        let page = Object::parse_page(json.as_bytes(), "results", each).ok()?;
        Some((page.integer("count"), ids))
    }

    #[test]
    fn a_page_hands_over_each_object_of_its_list_once() {
        let json = r#"{"results":[{"id":1,"results":[{"id":9}]},null,7,[{"id":8}],{},
            {"\ud800":0},{"id":"2"}],"count":5}"#;
        assert_eq!(page(json), Some((Some(5), vec![Some(1), None, Some(2)])));
        let twice = r#"{"count":1,"results":[{"id":1}],"results":[{"id":2}]}"#;
        assert_eq!(page(twice), Some((Some(1), vec![Some(1)])));
    }

    #[test]
    fn a_page_without_a_list_hands_over_nothing() {
        for json in [
            r#"{"count":0}"#,
            r#"{"count":0,"results":null}"#,
            r#"{"count":0,"results":{"id":1}}"#,
            r#"{"count":0,"results":[ ]}"#,
        ] {
            assert_eq!(page(json), Some((Some(0), Vec::new())), "{json}");
        }
    }

    #[test]
    fn a_page_that_breaks_off_is_none() {
        let json = r#"{"results":[{"id":1},{"id":2}],"count":2}"#;
        assert!(page(json).is_some());
        for end in 0..json.len() {
            assert_eq!(page(&json[..end]), None, "{}", &json[..end]);
        }
    }

    #[test]
    fn what_is_nested_without_end_is_left_out_and_the_rest_is_carried_on() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let brackets = "[".repeat(200);
        let json = format!(
            r#"{{"deep":{},"fine":{},"text":"\"{brackets}"}}"#,
            deep(33),
            deep(32)
        );
        let rest = format!(r#"{{"fine":{},"text":"\"{brackets}"}}"#, deep(32));
        assert_eq!(object(&json).unread(), Some(rest));
    }

    #[test]
    fn only_an_object_is_one() {
        for json in ["", "[]", "1", "<html>", "{", "null"] {
            assert!(Object::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
