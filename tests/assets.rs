//! Files of a call: what a plugin sees of them, and that it reaches by them only what the caller named.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use stoflow_host::api::{Caller, Problem, ProblemKind};

use crate::stage::Stage;

const JPEG: &[u8] = &[
    0xff, 0xd8, 0xff, 0xe0, 0, 0x10, b'J', b'F', b'I', b'F', 0, 1,
];

/// What was asked for, in order.
type Asked = Arc<Mutex<Vec<String>>>;

/// A server of pictures in the place of `https://pictures.example`.
async fn pictures(stage: &Stage) -> Asked {
    let asked = Asked::default();
    let app = Router::new().fallback(picture).with_state(asked.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let origins = json!({ "https://pictures.example": format!("http://{address}") });
    stage
        .post(
            "/api/plugins/reader/configuration",
            json!({ "origins": origins }),
        )
        .await
        .unwrap();
    asked
}

async fn picture(State(asked): State<Asked>, OriginalUri(uri): OriginalUri) -> Response {
    asked.lock().unwrap().push(uri.path().to_owned());
    match uri.path() {
        "/a.jpg" | "/folder/b.jpg" => JPEG.into_response(),
        "/huge.jpg" => vec![0_u8; (32 << 20) + 1].into_response(),
        "/page.jpg" => ([(header::CONTENT_TYPE, "image/jpeg")], "<p>Log in").into_response(),
        "/moved.jpg" => (StatusCode::FOUND, [(header::LOCATION, "/a.jpg")]).into_response(),
        "/broken.jpg" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What the guest saw of each source.
fn seen(problem: &Problem) -> Vec<Value> {
    assert_eq!(problem.kind(), ProblemKind::Unexpected, "{problem:?}");
    serde_json::from_str(&problem.title).unwrap_or_else(|error| panic!("{error}: {problem:?}"))
}

async fn see(stage: &Stage, sources: &[&str]) -> Vec<Value> {
    let done = stage.call("reader", "listings.get-many", json!({ "ids": sources }));
    seen(&done.await.unwrap_err())
}

#[tokio::test]
async fn a_picture_that_the_arguments_name_is_fetched_once() {
    let stage = Stage::of(&["reader"]).await;
    let asked = pictures(&stage).await;
    let a = "https://pictures.example/a.jpg?size=large";
    let seen = see(&stage, &[a, a, "https://pictures.example/folder/b.jpg"]).await;
    let one = json!({ "name": "a.jpg", "type": "image/jpeg", "size": 12, "read": 12 });
    assert_eq!(seen[0], one);
    assert_eq!(seen[1], one);
    assert_eq!(seen[2]["name"], "b.jpg");
    assert_eq!(*asked.lock().unwrap(), ["/a.jpg", "/folder/b.jpg"]);
}

#[tokio::test]
async fn what_the_arguments_do_not_name_is_not_fetched() {
    let stage = Stage::of(&["reader"]).await;
    let asked = pictures(&stage).await;
    let seen = see(&stage, &["hidden:pictures.example/a.jpg?stolen=1"]).await;
    assert_eq!(seen, ["refused"]);
    assert_eq!(*asked.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_function_without_a_network_fetches_nothing() {
    let stage = Stage::of(&["reader"]).await;
    let asked = pictures(&stage).await;
    // Describing it opens a picture too.
    stage.inspect("guests/reader").await;
    let product = json!({ "images": [{ "source": "https://pictures.example/a.jpg" }] });
    let arguments = json!({ "product": product, "target": "draft" });
    let problem = stage
        .call("reader", "publish.preview", arguments)
        .await
        .unwrap_err();
    assert_eq!(seen(&problem), ["refused"]);
    assert_eq!(*asked.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_picture_that_cannot_be_had_is_told_from_one_that_may_not() {
    let stage = Stage::of(&["reader"]).await;
    let asked = pictures(&stage).await;
    let sources = [
        "https://pictures.example/page.jpg",
        "https://pictures.example/moved.jpg",
        "https://pictures.example/none.jpg",
        "https://pictures.example/broken.jpg",
        "https://pictures.example/huge.jpg",
        "http://pictures.example/a.jpg",
        "https://127.0.0.1/a.jpg",
        "https://localhost/a.jpg",
        "file:///etc/passwd",
        "/etc/passwd",
        "asset:/etc/passwd",
    ];
    assert_eq!(
        see(&stage, &sources).await,
        [
            "refused",
            "unavailable",
            "missing",
            "unavailable",
            "refused",
            "refused",
            "refused",
            "refused",
            "refused",
            "missing",
            "missing"
        ]
    );
    // Where it has moved to was not named.
    let asked = asked.lock().unwrap();
    assert!(!asked.iter().any(|path| path == "/a.jpg"), "{asked:?}");
}

#[tokio::test]
async fn opening_what_is_not_there_does_not_flood_the_log() {
    let log = crate::log::capture();
    let stage = Stage::of(&["reader"]).await;
    let source = "often:http://pictures.example/flood.jpg?signature=abcdef";
    assert_eq!(see(&stage, &[source]).await, ["refused"]);
    let log = log.text();
    let lines = log.matches("/flood.jpg").count();
    assert!((1..1_000).contains(&lines), "{lines} lines");
    assert!(!log.contains("abcdef"), "the log has a picture's key");
}

/// A call with files, each with its name as it stands between quotes.
async fn see_files(
    stage: &Stage,
    files: &[(&str, Vec<u8>)],
    ids: &[&str],
) -> Result<Value, Problem> {
    let mut body = b"--b\r\ncontent-disposition: form-data; name=\"arguments\"\r\n\r\n".to_vec();
    body.extend(json!({ "ids": ids }).to_string().bytes());
    for (name, content) in files {
        let head = format!(
            "\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend(content);
    }
    body.extend(b"\r\n--b--\r\n");
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/reader/call/listings/get-many")
        .header(header::CONTENT_TYPE, "Multipart/Form-Data; boundary=b")
        .extension(Caller::Operator)
        .body(body.into())
        .unwrap();
    let response = stage.send(request).await;
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Err(serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn a_file_of_the_call_is_seen_by_its_name_and_without_its_path() {
    let stage = Stage::of(&["reader"]).await;
    let files = [
        ("photos/théière.jpg", JPEG.to_vec()),
        ("a %22b%22.txt", b"text".to_vec()),
    ];
    let ids = ["asset:photos/théière.jpg", "asset:a \"b\".txt"];
    let problem = see_files(&stage, &files, &ids).await.unwrap_err();
    assert_eq!(
        seen(&problem),
        [
            json!({ "name": "théière.jpg", "type": "image/jpeg", "size": 12, "read": 12 }),
            json!({ "name": "a \"b\".txt", "type": "application/octet-stream", "size": 4, "read": 4 }),
        ]
    );
}

#[tokio::test]
async fn a_piece_is_as_long_as_was_asked_for_at_most_and_empty_only_at_the_end() {
    let stage = Stage::of(&["reader"]).await;
    let files = [("a.jpg", JPEG.to_vec())];
    let problem = see_files(&stage, &files, &["pieces:asset:a.jpg"])
        .await
        .unwrap_err();
    assert_eq!(seen(&problem), [json!([1, 5, 1, 5, 0, 0])]);
}

#[tokio::test]
async fn a_call_has_a_bounded_number_of_files_of_a_bounded_size() {
    let stage = Stage::of(&["reader"]).await;
    let names: Vec<_> = (0..201).map(|number| number.to_string()).collect();
    let many: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), Vec::new()))
        .collect();
    let problem = see_files(&stage, &many, &[]).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::BadRequest);
    assert!(problem.title.contains("200 files"), "{problem:?}");
    assert_eq!(
        seen(&see_files(&stage, &many[..200], &[]).await.unwrap_err()),
        [""; 0]
    );
    let large = [("huge.jpg", vec![0; (32 << 20) + 1])];
    let problem = see_files(&stage, &large, &[]).await.unwrap_err();
    assert!(
        problem.title.contains("huge.jpg") && problem.title.contains("32 MiB"),
        "{problem:?}"
    );
}
