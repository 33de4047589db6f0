//! The conversion of a page alone: as WebAssembly in the host, in an instance that does nothing else.
//!
//! One call converts the page several times, another not at all; what lies between them is the
//! conversion, without the arguments, the instance and the reply.

use std::fs;

use serde_json::json;
use stoflow_host::plugins::CallRequest;
use stoflow_host::runtime::{Outcome, Phases};

use crate::samples::Samples;
use crate::shop::LISTINGS;
use crate::stage::{Stage, component, target};
use crate::table::{Bars, Table, Unit};

const ROUNDS: usize = 200;
const WARM_UP: usize = 20;

/// How often a call converts the page: not so often that it has to let others run meanwhile.
const TIMES: u32 = 5;

/// The file that operators install.
const PLUGIN: &str = "plugins/etsy";

/// Measures on the marketplace's page.
pub async fn run(page: &[u8], table: &mut Table) {
    eprintln!(
        "the conversion of the page alone, {} times",
        ROUNDS as u32 * TIMES
    );
    let stage = Stage::new();
    // The plugin with one function more, as `cargo xtask bench` built it.
    let built = target().join("bench/page.wasm");
    stage.install_bytes(fs::read(built).unwrap()).await.unwrap();
    let page = std::str::from_utf8(page).unwrap();
    let mut samples = Samples::default();
    for round in 0..WARM_UP + ROUNDS {
        if round == WARM_UP {
            samples = Samples::default();
        }
        let without = convert(&stage, page, 0).await;
        let with = convert(&stage, page, TIMES).await;
        samples.add(with.function.saturating_sub(without.function) / TIMES);
    }
    stage.host.close().unwrap();
    let bars = Bars {
        bar: 1.5,
        mark: 1.0,
    };
    let what = format!("a page of {LISTINGS} listings converted in the plugin");
    table.time(&what, &samples, Unit::Millis, Some(bars));
    let bars = Bars {
        bar: 1.5,
        mark: 1.2,
    };
    table.size("the plugin's file", component(PLUGIN).len(), bars);
}

/// Where the time of a call went that converts the page so many times.
async fn convert(stage: &Stage, page: &str, times: u32) -> Phases {
    let plugin = stage.host.plugins.active(&"etsy".parse().unwrap()).unwrap();
    let arguments = json!({ "json": page, "times": times }).to_string();
    let request = CallRequest::new();
    let call = stage
        .host
        .plugins
        .call(&plugin, "page", "convert", arguments.as_bytes(), request);
    let finished = call.await.unwrap();
    let count = if times == 0 { 0 } else { LISTINGS };
    match finished.outcome {
        Ok(Outcome::Ok(reply)) => assert_eq!(reply, count.to_string().as_bytes()),
        other => panic!("{other:?}"),
    }
    finished.phases
}
