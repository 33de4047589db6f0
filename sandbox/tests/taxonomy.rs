//! The taxonomy and the attributes that it gives listings.

use reqwest::Method;
use serde_json::json;

use crate::harness::{COATS, MUGS, World};

#[tokio::test]
async fn the_tree_has_some_hundred_nodes() {
    fn count(nodes: &serde_json::Value) -> usize {
        nodes
            .as_array()
            .unwrap()
            .iter()
            .map(|node| 1 + count(&node["children"]))
            .sum()
    }
    let world = World::start().await;
    let tree = world
        .get("/v3/application/seller-taxonomy/nodes")
        .await
        .expect(200)
        .json();
    assert!(count(&tree["results"]) > 400);
    assert_eq!(tree["results"][0]["level"], 0);
}

#[tokio::test]
async fn a_node_says_what_its_listings_can_have() {
    let world = World::start().await;
    let properties = async |node: i64, query: &str| {
        let path = format!("/v3/application/seller-taxonomy/nodes/{node}/properties{query}");
        world.get(&path).await.expect(200).json()["results"]
            .as_array()
            .unwrap()
            .clone()
    };
    let coats = properties(COATS, "").await;
    let size = coats
        .iter()
        .find(|it| it["display_name"] == "Size")
        .unwrap();
    assert_eq!(
        (
            &size["supports_variations"],
            &size["scales"][0]["display_name"]
        ),
        (&json!(true), &json!("Alpha"))
    );
    let mugs = properties(MUGS, "").await;
    assert!(mugs.iter().all(|it| it["display_name"] != "Size"));
    let custom: Vec<_> = mugs
        .iter()
        .filter(|it| it["property_id"] == 513 || it["property_id"] == 514)
        .collect();
    assert_eq!(custom.len(), 2);
    let attributes = properties(MUGS, "?supports_attributes=true").await;
    assert!(
        attributes
            .iter()
            .all(|it| it["supports_attributes"] == true)
            && attributes.len() < mugs.len()
    );
    world
        .get("/v3/application/seller-taxonomy/nodes/999999/properties")
        .await
        .expect(404);
}

#[tokio::test]
async fn attributes_are_values_with_their_ids() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let property = |id: i64, property: i64| world.listing(id, &format!("/properties/{property}"));
    let put = async |property_id: i64, fields: &[(&str, &str)]| {
        world
            .form(Method::PUT, &property(id, property_id), fields)
            .await
    };
    let blue = put(200, &[("value_ids", "2"), ("values", "Blue")])
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&blue["property_name"], &blue["value_ids"]),
        (&json!("Primary color"), &json!([2]))
    );
    put(
        507,
        &[("value_ids", "302,312"), ("values", "Ceramic,Stoneware")],
    )
    .await
    .expect(200);
    put(
        505,
        &[("value_ids", ""), ("values", "9.5"), ("scale_id", "6")],
    )
    .await
    .expect(200);
    let list = world
        .get(&world.listing(id, "/properties"))
        .await
        .expect(200)
        .json();
    assert_eq!(list["count"], 3);
    for (property_id, fields) in [
        (200, &[("value_ids", "2"), ("values", "Red")][..]),
        (200, &[("value_ids", "2,9"), ("values", "Blue,Red")]),
        (200, &[("value_ids", "2")]),
        (200, &[("values", "Blue"), ("value_ids", "")]),
        (200, &[("value_ids", "2"), ("values", "Blue (dark)")]),
        (505, &[("value_ids", ""), ("values", "9.5")]),
        (
            505,
            &[("value_ids", ""), ("values", "9.5"), ("scale_id", "77")],
        ),
        (513, &[("value_ids", ""), ("values", "x")]),
        (100, &[("value_ids", "3301"), ("values", "M")]),
    ] {
        put(property_id, fields).await.expect(400);
    }
    world.delete(&property(id, 200)).await.expect(204);
    world.delete(&property(id, 200)).await.expect(404);
    // Etsy documents this one and answers it with 501.
    world
        .get(&format!("/v3/application/listings/{id}/properties/507"))
        .await
        .expect(501);
}
