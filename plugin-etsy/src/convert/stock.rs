//! A listing on sale and its stock, as a poll compares them: without what changes by itself, or every
//! look at the shop would be news.

use super::axis::AxisValue;
use super::listing::listing;
use super::matrix::{Matrix, Row};
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::poll::{Item, StockLevel};

/// Members that change while nobody changes the listing: who looked at it, what its price is in
/// another currency today, what Etsy would call it.
const VOLATILE: [&str; 5] = [
    "views",
    "num_favorers",
    "converted_price",
    "buyer_price",
    "suggested_title",
];

/// The listing, then the stock of each of its variations; nothing where even the id is missing.
#[must_use]
pub fn items(object: &Object<'_>) -> Vec<Item> {
    object.skip(&VOLATILE);
    let inventory = object.object("inventory");
    let mut matrix = inventory.as_ref().map(Matrix::read).unwrap_or_default();
    if matrix.rows.is_empty() {
        // One that was never edited as an inventory has no record of one.
        matrix = Matrix::of_listing(object);
    }
    let Some(listing) = listing(object) else {
        return Vec::new();
    };
    let levels = matrix.rows.iter().map(|row| StockLevel {
        listing_id: listing.id.clone(),
        variation: (!row.values.is_empty()).then(|| row.id()),
        sku: Some(row.sku.clone()).filter(|sku| !sku.is_empty()),
        title: title(&listing.title, row),
        quantity: row.quantity,
    });
    let levels: Vec<Item> = levels.map(Item::Stock).collect();
    let mut items = vec![Item::Listing(listing)];
    items.extend(levels);
    items
}

/// The listing's title, with the variation's choices.
fn title(listing: &str, row: &Row) -> String {
    let choices: Vec<String> = row.values.iter().map(AxisValue::text).collect();
    if choices.is_empty() {
        listing.to_owned()
    } else {
        format!("{listing} – {}", choices.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUG: &str = r#"{"listing_id":9007199254740993,"title":"Mom&#39;s mug","state":"active","quantity":6,"views":7,
        "num_favorers":2,"converted_price":{"amount":1},"suggested_title":"A mug","who_made":"i_did","skus":["B","R"],
        "price":{"amount":1850,"divisor":100,"currency_code":"EUR"},"inventory":{"products":[
        {"product_id":1,"sku":"B","offerings":[{"quantity":4,"is_enabled":true}],
         "property_values":[{"property_id":200,"property_name":"Color","values":["Blue"]},
                            {"property_id":513,"property_name":"Size","values":["L"]}]},
        {"product_id":2,"sku":"","offerings":[{"quantity":2,"is_enabled":true}],
         "property_values":[{"property_id":200,"property_name":"Color","values":["Red"]},
                            {"property_id":513,"property_name":"Size","values":["L"]}]}]}}"#;

    fn read(json: &str) -> Vec<Item> {
        items(&Object::parse(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_listing_comes_with_the_stock_of_each_variation() {
        let items = read(MUG);
        let [Item::Listing(mug), Item::Stock(blue), Item::Stock(red)] = items.as_slice() else {
            panic!("{items:?}")
        };
        assert_eq!((mug.title.as_str(), mug.quantity), ("Mom's mug", 6));
        assert_eq!(blue.listing_id, mug.id);
        assert_eq!(blue.title, "Mom's mug – Blue, L");
        assert_eq!(
            (blue.sku.as_deref(), blue.quantity, red.quantity),
            (Some("B"), 4, 2)
        );
        assert_eq!(red.sku, None);
        assert!(blue.variation.is_some() && blue.variation != red.variation);
    }

    #[test]
    fn what_changes_by_itself_makes_no_difference() {
        let looked_at = MUG
            .replace("\"views\":7", "\"views\":8")
            .replace("\"num_favorers\":2", "\"num_favorers\":3")
            .replace("{\"amount\":1}", "{\"amount\":2}")
            .replace("A mug", "The mug");
        assert_ne!(MUG, looked_at);
        assert_eq!(read(MUG), read(&looked_at));
        let sold = MUG.replace("\"quantity\":4", "\"quantity\":3");
        assert_ne!(read(MUG), read(&sold));
    }

    #[test]
    fn a_listing_without_variations_has_one_stock() {
        let plain =
            r#"{"listing_id":1,"title":"Coat","quantity":3,"skus":["COAT"],"inventory":null}"#;
        let items = read(plain);
        let [Item::Listing(_), Item::Stock(stock)] = items.as_slice() else {
            panic!("{items:?}")
        };
        assert_eq!(
            (stock.variation.as_deref(), stock.sku.as_deref()),
            (None, Some("COAT"))
        );
        assert_eq!((stock.title.as_str(), stock.quantity), ("Coat", 3));
        for json in [
            r#"{"listing_id":1,"inventory":7}"#,
            r#"{"listing_id":1,"inventory":{"products":[null]}}"#,
        ] {
            assert_eq!(read(json).len(), 2, "{json}");
        }
        assert_eq!(read(r#"{"title":"no id"}"#), []);
    }
}
