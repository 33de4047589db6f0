//! Categories by words. A pure function over the tree, because Etsy has no such search: sellers type
//! "mug", in the plural or with a slip of the finger, and want the category that is called so before
//! those that lie somewhere below one that is.
//!
//! Each word of the query is compared once with each different word of the tree, and each category
//! then looks up what its words are worth, so the work is bounded whatever is typed.

use super::category::Categories;
use super::fold::{distance, stem, words};
use std::collections::BTreeMap;
use stoflow_plugin_sdk::taxonomy::Node;

/// Characters of a query that are looked at.
const QUERY: usize = 500;
/// Words of a query that are looked at.
const WORDS: usize = 8;
/// Categories in an answer.
const LIMIT: u32 = 100;
/// Words that say nothing where others are there.
const EMPTY: [&str; 9] = ["a", "an", "and", "by", "for", "in", "of", "the", "with"];

/// What a word of a category's own name is worth when it is the very word.
const SAME: u32 = 1_000;
/// When it begins so.
const BEGINNING: u32 = 700;
/// When it is the word with a slip.
const SLIP: u32 = 500;
/// Taken off where the slip is in the first letter, or where there are two.
const SLIP_MORE: u32 = 150;
/// What a word of the path is worth, in hundredths of one of the name.
const ABOVE: u32 = 30;
/// Taken off for each word of the name that was not asked for.
const SURPLUS: u32 = 20;

/// The categories that match, best first, at most `limit` and at most a hundred.
#[must_use]
pub fn search(categories: &Categories, query: &str, limit: u32) -> Vec<Node> {
    let query = query_words(query);
    let vocabulary = Vocabulary::of(categories);
    let mut worth: Vec<Vec<u32>> = query
        .iter()
        .map(|wanted| vocabulary.worth(wanted))
        .collect();
    vocabulary.join(&query, &mut worth);
    let mut found = Vec::new();
    // By place: what the words of the categories above are worth to each word of the query.
    let mut above: Vec<Vec<u32>> = Vec::with_capacity(categories.all().len());
    for (place, node) in categories.all().iter().enumerate() {
        let own = vocabulary.own(place);
        let best = |worth: &Vec<u32>| {
            let of = |word: &usize| worth.get(*word).copied();
            own.iter().filter_map(of).max().unwrap_or_default()
        };
        let here: Vec<u32> = worth.iter().map(best).collect();
        let inherited = node.parent.and_then(|parent| above.get(parent));
        let inherited = inherited.cloned().unwrap_or_else(|| vec![0; query.len()]);
        let score = score(&here, &inherited, own.len());
        if score > 0 {
            found.push((score, place));
        }
        above.push(
            here.iter()
                .zip(&inherited)
                .map(|(here, above)| *here.max(above))
                .collect(),
        );
    }
    let depth = |place: usize| categories.path(place).len();
    // Etsy's order decides between equals, so that the same query has the same answer.
    found.sort_by_cached_key(|(score, place)| (std::cmp::Reverse(*score), depth(*place), *place));
    let limit = limit.clamp(1, LIMIT) as usize;
    found
        .into_iter()
        .take(limit)
        .filter_map(|(_, place)| categories.node(place))
        .collect()
}

/// Whether a query has a word to look for.
#[must_use]
pub fn has_words(query: &str) -> bool {
    !query_words(query).is_empty()
}

fn query_words(query: &str) -> Vec<String> {
    let start: String = query.chars().take(QUERY).collect();
    let all: Vec<String> = words(&start).take(WORDS).collect();
    let telling: Vec<String> = all
        .iter()
        .filter(|word| !EMPTY.contains(&word.as_str()))
        .cloned()
        .collect();
    if telling.is_empty() { all } else { telling }
}

/// A word of the name counts whole, one of the path in part, what was not asked for against it.
fn score(here: &[u32], above: &[u32], own: usize) -> u32 {
    let sum: u32 = here
        .iter()
        .zip(above)
        .map(|(here, above)| (*here).max(above * ABOVE / 100))
        .sum();
    let used = here.iter().filter(|worth| **worth > 0).count();
    let surplus = u32::try_from(own.saturating_sub(used)).unwrap_or(u32::MAX);
    if sum == 0 {
        return 0;
    }
    // What matches is never taken off whole.
    sum.saturating_sub(surplus.saturating_mul(SURPLUS)).max(1)
}

/// The different words of all names.
struct Vocabulary {
    /// Each word with its stem.
    words: Vec<(String, String)>,
    /// By place of a category: its words, by their place above.
    names: Vec<Vec<usize>>,
}

impl Vocabulary {
    fn of(categories: &Categories) -> Self {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let (mut all, mut names) = (Vec::new(), Vec::new());
        for node in categories.all() {
            let mut own = Vec::new();
            for word in words(&node.name).filter(|word| !EMPTY.contains(&word.as_str())) {
                let place = *places.entry(word).or_insert_with_key(|word| {
                    all.push((word.clone(), stem(word).into_owned()));
                    all.len() - 1
                });
                own.push(place);
            }
            names.push(own);
        }
        Self { words: all, names }
    }

    fn own(&self, place: usize) -> &[usize] {
        self.names.get(place).map_or(&[], Vec::as_slice)
    }

    /// What each word is worth to one that is wanted.
    fn worth(&self, wanted: &str) -> Vec<u32> {
        let root = stem(wanted);
        self.words
            .iter()
            .map(|(word, known)| {
                if *known == root {
                    SAME
                } else if root.chars().count() >= 3 && word.starts_with(&*root) {
                    BEGINNING
                } else {
                    // A slip may have made the plural unrecognisable: mgus.
                    slip(&root, known).max(slip(wanted, word))
                }
            })
            .collect()
    }
}

impl Vocabulary {
    /// Two words of the query that are one in a name, `tea pot` in `Teapots`, are worth it both.
    fn join(&self, query: &[String], worth: &mut [Vec<u32>]) {
        for (first, pair) in query.windows(2).enumerate() {
            let joined = pair.concat();
            let root = stem(&joined);
            let same = self.words.iter().map(|(_, known)| *known == root);
            for (place, _) in same.enumerate().filter(|(_, is_same)| *is_same) {
                for of in worth.iter_mut().skip(first).take(2) {
                    if let Some(worth) = of.get_mut(place) {
                        *worth = SAME;
                    }
                }
            }
        }
    }
}

/// What a word is worth that may be the wanted one with a slip: one in four letters, two in eight.
fn slip(wanted: &str, known: &str) -> u32 {
    let length = wanted.chars().count();
    let allowed = match length {
        0..=2 => return 0,
        3..=7 => 1,
        _ => 2,
    };
    let Some(slips) = distance(wanted, known, allowed) else {
        return 0;
    };
    // With three letters nearly everything is one slip away; two that changed places are a slip.
    if length == 3 && known.chars().count() == 3 && !is_anagram(wanted, known) {
        return 0;
    }
    let first = wanted.chars().next() != known.chars().next();
    SLIP.saturating_sub(SLIP_MORE * (u32::from(slips > 1) + u32::from(first)))
}

fn is_anagram(one: &str, other: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(one) == sorted(other)
}

#[cfg(test)]
mod tests;
