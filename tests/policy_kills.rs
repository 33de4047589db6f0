//! A shipping profile whose creation is killed (SIGKILL) before or after any of its requests was
//! carried out is there once and whole when the same call is made again.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use stoflow_sandbox::{Fault, FaultKind};

use crate::publish_kills::{HELD, Shop};
use crate::stage::rounds;

fn creation(shop: &Shop) -> Command {
    let to = |place: &str, code: &str, cost: &str| {
        json!({
            place: code, "primary_cost": cost, "secondary_cost": "1",
            "min_delivery_days": 2, "max_delivery_days": 9,
        })
    };
    let data = json!({
        "origin_country_iso": "FR",
        "origin_postal_code": "75011",
        "destinations": [
            to("destination_country_iso", "FR", "4.90"),
            to("destination_region", "eu", "12"),
            to("destination_country_iso", "US", "19.99"),
        ],
    });
    let data = data.to_string();
    let arguments = ["--kind", "shipping", "--name", "Parcels", "--data", &data];
    shop.call("policies", "create", &arguments)
}

fn is_there_once_and_whole(shop: &Shop, what: &str) {
    let state = shop.market.sandbox.state();
    let profiles = state["shops"][0]["shipping_profiles"].as_array().unwrap();
    let made: Vec<&Value> = profiles
        .iter()
        .filter(|profile| profile["title"] == "Parcels")
        .collect();
    assert_eq!(made.len(), 1, "{what}: {profiles:#?}");
    let destinations = made[0]["shipping_profile_destinations"].as_array().unwrap();
    let costs: Vec<&Value> = destinations
        .iter()
        .map(|it| &it["primary_cost"]["amount"])
        .collect();
    assert_eq!(costs, [490, 1_200, 1_999], "{what}");
}

/// Kills the program inside the request of that index; `false` if there was none.
async fn killed_at(kind: FaultKind, index: u32) -> bool {
    let shop = Shop::new().await;
    let held = HELD.as_millis().try_into().unwrap();
    let fault = Fault::new(kind).skip(index).ms(held);
    shop.market.sandbox.inject(fault).unwrap();
    let mut child = creation(&shop).spawn().unwrap();
    let came = shop.seen(index as usize + 1, &mut child).await;
    if came && kind == FaultKind::SlowAfter {
        // What was asked for is done before the reply is held.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    shop.market.sandbox.clear_faults();
    let what = format!("{kind:?} at request {index}");
    let done = Shop::answer(creation(&shop)).await;
    assert_eq!(done["name"], "Parcels", "{what}: {done}");
    is_there_once_and_whole(&shop, &what);
    // And once more: nothing is made twice.
    assert_eq!(Shop::answer(creation(&shop)).await, done, "{what}");
    is_there_once_and_whole(&shop, &what);
    came
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_step_leaves_one_whole_profile() {
    for _ in 0..rounds("POLICY_KILLS", 1) {
        for kind in [FaultKind::Slow, FaultKind::SlowAfter] {
            let mut index = 0;
            while killed_at(kind, index).await {
                index += 1;
            }
            assert!(index >= 5, "a creation has more than {index} requests");
            println!("killed at {index} requests, {kind:?}");
        }
    }
}
