//! Text in other languages than the shop's: it is put beside the listing's own, never in its place.

use serde_json::{Value, json};
use stoflow_host::api::{Problem, ProblemKind};

use crate::market::{Market, example, id_of};

async fn update(market: &Market, id: &str, product: Value) -> Result<Value, Problem> {
    market.sandbox.clear_requests();
    let arguments = json!({ "listing_id": id, "product": product });
    market.call("publish.update", arguments).await
}

#[tokio::test]
async fn text_in_another_language_is_put_beside_the_listings_own() {
    let market = Market::new().await;
    let id = market.listing("k", "coat", "active").await;
    let main = market.held(&id);
    let french = json!({ "locale": "fr", "title": "Manteau", "tags": ["laine"] });
    let updated = update(&market, &id, french.clone()).await.unwrap();
    assert_eq!(market.writes(), ["createListingTranslation"]);
    assert_eq!(updated["warnings"], json!([]));
    let held = market.held(&id);
    assert_eq!(held["title"], main["title"], "the listing's own text");
    assert_eq!(held["tags"], main["tags"]);
    let there = &held["translations"]["fr"];
    assert_eq!(there["title"], "Manteau", "{held}");
    // Etsy takes no translation without a description: it has the listing's.
    assert_eq!(there["description"], main["description"]);
    update(&market, &id, french).await.unwrap();
    assert_eq!(market.writes(), Vec::<String>::new(), "it says so already");
    let other = json!({ "locale": "fr", "description": { "plain": "Chaud." } });
    update(&market, &id, other).await.unwrap();
    assert_eq!(market.writes(), ["updateListingTranslation"]);
    let there = market.held(&id)["translations"]["fr"].clone();
    assert_eq!(
        (&there["title"], &there["description"]),
        (&json!("Manteau"), &json!("Chaud."))
    );
    // The shop's own language by a longer name is no other.
    let english = json!({ "locale": "en-GB", "title": "Winter coat" });
    update(&market, &id, english).await.unwrap();
    assert_eq!(market.writes(), ["updateListing"]);
}

#[tokio::test]
async fn a_new_listing_has_its_text_in_the_products_language_too() {
    let market = Market::new().await;
    let mut product = example("coat");
    product["locale"] = json!("de");
    let done = market.publish("k", &product, "active").await.unwrap();
    let held = market.held(&id_of(&done["listing"]));
    assert_eq!(
        held["translations"]["de"]["title"], product["title"],
        "{held}"
    );
}

#[tokio::test]
async fn a_language_that_etsy_does_not_have_is_told_and_the_rest_is_kept() {
    let market = Market::new().await;
    let id = market.listing("k", "coat", "active").await;
    let before = market.held(&id);
    for (locale, kind) in [
        ("tlh", ProblemKind::Rejected),
        ("../../9", ProblemKind::Invalid),
    ] {
        let product = json!({ "locale": locale, "title": "qaStaH" });
        let problem = update(&market, &id, product).await.unwrap_err();
        assert_eq!(problem.kind(), kind, "{problem:?}");
    }
    assert_eq!(market.held(&id), before);
}
