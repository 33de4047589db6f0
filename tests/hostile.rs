//! Guests that misbehave: each is stopped with its own error, and calls beside it go on.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stoflow_host::api::{Problem, ProblemKind};

use crate::stage::Stage;

/// Runs `what`, while another plugin's calls go on and none of them is slow.
async fn beside_others(stage: &Stage, guest: &str, what: &str) -> Problem {
    let bystander = async {
        let mut slowest = Duration::ZERO;
        loop {
            let started = Instant::now();
            stage
                .call("constant", "listings.list", json!({}))
                .await
                .unwrap();
            slowest = slowest.max(started.elapsed());
            assert!(
                slowest < Duration::from_secs(2),
                "a call beside {guest} {what} took {slowest:?}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        problem = stage.provoke(guest, what) => problem,
        () = bystander => unreachable!("the bystander never ends"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_computes_without_an_end_is_stopped_after_two_seconds() {
    let stage = Stage::of(&["constant", "spin"]).await;
    let started = Instant::now();
    let problem = beside_others(&stage, "spin", "").await;
    assert_eq!(problem.kind(), ProblemKind::PluginTimeout);
    assert!(problem.title.contains("computed for 2 s"), "{problem:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wants_more_than_it_may_have_is_told_which_limit() {
    let stage = Stage::of(&["constant", "greedy"]).await;
    let cases = [
        ("memory", "memory, at most 64 MiB"),
        ("handles", "resources of the host, at most 512"),
        ("random", "random bytes at once, at most 64 KiB"),
        ("headers", "headers, at most 32 KiB"),
        ("reply", "data handed over at once, at most 16 MiB"),
        ("escapes", "a reply, at most 32 MiB"),
        ("stack", "stack, at most 512 KiB"),
    ];
    for (what, limit) in cases {
        let problem = beside_others(&stage, "greedy", what).await;
        assert_eq!(
            problem.kind(),
            ProblemKind::PluginFailed,
            "{what}: {problem:?}"
        );
        assert!(problem.title.contains(limit), "{what}: {problem:?}");
    }
    let problem = beside_others(&stage, "greedy", "recursion").await;
    assert_eq!(problem.kind(), ProblemKind::PluginFailed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_lines_and_of_empty_writes_hurts_nobody() {
    let stage = Stage::of(&["constant", "greedy"]).await;
    for what in ["log", "empty-writes"] {
        let problem = beside_others(&stage, "greedy", what).await;
        // It may come to its end, or run out of time; it does not take the host with it.
        let kinds = [ProblemKind::Unexpected, ProblemKind::PluginTimeout];
        assert!(kinds.contains(&problem.kind()), "{what}: {problem:?}");
    }
}

#[tokio::test]
async fn what_waits_without_an_end_is_stopped_after_thirty_seconds() {
    let log = crate::log::capture();
    let stage = Stage::of(&["constant", "greedy"]).await;
    let started = Instant::now();
    let problem = beside_others(&stage, "greedy", "sleep").await;
    assert_eq!(problem.kind(), ProblemKind::PluginTimeout);
    assert!(problem.title.contains("30 s"), "{problem:?}");
    assert!(started.elapsed() < Duration::from_secs(40));
    assert!(
        log.text().contains("going to sleep"),
        "what it said last is lost"
    );
}

#[tokio::test]
async fn what_stops_by_itself_is_that_calls_error() {
    let stage = Stage::of(&["constant", "broken"]).await;
    for what in ["panic", "unreachable"] {
        let problem = stage.provoke("broken", what).await;
        assert_eq!(problem.kind(), ProblemKind::PluginFailed);
        assert!(problem.title.contains("the plugin stopped"), "{problem:?}");
    }
    let problem = stage.provoke("broken", "error").await;
    assert_eq!(problem.kind(), ProblemKind::Forbidden);
    stage
        .call("broken", "listings.get", json!({"id": "fine"}))
        .await
        .unwrap();
}

/// A place in the pool is used again and again, and some of its pages stay.
#[tokio::test]
async fn nothing_of_a_call_is_in_the_memory_of_the_next() {
    let stage = Stage::of(&["residue"]).await;
    for pages in [1, 64, 1, 8, 300, 2, 300, 7, 1] {
        let problem = stage.provoke("residue", &pages.to_string()).await;
        let mut words = problem.title.split_whitespace().rev();
        let [after, before] = [(); 2].map(|()| words.next().unwrap().parse::<usize>());
        // Those on the stack are found too.
        assert!(after.unwrap() > pages * 65_536 / 8, "{problem:?}");
        assert_eq!(before.unwrap(), 0, "{problem:?}");
    }
}

#[tokio::test]
async fn a_reply_that_json_cannot_carry_is_named_by_pointer() {
    let stage = Stage::of(&["broken"]).await;
    for (what, pointer) in [
        ("json", "/extension"),
        ("decimal", "/price/amount"),
        ("timestamp", "/created_at"),
    ] {
        let problem = stage.provoke("broken", what).await;
        assert_eq!(problem.kind(), ProblemKind::PluginFailed, "{problem:?}");
        assert!(problem.title.contains(pointer), "{problem:?}");
    }
}

#[tokio::test]
async fn who_looks_for_arguments_environment_files_or_sockets_finds_none() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stage = Stage::of(&["curious"]).await;
    let problem = stage
        .provoke("curious", &listener.local_addr().unwrap().to_string())
        .await;
    let found: Value = serde_json::from_str(&problem.title).unwrap();
    assert_eq!(
        found,
        json!({
            "arguments": [], "environment": [], "preopens": 0, "root": false, "passwd": false,
            "written": false, "tcp": false, "udp": false, "names": false, "stdin": 0
        })
    );
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "a connection arrived");
}

/// What `caller` is told to send.
fn request(authority: &str, path: &str) -> Value {
    json!({ "authority": authority, "path": path })
}

async fn refused(stage: &Stage, request: Value) -> Problem {
    stage.provoke("caller", &request.to_string()).await
}

#[tokio::test]
async fn a_request_outside_the_grant_is_told_what_to_add() {
    let stage = Stage::of(&["caller"]).await;
    let cases = [
        request("evil.example", "/v1/x"),
        request("api.example.com", "/v2/x"),
        request("api.example.com", "/v1x"),
        request("api.example.com:8443", "/v1/x"),
        json!({"authority": "api.example.com", "path": "/v1/x", "scheme": "http"}),
        json!({"authority": "api.example.com", "path": "/v1/x", "method": "PUT"}),
    ];
    for request in cases {
        let problem = refused(&stage, request.clone()).await;
        assert_eq!(
            problem.kind(),
            ProblemKind::NotGranted,
            "{request}: {problem:?}"
        );
        let remedy = problem.remedy.unwrap_or_default();
        assert!(remedy.contains("stoflow.toml"), "{request}: {remedy}");
    }
}

#[tokio::test]
async fn a_private_address_is_not_dialled_even_where_it_is_granted() {
    let stage = Stage::of(&["caller"]).await;
    for authority in ["localhost", "10.0.0.1", "[::1]"] {
        let problem = refused(&stage, request(authority, "/")).await;
        assert_eq!(
            problem.kind(),
            ProblemKind::NotGranted,
            "{authority}: {problem:?}"
        );
        assert!(
            problem.title.contains("dialled"),
            "{authority}: {problem:?}"
        );
    }
}

#[tokio::test]
async fn a_smuggled_or_absolute_form_request_does_not_leave() {
    let stage = Stage::of(&["caller"]).await;
    let cases = [
        request("api.example.com", "http://evil.example/v1/x"),
        request("user:password@api.example.com", "/v1/x"),
        request("api.example.com", "/v1/../v2/x"),
        request("api.example.com", "/v1/%2e%2e/v2/x"),
        request("api.example.com", "/v1/a%2f..%2f..%2fx"),
        request("api.example.com.", "/v1/x"),
        json!({"authority": "api.example.com", "path": "/v1/x", "method": "TRACE"}),
        json!({"authority": "api.example.com", "path": "/v1/x", "method": "CONNECT"}),
        json!({"authority": "api.example.com", "path": "/v1/x", "method": "POST", "body": "ab",
               "headers": [["content-length", "1"]]}),
        json!({"authority": "api.example.com", "path": "/v1/x", "method": "POST",
               "headers": [["content-length", "1"], ["content-length", "2"]]}),
    ];
    for request in cases {
        let problem = refused(&stage, request.clone()).await;
        let before_the_network = [
            ProblemKind::NotGranted,
            ProblemKind::Unavailable,
            ProblemKind::Configuration,
        ];
        assert!(
            before_the_network.contains(&problem.kind()),
            "{request}: {problem:?}"
        );
        assert!(
            !problem.title.contains("found"),
            "{request} reached the resolver: {problem:?}"
        );
    }
}

#[tokio::test]
async fn a_plugin_cannot_set_what_the_host_adds() {
    let stage = Stage::of(&["caller"]).await;
    for name in [
        "authorization",
        "x-api-key",
        "Cookie",
        "proxy-authorization",
    ] {
        let request =
            json!({"authority": "api.example.com", "path": "/v1/x", "headers": [[name, "mine"]]});
        let problem = refused(&stage, request).await;
        let said = format!("{problem:?}").to_lowercase();
        assert!(said.contains(&name.to_lowercase()), "{name}: {problem:?}");
        assert!(!said.contains("mine"), "{name}: {problem:?}");
    }
}
