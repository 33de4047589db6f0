//! What sets variations apart: an axis is a property of Etsy's with one value for each variation.
//!
//! The seller may name two axes freely; Etsy has the property ids 513 and 514 for them.

use crate::fingerprint::Fingerprint;
use crate::id::Id;
use crate::limits::CUSTOM_AXES;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::types::{Attribute, AttributeValue};

/// A property of a product, with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AxisValue {
    /// Etsy's `property_id`.
    pub property: Id,
    /// Its name, in the shop's language.
    pub name: Option<String>,
    /// The scale that the values are in.
    pub scale: Option<Id>,
    /// Ids of the values; of some properties Etsy answers others than were sent.
    pub value_ids: Vec<Id>,
    /// The values as buyers read them.
    pub values: Vec<String>,
}

impl AxisValue {
    /// Reads an element of `property_values` or of a listing's properties.
    #[must_use]
    pub fn read(object: &Object<'_>) -> Option<Self> {
        let ids = |name| {
            object
                .texts(name)
                .iter()
                .filter_map(|text| Id::parse(text))
                .collect()
        };
        Some(Self {
            property: Id::parse(&object.text("property_id")?)?,
            name: object.words("property_name"),
            scale: object.text("scale_id").as_deref().and_then(Id::parse),
            value_ids: ids("value_ids"),
            values: object.texts("values"),
        })
    }

    /// The value as one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.values.join(", ")
    }

    /// As the contract has it.
    #[must_use]
    pub fn attribute(&self) -> Attribute {
        let scale = self.scale.as_ref().map(Id::to_string);
        let values = self
            .values
            .iter()
            .enumerate()
            .map(|(place, text)| AttributeValue {
                id: self.value_ids.get(place).map(Id::to_string),
                text: text.clone(),
                scale: scale.clone(),
            });
        Attribute {
            key: Some(self.property.to_string()),
            name: self
                .name
                .clone()
                .unwrap_or_else(|| self.property.to_string()),
            values: values.collect(),
        }
    }

    /// Whether a choice names this axis: by its key, or where it has none by its name.
    #[must_use]
    pub fn is_named_by(&self, choice: &Attribute) -> bool {
        match &choice.key {
            Some(key) => key == self.property.as_str(),
            None => self
                .name
                .as_deref()
                .is_some_and(|name| same_name(name, &choice.name)),
        }
    }

    /// Whether a choice names this axis and this value.
    #[must_use]
    pub fn is_chosen_by(&self, choice: &Attribute) -> bool {
        let [value] = choice.values.as_slice() else {
            return false;
        };
        self.is_named_by(choice) && value.text.trim() == self.text().trim()
    }
}

/// Whether two names are the same to a reader.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Whether an axis is one that the seller named.
#[must_use]
pub fn is_custom(property: &Id) -> bool {
    CUSTOM_AXES.contains(&property.as_str())
}

/// By which calls find a variation: it follows from the SKU and the choices, because Etsy mints new
/// product ids at every write.
#[must_use]
pub fn variation_id(sku: &str, values: &[AxisValue]) -> String {
    let mut choices: Vec<(&str, String)> = values
        .iter()
        .map(|value| (value.property.as_str(), value.text()))
        .collect();
    choices.sort();
    let start = Fingerprint::default().part(sku.trim());
    let all = choices
        .iter()
        .fold(start, |sum, (axis, text)| sum.part(axis).part(text.trim()));
    format!("v{}", all.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(property: &str, name: &str, text: &str) -> AxisValue {
        AxisValue {
            property: Id::parse(property).unwrap(),
            name: Some(name.into()),
            scale: None,
            value_ids: vec![Id::parse("77").unwrap()],
            values: vec![text.into()],
        }
    }

    #[test]
    fn a_variations_id_follows_from_sku_and_choices_alone() {
        let (blue, large) = (value("200", "Color", "Blue"), value("513", "Size", "L"));
        let id = variation_id("MUG-1", &[blue.clone(), large.clone()]);
        let other_ids = AxisValue {
            value_ids: Vec::new(),
            ..blue.clone()
        };
        assert_eq!(id, variation_id(" MUG-1", &[large.clone(), other_ids]));
        assert_ne!(id, variation_id("MUG-2", &[blue.clone(), large.clone()]));
        assert_ne!(id, variation_id("MUG-1", &[blue]));
    }

    #[test]
    fn a_choice_finds_its_axis_by_key_else_by_name() {
        let blue = value("200", "Color", "Blue");
        let choice = |key: Option<&str>, name: &str| Attribute {
            key: key.map(Into::into),
            name: name.into(),
            values: vec![AttributeValue {
                id: None,
                text: "Blue".into(),
                scale: None,
            }],
        };
        assert!(blue.is_chosen_by(&choice(Some("200"), "whatever")));
        assert!(blue.is_chosen_by(&choice(None, "color ")));
        assert!(!blue.is_chosen_by(&choice(Some("513"), "Color")));
    }
}
