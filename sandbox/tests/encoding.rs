//! How requests must be written.

use reqwest::Method;
use serde_json::json;

use crate::harness::World;

#[tokio::test]
async fn each_operation_takes_one_content_type() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let body = json!({ "title": "Another title" });
    let json = world
        .request(Method::PATCH, &world.listing(id, ""))
        .json(&body);
    assert!(
        world
            .send(json)
            .await
            .expect(400)
            .error()
            .contains("application/x-www-form-urlencoded")
    );
    let path = format!("/v3/application/listings/{id}/inventory");
    world
        .form(Method::PUT, &path, &[("products", "[]")])
        .await
        .expect(400);
    let reason = world.sandbox.requests().pop().unwrap().reason.unwrap();
    assert!(reason.contains("application/json"), "{reason}");
    let charset = world
        .request(Method::PATCH, &world.listing(id, ""))
        .header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )
        .body("title=Caf%C3%A9");
    assert_eq!(
        world.send(charset).await.expect(200).json()["title"],
        "Café"
    );
}

#[tokio::test]
async fn lists_are_one_comma_joined_value() {
    let world = World::start().await;
    let id = world
        .draft(&[("tags", "blue, mug"), ("materials", "clay,glaze")])
        .await;
    let listing = world.read(id).await;
    assert_eq!(listing["tags"], json!(["blue", "mug"]));
    assert_eq!(listing["materials"], json!(["clay", "glaze"]));
    // Repeated keys keep only the last, brackets are another name.
    let listing = world
        .patch(id, &[("tags", "one"), ("tags", "two")])
        .await
        .expect(200)
        .json();
    assert_eq!(listing["tags"], json!(["two"]));
    let refused = world.patch(id, &[("tags[]", "one")]).await.expect(400);
    assert_eq!(refused.error(), "Unknown input parameter: [tags[]]");
}

#[tokio::test]
async fn blank_lists_fail_as_they_do_at_etsy() {
    let world = World::start().await;
    let id = world.draft(&[("tags", "blue")]).await;
    assert_eq!(
        world.patch(id, &[("tags", "")]).await.expect(500).error(),
        "Server Error"
    );
    let answer = world.patch(id, &[("image_ids", "")]).await.expect(400);
    assert_eq!(
        answer.violation(),
        ("/images".to_owned(), "array_too_short".to_owned())
    );
    assert_eq!(world.read(id).await["tags"], json!(["blue"]));
}

#[tokio::test]
async fn types_enums_and_names_are_checked() {
    let world = World::start().await;
    let cases = [
        (
            "quantity",
            "five",
            "Expected int value for 'quantity' (got 'five')",
        ),
        (
            "quantity",
            "5.0",
            "Expected int value for 'quantity' (got '5.0')",
        ),
        (
            "price",
            "a lot",
            "Expected float value for 'price' (got 'a lot')",
        ),
        (
            "is_supply",
            "no",
            "Expected bool value for 'is_supply' (got 'no')",
        ),
        ("colour", "blue", "Unknown input parameter: [colour]"),
        (
            "is_personalizable",
            "true",
            "Unknown input parameter: [is_personalizable]",
        ),
        ("title", "-", "Missing input parameter: [title]"),
    ];
    for (name, value, error) in cases {
        assert_eq!(
            world.create(&[(name, value)]).await.expect(400).error(),
            error
        );
    }
    for (name, value) in [
        ("who_made", "me"),
        ("when_made", "2020_2025"),
        ("type", "virtual"),
        ("taxonomy_id", "0"),
    ] {
        let error = world.create(&[(name, value)]).await.expect(400).error();
        assert!(
            error.starts_with(&format!("Invalid value for '{name}'")),
            "{error}"
        );
    }
    for value in ["true", "false", "1", "0"] {
        world.create(&[("is_supply", value)]).await.expect(201);
    }
}

#[tokio::test]
async fn paths_and_queries_are_checked() {
    let world = World::start().await;
    world.get("/v3/application/listings/abc").await.expect(400);
    world.get("/v3/application/listings/0").await.expect(400);
    world
        .get("/v3/application/listings/99999999999999999999")
        .await
        .expect(400);
    world
        .get(&world.shop("/listings?state=sold"))
        .await
        .expect(400);
    world
        .get(&world.shop("/listings?includes=Images,Everything"))
        .await
        .expect(400);
    world
        .get(&world.shop("/listings?legacy=true"))
        .await
        .expect(400);
    world
        .get("/v3/application/listings/batch")
        .await
        .expect(400);
    let body = world
        .request(Method::GET, &world.shop("/listings"))
        .body("a=1");
    world.send(body).await.expect(400);
}
