//! `cargo xtask demo`: the whole path on one machine — sandbox, plugin, consent, three products, a
//! price, a stock, a pause — through the same commands that a person types.

#![expect(
    clippy::indexing_slicing,
    reason = "serde_json answers null for a member that is not there"
)]

mod browser;
mod report;
mod stage;

use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{command, plugins};
use report::{line, more};
use stage::{SHOP, Stage};

const USER: &str = "u1";

/// The products: file, what it becomes.
const PRODUCTS: [(&str, &str); 3] = [("coat", "active"), ("mug", "active"), ("poster", "draft")];

/// Runs the demo. With `keep` the sandbox and the data stay until the demo is interrupted.
pub(crate) fn run(keep: bool) -> Result<()> {
    build()?;
    let stage = Stage::set()?;
    line(
        "sandbox",
        format_args!("Etsy stand-in on {}, seed 1", stage.sandbox.url()),
    );
    install(&stage)?;
    connect(&stage)?;
    let published = publish(&stage)?;
    offers(&stage, &published)?;
    pause(&stage, &published)?;
    println!();
    stage.show(&["call", "etsy", "listings", "list", "--user", USER])?;
    println!();
    report::requests(&stage)?;
    if keep {
        report::keep(stage)
    } else {
        report::farewell()
    }
}

fn build() -> Result<()> {
    let started = Instant::now();
    let parts = [
        "--package",
        "stoflow-host",
        "--bin",
        "stoflow",
        "--package",
        "stoflow-sandbox",
        "--bin",
        "stoflow-sandbox",
    ];
    command::run(command::cargo(&["build", "--quiet"]).args(parts))?;
    plugins::build_plugins()?;
    line(
        "building",
        format_args!(
            "host, sandbox, plugin-etsy (wasm32-wasip2)   {} s",
            started.elapsed().as_secs()
        ),
    );
    Ok(())
}

fn install(stage: &Stage) -> Result<()> {
    let plugin = stage.plugin.to_string_lossy().into_owned();
    stage.run(&["plugin", "install", &plugin, "--grant", "asked"])?;
    let shown = stage.json(&["plugin", "show", "etsy"])?;
    let version = &shown["versions"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let digest: String = text(&version["sha256"]).chars().take(8).collect();
    let kilobytes = version["bytes"].as_u64().unwrap_or_default() / 1000;
    let number = text(&version["description"]["version"]);
    line(
        "plugin",
        format_args!("etsy {number} installed and active · {kilobytes} KB · sha256 {digest}…"),
    );
    for endpoint in shown["configuration"]["grant"]["endpoints"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let (origin, prefix) = (text(&endpoint["origin"]), text(&endpoint["path_prefix"]));
        more(format_args!(
            "asked for {origin}{prefix} with the seller's token and the app's key → granted"
        ));
    }
    stage.configure()
}

fn connect(stage: &Stage) -> Result<()> {
    let started = stage.start(&[
        "account",
        "connect",
        "etsy",
        "--user",
        USER,
        "--yes",
        "--no-browser",
    ])?;
    browser::consent(started)?;
    let accounts = stage.json(&["account", "list", "--json"])?;
    let shop = accounts[0]["identity"]["name"].as_str().unwrap_or_default();
    anyhow::ensure!(shop == SHOP, "the account is of {shop:?}, not of {SHOP:?}");
    line(
        "account",
        format_args!("{USER} gave consent · shop {shop:?}"),
    );
    Ok(())
}

/// What a product became.
struct Published {
    listing: String,
    variations: Vec<Value>,
}

fn publish(stage: &Stage) -> Result<Vec<Published>> {
    let mut published = Vec::new();
    for (name, target) in PRODUCTS {
        let product = format!("@docs/examples/{name}.json");
        let done = stage.json(&[
            "call",
            "etsy",
            "publish",
            "create",
            "--user",
            USER,
            "--key",
            name,
            "--product",
            &product,
            "--target",
            target,
            "--json",
        ])?;
        let listing = done["listing"]["id"]
            .as_str()
            .context("the reply has no listing")?
            .to_owned();
        let variations = done["variations"].as_array().cloned().unwrap_or_default();
        let images = done["listing"]["images"].as_array().map_or(0, Vec::len);
        let steps = format!(
            "draft → {images} image(s) → {} variation(s) → {target}",
            variations.len()
        );
        line(
            "publish",
            format_args!("{:<26} {steps:<48} listing {listing}", &product[1..]),
        );
        published.push(Published {
            listing,
            variations,
        });
    }
    Ok(published)
}

/// A new price for the coat, a new stock for one of the mugs.
fn offers(stage: &Stage, published: &[Published]) -> Result<()> {
    let [coat, mug, ..] = published else {
        anyhow::bail!("two products were to be published")
    };
    let blue = mug
        .variations
        .iter()
        .find(|variation| variation["sku"] == "MUG-BLUE");
    let blue = blue.context("the mug has no variation MUG-BLUE")?;
    let changes = json!([
        { "listing_id": coat.listing, "price": { "amount": "79.00", "currency": "EUR" } },
        { "listing_id": mug.listing, "variation": blue["id"], "quantity": 9 },
    ]);
    let arguments = json!({ "changes": changes }).to_string();
    let done = stage.json(&[
        "call",
        "etsy",
        "publish",
        "set-offers",
        "--user",
        USER,
        "--args",
        &arguments,
        "--json",
    ])?;
    for answer in done.as_array().into_iter().flatten() {
        anyhow::ensure!(
            answer.get("ok").is_some(),
            "an offer was not changed: {answer}"
        );
    }
    line("offers", "coat 89.00 → 79.00 EUR · mug/blue stock → 9");
    Ok(())
}

fn pause(stage: &Stage, published: &[Published]) -> Result<()> {
    let mug = published.get(1).context("the mug was not published")?;
    stage.json(&[
        "call",
        "etsy",
        "publish",
        "pause",
        "--user",
        USER,
        "--listing-id",
        &mug.listing,
        "--json",
    ])?;
    line("pause", "mug");
    Ok(())
}
