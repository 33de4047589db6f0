//! Languages of texts: which are tags of languages, and which two are the same.

/// Whether a product's locale asks for a translation of a listing in this language: `en-GB` is
/// English.
#[must_use]
pub fn is_foreign(locale: Option<&str>, language: Option<&str>) -> bool {
    let primary = |text: &str| {
        let tag = text.trim().to_lowercase();
        let end = tag.find(['-', '_']).unwrap_or(tag.len());
        tag.get(..end).unwrap_or_default().to_owned()
    };
    match (locale, language) {
        (Some(locale), Some(language)) => primary(locale) != primary(language),
        _ => false,
    }
}

/// Whether a text is a language's tag, so that as part of a path it names nothing else.
#[must_use]
pub fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_foreign_by_its_language_alone() {
        for (locale, language, foreign) in [
            (Some("fr"), Some("en"), true),
            (Some("en-GB"), Some("en"), false),
            (Some("EN_us"), Some("en"), false),
            (None, Some("en"), false),
            (Some("fr"), None, false),
        ] {
            assert_eq!(is_foreign(locale, language), foreign, "{locale:?}");
        }
    }
}
