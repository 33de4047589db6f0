//! What the demo says.

use std::fmt::Display;

use anyhow::Result;
use serde_json::Value;

use super::stage::Stage;

/// One step.
pub(super) fn line(step: &str, text: impl Display) {
    println!("   {step:<11} {text}");
}

/// More of the same step.
pub(super) fn more(text: impl Display) {
    line("", text);
}

/// What the marketplace saw of it.
pub(super) fn requests(stage: &Stage) -> Result<()> {
    let text = ureq::get(format!("{}/sandbox/requests", stage.sandbox.url()))
        .call()?
        .body_mut()
        .read_to_string()?;
    let document: Value = serde_json::from_str(&text)?;
    let requests = document
        .as_array()
        .or_else(|| document["requests"].as_array());
    let requests: Vec<_> = requests.into_iter().flatten().collect();
    let failed = requests
        .iter()
        .filter(|request| request["status"].as_u64() >= Some(400))
        .count();
    let slowest = requests
        .iter()
        .filter_map(|request| request["ms"].as_u64())
        .max()
        .unwrap_or(0);
    let count = requests.len();
    line(
        "requests",
        format_args!(
            "{count} to the marketplace, {failed} refused · slowest {slowest} ms · the plugin saw no token and no secret"
        ),
    );
    Ok(())
}

/// The end of a demo that leaves nothing.
#[expect(clippy::unnecessary_wraps, reason = "beside `keep`, which can fail")]
pub(super) fn farewell() -> Result<()> {
    println!("\n   Try it yourself:  cargo xtask demo --keep");
    Ok(())
}

/// Leaves everything up until the person has seen enough.
pub(super) fn keep(stage: Stage) -> Result<()> {
    let program = stage.program.display();
    println!(
        "\n   The sandbox runs until you press Ctrl-C; its page shows everything: {}/",
        stage.sandbox.url()
    );
    println!("   Try, in another terminal:\n");
    println!("     export STOFLOW_DATA_DIR={}", stage.data.display());
    for command in [
        "call etsy --help",
        "call etsy listings list",
        "call etsy publish preview --product @docs/examples/mug.json --target active",
        "call etsy listings get-inventory 1000002",
        "call etsy publish rules",
    ] {
        println!("     {program} {command}");
    }
    loop {
        std::thread::park();
    }
}
