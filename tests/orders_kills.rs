//! A shipment that is killed at any moment and run again tells the buyer once: the program is killed
//! (SIGKILL) before and after each of its requests was carried out.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stoflow_sandbox::{Fault, FaultKind};

use crate::market::{Market, USER};
use crate::orders::{buy, mug};
use crate::orders_ship::{mails, tracked};
use crate::seed::{Dice, seed};
use crate::stage::{compiled, rounds};

/// A market whose host is the program, and an order that waits to be sent.
struct Shop {
    market: Market,
    data: tempfile::TempDir,
    order: String,
    /// Requests before the program's.
    before: usize,
}

impl Shop {
    async fn new() -> Self {
        let mut market = Market::new().await;
        let order = buy(&market, mug(&market).await);
        market.stage.host.close().unwrap();
        let data = std::mem::replace(&mut market.stage.data, tempfile::tempdir().unwrap());
        let before = market.sandbox.begun();
        Self {
            market,
            data,
            order,
            before,
        }
    }

    fn ship(&self, shipment: &Value) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stoflow"));
        let function = ["call", "etsy", "orders", "ship", "--user", USER, "--json"];
        command
            .args(function)
            .args(["--id", &self.order])
            .args(["--shipment", &shipment.to_string()])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .env("STOFLOW_DATA_DIR", self.data.path())
            .env("STOFLOW_COMPILED_DIR", compiled())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Waits until the sandbox has seen `count` requests, or the program has ended by itself.
    async fn seen(&self, count: usize, child: &mut Child) -> bool {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if self.market.sandbox.begun() >= self.before + count {
                return true;
            }
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "request {count} did not come");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ships to the end: the order is sent, and the buyer was told once.
    async fn finish(&self, shipment: &Value, what: &str) {
        let mut command = self.ship(shipment);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{what}: {errors}");
        let shipped: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(shipped["order"]["fulfillment"], "shipped", "{what}");
        assert_eq!(mails(&self.market, &self.order).len(), 1, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_request_tells_the_buyer_once() {
    for kind in [FaultKind::Slow, FaultKind::SlowAfter] {
        for shipment in [tracked(), json!({})] {
            let mut index = 0;
            loop {
                let shop = Shop::new().await;
                let held = Fault::new(kind).skip(index).ms(20_000);
                shop.market.sandbox.inject(held).unwrap();
                let mut child = shop.ship(&shipment).spawn().unwrap();
                let came = shop.seen(index as usize + 1, &mut child).await;
                if came && kind == FaultKind::SlowAfter {
                    // What was asked for is done before the reply is held.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                child.kill().unwrap();
                child.wait().unwrap();
                shop.market.sandbox.clear_faults();
                let what = format!("{kind:?} at request {index}: {shipment}");
                shop.finish(&shipment, &what).await;
                if !came {
                    break;
                }
                index += 1;
            }
            assert!(index >= 2, "shipping has more than {index} requests");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_tell_the_buyer_once() {
    let rounds = rounds("SHIP_KILLS", 3);
    let seed = seed("kills of a shipment", rounds);
    for round in 0..u64::from(rounds) {
        let shop = Shop::new().await;
        let mut dice = Dice::of(seed, round);
        for _ in 0..3 {
            let wait = dice.within(0..300);
            let mut child = shop.ship(&tracked()).spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(wait)).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let what = format!("round {round} of seed {seed}");
        shop.finish(&tracked(), &what).await;
    }
}
