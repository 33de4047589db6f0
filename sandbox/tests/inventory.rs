//! The inventory: read in one form, written in another, under many rules.

use serde_json::{Value, json};

use crate::harness::{COATS, READINESS, World, custom_product, offering};

fn simple(price: f64, quantity: i64, sku: &str) -> Value {
    json!({ "products": [{ "sku": sku, "property_values": [], "offerings": [offering(price, quantity)] }] })
}

fn path(id: i64) -> String {
    format!("/v3/application/listings/{id}/inventory")
}

#[tokio::test]
async fn a_draft_has_one_product_of_one_offering() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let inventory = world.get(&path(id)).await.expect(200).json();
    let product = &inventory["products"][0];
    assert_eq!(inventory["products"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&product["sku"], &product["property_values"]),
        (&json!(""), &json!([]))
    );
    assert_eq!(product["offerings"][0]["price"]["amount"], 1850);
    assert_eq!(product["offerings"][0]["readiness_state_id"], READINESS);
    let with_listing = world
        .get(&format!("{}?includes=Listing", path(id)))
        .await
        .expect(200)
        .json();
    assert_eq!(with_listing["listing"]["listing_id"], id);
}

#[tokio::test]
async fn a_write_replaces_everything_under_new_ids() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let before = world.get(&path(id)).await.expect(200).json();
    let after = world
        .put_inventory(id, &simple(19.99, 7, "MUG-1"))
        .await
        .expect(200)
        .json();
    assert_ne!(
        after["products"][0]["product_id"],
        before["products"][0]["product_id"]
    );
    assert_eq!(
        after["products"][0]["offerings"][0]["price"],
        json!({ "amount": 1999, "divisor": 100, "currency_code": "EUR" })
    );
    let listing = world.read(id).await;
    assert_eq!(
        (&listing["price"]["amount"], &listing["quantity"]),
        (&json!(1999), &json!(7))
    );
    assert_eq!(listing["skus"], json!(["MUG-1"]));
    let deleted = world
        .get(&format!("{}?show_deleted=true", path(id)))
        .await
        .expect(200)
        .json();
    assert_eq!(deleted["products"][1]["is_deleted"], true);
    assert_eq!(
        deleted["products"][1]["product_id"],
        before["products"][0]["product_id"]
    );
}

#[tokio::test]
async fn what_was_read_cannot_be_written_back() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let read = world.get(&path(id)).await.expect(200).json();
    world.put_inventory(id, &read).await.expect(400);
    let mut stripped = read.clone();
    let product = stripped["products"][0].as_object_mut().unwrap();
    for name in ["product_id", "is_deleted"] {
        product.remove(name);
    }
    let offering = product["offerings"][0].as_object_mut().unwrap();
    for name in ["offering_id", "is_deleted"] {
        offering.remove(name);
    }
    let error = world.put_inventory(id, &stripped).await.expect(400).error();
    assert!(
        error.starts_with("Expected float value for 'price'"),
        "{error}"
    );
    stripped["products"][0]["offerings"][0]["price"] = json!(18.5);
    world.put_inventory(id, &stripped).await.expect(200);
    stripped["products"][0]
        .as_object_mut()
        .unwrap()
        .remove("property_values");
    let error = world.put_inventory(id, &stripped).await.expect(400).error();
    assert_eq!(error, "Property values can't be empty");
}

#[tokio::test]
async fn scale_names_and_ids_are_refused_and_value_ids_wanted() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let mut body = json!({ "products": [custom_product("Blue", 18.5, 1)] });
    body["products"][0]["property_values"][0]["scale_name"] = json!(null);
    world.put_inventory(id, &body).await.expect(400);
    let value = body["products"][0]["property_values"][0]
        .as_object_mut()
        .unwrap();
    value.remove("scale_name");
    value.remove("value_ids");
    let error = world.put_inventory(id, &body).await.expect(400).error();
    assert_eq!(error, "Missing input parameter: [value_ids]");
    body["products"][0]["property_values"][0]["value_ids"] = json!([0]);
    world.put_inventory(id, &body).await.expect(400);
}

#[tokio::test]
async fn variations_are_summed_and_their_values_get_ids_of_the_shop() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let body = json!({
        "products": [custom_product("Blue", 18.5, 4), custom_product("White", 20.0, 3)],
        "price_on_property": [513],
        "quantity_on_property": [513],
    });
    let inventory = world.put_inventory(id, &body).await.expect(200).json();
    let listing = world.read(id).await;
    assert_eq!(
        (&listing["price"]["amount"], &listing["quantity"]),
        (&json!(1850), &json!(7))
    );
    assert_eq!(listing["has_variations"], true);
    let value = &inventory["products"][0]["property_values"][0];
    assert_eq!(
        (&value["property_name"], &value["values"]),
        (&json!("Glaze"), &json!(["Blue"]))
    );
    let blue = value["value_ids"][0].as_i64().unwrap();
    assert!(blue > 0);
    // The same text keeps its id, and the id may be sent.
    let mut again = body.clone();
    again["products"][0]["property_values"][0]["value_ids"] = json!([blue]);
    let inventory = world.put_inventory(id, &again).await.expect(200).json();
    assert_eq!(
        inventory["products"][0]["property_values"][0]["value_ids"],
        json!([blue])
    );
    // A product that is off counts for nothing.
    again["products"][0]["offerings"][0]["is_enabled"] = json!(false);
    world.put_inventory(id, &again).await.expect(200);
    let listing = world.read(id).await;
    assert_eq!(
        (&listing["price"]["amount"], &listing["quantity"]),
        (&json!(2000), &json!(3))
    );
}

#[tokio::test]
async fn colours_read_back_with_other_ids_and_sizes_with_their_own() {
    let world = World::start().await;
    let id = world.draft(&[("taxonomy_id", &COATS.to_string())]).await;
    let properties = world
        .get(&format!(
            "/v3/application/seller-taxonomy/nodes/{COATS}/properties"
        ))
        .await;
    let properties = properties.expect(200).json();
    let size = properties["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["property_id"] == 100)
        .unwrap();
    let medium = size["possible_values"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "M")
        .unwrap();
    let product = json!({
        "property_values": [
            { "property_id": 200, "value_ids": [2], "values": ["Blue"] },
            { "property_id": 100, "value_ids": [medium["value_id"]], "values": ["M"], "scale_id": medium["scale_id"] },
        ],
        "offerings": [offering(90.0, 1)],
    });
    let inventory = world
        .put_inventory(id, &json!({ "products": [product] }))
        .await
        .expect(200)
        .json();
    let values = &inventory["products"][0]["property_values"];
    assert_ne!(values[0]["value_ids"], json!([2]));
    assert_eq!(
        (&values[1]["value_ids"][0], &values[1]["scale_name"]),
        (&medium["value_id"], &json!("Alpha"))
    );
    let mut wrong = json!({ "products": [product] });
    wrong["products"][0]["property_values"][0]["values"] = json!(["Red"]);
    world.put_inventory(id, &wrong).await.expect(400);
    let mut wrong = json!({ "products": [product] });
    wrong["products"][0]["property_values"][1]["scale_id"] = json!(26);
    world.put_inventory(id, &wrong).await.expect(400);
    wrong["products"][0]["property_values"][1]["scale_id"] = json!(null);
    let strict = format!("{}?enable_scale_validation=true", path(id));
    world.put_json(&strict, &wrong).await.expect(400);
}

#[tokio::test]
async fn stock_price_and_processing_have_limits() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let error = world
        .put_inventory(id, &simple(10.0, 0, ""))
        .await
        .expect(400)
        .error();
    assert_eq!(error, "One offering must have quantity greater than 0");
    for (price, quantity) in [(0.1, 1), (50_000.01, 1), (10.0, 1000), (10.0, -1)] {
        world
            .put_inventory(id, &simple(price, quantity, ""))
            .await
            .expect(400);
    }
    let mut body = simple(10.0, 1, "");
    body["products"][0]["offerings"][0]["readiness_state_id"] = json!(null);
    world.put_inventory(id, &body).await.expect(400);
    body["products"][0]["offerings"][0]["readiness_state_id"] = json!(70_002);
    world.put_inventory(id, &body).await.expect(404);
    let mut off = simple(10.0, 1, "");
    off["products"][0]["offerings"][0]["is_enabled"] = json!(false);
    world.put_inventory(id, &off).await.expect(400);
    world
        .put_inventory(id, &json!({ "products": [] }))
        .await
        .expect(400);
    world.put_inventory(id, &json!({})).await.expect(400);
    assert_eq!(
        world.read(id).await["price"]["amount"],
        1850,
        "nothing of it was done"
    );
}

#[tokio::test]
async fn what_varies_must_vary_by_what_is_said() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let products = json!([
        custom_product("Blue", 18.5, 4),
        custom_product("White", 20.0, 3)
    ]);
    let put = async |price: Value, quantity: Value| {
        let body = json!({ "products": products, "price_on_property": price, "quantity_on_property": quantity });
        world.put_inventory(id, &body).await
    };
    put(json!([513]), json!([513])).await.expect(200);
    let error = put(json!([]), json!([513])).await.expect(400).error();
    assert!(error.contains("price_on_property"), "{error}");
    let error = put(json!([513]), json!([])).await.expect(400).error();
    assert!(error.contains("quantity_on_property"), "{error}");
    put(json!([514]), json!([513])).await.expect(400);
    put(json!([513, 513]), json!([513])).await.expect(400);
    // SKUs vary too, and one SKU is one shelf.
    let mut with_skus = products.clone();
    with_skus[0]["sku"] = json!("A");
    with_skus[1]["sku"] = json!("B");
    let all = |sku: Value, products: &Value| json!({ "products": products, "price_on_property": [513], "quantity_on_property": [513], "sku_on_property": sku });
    world
        .put_inventory(id, &all(json!([]), &with_skus))
        .await
        .expect(400);
    world
        .put_inventory(id, &all(json!([513]), &with_skus))
        .await
        .expect(200);
    with_skus[1]["sku"] = json!("A");
    let error = world
        .put_inventory(id, &all(json!([]), &with_skus))
        .await
        .expect(400)
        .error();
    assert!(error.contains("same quantity"), "{error}");
}

fn two_by_two() -> Value {
    let product = |glaze: &str, size: &str, price: f64| {
        json!({
            "property_values": [
                { "property_id": 513, "property_name": "Glaze", "value_ids": [], "values": [glaze] },
                { "property_id": 514, "property_name": "Size", "value_ids": [], "values": [size] },
            ],
            "offerings": [offering(price, 2)],
        })
    };
    json!([
        product("Blue", "S", 10.0),
        product("Blue", "L", 12.0),
        product("White", "S", 10.0),
        product("White", "L", 12.0)
    ])
}

#[tokio::test]
async fn two_custom_variations_are_the_most() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let body = json!({ "products": two_by_two(), "price_on_property": [514] });
    world.put_inventory(id, &body).await.expect(200);
    // The price varies by size; saying that it varies by glaze is wrong, saying both is allowed.
    world
        .put_inventory(
            id,
            &json!({ "products": two_by_two(), "price_on_property": [513] }),
        )
        .await
        .expect(400);
    world
        .put_inventory(
            id,
            &json!({ "products": two_by_two(), "price_on_property": [513, 514] }),
        )
        .await
        .expect(200);
    // In the order of the products.
    world
        .put_inventory(
            id,
            &json!({ "products": two_by_two(), "price_on_property": [514, 513] }),
        )
        .await
        .expect(400);
    let mut third = two_by_two();
    for product in third.as_array_mut().unwrap() {
        let colour = json!({ "property_id": 200, "value_ids": [2], "values": ["Blue"] });
        product["property_values"]
            .as_array_mut()
            .unwrap()
            .push(colour);
    }
    let body = json!({ "products": third, "price_on_property": [514] });
    world.put_inventory(id, &body).await.expect(400);
    let error = world
        .put_json(&format!("{}?max_variations_supported=3", path(id)), &body)
        .await
        .expect(400)
        .error();
    assert!(error.contains("custom"), "{error}");
}

#[tokio::test]
async fn a_third_variation_must_be_announced_each_time() {
    let world = World::start().await;
    let id = world.draft(&[("taxonomy_id", &COATS.to_string())]).await;
    let product = |size: &str, price: f64| {
        json!({
            "property_values": [
                { "property_id": 200, "value_ids": [2], "values": ["Blue"] },
                { "property_id": 201, "value_ids": [10], "values": ["White"] },
                { "property_id": 507, "value_ids": [], "values": [size] },
            ],
            "offerings": [offering(price, 2)],
        })
    };
    let body = |price: Value| json!({ "products": [product("Wool", 90.0), product("Linen", 80.0)], "price_on_property": price });
    let three = format!("{}?max_variations_supported=3", path(id));
    world
        .put_inventory(id, &body(json!([507])))
        .await
        .expect(400);
    world
        .put_json(&three, &body(json!([200, 507])))
        .await
        .expect(400);
    world
        .put_json(&three, &body(json!([507])))
        .await
        .expect(200);
    // Without the parameter the listing cannot even be made simpler.
    let error = world
        .put_inventory(id, &simple(10.0, 1, ""))
        .await
        .expect(400)
        .error();
    assert!(error.contains("max_variations_supported=3"), "{error}");
    world
        .put_json(&three, &simple(10.0, 1, ""))
        .await
        .expect(200);
}

#[tokio::test]
async fn values_are_plain_few_and_different() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let put = async |products: Value| {
        world
            .put_inventory(id, &json!({ "products": products }))
            .await
    };
    let error = put(json!([custom_product("Blue (dark)", 10.0, 1)]))
        .await
        .expect(400)
        .error();
    assert_eq!(error, "Array input for values is malformed");
    put(json!([custom_product(" ", 10.0, 1)])).await.expect(400);
    put(json!([
        custom_product("Blue", 10.0, 1),
        custom_product("Blue", 10.0, 1)
    ]))
    .await
    .expect(400);
    let many: Vec<Value> = (0..71)
        .map(|number| custom_product(&number.to_string(), 10.0, 1))
        .collect();
    let answer = put(json!(many)).await.expect(400);
    assert_eq!(answer.json()[0]["message"], "cannot be more than 70 items");
    put(json!(many[..70])).await.expect(200);
    // A property of another taxonomy, or none that varies.
    let mut sized = custom_product("M", 10.0, 1);
    sized["property_values"][0]["property_id"] = json!(100);
    put(json!([sized])).await.expect(400);
    sized["property_values"][0]["property_id"] = json!(46);
    put(json!([sized])).await.expect(400);
    let mut uneven = json!([
        custom_product("Blue", 10.0, 1),
        custom_product("White", 10.0, 1)
    ]);
    uneven[1]["property_values"] = json!([]);
    put(uneven).await.expect(400);
}

#[tokio::test]
async fn others_see_no_skus_and_no_drafts() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    let hidden = world.draft(&[]).await;
    world
        .put_inventory(id, &simple(10.0, 1, "SECRET"))
        .await
        .expect(200);
    let product = world.get(&path(id)).await.json()["products"][0].clone();
    let (product_id, offering_id) = (
        product["product_id"].clone(),
        product["offerings"][0]["offering_id"].clone(),
    );
    let product_path = format!("{}/products/{product_id}", path(id));
    assert_eq!(
        world.get(&product_path).await.expect(200).json()["sku"],
        "SECRET"
    );
    let offering_path =
        format!("/v3/application/listings/{id}/products/{product_id}/offerings/{offering_id}");
    assert_eq!(
        world.get(&offering_path).await.expect(200).json()["quantity"],
        1
    );
    let batch = format!("/v3/application/listings/batch/inventory?listing_ids={id},{hidden}");
    assert_eq!(world.get(&batch).await.expect(200).json()["count"], 2);

    let world = world.signed_in_as(1);
    assert_eq!(
        world.get(&path(id)).await.expect(200).json()["products"][0]["sku"],
        ""
    );
    assert_eq!(world.get(&product_path).await.expect(200).json()["sku"], "");
    world.get(&path(hidden)).await.expect(404);
    // One that is missing spoils the whole batch.
    world.get(&batch).await.expect(404);
    world
        .put_inventory(id, &simple(10.0, 1, ""))
        .await
        .expect(403);
}
