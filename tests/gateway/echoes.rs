//! A marketplace that echoes its request gives nothing away, in whatever form; and the same pages
//! with the search switched off give everything away, so the search is what does it.

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder};
use axum::body::Body;
use axum::response::Response as Answer;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use futures_util::stream;
use tokio::io::AsyncWriteExt;

use super::server::{Seen, Server, raw, reply};
use super::*;

/// Every header of the request, as a page.
fn page(seen: &Seen) -> String {
    let mut page = String::from("{\"headers\": {");
    for (name, value) in &seen.headers {
        page.push_str(&format!("\"{name}\": \"{}\", ", value.to_str().unwrap()));
    }
    page.push_str("\"end\": 1}}");
    page
}

fn escaped(text: &str, spell: impl Fn(u8) -> String) -> String {
    text.bytes().map(spell).collect()
}

/// Blocking on a compressor that only writes to memory.
fn compressed(encoding: &str, page: &str) -> Vec<u8> {
    futures_util::FutureExt::now_or_never(async {
        macro_rules! through {
            ($encoder:ident) => {{
                let mut encoder = $encoder::new(Vec::new());
                encoder.write_all(page.as_bytes()).await.unwrap();
                encoder.shutdown().await.unwrap();
                encoder.into_inner()
            }};
        }
        match encoding {
            "gzip" => through!(GzipEncoder),
            "br" => through!(BrotliEncoder),
            _ => through!(ZlibEncoder),
        }
    })
    .unwrap()
}

fn echo(seen: &Seen, _: usize) -> Answer {
    let page = page(seen);
    let key = seen.header("x-api-key");
    let bearer = seen.header("authorization");
    match seen.target.as_str() {
        "/v3/plain" => reply(200, &[], page),
        "/v3/base64" => reply(200, &[], STANDARD.encode(page)),
        "/v3/base64-url" => reply(200, &[], URL_SAFE.encode(page)),
        "/v3/basic" => reply(200, &[], STANDARD.encode(format!("{key}|{bearer}"))),
        "/v3/percent" => reply(200, &[], escaped(&page, |byte| format!("%{byte:02X}"))),
        "/v3/query" => reply(
            200,
            &[],
            url::form_urlencoded::byte_serialize(page.as_bytes()).collect::<String>(),
        ),
        "/v3/json" => reply(200, &[], page.replace('/', "\\/").replace('+', "\\u002b")),
        "/v3/html" => reply(200, &[], escaped(&page, |byte| format!("&#{byte};"))),
        "/v3/hex" => reply(200, &[], escaped(&page, |byte| format!("{byte:02x}"))),
        "/v3/error" => reply(
            400,
            &[],
            format!("{{\"error\": \"invalid key {key} or token {bearer}\"}}"),
        ),
        "/v3/header" => reply(200, &[("x-echo", bearer), ("x-key", key)], ""),
        "/v3/redirect" => {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("token", bearer)
                .append_pair("key", key)
                .finish();
            reply(
                302,
                &[("location", &format!("https://elsewhere.test/?{query}"))],
                "",
            )
        }
        "/v3/chunks" => {
            let pieces: Vec<_> = page
                .into_bytes()
                .chunks(3)
                .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
                .collect();
            reply(200, &[], Body::from_stream(stream::iter(pieces)))
        }
        "/v3/gzip" => reply(
            200,
            &[("content-encoding", "gzip")],
            compressed("gzip", &page),
        ),
        "/v3/br" => reply(200, &[("content-encoding", "br")], compressed("br", &page)),
        "/v3/deflate" => reply(
            200,
            &[("content-encoding", "deflate")],
            compressed("deflate", &page),
        ),
        "/v3/far" => reply(
            200,
            &[],
            format!("{}{page}{}", "x".repeat(100_000), "y".repeat(100_000)),
        ),
        _ => reply(404, &[], ""),
    }
}

const FORMS: &[&str] = &[
    "plain",
    "base64",
    "base64-url",
    "basic",
    "percent",
    "query",
    "json",
    "html",
    "hex",
    "error",
    "header",
    "redirect",
    "chunks",
    "gzip",
    "br",
    "deflate",
    "far",
];

/// All that the plugin gets: status, headers, body.
async fn got(call: &Call, path: &str) -> String {
    let reply = call.get(path).await.unwrap();
    let mut all = format!("{} {:?}\n", reply.status(), reply.headers());
    all.push_str(&String::from_utf8_lossy(&read(reply).await.unwrap()));
    all
}

/// Everything that a reader of `text` could find in it by undoing what pages do.
fn unfolded(text: &str) -> Vec<String> {
    let percent = url::form_urlencoded::parse(text.as_bytes())
        .map(|(k, v)| format!("{k}{v}"))
        .collect();
    let json = text.replace("\\/", "/").replace("\\u002b", "+");
    let html = (0..128_u8).fold(text.to_owned(), |text, byte| {
        text.replace(&format!("&#{byte};"), &char::from(byte).to_string())
    });
    let mut all = vec![text.to_owned(), percent, json, html];
    let body = text.split_once('\n').map_or("", |(_, body)| body);
    all.push(String::from_utf8_lossy(&hex::decode(body).unwrap_or_default()).into_owned());
    // Stars are no base64: in their place goes what decodes to something else.
    for alphabet in [STANDARD, URL_SAFE] {
        let whole = alphabet.decode(body.replace('*', "A")).unwrap_or_default();
        all.push(String::from_utf8_lossy(&whole).into_owned());
    }
    all
}

fn secrets() -> [String; 2] {
    [token(0), CLIENT_SECRET.to_owned()]
}

#[tokio::test]
async fn no_form_of_echo_gives_a_secret_away() {
    let server = Server::start(echo).await;
    let plugin = Plugin::at(&server.origin);
    for form in FORMS {
        let call = plugin.call();
        let text = got(&call, &format!("/v3/{form}")).await;
        for found in unfolded(&text) {
            for secret in secrets() {
                assert!(!found.contains(&secret), "{form}: {found}");
            }
        }
        assert!(call.spent().starred >= 2, "{form} was not noticed: {text}");
    }
}

#[tokio::test]
async fn with_the_search_off_every_form_gives_both_secrets_away() {
    let server = Server::start(echo).await;
    let plugin = Plugin::with(&server.origin, Scrub::Off);
    for form in FORMS {
        let text = got(&plugin.call(), &format!("/v3/{form}")).await;
        let all = unfolded(&text);
        for secret in secrets() {
            assert!(
                all.iter().any(|found| found.contains(&secret)),
                "{form}: {text}"
            );
        }
    }
}

#[tokio::test]
async fn what_surrounds_a_secret_stays_readable() {
    let server = Server::start(echo).await;
    let call = Plugin::at(&server.origin).call();
    let text = read(call.get("/v3/plain").await.unwrap()).await.unwrap();
    let page: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let stars = |length| "*".repeat(length);
    assert_eq!(
        page["headers"]["authorization"],
        format!("Bearer {}", stars(token(0).len()))
    );
    assert_eq!(
        page["headers"]["x-api-key"],
        format!("{CLIENT_ID}:{}", stars(CLIENT_SECRET.len()))
    );
    assert_eq!(page["end"], serde_json::Value::Null);
    assert_eq!(page["headers"]["end"], 1);
}

#[tokio::test]
async fn an_endpoint_without_credentials_cannot_read_back_what_another_was_sent() {
    let kept = Arc::new(Mutex::new(String::new()));
    let server = Server::start(move |seen, _| {
        if seen.target == "/v3/keep" {
            *kept.lock().unwrap() = page(seen);
            reply(204, &[], "")
        } else {
            reply(200, &[], kept.lock().unwrap().clone())
        }
    })
    .await;
    let mut plugin = Plugin::at(&server.origin);
    let grant = plugin.config.grant.as_mut().unwrap();
    let public = Endpoint {
        path_prefix: "/public".into(),
        credentials: vec![],
        ..grant.endpoints[0].clone()
    };
    grant.endpoints.push(public);
    plugin.call().get("/v3/keep").await.unwrap();
    // Another call, of the same account.
    let call = plugin.call();
    let text = read(call.get("/public").await.unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("authorization"));
    assert!(
        !secrets().iter().any(|secret| text.contains(secret)),
        "{text}"
    );
}

#[tokio::test]
async fn a_secret_in_two_packets_is_found() {
    let origin = raw(|mut connection, _| async move {
        let page = format!("<{}>", token(0));
        let (one, two) = page.split_at(20);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{one}",
            page.len()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        connection.write_all(two.as_bytes()).await.unwrap();
    })
    .await;
    let text = read(Plugin::at(&origin).call().get("/v3/x").await.unwrap())
        .await
        .unwrap();
    assert_eq!(text, format!("<{}>", "*".repeat(token(0).len())));
}

#[tokio::test]
async fn nothing_that_is_logged_holds_a_secret_a_path_or_a_query() {
    let server = Server::start(echo).await;
    let plugin = Plugin::at(&server.origin);
    let log = crate::log::capture();
    for form in FORMS {
        got(&plugin.call(), &format!("/v3/{form}")).await;
    }
    let call = plugin.call();
    call.get("/v3/plain?shop=private").await.unwrap();
    call.get("/outside?shop=private").await.unwrap_err();
    let log = log.text();
    for secret in secrets() {
        for found in [
            secret.clone(),
            STANDARD.encode(&secret),
            hex::encode(&secret),
        ] {
            assert!(!log.contains(&found), "{log}");
        }
    }
    assert!(log.contains("a reply holds a credential"), "{log}");
    assert!(log.contains(call.context.call.as_str()), "{log}");
    assert!(
        log.contains("endpoint=\"/v3\"") && log.contains("status=200"),
        "{log}"
    );
    let ours: Vec<_> = log
        .lines()
        .filter(|line| line.contains("stoflow_host"))
        .collect();
    assert!(!ours.is_empty());
    assert!(
        !ours.iter().any(|line| line.contains("private")),
        "{ours:#?}"
    );
}
