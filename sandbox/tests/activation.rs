//! The life of a listing: which state may follow which, and what each needs.

use std::time::Duration;

use serde_json::json;

use crate::harness::{World, draft};

const DAY: u64 = 86_400;

async fn state(world: &World, id: i64) -> String {
    world.read(id).await["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn publishing_needs_an_image() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let answer = world.patch(id, &[("state", "active")]).await.expect(400);
    assert_eq!(
        answer.violation(),
        ("/images".to_owned(), "array_too_short".to_owned())
    );
    world.image(id, "1").await;
    let listing = world
        .patch(id, &[("state", "active")])
        .await
        .expect(200)
        .json();
    assert_eq!(listing["state"], "active");
    assert!(
        listing["url"]
            .as_str()
            .unwrap()
            .ends_with("/listing/1000001/stoneware-mug-blue")
    );
    assert_eq!(listing["readiness_state_id"], 70_001);
    assert_eq!(world.sandbox.state()["listings"][0]["sandbox_fees"], 1);
}

#[tokio::test]
async fn a_return_policy_is_needed_outside_the_european_union() {
    let world = World::start().await.signed_in_as(1);
    let other = [
        ("shipping_profile_id", "60002"),
        ("readiness_state_id", "70002"),
    ];
    let id = world.draft(&other).await;
    world.image(id, "1").await;
    let error = world
        .patch(id, &[("state", "active")])
        .await
        .expect(400)
        .error();
    assert!(error.contains("return policy"), "{error}");
    assert_eq!(state(&world, id).await, "draft");
    world
        .patch(id, &[("return_policy_id", "80002"), ("state", "active")])
        .await
        .expect(200);
}

#[tokio::test]
async fn an_incomplete_shipping_profile_keeps_a_listing_from_buyers() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    world.image(id, "1").await;
    for destination in [61_001, 61_002] {
        let path = format!("/shipping-profiles/60001/destinations/{destination}");
        world.delete(&world.shop(&path)).await.expect(204);
    }
    let error = world
        .patch(id, &[("state", "active")])
        .await
        .expect(400)
        .error();
    assert!(
        error.contains("60001") && error.contains("destination"),
        "{error}"
    );
    world
        .delete(&world.shop("/shipping-profiles/60001"))
        .await
        .expect(204);
    let error = world
        .patch(id, &[("state", "active")])
        .await
        .expect(400)
        .error();
    assert!(error.contains("shipping profile is required"), "{error}");
}

#[tokio::test]
async fn a_deactivated_listing_comes_back_without_a_fee() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    world.patch(id, &[("state", "inactive")]).await.expect(200);
    assert_eq!(state(&world, id).await, "inactive");
    world.patch(id, &[("state", "active")]).await.expect(200);
    assert_eq!(world.sandbox.state()["listings"][0]["sandbox_fees"], 1);
    // Setting the state that it has changes nothing.
    world.patch(id, &[("state", "active")]).await.expect(200);
}

#[tokio::test]
async fn there_is_no_way_back_to_a_draft() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    world.patch(id, &[("state", "inactive")]).await.expect(400);
    for refused in ["draft", "sold_out", "expired", "removed"] {
        world.patch(id, &[("state", refused)]).await.expect(400);
    }
}

#[tokio::test]
async fn renewing_what_is_sold_out_sets_its_quantity_to_one() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    world.sandbox.set_listing_state(id, "sold_out").unwrap();
    assert_eq!(world.read(id).await["quantity"], 0);
    let error = world
        .patch(id, &[("state", "inactive")])
        .await
        .expect(400)
        .error();
    assert_eq!(error, "quantity cannot be empty");
    let listing = world
        .patch(id, &[("state", "active")])
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&listing["quantity"], &listing["state"]),
        (&json!(1), &json!("active"))
    );
    assert_eq!(world.sandbox.state()["listings"][0]["sandbox_fees"], 2);
}

#[tokio::test]
async fn a_listing_expires_after_four_months_or_renews_itself() {
    let mut world = World::start().await;
    let short = world.active(&[]).await;
    let long = world.active(&[("should_auto_renew", "true")]).await;
    let ends = world.read(long).await["ending_timestamp"].as_i64().unwrap();
    world.sandbox.advance(Duration::from_secs(125 * DAY));
    world.token = world
        .sandbox
        .issue_tokens(world.seller.user_id, &[])
        .unwrap()
        .access_token;
    assert_eq!(state(&world, short).await, "expired");
    let renewed = world.read(long).await;
    assert_eq!(
        (&renewed["state"], &renewed["creation_timestamp"]),
        (&json!("active"), &json!(ends))
    );
    assert!(
        renewed["original_creation_timestamp"].as_i64() < renewed["creation_timestamp"].as_i64()
    );
    world
        .patch(short, &[("state", "inactive")])
        .await
        .expect(400);
    world.patch(short, &[("state", "active")]).await.expect(200);
    assert_eq!(state(&world, short).await, "active");
}

#[tokio::test]
async fn a_frozen_listing_is_not_publishable() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    world.image(id, "1").await;
    world.sandbox.set_frozen(id, true).unwrap();
    let error = world
        .patch(id, &[("state", "active")])
        .await
        .expect(400)
        .error();
    assert!(
        error.contains("not publishable because it's frozen"),
        "{error}"
    );
}

#[tokio::test]
async fn states_that_the_document_does_not_name_can_be_read() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    world.sandbox.set_listing_state(id, "edit").unwrap();
    let reply = world.request(
        reqwest::Method::GET,
        &format!("/v3/application/listings/{id}"),
    );
    let listing: serde_json::Value = reply.send().await.unwrap().json().await.unwrap();
    assert_eq!(listing["state"], "edit");
    // It is an old name of inactive.
    world.patch(id, &[("state", "active")]).await.expect(200);
    world.sandbox.set_listing_state(id, "removed").unwrap();
    world.patch(id, &[("state", "active")]).await.expect(400);
    world
        .delete(&format!("/v3/application/listings/{id}"))
        .await
        .expect(409);
}

#[tokio::test]
async fn deleting_works_in_every_state_and_once() {
    let world = World::start().await;
    let draft = world.draft(&[]).await;
    let active = world.active(&[]).await;
    for id in [draft, active] {
        let path = format!("/v3/application/listings/{id}");
        world.delete(&path).await.expect(204);
        world.get(&path).await.expect(404);
        world.delete(&path).await.expect(404);
    }
}

#[tokio::test]
async fn a_digital_listing_has_no_shipping_and_no_processing() {
    let world = World::start().await;
    let fields = draft(&[("type", "download"), ("readiness_state_id", "-")]);
    let listing = world
        .post(&world.shop("/listings"), &fields)
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&listing["listing_type"], &listing["shipping_profile_id"]),
        (&json!("download"), &json!(null))
    );
    world.create(&[("type", "download")]).await.expect(400);
}
