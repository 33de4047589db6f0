//! Which pages of other origins may read the API's replies in a browser (Fetch Standard, CORS protocol):
//! those that the operator names, one by one, and without cookies.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::super::correlation::CORRELATION_ID;
use crate::config::ServerConfig;

/// How long a browser remembers the answer.
const MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// The layer; `None` where no origin is named: then a browser keeps the replies from every page.
pub(super) fn layer(config: &ServerConfig) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = config
        .cors_origins
        .iter()
        .filter_map(|origin| origin.parse().ok())
        .collect();
    if origins.is_empty() {
        return None;
    }
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("prefer"),
            CORRELATION_ID,
        ])
        .expose_headers([
            header::CONTENT_LOCATION,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static("idempotency-replayed"),
            HeaderName::from_static("preference-applied"),
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            header::WWW_AUTHENTICATE,
            CORRELATION_ID,
        ])
        .max_age(MAX_AGE);
    Some(cors)
}
