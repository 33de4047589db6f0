//! createDraftListing and updateListing: fields and their rules.

use serde_json::json;

use crate::harness::{POLICY, SECTION, World};

#[tokio::test]
async fn a_draft_has_what_was_said_and_etsys_defaults() {
    let world = World::start().await;
    let section = SECTION.to_string();
    let answer = world
        .create(&[
            ("tags", "blue,mug"),
            ("materials", "stoneware"),
            ("styles", "Rustic,Formal"),
            ("shop_section_id", &section),
            ("item_weight", "350.5"),
            ("item_weight_unit", "g"),
            ("item_height", "9"),
            ("item_dimensions_unit", "cm"),
            ("is_customizable", "false"),
            ("should_auto_renew", "1"),
        ])
        .await
        .expect(201)
        .json();
    assert_eq!(answer["listing_id"], 1_000_001);
    assert_eq!(
        (&answer["state"], &answer["url"]),
        (&json!("draft"), &json!(null))
    );
    assert_eq!(
        answer["price"],
        json!({ "amount": 1850, "divisor": 100, "currency_code": "EUR" })
    );
    assert_eq!(
        (&answer["quantity"], &answer["has_variations"]),
        (&json!(5), &json!(false))
    );
    assert_eq!(answer["style"], json!(["Rustic", "Formal"]));
    assert_eq!(
        (&answer["item_weight"], &answer["item_height"]),
        (&json!(350.5), &json!(9.0))
    );
    assert_eq!(answer["shop_section_id"], SECTION);
    assert_eq!(
        (&answer["is_customizable"], &answer["should_auto_renew"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        answer["readiness_state_id"],
        json!(null),
        "shown for active listings only"
    );
    assert_eq!(answer["created_timestamp"], answer["creation_timestamp"]);
    assert_eq!(
        answer["updated_timestamp"],
        answer["last_modified_timestamp"]
    );
    assert_eq!(world.draft(&[]).await, 1_000_002);
}

#[tokio::test]
async fn a_currency_need_not_have_cents() {
    let world = World::start().await.signed_in_as(2);
    let (profile, readiness) = ("60003", "70003");
    let other = [
        ("shipping_profile_id", profile),
        ("readiness_state_id", readiness),
        ("price", "1200"),
    ];
    let answer = world.create(&other).await.expect(201).json();
    assert_eq!(
        answer["price"],
        json!({ "amount": 1200, "divisor": 1, "currency_code": "JPY" })
    );
}

#[tokio::test]
async fn what_a_draft_must_have_and_may_not() {
    let world = World::start().await;
    for name in [
        "quantity",
        "title",
        "description",
        "price",
        "who_made",
        "when_made",
        "taxonomy_id",
    ] {
        let error = world.create(&[(name, "-")]).await.expect(400).error();
        assert_eq!(error, format!("Missing input parameter: [{name}]"));
    }
    for name in ["shipping_profile_id", "readiness_state_id"] {
        let error = world.create(&[(name, "-")]).await.expect(400).error();
        assert!(error.contains(name), "{error}");
    }
    // The three of making go together.
    let error = world
        .create(&[("is_supply", "-")])
        .await
        .expect(400)
        .error();
    assert!(error.contains("is_supply"), "{error}");
    // What it refers to must be there, and be the shop's own.
    for (name, foreign) in [
        ("shipping_profile_id", "60002"),
        ("readiness_state_id", "70002"),
        ("return_policy_id", "80002"),
        ("shop_section_id", "90002"),
        ("production_partner_ids", "7"),
    ] {
        world.create(&[(name, foreign)]).await.expect(404);
    }
    world.create(&[("taxonomy_id", "999999")]).await.expect(400);
    world.create(&[("image_ids", "30000001")]).await.expect(400);
    assert_eq!(
        world.sandbox.state()["listings"],
        json!([]),
        "a refused draft leaves nothing"
    );
}

#[tokio::test]
async fn texts_break_rules_in_etsys_shapes() {
    let world = World::start().await;
    let long = "x".repeat(141);
    let tags = (0..14)
        .map(|number| format!("tag {number}"))
        .collect::<Vec<_>>()
        .join(",");
    let violations = [
        ("title", "Mug ☕", "/title/4", "invalid_characters"),
        ("title", &long, "/title", "string_too_long"),
        ("title", " ", "/title", "string_too_short"),
        ("description", " ", "/description", "string_too_short"),
        ("tags", "good,half-price!", "/tags/1", "invalid_characters"),
        (
            "tags",
            "a tag that is far too long",
            "/tags/0",
            "string_too_long",
        ),
        ("tags", &tags, "/tags", "array_too_long"),
        (
            "materials",
            "wool-mix",
            "/materials/0",
            "invalid_characters",
        ),
        ("styles", "a,b,c", "/styles", "array_too_long"),
    ];
    for (name, value, path, kind) in violations {
        let answer = world.create(&[(name, value)]).await.expect(400);
        assert_eq!(
            answer.violation(),
            (path.to_owned(), kind.to_owned()),
            "{name}={value}"
        );
    }
    let sentences = [
        (
            "tags",
            "Mug,mug",
            "There was a problem with /tags : You may not have duplicate tags.",
        ),
        (
            "price",
            "0.10",
            "There was a problem with /price : must be above min price 0.20 EUR",
        ),
        (
            "price",
            "50000.01",
            "There was a problem with /price : must be below max price 50000.00 EUR",
        ),
        (
            "quantity",
            "0",
            "There was a problem with /quantity : must be between 1 and 999",
        ),
        (
            "quantity",
            "1000",
            "There was a problem with /quantity : must be between 1 and 999",
        ),
        (
            "item_length",
            "0",
            "There was a problem with /item_length : must be greater than 0",
        ),
    ];
    for (name, value, error) in sentences {
        assert_eq!(
            world.create(&[(name, value)]).await.expect(400).error(),
            error
        );
    }
    assert!(
        world
            .create(&[("title", "a & b & c")])
            .await
            .expect(400)
            .error()
            .contains("only once")
    );
}

#[tokio::test]
async fn a_weight_of_zero_makes_the_listing_and_says_500() {
    let world = World::start().await;
    world.create(&[("item_weight", "0")]).await.expect(500);
    assert_eq!(world.read(1_000_001).await["state"], "draft");
}

#[tokio::test]
async fn guarantee_fields_go_together() {
    let world = World::start().await;
    world
        .create(&[("ecgt_garan_brand", "Oak")])
        .await
        .expect(400);
    let all = [
        ("ecgt_garan_brand", "Oak"),
        ("ecgt_garan_model", "1"),
        ("ecgt_garan_years", "3"),
        ("ecgt_garan_guarantee_details", "all of it"),
    ];
    world.create(&all).await.expect(201);
    assert_eq!(
        world.sandbox.state()["listings"][0]["sandbox_guarantees"]["ecgt_garan_years"],
        3
    );
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let world = World::start().await;
    let id = world
        .draft(&[("tags", "blue"), ("shop_section_id", "90001")])
        .await;
    let before = world.read(id).await;
    world.sandbox.advance(std::time::Duration::from_secs(5));
    let policy = POLICY.to_string();
    let after = world
        .patch(
            id,
            &[
                ("title", "A new title"),
                ("return_policy_id", &policy),
                ("shop_section_id", "0"),
            ],
        )
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&after["title"], &after["return_policy_id"]),
        (&json!("A new title"), &json!(POLICY))
    );
    assert_eq!(after["shop_section_id"], json!(null));
    assert_eq!(
        (&after["tags"], &after["description"]),
        (&before["tags"], &before["description"])
    );
    assert!(
        after["updated_timestamp"].as_i64()
            >= before["updated_timestamp"].as_i64().map(|at| at + 5)
    );
    assert_eq!(after["state_timestamp"], before["state_timestamp"]);
    let unit = world
        .patch(id, &[("item_weight", "2"), ("item_weight_unit", "kg")])
        .await
        .expect(200);
    assert_eq!(unit.json()["item_weight_unit"], "kg");
    let cleared = world
        .patch(id, &[("item_weight_unit", "")])
        .await
        .expect(200)
        .json();
    assert_eq!(cleared["item_weight_unit"], json!(null));
}

#[tokio::test]
async fn an_update_has_no_price_and_is_all_or_nothing() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    for name in ["price", "quantity", "readiness_state_id", "featured_rank"] {
        let error = world.patch(id, &[(name, "5")]).await.expect(400).error();
        assert_eq!(error, format!("Unknown input parameter: [{name}]"));
    }
    world
        .patch(id, &[("title", "Good title"), ("tags", "bad!")])
        .await
        .expect(400);
    assert_eq!(world.read(id).await["title"], "Stoneware mug, blue");
    for one in [
        ("who_made", "i_did"),
        ("when_made", "1990s"),
        ("is_supply", "true"),
    ] {
        world.patch(id, &[one]).await.expect(400);
    }
    let trio = [
        ("who_made", "someone_else"),
        ("when_made", "1990s"),
        ("is_supply", "true"),
    ];
    assert_eq!(
        world.patch(id, &trio).await.expect(200).json()["when_made"],
        "1990s"
    );
}

#[tokio::test]
async fn a_listing_is_its_owners_and_of_its_shop() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let world = world.signed_in_as(1);
    world.patch(id, &[("title", "Mine now")]).await.expect(404);
    world
        .delete(&format!("/v3/application/listings/{id}"))
        .await
        .expect(403);
    world
        .get(&format!("/v3/application/listings/{id}"))
        .await
        .expect(404);
}
