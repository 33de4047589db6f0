//! What a shop has besides listings.

use reqwest::Method;
use serde_json::json;

use crate::harness::World;

#[tokio::test]
async fn a_token_knows_its_user_and_shop() {
    let world = World::start().await;
    let me = world
        .get("/v3/application/users/me")
        .await
        .expect(200)
        .json();
    assert_eq!(me, json!({ "user_id": 2001, "shop_id": 5001 }));
    let user = world
        .get("/v3/application/users/2001")
        .await
        .expect(200)
        .json();
    assert_eq!(user["primary_email"], "vieuxparis@example.com");
    world.get("/v3/application/users/2002").await.expect(404);
    let shop = world
        .get("/v3/application/users/2001/shops")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&shop["shop_name"], &shop["currency_code"]),
        (&json!("Vieux Paris"), &json!("EUR"))
    );
    let texts = [
        ("title", "Old things"),
        ("announcement", "Closed in August"),
    ];
    let shop = world
        .form(Method::PUT, &world.shop(""), &texts)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&shop["title"], &shop["announcement"]),
        (&json!("Old things"), &json!("Closed in August"))
    );
    world
        .get(&world.shop("/production-partners"))
        .await
        .expect(200);
    let world = world.signed_in_as(1);
    let policy = [("policy_additional", "For the EU only")];
    world
        .form(Method::PUT, &world.shop(""), &policy)
        .await
        .expect(400);
}

#[tokio::test]
async fn sections_have_short_titles_and_a_number() {
    let world = World::start().await;
    let path = world.shop("/sections");
    let made = world
        .post(&path, &[("title", "Mugs")])
        .await
        .expect(200)
        .json();
    assert_eq!((&made["title"], &made["rank"]), (&json!("Mugs"), &json!(2)));
    let one = format!("{path}/{}", made["shop_section_id"]);
    world.post(&path, &[("title", "Mugs")]).await.expect(400);
    world.post(&path, &[("title", "")]).await.expect(400);
    world
        .post(&path, &[("title", &"x".repeat(25))])
        .await
        .expect(400);
    world.post(&path, &[]).await.expect(400);
    world
        .form(Method::PUT, &one, &[("title", "Cups")])
        .await
        .expect(200);
    assert_eq!(world.get(&one).await.expect(200).json()["title"], "Cups");
    let section = made["shop_section_id"].to_string();
    let listing = world.draft(&[("shop_section_id", &section)]).await;
    world.delete(&one).await.expect(204);
    world.get(&one).await.expect(404);
    assert_eq!(world.read(listing).await["shop_section_id"], json!(null));
    for number in 2..=20 {
        world
            .post(&path, &[("title", &format!("Shelf {number}"))])
            .await
            .expect(200);
    }
    world
        .post(&path, &[("title", "One too many")])
        .await
        .expect(400);
    assert_eq!(world.get(&path).await.expect(200).json()["count"], 20);
}

#[tokio::test]
async fn an_identical_processing_profile_is_a_conflict_that_names_the_other() {
    let world = World::start().await;
    let path = world.shop("/readiness-state-definitions");
    let fields = [
        ("readiness_state", "made_to_order"),
        ("min_processing_time", "1"),
        ("max_processing_time", "2"),
        ("processing_time_unit", "weeks"),
    ];
    let made = world.post(&path, &fields).await.expect(201).json();
    assert_eq!(
        (&made["min_processing_days"], &made["max_processing_days"]),
        (&json!(5), &json!(10))
    );
    assert_eq!(made["processing_days_display_label"], "1-2 weeks");
    let conflict = world.post(&path, &fields).await.expect(409);
    let location = conflict.header("content-location");
    assert!(
        location.ends_with(&format!("{path}/{}", made["readiness_state_id"])),
        "{location}"
    );
    let there = location.strip_prefix(world.sandbox.url()).unwrap();
    assert_eq!(world.get(there).await.expect(200).json(), made);
    world
        .post(&path, &[fields[0], fields[2], ("min_processing_time", "3")])
        .await
        .expect(400);
    world
        .post(
            &path,
            &[fields[0], fields[1], ("max_processing_time", "11")],
        )
        .await
        .expect(400);
    assert_eq!(world.get(&path).await.expect(200).json()["count"], 2);
    world
        .form(Method::PUT, there, &[("max_processing_time", "3")])
        .await
        .expect(200);
    world.active(&[]).await;
    world.delete(&format!("{path}/70001")).await.expect(400);
    world.delete(there).await.expect(204);
}

#[tokio::test]
async fn return_policies_differ_and_can_be_merged() {
    let world = World::start().await;
    let path = world.shop("/policies/return");
    let fields = |returns, deadline| {
        [
            ("accepts_returns", returns),
            ("accepts_exchanges", "false"),
            ("return_deadline", deadline),
        ]
    };
    let made = world
        .post(&path, &fields("true", "14"))
        .await
        .expect(200)
        .json();
    world.post(&path, &fields("true", "14")).await.expect(400);
    world.post(&path, &fields("true", "15")).await.expect(400);
    world
        .post(&path, &fields("true", "30")[..2])
        .await
        .expect(400);
    world
        .post(&path, &fields("false", "7")[..2])
        .await
        .expect(200);
    let source = made["return_policy_id"].to_string();
    let listing = world.active(&[("return_policy_id", &source)]).await;
    let listings = world
        .get(&format!("{path}/{source}/listings"))
        .await
        .expect(200)
        .json();
    assert_eq!(listings["results"][0]["listing_id"], listing);
    world.delete(&format!("{path}/{source}")).await.expect(400);
    let merge = [
        ("source_return_policy_id", source.as_str()),
        ("destination_return_policy_id", "80001"),
    ];
    world
        .post(&format!("{path}/consolidate"), &merge)
        .await
        .expect(200);
    world.get(&format!("{path}/{source}")).await.expect(404);
    assert_eq!(world.read(listing).await["return_policy_id"], 80_001);
    world
        .form(Method::PUT, &format!("{path}/80001"), &fields("true", "60"))
        .await
        .expect(200);
    assert_eq!(world.get(&path).await.expect(200).json()["count"], 2);
}

#[tokio::test]
async fn shipping_profiles_say_where_how_and_for_how_much() {
    let world = World::start().await;
    let path = world.shop("/shipping-profiles");
    let usual = [
        ("title", "By post"),
        ("origin_country_iso", "FR"),
        ("origin_postal_code", "75011"),
        ("primary_cost", "4.90"),
        ("secondary_cost", "2"),
        ("destination_country_iso", "FR"),
        ("min_delivery_days", "2"),
        ("max_delivery_days", "5"),
    ];
    let with = |other: &[(&'static str, &'static str)]| -> Vec<(&'static str, &'static str)> {
        let kept = usual
            .into_iter()
            .filter(|(name, _)| !other.iter().any(|(it, _)| it == name));
        kept.chain(other.iter().copied().filter(|(_, value)| *value != "-"))
            .collect()
    };
    let made = world.post(&path, &usual).await.expect(200).json();
    let destination = &made["shipping_profile_destinations"][0];
    assert_eq!(destination["primary_cost"]["amount"], 490);
    assert_eq!(
        (
            &destination["min_delivery_days"],
            &destination["mail_class"]
        ),
        (&json!(2), &json!(null))
    );
    for wrong in [
        &[("destination_region", "eu")][..],
        &[("destination_country_iso", "-")],
        &[("min_delivery_days", "-")],
        &[("min_delivery_days", "6")],
        &[("max_delivery_days", "46")],
        &[("origin_postal_code", "-")],
        &[("origin_country_iso", "France")],
        &[("title", " ")],
        &[("shipping_carrier_id", "1"), ("mail_class", "pigeon")],
        &[
            ("shipping_carrier_id", "3"),
            ("mail_class", "priority-mail"),
        ],
    ] {
        world.post(&path, &with(wrong)).await.expect(400);
    }
    let carrier = with(&[
        ("shipping_carrier_id", "1"),
        ("mail_class", "colissimo"),
        ("min_delivery_days", "-"),
        ("max_delivery_days", "-"),
    ]);
    world.post(&path, &carrier).await.expect(200);
    assert_eq!(world.get(&path).await.expect(200).json()["count"], 3);

    let one = format!("{path}/{}", made["shipping_profile_id"]);
    let destinations = format!("{one}/destinations");
    let europe = [
        ("primary_cost", "9"),
        ("secondary_cost", "4"),
        ("destination_region", "eu"),
        ("min_delivery_days", "3"),
        ("max_delivery_days", "9"),
    ];
    let made = world.post(&destinations, &europe).await.expect(201).json();
    assert_eq!(made["destination_region"], "eu");
    world.post(&destinations, &europe).await.expect(400);
    assert_eq!(
        world.get(&destinations).await.expect(200).json()["count"],
        2
    );
    world.get(&format!("{one}/upgrades")).await.expect(200);
    world
        .delete(&format!(
            "{destinations}/{}",
            made["shipping_profile_destination_id"]
        ))
        .await
        .expect(204);
    world.get(&one).await.expect(200);
    world.delete(&one).await.expect(204);
    world.get(&one).await.expect(404);
}

#[tokio::test]
async fn carriers_are_of_a_country() {
    let world = World::start().await;
    let path = "/v3/application/shipping-carriers?origin_country_iso=";
    let found = world.get(&format!("{path}FR")).await.expect(200).json();
    assert_eq!(
        found["results"][0]["domestic_classes"][0]["mail_class_key"],
        "colissimo"
    );
    world.get(&format!("{path}france")).await.expect(400);
    world
        .get("/v3/application/shipping-carriers")
        .await
        .expect(400);
}
