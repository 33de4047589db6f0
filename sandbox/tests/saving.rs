//! A sandbox that goes on where another stopped, and two that are alike to the byte.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stoflow_sandbox::{Fault, FaultKind, Options, Purchase, Sandbox};

use crate::harness::{NOW, World, custom_product, jpeg, unlimited};

/// A clock that only the requests move.
fn still(seed: u64) -> Options {
    Options {
        seed,
        tick: Some(Duration::from_millis(10)),
        ..unlimited()
    }
}

#[tokio::test]
async fn a_loaded_sandbox_goes_on_where_the_saved_one_was() {
    let world = World::with(still(1)).await;
    let id = world.active(&[]).await;
    let products = json!({ "products": [custom_product("Blue", 10.0, 3)] });
    world.put_inventory(id, &products).await.expect(200);
    let receipt = world.sandbox.buy(&Purchase::of(id)).unwrap();
    world
        .sandbox
        .inject(Fault::new(FaultKind::ErrorBefore).on("ping").skip(1))
        .unwrap();
    let saved = world.control(Method::POST, "save", &Value::Null).await;
    let saved = saved.expect(200).json();

    let other = World::with(still(9)).await;
    let loaded = other.control(Method::POST, "load", &saved).await;
    loaded.expect(200);
    let image = other.sandbox.image(30_000_001).unwrap();
    assert_eq!(image.as_ref(), jpeg(1));
    let other = World {
        token: world.token.clone(),
        seller: world.seller,
        ..other
    };
    for path in [
        format!("/v3/application/listings/{id}/inventory"),
        world.shop(&format!("/receipts/{receipt}")),
        world.shop("/shipping-profiles"),
        "/v3/application/openapi-ping".to_owned(),
    ] {
        let (one, two) = (world.get(&path).await, other.get(&path).await);
        assert_eq!((one.status, one.body), (two.status, two.body), "{path}");
    }
    // The fault waited for the second ping.
    for world in [&world, &other] {
        world.get("/v3/application/openapi-ping").await.expect(500);
    }
    // Ids and tokens go on as they would have.
    assert_eq!(world.draft(&[]).await, other.draft(&[]).await);
    let tokens = |world: &World| world.sandbox.issue_tokens(2001, &[]).unwrap().access_token;
    assert_eq!(tokens(&world), tokens(&other));
}

#[tokio::test]
async fn a_document_that_is_no_state_is_refused_with_the_place_and_changes_nothing() {
    let world = World::start().await;
    let id = world.draft(&[]).await;
    let saved = world.sandbox.save();
    let load = async |document: &Value| world.control(Method::POST, "load", document).await;
    let mut damaged = saved.clone();
    damaged["state"]["market"]["listings"][id.to_string()]["title"] = json!(7);
    let refused = load(&damaged).await.expect(400).error();
    assert!(
        refused.starts_with(&format!("/state/market/listings/{id}/title: ")),
        "{refused}"
    );
    let mut damaged = saved.clone();
    damaged["state"]["market"]["listings"][id.to_string()]["shop_id"] = json!(5009);
    let refused = load(&damaged).await.expect(400).error();
    assert!(
        refused.starts_with(&format!("/state/market/listings/{id}: ")),
        "{refused}"
    );
    for other in [json!({ "form": "another" }), json!([]), Value::Null] {
        load(&other).await.expect(400);
    }
    assert_eq!(
        world.sandbox.save()["state"]["market"],
        saved["state"]["market"]
    );
    assert!(world.sandbox.load(&json!({})).is_err());
    world.sandbox.load(&saved).unwrap();
}

/// The places of all values in a document that are neither a list nor an object, and of what is empty.
fn leaves(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, inner) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                leaves(inner, format!("{place}/{key}"), found);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (index, inner) in list.iter().enumerate() {
                leaves(inner, format!("{place}/{index}"), found);
            }
        }
        _ => found.push(place),
    }
}

#[tokio::test]
async fn whatever_stands_in_a_document_the_sandbox_goes_on_answering() {
    let world = World::with(still(1)).await;
    let id = world.active(&[("should_auto_renew", "true")]).await;
    let products = json!({ "products": [custom_product("Blue", 10.0, 3)] });
    world.put_inventory(id, &products).await.expect(200);
    world.sandbox.buy(&Purchase::of(id)).unwrap();
    world
        .sandbox
        .inject(Fault::new(FaultKind::Cut).on("getMe"))
        .unwrap();
    let saved = world.sandbox.save();
    let mut places = Vec::new();
    leaves(&saved, String::new(), &mut places);
    assert!(places.len() > 300, "{}", places.len());
    let junk = [
        json!(9_999_999_999_999_i64),
        json!(null),
        json!(-9_999_999_999_999_i64),
        json!("x"),
        json!(0),
        json!([{}]),
        json!(u64::MAX),
    ];
    let (mut taken, mut refused) = (0, 0);
    for (place, junk) in places.iter().zip(junk.iter().cycle()) {
        let mut document = saved.clone();
        *document.pointer_mut(place).unwrap() = junk.clone();
        if let Err(error) = world.sandbox.load(&document) {
            assert!(error.to_string().starts_with('/'), "{place}: {error}");
            refused += 1;
            continue;
        }
        taken += 1;
        // A panic would end the connection, and with it the test.
        for path in [
            "/sandbox/state",
            "/",
            "/v3/application/listings/active?currency=JPY",
        ] {
            let request = world.request(Method::GET, path);
            let reply = request
                .send()
                .await
                .unwrap_or_else(|_| panic!("{place}: {junk}: {path}"));
            assert!(reply.status().as_u16() < 500, "{place}: {junk}: {path}");
        }
        // What is refused here is another matter.
        let _ = world.sandbox.buy(&Purchase::of(id));
    }
    assert!(
        taken > 50 && refused > 50,
        "{taken} taken, {refused} refused"
    );
}

/// What a seller does, and every reply to it without the sandbox's address.
async fn script() -> Vec<String> {
    let mut world = World::with(still(1)).await;
    let url = world.sandbox.url().to_owned();
    let mut replies = vec![world.token.clone()];
    let mut say = |answer: crate::harness::Answer| {
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            // The server's own clock stamps this one.
            .filter(|(name, _)| *name != "date")
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort();
        let body = String::from_utf8(answer.body).unwrap().replace(&url, "");
        replies.push(format!("{} {headers:?} {body}", answer.status));
    };
    say(world.create(&[]).await);
    say(world.create(&[("tags", "bad!")]).await);
    let id = world.active(&[]).await;
    let products = json!({ "products": [custom_product("Blue", 10.0, 3)] });
    say(world.put_inventory(id, &products).await);
    let receipt = world.sandbox.buy(&Purchase::of(id)).unwrap();
    say(world
        .get(&world.shop(&format!("/receipts/{receipt}")))
        .await);
    world.sandbox.advance(Duration::from_secs(130 * 86_400));
    say(world.get("/v3/application/users/me").await);
    world = world.signed_in_as(0);
    say(world
        .get(&format!(
            "/v3/application/listings/{id}?includes=Images,Inventory"
        ))
        .await);
    say(world.control(Method::GET, "state", &Value::Null).await);
    let saved = world.control(Method::POST, "save", &Value::Null).await;
    say(saved);
    replies
}

#[tokio::test]
async fn the_same_requests_give_the_same_replies_to_the_byte() {
    let (one, two) = (script().await, script().await);
    assert_eq!(one.len(), two.len());
    for (one, two) in one.iter().zip(&two) {
        // How far the machine's clock has got is the one thing that the requests do not decide.
        assert_eq!(without_ahead(one), without_ahead(two));
    }
    // The first is a token, and another seed has others.
    assert_ne!(World::with(still(2)).await.token, one[0]);
}

fn without_ahead(reply: &str) -> String {
    let kept = reply
        .split(',')
        .filter(|part| !part.contains("clock_ahead_seconds"));
    kept.collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn a_state_file_is_written_at_the_end_and_read_at_the_start() {
    let file = std::env::temp_dir().join(format!("stoflow-sandbox-{}.json", std::process::id()));
    let options = || Options {
        state: Some(file.clone()),
        ..unlimited()
    };
    let world = World::with(options()).await;
    let id = world.active(&[]).await;
    world.sandbox.advance(Duration::from_secs(7 * 86_400));
    world.sandbox.stop().await;
    let world = World::with(options()).await;
    assert_eq!(world.read(id).await["state"], "active");
    let now = world.sandbox.state()["now"].as_i64().unwrap();
    assert!(now >= NOW + 7 * 86_400, "time went back to {now}");
    world.sandbox.stop().await;
    // A file that is cut off is refused, and stays for whoever wants to look into it.
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let refused = Sandbox::start(options()).await.unwrap_err().to_string();
    assert!(
        refused.contains("line 1") && refused.contains("move it away"),
        "{refused}"
    );
    assert_eq!(std::fs::read(&file).unwrap().len(), whole.len() / 2);
    std::fs::remove_file(&file).unwrap();
}
