//! Requests to a router in this process, as the command line makes them.

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::BodyExt;
use stoflow_host::api::Caller;
use tower::ServiceExt;

/// Posts JSON and takes the whole reply, which has to be a success.
pub async fn post(router: &Router, path: &str, body: &'static str) -> Bytes {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .extension(Caller::Operator)
        .body(Body::from(body))
        .unwrap();
    let response = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert!(status.is_success(), "{status}: {bytes:?}");
    bytes
}
