//! A picture of 20 MB on its way from the caller, or from a URL, through the host and the plugin to the
//! marketplace: at no moment is as much as the picture in memory.
//!
//! The host is a process of its own, so that nothing but it is measured; the marketplace and the server
//! of pictures are in the test.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use stoflow_host::api::{self, Caller};
use stoflow_host::host::{Host, Options};
use tower::ServiceExt;

use crate::child::{self, Told};
use crate::market::{Market, examples};

const LARGE_BYTES: usize = 20 << 20;

/// What the host may grow by while the large picture passes: pieces, buffers of sockets, the plugin's
/// own memory. Far below the picture's size.
const GROWTH_KIB_MAX: u64 = 8 << 10;

const PICTURES: &str = "https://pictures.example";

/// The example's picture, and behind its end as much as makes it so large.
fn picture(folder: &Path, name: &str, bytes: usize) -> PathBuf {
    let mut content = fs::read(examples().join("mug.jpg")).unwrap();
    content.resize(bytes, 0);
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

/// A file piece by piece, as a client that has no memory for it sends it.
fn streamed(path: &Path) -> Body {
    let file = File::open(path).unwrap();
    let pieces = stream::unfold(file, |mut file| async move {
        let mut piece = vec![0; 64 << 10];
        let read = file.read(&mut piece).unwrap();
        piece.truncate(read);
        (read > 0).then(|| (std::io::Result::Ok(Bytes::from(piece)), file))
    });
    Body::from_stream(pieces)
}

/// A server of the folder's files.
async fn serve(folder: PathBuf) -> String {
    let app = Router::new().fallback(move |uri: http::Uri| {
        let path = folder.join(uri.path().trim_start_matches('/'));
        async move { ([(header::CONTENT_TYPE, "image/jpeg")], streamed(&path)).into_response() }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    origin
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_of_twenty_megabytes_passes_in_bounded_memory() {
    child::needs_linux("memory is read from /proc");
    let market = Market::new().await;
    let listing = market.listing("mug", "mug", "draft").await;
    let folder = tempfile::tempdir().unwrap();
    picture(folder.path(), "small.jpg", 1 << 20);
    picture(folder.path(), "large.jpg", LARGE_BYTES);
    let origin = serve(folder.path().to_owned()).await;
    let change = json!({ "origins": { PICTURES: origin } });
    let path = "/api/plugins/etsy/configuration";
    market.stage.post(path, change).await.unwrap();
    let Market { stage, sandbox, .. } = market;
    stage.host.close().unwrap();
    let data = stage.data;
    drop((stage.router, stage.host));
    let mut uploader = child::command("asset_memory::uploader")
        .env("STOFLOW_TEST_DATA", data.path())
        .env("STOFLOW_TEST_PICTURES", folder.path())
        .env("STOFLOW_TEST_LISTING", &listing)
        .spawn()
        .unwrap();
    let told = Told::of(&mut uploader);
    for source in ["asset:large.jpg", "https://pictures.example/large.jpg"] {
        let line = told
            .next()
            .unwrap_or_else(|| panic!("{source}: the host has ended"));
        let (growth, id) = line.split_once(' ').unwrap();
        println!("{source}: the host grew by {growth} KiB");
        assert!(
            growth.parse::<u64>().unwrap() < GROWTH_KIB_MAX,
            "{source}: {growth} KiB"
        );
        let image = sandbox.image(id.parse().unwrap()).unwrap();
        assert_eq!(image.len(), LARGE_BYTES, "{source}");
    }
    assert!(told.rest().is_empty());
    assert!(uploader.wait().unwrap().success());
}

#[test]
#[ignore = "the program of the child"]
fn uploader() {
    let variable = |name: &str| std::env::var(format!("STOFLOW_TEST_{name}")).unwrap();
    let mut options = Options::new(variable("DATA"));
    options.compiled_dir = Some(crate::stage::compiled());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let host = Host::open(&options).unwrap();
        let router = api::router(Arc::new(host));
        let (listing, folder) = (variable("LISTING"), PathBuf::from(variable("PICTURES")));
        for place in ["asset:", "https://pictures.example/"] {
            // What is made once is made here.
            upload(&router, &listing, place, &folder.join("small.jpg")).await;
            let before = memory_kib("VmRSS:");
            let mut reset = File::options()
                .write(true)
                .open("/proc/self/clear_refs")
                .unwrap();
            reset.write_all(b"5").unwrap();
            let id = upload(&router, &listing, place, &folder.join("large.jpg")).await;
            let growth = memory_kib("VmHWM:").saturating_sub(before);
            child::say(&format!("{growth} {id}"));
        }
    });
}

/// Adds a picture to the listing; its id.
async fn upload(router: &Router, listing: &str, place: &str, path: &Path) -> String {
    let name = path.file_name().unwrap().to_str().unwrap();
    let image = json!({ "source": format!("{place}{name}") });
    let arguments = json!({ "id": listing, "image": image });
    let head = format!(
        "--b\r\ncontent-disposition: form-data; name=\"arguments\"\r\n\r\n{arguments}\r\n--b\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
    );
    let whole = |text: &str| Body::from(text.to_owned()).into_data_stream();
    let file = if place == "asset:" {
        streamed(path)
    } else {
        Body::from("not this one")
    };
    let body = whole(&head)
        .chain(file.into_data_stream())
        .chain(whole("\r\n--b--\r\n"));
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/etsy/call/listings/add-image")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .extension(Caller::Operator)
        .body(Body::from_stream(body))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    let id = answer["id"].as_str();
    id.unwrap_or_else(|| panic!("{place}{name}: {answer}"))
        .to_owned()
}

/// A line of what the system says of this process's memory.
fn memory_kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
