//! Attributes: Etsy takes each in a request of its own, by the number of a property and the numbers
//! of values. What came as a name is looked up in the category.

use super::axis::{AxisValue, same_name};
use super::options::Options;
use crate::api::Form;
use crate::id::Id;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::types::{Attribute, Warning};

/// An attribute as Etsy takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Etsy's `property_id`.
    pub id: Id,
    /// For messages.
    pub name: String,
    value_ids: Vec<Id>,
    values: Vec<String>,
    scale: Option<Id>,
}

impl Property {
    /// The form of `updateListingProperty`.
    #[must_use]
    pub fn form(&self) -> Form {
        let ids: Vec<&str> = self.value_ids.iter().map(Id::as_str).collect();
        let mut form = vec![
            ("value_ids".to_owned(), ids.join(",")),
            ("values".to_owned(), self.values.join(",")),
        ];
        if let Some(scale) = &self.scale {
            form.push(("scale_id".to_owned(), scale.to_string()));
        }
        form
    }

    /// Whether Etsy has it just so.
    #[must_use]
    pub fn is_there(&self, there: &[AxisValue]) -> bool {
        there.iter().any(|known| {
            let same_values = if self.value_ids.is_empty() || known.value_ids.is_empty() {
                known.values == self.values
            } else {
                known.value_ids == self.value_ids
            };
            // Nine and a half inches are not nine and a half centimetres.
            let same_scale = self.scale.is_none() || known.scale == self.scale;
            known.property == self.id && same_values && same_scale
        })
    }
}

/// Whether all of an attribute is there that Etsy needs, so that no look-up is.
#[must_use]
pub fn is_resolved(attribute: &Attribute) -> bool {
    let is_id = |text: &Option<String>| text.as_deref().and_then(Id::parse).is_some();
    is_id(&attribute.key)
        && attribute
            .values
            .iter()
            .all(|value| is_id(&value.id) && (value.scale.is_none() || is_id(&value.scale)))
}

/// The attributes as Etsy takes them; `known` are the category's properties, empty where they were
/// not needed. What cannot be resolved is left out, with a warning.
#[must_use]
pub fn properties(attributes: &[Attribute], known: &[Object<'_>]) -> (Vec<Property>, Vec<Warning>) {
    let (mut properties, mut warnings) = (Vec::new(), Vec::new());
    for (place, attribute) in attributes.iter().enumerate() {
        match property(attribute, known) {
            Ok(property) => properties.push(property),
            Err(message) => warnings.push(Warning {
                code: "attribute-left-out".to_owned(),
                message,
                field: Some(format!("/product/attributes/{place}")),
            }),
        }
    }
    (properties, warnings)
}

fn property(attribute: &Attribute, known: &[Object<'_>]) -> Result<Property, String> {
    let key = attribute.key.as_deref().and_then(Id::parse);
    let entry = known.iter().find(|entry| match &key {
        Some(key) => entry.text("property_id").as_deref() == Some(key.as_str()),
        None => ["name", "display_name"].iter().any(|name| {
            entry
                .text(name)
                .is_some_and(|name| same_name(&name, &attribute.name))
        }),
    });
    let id = match (key, entry.and_then(|entry| entry.text("property_id"))) {
        (Some(key), _) => key,
        (None, Some(id)) => Id::parse(&id).ok_or_else(|| format!("{id:?} is no property"))?,
        (None, None) => {
            return Err(format!(
                "Etsy has no attribute {:?} in this category",
                attribute.name
            ));
        }
    };
    if entry.is_some_and(|entry| entry.boolean("supports_attributes") == Some(false)) {
        return Err(format!(
            "{:?} sets variations apart on Etsy and describes no listing",
            attribute.name
        ));
    }
    let name = &attribute.name;
    if let Some(entry) = entry {
        check_count(entry, name, attribute.values.len())?;
    }
    let options = Options::read(entry);
    let wanted = options.wanted_scale(attribute)?;
    let (mut value_ids, mut scales) = (Vec::new(), Vec::new());
    for value in &attribute.values {
        if let Some((id, scale)) = options.value(value, wanted.as_ref(), name)? {
            value_ids.push(id);
            scales.extend(scale);
        }
    }
    let scale = options.scale(wanted, scales, name)?;
    let values = attribute.values.iter();
    Ok(Property {
        id,
        name: name.clone(),
        value_ids,
        values: values.map(|value| value.text.trim().to_owned()).collect(),
        scale,
    })
}

fn check_count(entry: &Object<'_>, name: &str, count: usize) -> Result<(), String> {
    let most = match entry.boolean("is_multivalued") {
        Some(true) => entry
            .integer("max_values_allowed")
            .and_then(|most| usize::try_from(most).ok())
            .filter(|most| *most > 0),
        Some(false) => Some(1),
        None => None,
    };
    match most {
        Some(most) if count > most => Err(format!(
            "Etsy takes at most {most} of the values of {name:?}, and these are {count}"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
