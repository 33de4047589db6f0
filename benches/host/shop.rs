//! A shop with a hundred active listings in a sandbox, and a host that is connected to it.
//!
//! The sandbox runs on a thread of its own, so that its work is done beside the host's and not in its
//! place. The listings are published through the plugin, pictures included: the page is what the
//! plugin gets from a shop that it filled.

use serde_json::{Value, json};
use stoflow_benches::aside;
use stoflow_sandbox::{Options, Sandbox};

use crate::market::{self, USER};
use crate::stage::Stage;

/// How many listings a page has.
pub const LISTINGS: usize = 100;

const DESCRIPTION: &str = "A double-breasted coat of heavy wool, made in Lyon in the seventies & worn \
    with care.\n\nSix horn buttons, two pockets, a belt at the back. Lined with viscose, which is \
    as good as new. One button was replaced by one that is \"nearly\" the same.\n\nMeasured flat: \
    shoulders 46 cm, chest 56 cm, sleeves 62 cm, length 104 cm. Please compare with a coat that \
    fits you: sizes of the time are smaller than today's.\n\nSent within two days, insured, in a box \
    that has been used before.";

const TAGS: [&str; 13] = [
    "wool coat",
    "1970s",
    "vintage coat",
    "double breasted",
    "winter",
    "brown",
    "made in france",
    "horn buttons",
    "belted",
    "lined",
    "size m",
    "heavy",
    "warm",
];

pub struct Shop {
    pub stage: Stage,
    pub sandbox: Sandbox,
}

impl Shop {
    pub async fn open() -> Self {
        let sandbox = sandbox().await;
        let stage = Stage::new();
        stage.install("plugins/etsy").await.unwrap();
        market::configure(&stage, &sandbox).await;
        without_quotas(&stage);
        market::connect(&stage, USER).await.unwrap();
        for number in 1..=LISTINGS {
            publish(&stage, number).await;
        }
        sandbox.clear_requests();
        Self { stage, sandbox }
    }
}

/// Grants quotas that are never used up: what is measured is work, not waiting for the next second.
fn without_quotas(stage: &Stage) {
    let etsy = "etsy".parse().unwrap();
    let config = &stage.host.config;
    let mut grant = config.plugin(&etsy).grant.clone().unwrap();
    for quota in &mut grant.quotas {
        quota.limit = 1_000_000;
    }
    config.grant(&etsy, &grant).unwrap();
}

/// A sandbox without limits, served by one thread that does nothing else.
async fn sandbox() -> Sandbox {
    aside("sandbox", |sender| async {
        let options = Options {
            per_second: 0,
            per_day: 0,
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        assert!(sender.send(sandbox).is_ok(), "nobody waits for the sandbox");
        std::future::pending::<()>().await;
    })
    .await
}

async fn publish(stage: &Stage, number: usize) {
    let arguments = json!({
        "key": format!("coat-{number}"),
        "product": product(number),
        "target": "active",
    });
    let done = stage
        .call_with_files("etsy", "publish.create", arguments)
        .await
        .unwrap();
    assert_eq!(done["listing"]["state"], "active", "{done}");
}

fn product(number: usize) -> Value {
    let mut product = market::example("coat");
    product["title"] = json!(format!(
        "Wool coat of the 1970s, double-breasted, no. {number}"
    ));
    product["description"] = json!({ "plain": DESCRIPTION });
    product["tags"] = json!(TAGS);
    product["variations"][0]["sku"] = json!(format!("COAT-{number}"));
    product
}
