//! A call without I/O: a fresh instance with every limit on, arguments from JSON, the reply to JSON.

use std::time::Duration;

use stoflow_host::plugins::CallRequest;
use stoflow_host::runtime::{Outcome, Phases};

use crate::rest::post;
use crate::samples::{Samples, timed};
use crate::stage::Stage;
use crate::table::{Bars, Table, Unit};

const CALLS: usize = 5_000;
const WARM_UP: usize = 500;
const ARGUMENTS: &str = r#"{"id":"1"}"#;

pub async fn run(table: &mut Table) {
    eprintln!("a call without I/O, {CALLS} times");
    let stage = Stage::of(&["constant"]).await;
    let plugin = stage
        .host
        .plugins
        .active(&"constant".parse().unwrap())
        .unwrap();
    let (mut calls, mut requests) = (Samples::default(), Samples::default());
    let mut phases = PhaseSamples::default();
    for round in 0..WARM_UP + CALLS {
        if round == WARM_UP {
            (calls, requests, phases) = Default::default();
        }
        let request = CallRequest::new();
        let call =
            stage
                .host
                .plugins
                .call(&plugin, "listings", "get", ARGUMENTS.as_bytes(), request);
        let finished = timed(&mut calls, call).await.unwrap();
        phases.add(finished.phases);
        assert!(matches!(finished.outcome, Ok(Outcome::Ok(_))));
        let request = post(&stage.router, "/api/constant/call/listings/get", ARGUMENTS);
        let reply = timed(&mut requests, request).await;
        assert!(reply.starts_with(b"{\"id\":\"1\""));
    }
    let bars = Bars {
        bar: 100.0,
        mark: 60.0,
    };
    let what = "a call without I/O in a fresh instance";
    table.time(what, &calls, Unit::Micros, Some(bars));
    table.time(
        "the same through the REST router",
        &requests,
        Unit::Micros,
        None,
    );
    phases.parts(table, "a call without I/O", calls.median());
    stage.host.close().unwrap();
}

/// Where the time of many calls went.
#[derive(Debug, Default)]
pub struct PhaseSamples([Samples; 5]);

impl PhaseSamples {
    pub fn add(&mut self, phases: Phases) {
        let Phases {
            arguments,
            instance,
            function,
            release,
            reply,
        } = phases;
        let times = [arguments, instance, function, release, reply];
        for (samples, time) in self.0.iter_mut().zip(times) {
            samples.add(time);
        }
    }

    /// The parts, and what is left of the whole.
    pub fn parts(&self, table: &mut Table, of: &str, whole: Duration) {
        let names = [
            "arguments from JSON to values",
            "instance: store, limits, memory from the pool",
            "the function, with what it waits for",
            "instance given back",
            "reply from values to JSON",
        ];
        let mut rest = whole;
        for (name, samples) in names.iter().zip(&self.0) {
            table.part(of, name, samples.median());
            rest = rest.saturating_sub(samples.median());
        }
        table.part(of, "the rest: grant, settings, timers, log", rest);
    }
}
