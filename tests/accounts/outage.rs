//! A token endpoint that is in trouble for a day: nobody is disconnected, nobody is hammered, and
//! everything works as soon as it is back.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use stoflow_host::api::{Problem, ProblemKind};
use stoflow_host::clock::Clock;
use stoflow_sandbox::{Fault, FaultKind, Rotation};

use super::LONGEST_WAIT;
use crate::market::{self, Market};
use crate::seller::token_requests;
use crate::stage::rounds;

const USERS: [&str; 2] = ["u1", "u2"];
/// The most that an account's endpoint hears of it in an hour: one request a minute at the fastest,
/// and a few at first.
const REQUESTS_PER_HOUR: usize = 66;

/// A market whose clocks, its own and the marketplace's, a test moves together.
struct Day {
    market: Market,
    clock: Clock,
}

impl Day {
    async fn new(rotation: Rotation) -> Self {
        let mut clock = None;
        let market = Market::with(
            |sandbox| {
                sandbox.rotation = rotation;
                // The host keeps to the limit that it knows of, and knows it from replies.
                sandbox.per_second = 100_000;
                sandbox.per_day = 10_000_000;
            },
            |options| clock = Some(options.clock.clone()),
        )
        .await;
        for user in &USERS[1..] {
            market::connect(&market.stage, user).await.unwrap();
        }
        let clock = clock.unwrap();
        Self { market, clock }
    }

    fn pass(&self, seconds: u64) {
        let passed = Duration::from_secs(seconds);
        self.market.sandbox.advance(passed);
        self.clock.jump(SignedDuration::try_from(passed).unwrap());
    }

    fn trouble(&self, kind: FaultKind) {
        self.market.sandbox.clear_faults();
        let fault = Fault::new(kind).on("token").times(u32::MAX).ms(60_000);
        self.market.sandbox.inject(fault).unwrap();
    }

    /// A few calls of every account at once.
    async fn calls(&self) -> Vec<Result<Value, Problem>> {
        let calls = USERS.iter().cycle().take(3 * USERS.len());
        let calls = calls.map(|user| {
            let path = format!("/api/etsy/call/shop/get?user={user}");
            async move { self.market.stage.post(&path, json!({})).await }
        });
        futures_util::future::join_all(calls).await
    }

    /// The calls while every token is dead.
    async fn fails(&self) {
        for answer in self.calls().await {
            let problem = answer.unwrap_err();
            assert_eq!(problem.kind(), ProblemKind::Unavailable, "{problem:?}");
        }
        self.all_connected().await;
    }

    async fn works(&self) {
        for answer in self.calls().await {
            answer.unwrap();
        }
        self.all_connected().await;
    }

    async fn all_connected(&self) {
        let accounts = self.market.stage.get("/api/accounts").await.unwrap();
        let accounts = accounts["items"].as_array().unwrap();
        assert_eq!(accounts.len(), USERS.len());
        for account in accounts {
            assert_eq!(account["state"]["state"], "connected", "{account}");
        }
    }
}

/// Hours of each kind of trouble; a reply that never comes costs fifteen real seconds an hour.
fn hours(kind: FaultKind) -> u32 {
    match kind {
        FaultKind::SlowAfter => rounds("TIMED_OUT_HOURS", 1),
        _ => 11,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_trouble_at_the_token_endpoint_costs_no_account() {
    let days = [
        // What kills the old token at once may do no more than nothing.
        (
            Rotation::AtOnce,
            [
                FaultKind::ErrorBefore,
                FaultKind::CutBefore,
                FaultKind::Html,
            ]
            .as_slice(),
        ),
        (
            Rotation::OnUse,
            &[FaultKind::ErrorAfter, FaultKind::Cut, FaultKind::SlowAfter],
        ),
    ];
    for (rotation, kinds) in days {
        let day = Day::new(rotation).await;
        day.trouble(kinds[0]);
        // Half a minute before its end a living token is used, though it cannot be replaced.
        day.pass(3570);
        day.works().await;
        day.pass(3600);
        for kind in kinds {
            day.trouble(*kind);
            for _ in 0..hours(*kind) {
                day.market.sandbox.clear_requests();
                day.fails().await;
                day.fails().await;
                let requests = token_requests(&day.market.sandbox);
                assert!(requests <= 2 * USERS.len(), "{kind:?}: {requests}");
                day.pass(3600);
            }
        }
        day.market.sandbox.clear_faults();
        // They had been waiting for less than an hour.
        day.works().await;
        let path = format!("/api/accounts/{}", day.market.account);
        let report = day.market.stage.get(&path).await.unwrap();
        assert_eq!(report["refreshes"]["failures"], 0);
        assert_eq!(report["refreshes"]["last"]["outcome"], "refreshed");
        assert!(report["refreshes"]["last_error"]["words"].is_string());
    }
}

#[tokio::test]
async fn callers_without_end_ask_an_endpoint_in_trouble_once_a_minute_at_most() {
    let day = Day::new(Rotation::AtOnce).await;
    day.trouble(FaultKind::ErrorBefore);
    day.pass(7200);
    day.market.sandbox.clear_requests();
    for _ in 0..360 {
        day.pass(10);
        for answer in day.calls().await {
            answer.unwrap_err();
        }
    }
    let requests = token_requests(&day.market.sandbox);
    let most = REQUESTS_PER_HOUR * USERS.len();
    assert!((10..=most).contains(&requests), "{requests}");
    // A person need not wait.
    day.market.sandbox.clear_faults();
    let path = format!("/api/accounts/{}/refresh", day.market.account);
    let report = day.market.stage.post(&path, json!({})).await.unwrap();
    assert_eq!(report["refreshes"]["failures"], 0);
    // And nobody for long.
    day.pass(LONGEST_WAIT.as_secs().unsigned_abs());
    day.works().await;
}
