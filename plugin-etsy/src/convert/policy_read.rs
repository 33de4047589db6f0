//! The seller's policies as the contract has them: a name and one line for people, and Etsy's own
//! members beside them, because the line does not say everything.

use super::matrix_read::{amount, currency};
use super::text::decode;
use crate::id::Id;
use stoflow_plugin_sdk::policies::Policy;
use stoflow_plugin_sdk::types::PolicyKind;
use stoflow_plugin_sdk::{Decimal, Object};

/// The kinds that Etsy has.
pub const KINDS: [PolicyKind; 3] = [
    PolicyKind::Shipping,
    PolicyKind::Returns,
    PolicyKind::Processing,
];

/// The policies in a reply that lists some. Deleted ones are left out.
#[must_use]
pub fn policies(kind: PolicyKind, reply: &Object<'_>) -> Vec<Policy> {
    let results = reply.list("results").into_iter();
    results.filter_map(|one| policy(kind, one.get())).collect()
}

/// One policy; `None` where even the id is missing, and for a deleted one.
#[must_use]
pub fn policy(kind: PolicyKind, json: &str) -> Option<Policy> {
    let object = Object::parse(json.as_bytes()).ok()?;
    if object.boolean("is_deleted") == Some(true) {
        return None;
    }
    let (id, name, summary) = match kind {
        PolicyKind::Shipping => (
            "shipping_profile_id",
            object.words("title").map(|title| decode(&title)),
            shipping(&object),
        ),
        PolicyKind::Returns => (
            "return_policy_id",
            Some(returns_title(&object)),
            returns_title(&object),
        ),
        PolicyKind::Processing => (
            "readiness_state_id",
            object.words("processing_days_display_label"),
            processing(&object),
        ),
        PolicyKind::Payment | PolicyKind::Location => return None,
    };
    let id = Id::parse(&object.text(id)?)?.to_string();
    Some(Policy {
        kind,
        name: name.unwrap_or_else(|| id.clone()),
        id,
        summary,
        extension: extension(json),
    })
}

/// All that Etsy says of it but what it is called by.
fn extension(json: &str) -> Option<String> {
    let object = Object::parse(json.as_bytes()).ok()?;
    object.skip(&[
        "shipping_profile_id",
        "return_policy_id",
        "readiness_state_id",
        "shop_id",
        "user_id",
        "is_deleted",
    ]);
    object.unread()
}

/// What a return policy, which has no title of its own, is called.
#[must_use]
pub fn returns_title(object: &Object<'_>) -> String {
    let deadline = object
        .integer("return_deadline")
        .map(|days| format!(" within {days} days"))
        .unwrap_or_default();
    match (
        object.boolean("accepts_returns"),
        object.boolean("accepts_exchanges"),
    ) {
        (Some(true), Some(true)) => format!("returns and exchanges{deadline}"),
        (Some(true), _) => format!("returns{deadline}"),
        (_, Some(true)) => format!("exchanges{deadline}"),
        _ => "no returns".to_owned(),
    }
}

/// `from FR to FR for 5.00 EUR, everywhere else for 15.00 EUR`.
fn shipping(profile: &Object<'_>) -> String {
    let origin = profile.words("origin_country_iso");
    let from = origin.map_or_else(|| "to ".to_owned(), |origin| format!("from {origin} to "));
    let destinations = profile.objects("shipping_profile_destinations");
    if destinations.is_empty() {
        return format!("{from}nowhere");
    }
    let to: Vec<String> = destinations.iter().map(destination).collect();
    format!("{from}{}", to.join(", "))
}

fn destination(destination: &Object<'_>) -> String {
    let region = destination.words("destination_region");
    let place = destination
        .words("destination_country_iso")
        .unwrap_or_else(|| match region.as_deref() {
            Some("eu") => "the European Union".to_owned(),
            Some("non_eu") => "Europe outside the Union".to_owned(),
            None | Some("none") => "everywhere else".to_owned(),
            Some(other) => other.to_owned(),
        });
    match destination.object("primary_cost") {
        Some(cost) => format!("{place} for {}", money(&cost)),
        None => place,
    }
}

fn money(cost: &Object<'_>) -> String {
    let number = amount(cost).map(|number: Decimal| number.to_string());
    let currency = currency(cost).unwrap_or_default();
    format!("{} {currency}", number.unwrap_or_else(|| "?".to_owned()))
        .trim()
        .to_owned()
}

/// `ready to ship, 1 to 3 days`.
fn processing(profile: &Object<'_>) -> String {
    let state = profile.words("readiness_state").unwrap_or_default();
    let days = (
        profile.integer("min_processing_days"),
        profile.integer("max_processing_days"),
    );
    let days = match days {
        (Some(min), Some(max)) if min == max => format!("{max} days"),
        (Some(min), Some(max)) => format!("{min} to {max} days"),
        _ => String::new(),
    };
    let parts = [state.replace('_', " "), days];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: PolicyKind, json: &str) -> Option<Policy> {
        policy(kind, json)
    }

    #[test]
    fn a_shipping_profile_says_where_to_and_for_how_much() {
        let json = r#"{"shipping_profile_id":9007199254740993,"title":"Post &amp; parcel","origin_country_iso":"FR",
            "is_deleted":false,"shipping_profile_destinations":[
            {"destination_country_iso":"FR","destination_region":"none","primary_cost":{"amount":490,"divisor":100,"currency_code":"EUR"}},
            {"destination_country_iso":"","destination_region":"eu","primary_cost":{"amount":9,"divisor":1,"currency_code":"EUR"}},
            {"destination_country_iso":null,"destination_region":"none","primary_cost":null}]}"#;
        let policy = read(PolicyKind::Shipping, json).unwrap();
        assert_eq!(
            (policy.id.as_str(), policy.name.as_str()),
            ("9007199254740993", "Post & parcel")
        );
        assert_eq!(
            policy.summary,
            "from FR to FR for 4.90 EUR, the European Union for 9 EUR, everywhere else"
        );
        let extension = policy.extension.unwrap();
        assert!(
            extension.contains("\"amount\":490") && !extension.contains("shipping_profile_id"),
            "{extension}"
        );
    }

    #[test]
    fn the_other_kinds_are_named_by_what_they_say() {
        let returns = r#"{"return_policy_id":"3","accepts_returns":true,"accepts_exchanges":false,"return_deadline":30}"#;
        let policy = read(PolicyKind::Returns, returns).unwrap();
        assert_eq!(policy.name, "returns within 30 days");
        let processing = r#"{"readiness_state_id":4,"readiness_state":"made_to_order","min_processing_days":5,
            "max_processing_days":10,"processing_days_display_label":"1-2 weeks"}"#;
        let policy = read(PolicyKind::Processing, processing).unwrap();
        assert_eq!(
            (policy.name.as_str(), policy.summary.as_str()),
            ("1-2 weeks", "made to order, 5 to 10 days")
        );
    }

    #[test]
    fn what_is_deleted_or_nameless_is_left_out_and_what_is_odd_is_not() {
        let deleted = r#"{"shipping_profile_id":1,"is_deleted":true}"#;
        assert!(read(PolicyKind::Shipping, deleted).is_none());
        assert!(read(PolicyKind::Shipping, "{}").is_none());
        assert!(read(PolicyKind::Shipping, "[]").is_none());
        let bare = read(
            PolicyKind::Shipping,
            r#"{"shipping_profile_id":1,"shipping_profile_destinations":7}"#,
        )
        .unwrap();
        assert_eq!(
            (bare.name.as_str(), bare.summary.as_str()),
            ("1", "to nowhere")
        );
        let new = r#"{"readiness_state_id":4,"readiness_state":"on_the_moon"}"#;
        assert_eq!(
            read(PolicyKind::Processing, new).unwrap().summary,
            "on the moon"
        );
        assert_eq!(
            policies(
                PolicyKind::Returns,
                &Object::parse(
                    br#"{"results":[1,null,{"return_policy_id":3,"accepts_returns":false}]}"#
                )
                .unwrap()
            )
            .len(),
            1
        );
    }
}
