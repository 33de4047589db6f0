//! Text on a terminal: its width in columns, breaking it into lines, and taking out of it what would
//! steer the terminal.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A text of somebody else's without control characters and without marks that reorder what is
/// around them: a listing's title must not move the cursor or hide what follows it.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .filter(|letter| !is_reordering(*letter))
        .map(|letter| match letter {
            '\n' | '\t' => letter,
            letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
            letter => letter,
        })
        .collect()
}

/// [`harmless`], and on one line.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(harmless).collect();
    words.join(" ")
}

/// Unicode's explicit bidirectional formatting characters (UAX #9 §2).
fn is_reordering(letter: char) -> bool {
    matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A text in at most so many columns, its end replaced by `…` where it is longer.
pub(super) fn fitted(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut fitted = String::new();
    let mut taken = 1; // of the ellipsis
    for letter in text.chars() {
        taken += letter.width().unwrap_or(0);
        if taken > columns {
            break;
        }
        fitted.push(letter);
    }
    fitted.truncate(fitted.trim_end().len());
    fitted.push('…');
    fitted
}

/// A text in lines of at most so many columns, broken between words. A longer word has a line of
/// its own.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{7f}\u{9b}c\n"), "a�[2Jb��c\n");
        assert_eq!(harmless("a\u{202e}b"), "ab");
        assert_eq!(one_line(" a\n\tb  c "), "a b c");
    }

    #[test]
    fn a_text_is_fitted_by_columns_and_not_by_letters() {
        assert_eq!(fitted("coat", 4), "coat");
        assert_eq!(fitted("coats", 4), "coa…");
        assert_eq!(fitted("coat of wool", 6), "coat…");
        assert_eq!(fitted("茶碗茶碗", 6), "茶碗…");
        assert_eq!(width("茶碗"), 4);
    }

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a verylongword b", 4), ["a", "verylongword", "b"]);
        assert!(wrapped(" ", 4).is_empty());
    }
}
