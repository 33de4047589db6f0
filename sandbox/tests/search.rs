//! What buyers find among all shops.

use serde_json::json;

use crate::harness::World;

#[tokio::test]
async fn active_listings_of_all_shops_are_found_by_price_kind_and_place() {
    let world = World::start().await;
    let mug = world
        .active(&[("title", "Blue mug"), ("price", "30")])
        .await;
    let coat = world
        .active(&[
            ("title", "Blue coat"),
            ("taxonomy_id", "409"),
            ("price", "90"),
        ])
        .await;
    world.draft(&[("title", "Blue draft")]).await;
    let world = world.signed_in_as(1);
    let american = [
        ("title", "Blue bowl"),
        ("price", "12"),
        ("shipping_profile_id", "60002"),
        ("readiness_state_id", "70002"),
        ("return_policy_id", "80002"),
    ];
    let bowl = world.active(&american).await;
    let found = async |query: &str| {
        let path = format!("/v3/application/listings/active?{query}");
        let page = world.get(&path).await.expect(200).json();
        let ids = page["results"].as_array().unwrap().iter();
        ids.map(|it| it["listing_id"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("").await, [bowl, coat, mug]);
    assert_eq!(
        found("keywords=blue&sort_on=price&sort_order=asc").await,
        [bowl, mug, coat]
    );
    assert_eq!(
        found("keywords=blue&sort_on=price").await,
        [coat, mug, bowl]
    );
    // Without a search option the order is Etsy's.
    assert_eq!(found("sort_on=price").await, [bowl, coat, mug]);
    assert_eq!(found("min_price=20&max_price=50").await, [mug]);
    assert_eq!(found("taxonomy_id=409").await, [coat]);
    assert_eq!(found("shop_location=US").await, [bowl]);
    assert_eq!(found("keywords=green").await, Vec::<i64>::new());
    assert_eq!(found("limit=1&offset=1").await, [coat]);
    for wrong in [
        "currency=XYZ",
        "shop_location=nowhere",
        "limit=0",
        "taxonomy_id=0",
    ] {
        let path = format!("/v3/application/listings/active?{wrong}");
        world.get(&path).await.expect(400);
    }
    let yen = "/v3/application/listings/active?currency=JPY&limit=1";
    let yen = world.get(yen).await.expect(200).json();
    assert_eq!(
        yen["results"][0]["converted_price"],
        json!({ "amount": 1800, "divisor": 1, "currency_code": "JPY" })
    );
}

#[tokio::test]
async fn a_buyer_finds_what_ships_to_their_country() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    let found = async |country: &str| {
        let path = format!("/v3/application/listings/active?buyer_country={country}");
        world.get(&path).await.expect(200).json()["count"].clone()
    };
    assert_eq!((found("FR").await, found("BR").await), (json!(1), json!(1)));
    // Now to France and the countries of Europe outside of the Union, and nowhere else.
    let everywhere = world.shop("/shipping-profiles/60001/destinations/61002");
    let outside = [("destination_region", "non_eu")];
    world
        .form(reqwest::Method::PUT, &everywhere, &outside)
        .await
        .expect(200);
    for (country, count) in [("FR", 1), ("CH", 1), ("DE", 0), ("BR", 0)] {
        assert_eq!(found(country).await, json!(count), "{country}");
    }
    assert_eq!(world.read(id).await["state"], "active");
}
