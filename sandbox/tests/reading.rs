//! Finding listings: pages, states, batches, associations, translations.

use reqwest::Method;
use serde_json::json;

use crate::harness::World;

#[tokio::test]
async fn a_shops_listings_are_the_active_ones_unless_another_state_is_named() {
    let world = World::start().await;
    let draft = world.draft(&[]).await;
    let active = world.active(&[]).await;
    let list = async |query: &str| {
        let page = world
            .get(&world.shop(&format!("/listings{query}")))
            .await
            .expect(200)
            .json();
        let ids = page["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["listing_id"].as_i64().unwrap());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(list("").await, [active]);
    assert_eq!(list("?state=draft").await, [draft]);
    assert_eq!(list("?state=sold_out").await, Vec::<i64>::new());
}

#[tokio::test]
async fn pages_are_newest_first_counted_and_clamped() {
    let world = World::start().await;
    for _ in 0..30 {
        world.draft(&[]).await;
    }
    let page = async |query: &str| {
        world
            .get(&world.shop(&format!("/listings?state=draft{query}")))
            .await
            .expect(200)
            .json()
    };
    let first = page("").await;
    assert_eq!(
        (&first["count"], first["results"].as_array().unwrap().len()),
        (&json!(30), 25)
    );
    assert_eq!(first["results"][0]["listing_id"], 1_000_030);
    let second = page("&limit=25&offset=25").await;
    assert_eq!(second["results"].as_array().unwrap().len(), 5);
    assert_eq!(second["results"][4]["listing_id"], 1_000_001);
    assert_eq!(
        page("&limit=5000").await["results"]
            .as_array()
            .unwrap()
            .len(),
        30
    );
    let path = world.shop("/listings?offset=12001");
    let error = world.get(&path).await.expect(400).error();
    assert_eq!(
        error,
        "Offset provided is greater than the maximum offset allowed."
    );
}

#[tokio::test]
async fn associations_are_there_when_they_are_asked_for() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    let all = "Shipping,Images,Shop,User,Translations,Inventory,Videos,Personalization,BuyerPrice";
    let page = world
        .get(&world.shop(&format!("/listings?includes={all}")))
        .await
        .expect(200)
        .json();
    let listing = &page["results"][0];
    assert_eq!(listing["shipping_profile"]["shipping_profile_id"], 60_001);
    assert_eq!(listing["images"][0]["listing_image_id"], 30_000_001);
    assert_eq!(
        (&listing["shop"]["shop_name"], &listing["user"]["user_id"]),
        (&json!("Vieux Paris"), &json!(2001))
    );
    assert_eq!(
        listing["inventory"]["products"].as_array().unwrap().len(),
        1
    );
    let bare = world
        .get(&format!("/v3/application/listings/{id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&bare["images"], &bare["inventory"]),
        (&json!([]), &json!(null))
    );
}

#[tokio::test]
async fn batches_leave_out_what_is_missing_or_not_at_all() {
    let world = World::start().await;
    let (first, second) = (world.draft(&[]).await, world.active(&[]).await);
    let batch =
        |kind: &str| format!("/v3/application/listings/batch{kind}?listing_ids={first},{second},5");
    let found = world.get(&batch("")).await.expect(200).json();
    assert_eq!(found["count"], 2);
    world.get(&batch("/inventory")).await.expect(404);
    world.get(&batch("/shipping")).await.expect(404);
    let shipping = format!("/v3/application/listings/batch/shipping?listing_ids={second}");
    let shown = world.get(&shipping).await.expect(200).json();
    assert_eq!(
        shown["results"][0]["shipping_profile"]["title"],
        "Standard shipping"
    );
    let many = (1..=101)
        .map(|id| id.to_string())
        .collect::<Vec<_>>()
        .join(",");
    world
        .get(&format!(
            "/v3/application/listings/batch?listing_ids={many}"
        ))
        .await
        .expect(400);
    let world = world.signed_in_as(1);
    assert_eq!(world.get(&batch("")).await.expect(200).json()["count"], 1);
    let shown = world.get(&shipping).await.expect(200).json();
    assert_eq!(shown["results"][0]["shipping_profile_id"], json!(null));
}

#[tokio::test]
async fn buyers_find_active_listings_by_words_and_sections() {
    let world = World::start().await;
    world
        .active(&[
            ("title", "Blue mug"),
            ("price", "30"),
            ("shop_section_id", "90001"),
        ])
        .await;
    world
        .active(&[("title", "Blue bowl"), ("price", "20")])
        .await;
    world
        .draft(&[("title", "Blue plate"), ("shop_section_id", "90001")])
        .await;
    let page = async |query: &str| world.get(&world.shop(query)).await.expect(200).json();
    assert_eq!(page("/listings/active").await["count"], 2);
    assert_eq!(page("/listings/active?keywords=bowl").await["count"], 1);
    let cheap = page("/listings/active?keywords=blue&sort_on=price&sort_order=asc").await;
    assert_eq!(cheap["results"][0]["title"], "Blue bowl");
    assert_eq!(
        page("/shop-sections/listings?shop_section_ids=90001").await["count"],
        2
    );
    assert_eq!(page("/listings/featured").await["count"], 0);
    let world = world.signed_in_as(1);
    let path = "/v3/application/shops/5001/shop-sections/listings?shop_section_ids=90001";
    assert_eq!(world.get(path).await.expect(200).json()["count"], 1);
}

#[tokio::test]
async fn translations_are_made_once_and_then_changed() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let path = world.listing(id, "/translations/de");
    let german = [
        ("title", "Becher"),
        ("description", "Von Hand."),
        ("tags", "blau,becher"),
    ];
    world.get(&path).await.expect(404);
    world.form(Method::PUT, &path, &german).await.expect(404);
    let made = world.post(&path, &german).await.expect(200).json();
    assert_eq!(
        (&made["language"], &made["tags"]),
        (&json!("de"), &json!(["blau", "becher"]))
    );
    world.post(&path, &german).await.expect(400);
    let other = [("title", "Tasse"), ("description", "Von Hand.")];
    assert_eq!(
        world
            .form(Method::PUT, &path, &other)
            .await
            .expect(200)
            .json()["title"],
        "Tasse"
    );
    world
        .post(&world.listing(id, "/translations/xx"), &german)
        .await
        .expect(400);
    world
        .form(Method::PUT, &path, &[("title", "☕"), ("description", "d")])
        .await
        .expect(400);
    let shown = world
        .get(&format!(
            "/v3/application/listings/{id}?includes=Translations&language=de"
        ))
        .await;
    let shown = shown.expect(200).json();
    assert_eq!(
        (&shown["title"], &shown["translations"]["de"]["title"]),
        (&json!("Tasse"), &json!("Tasse"))
    );
    assert_eq!(shown["translations"]["fr"], json!(null));
}
