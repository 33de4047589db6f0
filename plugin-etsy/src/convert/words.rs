//! Titles, tags and materials: how long, how many, and which characters Etsy takes.

use crate::limits::{
    MATERIALS, TAG_LENGTH, TAGS, TITLE_LENGTH, TITLE_ONCE, in_tag, in_title, is_word,
};
use stoflow_plugin_sdk::Violations;

pub(super) fn check_title(title: &str, violations: &mut Violations) {
    let path = "/product/title";
    let length = title.trim().chars().count();
    if length == 0 {
        violations.add(path, "required", "Etsy takes no listing without a title");
    }
    if length > TITLE_LENGTH {
        violations.add(
            path,
            "too-long",
            format!("{length} characters, at most {TITLE_LENGTH}"),
        );
    }
    let odd = odd_characters(title, in_title);
    if !odd.is_empty() {
        violations.add(
            path,
            "invalid-characters",
            format!("it has characters that Etsy refuses: {odd}"),
        );
    }
    for once in TITLE_ONCE {
        if title.matches(once).count() > 1 {
            violations.add(
                path,
                "repeated-character",
                format!("Etsy allows {once} once in a title"),
            );
        }
    }
}

pub(super) fn check_tags(tags: &[String], violations: &mut Violations) {
    if tags.len() > TAGS {
        violations.add(
            "/product/tags",
            "too-many",
            format!("{} tags, at most {TAGS}", tags.len()),
        );
    }
    for (place, tag) in tags.iter().enumerate() {
        let path = format!("/product/tags/{place}");
        let tag = tag.trim();
        let length = tag.chars().count();
        if length == 0 {
            violations.add(&path, "empty", "a tag is not empty");
        }
        if length > TAG_LENGTH {
            violations.add(
                &path,
                "too-long",
                format!("{tag:?} has {length} characters, at most {TAG_LENGTH}"),
            );
        }
        let odd = odd_characters(tag, in_tag);
        if !odd.is_empty() {
            violations.add(
                &path,
                "invalid-characters",
                format!("{tag:?} has a character that Etsy refuses: {odd}"),
            );
        }
        if tag.starts_with(['-', '\'']) {
            violations.add(
                &path,
                "invalid-start",
                format!("{tag:?} starts with a character that Etsy refuses there"),
            );
        }
        if tags
            .iter()
            .take(place)
            .any(|earlier| earlier.trim().to_lowercase() == tag.to_lowercase())
        {
            violations.add(&path, "repeated", format!("{tag:?} stands twice"));
        }
    }
}

pub(super) fn check_materials(materials: &[String], violations: &mut Violations) {
    if materials.len() > MATERIALS {
        violations.add(
            "/product/materials",
            "too-many",
            format!("{} materials, at most {MATERIALS}", materials.len()),
        );
    }
    for (place, material) in materials.iter().enumerate() {
        let path = format!("/product/materials/{place}");
        if material.trim().is_empty() {
            violations.add(&path, "empty", "a material is not empty");
        }
        let odd = odd_characters(material, is_word);
        if !odd.is_empty() {
            violations.add(
                &path,
                "invalid-characters",
                format!("{material:?} has a character that Etsy refuses: {odd}"),
            );
        }
    }
}

/// The characters that are not allowed, each once.
fn odd_characters(text: &str, allowed: impl Fn(char) -> bool) -> String {
    let mut odd: Vec<String> = Vec::new();
    for character in text.trim().chars().filter(|character| !allowed(*character)) {
        let shown = if character.is_control() {
            format!("{character:?}")
        } else {
            character.to_string()
        };
        if !odd.contains(&shown) {
            odd.push(shown);
        }
    }
    odd.join(" ")
}

/// Etsy takes a list as one value, its elements joined by commas.
pub(super) fn joined(items: &[String]) -> String {
    items
        .iter()
        .map(|item| item.trim())
        .collect::<Vec<_>>()
        .join(",")
}
