//! Goes over JSON without making anything of it: where a value ends, and whether it is one.
//!
//! A general parser spends most of a page's time on types that it could build and that a plugin does
//! not want. What is taken here is what `serde_json` takes, to the byte (see the tests): a value that
//! one takes and the other does not would be read by one part of a plugin and broken for the next.

use super::step::{next, past, quoted, value};

/// A place in a document.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    document: &'a str,
    place: usize,
}

/// A text as it stands in the document, without its quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted<'a> {
    pub(super) text: &'a str,
    /// Whether something in it is written with a backslash.
    pub(super) is_escaped: bool,
}

/// A value as it stands in the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) json: &'a str,
    /// Of a text: whether something in it is written with a backslash.
    pub(super) is_escaped: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(document: &'a str) -> Self {
        Self { document, place: 0 }
    }

    fn bytes(&self) -> &'a [u8] {
        self.document.as_bytes()
    }

    /// The next byte that is no blank.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        let (place, byte) = next(self.bytes(), self.place)?;
        self.place = place;
        Some(byte)
    }

    /// Takes the next byte that is no blank, if it is this one.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> Option<()> {
        self.place = past(self.bytes(), self.place, byte)?;
        Some(())
    }

    /// Goes from one element to the next: past a comma, or past what closes the list or object, which
    /// answers `false`.
    #[inline]
    pub(super) fn goes_on(&mut self, close: u8) -> Option<bool> {
        let (place, byte) = next(self.bytes(), self.place)?;
        self.place = place + 1;
        match byte {
            b',' => Some(true),
            byte if byte == close => Some(false),
            _ => None,
        }
    }

    /// Whether nothing follows.
    pub(super) fn is_over(&mut self) -> bool {
        self.peek().is_none()
    }

    /// A member's name, and the colon behind it.
    #[inline]
    pub(super) fn name(&mut self) -> Option<Quoted<'a>> {
        let start = past(self.bytes(), self.place, b'"')?;
        let end = quoted(self.bytes(), start)?;
        self.place = past(self.bytes(), end.place, b':')?;
        let text = self.document.get(start..end.place - 1)?;
        let is_escaped = end.is_escaped;
        Some(Quoted { text, is_escaped })
    }

    /// A value of any kind.
    #[inline]
    pub(super) fn value(&mut self) -> Option<Value<'a>> {
        let (start, first) = next(self.bytes(), self.place)?;
        let end = value(self.bytes(), start, first)?;
        self.place = end.place;
        Some(Value {
            json: self.document.get(start..end.place)?,
            is_escaped: end.is_escaped,
        })
    }

    /// What `read` goes past, as a value.
    pub(super) fn span(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<Value<'a>> {
        self.peek()?;
        let start = self.place;
        read(self)?;
        let json = self.document.get(start..self.place)?;
        Some(Value {
            json,
            is_escaped: false,
        })
    }

    /// What reads on from here, or `None` and back here.
    pub(super) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let place = self.place;
        let read = read(self);
        if read.is_none() {
            self.place = place;
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::super::Object;
    use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
    use serde_json::value::RawValue;
    use std::fmt;

    const DOCUMENT: &str = r#"{"a":[1,-0,2.50,1e9,-1.5E-7,123456789.0,[],{},[[]]],"é":"t\u00e9\\\"x\ud83d\ude00",
        "text of more than eight bytes, and a value":"of more than eight bytes, too\t/\/", "n" : null ,
        "t":true,"f":false,"12345678":1234567890123,"o":{"x":[{"y":"\n"},null,"é€😀é€😀"],"z":{}}} "#;

    /// What stands in a place of the document instead, or before it.
    const PIECES: [&str; 30] = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "7", "-", "+", ".", "e", "E", "n", "t", "f",
        "u", "d8", " ", "\r", "\u{1}", "\u{b}", "\u{1f}", "\u{7f}", "é", "\u{2028}", "null",
        "\"\":0,",
    ];

    /// The members as `serde_json` reads them, in order and with those that come twice.
    struct Pairs(Vec<(String, String)>);

    impl<'de> Deserialize<'de> for Pairs {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Pairing).map(Self)
        }
    }

    struct Pairing;

    impl<'de> Visitor<'de> for Pairing {
        type Value = Vec<(String, String)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                pairs.push((name, value.get().to_owned()));
            }
            Ok(pairs)
        }
    }

    /// Whether it is an object, on which both have to agree, as on what is in it.
    fn is_read(document: &[u8]) -> bool {
        let here = Object::parse(document).map(|object| {
            let members = object.members();
            let pair = |(name, value): (&str, super::super::Raw<'_>)| {
                (name.to_owned(), value.get().to_owned())
            };
            members.map(pair).collect::<Vec<_>>()
        });
        let there = serde_json::from_slice::<Pairs>(document);
        let shown = String::from_utf8_lossy(document);
        match (here, there) {
            (Ok(here), Ok(there)) => assert_eq!(here, there.0, "{shown}"),
            (Err(_), Err(_)) => return false,
            (here, there) => panic!("{shown}\n{here:?}\n{:?}", there.map(|pairs| pairs.0)),
        }
        true
    }

    #[test]
    fn what_is_taken_is_what_serde_json_takes() {
        assert!(is_read(DOCUMENT.as_bytes()));
        let places = || DOCUMENT.char_indices();
        let (mut read, mut refused) = (0, 0);
        let mut count = |document: String| {
            let counted = if is_read(document.as_bytes()) {
                &mut read
            } else {
                &mut refused
            };
            *counted += 1;
        };
        for (place, character) in places() {
            let (before, here) = DOCUMENT.split_at(place);
            let after = &here[character.len_utf8()..];
            count(before.to_owned());
            count(here.to_owned());
            count(format!("{before}{after}"));
            for piece in PIECES {
                count(format!("{before}{piece}{here}"));
                count(format!("{before}{piece}{after}"));
            }
        }
        assert!(read > 1_000 && refused > 1_000, "{read} and {refused}");
    }

    #[test]
    fn what_is_no_text_is_no_json() {
        for place in 0..DOCUMENT.len() {
            let mut document = DOCUMENT.as_bytes().to_vec();
            document[place] = 0xff;
            assert!(!is_read(&document), "{place}");
        }
    }

    #[test]
    fn numbers_of_every_length_end_where_they_end() {
        for length in 1..40 {
            let digits = "7".repeat(length);
            assert!(is_read(format!("{{\"a\":{digits}}}").as_bytes()));
            assert!(is_read(
                format!("{{\"a\":-0.{digits}e{digits}}}").as_bytes()
            ));
            for wrong in ["/", ":", "a", "é", "\u{7f}", "-", "."] {
                let document = format!("{{\"a\":{digits}{wrong}{digits}x}}");
                assert!(!is_read(document.as_bytes()), "{document}");
            }
        }
    }

    #[test]
    fn depth_has_no_end_that_a_marketplace_could_reach() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(1 << 20), "]".repeat(1 << 20));
        assert!(Object::parse(deep.as_bytes()).is_ok());
        let open = format!("{{\"a\":{}", "[{\"b\":".repeat(1 << 18));
        assert!(Object::parse(open.as_bytes()).is_err());
    }
}
