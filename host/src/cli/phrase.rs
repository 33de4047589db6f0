//! The doc comments of the contract as the phrases of a help text.
//!
//! The contract says of a parameter in the function's comment: "`state` is `none` for all." Beside
//! `--state` that reads: none for all.

/// A comment's paragraphs, each on one line, without the marks of code.
pub(super) fn paragraphs(docs: &str) -> Vec<String> {
    docs.split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|paragraph| !paragraph.is_empty())
        .collect()
}

/// Its first sentence, without the full stop; empty where there is none.
pub(super) fn first_sentence(docs: &str) -> String {
    let paragraphs = paragraphs(docs);
    let sentence = paragraphs.first().and_then(|text| sentences(text).next());
    plain(sentence.unwrap_or_default().trim_end_matches('.'))
}

/// What it says of one name: of "`limit` is `none` for the largest page." for `limit`, "none for the
/// largest page".
pub(super) fn clause(docs: &str, name: &str) -> Option<String> {
    let opening = format!("`{name}` is ");
    paragraphs(docs).iter().find_map(|text| {
        let mut parts = sentences(text).flat_map(clauses);
        let part = parts.find_map(|part| part.strip_prefix(opening.as_str()))?;
        Some(plain(part.trim_end_matches('.')))
    })
}

/// What it says besides the clauses about these names alone.
pub(super) fn about(docs: &str, names: &[&str]) -> Vec<String> {
    let is_about_a_name = |part: &str| {
        let opens = |name: &&str| part.starts_with(&format!("`{name}` is "));
        names.iter().any(opens)
    };
    paragraphs(docs)
        .iter()
        .map(|text| {
            let kept = sentences(text).filter(|s| !clauses(s).all(is_about_a_name));
            plain(&kept.collect::<Vec<_>>().join(" "))
        })
        .filter(|text| !text.is_empty())
        .collect()
}

/// Without the marks of code.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

/// A full stop ends a sentence where another one begins behind it.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    pieces(text, ". ", |rest| {
        rest.starts_with(|c: char| c.is_uppercase() || c == '`')
    })
}

/// The parts of a sentence that a colon or a semicolon divides, or a comma before a name.
fn clauses(sentence: &str) -> impl Iterator<Item = &str> {
    pieces(sentence, ": ", |_| true)
        .flat_map(|part| pieces(part, "; ", |_| true))
        .flat_map(|part| pieces(part, ", ", |rest| rest.starts_with('`')))
}

/// The pieces between occurrences of a mark that what follows makes a border. The mark's first
/// character stays with a full stop only.
fn pieces<'t>(
    text: &'t str,
    mark: &'static str,
    is_border: impl Fn(&str) -> bool + 't,
) -> impl Iterator<Item = &'t str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let borders = text
            .match_indices(mark)
            .map(|(at, mark)| (at, at + mark.len()));
        for (at, behind) in borders {
            let (Some(before), Some(after)) = (text.get(..at), text.get(behind..)) else {
                continue;
            };
            if is_border(after) {
                rest = Some(after);
                return Some(match mark {
                    ". " => text.get(..=at).unwrap_or(before),
                    _ => before,
                });
            }
        }
        rest = None;
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "A page as asked for: `cursor` is `none` for the first, `limit` is `none` for
the largest page that the marketplace allows. A larger `limit` is lowered to that.";

    #[test]
    fn a_name_is_told_what_the_comment_says_of_it() {
        let clause = |docs, name| clause(docs, name).unwrap_or_default();
        assert_eq!(
            clause("`state` is `none` for all.", "state"),
            "none for all"
        );
        assert_eq!(clause(PAGE, "cursor"), "none for the first");
        assert_eq!(
            clause(PAGE, "limit"),
            "none for the largest page that the marketplace allows"
        );
        let create = "Creates it. `key` is the caller's id for it: creating it twice yields one.";
        assert_eq!(clause(create, "key"), "the caller's id for it");
        assert_eq!(clause("Asks for `key`.", "key"), "");
    }

    #[test]
    fn what_is_said_of_the_names_alone_is_not_said_again() {
        assert!(about("`state` is `none` for all.", &["state"]).is_empty());
        assert_eq!(
            about(
                "One page. `window` is `none` for a sweep.\n\nMore.",
                &["window"]
            ),
            ["One page.", "More."]
        );
        let create = "Creates it. `key` is the id: twice yields one.";
        assert_eq!(
            about(create, &["key"]),
            ["Creates it. key is the id: twice yields one."]
        );
    }

    #[test]
    fn a_summary_is_the_first_sentence() {
        assert_eq!(
            first_sentence("How sellers give\nconsent. The host…"),
            "How sellers give consent"
        );
        assert_eq!(first_sentence("RFC 3.1 says. no."), "RFC 3.1 says. no");
        assert_eq!(first_sentence(""), "");
    }
}
