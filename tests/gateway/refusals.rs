//! What does not pass, and what it leaves behind: nothing on the wire, a reason with a remedy.

use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use stoflow_host::gateway::RefusalKind;
use tokio::io::AsyncWriteExt;

use super::server::{Server, raw, reply};
use super::*;

#[tokio::test]
async fn what_is_not_granted_never_reaches_the_wire() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let mut plugin = Plugin::at(&server.origin);
    plugin.config.grant.as_mut().unwrap().endpoints[0].methods = vec![Method::Get];
    for (method, uri, kind) in [
        (
            "GET",
            "https://api.market.test/other",
            RefusalKind::NotGranted,
        ),
        (
            "GET",
            "https://api.market.test/v3x",
            RefusalKind::NotGranted,
        ),
        ("GET", "https://other.test/v3", RefusalKind::NotGranted),
        ("GET", "http://api.market.test/v3", RefusalKind::NotGranted),
        (
            "DELETE",
            "https://api.market.test/v3",
            RefusalKind::NotGranted,
        ),
        ("TRACE", "https://api.market.test/v3", RefusalKind::Method),
        ("CONNECT", "https://api.market.test/v3", RefusalKind::Method),
        (
            "GET",
            "https://api.market.test/v3/../control",
            RefusalKind::Url,
        ),
        (
            "GET",
            "https://api.market.test/v3/%2e%2e/control",
            RefusalKind::Url,
        ),
        (
            "GET",
            "https://api.market.test/v3%2f..%2fcontrol",
            RefusalKind::Url,
        ),
        ("GET", "https://mine@api.market.test/v3", RefusalKind::Url),
        ("GET", "https://api.market.test./v3", RefusalKind::Url),
        ("GET", "/v3", RefusalKind::Url),
    ] {
        let call = plugin.call();
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .body(full(""))
            .unwrap();
        let refusal = call.send(request).await.unwrap_err();
        assert_eq!(refusal.kind, kind, "{method} {uri}: {refusal}");
        assert_eq!(call.refusal(), Some(refusal));
        assert_eq!(call.spent().requests, 0);
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_refusal_says_where_it_was_and_what_to_add() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let call = Plugin::at(&server.origin).call();
    call.get("/v4/listings/17?token=secret").await.unwrap_err();
    call.get("/v5").await.unwrap_err();
    let first = call.refusal().unwrap();
    assert_eq!(first.place, "GET https://api.market.test/v4/listings/17");
    assert!(
        first.remedy.contains(r#"path_prefix = "/v4/listings""#),
        "{}",
        first.remedy
    );
    assert!(first.remedy.contains("stoflow.toml"), "{}", first.remedy);
}

#[tokio::test]
async fn an_absolute_path_is_no_way_to_another_host() {
    let (server, other) = (
        Server::start(|_, _| reply(200, &[], "")).await,
        Server::start(|_, _| reply(200, &[], "")).await,
    );
    let call = Plugin::at(&server.origin).call();
    for path in [
        format!("{}/v3", other.origin),
        "//127.0.0.1/v3".into(),
        "@127.0.0.1/v3".into(),
    ] {
        let uri = http::Uri::builder()
            .scheme("https")
            .authority("api.market.test")
            .path_and_query(path.as_str())
            .build();
        if let Ok(uri) = uri {
            let request = Request::builder().uri(uri).body(full("")).unwrap();
            assert_eq!(
                call.send(request).await.unwrap_err().kind,
                RefusalKind::Url,
                "{path}"
            );
        }
    }
    assert!(server.seen().is_empty() && other.seen().is_empty());
}

#[tokio::test]
async fn a_granted_name_that_leads_to_this_machine_is_not_dialled() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let port = server.origin.rsplit(':').next().unwrap();
    for (host, kind) in [
        ("localhost", RefusalKind::Address),
        ("127.0.0.1", RefusalKind::Address),
        ("[::1]", RefusalKind::Address),
        ("169.254.169.254", RefusalKind::Address),
    ] {
        let mut plugin = Plugin::at(&server.origin);
        let origin = format!("https://{host}:{port}");
        plugin.config.grant.as_mut().unwrap().endpoints[0]
            .origin
            .clone_from(&origin);
        let call = plugin.call();
        let request = Request::builder()
            .uri(format!("{origin}/v3"))
            .body(full(""))
            .unwrap();
        assert_eq!(call.send(request).await.unwrap_err().kind, kind, "{host}");
    }
    // Plain http to a granted origin is not dialled either, unless it stands in for another.
    let mut plugin = Plugin::at("http://127.0.0.1:1");
    plugin.config.grant.as_mut().unwrap().endpoints[0]
        .origin
        .clone_from(&server.origin);
    let request = Request::builder()
        .uri(format!("{}/v3", server.origin))
        .body(full(""))
        .unwrap();
    assert_eq!(
        plugin.call().send(request).await.unwrap_err().kind,
        RefusalKind::Address
    );
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_call_without_network_has_none() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let mut call = Plugin::at(&server.origin).call();
    call.context.network = false;
    assert_eq!(
        call.get("/v3").await.unwrap_err().kind,
        RefusalKind::NoNetwork
    );
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_body_that_is_not_as_long_as_it_says_is_not_sent() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let call = Plugin::at(&server.origin).call();
    for (lengths, body) in [
        (&["3"][..], "four"),
        (&["5"], "four"),
        (&["4", "5"], "four"),
        (&["x"], ""),
    ] {
        let mut request = request("POST", "/v3", body.into());
        for length in lengths {
            request
                .headers_mut()
                .append("content-length", length.parse().unwrap());
        }
        assert_eq!(
            call.send(request).await.unwrap_err().kind,
            RefusalKind::RequestBody
        );
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_large_body_that_breaks_off_breaks_the_request_off() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let call = Plugin::at(&server.origin).call();
    let pieces = (0..6).map(|_| Ok(Frame::data(Bytes::from(vec![0; 100_000]))));
    let mut request = request("POST", "/v3", Bytes::new());
    request
        .headers_mut()
        .insert("content-length", 700_000.into());
    *request.body_mut() = StreamBody::new(stream::iter(pieces)).boxed_unsync();
    call.send(request).await.unwrap_err();
    assert_eq!(call.refusal().unwrap().kind, RefusalKind::RequestBody);
    assert_eq!(call.spent().retried, 0);
}

#[tokio::test]
async fn missing_consent_and_missing_secrets_are_told_apart() {
    let server = Server::start(|_, _| reply(200, &[], "")).await;
    let mut plugin = Plugin::at(&server.origin);
    *plugin.tokens.error.lock().unwrap() = Some(TokenError::NeedsConsent("revoked".into()));
    let refusal = plugin.call().get("/v3").await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NeedsConsent);
    assert_eq!(refusal.reply().unwrap().status(), 401);
    assert!(
        refusal.remedy.contains("stoflow account connect market"),
        "{}",
        refusal.remedy
    );
    *plugin.tokens.error.lock().unwrap() = None;
    plugin.config.client_secret = None;
    let refusal = plugin.call().get("/v3").await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Credential);
    assert!(
        refusal.remedy.contains("stoflow plugin configure market"),
        "{}",
        refusal.remedy
    );
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_bomb_and_an_endless_reply_are_cut() {
    let bomb = {
        let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
        encoder.write_all(&vec![0; 20 << 20]).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    };
    let server = Server::start(move |seen, _| {
        if seen.target == "/v3/bomb" {
            reply(200, &[("content-encoding", "gzip")], bomb.clone())
        } else {
            let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 65_536]));
            reply(200, &[], axum::body::Body::from_stream(endless))
        }
    })
    .await;
    let plugin = Plugin::at(&server.origin);
    for path in ["/v3/bomb", "/v3/endless"] {
        let call = plugin.call();
        let refusal = read(call.get(path).await.unwrap()).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::ReplyTooLarge, "{path}");
        assert_eq!(call.refusal().unwrap().kind, RefusalKind::ReplyTooLarge);
        assert!(call.spent().bytes <= 9 << 20);
    }
}

#[tokio::test]
async fn a_reply_in_an_encoding_that_was_not_asked_for_is_refused() {
    for encoding in ["zstd", "gzip, gzip", "compress"] {
        let server =
            Server::start(move |_, _| reply(200, &[("content-encoding", encoding)], "x")).await;
        let refusal = Plugin::at(&server.origin)
            .call()
            .get("/v3")
            .await
            .unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::ReplyEncoding, "{encoding}");
    }
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let server =
        Server::start(|_, _| reply(200, &[("x-long", "x".repeat(33_000).as_str())], "")).await;
    let refusal = Plugin::at(&server.origin)
        .call()
        .get("/v3")
        .await
        .unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::ReplyHeaders);
    let origin = raw(|mut connection, _| async move {
        let mut head = String::from("HTTP/1.1 200 OK\r\n");
        for number in 0..5000 {
            head.push_str(&format!("x-{number}: 1\r\n"));
        }
        // The other side may have hung up by then.
        let _ = connection.write_all(head.as_bytes()).await;
    })
    .await;
    assert!(Plugin::at(&origin).call().get("/v3").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_is_cut() {
    let origin = raw(|mut connection, _| async move {
        let _ = connection
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            .await;
        while connection.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    let mut call = Plugin::at(&origin).call();
    call.context.deadline += Duration::from_secs(900);
    let began = Instant::now();
    let refusal = read(call.get("/v3").await.unwrap()).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::ReplyBroken);
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_an_error_and_not_an_end() {
    let origin = raw(|mut connection, _| async move {
        connection
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
            .await
            .unwrap();
    })
    .await;
    let call = Plugin::at(&origin).call();
    let refusal = read(call.get("/v3").await.unwrap()).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::ReplyBroken);
}
