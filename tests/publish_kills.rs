//! A publication that is killed at any step and run again yields one complete listing: the program
//! is killed (SIGKILL) before and after each of its requests was carried out.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use stoflow_sandbox::{Fault, FaultKind};

use crate::market::{Market, USER, example};
use crate::seed::{Dice, seed};
use crate::stage::{compiled, rounds};

/// How long a request is held, so that the kill falls inside it.
pub const HELD: Duration = Duration::from_secs(20);

/// A market whose host is the program: the data directory is set up and given over to it.
pub struct Shop {
    pub market: Market,
    data: tempfile::TempDir,
    /// Requests before the publication.
    before: usize,
}

impl Shop {
    pub async fn new() -> Self {
        let mut market = Market::new().await;
        market.stage.host.close().unwrap();
        let data = std::mem::replace(&mut market.stage.data, tempfile::tempdir().unwrap());
        let before = market.sandbox.begun();
        Self {
            market,
            data,
            before,
        }
    }

    fn publish(&self, key: &str, product: &str) -> Command {
        let product = format!("@docs/examples/{product}.json");
        let arguments = ["--key", key, "--product", &product, "--target", "active"];
        self.call("publish", "create", &arguments)
    }

    /// The command that calls a function.
    pub fn call(&self, interface: &str, function: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stoflow"));
        command
            .args([
                "call", "etsy", interface, function, "--user", USER, "--json",
            ])
            .args(arguments)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .env("STOFLOW_DATA_DIR", self.data.path())
            .env("STOFLOW_COMPILED_DIR", compiled())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Waits until the sandbox has seen `count` requests, or the program has ended by itself.
    pub async fn seen(&self, count: usize, child: &mut Child) -> bool {
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

    async fn finish(&self, key: &str, product: &str) -> Value {
        Self::answer(self.publish(key, product)).await
    }

    /// Runs a command to its end.
    pub async fn answer(mut command: Command) -> Value {
        let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    fn one_listing_complete(&self, product: &str, what: &str) {
        let listings = self.market.listings();
        assert_eq!(listings.len(), 1, "{what}: {listings:#?}");
        crate::publish::holds_the_product(
            &self.market,
            &listings[0],
            &example(product),
            "active",
            what,
        );
    }
}

/// Kills the program inside the request of that index; `false` if there was none.
async fn killed_at(kind: FaultKind, index: u32, product: &str) -> bool {
    let shop = Shop::new().await;
    let fault = Fault::new(kind)
        .skip(index)
        .ms(HELD.as_millis().try_into().unwrap());
    shop.market.sandbox.inject(fault).unwrap();
    let mut child = shop.publish("key-1", product).spawn().unwrap();
    let came = shop.seen(index as usize + 1, &mut child).await;
    if came && kind == FaultKind::SlowAfter {
        // What was asked for is done before the reply is held.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    shop.market.sandbox.clear_faults();
    let what = format!("{kind:?} at request {index} of {product}");
    let done = shop.finish("key-1", product).await;
    assert_eq!(done["listing"]["state"], "active", "{what}: {done}");
    shop.one_listing_complete(product, &what);
    // And once more: nothing is made twice.
    let again = shop.finish("key-1", product).await;
    assert_eq!(again["listing"]["id"], done["listing"]["id"], "{what}");
    shop.one_listing_complete(product, &what);
    came
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_step_leaves_one_complete_listing() {
    for _ in 0..rounds("PUBLISH_KILLS", 1) {
        for product in ["coat", "mug"] {
            for kind in [FaultKind::Slow, FaultKind::SlowAfter] {
                let mut index = 0;
                while killed_at(kind, index, product).await {
                    index += 1;
                }
                assert!(index >= 5, "a publication has more than {index} requests");
                println!("{product}: killed at {index} requests, {kind:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_leave_one_complete_listing() {
    let rounds = rounds("RANDOM_KILLS", 5);
    let seed = seed("kills of a publication", rounds);
    for round in 0..u64::from(rounds) {
        let shop = Shop::new().await;
        let mut dice = Dice::of(seed, round);
        let mut kills = 0;
        // Several kills in one publication: what one leaves, the next finds.
        for _ in 0..3 {
            let wait = dice.within(0..400);
            let mut child = shop.publish("key-1", "coat").spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(wait)).await;
            kills += u32::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
        }
        shop.finish("key-1", "coat").await;
        shop.one_listing_complete(
            "coat",
            &format!("round {round} of seed {seed}, {kills} kills"),
        );
    }
}
