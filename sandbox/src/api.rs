//! From a request to the marketplace to its reply: key, token, limits, table, handler.
//!
//! The order is the one that can be seen at Etsy from outside: an unknown path before a bad key, a bad
//! key before a bad token, both before the limits, and only then what was asked.

use axum::http::header::{ALLOW, AUTHORIZATION};
use axum::http::{HeaderName, StatusCode};

use crate::check::{self, Raw};
use crate::clock;
use crate::core::Core;
use crate::etsy::{self, Call};
use crate::faults;
use crate::incoming::Incoming;
use crate::limits::{Allowance, Spender};
use crate::oauth::connect::Consent;
use crate::oauth::grants::Caller;
use crate::oauth::token;
use crate::options::Options;
use crate::reply::{Refusal, Reply};
use crate::table::{Found, Operation, Table};

/// Where tokens are handed out.
pub(crate) const TOKEN_PATH: &str = "/v3/public/oauth/token";
/// Where sellers consent.
pub(crate) const CONNECT_PATH: &str = "/oauth/connect";
/// Where headers are reflected, inside the prefix that a client is granted.
pub(crate) const ECHO_PATH: &str = "/v3/application/sandbox-echo";

const REQUEST_UUID: HeaderName = HeaderName::from_static("x-etsy-request-uuid");
const API_KEY: &str = "x-api-key";

/// Operations that are answered when the day is used up.
const EXEMPT: [&str; 2] = ["ping", "tokenScopes"];

/// A reply and what the history tells of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) reason: Option<String>,
    pub(crate) user_id: Option<i64>,
}

/// The name of what a request asks for.
pub(crate) fn operation_name(incoming: &Incoming) -> Option<String> {
    match incoming.path.as_str() {
        TOKEN_PATH => Some(faults::TOKEN.to_owned()),
        CONNECT_PATH => Some(faults::CONNECT.to_owned()),
        ECHO_PATH => Some(faults::ECHO.to_owned()),
        path => match Table::get().find(&incoming.method, path) {
            Found::Operation(operation, _) => Some(operation.id.clone()),
            _ => None,
        },
    }
}

/// Answers a request to the marketplace.
pub(crate) fn answer(
    core: &mut Core,
    options: &Options,
    base_url: &str,
    incoming: &Incoming,
) -> Answer {
    core.clock.tick();
    let now = core.clock.now();
    core.market.age(now);
    let mut user_id = None;
    let result = match (incoming.method.as_str(), incoming.path.as_str()) {
        ("POST", TOKEN_PATH) => {
            let (headers, body) = (&incoming.headers, &incoming.body);
            token::answer(&mut core.grants, &mut core.ids, options, headers, body, now)
        }
        (_, TOKEN_PATH) => Err(wrong_method(&["POST"])),
        (method, CONNECT_PATH) => connect(core, options, incoming, method, now),
        _ => operation(core, options, base_url, incoming, &mut user_id),
    };
    let (reply, reason) = match result {
        Ok(reply) => (reply, None),
        Err(refusal) => (refusal.reply, Some(refusal.reason)),
    };
    let uuid = core.ids.uuid();
    Answer {
        reply: reply.with(REQUEST_UUID, &uuid),
        reason,
        user_id,
    }
}

fn connect(
    core: &mut Core,
    options: &Options,
    incoming: &Incoming,
    method: &str,
    now: i64,
) -> Result<Reply, Refusal> {
    let body = String::from_utf8_lossy(&incoming.body);
    let pairs = match method {
        "GET" => incoming.query.as_str(),
        "POST" => &body,
        _ => return Err(wrong_method(&["GET", "POST"])),
    };
    let Core {
        market,
        grants,
        ids,
        ..
    } = core;
    Consent {
        market,
        grants,
        ids,
        options,
        now,
    }
    .answer(pairs)
}

/// One operation of the table.
fn operation(
    core: &mut Core,
    options: &Options,
    base_url: &str,
    incoming: &Incoming,
    user_id: &mut Option<i64>,
) -> Result<Reply, Refusal> {
    let (operation, path) = find(incoming)?;
    if operation.api_key {
        check_key(options, incoming.header(API_KEY))?;
    }
    let caller = check_token(core, operation, incoming)?;
    *user_id = caller.as_ref().map(|caller| caller.user_id);
    let spender = user_id.map_or(Spender::Key, Spender::User);
    let allowance = Allowance {
        per_second: options.per_second,
        per_day: options.per_day,
    };
    let exempt = EXEMPT.contains(&operation.id.as_str());
    let now_ms = core.clock.now_ms();
    let left = core.limits.spend(spender, allowance, exempt, now_ms)?;
    match perform(core, base_url, incoming, (operation, path), caller) {
        Ok(reply) => Ok(left.announce(reply)),
        Err(mut refusal) => {
            refusal.reply = left.announce(refusal.reply);
            Err(refusal)
        }
    }
}

/// An operation and the path's parameters.
type Target = (&'static Operation, Vec<(String, String)>);

fn find(incoming: &Incoming) -> Result<Target, Refusal> {
    match Table::get().find(&incoming.method, &incoming.path) {
        Found::Operation(operation, path) => Ok((operation, path)),
        Found::OtherMethods(methods) => Err(wrong_method(&methods)),
        Found::Nothing => Err(Refusal::new(StatusCode::NOT_FOUND, "Resource not found")
            .because("no operation of Etsy has this path")),
    }
}

/// What comes after the limits: scopes, the table, the handler.
fn perform(
    core: &mut Core,
    base_url: &str,
    incoming: &Incoming,
    (operation, path): Target,
    caller: Option<Caller>,
) -> Result<Reply, Refusal> {
    check_scopes(operation, caller.as_ref())?;
    let now = core.clock.now();
    let raw = Raw {
        year: clock::year(now),
        query: &incoming.query,
        headers: &incoming.headers,
        body: &incoming.body,
        parts: incoming.parts.as_ref(),
    };
    let input = check::check(operation, &path, &raw)?;
    let call = Call {
        operation,
        input,
        caller,
        now,
        base_url,
    };
    etsy::dispatch(core, &call)
}

fn check_key(options: &Options, key: &str) -> Result<(), Refusal> {
    if key.is_empty() {
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "Missing x-api-key header",
        ));
    }
    let Some((keystring, secret)) = key.split_once(':') else {
        return Err(Refusal::forbidden(
            "Shared secret is required in x-api-key header.",
        ));
    };
    if keystring != options.client_id {
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Invalid API key"));
    }
    if secret.is_empty() {
        return Err(Refusal::forbidden(
            "Shared secret is required in x-api-key header.",
        ));
    }
    if secret != options.client_secret {
        return Err(Refusal::forbidden(
            "Invalid shared secret in x-api-key header.",
        ));
    }
    Ok(())
}

/// Who asks. A token on a public operation is allowed, and must be good.
fn check_token(
    core: &mut Core,
    operation: &Operation,
    incoming: &Incoming,
) -> Result<Option<Caller>, Refusal> {
    let invalid = |text: &str| Refusal::oauth(StatusCode::UNAUTHORIZED, "invalid_token", text);
    let Some(header) = incoming.headers.get(AUTHORIZATION) else {
        if operation.scopes.is_empty() {
            return Ok(None);
        }
        return Err(invalid("access token is missing"));
    };
    let token = header.to_str().ok().and_then(|text| text.split_once(' '));
    let Some((_, token)) = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Err(invalid(
            "the Authorization header must be Bearer and a token",
        ));
    };
    let now = core.clock.now();
    core.grants
        .authenticate(token.trim(), now)
        .map(Some)
        .map_err(invalid)
}

fn check_scopes(operation: &Operation, caller: Option<&Caller>) -> Result<(), Refusal> {
    let has = |scope: &String| caller.is_some_and(|caller| caller.scopes.contains(scope));
    let lacking: Vec<&str> = operation
        .scopes
        .iter()
        .filter(|scope| !has(scope))
        .map(String::as_str)
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let text = format!("The access token lacks the scope {}", lacking.join(" "));
    Err(Refusal::oauth(
        StatusCode::FORBIDDEN,
        "insufficient_scope",
        &text,
    ))
}

/// A gateway's answer, which has no body.
fn wrong_method(allowed: &[&str]) -> Refusal {
    let methods = allowed.join(", ");
    Refusal {
        reply: Reply::empty(StatusCode::METHOD_NOT_ALLOWED).with(ALLOW, &methods),
        reason: format!("this path takes {methods}"),
    }
}
