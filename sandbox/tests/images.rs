//! Images: uploaded, ranked, served back.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::harness::{World, custom_product, file, jpeg};

async fn upload(world: &World, id: i64, form: Form) -> crate::harness::Answer {
    world.upload(&world.listing(id, "/images"), form).await
}

fn photo(mark: u8) -> Form {
    Form::new().part("image", file(jpeg(mark), "photo.jpg"))
}

async fn ids(world: &World, id: i64) -> Vec<i64> {
    let images = world
        .get(&format!("/v3/application/listings/{id}/images"))
        .await
        .expect(200)
        .json();
    let results = images["results"].as_array().unwrap();
    for (index, image) in results.iter().enumerate() {
        assert_eq!(image["rank"], index + 1);
    }
    results
        .iter()
        .map(|image| image["listing_image_id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn an_image_is_stored_and_served_back() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let form = photo(7).text("alt_text", "A blue mug").text("rank", "1");
    let image = upload(&world, id, form).await.expect(201).json();
    assert_eq!(
        (&image["alt_text"], &image["rank"]),
        (&json!("A blue mug"), &json!(1))
    );
    assert_eq!(image["full_width"], json!(null), "not yet looked at");
    let bytes = world
        .http
        .get(image["url_fullxfull"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(bytes.headers()["content-type"], "image/jpeg");
    assert_eq!(bytes.bytes().await.unwrap(), jpeg(7));
    let path = format!(
        "/v3/application/listings/{id}/images/{}",
        image["listing_image_id"]
    );
    let later = world.get(&path).await.expect(200).json();
    assert_eq!(
        (&later["full_width"], &later["full_height"]),
        (&json!(64), &json!(32))
    );
    assert_eq!(
        world.read(id).await["images"][0]["listing_image_id"],
        image["listing_image_id"]
    );
    assert_eq!(world.sandbox.image(30_000_001).unwrap(), jpeg(7));
}

#[tokio::test]
async fn what_is_no_image_is_refused() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let cut = jpeg(1)[..20].to_vec();
    let refused = [
        Form::new().part("image", file(b"<html>404</html>".to_vec(), "photo.jpg")),
        Form::new().part("image", file(b"RIFF....WEBPVP8 ".to_vec(), "photo.webp")),
        Form::new().part("image", file(cut, "photo.jpg")),
        Form::new().part("image", file(Vec::new(), "photo.jpg")),
        Form::new().part("image", Part::bytes(jpeg(1))),
        Form::new().text("rank", "1"),
    ];
    for form in refused {
        let error = upload(&world, id, form).await.expect(400).error();
        assert_eq!(
            error,
            "Either a valid image file or a listing_image_id must be provided."
        );
    }
    // The field's name is image and nothing else.
    upload(
        &world,
        id,
        Form::new().part("file", file(jpeg(1), "photo.jpg")),
    )
    .await
    .expect(400);
    let long = "x".repeat(501);
    let answer = upload(&world, id, photo(1).text("alt_text", long))
        .await
        .expect(400);
    assert_eq!(answer.violation().1, "string_too_long");
    let broken = world
        .request(reqwest::Method::POST, &world.listing(id, "/images"))
        .header("content-type", "multipart/form-data; boundary=x")
        .body("--x\r\nContent-Disposition: form-data; name=\"image\"");
    world.send(broken).await.expect(400);
    assert_eq!(ids(&world, id).await, Vec::<i64>::new());
    assert!(world.sandbox.image(30_000_001).is_none());
}

#[tokio::test]
async fn the_default_rank_is_the_first() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    upload(&world, id, photo(1)).await.expect(201);
    upload(&world, id, photo(2)).await.expect(201);
    assert_eq!(ids(&world, id).await, [30_000_002, 30_000_001]);
    // With ranks they come in order; a rank beyond the end is the end.
    upload(&world, id, photo(3).text("rank", "3"))
        .await
        .expect(201);
    let last = upload(&world, id, photo(4).text("rank", "15"))
        .await
        .expect(201)
        .json();
    assert_eq!(last["rank"], 4);
    assert_eq!(
        ids(&world, id).await,
        [30_000_002, 30_000_001, 30_000_003, 30_000_004]
    );
    upload(
        &world,
        id,
        photo(5).text("rank", "2").text("overwrite", "true"),
    )
    .await
    .expect(201);
    assert_eq!(
        ids(&world, id).await,
        [30_000_002, 30_000_005, 30_000_003, 30_000_004]
    );
}

#[tokio::test]
async fn image_ids_set_order_and_choice() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    for rank in ["1", "2", "3"] {
        world.image(id, rank).await;
    }
    world
        .patch(id, &[("image_ids", "30000003,30000001")])
        .await
        .expect(200);
    assert_eq!(ids(&world, id).await, [30_000_003, 30_000_001]);
    world
        .patch(id, &[("image_ids", "30000003,30000003")])
        .await
        .expect(400);
    world
        .patch(id, &[("image_ids", "30000099")])
        .await
        .expect(400);
    // What was let go of can be had again.
    let form = Form::new()
        .text("listing_image_id", "30000002")
        .text("rank", "3");
    let image = upload(&world, id, form).await.expect(201).json();
    assert_eq!(
        (&image["rank"], &image["full_width"]),
        (&json!(3), &json!(64))
    );
    upload(&world, id, Form::new().text("listing_image_id", "30000099"))
        .await
        .expect(404);
}

#[tokio::test]
async fn twenty_images_are_the_most() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    for rank in 1..=20 {
        world.image(id, &rank.to_string()).await;
    }
    let answer = upload(&world, id, photo(1).text("rank", "1"))
        .await
        .expect(400);
    assert_eq!(
        answer.violation(),
        ("/images".to_owned(), "array_too_long".to_owned())
    );
    assert_eq!(ids(&world, id).await.len(), 20);
    upload(
        &world,
        id,
        photo(1).text("rank", "20").text("overwrite", "1"),
    )
    .await
    .expect(201);
}

#[tokio::test]
async fn the_last_image_of_an_active_listing_stays() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    let path = world.listing(id, "/images/30000001");
    assert_eq!(
        world.delete(&path).await.expect(400).violation().1,
        "array_too_short"
    );
    world.image(id, "2").await;
    world.delete(&path).await.expect(204);
    world.delete(&path).await.expect(404);
    assert_eq!(ids(&world, id).await, [30_000_002]);
}

#[tokio::test]
async fn variation_images_belong_to_products_and_images_of_the_listing() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let image = world.image(id, "1").await;
    let body =
        json!({ "products": [custom_product("Blue", 10.0, 1), custom_product("White", 10.0, 1)] });
    let inventory = world.put_inventory(id, &body).await.expect(200).json();
    let value =
        |index: usize| inventory["products"][index]["property_values"][0]["value_ids"][0].clone();
    let path = world.listing(id, "/variation-images");
    let one = |value: Value, image: i64| json!({ "property_id": 513, "value_id": value, "image_id": image });
    let put = async |images: Value| {
        let body = json!({ "variation_images": images });
        world
            .send(world.request(reqwest::Method::POST, &path).json(&body))
            .await
    };
    let shown = put(json!([one(value(0), image)])).await.expect(200).json();
    assert_eq!(
        shown["results"],
        json!([{ "property_id": 513, "value_id": value(0), "value": "Blue", "image_id": image }])
    );
    put(json!([one(value(0), 99)])).await.expect(400);
    put(json!([one(json!(5), image)])).await.expect(400);
    put(json!([one(value(0), image), one(value(0), image)]))
        .await
        .expect(400);
    put(json!([one(value(1), image)])).await.expect(200);
    assert_eq!(
        world.get(&path).await.expect(200).json()["count"],
        1,
        "each write replaces all"
    );
    // An image that goes takes its variation along.
    world
        .delete(&world.listing(id, &format!("/images/{image}")))
        .await
        .expect(204);
    assert_eq!(world.get(&path).await.expect(200).json()["count"], 0);
}
