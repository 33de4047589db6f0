//! Requests that are none, or that two readers would read differently.

use std::time::Duration;

use super::raw::Raw;
use crate::served::Served;

#[tokio::test]
async fn a_head_of_a_megabyte_is_refused_by_its_size() {
    let served = Served::start().await;
    let long = "x".repeat(1 << 20);
    let many: String = (0..100).map(|n| format!("x-{n}: 1\r\n")).collect();
    for (head, status) in [
        (
            format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nx-long: {long}\r\n\r\n"),
            "431",
        ),
        (
            format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"),
            "431",
        ),
        (
            format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            "4",
        ),
    ] {
        let mut raw = Raw::new(&served).await;
        // It may be closed before all of it is sent.
        let _ = raw.try_send(&head).await;
        let (text, time) = raw.until_closed().await;
        let expected = format!("HTTP/1.1 {status}");
        // Where it is closed with bytes unread, the system may take the reply back.
        assert!(text.is_empty() || text.starts_with(&expected), "{text}");
        assert!(time < Duration::from_secs(5), "{time:?}");
    }
    assert_eq!(served.stranger().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn what_two_readers_would_read_differently_is_refused() {
    let served = Served::start().await;
    for head in [
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nx-a: 1\r\n 2\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: +1\r\n\r\na",
        "POST /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\na",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}",
    ] {
        let mut raw = Raw::new(&served).await;
        raw.send(head).await;
        // It may have been refused by then.
        let _ = raw.try_send("\r\n\r\n").await;
        let reply = raw.reply().await;
        assert!(reply.starts_with("HTTP/1.1 400"), "{head:?}: {reply}");
    }
}

#[tokio::test]
async fn a_body_that_says_its_length_twice_hides_no_second_request() {
    let served = Served::start().await;
    let mut raw = Raw::new(&served).await;
    raw.send(
        "POST /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 4\r\n\
         Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
    .await;
    let (text, _) = raw.until_closed().await;
    assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
    assert!(text.starts_with("HTTP/1.1 4"), "{text}");
}

#[tokio::test]
async fn ids_with_slashes_dots_percent_signs_and_nul_are_only_ids() {
    let served = Served::start().await;
    for id in [
        "..%2f..%2fmaster.key",
        "%2e%2e",
        "a%00b",
        "%25",
        "%ff",
        "acc_%0d%0ax",
        "../accounts",
        "%",
    ] {
        let mut raw = Raw::socket(&served).await;
        raw.send(&format!(
            "GET /api/accounts/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ))
        .await;
        let reply = raw.reply().await;
        assert!(reply.starts_with("HTTP/1.1 4"), "{id}: {reply}");
        assert!(reply.contains("application/problem+json"), "{id}: {reply}");
    }
}
