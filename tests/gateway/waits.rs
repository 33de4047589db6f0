//! Quotas on the wire: how fast requests leave, and what a marketplace's word about it changes.
//! Time stands still in these tests but for the waits.

use futures_util::future::join_all;
use stoflow_host::gateway::RefusalKind;
use stoflow_host::model::{QuotaScope, QuotaWindow};

use super::server::{Server, raw, reply};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn second(limit: u32) -> Quota {
    Quota {
        name: "second".into(),
        scope: QuotaScope::App,
        window: QuotaWindow::Sliding(1),
        limit,
        limit_header: Some("x-limit-per-second".into()),
        remaining_header: Some("x-remaining-this-second".into()),
    }
}

fn day(limit: u32) -> Quota {
    Quota {
        name: "day".into(),
        window: QuotaWindow::Sliding(86_400),
        limit,
        limit_header: Some("x-limit-per-day".into()),
        remaining_header: Some("x-remaining-today".into()),
        ..second(limit)
    }
}

/// When the requests arrived, sorted.
fn arrivals(server: &Server) -> Vec<Instant> {
    let mut times: Vec<_> = server.seen().iter().map(|seen| seen.at).collect();
    times.sort();
    times
}

#[tokio::test(start_paused = true)]
async fn requests_leave_no_faster_than_the_limit() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let plugin = Plugin::at(&server.origin).quotas(vec![second(5)]);
    let calls: Vec<_> = (0..23).map(|_| plugin.call()).collect();
    let all = join_all(calls.iter().map(|call| call.get("/v3"))).await;
    assert!(
        all.into_iter()
            .all(|answer| answer.unwrap().status() == 200)
    );
    let times = arrivals(&server);
    for window in times.windows(6) {
        assert!(
            window[5] - window[0] >= SECOND * 95 / 100,
            "{:?}",
            window[5] - window[0]
        );
    }
    assert!(times[22] - times[0] < 6 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_limit_in_a_reply_replaces_the_declared_one() {
    let server = Server::start(|_, _| reply(200, &[("x-limit-per-second", "2")], "")).await;
    let plugin = Plugin::at(&server.origin).quotas(vec![second(1000)]);
    for _ in 0..5 {
        plugin.call().get("/v3").await.unwrap();
    }
    let times = arrivals(&server);
    assert!(
        times[4] - times[0] >= 2 * SECOND,
        "{:?}",
        times[4] - times[0]
    );
}

#[tokio::test(start_paused = true)]
async fn a_429_is_waited_out_for_a_read() {
    let server = Server::start(|_, before| match before {
        0 => reply(
            429,
            &[("retry-after", "2")],
            r#"{"error": "Exceeded per second rate limit"}"#,
        ),
        _ => reply(200, &[], "now"),
    })
    .await;
    let plugin = Plugin::at(&server.origin).quotas(vec![second(10)]);
    let call = plugin.call();
    assert_eq!(read(call.get("/v3").await.unwrap()).await.unwrap(), "now");
    let times = arrivals(&server);
    assert!(times[1] - times[0] >= 2 * SECOND);
    assert_eq!(call.spent().retried, 1);
}

#[tokio::test(start_paused = true)]
async fn a_429_makes_everybody_wait() {
    let server = Server::start(|_, before| match before {
        0 => reply(429, &[("retry-after", "3")], ""),
        _ => reply(200, &[], ""),
    })
    .await;
    let plugin = Plugin::at(&server.origin).quotas(vec![second(10)]);
    assert_eq!(plugin.call().post("/v3", "{}").await.unwrap().status(), 429);
    plugin.call().post("/v3", "{}").await.unwrap();
    let times = arrivals(&server);
    assert!(times[1] - times[0] >= 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_day_that_is_used_up_is_answered_at_once_without_asking_again() {
    for headers in [
        &[("x-remaining-today", "0"), ("retry-after", "86400")][..],
        &[("retry-after", "86400")],
        &[("x-remaining-today", "0")],
    ] {
        let server = Server::start(move |_, _| reply(429, headers, "")).await;
        let plugin = Plugin::at(&server.origin).quotas(vec![second(10), day(10_000)]);
        assert_eq!(plugin.call().post("/v3", "{}").await.unwrap().status(), 429);
        let began = Instant::now();
        for _ in 0..5 {
            let call = plugin.call();
            let refusal = call.get("/v3").await.unwrap_err();
            assert!(
                matches!(refusal.kind, RefusalKind::RateLimited(Some(_))),
                "{refusal}"
            );
            assert!(refusal.what.contains("\"day\""), "{refusal}");
            let reply = refusal.reply().unwrap();
            assert_eq!(reply.status(), 429);
            assert!(reply.headers().contains_key("retry-after"));
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_persons_call_goes_before_polls_that_wait() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let plugin = Plugin::at(&server.origin).quotas(vec![second(2)]);
    let polls: Vec<_> = (0..10)
        .map(|_| {
            let mut call = plugin.call();
            call.context.lane = Lane::Poll;
            tokio::spawn(async move { call.get("/v3/poll").await.map(|_| ()) })
        })
        .collect();
    tokio::time::sleep(SECOND * 6 / 10).await;
    plugin.call().get("/v3/person").await.unwrap();
    for poll in polls {
        poll.await.unwrap().unwrap();
    }
    let order: Vec<_> = server.seen().into_iter().map(|seen| seen.target).collect();
    let place = order
        .iter()
        .position(|target| target == "/v3/person")
        .unwrap();
    assert!(place <= 3, "{order:?}");
}

#[tokio::test(start_paused = true)]
async fn a_marketplace_that_does_not_answer_is_given_up_at_the_deadline() {
    let origin = raw(|connection, _| async move {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        drop(connection);
    })
    .await;
    let mut call = Plugin::at(&origin).call();
    call.context.deadline = Instant::now() + 5 * SECOND;
    let began = Instant::now();
    let refusal = call.post("/v3", "{}").await.unwrap_err();
    assert!(
        matches!(refusal.kind, RefusalKind::Deadline | RefusalKind::Timeout),
        "{refusal}"
    );
    assert!(began.elapsed() <= 6 * SECOND, "{:?}", began.elapsed());
    assert_eq!(call.spent().requests, 1);
}
