//! What marketplaces push: the host checks it, the plugin reads it, and who sent it learns no more than
//! it has to.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use hmac::{Hmac, Mac as _};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;
use stoflow_host::clock::Clock;
use stoflow_host::model::{AccountRef, Notice, PollNotice};
use stoflow_host::webhooks::{Push, Received};
use stoflow_sandbox::{Delivery, DeliveryStatus, Purchase, WebhookFault};

use crate::market::Market;
use crate::stage::Stage;

pub const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const OTHER: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A host with the guest that takes pushes, and these secrets of its pushes.
pub async fn stage(secrets: &str) -> Stage {
    let stage = Stage::of(&["pushed"]).await;
    set(&stage, json!({ "webhook_secrets": secrets })).await;
    stage
}

async fn set(stage: &Stage, change: Value) {
    let path = "/api/plugins/pushed/configuration";
    stage.post(path, change).await.unwrap();
}

/// A push as its sender signs it.
pub struct Sent {
    pub id: &'static str,
    pub body: &'static str,
    pub seconds: i64,
    signed_with: &'static str,
}

impl Sent {
    pub fn now(id: &'static str, body: &'static str) -> Self {
        Self {
            id,
            body,
            seconds: Timestamp::now().as_second(),
            signed_with: SECRET,
        }
    }

    pub fn signature(&self) -> String {
        let key = self.signed_with.strip_prefix("whsec_").unwrap();
        let mut signing = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(key).unwrap()).unwrap();
        signing.update(format!("{}.{}.{}", self.id, self.seconds, self.body).as_bytes());
        format!("v1,{}", STANDARD.encode(signing.finalize().into_bytes()))
    }

    pub fn request(&self) -> http::request::Builder {
        Request::builder()
            .method("POST")
            .uri("/api/pushed/webhooks?a=b")
            .header(header::HOST, "stoflow.example")
            .header("webhook-id", self.id)
            .header("webhook-timestamp", self.seconds)
            .header("webhook-signature", self.signature())
    }

    /// By the route, as anybody reaches it: what is answered, as status and text.
    pub async fn to(&self, stage: &Stage) -> (StatusCode, String) {
        send(stage, self.request(), self.body.into()).await
    }
}

async fn send(
    stage: &Stage,
    request: http::request::Builder,
    body: Vec<u8>,
) -> (StatusCode, String) {
    let answer = stage.send(request.body(body.into()).unwrap()).await;
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// By the host's function: what it hands to whoever acts on it.
async fn received(stage: &Stage, sent: &Sent) -> Received {
    let request = sent.request().body(()).unwrap();
    let push = Push {
        method: "POST",
        url: "https://stoflow.example/api/pushed/webhooks",
        headers: request.headers(),
        body: sent.body.as_bytes(),
    };
    let host = &stage.host;
    let plugin = "pushed".parse().unwrap();
    let received = host.webhooks.receive(&host.plugins, &plugin, push);
    received.await.unwrap()
}

#[tokio::test]
async fn a_genuine_push_is_read_by_the_plugin_and_answered_in_its_words() {
    let stage = stage(SECRET).await;
    let answer = Sent::now("msg_1", "hello").to(&stage).await;
    let seen = "POST https://stoflow.example/api/pushed/webhooks?a=b msg_1 hello";
    assert_eq!(answer, (StatusCode::ACCEPTED, seen.to_owned()));
}

#[tokio::test]
async fn its_notices_are_for_the_one_who_acts_on_them_and_erased_ids_are_in_no_log() {
    let log = crate::log::capture();
    let stage = stage(SECRET).await;
    let received = received(&stage, &Sent::now("msg_1", "all")).await;
    let poll = PollNotice {
        account: AccountRef::ShopId("7".into()),
        job: "orders".into(),
    };
    assert_eq!(
        received.notices,
        [
            Notice::Poll(poll),
            Notice::Revoked(AccountRef::Id("1".into())),
            Notice::Erase(vec!["buyer-1".into(), "buyer-2".into()]),
        ]
    );
    let log = log.text();
    assert!(
        log.contains("job=\"orders\"") && log.contains("ids=2"),
        "{log}"
    );
    assert!(!log.contains("buyer-1"), "{log}");
}

#[tokio::test]
async fn what_comes_again_is_answered_and_says_nothing() {
    let stage = stage(SECRET).await;
    let sent = Sent::now("msg_1", "all");
    assert_eq!(received(&stage, &sent).await.notices.len(), 3);
    let again = received(&stage, &sent).await;
    assert_eq!((again.notices.len(), again.answer.status), (0, 200));
    // An attempt of its own, with a signature of its own, under the same id.
    let mut later = Sent::now("msg_1", "all");
    later.seconds += 5;
    assert_eq!(received(&stage, &later).await.notices.len(), 0);
    assert_eq!(
        received(&stage, &Sent::now("msg_2", "all"))
            .await
            .notices
            .len(),
        3
    );
}

#[tokio::test]
async fn two_deliveries_at_once_are_one() {
    let stage = stage(SECRET).await;
    let sent = Sent::now("msg_1", "all");
    let (one, two) = tokio::join!(received(&stage, &sent), received(&stage, &sent));
    assert_eq!(one.notices.len() + two.notices.len(), 3);
}

#[tokio::test]
async fn what_the_plugin_fails_over_may_come_again() {
    let stage = stage(SECRET).await;
    for body in ["fail", "panic", "odd"] {
        for _ in 0..2 {
            let (status, problem) = Sent::now("msg_1", body).to(&stage).await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
            assert!(problem.contains("send it again"), "{problem}");
            assert!(!problem.contains("secret of the plugin"), "{problem}");
        }
    }
    let refused = Sent::now("msg_1", "refuse");
    assert_eq!(refused.to(&stage).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let received = received(&stage, &refused).await;
    assert_eq!((received.notices.len(), received.answer.status), (0, 422));
    assert_eq!(Sent::now("msg_1", "odd type").to(&stage).await.0, 202);
}

#[tokio::test]
async fn what_is_not_genuine_is_refused_before_the_plugin_sees_it_and_told_no_more() {
    let log = crate::log::capture();
    let stage = stage(SECRET).await;
    let tampered = Sent::now("msg_1", "hello");
    let other = Sent {
        signed_with: OTHER,
        ..Sent::now("msg_1", "hello")
    };
    let old = Sent {
        seconds: Timestamp::now().as_second() - 301,
        ..Sent::now("msg_1", "hello")
    };
    let ahead = Sent {
        seconds: Timestamp::now().as_second() + 310,
        ..Sent::now("msg_1", "hello")
    };
    let mut answers = vec![
        send(&stage, tampered.request(), b"panic".to_vec()).await,
        other.to(&stage).await,
        old.to(&stage).await,
        ahead.to(&stage).await,
    ];
    for (_, problem) in &mut answers {
        // Each request has an id of its own.
        *problem = problem
            .split(",\"correlation_id\"")
            .next()
            .unwrap()
            .to_owned();
    }
    answers.dedup();
    let [(status, problem)] = &answers[..] else {
        panic!("they can be told apart: {answers:?}")
    };
    assert_eq!(*status, StatusCode::UNAUTHORIZED);
    assert!(problem.contains("this push is not genuine"), "{problem}");
    let log = log.text();
    assert!(log.contains("is this machine's clock right?"), "{log}");
    assert!(log.contains("none of the secrets"), "{log}");
    assert!(
        !log.contains("C2FVsBQI") && !log.contains("the plugin failed"),
        "{log}"
    );
    // The true one was not used up by them.
    assert_eq!(
        Sent::now("msg_1", "hello").to(&stage).await.0,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn without_its_headers_or_too_large_it_is_no_push() {
    let stage = stage(SECRET).await;
    let bare = || {
        Request::builder()
            .method("POST")
            .uri("/api/pushed/webhooks")
    };
    let (status, problem) = send(&stage, bare(), b"hello".to_vec()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(problem.contains("webhook-id"), "{problem}");
    let large = vec![b'x'; (64 << 10) + 1];
    let (status, _) = send(&stage, bare(), large).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    // A challenge comes by GET; what has no signature is none here.
    let get = Request::builder().uri("/api/pushed/webhooks");
    assert_eq!(
        send(&stage, get, Vec::new()).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn two_secrets_hold_while_one_takes_the_others_place() {
    let stage = stage(&format!("{OTHER} {SECRET}")).await;
    let new = Sent {
        signed_with: OTHER,
        ..Sent::now("msg_1", "hello")
    };
    assert_eq!(new.to(&stage).await.0, StatusCode::ACCEPTED);
    assert_eq!(
        Sent::now("msg_2", "hello").to(&stage).await.0,
        StatusCode::ACCEPTED
    );
    set(&stage, json!({ "webhook_secrets": OTHER })).await;
    assert_eq!(
        Sent::now("msg_3", "hello").to(&stage).await.0,
        StatusCode::UNAUTHORIZED
    );
    let shown = stage.get("/api/plugins/pushed").await.unwrap();
    assert_eq!(shown["configuration"]["webhook_secrets"], 1);
    assert!(!shown.to_string().contains("MfKQ9r8G"));
}

#[tokio::test]
async fn without_a_secret_nothing_is_believed_and_the_operator_is_told_what_to_do() {
    let log = crate::log::capture();
    let stage = Stage::of(&["pushed"]).await;
    let (status, problem) = Sent::now("msg_1", "hello").to(&stage).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let remedy = "stoflow plugin configure pushed --webhook-secrets-file";
    assert!(problem.contains(remedy), "{problem}");
    assert!(log.text().contains(remedy));
    let wrong = json!({ "webhook_secrets": "whsec_too-short" });
    let path = "/api/plugins/pushed/configuration";
    let problem = stage.post(path, wrong).await.unwrap_err();
    assert!(problem.title.contains("number 1"), "{problem:?}");
    assert!(!problem.title.contains("too-short"), "{problem:?}");
}

#[tokio::test]
async fn the_time_is_the_hosts_own_clocks() {
    let clock = Clock::default();
    let stage = Stage::with(|options| options.clock = clock.clone());
    stage.install("guests/pushed").await.unwrap();
    set(&stage, json!({ "webhook_secrets": SECRET })).await;
    clock.jump(SignedDuration::from_mins(6));
    assert_eq!(
        Sent::now("msg_1", "hello").to(&stage).await.0,
        StatusCode::UNAUTHORIZED
    );
    clock.jump(SignedDuration::from_mins(-6));
    assert_eq!(
        Sent::now("msg_1", "hello").to(&stage).await.0,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn a_plugin_that_checks_itself_gets_whatever_comes() {
    let stage = Stage::of(&["pushed"]).await;
    set(&stage, json!({ "settings": { "verified-by": "plugin" } })).await;
    let bare = || {
        Request::builder()
            .method("POST")
            .uri("/api/pushed/webhooks")
    };
    for _ in 0..2 {
        let (status, seen) = send(&stage, bare(), b"hello".to_vec()).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        assert_eq!(seen, "POST https://localhost/api/pushed/webhooks  hello");
    }
}

#[tokio::test]
async fn strangers_take_few_of_the_places_in_which_calls_run() {
    let stage = Stage::of(&["pushed"]).await;
    set(&stage, json!({ "settings": { "verified-by": "plugin" } })).await;
    let push = |body: &'static str| {
        let bare = Request::builder().method("POST");
        send(&stage, bare.uri("/api/pushed/webhooks"), body.into())
    };
    // By now it is known who checks.
    push("hello").await;
    let answers = join_all((0..8).map(|_| push("slow"))).await;
    let with = |status| {
        answers
            .iter()
            .filter(|(answer, _)| *answer == status)
            .count()
    };
    let (taken, refused) = (
        with(StatusCode::ACCEPTED),
        with(StatusCode::SERVICE_UNAVAILABLE),
    );
    // On a busy machine one may be over before the last has come.
    assert!(
        taken >= 4 && refused >= 1 && taken + refused == 8,
        "{taken} {refused}"
    );
    assert_eq!(push("hello").await.0, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn strangers_do_not_fill_the_log() {
    let log = crate::log::capture();
    let stage = stage(SECRET).await;
    for _ in 0..50 {
        let other = Sent {
            signed_with: OTHER,
            ..Sent::now("msg_1", "hello")
        };
        assert_eq!(other.to(&stage).await.0, StatusCode::UNAUTHORIZED);
    }
    let lines = log.text().matches("a push is not believed").count();
    assert!((1..10).contains(&lines), "{lines}");
}

#[tokio::test]
async fn the_secrets_may_lie_in_a_file_and_can_be_taken_away() {
    let stage = stage(SECRET).await;
    let toml = || std::fs::read_to_string(stage.data.path().join("stoflow.toml")).unwrap();
    assert!(toml().contains(SECRET));
    let file = stage.data.path().join("secrets");
    std::fs::write(&file, format!("{OTHER}\n")).unwrap();
    set(&stage, json!({ "webhook_secrets_file": file })).await;
    assert!(!toml().contains("whsec_"), "{}", toml());
    let new = Sent {
        signed_with: OTHER,
        ..Sent::now("msg_1", "hello")
    };
    assert_eq!(new.to(&stage).await.0, StatusCode::ACCEPTED);
    let both = json!({ "webhook_secrets": SECRET, "webhook_secrets_file": file });
    let refused = stage.post("/api/plugins/pushed/configuration", both).await;
    assert!(refused.unwrap_err().title.contains("not both"));
    set(&stage, json!({ "webhook_secrets": "" })).await;
    let answer = Sent::now("msg_2", "hello").to(&stage).await;
    assert_eq!(answer.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_plugin_that_takes_no_pushes_and_one_that_is_not_there_are_not_found() {
    let stage = Stage::of(&["constant"]).await;
    for plugin in ["constant", "none", "..%2Fx"] {
        let request = Request::builder()
            .method("POST")
            .uri(format!("/api/{plugin}/webhooks"));
        assert_eq!(
            send(&stage, request, Vec::new()).await.0,
            StatusCode::NOT_FOUND,
            "{plugin}"
        );
    }
}

/// Serves the host on this machine; where Etsy is to push to.
async fn listening(stage: &Stage) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = stage.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}/api/etsy/webhooks")
}

/// Waits until the sandbox has told of everything; how each attempt was answered.
async fn delivered(market: &Market) -> Vec<Vec<u16>> {
    for _ in 0..1_000 {
        let deliveries = market.sandbox.deliveries();
        let is_done = |delivery: &Delivery| delivery.status == DeliveryStatus::Delivered;
        if deliveries.iter().all(is_done) {
            let attempts = |delivery: &Delivery| {
                let attempts = delivery.attempts.iter();
                attempts.filter_map(|attempt| attempt.status).collect()
            };
            return deliveries.iter().map(attempts).collect();
        }
        let tried = deliveries
            .iter()
            .any(|delivery| !delivery.attempts.is_empty());
        if tried {
            // The next attempt is due after five seconds of the sandbox's time.
            market.sandbox.advance(Duration::from_secs(1));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not delivered: {:?}", market.sandbox.deliveries());
}

#[tokio::test]
async fn etsys_pushes_are_believed_and_acted_on_once_each() {
    let log = crate::log::capture();
    let market = Market::new().await;
    let url = listening(&market.stage).await;
    let secret = market.sandbox.subscribe(&url, &["order.paid"]).unwrap();
    let path = "/api/plugins/etsy/configuration";
    let change = json!({ "webhook_secrets": secret });
    market.stage.post(path, change).await.unwrap();
    let listing = market.listing("mug", "mug", "active").await;
    let buy = || {
        let purchase = Purchase::of(listing.parse().unwrap());
        market.sandbox.buy(&purchase).unwrap()
    };
    let polls = || log.text().matches("pushed: something happened").count();
    buy();
    assert_eq!(delivered(&market).await, [[200]]);
    assert_eq!(polls(), 1);
    for (fault, attempts) in [
        (WebhookFault::Twice, vec![200, 200]),
        (WebhookFault::WrongSignature, vec![401, 200]),
        (WebhookFault::OldTimestamp, vec![401, 200]),
    ] {
        let before = polls();
        market.sandbox.disturb_webhook(fault);
        buy();
        assert_eq!(
            delivered(&market).await.pop().unwrap(),
            attempts,
            "{fault:?}"
        );
        assert_eq!(polls(), before + 1, "{fault:?}");
    }
    let log = log.text();
    assert!(log.contains("a push came again"), "{log}");
    assert!(!log.contains(secret.trim_start_matches("whsec_")));
}
