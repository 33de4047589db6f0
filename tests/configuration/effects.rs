//! What the variables of the service that was here before do: seen at the sandbox, which stands in for
//! Etsy by them alone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_host::config::SetBy;
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET, Options as SandboxOptions, Sandbox};

use super::layers;
use crate::market::{USER, connect};
use crate::stage::Stage;

/// A host that is set up by variables alone, with Etsy's plugin.
async fn stage(variables: &[(&str, &str)]) -> Stage {
    let variables = layers(variables, None).unwrap();
    let stage = Stage::with(|options| options.layers = variables);
    stage.install("plugins/etsy").await.unwrap();
    stage
}

/// A sandbox whose limits no test waits for.
async fn sandbox() -> Sandbox {
    let options = SandboxOptions {
        per_second: 100_000,
        per_day: 1_000_000,
        ..SandboxOptions::default()
    };
    Sandbox::start(options).await.unwrap()
}

/// The variables of an old `.env`, with the sandbox's bases.
fn old(api: &str, oauth: &str) -> Vec<(&'static str, String)> {
    vec![
        ("ETSY_API_KEY", CLIENT_ID.to_owned()),
        ("ETSY_API_SECRET", CLIENT_SECRET.to_owned()),
        ("ETSY_API_BASE", api.to_owned()),
        ("ETSY_OAUTH_BASE", oauth.to_owned()),
    ]
}

async fn stage_of(variables: &[(&'static str, String)]) -> Stage {
    let pairs: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    stage(&pairs).await
}

/// Where a seller is sent.
async fn consent_url(stage: &Stage) -> url::Url {
    let begun = stage
        .post("/api/etsy/oauth/connect", json!({ "user": USER }))
        .await
        .unwrap();
    begun["url"].as_str().unwrap().parse().unwrap()
}

fn parameter(url: &url::Url, name: &str) -> String {
    let found = url.query_pairs().find(|(known, _)| known == name);
    found
        .unwrap_or_else(|| panic!("{url} has no {name}"))
        .1
        .into_owned()
}

#[tokio::test]
async fn an_old_env_is_all_that_a_shop_needs_to_be_connected_and_read() {
    let sandbox = sandbox().await;
    let (api, oauth) = (
        format!("{}/v3/application", sandbox.url()),
        format!("{}/oauth/", sandbox.url()),
    );
    let stage = stage_of(&old(&api, &oauth)).await;
    connect(&stage, USER).await.unwrap();
    sandbox.clear_requests();
    let shop = stage.call("etsy", "shop.get", json!({})).await.unwrap();
    assert!(shop["name"].is_string(), "{shop}");
    assert!(!sandbox.requests().is_empty());
    let shown = stage.get("/api/config").await.unwrap();
    let settings = shown["settings"].as_array().unwrap();
    let origin = |real: &str| {
        let key = format!("plugins.etsy.origins.{real:?}");
        settings.iter().find(|shown| shown["key"] == key).cloned()
    };
    let api = origin("https://api.etsy.com").unwrap();
    assert_eq!(api["place"], "ETSY_API_BASE");
    let page = origin("https://www.etsy.com").unwrap();
    assert_eq!(page["place"], "ETSY_OAUTH_BASE");
    let text = shown.to_string();
    assert!(!text.contains(CLIENT_SECRET), "{text}");
}

#[tokio::test]
async fn etsys_own_bases_change_nothing() {
    for (api, oauth) in [
        (
            "https://api.etsy.com/v3/application",
            "https://www.etsy.com/oauth",
        ),
        (
            "https://api.etsy.com",
            "https://api.etsy.com/v3/public/oauth",
        ),
    ] {
        let stage = stage_of(&old(api, oauth)).await;
        let config = stage.host.config.plugin(&"etsy".parse().unwrap());
        assert!(config.origins.is_empty(), "{:?}", config.origins);
        let url = consent_url(&stage).await;
        assert_eq!(url.host_str(), Some("www.etsy.com"));
    }
}

#[tokio::test]
async fn a_base_outweighs_the_files_stand_in_and_leaves_the_others() {
    let sandbox = sandbox().await;
    let stage = stage(&[("ETSY_OAUTH_BASE", sandbox.url())]).await;
    let change = json!({ "origins": {
        "https://api.etsy.com": "http://127.0.0.1:1",
        "https://www.etsy.com": "http://127.0.0.1:2",
    } });
    let reply = stage
        .post("/api/plugins/etsy/configuration", change)
        .await
        .unwrap();
    let warning = reply["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("https://www.etsy.com") && warning.contains("ETSY_OAUTH_BASE"),
        "{warning}"
    );
    assert_eq!(reply["warnings"].as_array().unwrap().len(), 1);
    let config = stage.host.config.plugin(&"etsy".parse().unwrap());
    assert_eq!(config.origins["https://api.etsy.com"], "http://127.0.0.1:1");
    assert_eq!(config.origins["https://www.etsy.com"], sandbox.url());
}

#[tokio::test]
async fn a_base_that_is_none_stops_the_installation_and_says_why() {
    let wrong = layers(&[("ETSY_API_BASE", "http://127.0.0.1:7010/v2")], None).unwrap();
    let stage = Stage::with(|options| options.layers = wrong);
    // Before the plugin is there, nobody knows that the variable is its.
    let problem = stage.install("plugins/etsy").await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Configuration);
    for word in ["ETSY_API_BASE", "/v2", "/v3/application/"] {
        assert!(problem.title.contains(word), "{word}: {}", problem.title);
    }
    assert_eq!(stage.get("/api/plugins").await.unwrap(), json!([]));
}

#[tokio::test]
async fn a_scope_that_is_false_is_not_asked_for_and_one_that_is_true_is() {
    let stage = stage(&[
        ("ETSY_API_KEY", CLIENT_ID),
        ("ETSY_API_SECRET", CLIENT_SECRET),
        ("ETSY_SCOPE_LISTINGS_D", "false"),
        ("ETSY_SCOPE_SHOPS_W", "true"),
        ("ETSY_REDIRECT_URI", "http://localhost:9/etsy/back"),
    ])
    .await;
    let change = json!({ "without_scopes": ["shops_w", "transactions_w"] });
    stage
        .post("/api/plugins/etsy/configuration", change)
        .await
        .unwrap();
    let url = consent_url(&stage).await;
    let scope = parameter(&url, "scope");
    let scopes: Vec<&str> = scope.split(' ').collect();
    assert!(!scopes.contains(&"listings_d"), "{scopes:?}");
    assert!(scopes.contains(&"shops_w"), "{scopes:?}");
    assert!(!scopes.contains(&"transactions_w"), "{scopes:?}");
    assert_eq!(parameter(&url, "client_id"), CLIENT_ID);
    assert_eq!(
        parameter(&url, "redirect_uri"),
        "http://localhost:9/etsy/back"
    );
}

#[tokio::test]
async fn a_rate_limit_slows_requests_down_though_the_marketplace_allows_more() {
    let sandbox = sandbox().await;
    let mut variables = old(sandbox.url(), sandbox.url());
    variables.push(("ETSY_RATE_LIMIT_PER_SECOND", "2".to_owned()));
    let stage = stage_of(&variables).await;
    connect(&stage, USER).await.unwrap();
    sandbox.clear_requests();
    let began = Instant::now();
    while sandbox.requests().len() < 6 {
        stage.call("etsy", "shop.get", json!({})).await.unwrap();
    }
    // Six in windows of two: the fifth comes two seconds after the first at the earliest.
    assert!(
        began.elapsed() >= Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_days_limit_that_is_used_up_is_said_and_nothing_is_sent() {
    let sandbox = sandbox().await;
    let mut variables = old(sandbox.url(), sandbox.url());
    variables.push(("ETSY_RATE_LIMIT_PER_DAY", "10".to_owned()));
    let stage = stage_of(&variables).await;
    connect(&stage, USER).await.unwrap();
    let problem = loop {
        match stage.call("etsy", "shop.get", json!({})).await {
            Ok(_) => assert!(sandbox.requests().len() <= 20),
            Err(problem) => break problem,
        }
    };
    assert_eq!(problem.kind(), ProblemKind::RateLimited, "{problem:?}");
    let sent = sandbox.requests().len();
    stage.call("etsy", "shop.get", json!({})).await.unwrap_err();
    assert_eq!(sandbox.requests().len(), sent);
}

#[tokio::test]
async fn intervals_of_polling_are_kept_for_whoever_polls() {
    let stage = stage(&[
        ("ETSY_POLLING_INTERVAL_ORDERS", "2"),
        ("ETSY_POLLING_INTERVAL_LISTINGS", "30"),
        ("ETSY_POLLING_LOW_STOCK_THRESHOLD", "0"),
    ])
    .await;
    let polling = stage.host.config.plugin(&"etsy".parse().unwrap()).polling;
    assert_eq!(polling.orders_minutes.get(), 2);
    assert_eq!(polling.listings_minutes.get(), 30);
    assert_eq!(polling.low_stock_quantity, 0);
}

#[tokio::test]
async fn a_setting_that_the_plugin_does_not_know_is_warned_of() {
    let stage = stage(&[("STOFLOW_PLUGINS__ETSY__SETTINGS__WHO_MAD", "i_did")]).await;
    let shown = stage.get("/api/config").await.unwrap();
    let warnings = shown["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(
        warnings[0]["place"],
        "STOFLOW_PLUGINS__ETSY__SETTINGS__WHO_MAD"
    );
    assert!(
        warnings[0]["message"]
            .as_str()
            .unwrap()
            .contains("who_made")
    );
    let settings = shown["settings"].as_array().unwrap();
    let by = |key: &str| settings.iter().find(|shown| shown["key"] == key);
    let known = by("plugins.etsy.settings.who_mad").unwrap();
    assert_eq!(known["set_by"], json!(SetBy::Environment));
    assert_eq!(by("plugins.etsy.client_id").unwrap()["value"], Value::Null);
}
