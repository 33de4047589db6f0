//! The plugin as it is installed, under replies that are damaged at random: a trap would be seen here
//! even where the conversions, run natively, have none.

#[path = "../../plugin-etsy/tests/mapping/json.rs"]
mod json;
#[path = "../../plugin-etsy/tests/mapping/mutate.rs"]
mod mutate;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;

use self::json::Json;
use super::shop;
use crate::seed::{Dice, seed};
use crate::stage::rounds;

/// The functions that read the most, and one that writes what it read.
fn calls(id: &str) -> Vec<(&'static str, Value)> {
    let change = json!({ "listing_id": id, "quantity": 3 });
    vec![
        ("listings.list", json!({})),
        ("listings.get_many", json!({ "ids": [id, "7"] })),
        ("listings.get", json!({ "id": id })),
        ("listings.get_product", json!({ "id": id })),
        ("listings.get_inventory", json!({ "id": id })),
        ("shop.get", json!({})),
        ("shop.sections", json!({})),
        ("policies.list", json!({})),
        ("orders.list", json!({})),
        ("publish.set_offers", json!({ "changes": [change] })),
        (
            "publish.update",
            json!({ "listing_id": id, "product": { "tags": ["coat"], "attributes": [] } }),
        ),
    ]
}

#[tokio::test]
async fn no_call_ends_in_a_trap_whatever_etsy_answers() {
    let seconds = rounds("FUZZ_WASM_SECONDS", 5);
    let seed = seed("calls under damaged replies by the second", seconds);
    let (market, between, id) = shop().await;
    let dice = Arc::new(Mutex::new(Dice::of(seed, 0)));
    let shared = Arc::clone(&dice);
    between.twist(move |_, (status, body)| {
        let dice = &mut *shared.lock().unwrap();
        if serde_json::from_slice::<Value>(&body).is_err() {
            return (status, body);
        }
        let mut reply = Json::parse(&String::from_utf8_lossy(&body));
        for _ in 0..dice.within(0..4) {
            mutate::mutate(&mut reply, dice);
        }
        let mut bytes = reply.to_string().into_bytes();
        if dice.one_in(20) {
            mutate::spoil(&mut bytes, dice);
        }
        (if dice.one_in(20) { 400 } else { status }, bytes)
    });
    let calls = calls(&id);
    let end = Instant::now() + Duration::from_secs(seconds.into());
    let (mut made, mut failed) = (0, 0);
    while Instant::now() < end {
        let (function, arguments) = {
            let mut dice = dice.lock().unwrap();
            dice.one_of(&calls).clone()
        };
        made += 1;
        if let Err(problem) = market.call(function, arguments).await {
            failed += 1;
            assert_ne!(
                problem.kind(),
                ProblemKind::PluginFailed,
                "{function}: {problem:#?}"
            );
        }
    }
    println!("{made} calls, {failed} ended in an error of the contract's, none in a trap");
    assert!(made > 0, "no call was made");
}
