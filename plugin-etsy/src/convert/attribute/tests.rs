use super::*;
use stoflow_plugin_sdk::types::AttributeValue;

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

const SIZES: &str = r#"{"results":[
    {"property_id":100,"name":"Size","supports_attributes":true,"is_multivalued":true,"max_values_allowed":2,
     "scales":[{"scale_id":17,"display_name":"UK"},{"scale_id":19,"display_name":"US/Canada"}],
     "possible_values":[{"value_id":1,"name":"8","scale_id":17},{"value_id":2,"name":"8","scale_id":19},
     {"value_id":3,"name":"13","scale_id":19},{"value_id":4,"name":"3","scale_id":17}]},
    {"property_id":505,"name":"Height","supports_attributes":true,"is_multivalued":false,"max_values_allowed":1,
     "scales":[{"scale_id":5,"display_name":"Inches"},{"scale_id":6,"display_name":"Centimeters"}],"possible_values":[]},
    {"property_id":506,"name":"Weight","supports_attributes":true,"scales":[{"scale_id":9,"display_name":"Grams"}],"possible_values":null}]}"#;

fn in_scale(name: &str, values: &[(&str, Option<&str>)]) -> Result<Form, String> {
    let known = Object::parse(SIZES.as_bytes()).unwrap();
    let values = values.iter().map(|(text, scale)| AttributeValue {
        id: None,
        text: (*text).into(),
        scale: scale.map(Into::into),
    });
    let attribute = Attribute {
        key: None,
        name: name.into(),
        values: values.collect(),
    };
    let found = property(&attribute, &known.objects("results"));
    found.map(|property| property.form())
}

fn ids(form: Result<Form, String>) -> (String, String) {
    let form = form.unwrap();
    let field = |name: &str| {
        let found = form.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    (field("value_ids"), field("scale_id"))
}

#[test]
fn a_value_is_found_in_its_scale_and_tells_it() {
    let pair = |ids: &str, scale: &str| (ids.to_owned(), scale.to_owned());
    assert_eq!(ids(in_scale("Size", &[("8", Some("19"))])), pair("2", "19"));
    assert_eq!(ids(in_scale("Size", &[("8", Some("uk"))])), pair("1", "17"));
    // Only one scale has it.
    assert_eq!(ids(in_scale("Size", &[("13", None)])), pair("3", "19"));
    let two = [("8", Some("17")), ("3", None)];
    assert_eq!(ids(in_scale("Size", &two)), pair("1,4", "17"));
    assert_eq!(
        ids(in_scale("Height", &[("9.5", Some("Centimeters"))])),
        pair("", "6")
    );
    assert_eq!(ids(in_scale("Weight", &[("300", None)])), pair("", "9"));
}

#[test]
fn a_scale_that_is_open_or_wrong_is_asked_for() {
    for (name, values, says) in [
        ("Size", &[("8", None)][..], "17 (UK), 19 (US/Canada)"),
        ("Size", &[("8", Some("EU"))], "17 (UK), 19 (US/Canada)"),
        ("Size", &[("8", Some("5"))], "17 (UK), 19 (US/Canada)"),
        ("Size", &[("3", None), ("13", None)], "several scales"),
        (
            "Size",
            &[("8", Some("17")), ("13", Some("19"))],
            "several scales",
        ),
        ("Size", &[("99", Some("19"))], "8, 13"),
        (
            "Size",
            &[("8", Some("17")), ("3", None), ("3", None)],
            "at most 2",
        ),
        ("Height", &[("9.5", None)], "5 (Inches), 6 (Centimeters)"),
        (
            "Height",
            &[("9", Some("5")), ("10", Some("5"))],
            "at most 1",
        ),
    ] {
        let message = in_scale(name, values).unwrap_err();
        assert!(message.contains(says), "{values:?}: {message}");
    }
}

#[test]
fn the_same_number_in_another_scale_is_another_value() {
    let known = Object::parse(SIZES.as_bytes()).unwrap();
    let value = AttributeValue {
        id: None,
        text: "9.5".into(),
        scale: Some("5".into()),
    };
    let attribute = Attribute {
        key: Some("505".into()),
        name: "Height".into(),
        values: vec![value],
    };
    let inches = property(&attribute, &known.objects("results")).unwrap();
    let there = |scale: &str| {
        let json =
            format!(r#"{{"property_id":505,"scale_id":{scale},"value_ids":[],"values":["9.5"]}}"#);
        AxisValue::read(&Object::parse(json.as_bytes()).unwrap()).unwrap()
    };
    assert!(inches.is_there(&[there("5")]));
    assert!(!inches.is_there(&[there("6")]));
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
