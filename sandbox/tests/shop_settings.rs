//! What a shop is asked about besides its listings: holidays, partners, addresses, its name.

use reqwest::Method;
use serde_json::json;
use stoflow_sandbox::{Fault, FaultKind};

use crate::harness::World;

#[tokio::test]
async fn holidays_are_for_shops_of_two_countries() {
    let world = World::start().await;
    world
        .get(&world.shop("/holiday-preferences"))
        .await
        .expect(400);
    let world = world.signed_in_as(1);
    let path = world.shop("/holiday-preferences");
    let list = world.get(&path).await.expect(200).json();
    assert_eq!(
        (&list[0]["country_iso"], &list[0]["is_working"]),
        (&json!("US"), &json!(false))
    );
    let one = format!("{path}/{}", list[0]["holiday_id"]);
    let works = [("is_working", "true")];
    let changed = world.form(Method::PUT, &one, &works).await.expect(200);
    assert_eq!(changed.json()["is_working"], true);
    assert_eq!(world.get(&path).await.json()[0]["is_working"], true);
    let off = [("is_working", "0")];
    world.form(Method::PUT, &one, &off).await.expect(200);
    assert_eq!(world.get(&path).await.json()[0]["is_working"], false);
    // A holiday of Canada.
    let foreign = format!("{path}/14");
    world.form(Method::PUT, &foreign, &works).await.expect(400);
    world.form(Method::PUT, &one, &[]).await.expect(400);
}

#[tokio::test]
async fn a_listing_names_partners_of_its_own_shop() {
    let world = World::start().await;
    let path = world.shop("/production-partners");
    let partners = world.get(&path).await.expect(200).json();
    let partner = partners["results"][0].clone();
    let id = partner["production_partner_id"].to_string();
    let listing = world.draft(&[("production_partner_ids", &id)]).await;
    assert_eq!(
        world.read(listing).await["production_partners"],
        json!([partner])
    );
    let stranger = world.create(&[("production_partner_ids", "95002")]).await;
    stranger.expect(404);
    world.signed_in_as(1).get(&path).await.expect(403);
}

#[tokio::test]
async fn addresses_are_the_callers_own() {
    let mut world = World::start().await;
    let path = "/v3/application/user/addresses";
    let list = world.get(path).await.expect(200).json();
    let address = list["results"][0].clone();
    assert_eq!(
        (
            &address["iso_country_code"],
            &address["is_default_shipping_address"]
        ),
        (&json!("FR"), &json!(true))
    );
    let one = format!("{path}/{}", address["user_address_id"]);
    assert_eq!(world.get(&one).await.expect(200).json(), address);
    let own = world.token.clone();
    world = world.signed_in_as(1);
    world.get(&one).await.expect(404);
    world.delete(&one).await.expect(404);
    world.token = own;
    world.delete(&one).await.expect(204);
    world.get(&one).await.expect(404);
}

#[tokio::test]
async fn shops_are_found_by_a_part_of_their_name() {
    let world = World::start().await;
    let find = async |query: &str| {
        let path = format!("/v3/application/shops?shop_name={query}");
        world.get(&path).await.expect(200).json()
    };
    let found = find("paris").await;
    assert_eq!(
        (&found["count"], &found["results"][0]["shop_id"]),
        (&json!(1), &json!(5001))
    );
    let page = find("a&limit=1&offset=1").await;
    assert_eq!(
        (&page["count"], &page["results"][0]["shop_name"]),
        (&json!(3), &json!("Prairie Attic"))
    );
    assert_eq!(find("nowhere").await["count"], 0);
    world.get("/v3/application/shops").await.expect(400);
}

#[tokio::test]
async fn buyers_and_sellers_see_the_same_categories_unless_they_are_unavailable() {
    let world = World::start().await;
    let nodes = |whose: &str| format!("/v3/application/{whose}-taxonomy/nodes");
    let sellers = world.get(&nodes("seller")).await.expect(200).json();
    assert_eq!(world.get(&nodes("buyer")).await.expect(200).json(), sellers);
    let of_coats = format!("{}/409/properties", nodes("buyer"));
    let properties = world.get(&of_coats).await.expect(200).json();
    assert_eq!(properties["results"][2]["display_name"], "Size");
    let missing = format!("{}/999999/properties", nodes("buyer"));
    world.get(&missing).await.expect(404);
    let fault = Fault::new(FaultKind::Unavailable).on("getSellerTaxonomyNodes");
    world.sandbox.inject(fault).unwrap();
    world.get(&nodes("seller")).await.expect(503);
    world.get(&nodes("seller")).await.expect(200);
}
