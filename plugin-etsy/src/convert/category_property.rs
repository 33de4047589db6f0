//! What can be said of goods in a category, as the contract has it.

use super::text::decode;
use crate::id::Id;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::taxonomy::{Choice, Property, Scale};

/// The properties in Etsy's reply.
#[must_use]
pub fn properties(reply: &Object<'_>) -> Vec<Property> {
    let results = reply.objects("results");
    results.iter().filter_map(property).collect()
}

/// One property; `None` where it has no id of Etsy's.
#[must_use]
pub fn property(object: &Object<'_>) -> Option<Property> {
    let key = Id::parse(&object.text("property_id")?)?.to_string();
    let name = object.words("display_name");
    let choices = object.objects("possible_values");
    let choices: Vec<Choice> = choices.iter().filter_map(choice).collect();
    let is_multivalued = object.boolean("is_multivalued") == Some(true);
    let most = object.integer("max_values_allowed");
    let max_values = if is_multivalued {
        most.and_then(|most| u32::try_from(most).ok())
            .filter(|most| *most > 0)
    } else {
        Some(1)
    };
    Some(Property {
        name: name
            .or_else(|| object.words("name"))
            .map(|name| decode(&name))
            .unwrap_or_else(|| key.clone()),
        key,
        required: object.boolean("is_required") == Some(true),
        supports_attributes: object.boolean("supports_attributes") == Some(true),
        supports_variations: object.boolean("supports_variations") == Some(true),
        max_values,
        // Etsy takes no other values than those that it has, where it has some.
        free_text: choices.is_empty(),
        choices,
        scales: object.objects("scales").iter().filter_map(scale).collect(),
        extension: object.unread(),
    })
}

fn id(object: &Object<'_>, name: &str) -> Option<String> {
    Some(Id::parse(&object.text(name)?)?.to_string())
}

fn choice(object: &Object<'_>) -> Option<Choice> {
    Some(Choice {
        id: id(object, "value_id"),
        name: decode(&object.words("name")?),
        scale: id(object, "scale_id"),
    })
}

fn scale(object: &Object<'_>) -> Option<Scale> {
    let id = id(object, "scale_id")?;
    let name = object
        .words("display_name")
        .or_else(|| object.words("description"));
    Some(Scale {
        name: name.map_or_else(|| id.clone(), |name| decode(&name)),
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Vec<Property> {
        properties(&Object::parse(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_property_has_its_choices_by_scale() {
        let json = r#"{"results":[{"property_id":100,"name":"Size","display_name":"Women&#39;s size","is_required":true,
            "supports_attributes":true,"supports_variations":true,"is_multivalued":true,"max_values_allowed":5,
            "scales":[{"scale_id":17,"display_name":"UK","description":"United Kingdom"},{"scale_id":18,"display_name":null}],
            "possible_values":[{"value_id":9007199254740993,"name":"8 &amp; up","scale_id":17,"equal_to":[]},{"value_id":null,"name":"9","scale_id":null}],
            "selected_values":[]}]}"#;
        let [size] = read(json).try_into().unwrap();
        assert_eq!(
            (size.key.as_str(), size.name.as_str(), size.max_values),
            ("100", "Women's size", Some(5))
        );
        assert!(
            size.required
                && size.supports_attributes
                && size.supports_variations
                && !size.free_text
        );
        let choices: Vec<_> = size
            .choices
            .iter()
            .map(|it| (it.id.as_deref(), it.name.as_str(), it.scale.as_deref()))
            .collect();
        let expected = [
            (Some("9007199254740993"), "8 & up", Some("17")),
            (None, "9", None),
        ];
        assert_eq!(choices, expected);
        let scales: Vec<_> = size
            .scales
            .iter()
            .map(|it| (it.id.as_str(), it.name.as_str()))
            .collect();
        assert_eq!(scales, [("17", "UK"), ("18", "18")]);
        let extension = size.extension.unwrap();
        assert_eq!(extension, r#"{"name":"Size","selected_values":[]}"#);
    }

    #[test]
    fn without_choices_any_text_goes() {
        let json = r#"{"results":[null,{"name":"nameless"},{"property_id":"505","name":"Height","is_multivalued":false,
            "max_values_allowed":3,"possible_values":null},{"property_id":7,"is_multivalued":true,"max_values_allowed":0}]}"#;
        let found = read(json);
        let shown: Vec<_> = found
            .iter()
            .map(|it| (it.name.as_str(), it.max_values, it.free_text, it.required))
            .collect();
        assert_eq!(
            shown,
            [("Height", Some(1), true, false), ("7", None, true, false)]
        );
    }
}
