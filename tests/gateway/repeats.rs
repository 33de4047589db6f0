//! What is sent again, and what never is.

use std::sync::atomic::AtomicUsize;

use stoflow_host::gateway::RefusalKind;
use tokio::io::AsyncWriteExt;

use super::server::{Seen, Server, raw, reply};
use super::*;

/// Takes the token of this generation only.
fn takes(generation: u64) -> impl Fn(&Seen, usize) -> axum::response::Response + Send + Sync {
    move |seen, _| {
        if seen.header("authorization") == format!("Bearer {}", token(generation)) {
            reply(200, &[], "welcome")
        } else {
            reply(
                401,
                &[("www-authenticate", "Bearer")],
                r#"{"error": "invalid_token"}"#,
            )
        }
    }
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_and_the_request_sent_again() {
    let server = Server::start(takes(1)).await;
    let plugin = Plugin::at(&server.origin);
    let call = plugin.call();
    let answer = call.post("/v3/listings", "{\"title\": 1}").await.unwrap();
    assert_eq!(read(answer).await.unwrap(), "welcome");
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter()
            .all(|seen| seen.body == "{\"title\": 1}" && seen.method == "POST")
    );
    assert_eq!(plugin.tokens.refreshes.load(Ordering::SeqCst), 1);
    assert_eq!((call.spent().requests, call.spent().retried), (2, 1));
}

#[tokio::test]
async fn many_requests_of_a_call_share_one_refresh() {
    let server = Server::start(takes(1)).await;
    let plugin = Plugin::at(&server.origin);
    let call = plugin.call();
    let all = futures_util::future::join_all((0..10).map(|_| call.get("/v3"))).await;
    assert!(
        all.into_iter()
            .all(|answer| answer.unwrap().status() == 200)
    );
    assert_eq!(plugin.tokens.refreshes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_token_that_is_never_taken_costs_one_refresh_a_call() {
    let server = Server::start(takes(99)).await;
    let plugin = Plugin::at(&server.origin);
    let call = plugin.call();
    let answer = call.get("/v3").await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(!answer.headers().contains_key("www-authenticate"));
    assert_eq!(server.seen().len(), 2);
    assert_eq!(call.get("/v3").await.unwrap().status(), 401);
    assert_eq!(server.seen().len(), 3);
    assert_eq!(plugin.tokens.refreshes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_is_an_answer() {
    let server = Server::start(takes(99)).await;
    let plugin = Plugin::at(&server.origin);
    let mut call = plugin.call();
    let fresh = Bearer {
        token: Secret::new(token(0)),
        generation: 0,
    };
    call.context.seller = Seller::Fresh(fresh);
    assert_eq!(call.get("/v3").await.unwrap().status(), 401);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_streamed_request_with_a_refused_token_is_unavailable_and_the_next_one_works() {
    let server = Server::start(takes(1)).await;
    let plugin = Plugin::at(&server.origin);
    let large = vec![b'x'; 300_000];
    let refusal = plugin
        .call()
        .post("/v3/image", large.clone())
        .await
        .unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Unavailable);
    assert_eq!(
        plugin
            .call()
            .post("/v3/image", large)
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(server.seen().len(), 2);
}

/// A server that takes every request and hangs up without an answer, `before` times.
async fn forgetful(before: usize) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let origin = raw(move |mut connection, number| {
        seen.fetch_add(1, Ordering::SeqCst);
        async move {
            if number >= before {
                let _ = connection
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                    .await;
            }
        }
    })
    .await;
    (origin, count)
}

#[tokio::test]
async fn a_post_whose_answer_was_lost_is_never_sent_again() {
    for method in ["POST", "PATCH", "PUT", "DELETE"] {
        let (origin, count) = forgetful(1).await;
        let call = Plugin::at(&origin).call();
        let refusal = call
            .send(request(method, "/v3/listings", "{}".into()))
            .await
            .unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Lost, "{method}");
        assert_eq!(count.load(Ordering::SeqCst), 1, "{method}");
    }
}

#[tokio::test]
async fn a_read_whose_answer_was_lost_is_sent_again() {
    let (origin, count) = forgetful(1).await;
    assert_eq!(
        Plugin::at(&origin)
            .call()
            .get("/v3")
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_was_not_sent_is_sent_again_whatever_it_is() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let call = Plugin::at(&closed).call();
    let refusal = call.post("/v3", "{}").await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Connect);
    assert!(
        refusal.remedy.contains("whether it runs"),
        "{}",
        refusal.remedy
    );
    assert_eq!(call.spent().requests, 3);
}

#[tokio::test]
async fn a_passing_fault_is_waited_out_for_what_is_idempotent() {
    for status in [502, 503, 504] {
        let faults =
            move |_: &Seen, before: usize| reply(if before < 2 { status } else { 200 }, &[], "");
        let server = Server::start(faults).await;
        let call = Plugin::at(&server.origin).call();
        assert_eq!(
            call.send(request("PUT", "/v3", "{}".into()))
                .await
                .unwrap()
                .status(),
            200
        );
        assert_eq!(call.spent().requests, 3);

        let server = Server::start(faults).await;
        let call = Plugin::at(&server.origin).call();
        assert_eq!(call.post("/v3", "{}").await.unwrap().status(), status);
        assert_eq!(server.seen().len(), 1);
    }
    let server = Server::start(|_, _| reply(503, &[], "")).await;
    assert_eq!(
        Plugin::at(&server.origin)
            .call()
            .get("/v3")
            .await
            .unwrap()
            .status(),
        503
    );
    assert_eq!(server.seen().len(), 3);
}
