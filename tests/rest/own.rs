//! The host's own lists and looks: accounts page by page, jobs, quotas, and ids that no plugin may have.

use http::header;
use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_sandbox::NewSeller;

use super::asked::{Asked, get};
use crate::market::{Market, connect_as, paths};
use crate::stage::{Stage, component};

#[tokio::test]
async fn accounts_are_listed_page_by_page_each_once() {
    let market = Market::new().await;
    for user in ["u1", "u2", "u3", "u4"] {
        let seller = NewSeller {
            shop_name: format!("Shop of {user}"),
            ..NewSeller::default()
        };
        let seller = market.sandbox.add_seller(&seller).unwrap();
        connect_as(&market.stage, user, seller.user_id)
            .await
            .unwrap();
    }
    for (first, count, pages) in [
        ("/api/accounts?limit=2", 5, 3),
        ("/api/accounts?limit=5", 5, 1),
        ("/api/accounts", 5, 1),
        ("/api/accounts?user=u1&limit=1", 2, 2),
        ("/api/accounts?user=nobody", 0, 1),
    ] {
        let (mut ids, mut seen, mut next) = (Vec::new(), 0, Some(first.to_owned()));
        while let Some(target) = next {
            let (status, headers, page) = Asked::get(&target).exchange(&market.stage).await;
            assert_eq!(status, 200, "{target}: {page}");
            ids.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|it| it["id"].to_string()),
            );
            let link = headers
                .get(header::LINK)
                .map(|link| link.to_str().unwrap().to_owned());
            assert_eq!(link.is_some(), page["next"].is_string(), "{target}");
            next = link.map(|link| link[1..link.find('>').unwrap()].to_owned());
            seen += 1;
        }
        assert!(ids.is_sorted(), "{first}");
        ids.dedup();
        assert_eq!((ids.len(), seen), (count, pages), "{first}");
    }
    for target in [
        "/api/accounts?cursor=x",
        "/api/accounts?limit=-1",
        "/api/accounts?lim=1",
    ] {
        let problem = get(&market.stage, target).await.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::BadRequest, "{target}");
    }
}

#[tokio::test]
async fn jobs_are_told_with_what_they_cost_and_that_nothing_runs_them() {
    let market = Market::new().await;
    let status = get(&market.stage, "/api/etsy/polling/status")
        .await
        .unwrap();
    assert_eq!(status["scheduled"], false);
    assert_eq!(status["account"], market.account.as_str());
    let jobs = market.call("poll.jobs", json!({})).await.unwrap();
    let named = |jobs: &Value| -> Vec<(String, u64)> {
        let jobs = jobs.as_array().unwrap().iter();
        jobs.map(|it| {
            (
                it["name"].to_string(),
                it["interval_seconds"].as_u64().unwrap(),
            )
        })
        .collect()
    };
    assert_eq!(named(&status["jobs"]), named(&jobs));
    assert_eq!(market.operations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_run_fetches_now_and_goes_on_where_the_caller_says() {
    let market = Market::new().await;
    let mug = market.listing("mug", "mug", "active").await;
    let purchase = stoflow_sandbox::Purchase::of(mug.parse().unwrap());
    let order = market.sandbox.buy(&purchase).unwrap().to_string();
    let run = "/api/etsy/polling/run";
    let all = market.stage.post(run, json!({})).await.unwrap();
    assert_eq!(all["account"], market.account.as_str());
    let jobs = market.call("poll.jobs", json!({})).await.unwrap();
    assert_eq!(
        all["runs"].as_array().unwrap().len(),
        jobs.as_array().unwrap().len()
    );
    let orders = &all["runs"][0];
    assert_eq!(orders["job"], "orders");
    assert_eq!(
        orders["items"][0]["order"]["id"],
        order.as_str(),
        "{orders}"
    );
    // Nobody keeps the place: the same again is the same.
    let one = json!({ "job": "orders", "window": orders["window"] });
    let again = market.stage.post(run, one).await.unwrap();
    assert_eq!(again["runs"][0]["items"], orders["items"]);
    let before = json!({ "start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z" });
    let none = json!({ "job": "orders", "window": before });
    let none = market.stage.post(run, none).await.unwrap();
    assert_eq!(none["runs"][0]["items"], json!([]));
}

#[tokio::test]
async fn a_run_of_what_is_no_job_fetches_nothing() {
    let market = Market::new().await;
    let run = "/api/etsy/polling/run";
    let problem = market
        .stage
        .post(run, json!({ "job": "ordrs" }))
        .await
        .unwrap_err();
    assert_eq!(paths(&problem), ["/job"]);
    assert!(
        problem.violations[0]
            .message
            .contains("did you mean orders?")
    );
    for (body, kind) in [
        (json!({ "cursor": "x" }), ProblemKind::BadRequest),
        (json!({ "jobs": ["orders"] }), ProblemKind::InvalidArguments),
        (
            json!({ "job": "orders", "window": { "start": "now" } }),
            ProblemKind::InvalidArguments,
        ),
        (
            json!({ "job": "orders", "cursor": "x" }),
            ProblemKind::Invalid,
        ),
    ] {
        let problem = market.stage.post(run, body.clone()).await.unwrap_err();
        assert_eq!(problem.kind(), kind, "{body}: {problem:?}");
    }
    let problem = market
        .stage
        .post("/api/etsy/polling/run?user=u2", json!({}))
        .await;
    assert_eq!(problem.unwrap_err().kind(), ProblemKind::AccountNeeded);
}

#[tokio::test]
async fn a_job_that_fails_does_not_hide_what_the_others_found() {
    let market = Market::new().await;
    market.sandbox.expire_tokens(true);
    let all = market
        .stage
        .post("/api/etsy/polling/run", json!({}))
        .await
        .unwrap();
    for run in all["runs"].as_array().unwrap() {
        assert_eq!(run["problem"]["type"], "/problems/consent-needed", "{run}");
    }
    let one = json!({ "job": "orders" });
    let problem = market
        .stage
        .post("/api/etsy/polling/run", one)
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::ConsentNeeded);
}

#[tokio::test]
async fn quotas_are_told_as_far_as_they_are_known() {
    let market = Market::with(|sandbox| sandbox.per_day = 500, |_| ()).await;
    let quotas = async || get(&market.stage, "/api/quotas").await.unwrap();
    let day = |quotas: &Value| {
        let mut all = quotas.as_array().unwrap().iter();
        all.find(|it| it["window"]["sliding"] == 86_400)
            .unwrap()
            .clone()
    };
    market.call("shop.get", json!({})).await.unwrap();
    let before = day(&quotas().await);
    assert_eq!(
        (&before["plugin"], &before["limit"]),
        (&json!("etsy"), &json!(500))
    );
    for _ in 0..3 {
        market.call("shop.get", json!({})).await.unwrap();
    }
    let after = day(&quotas().await);
    let number = |it: &Value, name: &str| it[name].as_u64().unwrap();
    assert_eq!(number(&after, "used") - number(&before, "used"), 3);
    assert_eq!(number(&before, "left") - number(&after, "left"), 3);
    assert!(number(&after, "said_seconds_ago") < 60);
    // Another process knows what is granted, and nothing of what was used.
    let Market { stage, .. } = market;
    let stage = stage.reopen();
    let fresh = day(&get(&stage, "/api/quotas").await.unwrap());
    assert_eq!((&fresh["used"], &fresh["left"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn a_plugin_with_the_name_of_a_route_is_not_installed() {
    let stage = Stage::new();
    // The same length, so that the component stays one.
    let named = component("guests/constant");
    let named = replaced(&named, b"constant", b"accounts");
    let problem = stage.install_bytes(named).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::InvalidPlugin, "{problem:?}");
    assert!(problem.title.contains("/api/accounts"), "{}", problem.title);
    assert_eq!(get(&stage, "/api/plugins").await.unwrap(), json!([]));
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(from.len()).position(|it| it == from) {
        bytes[at + found..][..to.len()].copy_from_slice(to);
        at += found + to.len();
    }
    assert!(at > 0, "the name was not found");
    bytes
}
