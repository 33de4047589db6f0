//! Who is asking, by the key that comes with a request (RFC 6750), and how often he may.
//!
//! A key that opens nothing is noted here and refused where a route needs one: what a marketplace
//! pushes may carry an `Authorization` of its own. How many requests are left is told as
//! draft-ietf-httpapi-ratelimit-headers-10 has it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Extensions, HeaderMap, HeaderValue, Request, StatusCode, header};
use zeroize::Zeroizing;

use super::caller::{Caller, unauthenticated};
use super::problem::{Problem, ProblemKind};
use crate::host::Host;
use crate::keys::{KeyError, Spent};
use crate::model::ApiKey;
use crate::secret::Secret;

/// The scheme, as it stands in the header; it is the same in any case (RFC 9110 §11.1).
const SCHEME: &str = "Bearer";

/// The scheme by which a browser asks its person (RFC 7617): the key is the password, any name does.
const BROWSERS_SCHEME: &str = "Basic";

/// Why what came with a request opens nothing: noted among its extensions.
#[derive(Debug, Clone)]
struct Refused {
    problem: Problem,
    /// RFC 6750 §3.1; `None` where there is no fault in what came.
    error: Option<&'static str>,
}

/// Who is asking by a browser's own dialogue. A browser repeats what was typed into it with every
/// request, also with one that another site's page makes it send. So this is no [`Caller`]: it opens
/// what is only read by people, and nothing else ([`readers`]).
#[derive(Debug, Clone)]
struct Browser(Caller);

/// Says who is asking by the key of a request from an address, among the request's extensions, and
/// gives back what is left of the key's rate. A key that asks too often is refused as one that opens
/// nothing is, and so is an address that goes on without one that does.
pub(super) fn identify<B>(host: &Host, request: &mut Request<B>, from: IpAddr) -> Option<Spent> {
    let presented = presented(request.headers())?;
    let by_browser = matches!(presented, Ok(Presented::Browser(_)));
    let (noted, spent) = match known(host, &presented) {
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
        Ok(caller) if by_browser => drop(request.extensions_mut().insert(Browser(caller))),
        Ok(caller) => drop(request.extensions_mut().insert(caller)),
        Err(refused) => drop(request.extensions_mut().insert(refused)),
    }
    spent
}

/// Lets a browser's person read, as the caller that he is.
pub(super) fn readers(extensions: &mut Extensions) {
    if let Some(Browser(caller)) = extensions.remove::<Browser>() {
        extensions.insert(caller);
    }
}

/// The same as [`refusal`] for what people read: a browser asks its person for a key.
pub(super) fn readers_refusal(extensions: &Extensions) -> Response {
    let mut response = refusal(extensions);
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static(
            "Basic realm=\"stoflow: any name, and a key as the password\", charset=\"UTF-8\"",
        );
        let headers = response.headers_mut();
        headers.append(header::WWW_AUTHENTICATE, challenge);
    }
    response
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

/// A key as it came.
#[derive(Debug, PartialEq, Eq)]
enum Presented<'a> {
    /// From a program.
    Bearer(&'a str),
    /// From a browser's dialogue.
    Browser(Secret),
}

impl Presented<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Bearer(text) => text,
            Self::Browser(secret) => secret.expose(),
        }
    }
}

/// The key; an error where there cannot be one. `None` where nothing is presented.
fn presented(headers: &HeaderMap) -> Option<Result<Presented<'_>, &'static str>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return Some(Err("there is more than one Authorization"));
    }
    let Ok(text) = value.to_str() else {
        return Some(Err("the Authorization has characters that no key has"));
    };
    Some(match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case(SCHEME) => {
            Ok(Presented::Bearer(key.trim()))
        }
        Some((scheme, both)) if scheme.eq_ignore_ascii_case(BROWSERS_SCHEME) => {
            let password = password(both.trim());
            password.ok_or("the Authorization is not Basic, a name and a key")
        }
        _ => Err("the Authorization is not Bearer and a key"),
    })
}

/// What was typed as the password (RFC 7617 §2).
fn password(both: &str) -> Option<Presented<'static>> {
    let decoded = Zeroizing::new(STANDARD.decode(both).ok()?);
    let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Presented::Browser(Secret::new(password.to_owned())))
}

fn known(
    host: &Host,
    presented: &Result<Presented<'_>, &'static str>,
) -> Result<(Arc<ApiKey>, Spent), Refused> {
    let text = presented.as_ref().map(Presented::text);
    let text = text.map_err(|why| Refused {
        problem: Problem::new(ProblemKind::Unauthenticated, *why)
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
            problem: Problem::new(ProblemKind::Unauthenticated, error).remedy(
                "send a key that is in force: Authorization: Bearer sk_…; one is made by \
                     stoflow key create",
            ),
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
            let headers = headers(&[text]);
            let expected = Some(Ok(Presented::Bearer("sk_x")));
            assert_eq!(presented(&headers), expected, "{text:?}");
        }
        assert_eq!(presented(&headers(&[])), None);
    }

    #[test]
    fn a_browsers_key_is_the_password_whatever_the_name() {
        for (text, password) in [
            ("Basic dTE6cGFzcw==", "pass"),
            ("basic OnBhc3M=", "pass"),
            ("Basic dTE6cGE6c3M=", "pa:ss"),
        ] {
            let headers = headers(&[text]);
            let expected = Presented::Browser(Secret::new(password.to_owned()));
            assert_eq!(presented(&headers), Some(Ok(expected)), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for values in [
            &["Basic cGFzcw=="] as &[&str],
            &["Basic dTE6//8="],
            &["Basic *"],
            &["Digest x"],
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
