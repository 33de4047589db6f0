//! What arrives at the marketplace and what comes back.

use bytes::Bytes;
use futures_util::stream;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use stoflow_host::gateway::{RefusalKind, Spent};

use super::server::{Server, reply};
use super::*;

#[tokio::test]
async fn credentials_are_the_hosts_and_the_rest_is_the_plugins() {
    let server = Server::start(|_, _| reply(200, &[], "{}")).await;
    let call = Plugin::at(&server.origin).call();
    let request = Request::builder()
        .method("POST")
        .uri(format!("{REAL}/v3/application/shops/1?a=b%2Fc"))
        .header("x-forwarded-for", "127.0.0.1")
        .header("accept-encoding", "identity")
        .header("content-type", "application/json")
        .header("x-own", "kept")
        .body(full("{\"a\": 1}"))
        .unwrap();
    assert_eq!(call.send(request).await.unwrap().status(), 200);
    let seen = &server.seen()[0];
    assert_eq!(seen.target, "/v3/application/shops/1?a=b%2Fc");
    assert_eq!(seen.header("authorization"), format!("Bearer {}", token(0)));
    assert_eq!(
        seen.header("x-api-key"),
        format!("{CLIENT_ID}:{CLIENT_SECRET}")
    );
    assert_eq!(seen.header("accept-encoding"), "gzip, br, deflate");
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("x-own"), "kept");
    assert_eq!(seen.header("content-length"), "8");
    assert!(seen.header("user-agent").starts_with("stoflow/"));
    assert_eq!(
        seen.header("host"),
        server.origin.trim_start_matches("http://")
    );
    assert_eq!(seen.body, "{\"a\": 1}");
    let all = format!("{:?}", seen.headers);
    assert!(!all.contains("forwarded"), "{all}");
    assert_eq!(
        call.spent(),
        Spent {
            requests: 1,
            retried: 0,
            bytes: 0,
            starred: 0
        }
    );
}

#[tokio::test]
async fn a_credential_that_the_plugin_sets_does_not_leave() {
    let server = Server::start(|_, _| reply(200, &[], "{}")).await;
    for name in ["authorization", "x-api-key", "x_api_key", "cookie"] {
        let call = Plugin::at(&server.origin).call();
        let request = Request::builder()
            .uri(format!("{REAL}/v3/application/shops/1"))
            .header(name, "mine")
            .body(full(""))
            .unwrap();
        let refusal = call.send(request).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::RequestHeaders, "{name}");
        assert!(refusal.what.contains(name), "{refusal}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_call_without_a_seller_sends_no_token() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let mut call = Plugin::at(&server.origin).call();
    call.context.seller = Seller::None;
    call.get("/v3/x").await.unwrap();
    let fresh = Bearer {
        token: Secret::new("a-fresh-sellers-token".into()),
        generation: 0,
    };
    call.context.seller = Seller::Fresh(fresh);
    call.get("/v3/x").await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].header("authorization"), "");
    assert_eq!(
        seen[1].header("authorization"),
        "Bearer a-fresh-sellers-token"
    );
}

#[tokio::test]
async fn every_method_arrives_with_its_body_or_without() {
    let server = Server::start(|_, _| reply(200, &[("x-reply", "1")], "body")).await;
    let call = Plugin::at(&server.origin).call();
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        for body in ["", "some"] {
            let answer = call
                .send(request(method, "/v3/x", body.into()))
                .await
                .unwrap();
            assert_eq!(answer.headers()["x-reply"], "1");
            let expected = if method == "HEAD" { "" } else { "body" };
            assert_eq!(read(answer).await.unwrap(), expected, "{method}");
        }
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 12);
    assert!(
        seen.iter()
            .skip(1)
            .step_by(2)
            .all(|seen| seen.body == "some")
    );
    // Some servers refuse a POST without a length.
    assert_eq!(seen[4].header("content-length"), "0");
}

#[tokio::test]
async fn a_large_body_streams_with_its_length_and_whole() {
    let server = Server::start(|_, _| reply(201, &[], "")).await;
    let call = Plugin::at(&server.origin).call();
    let whole: Vec<u8> = (0..1_000_000_u32)
        .map(|number| number.to_le_bytes()[1])
        .collect();
    let pieces: Vec<_> = whole
        .chunks(7000)
        .flat_map(|piece| {
            [
                Ok(Frame::data(Bytes::new())),
                Ok(Frame::data(Bytes::copy_from_slice(piece))),
            ]
        })
        .collect();
    let request = Request::builder()
        .method("POST")
        .uri(format!("{REAL}/v3/image"))
        .header("content-length", whole.len())
        .body(StreamBody::new(stream::iter(pieces)).boxed_unsync())
        .unwrap();
    assert_eq!(call.send(request).await.unwrap().status(), 201);
    let seen = &server.seen()[0];
    assert_eq!(seen.header("content-length"), "1000000");
    assert_eq!(seen.header("transfer-encoding"), "");
    assert!(seen.body == whole);
}

#[tokio::test]
async fn a_redirect_is_the_plugins_to_follow_and_the_stand_ins_links_are_too() {
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/v3/old" => reply(302, &[("location", "/v3/new")], ""),
        _ => reply(200, &[], "new"),
    })
    .await;
    let call = Plugin::at(&server.origin).call();
    let answer = call.get("/v3/old").await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "/v3/new");
    assert_eq!(server.seen().len(), 1);
    let link = format!("{}/v3/new", server.origin);
    let request = Request::builder().uri(link).body(full("")).unwrap();
    assert_eq!(
        read(call.send(request).await.unwrap()).await.unwrap(),
        "new"
    );
    let outside = Request::builder()
        .uri(format!("{}/control", server.origin))
        .body(full(""))
        .unwrap();
    let refusal = call.send(outside).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NotGranted);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn what_is_for_the_host_only_is_taken_out_of_a_reply() {
    let headers = [
        ("set-cookie", "session=1"),
        ("www-authenticate", "Bearer"),
        ("x-etsy-request-uuid", "7"),
        ("content-type", "application/json"),
    ];
    let server = Server::start(move |_, _| reply(404, &headers, "{}")).await;
    let answer = Plugin::at(&server.origin)
        .call()
        .get("/v3/x")
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
    let names: Vec<_> = answer
        .headers()
        .keys()
        .map(|name| name.as_str().to_owned())
        .collect();
    assert!(
        names.contains(&"x-etsy-request-uuid".to_owned()),
        "{names:?}"
    );
    assert!(names.contains(&"content-length".to_owned()), "{names:?}");
    assert!(
        !names
            .iter()
            .any(|name| name.contains("cookie") || name.contains("auth")),
        "{names:?}"
    );
}

#[tokio::test]
async fn an_answer_without_a_body_is_one_whatever_it_says_of_its_encoding() {
    let server = Server::start(|seen, _| {
        let encoding = ("content-encoding", "gzip");
        match (seen.method.as_str(), seen.target.as_str()) {
            ("HEAD", _) => reply(200, &[encoding, ("content-length", "1234")], ""),
            (_, "/v3/empty") => reply(200, &[encoding, ("content-length", "0")], ""),
            _ => reply(204, &[encoding], ""),
        }
    })
    .await;
    let call = Plugin::at(&server.origin).call();
    for (method, path) in [("HEAD", "/v3"), ("GET", "/v3/empty"), ("DELETE", "/v3")] {
        let answer = call
            .send(request(method, path, Bytes::new()))
            .await
            .unwrap();
        assert!(!answer.headers().contains_key("content-encoding"));
        assert_eq!(read(answer).await.unwrap(), "", "{method} {path}");
    }
}
