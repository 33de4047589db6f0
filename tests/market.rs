//! A host with the Etsy plugin, a sandbox that stands in for Etsy, and a shop that has consented:
//! over real HTTP, the browser played by a plain client.

use std::time::Duration;

use http::header;
use serde_json::{Value, json};
use stoflow_host::api::Problem;
use stoflow_host::host::Options;
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET, NewSeller, Options as SandboxOptions, Sandbox};

use crate::stage::Stage;

/// The user whose shop is connected.
pub const USER: &str = "u1";

/// Host, sandbox, and the shop's account.
pub struct Market {
    pub stage: Stage,
    pub sandbox: Sandbox,
    pub account: String,
}

impl Market {
    /// A connected shop. The sandbox's limits are such that tests do not wait for them; its replies say
    /// so, or else the host would keep to what the plugin knows of Etsy's.
    pub async fn new() -> Self {
        Self::with(|_| (), |_| ()).await
    }

    pub async fn with(
        sandbox: impl FnOnce(&mut SandboxOptions),
        host: impl FnOnce(&mut Options),
    ) -> Self {
        let mut options = SandboxOptions {
            per_second: 100_000,
            per_day: 1_000_000,
            ..SandboxOptions::default()
        };
        sandbox(&mut options);
        let sandbox = Sandbox::start(options).await.unwrap();
        let stage = Stage::with(host);
        stage.install("plugins/etsy").await.unwrap();
        configure(&stage, &sandbox).await;
        let account = connect(&stage, USER).await.unwrap();
        let account = account["account"]["id"].as_str().unwrap().to_owned();
        sandbox.clear_requests();
        Self {
            stage,
            sandbox,
            account,
        }
    }

    /// The same with another seller's shop than the first.
    pub async fn of(seller: &NewSeller) -> Self {
        let mut market = Self::new().await;
        let seller = market.sandbox.add_seller(seller).unwrap();
        let account = format!("/api/accounts/{}", market.account);
        market.stage.delete(&account).await.unwrap();
        let account = connect_as(&market.stage, USER, seller.user_id)
            .await
            .unwrap();
        market.account = account["account"]["id"].as_str().unwrap().to_owned();
        market.sandbox.clear_requests();
        market
    }

    /// Gives the account settings of its own.
    pub async fn set(&self, settings: Value) {
        let path = format!("/api/accounts/{}/settings", self.account);
        self.stage.post(&path, settings).await.unwrap();
    }

    /// Calls a function of the plugin for the shop.
    pub async fn call(&self, function: &str, arguments: Value) -> Result<Value, Problem> {
        self.stage.call("etsy", function, arguments).await
    }

    /// Publishes a product whose images are files of `docs/examples`.
    pub async fn publish(
        &self,
        key: &str,
        product: &Value,
        target: &str,
    ) -> Result<Value, Problem> {
        let arguments = json!({ "key": key, "product": product, "target": target });
        self.stage
            .call_with_files("etsy", "publish.create", arguments)
            .await
    }

    /// Publishes an example; the listing's id.
    pub async fn listing(&self, key: &str, name: &str, target: &str) -> String {
        let done = self.publish(key, &example(name), target).await.unwrap();
        id_of(&done["listing"])
    }

    /// Calls a function whose arguments name files of `docs/examples`.
    pub async fn call_with_files(
        &self,
        function: &str,
        arguments: Value,
    ) -> Result<Value, Problem> {
        self.stage
            .call_with_files("etsy", function, arguments)
            .await
    }

    /// A listing that the sandbox holds.
    pub fn held(&self, id: &str) -> Value {
        let held = self
            .listings()
            .into_iter()
            .find(|listing| listing["listing_id"].as_i64() == id.parse().ok());
        held.unwrap_or_else(|| panic!("the sandbox holds no listing {id}"))
    }

    /// The same without what changes whenever something is written.
    pub fn lasting(&self, id: &str) -> Value {
        let mut listing = self.held(id);
        listing
            .as_object_mut()
            .unwrap()
            .retain(|name, _| !name.ends_with("_timestamp"));
        listing
    }

    /// The listings that the sandbox holds.
    pub fn listings(&self) -> Vec<Value> {
        self.sandbox.state()["listings"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// The operations, of those that the sandbox was asked for, that write.
    pub fn writes(&self) -> Vec<String> {
        let requests = self.sandbox.requests().into_iter();
        requests
            .filter(|request| request.method != "GET")
            .map(|request| request.operation.unwrap_or_default())
            .collect()
    }

    /// The operations that the sandbox was asked for, in order.
    pub fn operations(&self) -> Vec<String> {
        self.sandbox
            .requests()
            .into_iter()
            .map(|request| request.operation.unwrap_or_default())
            .collect()
    }
}

/// Sets the app's credentials, and the sandbox in Etsy's place.
pub async fn configure(stage: &Stage, sandbox: &Sandbox) {
    let change = json!({
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "origins": {
            "https://api.etsy.com": sandbox.url(),
            "https://www.etsy.com": sandbox.url(),
        },
    });
    stage
        .post("/api/plugins/etsy/configuration", change)
        .await
        .unwrap();
}

/// Goes through consent as a browser would.
pub async fn connect(stage: &Stage, user: &str) -> Result<Value, Problem> {
    connect_by(stage, user, str::to_owned).await
}

/// The same as a seller of the sandbox's other than the first.
pub async fn connect_as(stage: &Stage, user: &str, seller: i64) -> Result<Value, Problem> {
    connect_by(stage, user, |url| format!("{url}&user={seller}")).await
}

/// The same by a link that somebody has changed.
pub async fn connect_by(
    stage: &Stage,
    user: &str,
    link: impl FnOnce(&str) -> String,
) -> Result<Value, Problem> {
    let begun = stage
        .post("/api/etsy/oauth/connect", json!({ "user": user }))
        .await?;
    let callback = consent(&link(begun["url"].as_str().unwrap())).await;
    let complete = "/api/etsy/oauth/complete";
    let answer = json!({ "user": user, "callback": callback });
    let offered = stage.post(complete, answer).await?;
    let decision = json!({ "user": user, "consent": offered["consent"] });
    stage.post(complete, decision).await
}

/// Opens the consent page and presses its button; where the browser is sent then.
pub async fn consent(url: &str) -> String {
    // reqwest wants to know a provider of TLS, though this page is plain http; another test may
    // have named it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let page = client.get(format!("{url}&auto=1")).send().await.unwrap();
    let location = page.headers().get(header::LOCATION);
    let location =
        location.unwrap_or_else(|| panic!("the consent page answered {}", page.status()));
    location.to_str().unwrap().to_owned()
}

/// Where what was sent is wrong, in the order in which it is told.
pub fn paths(problem: &Problem) -> Vec<&str> {
    let violations = problem.violations.iter();
    violations
        .map(|violation| violation.path.as_str())
        .collect()
}

/// The codes of warnings, in their order.
pub fn codes(warnings: &Value) -> Vec<&str> {
    let warnings = warnings.as_array().unwrap().iter();
    warnings
        .map(|warning| warning["code"].as_str().unwrap())
        .collect()
}

/// A product of `docs/examples`.
pub fn example(name: &str) -> Value {
    let path = examples().join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A listing's id in a reply.
pub fn id_of(listing: &Value) -> String {
    listing["id"].as_str().unwrap().to_owned()
}

/// A product that says everything: two axes, images of variations, attributes, a section.
pub fn coats() -> Value {
    let variation =
        |sku: &str, color: &str, size: &str, amount: &str, quantity: u32, image: &str| {
            json!({
                "sku": sku,
                "choices": [
                    { "name": "Colour of the lining", "values": [{ "text": color }] },
                    { "name": "Length", "values": [{ "text": size }] },
                ],
                "price": { "amount": amount, "currency": "EUR" },
                "quantity": quantity,
                "images": [{ "source": format!("asset:coat-{image}.jpg") }],
            })
        };
    let mut coats = example("coat");
    coats["variations"] = json!([
        variation("C-R-S", "Red", "Short", "80.00", 3, "front"),
        variation("C-R-L", "Red", "Long", "95.00", 1, "front"),
        variation("C-B-S", "Black", "Short", "80.00", 2, "back"),
        variation("C-B-L", "Black", "Long", "95.50", 0, "back"),
    ]);
    coats["variations"][2]["hidden"] = json!(true);
    coats["attributes"] = json!([
        { "name": "Primary color", "values": [{ "text": "Brown" }] },
        { "name": "Occasion", "values": [{ "text": "Wedding" }] },
    ]);
    coats["sections"] = json!(["Everything"]);
    coats["extension"]["is_taxable"] = json!(true);
    coats["extension"]["styles"] = json!(["Retro", "Formal"]);
    coats
}

/// Where the examples are.
pub fn examples() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples")
}
