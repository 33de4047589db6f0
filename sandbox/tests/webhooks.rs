//! Webhooks as a listener gets them: over HTTP, signed, again until they are taken.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use stoflow_sandbox::{
    Delivery, DeliveryStatus, OrderAction, OrderChange, Purchase, WebhookEvent, WebhookFault,
};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

use crate::harness::World;
use crate::orders::{ship, tracking};

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(20);

/// A webhook as it came.
#[derive(Debug)]
struct Received {
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

/// Somebody who gets webhooks and answers as told: with 200 where nothing is said.
struct Listener {
    url: String,
    answers: Answers,
    received: mpsc::UnboundedReceiver<Received>,
}

#[derive(Clone)]
struct Answers {
    statuses: Arc<Mutex<VecDeque<u16>>>,
    sender: mpsc::UnboundedSender<Received>,
    /// Nobody is answered before this is rung, where it is there.
    gate: Option<Arc<Notify>>,
}

async fn take(State(answers): State<Answers>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(text("content-type"), "application/json");
    let received = Received {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp").parse().unwrap(),
        signature: text("webhook-signature"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    // The test may be over.
    let _ = answers.sender.send(received);
    if let Some(gate) = &answers.gate {
        gate.notified().await;
    }
    let status = answers.statuses.lock().unwrap().pop_front();
    StatusCode::from_u16(status.unwrap_or(200)).unwrap()
}

impl Listener {
    async fn start(statuses: &[u16], gate: Option<Arc<Notify>>) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        let (sender, received) = mpsc::unbounded_channel();
        let answers = Answers {
            statuses: Arc::new(Mutex::new(statuses.iter().copied().collect())),
            sender,
            gate,
        };
        let router = Router::new().fallback(take).with_state(answers.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        Self {
            url,
            answers,
            received,
        }
    }

    async fn next(&mut self) -> Received {
        bounded(self.received.recv()).await.unwrap()
    }

    async fn events(&mut self, count: usize) -> Vec<String> {
        let mut events = Vec::new();
        for _ in 0..count {
            let body: Value = serde_json::from_str(&self.next().await.body).unwrap();
            events.push(body["event_type"].as_str().unwrap().to_owned());
        }
        events
    }

    /// Whether nothing more came than was read.
    fn is_quiet(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, future).await.expect("in time")
}

/// Waits until the deliveries are as wanted.
async fn until(world: &World, wanted: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
    bounded(async {
        loop {
            let deliveries = world.sandbox.deliveries();
            if wanted(&deliveries) {
                return deliveries;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
}

fn all_are(deliveries: &[Delivery], status: DeliveryStatus) -> bool {
    deliveries.iter().all(|delivery| delivery.status == status)
}

/// Whether a signature is one of this secret's, by the words of the standard.
fn is_signed(secret: &str, received: &Received) -> bool {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let content = format!("{}.{}.{}", received.id, received.timestamp, received.body);
    mac.update(content.as_bytes());
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    let signatures = received.signature.split(' ');
    signatures
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .any(|signature| signature == expected)
}

/// A world with a listing that is bought, and somebody who listens to everything.
async fn listening(statuses: &[u16]) -> (World, i64, Listener, String) {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let listener = Listener::start(statuses, None).await;
    let secret = world.sandbox.subscribe(&listener.url, &[]).unwrap();
    (world, listing, listener, secret)
}

fn change(world: &World, receipt: i64, action: OrderAction) {
    let change = OrderChange::new(action);
    world.sandbox.change_order(receipt, &change).unwrap();
}

#[tokio::test]
async fn each_step_of_an_order_is_told_once() {
    let (world, listing, mut listener, secret) = listening(&[]).await;
    let receipt = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let told = listener.next().await;
    let body: Value = serde_json::from_str(&told.body).unwrap();
    let resource = world.shop(&format!("/receipts/{receipt}"));
    let resource = format!("https://api.etsy.com{resource}");
    assert_eq!(
        body,
        json!({ "event_type": "order.paid", "resource_url": resource, "shop_id": 5001 })
    );
    assert!(is_signed(&secret, &told), "{told:?}");
    ship(&world, receipt, &tracking()).await.expect(200);
    ship(&world, receipt, &tracking()).await.expect(200);
    change(&world, receipt, OrderAction::Deliver);
    change(&world, receipt, OrderAction::Refund);
    change(&world, receipt, OrderAction::Cancel);
    let events = listener.events(3).await;
    assert_eq!(
        events,
        ["order.shipped", "order.delivered", "order.canceled"]
    );
    let unpaid = Purchase {
        paid: false,
        ..Purchase::of(listing)
    };
    let unpaid = world.sandbox.buy(&unpaid).unwrap();
    let path = world.shop(&format!("/receipts/{unpaid}"));
    let fields = [("was_paid", "true"), ("was_shipped", "true")];
    world.form(Method::PUT, &path, &fields).await.expect(200);
    assert_eq!(listener.events(2).await, ["order.paid", "order.shipped"]);
    let deliveries = until(&world, |all| all_are(all, DeliveryStatus::Delivered)).await;
    assert_eq!(deliveries.len(), 6);
    assert!(listener.is_quiet());
}

#[tokio::test]
async fn a_listener_hears_only_what_it_asked_for() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let mut listener = Listener::start(&[], None).await;
    let body = json!({ "url": listener.url, "events": ["order.canceled"] });
    let made = world.control(Method::POST, "webhooks", &body).await;
    let secret = made.expect(200).json()["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let receipt = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    change(&world, receipt, OrderAction::Cancel);
    let told = listener.next().await;
    assert!(told.body.contains("order.canceled") && is_signed(&secret, &told));
    let deliveries = until(&world, |all| all_are(all, DeliveryStatus::Delivered)).await;
    assert_eq!(deliveries.len(), 1);
    let shown = world.control(Method::GET, "webhooks", &Value::Null).await;
    let shown = shown.expect(200).json();
    assert_eq!(
        shown["subscriptions"],
        json!([{ "url": listener.url, "events": ["order.canceled"] }])
    );
    assert_eq!(shown["deliveries"][0]["status"], "delivered");
    assert_eq!(shown["deliveries"][0]["attempts"][0]["status"], 200);
    world
        .control(Method::DELETE, "webhooks", &Value::Null)
        .await
        .expect(200);
    let receipt = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    change(&world, receipt, OrderAction::Cancel);
    assert!(world.sandbox.deliveries().is_empty());
}

#[tokio::test]
async fn what_is_not_taken_comes_again_under_the_same_id() {
    let (world, listing, mut listener, secret) = listening(&[500, 302, 200]).await;
    world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let mut tries = vec![listener.next().await];
    for (tried, seconds) in [(1, 5), (2, 300)] {
        let waiting = until(&world, |all| all[0].attempts.len() == tried).await;
        assert_eq!(waiting[0].status, DeliveryStatus::Pending);
        let last = waiting[0].attempts.last().unwrap().at_ms;
        assert_eq!(waiting[0].due_ms, Some(last + seconds * 1000));
        world
            .sandbox
            .advance(Duration::from_secs(seconds.unsigned_abs()));
        tries.push(listener.next().await);
    }
    let done = until(&world, |all| all_are(all, DeliveryStatus::Delivered)).await;
    let statuses: Vec<_> = done[0].attempts.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [Some(500), Some(302), Some(200)]);
    assert!(
        tries
            .iter()
            .all(|it| it.id == tries[0].id && it.body == tries[0].body)
    );
    assert!(tries.iter().all(|it| is_signed(&secret, it)));
    assert!(tries[1].timestamp >= tries[0].timestamp + 5);
    assert!(tries[2].timestamp >= tries[1].timestamp + 300);
}

#[tokio::test]
async fn after_eight_attempts_nobody_is_told_any_more_until_somebody_replays_it() {
    let (world, listing, mut listener, _) = listening(&[503; 8]).await;
    world.sandbox.buy(&Purchase::of(listing)).unwrap();
    for tried in 1..=8 {
        listener.next().await;
        until(&world, |all| all[0].attempts.len() == tried).await;
        world.sandbox.advance(Duration::from_secs(10 * 3600));
    }
    let failed = world.sandbox.deliveries().remove(0);
    assert_eq!(
        (failed.status, failed.due_ms),
        (DeliveryStatus::Failed, None)
    );
    let body = json!({ "id": failed.id });
    world
        .control(Method::POST, "webhooks/replay", &body)
        .await
        .expect(200);
    assert_eq!(listener.next().await.id, failed.id);
    until(&world, |all| all_are(all, DeliveryStatus::Delivered)).await;
    let wrong = json!({ "id": "msg_0" });
    world
        .control(Method::POST, "webhooks/replay", &wrong)
        .await
        .expect(400);
}

#[tokio::test]
async fn a_reply_does_not_wait_for_a_listener() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let gate = Arc::new(Notify::new());
    let mut listener = Listener::start(&[], Some(Arc::clone(&gate))).await;
    world.sandbox.subscribe(&listener.url, &[]).unwrap();
    let receipt = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    listener.next().await;
    // The listener has the first and does not answer; the marketplace does.
    bounded(ship(&world, receipt, &tracking()))
        .await
        .expect(200);
    let waiting = world.sandbox.deliveries();
    assert!(all_are(&waiting, DeliveryStatus::Pending));
    assert!(waiting.iter().all(|it| it.attempts.is_empty()));
    gate.notify_one();
    assert_eq!(listener.events(1).await, ["order.shipped"]);
    gate.notify_one();
    until(&world, |all| all_are(all, DeliveryStatus::Delivered)).await;
}

#[tokio::test]
async fn where_nobody_listens_the_delivery_says_so() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    drop(socket);
    world.sandbox.subscribe(&url, &[]).unwrap();
    world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let tried = until(&world, |all| all[0].attempts.len() == 1).await;
    let attempt = &tried[0].attempts[0];
    assert_eq!(
        (attempt.status, attempt.error.as_deref()),
        (None, Some("nobody listens there"))
    );
    assert_eq!(
        (tried[0].status, tried[0].event),
        (DeliveryStatus::Pending, WebhookEvent::Paid)
    );
}

#[tokio::test]
async fn a_delivery_can_come_twice_or_out_of_order() {
    let (world, listing, mut listener, secret) = listening(&[]).await;
    world.sandbox.disturb_webhook(WebhookFault::Twice);
    let receipt = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let (one, two) = (listener.next().await, listener.next().await);
    assert_eq!((&one.id, &one.body), (&two.id, &two.body));
    assert!(is_signed(&secret, &two));
    until(&world, |all| all_are(all, DeliveryStatus::Delivered)).await;
    let fault = json!({ "kind": "out-of-order" });
    world
        .control(Method::POST, "webhooks/faults", &fault)
        .await
        .expect(200);
    ship(&world, receipt, &tracking()).await.expect(200);
    change(&world, receipt, OrderAction::Deliver);
    assert_eq!(
        listener.events(2).await,
        ["order.delivered", "order.shipped"]
    );
}

#[tokio::test]
async fn a_first_attempt_can_be_signed_wrongly_or_be_old() {
    let (world, listing, mut listener, secret) = listening(&[401, 200, 400]).await;
    world.sandbox.disturb_webhook(WebhookFault::WrongSignature);
    let receipt = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    assert!(!is_signed(&secret, &listener.next().await));
    until(&world, |all| all[0].attempts.len() == 1).await;
    world.sandbox.advance(Duration::from_secs(5));
    assert!(is_signed(&secret, &listener.next().await));
    until(&world, |all| all_are(all, DeliveryStatus::Delivered)).await;
    world.sandbox.disturb_webhook(WebhookFault::OldTimestamp);
    ship(&world, receipt, &tracking()).await.expect(200);
    let old = listener.next().await;
    assert!(is_signed(&secret, &old));
    let tried = until(&world, |all| all[1].attempts.len() == 1).await;
    let at = tried[1].attempts[0].at_ms / 1000;
    assert!(old.timestamp <= at - 3600, "{} {at}", old.timestamp);
    world.sandbox.advance(Duration::from_secs(5));
    assert!(listener.next().await.timestamp >= at);
    assert!(listener.answers.statuses.lock().unwrap().is_empty());
}

#[tokio::test]
async fn subscriptions_that_make_no_sense_are_refused() {
    let world = World::start().await;
    for wrong in [
        json!({ "url": "https://example.com/hook" }),
        json!({ "url": "http://example.com/hook" }),
        json!({ "url": "http://127.0.0.1.example.com/hook" }),
        json!({ "url": "nowhere" }),
        json!({ "url": "http://127.0.0.1:1/", "events": ["listing.created"] }),
        json!({ "events": ["order.paid"] }),
        json!({ "url": "http://127.0.0.1:1/", "event": "order.paid" }),
    ] {
        let answer = world.control(Method::POST, "webhooks", &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let fault = json!({ "kind": "lost" });
    world
        .control(Method::POST, "webhooks/faults", &fault)
        .await
        .expect(400);
    let shown = world.control(Method::GET, "webhooks", &Value::Null).await;
    assert_eq!(
        shown.expect(200).json(),
        json!({ "subscriptions": [], "deliveries": [], "faults": [] })
    );
}
