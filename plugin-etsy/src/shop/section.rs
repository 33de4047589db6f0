//! The sections that a shop's listings are sorted into. Etsy has twenty at most and none inside
//! another; a second one of the same title would leave a listing's section to chance, so asking for
//! it yields the one that there is. That is also why a creation may be asked for again.

use crate::convert::axis::same_name;
use crate::convert::text::decode;
use crate::id::Id;
use crate::limits::{SECTION_TITLE_LENGTH, SHOP_SECTIONS};
use crate::refusal::{call, renamed};
use crate::{api, settings};
use stoflow_plugin_sdk::http::Response;
use stoflow_plugin_sdk::shop::Section;
use stoflow_plugin_sdk::types::Error;
use stoflow_plugin_sdk::{Object, Violations};

/// Those of the shop, in its order.
pub(super) fn list(shop: &Id) -> Result<Vec<Section>, Error> {
    let reply = call(api::sections(shop))?;
    Ok(reply
        .object()?
        .objects("results")
        .iter()
        .filter_map(section)
        .collect())
}

/// Adds a section, or finds the one of that title.
pub(super) fn create(title: &str, parent: Option<&str>) -> Result<Section, Error> {
    let title = title.trim();
    check(title, parent)?;
    let shop = settings::shop()?;
    let there = list(&shop)?;
    let count = there.len();
    if let Some(same) = of_title(there, title) {
        return Ok(same);
    }
    if count >= SHOP_SECTIONS {
        return Err(Error::Conflict(format!(
            "the shop has {count} sections, and Etsy allows {SHOP_SECTIONS}: delete one on Etsy first"
        )));
    }
    match call(api::create_section(&shop, title)).and_then(|reply| made(&reply)) {
        Err(Error::Uncertain(why)) => match list(&shop) {
            Ok(now) => of_title(now, title).ok_or(Error::Uncertain(why)),
            Err(_) => Err(Error::Uncertain(why)),
        },
        Err(error) => Err(renamed(error, |path| {
            (path == "/product/title").then(|| "/title".to_owned())
        })),
        made => made,
    }
}

fn check(title: &str, parent: Option<&str>) -> Result<(), Error> {
    let mut violations = Violations::default();
    let length = title.chars().count();
    if length == 0 {
        violations.add("/title", "required", "a section has a title");
    }
    if length > SECTION_TITLE_LENGTH {
        let message = format!("{length} characters, at most {SECTION_TITLE_LENGTH}");
        violations.add("/title", "too-long", message);
    }
    if parent.is_some() {
        violations.add(
            "/parent",
            "not-nested",
            "sections of an Etsy shop are not inside each other: leave the parent out",
        );
    }
    violations.into_result()
}

fn made(reply: &Response) -> Result<Section, Error> {
    section(&reply.object()?).ok_or_else(|| reply.unexpected("a section without an id"))
}

fn of_title(sections: Vec<Section>, title: &str) -> Option<Section> {
    sections
        .into_iter()
        .find(|section| same_name(&section.title, title))
}

/// The contract's section; `None` where even the id is missing.
#[must_use]
pub fn section(object: &Object<'_>) -> Option<Section> {
    let count = object.integer("active_listing_count");
    Some(Section {
        id: Id::parse(&object.text("shop_section_id")?)?.to_string(),
        title: object
            .words("title")
            .map(|title| decode(&title))
            .unwrap_or_default(),
        parent: None,
        active_listings: count.and_then(|count| u32::try_from(count).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(title: &str, parent: Option<&str>) -> Vec<String> {
        match check(title, parent) {
            Err(Error::Invalid(violations)) => violations
                .into_iter()
                .map(|violation| violation.path)
                .collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_section_is_read_without_entities() {
        let json = br#"{"shop_section_id":3,"title":"Coats &amp; hats","active_listing_count":2}"#;
        let section = section(&Object::parse(json).unwrap()).unwrap();
        assert_eq!(
            (section.id.as_str(), section.title.as_str()),
            ("3", "Coats & hats")
        );
    }

    #[test]
    fn a_title_is_counted_in_characters() {
        assert_eq!(paths(&"é".repeat(24), None), Vec::<String>::new());
        assert_eq!(paths(&"é".repeat(25), Some("3")), ["/title", "/parent"]);
        assert_eq!(paths("", None), ["/title"]);
    }
}
