//! What Etsy lets a text be made of: titles, tags, materials, styles.
//!
//! The classes are Unicode's, as in the patterns of Etsy's document, so `é` and `日` are letters and an
//! emoji is not.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory as Category;

use crate::facts;
use crate::reply::Refusal;

/// Checks a title.
pub(super) fn title(title: &str) -> Result<(), Refusal> {
    if title.trim().is_empty() {
        return Err(Refusal::violation(
            "/title",
            "string_too_short",
            "cannot be less than 1 characters",
        ));
    }
    if title.chars().count() > facts::TITLE_MAX {
        return Err(too_long("/title", facts::TITLE_MAX));
    }
    if let Some(at) = title.chars().position(|character| !in_title(character)) {
        return Err(invalid(&format!("/title/{at}")));
    }
    for once in ['%', ':', '&', '+'] {
        if title.chars().filter(|character| *character == once).count() > 1 {
            let text = format!("The character {once} can be used only once.");
            return Err(Refusal::problem("/title", &text));
        }
    }
    Ok(())
}

/// Checks a description, which Etsy wants and does not limit in writing.
pub(super) fn description(description: &str) -> Result<(), Refusal> {
    if description.trim().is_empty() {
        return Err(Refusal::violation(
            "/description",
            "string_too_short",
            "cannot be less than 1 characters",
        ));
    }
    Ok(())
}

/// Checks tags.
pub(super) fn tags(tags: &[String]) -> Result<(), Refusal> {
    check_list("tags", tags, facts::TAGS_MAX, facts::TAG_MAX, in_tag)?;
    for (index, tag) in tags.iter().enumerate() {
        if tag.starts_with(['-', '\'']) {
            return Err(invalid(&format!("/tags/{index}")));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    if !tags.iter().all(|tag| seen.insert(tag.to_lowercase())) {
        return Err(Refusal::problem(
            "/tags",
            "You may not have duplicate tags.",
        ));
    }
    Ok(())
}

/// Checks materials.
pub(super) fn materials(materials: &[String]) -> Result<(), Refusal> {
    check_list(
        "materials",
        materials,
        facts::MATERIALS_MAX,
        usize::MAX,
        in_material,
    )
}

/// Checks styles.
pub(super) fn styles(styles: &[String]) -> Result<(), Refusal> {
    check_list(
        "styles",
        styles,
        facts::STYLES_MAX,
        facts::STYLE_MAX,
        in_material,
    )
}

fn check_list(
    name: &str,
    list: &[String],
    most: usize,
    longest: usize,
    allowed: fn(char) -> bool,
) -> Result<(), Refusal> {
    if list.len() > most {
        let message = format!("cannot be more than {most} items");
        return Err(Refusal::violation(
            &format!("/{name}"),
            "array_too_long",
            &message,
        ));
    }
    for (index, text) in list.iter().enumerate() {
        let path = format!("/{name}/{index}");
        if text.is_empty() {
            return Err(Refusal::violation(
                &path,
                "string_too_short",
                "cannot be less than 1 characters",
            ));
        }
        if text.chars().count() > longest {
            return Err(too_long(&path, longest));
        }
        if !text.chars().all(allowed) {
            return Err(invalid(&path));
        }
    }
    Ok(())
}

fn too_long(path: &str, most: usize) -> Refusal {
    Refusal::violation(
        path,
        "string_too_long",
        &format!("cannot be more than {most} characters"),
    )
}

fn invalid(path: &str) -> Refusal {
    Refusal::violation(path, "invalid_characters", "contains invalid characters")
}

fn category(character: char) -> Category {
    CodePointMapData::<Category>::new().get(character)
}

fn is_letter(category: Category) -> bool {
    matches!(
        category,
        Category::UppercaseLetter
            | Category::LowercaseLetter
            | Category::TitlecaseLetter
            | Category::ModifierLetter
            | Category::OtherLetter
    )
}

fn is_punctuation(category: Category) -> bool {
    matches!(
        category,
        Category::ConnectorPunctuation
            | Category::DashPunctuation
            | Category::OpenPunctuation
            | Category::ClosePunctuation
            | Category::InitialPunctuation
            | Category::FinalPunctuation
            | Category::OtherPunctuation
    )
}

/// Letters, decimal digits, spaces.
fn in_material(character: char) -> bool {
    let category = category(character);
    is_letter(category) || matches!(category, Category::DecimalNumber | Category::SpaceSeparator)
}

fn in_tag(character: char) -> bool {
    in_material(character) || "-'™©®".contains(character)
}

fn in_title(character: char) -> bool {
    let category = category(character);
    in_material(character)
        || is_punctuation(category)
        || category == Category::MathSymbol
        || "™©®".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_have_letters_of_any_script_and_no_pictures() {
        for good in [
            "Wool coat, 1970s, size M",
            "Tasse à café – « bleu » 50% ™",
            "花瓶 (small) + lid",
        ] {
            title(good).unwrap();
        }
        for bad in ["Mug ☕", "5 $ mug", "tab\there", "a^b", ""] {
            assert!(title(bad).is_err(), "{bad}");
        }
        assert!(title("a & b & c").unwrap_err().reason.contains("only once"));
        title(&"é".repeat(140)).unwrap();
        assert!(title(&"é".repeat(141)).is_err());
    }

    #[test]
    fn tags_are_few_short_and_different() {
        let list = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
        tags(&list(&["mid-century", "l'atelier", "café™"])).unwrap();
        for bad in [
            &["half-price!"][..],
            &["-first"],
            &["Mug", "mug"],
            &["a tag that is far too long"],
        ] {
            assert!(tags(&list(bad)).is_err(), "{bad:?}");
        }
        let many: Vec<String> = (0..14).map(|number| format!("tag {number}")).collect();
        assert!(tags(&many).is_err() && tags(&many[..13]).is_ok());
    }

    #[test]
    fn materials_and_styles_have_letters_digits_and_spaces() {
        let one = |text: &str| vec![text.to_owned()];
        materials(&one("wool 100")).unwrap();
        assert!(materials(&one("wool-mix")).is_err());
        assert!(styles(&one(&"x".repeat(46))).is_err());
        assert!(styles(&["a", "b", "c"].map(str::to_owned)).is_err());
    }
}
