//! Which attempt comes when, without anybody to send it.

use super::*;

/// A listener to everything, and so many payments of one receipt at second 1000.
fn announced(faults: &[WebhookFault], count: usize) -> Webhooks {
    let (mut webhooks, mut ids) = (Webhooks::default(), Ids::new(1));
    webhooks
        .subscribe(&mut ids, "http://127.0.0.1:9/hook", &[])
        .unwrap();
    for fault in faults {
        webhooks.disturb(*fault);
    }
    for _ in 0..count {
        webhooks.announce(&mut ids, WebhookEvent::Paid, (5001, 7), 1_000_000);
    }
    webhooks
}

fn sent(webhooks: &Webhooks, now_ms: i64) -> Outgoing {
    match webhooks.next(now_ms) {
        Next::Send(outgoing) => outgoing,
        other => panic!("{other:?}"),
    }
}

#[test]
fn waits_grow_until_the_eighth_attempt_fails() {
    let mut webhooks = announced(&[], 1);
    let mut now_ms = 1_000_000;
    let mut waits = Vec::new();
    for _ in 0..8 {
        if let Next::Wait(ms) = webhooks.next(now_ms) {
            waits.push(ms / 1000);
            now_ms += ms;
        }
        let outgoing = sent(&webhooks, now_ms);
        assert_eq!(outgoing.timestamp, now_ms / 1000);
        webhooks.settle(&outgoing.id, Ok(503), now_ms);
    }
    assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
    assert_eq!(webhooks.deliveries[0].status, DeliveryStatus::Failed);
    assert!(matches!(webhooks.next(i64::MAX), Next::Nothing) && !webhooks.is_waiting());
}

#[test]
fn a_success_ends_it_and_a_redirect_is_none() {
    let mut webhooks = announced(&[], 1);
    let outgoing = sent(&webhooks, 1_000_000);
    webhooks.settle(&outgoing.id, Ok(302), 1_000_000);
    let again = sent(&webhooks, 1_005_000);
    assert_eq!(again.id, outgoing.id);
    assert_ne!(again.signature, outgoing.signature);
    webhooks.settle(&again.id, Ok(204), 1_005_000);
    assert_eq!(webhooks.deliveries[0].status, DeliveryStatus::Delivered);
    assert!(!webhooks.is_waiting());
}

#[test]
fn twice_is_twice_even_after_a_failure() {
    let mut webhooks = announced(&[WebhookFault::Twice], 1);
    let mut now_ms = 1_000_000;
    for status in [500, 200, 200] {
        let outgoing = sent(&webhooks, now_ms);
        webhooks.settle(&outgoing.id, Ok(status), now_ms);
        now_ms += 5_000;
    }
    assert!(!webhooks.is_waiting());
    assert_eq!(webhooks.deliveries[0].status, DeliveryStatus::Delivered);
}

#[test]
fn one_that_is_out_of_order_lets_the_next_pass() {
    let mut webhooks = announced(&[WebhookFault::OutOfOrder], 1);
    assert!(matches!(webhooks.next(1_000_000), Next::Nothing));
    let mut ids = Ids::new(2);
    webhooks.announce(&mut ids, WebhookEvent::Shipped, (5001, 7), 1_000_000);
    let first = sent(&webhooks, 1_000_000);
    assert!(first.body.contains("order.shipped"), "{}", first.body);
    webhooks.settle(&first.id, Err("nobody".to_owned()), 1_000_000);
    assert!(sent(&webhooks, 1_000_000).body.contains("order.paid"));
}

#[test]
fn a_replay_begins_anew_under_the_same_id() {
    let mut webhooks = announced(&[], 1);
    let outgoing = sent(&webhooks, 1_000_000);
    webhooks.settle(&outgoing.id, Ok(200), 1_000_000);
    webhooks.replay(&outgoing.id, 2_000_000).unwrap();
    assert_eq!(sent(&webhooks, 2_000_000).id, outgoing.id);
    assert!(webhooks.replay("msg_0", 0).is_err());
}

#[test]
fn only_a_bounded_number_is_remembered() {
    let webhooks = announced(&[], DELIVERIES_MAX + 3);
    assert_eq!(webhooks.deliveries.len(), DELIVERIES_MAX);
}

#[test]
fn only_this_machine_is_told() {
    for local in [
        "http://127.0.0.1:80/a",
        "http://localhost/",
        "http://[::1]:5/",
    ] {
        assert_eq!(check_url(local), Ok(()), "{local}");
    }
    for other in [
        "https://127.0.0.1/",
        "http://localhost.evil.example/",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "127.0.0.1",
        "",
    ] {
        assert!(check_url(other).is_err(), "{other}");
    }
}
