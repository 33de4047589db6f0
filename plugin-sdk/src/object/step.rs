//! From a place in a document to the place behind what begins there; `None` where it is no JSON.
//!
//! Places are values here and no field: a field would make each step wait for the last one's write,
//! which is what most of the time went to.

/// Where something ends: the place behind it.
pub(super) struct End {
    pub(super) place: usize,
    pub(super) is_escaped: bool,
}

impl End {
    fn plain(place: usize) -> Self {
        Self {
            place,
            is_escaped: false,
        }
    }
}

/// Where the next byte that is no blank is, and which it is.
#[inline]
pub(super) fn next(bytes: &[u8], place: usize) -> Option<(usize, u8)> {
    match bytes.get(place) {
        // Mostly there is no blank, and so no loop.
        Some(byte) if *byte > b' ' => Some((place, *byte)),
        Some(_) => past_blanks(bytes, place),
        None => None,
    }
}

#[cold]
fn past_blanks(bytes: &[u8], mut place: usize) -> Option<(usize, u8)> {
    loop {
        match bytes.get(place)? {
            b' ' | b'\n' | b'\t' | b'\r' => place += 1,
            byte => return Some((place, *byte)),
        }
    }
}

/// The place behind the next byte that is no blank, if it is this one.
#[inline]
pub(super) fn past(bytes: &[u8], place: usize, wanted: u8) -> Option<usize> {
    let (place, byte) = next(bytes, place)?;
    (byte == wanted).then_some(place + 1)
}

/// Goes past the value that begins with this byte.
#[inline]
pub(super) fn value(bytes: &[u8], place: usize, first: u8) -> Option<End> {
    match first {
        b'"' => quoted(bytes, place + 1),
        b'{' | b'[' => nested(bytes, place, first).map(End::plain),
        _ => single(bytes, place, first).map(End::plain),
    }
}

/// Goes past a list or an object. Not by recursion: how deep it goes is the marketplace's to say.
fn nested(bytes: &[u8], mut place: usize, mut first: u8) -> Option<usize> {
    let mut open = Vec::new();
    loop {
        match first {
            b'"' => place = quoted(bytes, place + 1)?.place,
            b'{' => {
                let (inside, byte) = next(bytes, place + 1)?;
                if byte != b'}' {
                    open.push(b'}');
                    place = name(bytes, inside)?;
                    (place, first) = next(bytes, place)?;
                    continue;
                }
                place = inside + 1;
            }
            b'[' => {
                let (inside, byte) = next(bytes, place + 1)?;
                if byte != b']' {
                    open.push(b']');
                    (place, first) = (inside, byte);
                    continue;
                }
                place = inside + 1;
            }
            _ => place = single(bytes, place, first)?,
        }
        loop {
            let Some(close) = open.last().copied() else {
                return Some(place);
            };
            let (found, byte) = next(bytes, place)?;
            place = found + 1;
            if byte == b',' {
                if close == b'}' {
                    place = name(bytes, place)?;
                }
                (place, first) = next(bytes, place)?;
                break;
            }
            if byte != close {
                return None;
            }
            open.pop();
        }
    }
}

/// Goes past a member's name and the colon behind it.
#[inline]
fn name(bytes: &[u8], place: usize) -> Option<usize> {
    let end = quoted(bytes, past(bytes, place, b'"')?)?;
    past(bytes, end.place, b':')
}

/// Goes past a number, a boolean or `null`.
fn single(bytes: &[u8], place: usize, first: u8) -> Option<usize> {
    match first {
        b'n' => word(bytes, place, b"null"),
        b't' => word(bytes, place, b"true"),
        b'f' => word(bytes, place, b"false"),
        _ => number(bytes, place, first),
    }
}

fn word<const N: usize>(bytes: &[u8], place: usize, word: &[u8; N]) -> Option<usize> {
    let here = bytes.get(place..)?.first_chunk::<N>()?;
    (here == word).then_some(place + N)
}

fn number(bytes: &[u8], mut place: usize, first: u8) -> Option<usize> {
    if first == b'-' {
        place += 1;
    }
    place = match bytes.get(place)? {
        b'0' if bytes.get(place + 1).is_some_and(u8::is_ascii_digit) => return None,
        b'0' => place + 1,
        _ => digits(bytes, place)?,
    };
    if bytes.get(place) == Some(&b'.') {
        place = digits(bytes, place + 1)?;
    }
    if matches!(bytes.get(place), Some(b'e' | b'E')) {
        let signed = matches!(bytes.get(place + 1), Some(b'+' | b'-'));
        place = digits(bytes, place + 1 + usize::from(signed))?;
    }
    Some(place)
}

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES << 7;

/// Eight bytes from here, if there are so many.
#[inline]
fn eight(bytes: &[u8], place: usize) -> Option<u64> {
    let eight = bytes.get(place..)?.first_chunk()?;
    Some(u64::from_le_bytes(*eight))
}

/// Goes past one digit or more.
#[inline]
fn digits(bytes: &[u8], start: usize) -> Option<usize> {
    let mut place = start;
    // Eight at a time: the highest bit becomes that of a byte which is no digit.
    while let Some(eight) = eight(bytes, place) {
        let values = eight ^ (ONES * u64::from(b'0'));
        let others = (((values & !HIGHS) + ONES * (0x80 - 10)) | values) & HIGHS;
        if others != 0 {
            place += others.trailing_zeros() as usize / 8;
            return (place > start).then_some(place);
        }
        place += 8;
    }
    while bytes.get(place).is_some_and(u8::is_ascii_digit) {
        place += 1;
    }
    (place > start).then_some(place)
}

/// Goes past the rest of a text whose first quote is gone past.
pub(super) fn quoted(bytes: &[u8], mut place: usize) -> Option<End> {
    let mut is_escaped = false;
    loop {
        place = plain(bytes, place);
        let byte = *bytes.get(place)?;
        place += 1;
        match byte {
            b'"' => return Some(End { place, is_escaped }),
            b'\\' => {
                is_escaped = true;
                place = escape(bytes, place)?;
            }
            0..0x20 => return None,
            _ => {}
        }
    }
}

/// Goes on as long as eight bytes at a time are neither quote, backslash nor control character, and
/// then to the first that is.
#[inline]
fn plain(bytes: &[u8], mut place: usize) -> usize {
    // The highest bit of a byte becomes that of one which is nought; those above the first may be
    // wrong.
    let nought = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    while let Some(eight) = eight(bytes, place) {
        let quote = nought(eight ^ (ONES * u64::from(b'"')));
        let backslash = nought(eight ^ (ONES * u64::from(b'\\')));
        let control = eight.wrapping_sub(ONES * 0x20) & !eight;
        let found = (quote | backslash | control) & HIGHS;
        if found != 0 {
            return place + found.trailing_zeros() as usize / 8;
        }
        place += 8;
    }
    place
}

/// Goes past what follows a backslash.
fn escape(bytes: &[u8], place: usize) -> Option<usize> {
    match bytes.get(place)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(place + 1),
        b'u' => {
            let digits = bytes.get(place + 1..)?.first_chunk::<4>()?;
            digits
                .iter()
                .all(u8::is_ascii_hexdigit)
                .then_some(place + 5)
        }
        _ => None,
    }
}
