//! Who is asking, by the key that comes with a request (RFC 6750), and how often he may.
//!
//! A key that opens nothing is noted here and refused where a route needs one: what a marketplace
//! pushes may carry an `Authorization` of its own. How many requests are left is told as
//! draft-ietf-httpapi-ratelimit-headers-10 has it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{Extensions, HeaderMap, HeaderValue, Request, header};

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
    /// RFC 6750 §3.1; `None` where there is no fault in what came.
    error: Option<&'static str>,
}

/// Says who is asking by the key of a request from an address, among the request's extensions, and
/// gives back what is left of the key's rate. A key that asks too often is refused as one that opens
/// nothing is, and so is an address that goes on without one that does.
pub(super) fn identify<B>(host: &Host, request: &mut Request<B>, from: IpAddr) -> Option<Spent> {
    let known = known(host, presented(request.headers())?);
    let (noted, spent) = match known {
        Ok((key, spent)) => {
            // Nobody behind this has a use for it.
            request.headers_mut().remove(header::AUTHORIZATION);
            match spent.wait_seconds() {
                Some(seconds) => (Err(too_many(&spent, seconds)), Some(spent)),
                None => (Ok(Caller::Key(key)), Some(spent)),
            }
        }
        Err(refused) => (Err(slowed(host, from).unwrap_or(refused)), None),
    };
    match noted {
        Ok(caller) => drop(request.extensions_mut().insert(caller)),
        Err(refused) => drop(request.extensions_mut().insert(refused)),
    }
    spent
}

/// The answer to who needs a key and has none that opens anything now.
pub(super) fn refusal(extensions: &Extensions) -> Response {
    let (problem, challenge) = match extensions.get::<Refused>() {
        None => (
            unauthenticated(),
            Some(format!("{SCHEME} realm=\"stoflow\"")),
        ),
        Some(Refused { problem, error }) => {
            let why = &problem.title;
            let challenge = error.map(|error| {
                format!(
                    "{SCHEME} realm=\"stoflow\", error=\"{error}\", error_description=\"{why}\""
                )
            });
            (problem.clone(), challenge)
        }
    };
    let mut response = problem.into_response();
    let challenge = challenge.and_then(|text| HeaderValue::from_str(&text).ok());
    if let Some(challenge) = challenge {
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
        error: Some("invalid_request"),
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
            error: Some("invalid_token"),
        }
    }
}

/// What is said instead to an address that goes on.
fn slowed(host: &Host, from: IpAddr) -> Option<Refused> {
    let seconds = host.keys.failures().note(from)?.wait_seconds()?;
    let title = "too many requests from this address had no key that opens anything";
    Some(later(
        Problem::new(ProblemKind::TooManyRequests, title),
        seconds,
    ))
}

fn too_many(spent: &Spent, seconds: u32) -> Refused {
    let (rate, burst) = (spent.rate.per_second, spent.rate.burst);
    let title = format_args!("this key makes more than {rate} requests a second ({burst} at once)");
    let problem = Problem::new(ProblemKind::TooManyRequests, title)
        .remedy("wait; a key that may make more is made by stoflow key create --rate N --burst N");
    later(problem, seconds)
}

fn later(mut problem: Problem, seconds: u32) -> Refused {
    problem.retry_after = Some(seconds);
    Refused {
        problem,
        error: None,
    }
}

/// What a key may make and what is left of it.
pub(super) fn tell(response: &mut Response, spent: &Spent) {
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
