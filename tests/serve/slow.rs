//! Clients that draw a request out: each is cut in its time, and nobody else waits for it.

use std::time::Duration;

use super::raw::Raw;
use crate::served::Served;

const HEAD: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
const REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn is_about(time: Duration, seconds: f32) {
    let late = time.as_secs_f32() - seconds;
    assert!((-0.5..1.0).contains(&late), "{time:?} is not {seconds} s");
}

#[tokio::test]
async fn half_a_head_is_cut_within_ten_seconds_however_it_is_drawn_out() {
    let served = Served::start().await;
    let nothing = async { Raw::new(&served).await.until_closed().await };
    let half = async {
        let mut raw = Raw::new(&served).await;
        raw.send(HEAD).await;
        raw.until_closed().await
    };
    let byte_by_byte = async {
        let mut raw = Raw::new(&served).await;
        raw.send(HEAD).await;
        raw.until_closed_sending("x", Duration::from_secs(1)).await
    };
    let second = async {
        let mut raw = Raw::new(&served).await;
        raw.send(REQUEST).await;
        assert!(raw.reply().await.starts_with("HTTP/1.1 200"));
        raw.begun = std::time::Instant::now();
        raw.send(HEAD).await;
        raw.until_closed().await
    };
    let preface = async {
        let mut raw = Raw::new(&served).await;
        raw.send("PRI * HTTP/2.0\r\n").await;
        raw.until_closed().await
    };
    let all = tokio::join!(nothing, half, byte_by_byte, second, preface);
    for (text, time) in [all.0, all.1, all.2, all.3, all.4] {
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
        assert!(time > Duration::from_secs(8), "{time:?}");
        assert!(time <= Duration::from_millis(10_100), "{time:?}");
    }
}

#[tokio::test]
async fn a_connection_is_kept_between_requests_and_not_for_ever() {
    let served = Served::with("[server]\nhead_seconds = 1\nidle_seconds = 3\n", |_| ()).await;
    let mut raw = Raw::new(&served).await;
    for _ in 0..2 {
        raw.send(REQUEST).await;
        assert!(raw.reply().await.starts_with("HTTP/1.1 200"));
        // Longer than a head may take.
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    raw.begun = std::time::Instant::now();
    is_about(raw.until_closed().await.1, 1.5);
}

#[tokio::test]
async fn a_body_of_a_byte_a_second_is_given_up_and_the_client_is_told() {
    let served = Served::with("[server]\nbody_seconds = 2\n", |_| ()).await;
    let head = "POST /api/etsy/call/listings/list HTTP/1.1\r\nHost: localhost\r\n\
        Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    let mut silent = Raw::socket(&served).await;
    silent.send(head).await;
    let mut slow = Raw::socket(&served).await;
    slow.send(head).await;
    let (silent, slow) = tokio::join!(
        silent.until_closed(),
        slow.until_closed_sending(" ", Duration::from_millis(500)),
    );
    for (text, time) in [silent, slow] {
        assert!(text.starts_with("HTTP/1.1 408"), "{text}");
        assert!(text.contains("/problems/request-timeout"), "{text}");
        assert!(text.contains("connection: close"), "{text}");
        is_about(time, 2.0);
    }
    assert_eq!(served.sandbox.requests().len(), 0);
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_replies_is_cut() {
    let served = Served::with("[server]\nreply_seconds = 1\n", |_| ()).await;
    let mut raw = Raw::socket(&served).await;
    let request = "GET /api/plugins/etsy/schema HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let asked = 100;
    raw.send(&request.repeat(asked)).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let (text, _) = raw.until_closed().await;
    let answered = text.matches("HTTP/1.1 200").count();
    assert!(answered > 0 && answered < asked, "{answered} of {asked}");
    assert_eq!(served.stranger().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn who_goes_away_in_the_middle_harms_nobody() {
    let served = Served::start().await;
    for _ in 0..50 {
        let mut upload = Raw::socket(&served).await;
        upload
            .send("POST /api/plugins HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n\r\nhalf")
            .await;
        let mut download = Raw::socket(&served).await;
        download
            .send("GET /api/plugins/etsy/schema HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await;
    }
    assert_eq!(served.stranger().get("/readyz").await.status, 200);
    assert!(!served.log().contains("panic"), "{}", served.log());
}
