//! The control endpoints under `/sandbox/`: state, history, faults, time.
//!
//! They have no key, so they answer only requests that name this machine: a web page that a developer
//! happens to have open cannot reach them under a name of its own.

mod orders;
mod webhooks;

use std::time::Duration;

use axum::http::{StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::core::Core;
use crate::faults::{Fault, FaultKind};
use crate::incoming::Incoming;
use crate::market::listing::State;
use crate::market::seed::{self, NewSeller};
use crate::oauth::{self, grants::Caller, grants::TokenPair};
use crate::options::Options;
use crate::reply::{Refusal, Reply};
use crate::saved;
use crate::server::Server;
use crate::state;

/// What every path here begins with.
pub(crate) const PREFIX: &str = "/sandbox/";
/// Where headers are reflected without being counted as the marketplace's.
pub(crate) const ECHO_PATH: &str = "/sandbox/echo";

/// Answers a request to the control endpoints.
pub(crate) fn answer(server: &Server, incoming: &Incoming) -> Reply {
    match route(server, incoming) {
        Ok(value) => Reply::ok(&value),
        Err(refusal) => {
            tracing::warn!(
                path = incoming.path,
                reason = refusal.reason,
                "control refused"
            );
            refusal.reply
        }
    }
}

fn route(server: &Server, incoming: &Incoming) -> Result<Value, Refusal> {
    check_local(incoming)?;
    let mut core = server.core();
    let core = &mut *core;
    let name = incoming.path.strip_prefix(PREFIX).unwrap_or("");
    match (incoming.method.as_str(), name) {
        ("GET", "state") => Ok(state::state(core, &server.base_url)),
        ("GET", "requests") => {
            Ok(json!({ "requests": core.history.records().collect::<Vec<_>>() }))
        }
        ("DELETE", "requests") => {
            core.history.clear();
            Ok(json!({}))
        }
        ("GET", "faults") => Ok(json!({ "faults": core.faults.queued() })),
        ("POST", "faults") => {
            for fault in read_faults(incoming)? {
                inject(core, fault).map_err(Refusal::bad)?;
            }
            Ok(json!({ "faults": core.faults.queued() }))
        }
        ("DELETE", "faults") => {
            core.faults.clear();
            Ok(json!({}))
        }
        ("POST", "reset") => {
            *core = Core::new(&server.options);
            Ok(json!({}))
        }
        ("POST", "save") => saved::save(core).map_err(Refusal::bad),
        ("POST", "load") => {
            let document = read(incoming)?;
            saved::load(core, &document).map_err(Refusal::bad)?;
            Ok(json!({}))
        }
        ("POST", "expire-tokens") => {
            let wish: Expiry = read(incoming)?;
            let now = core.clock.now();
            Ok(json!({ "expired": core.grants.expire(wish.refresh, now) }))
        }
        ("POST", "clock") => {
            move_clock(core, &read::<ClockWish>(incoming)?).map_err(Refusal::bad)?;
            Ok(json!({ "now": core.clock.now(), "ahead_seconds": core.clock.ahead() }))
        }
        ("POST", "shops") => {
            let seller = add_seller(core, &read::<NewSeller>(incoming)?).map_err(Refusal::bad)?;
            Ok(json!(seller))
        }
        ("POST", "tokens") => {
            let wish: TokenWish = read(incoming)?;
            let tokens = issue(core, &server.options, &wish.user, &wish.scopes);
            Ok(json!(tokens.map_err(Refusal::bad)?))
        }
        ("POST", "listing-state") => {
            let wish: ListingWish = read(incoming)?;
            set_listing_state(core, &wish).map_err(Refusal::bad)?;
            Ok(json!({}))
        }
        ("GET", "webhooks") => Ok(webhooks::show(core)),
        ("POST", "webhooks") => webhooks::subscribe(core, incoming),
        ("DELETE", "webhooks") => {
            core.webhooks.clear();
            Ok(json!({}))
        }
        ("POST", "webhooks/faults") => webhooks::disturb(core, incoming),
        ("POST", "webhooks/replay") => webhooks::replay(core, incoming),
        ("POST", "orders") => orders::buy(core, incoming),
        ("POST", path) if path.starts_with("orders/") => {
            orders::change(core, incoming, path.trim_start_matches("orders/"))
        }
        _ => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            "There is no such control endpoint",
        )),
    }
}

/// Only requests that name this machine, and none that a page of another origin makes.
fn check_local(incoming: &Incoming) -> Result<(), Refusal> {
    let host = incoming.header("host");
    let origin = incoming.header("origin");
    let origin_host = origin.split_once("://").map_or(origin, |(_, host)| host);
    for name in [host, origin_host] {
        if !name.is_empty() && !is_loopback(name) {
            return Err(Refusal::forbidden(
                "The control endpoints answer this machine only",
            ));
        }
    }
    Ok(())
}

fn is_loopback(authority: &str) -> bool {
    let host = authority
        .parse::<Uri>()
        .ok()
        .and_then(|uri| uri.host().map(str::to_owned));
    matches!(
        host.as_deref(),
        Some("127.0.0.1" | "localhost" | "[::1]" | "::1")
    )
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Expiry {
    refresh: bool,
}

/// By how much, or to when: one of the two.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct ClockWish {
    seconds: Option<u64>,
    /// RFC 3339, such as `2027-01-01T00:00:00Z`.
    to: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct TokenWish {
    /// User id, login name or shop name; the first seller where empty.
    user: String,
    /// All scopes where empty.
    scopes: Vec<String>,
}

/// A listing's state that no request of a seller brings about.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListingWish {
    pub(crate) listing_id: i64,
    #[serde(default)]
    pub(crate) state: Option<String>,
    #[serde(default)]
    pub(crate) frozen: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

/// A body's JSON; an empty body is an empty object.
fn read<T: DeserializeOwned>(incoming: &Incoming) -> Result<T, Refusal> {
    let body: &[u8] = if incoming.body.is_empty() {
        b"{}"
    } else {
        &incoming.body
    };
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad(format!("The body is wrong: {error}")))
}

fn read_faults(incoming: &Incoming) -> Result<Vec<Fault>, Refusal> {
    let values = match read(incoming)? {
        OneOrMany::Many(values) => values,
        OneOrMany::One(value) => vec![value],
    };
    let wrong = |error: serde_json::Error| Refusal::bad(format!("The fault is wrong: {error}"));
    values
        .into_iter()
        .map(|value| serde_json::from_value(value).map_err(wrong))
        .collect()
}

/// Queues a fault; one that hits tokens to come takes effect at once.
pub(crate) fn inject(core: &mut Core, fault: Fault) -> Result<(), String> {
    if fault.kind == FaultKind::RevokeNextToken {
        core.grants.revoke_next(fault.times);
        return Ok(());
    }
    core.faults.add(fault)
}

fn move_clock(core: &mut Core, wish: &ClockWish) -> Result<(), String> {
    match (wish.seconds, wish.to) {
        (Some(seconds), None) => {
            core.advance(Duration::from_secs(seconds));
            Ok(())
        }
        (None, Some(to)) => core.move_to(to.as_second()),
        _ => Err("the clock moves by seconds or to a time: name one of them".to_owned()),
    }
}

/// Adds a seller with a shop.
pub(crate) fn add_seller(core: &mut Core, seller: &NewSeller) -> Result<seed::Seller, String> {
    let now = core.clock.now();
    seed::add(&mut core.market, &mut core.ids, seller, now)
}

/// Tokens without the consent page.
pub(crate) fn issue(
    core: &mut Core,
    options: &Options,
    user: &str,
    scopes: &[String],
) -> Result<TokenPair, String> {
    let seller = match user {
        "" => core.market.shops.values().next(),
        named => core.market.seller(named),
    };
    let user_id = seller
        .ok_or_else(|| format!("there is no seller \"{user}\""))?
        .user_id;
    if let Some(unknown) = scopes.iter().find(|scope| !oauth::is_scope(scope)) {
        return Err(format!("there is no scope \"{unknown}\""));
    }
    let scopes = match scopes {
        [] => oauth::SCOPES.map(str::to_owned).to_vec(),
        named => named.to_vec(),
    };
    let now = core.clock.now();
    let caller = Caller { user_id, scopes };
    Ok(core
        .grants
        .issue(&mut core.ids, &caller, options.token_seconds, None, now))
}

/// Puts a listing into a state: sold out, expired, or one that the document does not name.
pub(crate) fn set_listing_state(core: &mut Core, wish: &ListingWish) -> Result<(), String> {
    let now = core.clock.now();
    let listing = core
        .market
        .listings
        .get_mut(&wish.listing_id)
        .ok_or_else(|| format!("there is no listing {}", wish.listing_id))?;
    if let Some(frozen) = wish.frozen {
        listing.frozen = frozen;
    }
    if let Some(state) = &wish.state {
        if state == "sold_out" {
            for offering in listing.inventory.offerings_mut() {
                offering.quantity = 0;
            }
        }
        listing.enter(State::named(state), now);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_this_machine_is_local() {
        for local in ["127.0.0.1:7010", "localhost:80", "localhost", "[::1]:7010"] {
            assert!(super::is_loopback(local), "{local}");
        }
        for other in [
            "evil.example:7010",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "10.0.0.1",
        ] {
            assert!(!super::is_loopback(other), "{other}");
        }
    }
}
