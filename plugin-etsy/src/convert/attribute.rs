//! Attributes: Etsy takes each in a request of its own, by the number of a property and the numbers
//! of values. What came as a name is looked up in the category.

use super::axis::{AxisValue, same_name};
use crate::api::Form;
use crate::id::Id;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::types::{Attribute, AttributeValue, Warning};

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
            known.property == self.id && same_values
        })
    }
}

/// Whether all of an attribute is there that Etsy needs, so that no look-up is.
#[must_use]
pub fn is_resolved(attribute: &Attribute) -> bool {
    attribute.key.as_deref().and_then(Id::parse).is_some()
        && attribute
            .values
            .iter()
            .all(|value| value.id.as_deref().and_then(Id::parse).is_some())
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
    let possible = entry
        .map(|entry| entry.objects("possible_values"))
        .unwrap_or_default();
    let mut value_ids = Vec::new();
    for value in &attribute.values {
        match value_id(value, &possible) {
            Some(id) => value_ids.push(id),
            None if possible.is_empty() && entry.is_some() => {} // Free text has no ids.
            None => {
                return Err(format!(
                    "Etsy does not know {:?} as a value of {:?}",
                    value.text, attribute.name
                ));
            }
        }
    }
    let scale = attribute
        .values
        .iter()
        .find_map(|value| value.scale.as_deref().and_then(Id::parse));
    Ok(Property {
        id,
        name: attribute.name.clone(),
        value_ids,
        values: attribute
            .values
            .iter()
            .map(|value| value.text.trim().to_owned())
            .collect(),
        scale,
    })
}

fn value_id(value: &AttributeValue, possible: &[Object<'_>]) -> Option<Id> {
    if let Some(id) = value.id.as_deref().and_then(Id::parse) {
        return Some(id);
    }
    let scale = value.scale.as_deref();
    let found = possible.iter().find(|choice| {
        choice
            .text("name")
            .is_some_and(|name| same_name(&name, &value.text))
            && (scale.is_none() || choice.text("scale_id").as_deref() == scale)
    });
    Id::parse(&found?.text("value_id")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(key: Option<&str>, name: &str, values: &[(Option<&str>, &str)]) -> Attribute {
        let values = values.iter().map(|(id, text)| AttributeValue {
            id: id.map(Into::into),
            text: (*text).into(),
            scale: None,
        });
        Attribute {
            key: key.map(Into::into),
            name: name.into(),
            values: values.collect(),
        }
    }

    const KNOWN: &str = r#"{"results":[
        {"property_id":200,"name":"primary_color","display_name":"Primary color","supports_attributes":true,
         "possible_values":[{"value_id":2,"name":"Blue"},{"value_id":3,"name":"Red"}]},
        {"property_id":300,"name":"Height","display_name":"Height","supports_attributes":true,"possible_values":[]},
        {"property_id":400,"name":"Cut","supports_attributes":false,"possible_values":null}]}"#;

    #[test]
    fn names_are_looked_up_and_what_is_unknown_is_named() {
        let known = Object::parse(KNOWN.as_bytes()).unwrap();
        let known = known.objects("results");
        let attributes = [
            attribute(
                None,
                "primary COLOR",
                &[(None, "blue"), (Some("9"), "Teal")],
            ),
            attribute(Some("300"), "Height", &[(None, "12 cm")]),
            attribute(None, "Scent", &[(None, "rose")]),
            attribute(None, "Primary color", &[(None, "ultraviolet")]),
            attribute(None, "Cut", &[(None, "x")]),
        ];
        let (properties, warnings) = properties(&attributes, &known);
        let forms: Vec<Form> = properties.iter().map(Property::form).collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            forms,
            [
                vec![pair("value_ids", "2,9"), pair("values", "blue,Teal")],
                vec![pair("value_ids", ""), pair("values", "12 cm")],
            ]
        );
        let fields: Vec<&str> = warnings
            .iter()
            .filter_map(|warning| warning.field.as_deref())
            .collect();
        assert_eq!(
            fields,
            [
                "/product/attributes/2",
                "/product/attributes/3",
                "/product/attributes/4"
            ]
        );
    }

    #[test]
    fn an_attribute_with_all_its_ids_needs_no_look_up() {
        let resolved = attribute(Some("200"), "Colour", &[(Some("2"), "Blue")]);
        assert!(is_resolved(&resolved));
        assert!(!is_resolved(&attribute(
            None,
            "Colour",
            &[(Some("2"), "Blue")]
        )));
        let (properties, warnings) = properties(&[resolved], &[]);
        assert_eq!((properties.len(), warnings.len()), (1, 0));
    }
}
