//! `stoflow serve`: the daemon over real TCP and its socket, as clients good and bad meet it.

mod crowd;
mod from_elsewhere;
mod hosts;
mod malformed;
mod raw;
mod same_output;
mod slow;
mod stop;
mod upkeep;

use crate::served::{Served, USERS};

#[tokio::test]
async fn it_says_that_it_lives_and_is_ready_without_a_key() {
    let served = Served::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = served.stranger().get(path).await;
        assert_eq!(answer.json()["status"], "ok");
    }
    let refused = served.stranger().get("/api/accounts").await;
    refused.problem("unauthenticated");
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn whoever_opens_the_socket_is_an_operator_and_sees_both_users() {
    let served = Served::start().await;
    let accounts = served.get(None, "/api/accounts").await.json();
    let mut users: Vec<_> = accounts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["user"].as_str().unwrap())
        .collect();
    users.sort_unstable();
    assert_eq!(users, USERS);
    for account in &served.accounts {
        let path = format!("/api/etsy/call/listings/list?account={account}");
        let listed = served.post(None, &path, &serde_json::json!({})).await;
        listed.json();
    }
}

#[tokio::test]
async fn a_request_has_one_id_its_own_or_one_that_is_made() {
    let served = Served::start().await;
    let client = served.stranger();
    let asked = |id: &'static str| {
        let request = client.request(http::Method::GET, "/api/accounts");
        client.send(request.header("x-correlation-id", id))
    };
    let taken_over = asked("front-7").await;
    assert_eq!(taken_over.header("x-correlation-id"), "front-7");
    let problem = taken_over.problem("unauthenticated");
    assert_eq!(problem.correlation_id.as_deref(), Some("front-7"));
    let made = asked("no id at all").await;
    let id = made.problem("unauthenticated").correlation_id.unwrap();
    assert_eq!(made.header("x-correlation-id"), id);
    assert!(!id.contains(' '));
}

#[tokio::test]
async fn a_key_opens_its_users_things_over_tcp() {
    let served = Served::start().await;
    for (key, user) in served.keys.iter().zip(USERS) {
        let accounts = served.get(Some(key), "/api/accounts").await.json();
        let accounts = accounts["items"].as_array().unwrap();
        assert!(accounts.iter().all(|account| account["user"] == user));
        assert_eq!(accounts.len(), 1);
    }
    let all = served
        .get(Some(&served.admin), "/api/accounts")
        .await
        .json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    served
        .get(Some("sk_nothing"), "/api/accounts")
        .await
        .problem("unauthenticated");
}
