use super::*;
use crate::convert::country::countries;
use stoflow_plugin_sdk::types::Violation;

const DAYS: &str =
    r#""primary_cost":"4.90","secondary_cost":"0","min_delivery_days":2,"max_delivery_days":5"#;

fn profile(origin: &str, destinations: &[&str]) -> String {
    let destinations = destinations.join(",");
    format!(r#"{{{origin},"destinations":[{destinations}]}}"#)
}

fn paris(destinations: &[&str]) -> String {
    let origin = r#""origin_country_iso":"FR","origin_postal_code":"75011""#;
    profile(origin, destinations)
}

fn to(place: &str) -> String {
    format!("{{{place},{DAYS}}}")
}

/// Path and code of what is wrong with a shipping profile.
fn wrong(name: &str, data: &str) -> Vec<(String, String)> {
    let mut violations = Violations::default();
    let profile = shipping(name, data, &mut violations);
    assert!(
        profile.is_some() || !violations.is_empty(),
        "refused without a word: {data}"
    );
    pairs(violations.as_slice())
}

fn pairs(violations: &[Violation]) -> Vec<(String, String)> {
    let pair = |violation: &Violation| (violation.path.clone(), violation.code.clone());
    violations.iter().map(pair).collect()
}

fn pair(path: &str, code: &str) -> (String, String) {
    (path.to_owned(), code.to_owned())
}

fn fields(form: &Form) -> Vec<(&str, &str)> {
    form.iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[test]
fn a_profile_becomes_a_form_with_its_first_destination() {
    let home = to(r#""destination_country_iso":"FR""#);
    let europe = r#"{"destination_region":"eu","primary_cost":"12","secondary_cost":"4.5","shipping_carrier_id":"1","mail_class":"colissimo"}"#;
    let mut violations = Violations::default();
    let profile = shipping(" Post ", &paris(&[&home, europe]), &mut violations).unwrap();
    assert!(violations.is_empty(), "{violations:?}");
    let expected = [
        ("title", "Post"),
        ("origin_country_iso", "FR"),
        ("origin_postal_code", "75011"),
        ("destination_country_iso", "FR"),
        ("primary_cost", "4.90"),
        ("secondary_cost", "0"),
        ("min_delivery_days", "2"),
        ("max_delivery_days", "5"),
    ];
    assert_eq!(fields(&profile.form()), expected);
    let expected = [
        ("destination_region", "eu"),
        ("primary_cost", "12"),
        ("secondary_cost", "4.5"),
        ("shipping_carrier_id", "1"),
        ("mail_class", "colissimo"),
    ];
    assert_eq!(fields(&profile.destinations[1].form()), expected);
    assert!(profile.names_a_carrier());
}

#[test]
fn everything_wrong_is_told_at_once_and_by_its_place() {
    let data = r#"{"origin_country_iso":"FRA","weight/~":1,"destinations":[
        {"destination_country_iso":"FR","destination_region":"eu","primary_cost":4.90,"secondary_cost":"-1",
         "min_delivery_days":0,"max_delivery_days":5},
        {"primary_cost":"1.005","secondary_cost":"1","min_delivery_days":9,"max_delivery_days":5},
        {"destination_region":"mars","primary_cost":"1","shipping_carrier_id":"1"}, 7]}"#;
    let expected = [
        pair("/data/origin_country_iso", "not-allowed"),
        pair("/data/weight~1~0", "unknown-member"),
        pair("/data/destinations/0/primary_cost", "not-allowed"),
        pair("/data/destinations/0/secondary_cost", "not-allowed"),
        pair("/data/destinations/0/min_delivery_days", "not-allowed"),
        pair("/data/destinations/1/primary_cost", "not-allowed"),
        pair("/data/destinations/2/destination_region", "not-allowed"),
        pair("/data/destinations/2/secondary_cost", "required"),
        pair("/data/destinations/3", "not-an-object"),
        pair("/name", "required"),
        pair("/data/destinations/0", "exclusive"),
        pair("/data/destinations/1", "required"),
        pair("/data/destinations/1/max_delivery_days", "not-allowed"),
        pair("/data/destinations/2", "exclusive"),
    ];
    assert_eq!(wrong(" ", data), expected);
}

#[test]
fn a_postal_code_is_needed_where_there_are_some() {
    let home = to(r#""destination_country_iso":"FR""#);
    let of = |origin: &str| {
        wrong(
            "Post",
            &profile(&format!(r#""origin_country_iso":"{origin}""#), &[&home]),
        )
    };
    assert_eq!(of("FR"), [pair("/data/origin_postal_code", "required")]);
    assert_eq!(of("HK"), []);
    let empty = r#""origin_country_iso":"FR","origin_postal_code":" ""#;
    let expected = [pair("/data/origin_postal_code", "not-allowed")];
    assert_eq!(wrong("Post", &profile(empty, &[&home])), expected);
}

#[test]
fn a_place_stands_once() {
    let home = to(r#""destination_country_iso":"FR""#);
    let expected = [pair("/data/destinations/1", "repeated")];
    assert_eq!(wrong("Post", &paris(&[&home, &home])), expected);
}

#[test]
fn what_is_no_document_is_refused() {
    for data in ["", "null", "[]", "7", "\"text\"", "{", "{\"a\":1}x"] {
        let expected = [pair("/data", "not-an-object")];
        assert_eq!(wrong("Post", data), expected, "{data}");
    }
    let expected = [pair("/data/destinations", "not-allowed")];
    assert_eq!(wrong("Post", &paris(&[])), expected);
    let many = vec!["7"; 301];
    assert_eq!(wrong("Post", &paris(&many)), expected);
}

#[test]
fn a_profile_on_etsy_is_recognised_whole_and_in_part() {
    let home = to(r#""destination_country_iso":"FR""#);
    let europe = to(r#""destination_region":"eu""#);
    let wanted = shipping(
        "Post & parcel",
        &paris(&[&home, &europe]),
        &mut Violations::default(),
    )
    .unwrap();
    let cost = r#""primary_cost":{"amount":4900,"divisor":1000},"secondary_cost":{"amount":0,"divisor":100}"#;
    let there = |places: &[&str]| {
        let days = r#""min_delivery_days":2,"max_delivery_days":5"#;
        let destinations: Vec<String> = places
            .iter()
            .map(|place| format!("{{{place},{cost},{days}}}"))
            .collect();
        format!(
            r#"{{"title":"Post &amp; parcel","origin_country_iso":"FR","origin_postal_code":"75011","is_deleted":false,
            "shipping_profile_destinations":[{}]}}"#,
            destinations.join(",")
        )
    };
    let france = r#""destination_country_iso":"FR","destination_region":"none""#;
    let eu = r#""destination_country_iso":"","destination_region":"eu""#;
    let japan = r#""destination_country_iso":"JP","destination_region":"none""#;
    let judge = |json: &str| {
        let object = Object::parse(json.as_bytes()).unwrap();
        let missing: Vec<usize> = wanted.missing(&object).map(|(place, _)| place).collect();
        (wanted.is(&object), wanted.may_be(&object), missing)
    };
    assert_eq!(judge(&there(&[eu, france])), (true, true, vec![]));
    assert_eq!(judge(&there(&[france])), (false, true, vec![1]));
    assert_eq!(judge(&there(&[france, eu, japan])), (false, false, vec![]));
    let other = there(&[france, eu]).replace("4900", "4901");
    assert_eq!(judge(&other), (false, true, vec![]));
    let deleted = there(&[france, eu]).replace("false", "true");
    assert_eq!(judge(&deleted), (false, false, vec![]));
}

#[test]
fn a_yen_has_no_fraction() {
    let home = to(r#""destination_country_iso":"FR""#);
    let profile = shipping("Post", &paris(&[&home]), &mut Violations::default()).unwrap();
    let of = |currency| {
        let mut violations = Violations::default();
        profile.check_costs(currency, &mut violations);
        pairs(violations.as_slice())
    };
    let expected = [pair("/data/destinations/0/primary_cost", "too-fine")];
    assert_eq!(of(Some("JPY")), expected);
    assert_eq!(of(Some("EUR")), []);
    assert_eq!(of(None), []);
}

#[test]
fn carriers_are_held_against_those_of_the_country() {
    let known = br#"{"results":[{"shipping_carrier_id":1,"name":"La Poste","domestic_classes":[{"mail_class_key":"colissimo","name":"Colissimo"}],
        "international_classes":[{"mail_class_key":"world","name":"World"}]}]}"#;
    let by = |place: &str, id: &str, class: &str| {
        format!(
            r#"{{"destination_country_iso":"{place}","primary_cost":"1","secondary_cost":"1","shipping_carrier_id":"{id}","mail_class":"{class}"}}"#
        )
    };
    let all = [
        by("FR", "1", "colissimo"),
        by("US", "1", "world"),
        by("DE", "2", "world"),
        by("JP", "1", "pigeon"),
    ];
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut violations = Violations::default();
    let profile = shipping("Post", &paris(&all), &mut violations).unwrap();
    profile.check_carriers(&Object::parse(known).unwrap(), &mut violations);
    let expected = [
        pair("/data/destinations/2/shipping_carrier_id", "no-such-choice"),
        pair("/data/destinations/3/mail_class", "no-such-choice"),
    ];
    assert_eq!(pairs(violations.as_slice()), expected);
    let messages: Vec<&str> = violations
        .as_slice()
        .iter()
        .map(|violation| violation.message.as_str())
        .collect();
    assert!(messages[0].contains("1 (La Poste)"), "{}", messages[0]);
    assert!(messages[1].contains("world (World)"), "{}", messages[1]);
}

#[test]
fn a_deadline_goes_with_what_may_come_back() {
    let of = |data: &str| {
        let mut violations = Violations::default();
        let returns = Returns::read(data, &mut violations);
        let form = returns.map(Returns::form);
        (
            form.map(|form| form.len()),
            pairs(violations.as_slice())
                .into_iter()
                .map(|(path, _)| path)
                .collect::<Vec<_>>(),
        )
    };
    let deadline = vec!["/data/return_deadline".to_owned()];
    let accepts = |returns: bool, rest: &str| {
        format!(r#"{{"accepts_returns":{returns},"accepts_exchanges":false{rest}}}"#)
    };
    assert_eq!(
        of(&accepts(true, ",\"return_deadline\":30")),
        (Some(3), vec![])
    );
    assert_eq!(of(&accepts(false, "")), (Some(2), vec![]));
    for wrong in [
        accepts(true, ""),
        accepts(true, ",\"return_deadline\":31"),
        accepts(false, ",\"return_deadline\":30"),
    ] {
        assert_eq!(of(&wrong).1, deadline, "{wrong}");
    }
    assert_eq!(
        of("{}").1,
        ["/data/accepts_returns", "/data/accepts_exchanges"]
    );
}

#[test]
fn processing_takes_from_one_to_ten() {
    let of = |min: &str, max: &str| {
        let data = format!(
            r#"{{"readiness_state":"made_to_order","min_processing_time":{min},"max_processing_time":{max}}}"#
        );
        let mut violations = Violations::default();
        let form = processing_form(&data, &mut violations);
        (
            form.map(|form| form[3].1.clone()),
            pairs(violations.as_slice()).len(),
        )
    };
    assert_eq!(of("1", "10.0"), (Some("days".to_owned()), 0));
    assert_eq!(of("0", "11"), (None, 2));
    assert_eq!(of("1.5", "\"2\""), (None, 2));
    assert_eq!(of("3", "2").1, 1);
}

#[test]
fn a_schema_says_what_the_check_does() {
    for kind in [
        PolicyKind::Shipping,
        PolicyKind::Returns,
        PolicyKind::Processing,
    ] {
        let schema = data_schema(kind).unwrap();
        let schema: Value = serde_json::from_str(&schema).unwrap();
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert_eq!(schema["additionalProperties"], false);
        // The examples of the members make a document that is taken.
        let properties = schema["properties"].as_object().unwrap();
        let mut example = serde_json::Map::new();
        for (name, member) in properties {
            for word in ["title", "description"] {
                assert!(!member[word].as_str().unwrap().is_empty(), "{name} {word}");
            }
            example.insert(name.clone(), member["examples"][0].clone());
        }
        let example = Value::Object(example).to_string();
        let mut violations = Violations::default();
        match kind {
            PolicyKind::Shipping => {
                assert!(shipping("Post", &example, &mut violations).is_some())
            }
            PolicyKind::Returns => assert!(Returns::read(&example, &mut violations).is_some()),
            _ => assert!(processing_form(&example, &mut violations).is_some()),
        }
        assert!(violations.is_empty(), "{violations:?}");
    }
    assert_eq!(data_schema(PolicyKind::Payment), None);
    assert_eq!(data_schema(PolicyKind::Location), None);
}

#[test]
fn a_form_can_offer_the_countries() {
    let schema = data_schema(PolicyKind::Shipping).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let offered = schema["properties"]["origin_country_iso"]["enum"]
        .as_array()
        .unwrap();
    assert_eq!(offered.len(), countries().count());
    assert!(
        POSTAL_CODES
            .iter()
            .all(|code| offered.contains(&json!(code)))
    );
    let destination = &schema["properties"]["destinations"]["items"];
    assert_eq!(
        destination["required"],
        json!(["primary_cost", "secondary_cost"])
    );
    assert_eq!(destination["allOf"].as_array().unwrap().len(), 2);
}
