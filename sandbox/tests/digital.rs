//! Files of digital listings, and listings that change their kind.

use reqwest::multipart::Form;
use serde_json::json;

use crate::harness::{World, custom_product, file};

const DIGITAL: [(&str, &str); 3] = [
    ("type", "download"),
    ("shipping_profile_id", "-"),
    ("readiness_state_id", "-"),
];

fn plan(name: &str) -> Form {
    Form::new()
        .part("file", file(b"%PDF-1.7 plan".to_vec(), "plan.pdf"))
        .text("name", name.to_owned())
}

#[tokio::test]
async fn a_digital_listing_needs_a_file_to_be_published() {
    let world = World::start().await;
    let id = world.draft(&DIGITAL).await;
    world.image(id, "1").await;
    let error = world
        .patch(id, &[("state", "active")])
        .await
        .expect(400)
        .error();
    assert!(error.contains("file"), "{error}");
    let files = world.listing(id, "/files");
    let shown = world
        .upload(&files, plan("plan.pdf"))
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&shown["filename"], &shown["size_bytes"]),
        (&json!("plan.pdf"), &json!(13))
    );
    assert_eq!(shown["filetype"], "application/pdf");
    world.patch(id, &[("state", "active")]).await.expect(200);
    assert_eq!(world.get(&files).await.expect(200).json()["count"], 1);
    let one = format!("{files}/{}", shown["listing_file_id"]);
    world.get(&one).await.expect(200);
}

#[tokio::test]
async fn files_have_names_sizes_and_a_number() {
    let world = World::start().await;
    let id = world.draft(&DIGITAL).await;
    let files = world.listing(id, "/files");
    for name in ["", "plan of mine.pdf", "plän.pdf", &"x".repeat(71)] {
        world.upload(&files, plan(name)).await.expect(400);
    }
    let empty = Form::new()
        .part("file", file(Vec::new(), "a.pdf"))
        .text("name", "a.pdf");
    world.upload(&files, empty).await.expect(400);
    world
        .upload(&files, Form::new().text("name", "a.pdf"))
        .await
        .expect(400);
    for number in 0..5 {
        world
            .upload(&files, plan(&format!("{number}.pdf")))
            .await
            .expect(201);
    }
    assert_eq!(
        world
            .upload(&files, plan("6.pdf"))
            .await
            .expect(400)
            .violation()
            .1,
        "array_too_long"
    );
}

#[tokio::test]
async fn a_file_makes_a_listing_digital_and_its_loss_makes_it_physical() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let body =
        json!({ "products": [custom_product("Blue", 10.0, 1), custom_product("White", 10.0, 1)] });
    world.put_inventory(id, &body).await.expect(200);
    let file = world
        .upload(&world.listing(id, "/files"), plan("plan.pdf"))
        .await
        .expect(201)
        .json();
    let listing = world.read(id).await;
    assert_eq!(
        (&listing["listing_type"], &listing["has_variations"]),
        (&json!("download"), &json!(false))
    );
    assert_eq!(listing["shipping_profile_id"], json!(null));
    world.put_inventory(id, &body).await.expect(400);
    let path = world.listing(id, &format!("/files/{}", file["listing_file_id"]));
    world.delete(&path).await.expect(204);
    assert_eq!(world.read(id).await["listing_type"], "physical");
}

#[tokio::test]
async fn a_listing_with_variations_cannot_become_digital() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let body =
        json!({ "products": [custom_product("Blue", 10.0, 1), custom_product("White", 10.0, 1)] });
    world.put_inventory(id, &body).await.expect(200);
    world.patch(id, &[("type", "download")]).await.expect(409);
    world
        .put_inventory(
            id,
            &json!({ "products": [custom_product("Blue", 10.0, 1)] }),
        )
        .await
        .expect(200);
    let listing = world
        .patch(id, &[("type", "download")])
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&listing["listing_type"], &listing["shipping_profile_id"]),
        (&json!("download"), &json!(null))
    );
}
