//! More clients than there are places.

use std::time::{Duration, Instant};

use stoflow_sandbox::{Fault, FaultKind};

use super::raw::Raw;
use crate::served::Served;

const HEAD: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";

#[tokio::test]
async fn who_sends_half_a_head_gives_its_place_to_who_sends_a_whole_one() {
    let served = Served::with("[server]\nconnections_max = 20\n", |_| ()).await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut raw = Raw::new(&served).await;
        raw.send(HEAD).await;
        slow.push(raw);
    }
    for _ in 0..5 {
        let begun = Instant::now();
        assert_eq!(served.stranger().get("/healthz").await.status, 200);
        assert!(begun.elapsed() < Duration::from_secs(2));
    }
    // The first that came is the first that goes, well before its time.
    let (_, time) = slow.remove(0).until_closed().await;
    assert!(time < Duration::from_secs(5), "{time:?}");
}

#[tokio::test]
async fn a_thousand_slow_clients_are_in_nobodys_way() {
    let served = Served::start().await;
    let mut slow = Vec::new();
    for _ in 0..1000 {
        let mut raw = Raw::new(&served).await;
        raw.send(HEAD).await;
        slow.push(raw);
    }
    let client = served.stranger();
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let begun = Instant::now();
        assert_eq!(client.get("/healthz").await.status, 200);
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(!served.log().contains("no place"), "{}", served.log());
}

#[tokio::test]
async fn a_request_that_finds_no_place_to_be_worked_on_is_told_to_come_again() {
    let served = Served::with("[server]\nrequests_max = 1\n", |_| ()).await;
    let slow = Fault::new(FaultKind::Slow).ms(9_000);
    served.sandbox.inject(slow).unwrap();
    let path = format!(
        "/api/etsy/call/listings/list?account={}",
        served.accounts[0]
    );
    let nothing = serde_json::json!({});
    let before = served.sandbox.begun();
    let first = served.post(None, &path, &nothing);
    let second = async {
        while served.sandbox.begun() == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        served.post(None, &path, &nothing).await
    };
    let (first, second) = tokio::join!(first, second);
    first.json();
    assert_eq!(second.status, 503);
    assert!(second.problem("unavailable").retry_after.is_some());
    assert_ne!(second.header("retry-after"), "");
}
