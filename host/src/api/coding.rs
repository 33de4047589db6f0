//! Bodies are taken as they are: one that is compressed would be read as garbage, and unpacked here it
//! would be larger than any limit on its size says.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};

use super::problem::{Problem, ProblemKind};

/// Lets through what has no coding (RFC 9110 §8.4).
pub(super) async fn refuse_coded(request: Request, next: Next) -> Response {
    if !is_coded(request.headers()) {
        return next.run(request).await;
    }
    let problem = Problem::new(
        ProblemKind::WrongMediaType,
        "the body is compressed, or coded in another way; it is taken only as it is",
    )
    .remedy("leave out Content-Encoding");
    let mut response = problem.into_response();
    // What would be taken (RFC 9110 §12.5.3).
    let identity = HeaderValue::from_static("identity");
    response
        .headers_mut()
        .insert(header::ACCEPT_ENCODING, identity);
    response
}

fn is_coded(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let is_identity = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    codings.into_iter().any(|coding| !is_identity(coding))
}
