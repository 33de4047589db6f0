//! Names in their two forms: `sold-out` as WIT and people write it, `sold_out` as JSON does.
//!
//! Either is accepted wherever a person or a URL names something, so the difference never is an
//! error.

/// `sold-out` → `sold_out`. Two names of one WIT scope never differ in case alone, so an acronym
/// (`URL`) is written small.
pub fn snake_case(name: &str) -> String {
    name.chars()
        .map(|letter| match letter {
            '-' => '_',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

/// `sold_out` → `sold-out`.
pub fn kebab_case(name: &str) -> String {
    name.chars()
        .map(|letter| match letter {
            '_' => '-',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

/// Whether two names are one, in whichever form each is written.
pub fn same_name(left: &str, right: &str) -> bool {
    let plain = |letter: u8| match letter {
        b'_' => b'-',
        other => other.to_ascii_lowercase(),
    };
    left.len() == right.len()
        && left
            .bytes()
            .zip(right.bytes())
            .all(|(left, right)| plain(left) == plain(right))
}

/// The known name that somebody who wrote `given` most likely meant, if one is near.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this likeness (Jaro–Winkler, 1 for equal) a suggestion is more puzzling than none.
    const LIKENESS: f64 = 0.8;

    let given = snake_case(given);
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&given, &snake_case(name)), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_two_forms_and_is_one() {
        assert_eq!(snake_case("ship-by"), "ship_by");
        assert_eq!(snake_case("image-URL"), "image_url");
        assert_eq!(kebab_case("get_product"), "get-product");
        assert!(same_name("get_product", "get-product"));
        assert!(same_name("image_url", "image-URL"));
        assert!(!same_name("get-product", "get-products"));
        assert!(!same_name("list", "last"));
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let known = ["title", "tags", "materials"];
        assert_eq!(nearest("titel", known), Some("title"));
        assert_eq!(
            nearest("sold-out", ["sold_out", "active"]),
            Some("sold_out")
        );
        assert_eq!(nearest("quantity", known), None);
    }
}
