//! A page of a list of the host's own: what is on it, and where the next one begins, in the reply and as
//! a `Link` (RFC 8288), so that a client need not build an address.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Uri, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::problem::{Problem, ProblemKind};

/// A page of a list.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ListedOf{T}")]
pub struct Listed<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The cursor of the next page; none where this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T: Serialize> Listed<T> {
    /// The answer to a request of this address, in which the next page's cursor goes by this name.
    pub(super) fn answer(self, uri: &Uri, cursor: &str) -> Response {
        let link = self
            .next
            .as_deref()
            .and_then(|next| link(uri, cursor, next));
        let mut response = Json(self).into_response();
        if let Some(link) = link {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

/// The same address with another cursor.
fn link(uri: &Uri, cursor: &str, next: &str) -> Option<HeaderValue> {
    let query = uri.query().unwrap_or_default();
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != cursor);
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair(cursor, next)
        .finish();
    let link = format!("<{}?{query}>; rel=\"next\"", uri.path());
    HeaderValue::from_str(&link).ok()
}

/// A cursor that no page has given.
pub(super) fn no_cursor(given: &str) -> Problem {
    let given: String = given.chars().take(80).collect();
    Problem::new(
        ProblemKind::BadRequest,
        format_args!("{given:?} is no cursor of this list"),
    )
    .remedy("take the cursor from the page before, as it is, or leave it out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_has_the_same_address_but_for_the_cursor() {
        let uri: Uri = "/api/operations?state=done&cursor=op_1&limit=2"
            .parse()
            .unwrap();
        let link = link(&uri, "cursor", "a b").unwrap();
        let expected = "</api/operations?state=done&limit=2&cursor=a+b>; rel=\"next\"";
        assert_eq!(link, expected);
    }
}
