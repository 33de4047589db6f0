//! What the daemon does without being asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use stoflow_host::clock::Clock;
use stoflow_host::host::Upkeep;

use crate::market::Market;
use crate::seller::token_requests;

#[tokio::test]
async fn accounts_that_idle_are_refreshed_and_it_ends_when_the_host_is_stopped() {
    let clock = Clock::default();
    let market = Market::with(|_| (), |options| options.clock = clock.clone()).await;
    let host = &market.stage.host;
    assert!(host.readiness().unwrap_err().contains("being made ready"));
    let days = 40;
    clock.jump(SignedDuration::from_hours(24 * days));
    market
        .sandbox
        .advance(Duration::from_secs(24 * 3600 * days.unsigned_abs()));
    let (asked, until) = (
        token_requests(&market.sandbox),
        Instant::now() + Duration::from_secs(30),
    );
    let upkeep = Upkeep::start(host);
    while token_requests(&market.sandbox) == asked || host.readiness().is_err() {
        assert!(Instant::now() < until, "nothing is refreshed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Arc::clone(host).stopping.begin();
    let ended = tokio::time::timeout(Duration::from_secs(30), upkeep.ended());
    ended.await.expect("it goes on");
    assert!(host.readiness().unwrap_err().contains("stopped"));
}
