//! Words made comparable: case, accents and the English plural do not count.

use std::borrow::Cow;

/// Letters of a word that are looked at.
const LETTERS: usize = 32;

/// The words of a text, folded. What is neither letter nor digit parts words, but an apostrophe.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let folded = fold(text);
    let words: Vec<String> = folded
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(LETTERS).collect())
        .collect();
    words.into_iter()
}

/// Text in lower case, without accents and apostrophes.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        match character {
            '\'' | '’' | '\u{300}'..='\u{36f}' => {}
            other => match plain(other) {
                Some(letters) => folded.push_str(letters),
                None => folded.push(other),
            },
        }
    }
    folded
}

/// The letters under an accent, of those that European languages write.
fn plain(character: char) -> Option<&'static str> {
    Some(match character {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'ŕ' | 'ř' => "r",
        'ś' | 'ş' | 'š' | 'ș' => "s",
        'ţ' | 'ť' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        _ => return None,
    })
}

/// A folded English word without its plural: `dresses` is dress, `berries` is berry, `glass` is itself.
#[must_use]
pub fn stem(word: &str) -> Cow<'_, str> {
    let length = word.chars().count();
    if let Some(root) = word.strip_suffix("ies")
        && length > 4
    {
        return Cow::Owned(format!("{root}y"));
    }
    let hissing = ["sses", "shes", "ches", "xes", "zes"];
    if length > 4 && hissing.iter().any(|ending| word.ends_with(ending)) {
        return Cow::Borrowed(word.strip_suffix("es").unwrap_or(word));
    }
    if length > 3 && !word.ends_with("ss") && !word.ends_with("us") {
        return Cow::Borrowed(word.strip_suffix('s').unwrap_or(word));
    }
    Cow::Borrowed(word)
}

/// How many letters have to be added, dropped, changed or swapped with their neighbour to make one
/// word of another; `None` where it is more than `most`.
#[must_use]
pub fn distance(one: &str, other: &str, most: usize) -> Option<usize> {
    let one: Vec<char> = one.chars().take(LETTERS).collect();
    let other: Vec<char> = other.chars().take(LETTERS).collect();
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut left_letter = None;
    for (place, letter) in one.iter().enumerate() {
        let mut next = vec![place + 1];
        let mut above_letter = None;
        for (column, wanted) in other.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let changed = at(&row, column) + usize::from(letter != wanted);
            let dropped = at(&row, column + 1) + 1;
            let added = at(&next, column) + 1;
            let mut least = changed.min(dropped).min(added);
            let is_swapped = above_letter == Some(letter) && left_letter == Some(wanted);
            if is_swapped && column > 0 {
                least = least.min(at(&before, column - 1).saturating_add(1));
            }
            next.push(least);
            above_letter = Some(wanted);
        }
        if next.iter().min().is_none_or(|least| *least > most) {
            return None;
        }
        before = std::mem::replace(&mut row, next);
        left_letter = Some(letter);
    }
    row.last().copied().filter(|slips| *slips <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_apostrophes_do_not_count() {
        let folded: Vec<String> =
            words("Décor, Men's  CRÈME-brûlée & Straße 12 e\u{301}t").collect();
        assert_eq!(
            folded,
            ["decor", "mens", "creme", "brulee", "strasse", "12", "et"]
        );
        assert_eq!(words(" - &").count(), 0);
        assert_eq!(words(&"x".repeat(1000)).next().unwrap().len(), LETTERS);
    }

    #[test]
    fn a_plural_is_the_word() {
        for (plural, word) in [
            ("mugs", "mug"),
            ("dresses", "dress"),
            ("berries", "berry"),
            ("boxes", "box"),
            ("brushes", "brush"),
            ("watches", "watch"),
            ("plates", "plate"),
            ("glass", "glass"),
            ("gas", "gas"),
            ("cactus", "cactus"),
            ("ties", "tie"),
        ] {
            assert_eq!(stem(plural), word, "{plural}");
        }
    }

    #[test]
    fn a_slip_is_one_letter() {
        for (one, other, slips) in [
            ("mug", "mug", Some(0)),
            ("mugg", "mug", Some(1)),
            ("mgu", "mug", Some(1)),
            ("ceramc", "ceramic", Some(1)),
            ("cremaic", "ceramic", None),
            ("mug", "muffin", None),
            ("", "a", Some(1)),
            ("étagère", "etagere", None),
        ] {
            assert_eq!(distance(one, other, 1), slips, "{one} {other}");
            assert_eq!(distance(other, one, 1), slips, "{other} {one}");
        }
        assert_eq!(distance("necklase", "neklace", 2), Some(2));
    }
}
