//! Control endpoints, the page, and the handle.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stoflow_sandbox::{NewSeller, Options, Sandbox};

use crate::harness::{World, custom_product, file, jpeg, unlimited};

const NONE: Value = Value::Null;

async fn control(world: &World, method: Method, path: &str, body: Value) -> Value {
    world.control(method, path, &body).await.expect(200).json()
}

#[tokio::test]
async fn the_state_has_everything() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let form = reqwest::multipart::Form::new().part("image", file(jpeg(3), "a.jpg"));
    world
        .upload(
            &world.listing(id, "/images"),
            form.text("alt_text", "front"),
        )
        .await
        .expect(201);
    let state = control(&world, Method::GET, "state", NONE).await;
    assert_eq!(state["shops"].as_array().unwrap().len(), 3);
    let listing = &state["listings"][0];
    assert_eq!(
        (&listing["listing_id"], &listing["images"][0]["alt_text"]),
        (&json!(id), &json!("front"))
    );
    assert_eq!(listing["sandbox_images"][0]["bytes"], jpeg(3).len());
    assert_eq!(
        listing["inventory"]["products"].as_array().unwrap().len(),
        1
    );
    assert_eq!(state["tokens"], json!({ "access": 1, "refresh": 1 }));
    assert_eq!(state["listings"], world.sandbox.state()["listings"]);
}

#[tokio::test]
async fn the_history_tells_what_came_and_why_it_was_refused() {
    let world = World::with(Options {
        keep_bodies: true,
        ..unlimited()
    })
    .await;
    world.create(&[("tags", "bad!")]).await.expect(400);
    let history = control(&world, Method::GET, "requests", NONE).await;
    let record = &history["requests"][0];
    assert_eq!(
        (&record["operation"], &record["status"]),
        (&json!("createDraftListing"), &json!(400))
    );
    assert_eq!(
        (&record["user_id"], &record["number"]),
        (&json!(2001), &json!(1))
    );
    assert!(record["reason"].as_str().unwrap().contains("/tags/0"));
    assert!(record["request_body"].as_str().unwrap().contains("bad%21"));
    let headers = record["headers"].as_array().unwrap();
    assert!(headers.iter().any(|pair| pair[0] == "authorization"));
    control(&world, Method::DELETE, "requests", NONE).await;
    assert!(world.sandbox.requests().is_empty());
}

#[tokio::test]
async fn faults_clock_tokens_and_shops_over_http() {
    let mut world = World::start().await;
    let faults =
        json!([{ "kind": "500-before", "operation": "ping" }, { "kind": "html", "times": 2 }]);
    let queued = control(&world, Method::POST, "faults", faults).await;
    assert_eq!(queued["faults"].as_array().unwrap().len(), 2);
    world.get("/v3/application/openapi-ping").await.expect(500);
    control(&world, Method::DELETE, "faults", NONE).await;
    world.get("/v3/application/openapi-ping").await.expect(200);
    for wrong in [
        json!({ "kind": "fire" }),
        json!({ "kind": "cut", "operation": "nope" }),
        json!("cut"),
    ] {
        world
            .control(Method::POST, "faults", &wrong)
            .await
            .expect(400);
    }
    let shop = json!({ "shop_name": "Nordlys", "country": "NO", "currency": "USD" });
    let seller = control(&world, Method::POST, "shops", shop.clone()).await;
    world
        .control(Method::POST, "shops", &shop)
        .await
        .expect(400);
    let wish = json!({ "user": "Nordlys", "scopes": ["shops_r"] });
    let tokens = control(&world, Method::POST, "tokens", wish).await;
    world.token = tokens["access_token"].as_str().unwrap().to_owned();
    let me = world
        .get("/v3/application/users/me")
        .await
        .expect(200)
        .json();
    assert_eq!(me, seller);
    control(&world, Method::POST, "clock", json!({ "seconds": 3601 })).await;
    world.get("/v3/application/users/me").await.expect(401);
    control(
        &world,
        Method::POST,
        "expire-tokens",
        json!({ "refresh": true }),
    )
    .await;
    assert_eq!(
        world.sandbox.state()["tokens"],
        json!({ "access": 0, "refresh": 0 })
    );
    world
        .control(Method::POST, "clock", &json!({ "hours": 1 }))
        .await
        .expect(400);
    world
        .control(Method::GET, "nothing", &NONE)
        .await
        .expect(404);
    control(&world, Method::POST, "reset", NONE).await;
    assert_eq!(world.sandbox.sellers().len(), 3);
}

#[tokio::test]
async fn listings_can_be_put_into_any_state() {
    let world = World::start().await;
    let id = world.active(&[]).await;
    control(
        &world,
        Method::POST,
        "listing-state",
        json!({ "listing_id": id, "state": "sold_out" }),
    )
    .await;
    assert_eq!(world.read(id).await["state"], "sold_out");
    world
        .control(Method::POST, "listing-state", &json!({ "listing_id": 5 }))
        .await
        .expect(400);
}

#[tokio::test]
async fn the_control_endpoints_answer_this_machine_only() {
    let world = World::start().await;
    let url = format!("{}/sandbox/state", world.sandbox.url());
    let foreign = world.http.get(&url).header("host", "evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let page = world
        .http
        .get(&url)
        .header("origin", "https://evil.example");
    assert_eq!(page.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_page_shows_listings_as_text() {
    let world = World::start().await;
    let id = world.draft(&[("title", "Mug <b>bold</b>")]).await;
    // Mathematical symbols are allowed in titles, and < and > are two of them.
    assert_eq!(id, 1_000_001);
    world.image(id, "1").await;
    let body = json!({ "products": [custom_product("<i>Blue</i>", 10.0, 1)] });
    world.put_inventory(id, &body).await.expect(200);
    let page = world
        .http
        .get(world.sandbox.url())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("Vieux Paris") && page.contains("1000001") && page.contains("10.00 EUR"));
    assert!(page.contains("/img/il_75x75.30000001.jpg") && page.contains("createDraftListing"));
    assert!(
        !page.contains("<i>Blue") && !page.contains("<b>bold"),
        "{page}"
    );
    assert!(!page.contains(&world.token), "the page has no secrets");
}

#[tokio::test]
async fn a_handle_starts_adds_and_stops() {
    let sandbox = Sandbox::start(Options {
        seed: 2,
        ..unlimited()
    })
    .await
    .unwrap();
    assert!(sandbox.url().starts_with("http://127.0.0.1:"));
    let seller = NewSeller {
        shop_name: "Bare".into(),
        furnished: false,
        ..NewSeller::default()
    };
    let added = sandbox.add_seller(&seller).unwrap();
    assert!(sandbox.sellers().contains(&added));
    assert!(sandbox.add_seller(&seller).is_err());
    assert!(
        sandbox.issue_tokens(5, &[]).is_err()
            && sandbox.issue_tokens(added.user_id, &["x"]).is_err()
    );
    let url = sandbox.url().to_owned();
    let http = crate::harness::client();
    assert_eq!(http.get(&url).send().await.unwrap().status(), 200);
    sandbox.stop().await;
    assert!(
        http.get(&url)
            .timeout(Duration::from_secs(2))
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn options_that_cannot_be_served_are_refused() {
    let short = Options {
        client_secret: "short".into(),
        ..Options::default()
    };
    assert!(
        Sandbox::start(short)
            .await
            .unwrap_err()
            .to_string()
            .contains("at least 12")
    );
    let uri = Options {
        redirect_uris: vec!["nowhere".into()],
        ..Options::default()
    };
    assert!(Sandbox::start(uri).await.is_err());
    let first = Sandbox::start(Options::default()).await.unwrap();
    let port: u16 = first.url().rsplit(':').next().unwrap().parse().unwrap();
    let taken = Options {
        port,
        ..Options::default()
    };
    assert!(
        Sandbox::start(taken)
            .await
            .unwrap_err()
            .to_string()
            .contains("another port")
    );
}

#[tokio::test]
async fn one_seed_gives_the_same_ids_and_tokens() {
    let mut first = Vec::new();
    for _ in 0..2 {
        let world = World::start().await;
        first.push((world.token.clone(), world.draft(&[]).await));
    }
    assert_eq!(first[0], first[1]);
}
