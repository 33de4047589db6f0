//! Under which names the daemon answers, and to whose pages.

use http::Method;

use crate::served::{Answer, Served};

const TOML: &str =
    "[server]\nhosts = [\"stoflow.example\"]\ncors_origins = [\"https://app.example\"]\n";

async fn asked(served: &Served, method: Method, headers: &[(&str, &str)]) -> Answer {
    let client = served.stranger();
    let mut request = client.request(method, "/healthz");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request).await
}

#[tokio::test]
async fn a_name_that_is_not_its_own_is_refused_whatever_address_it_leads_to() {
    let served = Served::with(TOML, |_| ()).await;
    let get = |host: &'static str| {
        let served = &served;
        async move { asked(served, Method::GET, &[("host", host)]).await }
    };
    for own in ["localhost", "127.0.0.1:1", "[::1]", "stoflow.example:443"] {
        assert_eq!(get(own).await.status, 200, "{own}");
    }
    for foreign in ["evil.example", "stoflow.example.evil", "10.0.0.1"] {
        let answer = get(foreign).await;
        assert_eq!(answer.status, 421, "{foreign}");
        let problem = answer.problem("misdirected");
        assert!(problem.remedy.unwrap().contains("hosts"));
    }
}

#[tokio::test]
async fn a_page_of_another_origin_can_change_nothing() {
    let served = Served::with(TOML, |_| ()).await;
    let post = |headers: &'static [(&str, &str)]| asked(&served, Method::POST, headers);
    for own in [
        &[("sec-fetch-site", "same-origin")][..],
        &[
            ("origin", "https://app.example"),
            ("sec-fetch-site", "cross-site"),
        ],
        &[],
    ] {
        // A key is asked for behind this.
        assert_eq!(post(own).await.status, 401, "{own:?}");
    }
    for foreign in [
        &[("sec-fetch-site", "cross-site")][..],
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ] {
        let answer = post(foreign).await;
        assert_eq!(answer.status, 403, "{foreign:?}");
        answer.problem("not-allowed");
    }
}

#[tokio::test]
async fn a_page_reads_replies_where_its_origin_is_named_and_nowhere_else() {
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "authorization,idempotency-key",
        ),
    ];
    let own = [("origin", "https://app.example")];
    let foreign = [("origin", "https://evil.example")];
    let allowed = "access-control-allow-origin";

    let off = Served::start().await;
    for headers in [&preflight[..], &own, &foreign] {
        let method = if headers.len() > 1 {
            Method::OPTIONS
        } else {
            Method::GET
        };
        assert_eq!(asked(&off, method, headers).await.header(allowed), "");
    }

    let on = Served::with(TOML, |_| ()).await;
    let answer = asked(&on, Method::OPTIONS, &preflight).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header(allowed), "https://app.example");
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("idempotency-key")
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let answer = asked(&on, Method::GET, &own).await;
    assert_eq!(answer.header(allowed), "https://app.example");
    assert!(
        answer
            .header("access-control-expose-headers")
            .contains("x-correlation-id")
    );
    assert_eq!(asked(&on, Method::GET, &foreign).await.header(allowed), "");
    // What cannot be read is no use: a refusal is readable too.
    let client = on.stranger();
    let request = client.request(Method::GET, "/api/accounts");
    let refused = client
        .send(request.header("origin", "https://app.example"))
        .await;
    assert_eq!(
        (refused.status, refused.header(allowed)),
        (401, "https://app.example")
    );
}

#[tokio::test]
async fn everybody_is_no_origin_that_can_be_named() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(
        data.path().join("stoflow.toml"),
        "[server]\ncors_origins = [\"*\"]\n",
    )
    .unwrap();
    let command = crate::served::command(data.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let output = tokio::process::Command::from(command)
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(6), "{errors}");
    assert!(errors.contains("server.cors_origins"), "{errors}");
}

#[tokio::test]
async fn it_speaks_http_2_too() {
    let served = Served::start().await;
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .no_proxy()
        .build()
        .unwrap();
    let replies = (0..100).map(|_| client.get(format!("{}/healthz", served.url)).send());
    for reply in futures_util::future::join_all(replies).await {
        let reply = reply.unwrap();
        assert_eq!(reply.version(), http::Version::HTTP_2);
        assert_eq!(reply.status().as_u16(), 200);
    }
}
