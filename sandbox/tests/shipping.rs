//! Shipping profiles after they were made: changed, with destinations and upgrades.

use reqwest::Method;
use serde_json::json;

use crate::harness::World;

/// The profile that the first seller's shop begins with, and its first destination.
const PROFILE: &str = "/shipping-profiles/60001";
const DESTINATION: &str = "/shipping-profiles/60001/destinations/61001";

const DAYS: [(&str, &str); 2] = [("min_delivery_days", "1"), ("max_delivery_days", "2")];

#[tokio::test]
async fn a_profile_keeps_what_an_update_leaves_out() {
    let world = World::start().await;
    let path = world.shop(PROFILE);
    let put = async |fields: &[(&str, &str)]| world.form(Method::PUT, &path, fields).await;
    let before = world.get(&path).await.expect(200).json();
    let after = put(&[("title", "By bicycle")]).await.expect(200).json();
    assert_eq!(after["title"], "By bicycle");
    assert_eq!(after["origin_postal_code"], before["origin_postal_code"]);
    let destinations = "shipping_profile_destinations";
    assert_eq!(after[destinations], before[destinations]);
    put(&[("title", " ")]).await.expect(400);
    // A country that has postal codes needs one of its own.
    put(&[("origin_country_iso", "US")]).await.expect(400);
    let moved = [
        ("origin_country_iso", "US"),
        ("origin_postal_code", "66044"),
    ];
    let moved = put(&moved).await.expect(200).json();
    assert_eq!(moved["origin_country_iso"], "US");
    let times = [("min_processing_time", "5"), ("max_processing_time", "3")];
    put(&times).await.expect(400);
    let other = world.shop("/shipping-profiles/5");
    let missing = world.form(Method::PUT, &other, &[("title", "x")]).await;
    missing.expect(404);
}

#[tokio::test]
async fn a_profile_does_not_move_where_its_carriers_are_not() {
    let world = World::start().await;
    let carrier = [("shipping_carrier_id", "1"), ("mail_class", "colissimo")];
    let path = world.shop(DESTINATION);
    world.form(Method::PUT, &path, &carrier).await.expect(200);
    let moved = [
        ("origin_country_iso", "DE"),
        ("origin_postal_code", "10115"),
    ];
    let refused = world.form(Method::PUT, &world.shop(PROFILE), &moved).await;
    assert!(
        refused
            .expect(400)
            .error()
            .contains("does not ship from DE")
    );
}

#[tokio::test]
async fn a_destination_is_a_country_or_a_region_and_arrives_by_carrier_or_days() {
    let world = World::start().await;
    let path = world.shop(DESTINATION);
    let put = async |fields: &[(&str, &str)]| world.form(Method::PUT, &path, fields).await;
    let dearer = put(&[("primary_cost", "6.50")]).await.expect(200).json();
    assert_eq!(dearer["primary_cost"]["amount"], 650);
    assert_eq!(
        (
            &dearer["destination_country_iso"],
            &dearer["min_delivery_days"]
        ),
        (&json!("FR"), &json!(2))
    );
    let europe = put(&[("destination_region", "eu")])
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            &europe["destination_country_iso"],
            &europe["destination_region"]
        ),
        (&json!(""), &json!("eu"))
    );
    let carrier = [("shipping_carrier_id", "1"), ("mail_class", "colissimo")];
    let sent = put(&carrier).await.expect(200).json();
    assert_eq!(
        (&sent["mail_class"], &sent["min_delivery_days"]),
        (&json!("colissimo"), &json!(null))
    );
    for wrong in [
        &[
            ("destination_country_iso", "DE"),
            ("destination_region", "eu"),
        ][..],
        &[("mail_class", "colissimo")],
        &[("shipping_carrier_id", "1")],
        &[("min_delivery_days", "3")],
        &[("min_delivery_days", "3"), ("max_delivery_days", "46")],
        &[("destination_country_iso", "Germany")],
        &[("primary_cost", "-1")],
    ] {
        put(wrong).await.expect(400);
    }
    // Everywhere else is the second destination of the profile.
    let second = world.shop("/shipping-profiles/60001/destinations/61002");
    let same = [("destination_region", "eu")];
    world.form(Method::PUT, &second, &same).await.expect(400);
    let missing = world.shop("/shipping-profiles/60001/destinations/5");
    world.form(Method::PUT, &missing, &same).await.expect(404);
}

#[tokio::test]
async fn an_upgrade_is_ranked_priced_and_part_of_its_profile() {
    let world = World::start().await;
    let path = world.shop("/shipping-profiles/60001/upgrades");
    let named = |name: &'static str| {
        let mut fields = vec![
            ("type", "0"),
            ("upgrade_name", name),
            ("price", "3.50"),
            ("secondary_price", "1"),
        ];
        fields.extend(DAYS);
        fields
    };
    let made = world
        .post(&path, &named("Express"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&made["rank"], &made["price"]["amount"], &made["type"]),
        (&json!(1), &json!(350), &json!(0))
    );
    let second = world.post(&path, &named("Signed")).await.expect(200).json();
    assert_eq!(second["rank"], 2);
    let one = format!("{path}/{}", made["upgrade_id"]);
    let change = [("type", "1"), ("price", "4")];
    let changed = world.form(Method::PUT, &one, &change).await.expect(200);
    let changed = changed.json();
    assert_eq!(
        (
            &changed["type"],
            &changed["upgrade_name"],
            &changed["max_delivery_days"]
        ),
        (&json!(1), &json!("Express"), &json!(2))
    );
    let profile = world.get(&world.shop(PROFILE)).await.expect(200).json();
    assert_eq!(profile["shipping_profile_upgrades"][0], changed);
    world.post(&path, &named("Express")[..4]).await.expect(400);
    world.post(&path, &named(" ")).await.expect(400);
    let kind = [("type", "2")];
    world.form(Method::PUT, &one, &kind).await.expect(400);
    world.delete(&one).await.expect(204);
    world.delete(&one).await.expect(404);
    world.form(Method::PUT, &one, &change).await.expect(404);
    assert_eq!(world.get(&path).await.expect(200).json()["count"], 1);
}

#[tokio::test]
async fn a_profile_of_another_seller_is_not_ones_own() {
    let world = World::start().await;
    let (profile, destination) = (world.shop(PROFILE), world.shop(DESTINATION));
    let upgrades = world.shop("/shipping-profiles/60001/upgrades");
    let world = world.signed_in_as(1);
    let title = [("title", "Mine now")];
    world.form(Method::PUT, &profile, &title).await.expect(403);
    let cost = [("primary_cost", "0")];
    world
        .form(Method::PUT, &destination, &cost)
        .await
        .expect(403);
    world.get(&upgrades).await.expect(403);
}
