//! Documents as most are: without blanks, escapes and exponents. That one is such is known in a
//! fraction of the time that a parser takes; it is written as it is.

use super::MAX_DEPTH;

/// A number of so many characters without an exponent is within a float's range.
const NUMBER_MAX: usize = 300;

/// Whether bytes of UTF-8 are a document that has nothing in it to look at twice. `false` says
/// nothing.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    let mut scan = Scan {
        bytes,
        objects: 0,
        depth: 0,
    };
    scan.document() == Some(bytes.len())
}

/// Each step takes a place and gives the one behind what it has gone past; `None` ends the search.
struct Scan<'a> {
    bytes: &'a [u8],
    /// Of each level that is open a bit, the innermost's the lowest: whether it is an object.
    objects: u64,
    depth: usize,
}

// Every level that is allowed has its bit.
const _: () = assert!(MAX_DEPTH <= u64::BITS as usize);

impl Scan<'_> {
    fn document(&mut self) -> Option<usize> {
        let mut place = 0;
        loop {
            place = match *self.bytes.get(place)? {
                b'"' => self.text(place + 1)?,
                b'{' => match self.opened(true, place + 1, b'}')? {
                    Inside::Empty(place) => place,
                    Inside::Begins(inside) => {
                        place = self.name(inside)?;
                        continue;
                    }
                },
                b'[' => match self.opened(false, place + 1, b']')? {
                    Inside::Empty(place) => place,
                    Inside::Begins(inside) => {
                        place = inside;
                        continue;
                    }
                },
                b't' => self.word(place, b"true")?,
                b'f' => self.word(place, b"false")?,
                b'n' => self.word(place, b"null")?,
                _ => self.number(place)?,
            };
            place = match self.after(place)? {
                After::Next(next) => next,
                After::End(end) => return Some(end),
            };
        }
    }

    fn opened(&mut self, is_object: bool, inside: usize, close: u8) -> Option<Inside> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        if self.bytes.get(inside) == Some(&close) {
            return Some(Inside::Empty(inside + 1));
        }
        self.objects = self.objects << 1 | u64::from(is_object);
        self.depth += 1;
        Some(Inside::Begins(inside))
    }

    /// What comes after a value: the next one, after its name in an object, or the end.
    fn after(&mut self, mut place: usize) -> Option<After> {
        while self.depth > 0 {
            let is_object = self.objects & 1 == 1;
            match (*self.bytes.get(place)?, is_object) {
                (b',', true) => return self.name(place + 1).map(After::Next),
                (b',', false) => return Some(After::Next(place + 1)),
                (b'}', true) | (b']', false) => place += 1,
                _ => return None,
            }
            self.objects >>= 1;
            self.depth -= 1;
        }
        Some(After::End(place))
    }

    fn name(&self, place: usize) -> Option<usize> {
        let end = self.text(self.past(place, b'"')?)?;
        self.past(end, b':')
    }

    fn past(&self, place: usize, byte: u8) -> Option<usize> {
        (self.bytes.get(place) == Some(&byte)).then_some(place + 1)
    }

    fn word(&self, place: usize, word: &[u8]) -> Option<usize> {
        let rest = self.bytes.get(place..)?;
        rest.starts_with(word).then_some(place + word.len())
    }

    /// The rest of a text, with its last quote.
    fn text(&self, place: usize) -> Option<usize> {
        let end = place + first_special(self.bytes.get(place..)?);
        self.past(end, b'"')
    }

    fn number(&self, start: usize) -> Option<usize> {
        let first = start + usize::from(self.bytes.get(start) == Some(&b'-'));
        let mut end = self.digits(first)?;
        if self.bytes.get(first) == Some(&b'0') && end > first + 1 {
            return None;
        }
        if self.bytes.get(end) == Some(&b'.') {
            end = self.digits(end + 1)?;
        }
        let is_plain = !matches!(self.bytes.get(end), Some(b'e' | b'E'));
        (is_plain && end - start <= NUMBER_MAX).then_some(end)
    }

    fn digits(&self, place: usize) -> Option<usize> {
        let digits = self.bytes.get(place..)?.iter();
        match digits.take_while(|byte| byte.is_ascii_digit()).count() {
            0 => None,
            count => Some(place + count),
        }
    }
}

/// What stands behind a bracket that opens.
enum Inside {
    Empty(usize),
    Begins(usize),
}

/// What comes after a value.
enum After {
    Next(usize),
    End(usize),
}

/// How many bytes there are before the first quote, backslash or control character.
/// The SDK has the same for itself: a plugin shares no code with the host.
pub(in super::super) fn first_special(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    // The highest bit of a byte becomes that of one which is nought; those above the first may be
    // wrong.
    let nought = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let mut rest = bytes;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        let quote = nought(eight ^ (ONES * u64::from(b'"')));
        let backslash = nought(eight ^ (ONES * u64::from(b'\\')));
        let control = eight.wrapping_sub(ONES * 0x20) & !eight;
        let found = (quote | backslash | control) & HIGHS;
        if found != 0 {
            return bytes.len() - rest.len() + found.trailing_zeros() as usize / 8;
        }
        rest = behind;
    }
    let plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
    bytes.len() - rest.len() + rest.iter().take_while(plain).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{check, write_compact};
    use super::{MAX_DEPTH, first_special, is_plain};

    /// What documents are made of, and what breaks them.
    const PIECES: [&str; 30] = [
        "\"",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ",",
        ":",
        "0",
        "7",
        "-",
        ".",
        "e",
        "null",
        "true",
        "false",
        "\"a\":",
        "\"b\":1",
        "\"text of more than eight\"",
        "\\",
        "\\u00e9",
        " ",
        "\n",
        "\u{1}",
        "\u{7f}",
        "é",
        "12.50",
        "[]",
        "{}",
    ];

    proptest! {
        /// What is taken for one is one, with nothing to be left out.
        #[test]
        fn what_is_plain_is_a_document_on_one_line(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..12)
        ) {
            let text = pieces.concat();
            if is_plain(text.as_bytes()) {
                prop_assert!(check(&text).is_ok(), "{text}");
                let mut compact = Vec::new();
                write_compact(&text, &mut compact);
                prop_assert_eq!(compact, text.as_bytes());
            }
        }

        #[test]
        fn the_first_special_byte_is_found(text in "[a-zé\\x00-\\x22\\\\]{0,40}") {
            let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
            let first = text.bytes().position(special).unwrap_or(text.len());
            prop_assert_eq!(first_special(text.as_bytes()), first);
        }
    }

    #[test]
    fn documents_without_blanks_and_escapes_are_plain() {
        for plain in [
            "null",
            "0",
            "-12.50",
            "\"é, and more than eight bytes\"",
            "[]",
            "{}",
            r#"{"a":[1,{"b":[[],{}]},"c",true,false,null],"d":{"e":0.5}}"#,
        ] {
            assert!(is_plain(plain.as_bytes()), "{plain}");
        }
        let nested = |depth: usize| "[".repeat(depth) + "1" + &"]".repeat(depth);
        assert!(is_plain(nested(MAX_DEPTH).as_bytes()));
        assert!(!is_plain(nested(MAX_DEPTH + 1).as_bytes()));
        assert!(is_plain("1".repeat(300).as_bytes()));
        assert!(!is_plain("1".repeat(301).as_bytes()));
    }
}
