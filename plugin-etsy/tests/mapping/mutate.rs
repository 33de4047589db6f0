//! Damage to a document: one of each kind that a marketplace was seen or is feared to do.

use super::json::Json;
use crate::seed::Dice;

/// Numbers that are no ordinary ones: beyond a float's integers, beyond 64 and 128 bits, with
/// fractions and exponents.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "2",
    "60",
    "100",
    "1000",
    "1.0",
    "0.5",
    "12.340",
    "1e3",
    "1E-2",
    "-1e999",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551616",
    "100000000000000000000000000000000000000000",
    "0.0000000000000000000000000000000000000001",
];

/// Texts that are no ordinary ones.
const TEXTS: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "7",
    "012",
    "null",
    "true",
    "marooned",
    "frozen",
    "insufficient_scope",
    "There was a problem with /tags/3 : You may not.",
    "There was a problem with /",
    "O&#39;Connell &amp; &",
    "&#x110000;&#0;&#99999999999;&;&#;",
    "&amp;lt;b&amp;gt;",
    "👩‍👩‍👧‍👦 🎁",
    "e\u{301}\u{308}\u{323}",
    "שלום \u{202e}עולם\u{202c}",
    "\u{feff}\u{0}\u{7f}\u{85}",
    "a,b,,c",
    "../../users/1",
    "before_9223372036854775807",
    "-9223372036854775808_9223372036854775807",
    "9223372036854775807s",
    "before_-9223372036854775808",
    "2020_2026",
    "<p>Warm<br>wool</p><ul><li>red</ul><",
    "1.",
    ".5",
    "19,99",
    "999999999999999999999999999999999999999.9",
];

/// How deep a nested value goes at most: deeper than a parser's limit.
const DEEP: u64 = 400;

/// Damages one value of the document.
pub fn mutate(json: &mut Json, dice: &mut Dice) {
    let place = dice.within(0..json.size());
    let donor = json.clone();
    let Some(value) = json.at(place) else { return };
    match dice.within(0..13) {
        0 | 1 => *value = Json::Raw("null".to_owned()),
        2 | 3 => *value = number(dice),
        4 | 5 => *value = Json::text(dice.one_of::<&str>(TEXTS)),
        6 => *value = Json::Raw((*dice.one_of(&["true", "false"])).to_owned()),
        7 => flip(value),
        8 => lose(value, dice),
        9 => repeat(value, dice),
        10 => rename(value, dice),
        11 => *value = nested(dice),
        // A value from elsewhere: of the right shape for something else.
        _ => transplant(value, donor, dice),
    }
}

fn number(dice: &mut Dice) -> Json {
    if dice.one_in(4) {
        return Json::Raw((dice.throw() as i64).to_string());
    }
    Json::Raw((*dice.one_of(NUMBERS)).to_owned())
}

/// A number becomes a text, a text a number's list, a list an object, an object a list.
fn flip(value: &mut Json) {
    *value = match std::mem::replace(value, Json::Raw("null".to_owned())) {
        Json::Raw(raw) if raw.starts_with('"') => Json::List(vec![Json::Raw(raw)]),
        Json::Raw(raw) => Json::text(&raw),
        Json::List(items) => {
            let members = items.into_iter().enumerate();
            Json::Object(
                members
                    .map(|(place, item)| (place.to_string(), item))
                    .collect(),
            )
        }
        Json::Object(members) => Json::List(members.into_iter().map(|(_, value)| value).collect()),
    };
}

fn lose(value: &mut Json, dice: &mut Dice) {
    match value {
        Json::List(items) if !items.is_empty() => {
            let place = dice.within(0..items.len() as u64) as usize;
            items.remove(place);
        }
        Json::Object(members) if !members.is_empty() => {
            let place = dice.within(0..members.len() as u64) as usize;
            members.remove(place);
        }
        other => *other = Json::Object(Vec::new()),
    }
}

/// An element or a member comes again, a few times or many; a member perhaps with another value.
fn repeat(value: &mut Json, dice: &mut Dice) {
    let times = if dice.one_in(20) {
        dice.within(50..120)
    } else {
        dice.within(1..4)
    };
    match value {
        Json::List(items) if !items.is_empty() => {
            let place = dice.within(0..items.len() as u64) as usize;
            let item = items[place].clone();
            items.extend((0..times).map(|_| item.clone()));
        }
        Json::Object(members) if !members.is_empty() => {
            let place = dice.within(0..members.len() as u64) as usize;
            let (name, known) = members[place].clone();
            let again = if dice.one_in(2) { known } else { number(dice) };
            members.push((name, again));
        }
        other => *other = Json::List(vec![other.clone(); times as usize]),
    }
}

fn rename(value: &mut Json, dice: &mut Dice) {
    let Json::Object(members) = value else {
        *value = Json::Object(vec![((*dice.one_of(TEXTS)).to_owned(), value.clone())]);
        return;
    };
    if members.is_empty() {
        return;
    }
    let place = dice.within(0..members.len() as u64) as usize;
    members[place].0 = (*dice.one_of(TEXTS)).to_owned();
}

fn nested(dice: &mut Dice) -> Json {
    let depth = dice.within(1..DEEP) as usize;
    let (open, close) = *dice.one_of(&[("[", "]"), ("{\"a\":", "}")]);
    Json::Raw(format!("{}1{}", open.repeat(depth), close.repeat(depth)))
}

fn transplant(value: &mut Json, mut donor: Json, dice: &mut Dice) {
    let place = dice.within(0..donor.size());
    if let Some(found) = donor.at(place) {
        *value = found.clone();
    }
}

/// Damages the bytes: cut off, a byte flipped, one put in, one that is no UTF-8.
pub fn spoil(bytes: &mut Vec<u8>, dice: &mut Dice) {
    if bytes.is_empty() {
        return;
    }
    let place = dice.within(0..bytes.len() as u64) as usize;
    match dice.within(0..4) {
        0 => bytes.truncate(place),
        1 => bytes[place] ^= 1 << dice.within(0..8),
        2 => bytes.insert(place, 0xff),
        _ => bytes.insert(place, *dice.one_of(b"{}[]\",:\\0 \n\0")),
    }
}
