//! What Etsy might answer: a document of its own that was damaged, a reply of another, or noise.

use crate::documents::ALL;
use crate::json::Json;
use crate::mutate::{mutate, spoil};
use crate::seed::Dice;

/// A reply. Most are JSON whose members are not what they should be; some are no JSON at all.
pub fn document(dice: &mut Dice) -> Vec<u8> {
    if dice.one_in(40) {
        return noise(dice);
    }
    let mut json = Json::parse(dice.one_of::<&str>(ALL));
    // Mostly one or two: a document in which everything is odd shows little of what one oddity does.
    let mutations = if dice.one_in(8) {
        dice.within(4..24)
    } else {
        dice.within(1..4)
    };
    for _ in 0..mutations {
        mutate(&mut json, dice);
    }
    let mut bytes = json.to_string().into_bytes();
    if dice.one_in(10) {
        spoil(&mut bytes, dice);
    }
    bytes
}

fn noise(dice: &mut Dice) -> Vec<u8> {
    const PAGES: &[&str] = &[
        "",
        " ",
        "null",
        "[]",
        "{}",
        "\"\"",
        "0",
        "Server Error",
        "<html><body><h1>502 Bad Gateway</h1></body></html>",
        "<",
        "{\"error\":",
    ];
    if dice.one_in(2) {
        return dice.one_of(PAGES).as_bytes().to_vec();
    }
    let length = dice.within(0..400);
    (0..length).map(|_| dice.throw().to_le_bytes()[0]).collect()
}
