use super::*;
use crate::settings::Settings;

const SHOP: &str = r#"{"shop_id":7,"currency_code":"EUR","is_vacation":false,"shop_location_country_iso":"FR",
    "listing_active_count":3,"digital_listing_count":0,"is_etsy_payments_onboarded":true}"#;
const PROFILE: &str = r#"{"shipping_profile_id":1,"title":"Letter","origin_country_iso":"FR","origin_postal_code":"75011",
    "shipping_profile_destinations":[{"max_delivery_days":5}]}"#;

fn setup() -> Setup {
    Setup {
        currency: Some("EUR".into()),
        country: Some("FR".into()),
        year: 2026,
        ..Setup::default()
    }
}

/// Severity and code of what is found in a shop with these shipping profiles and one of the rest.
fn of(shop: &str, profiles: &[&str], setup: &Setup) -> Vec<(Severity, String)> {
    let list = |results: &str| format!(r#"{{"results":[{results}]}}"#);
    let replies = [
        (Kind::Shipping, list(&profiles.join(","))),
        (Kind::Returns, list("")),
        (
            Kind::Processing,
            list(r#"{"readiness_state_id":4,"processing_days_display_label":"1-3 days"}"#),
        ),
    ];
    let found: Vec<Found> = replies
        .iter()
        .map(|(kind, json)| Found::of(*kind, &Object::parse(json.as_bytes()).unwrap()))
        .collect();
    let shop = Object::parse(shop.as_bytes()).unwrap();
    findings(&shop, &found, setup)
        .into_iter()
        .map(|finding| (finding.severity, finding.code))
        .collect()
}

fn code(severity: Severity, code: &str) -> (Severity, String) {
    (severity, code.to_owned())
}

#[test]
fn a_shop_of_the_union_that_has_everything_is_ready() {
    assert_eq!(of(SHOP, &[PROFILE], &setup()), []);
}

#[test]
fn a_return_policy_is_missed_outside_the_union_only() {
    let american = SHOP.replace("FR", "US");
    let mut setup = setup();
    setup.country = Some("US".into());
    let missing = [code(Severity::Blocking, "no-return-policy")];
    assert_eq!(of(&american, &[PROFILE], &setup), missing);
    let nowhere = SHOP.replace("\"FR\"", "null");
    setup.country = None;
    let missing = [code(Severity::Warning, "no-return-policy")];
    assert_eq!(of(&nowhere, &[PROFILE], &setup), missing);
}

#[test]
fn a_shop_of_downloads_ships_nothing() {
    let none = [code(Severity::Blocking, "no-shipping-profile")];
    assert_eq!(of(SHOP, &[], &setup()), none);
    let downloads = SHOP.replace("\"digital_listing_count\":0", "\"digital_listing_count\":3");
    let found = of(&downloads, &[], &setup());
    assert!(
        found
            .iter()
            .all(|(severity, _)| *severity == Severity::Info),
        "{found:?}"
    );
}

#[test]
fn a_profile_that_etsy_refuses_is_named() {
    let nowhere = PROFILE.replace(r#"[{"max_delivery_days":5}]"#, "[]");
    let no_days = PROFILE.replace("\"max_delivery_days\":5", "\"max_delivery_days\":null");
    let no_code = PROFILE.replace("\"75011\"", "null");
    for profile in [&nowhere, &no_days, &no_code] {
        let found = of(SHOP, &[profile], &setup());
        assert_eq!(
            found,
            [code(Severity::Blocking, "incomplete-shipping-profile")],
            "{profile}"
        );
    }
    let found = of(SHOP, &[PROFILE, &nowhere], &setup());
    let expected = [
        code(Severity::Warning, "incomplete-shipping-profile"),
        code(Severity::Info, "ambiguous-shipping-profile"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn settings_are_compared_with_what_there_is() {
    let mut setup = setup();
    setup.settings = Settings {
        shipping_profile: Some(" letter ".into()),
        processing_profile: Some("5".into()),
        who_made: Some("me".into()),
        when_made: Some("soon".into()),
        ..Settings::default()
    };
    let expected = [
        code(Severity::Blocking, "no-such-processing-profile"),
        code(Severity::Warning, "unknown-who-made"),
        code(Severity::Warning, "unknown-when-made"),
    ];
    assert_eq!(of(SHOP, &[PROFILE], &setup), expected);
}

#[test]
fn a_setting_that_names_two_is_open() {
    let mut setup = setup();
    setup.settings.shipping_profile = Some("Letter".into());
    let twin = PROFILE.replace("\"shipping_profile_id\":1", "\"shipping_profile_id\":2");
    let expected = [code(Severity::Blocking, "ambiguous-shipping-profile")];
    assert_eq!(of(SHOP, &[PROFILE, &twin], &setup), expected);
    setup.settings.shipping_profile = Some("2".into());
    assert_eq!(of(SHOP, &[PROFILE, &twin], &setup), []);
}

#[test]
fn what_changed_since_the_consent_is_said() {
    let moved = SHOP
        .replace("EUR", "USD")
        .replace("\"is_vacation\":false", "\"is_vacation\":true")
        .replace(
            "shop_location_country_iso\":\"FR",
            "shop_location_country_iso\":\"BE",
        )
        .replace(
            "\"is_etsy_payments_onboarded\":true",
            "\"is_etsy_payments_onboarded\":false",
        );
    let expected = [
        code(Severity::Blocking, "vacation"),
        code(Severity::Blocking, "currency-changed"),
        code(Severity::Warning, "country-changed"),
        code(Severity::Warning, "no-payments"),
    ];
    assert_eq!(of(&moved, &[PROFILE], &setup()), expected);
}

#[test]
fn a_shop_that_says_nothing_is_not_blamed_for_it() {
    let found = of(r#"{"shop_id":7}"#, &[PROFILE], &setup());
    assert_eq!(found, []);
}
