//! Who runs: each server started beside the same marketplace, and shown to answer the same.

use std::env;
use std::process::Command;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use stoflow_benches::Native;
use stoflow_sandbox::RequestRecord;
use tempfile::TempDir;

use crate::clients::{Asked, Client};
use crate::market::USER;
use crate::marketplace::Marketplace;
use crate::native;
use crate::server::{Server, free};
use crate::shop::{LISTINGS, Shop};
use crate::stage::target;

/// What everybody is asked for.
const PATH: &str = "/api/etsy/listings/active?limit=100";

/// A server, and how it is asked.
pub struct Runner {
    pub name: &'static str,
    pub server: Server,
    pub asked: Asked,
    /// What its reply has; the same listings, but each writes JSON its own way.
    pub reply_bytes: usize,
}

/// All of them, and whom they ask.
pub struct Course {
    pub runners: Vec<Runner>,
    pub marketplace: Marketplace,
    /// The host's data, for as long as it runs.
    _data: TempDir,
}

/// Fills a shop through the plugin, takes its page, and starts everybody.
pub async fn prepare() -> Course {
    eprintln!("a shop with {LISTINGS} listings, published through the plugin");
    let shop = Shop::open().await;
    let (record, page) = page(&shop).await;
    let marketplace = Marketplace::start(page, &record).await;
    let origin = format!("http://{}", marketplace.address);
    move_to(&shop, &origin).await;
    let key = key(&shop).await;
    let Shop { stage, sandbox } = shop;
    stage.host.close().unwrap();
    drop(sandbox);
    let told = told(&origin, &record);
    let mut runners = vec![
        stoflow(&stage.data, &key),
        native_route(&told),
        fastapi(&told),
    ];
    let mut expected = None;
    for runner in &mut runners {
        let mut client = Client::connect(runner.server.address).await.unwrap();
        let answer = client.ask(&runner.asked).await.unwrap();
        let text = String::from_utf8_lossy(&answer.body);
        assert!(answer.status.is_success(), "{}: {text}", runner.name);
        let value: Value = serde_json::from_slice(&answer.body).unwrap();
        let expected = expected.get_or_insert_with(|| value.clone());
        assert!(*expected == value, "{} answers otherwise", runner.name);
        runner.reply_bytes = answer.body.len();
    }
    Course {
        runners,
        marketplace,
        _data: stage.data,
    }
}

/// How the plugin asks for the page, and what the sandbox answers.
async fn page(shop: &Shop) -> (RequestRecord, Bytes) {
    let arguments = json!({ "state": "active", "page": { "limit": 100 } });
    shop.stage
        .call("etsy", "listings.list", arguments)
        .await
        .unwrap();
    let records = shop.sandbox.requests();
    let [record] = records.as_slice() else {
        panic!("the plugin made {} requests", records.len());
    };
    let native = Native::like(shop.sandbox.url(), record);
    (record.clone(), native.fetch("active", 100).await)
}

/// Puts the marketplace in the sandbox's place.
async fn move_to(shop: &Shop, origin: &str) {
    let change = json!({ "origins": { "https://api.etsy.com": origin } });
    shop.stage
        .post("/api/plugins/etsy/configuration", change)
        .await
        .unwrap();
}

/// What a server without plugins is told of the marketplace.
fn told(origin: &str, record: &RequestRecord) -> Vec<(&'static str, String)> {
    let headers: Map<String, Value> = record
        .headers
        .iter()
        .filter(|(name, _)| ["authorization", "x-api-key", "accept"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    vec![
        (native::ORIGIN, origin.to_owned()),
        (native::PATH, record.path.clone()),
        (native::HEADERS, Value::Object(headers).to_string()),
    ]
}

/// The user's key, which asks as often as it likes: what is measured is work.
async fn key(shop: &Shop) -> String {
    let wanted = json!({
        "name": "bench",
        "user": USER,
        "scopes": ["listings:read"],
        "rate": { "per_second": 1_000_000, "burst": 1_000_000 },
    });
    let made = shop.stage.post("/api/keys", wanted).await.unwrap();
    made["secret"].as_str().unwrap().to_owned()
}

fn stoflow(data: &TempDir, key: &str) -> Runner {
    let address = free();
    let mut command = Command::new(target().join("release/stoflow"));
    command
        .args(["serve", "--listen", &address.to_string()])
        .env_clear()
        .env("STOFLOW_DATA_DIR", data.path());
    Runner {
        name: "`stoflow serve`",
        server: Server::start(&mut command, address),
        asked: Asked::get(PATH, Some(key)),
        reply_bytes: 0,
    }
}

fn native_route(told: &[(&str, String)]) -> Runner {
    let address = free();
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .env_clear()
        .env(native::LISTEN, address.to_string())
        .envs(told.iter().cloned());
    Runner {
        name: "a native route",
        server: Server::start(&mut command, address),
        asked: Asked::get(PATH, None),
        reply_bytes: 0,
    }
}

fn fastapi(told: &[(&str, String)]) -> Runner {
    let address = free();
    // As `cargo xtask bench` made it.
    let mut command = Command::new(target().join("fastapi/bin/uvicorn"));
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/fastapi");
    command
        .args(["app:app", "--no-access-log", "--log-level", "warning"])
        .args(["--app-dir", here, "--host", "127.0.0.1"])
        .args(["--port", &address.port().to_string()])
        .env_clear()
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(told.iter().cloned());
    Runner {
        name: "FastAPI and httpx",
        server: Server::start(&mut command, address),
        asked: Asked::get(PATH, None),
        reply_bytes: 0,
    }
}
