//! The daemon is killed (SIGKILL) in a publication, at random moments and before and after each request
//! to the marketplace: after the next start it is finished, as one complete listing, and the same request
//! again is answered from it.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use stoflow_sandbox::{Fault, FaultKind};

use crate::market::{example, id_of};
use crate::operations::pictures_gone;
use crate::seed::{Dice, seed};
use crate::served::{Answer, Asker, Served};
use crate::stage::{form, rounds};

const PUBLISH: &str = "/api/etsy/products/publish";

/// How long a request is held, so that the kill falls inside it.
const HELD_MS: u64 = 20_000;

/// The longest that a request is waited for which does not come: a publication that goes on has fewer.
const MISSED: Duration = Duration::from_millis(1_500);

/// Asks for a publication; `None` where the daemon was killed meanwhile.
async fn publish(asker: Asker, key: String) -> Option<Answer> {
    let arguments = json!({ "key": key, "product": example("coat"), "target": "active" });
    let (media_type, body) = form(&arguments);
    let request = asker
        .request(Method::POST, PUBLISH)
        .header("idempotency-key", key)
        .header("content-type", media_type)
        .body(body);
    let reply = request.send().await.ok()?;
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    let body = reply.bytes().await.ok()?;
    Some(Answer {
        status,
        headers,
        body,
    })
}

/// An operation once it has ended.
async fn ended(served: &Served, place: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let operation = served.get(Some(&served.keys[0]), place).await.json();
        if operation["state"] != "running" {
            return operation;
        }
        assert!(Instant::now() < deadline, "{operation}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks for a publication, and kills the daemon at a moment that the dice choose. When that was.
async fn killed(served: &mut Served, key: &str, dice: &mut Dice) -> String {
    let kind = match dice.within(0..3) {
        0 => None,
        1 => Some(FaultKind::Slow),
        _ => Some(FaultKind::SlowAfter),
    };
    let index = u32::try_from(dice.within(0..9)).unwrap();
    let wait = dice.within(0..400);
    if let Some(kind) = kind {
        let held = Fault::new(kind).skip(index).ms(HELD_MS);
        served.sandbox.inject(held).unwrap();
    }
    let before = served.sandbox.begun();
    let asker = served.client(Some(&served.keys[0]));
    let asking = tokio::spawn(publish(asker, key.to_owned()));
    if kind.is_some() {
        let begun = Instant::now();
        let seen = || served.sandbox.begun() > before + index as usize;
        while !seen() && begun.elapsed() < MISSED {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // What was asked for is done before the reply is held.
        tokio::time::sleep(Duration::from_millis(50)).await;
    } else {
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    served.kill();
    served.sandbox.clear_faults();
    let status = asking.await.unwrap().map(|answer| answer.status);
    assert!(matches!(status, None | Some(202)), "{status:?}");
    format!("{kind:?} at request {index}, else after {wait} ms, answered {status:?}")
}

fn listings(served: &Served) -> Vec<Value> {
    served.sandbox.state()["listings"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_is_finished_after_kills_as_one_complete_listing() {
    let rounds = rounds("OPERATION_KILLS", 3);
    let seed = seed("kills of operations", rounds);
    let mut served = Served::start().await;
    for round in 0..u64::from(rounds) {
        let mut dice = Dice::of(seed, round);
        let key = format!("coat-{round}");
        let mut what = format!("round {round} of seed {seed}");
        for _ in 0..=dice.within(0..2) {
            let moment = killed(&mut served, &key, &mut dice).await;
            what = format!("{what}; {moment}");
            served.restart().await;
        }
        let asker = served.client(Some(&served.keys[0]));
        let first = publish(asker.clone(), key.clone()).await.unwrap();
        let again = publish(asker, key).await.unwrap();
        assert_eq!(again.json()["id"], first.json()["id"], "{what}");
        assert_eq!(
            again.header("idempotency-replayed"),
            "true",
            "{what}: {}",
            again.text()
        );
        let place = format!("/api/operations/{}", again.json()["id"].as_str().unwrap());
        let operation = ended(&served, &place).await;
        assert_eq!(operation["state"], "done", "{what}: {operation}");
        let all = listings(&served);
        assert_eq!(all.len() as u64, round + 1, "{what}: {all:#?}");
        let id: i64 = id_of(&operation["result"]["listing"]).parse().unwrap();
        let listing = all.iter().find(|one| one["listing_id"] == id);
        let listing = listing.unwrap_or_else(|| panic!("{what}: there is no {id}"));
        assert_eq!(listing["state"], "active", "{what}");
        assert_eq!(listing["images"].as_array().unwrap().len(), 3, "{what}");
        pictures_gone(served.data.path(), &what).await;
    }
}
