//! Who is asking, by the key that comes with a request (RFC 6750), and how often he may.
//!
//! A key that opens nothing is noted here and refused where a route needs one: what a marketplace
//! pushes may carry an `Authorization` of its own. How many requests are left is told as
//! draft-ietf-httpapi-ratelimit-headers-10 has it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Extensions, HeaderMap, HeaderValue, header};

use super::caller::{Caller, unauthenticated};
use super::problem::{Problem, ProblemKind};
use crate::host::Host;
use crate::keys::{KeyError, Spent};
use crate::model::ApiKey;

/// The scheme, as it stands in the header; it is the same in any case (RFC 9110 §11.1).
const SCHEME: &str = "Bearer";

/// Why what came with a request opens nothing: noted among its extensions.
#[derive(Debug, Clone)]
struct Refused {
    problem: Problem,
    /// RFC 6750 §3.1.
    error: &'static str,
}

/// Says who is asking by the key of a request, among its extensions; slows who asks too often, and
/// who goes on with what opens nothing. Who is known already is left alone. The address is that of
/// [`ConnectInfo`].
pub async fn authenticate(
    State(host): State<Arc<Host>>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.extensions().get::<Caller>().is_some() {
        return next.run(request).await;
    }
    let presented = presented(request.headers());
    let Some(presented) = presented else {
        return next.run(request).await;
    };
    match known(&host, presented) {
        Ok((key, spent)) => {
            // Nobody behind this has a use for it.
            request.headers_mut().remove(header::AUTHORIZATION);
            let mut response = match spent.wait_seconds() {
                Some(seconds) => too_many(&spent, seconds).into_response(),
                None => {
                    request.extensions_mut().insert(Caller::Key(key));
                    next.run(request).await
                }
            };
            tell(&mut response, &spent);
            response
        }
        Err(refused) => {
            let refused = slowed(&host, request.extensions()).unwrap_or(refused);
            request.extensions_mut().insert(refused);
            next.run(request).await
        }
    }
}

/// The answer to who needs a key and has none that opens anything.
pub(super) fn refusal(extensions: &Extensions) -> Response {
    let (problem, challenge) = match extensions.get::<Refused>() {
        None => (unauthenticated(), format!("{SCHEME} realm=\"stoflow\"")),
        Some(Refused { problem, error }) => {
            let why = &problem.title;
            let challenge = format!(
                "{SCHEME} realm=\"stoflow\", error=\"{error}\", error_description=\"{why}\""
            );
            (problem.clone(), challenge)
        }
    };
    let mut response = problem.into_response();
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// What stands behind `Bearer`; an error where it cannot be a key. `None` where nothing is presented.
fn presented(headers: &HeaderMap) -> Option<Result<&str, &'static str>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return Some(Err("there is more than one Authorization"));
    }
    let Ok(text) = value.to_str() else {
        return Some(Err("the Authorization has characters that no key has"));
    };
    Some(match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case(SCHEME) => Ok(key.trim()),
        _ => Err("the Authorization is not Bearer and a key"),
    })
}

fn known(
    host: &Host,
    presented: Result<&str, &'static str>,
) -> Result<(Arc<ApiKey>, Spent), Refused> {
    let text = presented.map_err(|why| Refused {
        problem: Problem::new(ProblemKind::Unauthenticated, why)
            .remedy("send one key: Authorization: Bearer sk_…"),
        error: "invalid_request",
    })?;
    let key = host.keys.authenticate(text)?;
    let spent = host.keys.spend(&key.id).ok_or(KeyError::Unknown)?;
    Ok((key, spent))
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        Self {
            problem: Problem::new(ProblemKind::Unauthenticated, error)
                .remedy("use a key that is in force; one is made by stoflow key create"),
            error: "invalid_token",
        }
    }
}

/// What is said instead to an address that goes on.
fn slowed(host: &Host, extensions: &Extensions) -> Option<Refused> {
    let ConnectInfo(address) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let seconds = host.keys.failures().note(address.ip())?.wait_seconds()?;
    let title = "too many requests from this address had no key that opens anything";
    let mut problem = Problem::new(ProblemKind::TooManyRequests, title);
    problem.retry_after = Some(seconds);
    let error = "invalid_token";
    Some(Refused { problem, error })
}

fn too_many(spent: &Spent, seconds: u32) -> Problem {
    let (rate, burst) = (spent.rate.per_second, spent.rate.burst);
    let title = format_args!("this key makes more than {rate} requests a second ({burst} at once)");
    let mut problem = Problem::new(ProblemKind::TooManyRequests, title)
        .remedy("wait; a key that may make more is made by stoflow key create --rate N --burst N");
    problem.retry_after = Some(seconds);
    problem
}

/// What a key may make and what is left of it.
fn tell(response: &mut Response, spent: &Spent) {
    let policy = format!(
        "\"key\";q={};w={}",
        spent.rate.burst,
        spent.window_seconds()
    );
    let wait = spent
        .wait_seconds()
        .unwrap_or_else(|| spent.full_in_seconds());
    let left = format!("\"key\";r={};t={wait}", spent.remaining);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(header::AUTHORIZATION, value);
        }
        headers
    }

    #[test]
    fn a_key_stands_behind_its_scheme_in_any_case() {
        for text in ["Bearer sk_x", "bearer sk_x", "BEARER  sk_x "] {
            assert_eq!(presented(&headers(&[text])), Some(Ok("sk_x")), "{text:?}");
        }
        assert_eq!(presented(&headers(&[])), None);
    }

    #[test]
    fn what_is_no_bearer_key_is_refused() {
        for values in [
            &["Basic dTE6cGFzcw=="] as &[&str],
            &["sk_x"],
            &["Bearer"],
            &[""],
            &["Bearer é"],
            &["Bearer sk_x", "Bearer sk_y"],
        ] {
            let headers = headers(values);
            assert!(matches!(presented(&headers), Some(Err(_))), "{values:?}");
        }
    }
}
