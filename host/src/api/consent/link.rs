//! How a consent begins: a link for the seller's browser, given to a program or followed at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use schemars::JsonSchema;
use serde::Deserialize;

use super::cookies::{self, SameSite};
use super::replies::Invitation;
use super::{redirect, with_cookie};
use crate::api::caller::Caller;
use crate::api::extract::{Body, Path, Query};
use crate::api::plugins::plugin_id;
use crate::api::problem::{Problem, ProblemKind};
use crate::consent::{Begun, ReturnTo, ReturnToError, Wish};
use crate::host::Host;
use crate::model::UserId;

/// Whose account, and who finishes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Connect {
    /// The key's user, or the account's owner, where one is named, if it is left out.
    #[serde(default)]
    user: Option<UserId>,
    /// The account that is to be renewed, by id or alias.
    #[serde(default)]
    account: Option<String>,
    /// Where the browser is sent in the end.
    #[serde(default)]
    return_to: Option<String>,
}

pub(super) async fn connect(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    headers: HeaderMap,
    Body(connect): Body<Connect>,
) -> Result<Response, Problem> {
    let link = begin(&host, &caller, &plugin, &headers, connect).await?;
    let body = Json(Invitation {
        user: link.user,
        url: link.begun.url.to_string(),
        redirect_uri: link.begun.redirect_uri,
        expires_at: link.begun.expires_at,
    });
    Ok(with_cookie(body.into_response(), link.cookie))
}

/// The same for whoever has only an address to give: the answer is the link, or, for a browser, the way
/// there.
pub(super) async fn connect_by_link(
    caller: Caller,
    state: State<Arc<Host>>,
    plugin: Path<String>,
    headers: HeaderMap,
    Query(wanted): Query<Connect>,
) -> Result<Response, Problem> {
    let wants_page = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    if wants_page {
        let link = begin(&state, &caller, &plugin.0, &headers, wanted).await?;
        return Ok(with_cookie(redirect(&link.begun.url), link.cookie));
    }
    let mut response = connect(caller, state, plugin, headers, Body(wanted)).await?;
    // Each answer is good for one consent.
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

/// A consent that has begun.
struct Link {
    user: UserId,
    begun: Begun,
    /// For the browser that began it.
    cookie: Option<HeaderValue>,
}

async fn begin(
    host: &Host,
    caller: &Caller,
    plugin: &str,
    headers: &HeaderMap,
    wanted: Connect,
) -> Result<Link, Problem> {
    let plugin = plugin_id(host, plugin)?;
    host.plugins.active_installed(&plugin)?;
    let config = host.config.plugin(&plugin);
    let asked = caller.whose(wanted.user)?;
    let account = wanted.account.as_deref();
    let account = account.map(|text| caller.account(host, text)).transpose()?;
    if let Some(account) = account.as_ref().filter(|a| a.plugin != plugin) {
        let message = format_args!("{} is no account on {plugin}", account.id);
        return Err(Problem::new(ProblemKind::BadRequest, message));
    }
    let owner = account.as_ref().map(|account| account.user.clone());
    let user = match (asked, owner) {
        (Some(user), Some(owner)) if user != owner => {
            let message = format_args!("the account belongs to {owner}, not to {user}");
            return Err(Problem::new(ProblemKind::BadRequest, message));
        }
        (user, owner) => user.or(owner).ok_or_else(|| {
            Problem::new(ProblemKind::BadRequest, "say for whom: user, or account")
        })?,
    };
    let return_to = wanted
        .return_to
        .as_deref()
        .map(|text| return_to(host, text));
    let return_to = return_to.transpose()?;
    let wish = Wish {
        user: &user,
        plugin: &plugin,
        began_by: caller.name(),
        in_browser: is_own_page(headers),
        account: account.as_ref().map(|account| &account.id),
        return_to: return_to.as_ref(),
    };
    let begun = host.consent.begin(wish, &config).await?;
    let is_https = cookies::is_https(&plugin, &config);
    let cookie = begun.cookie.as_ref();
    let cookie = cookie.and_then(|cookie| cookies::set(cookie, SameSite::Lax, is_https));
    Ok(Link {
        user,
        begun,
        cookie,
    })
}

/// Whether a page of the host's own origin asks: its browser keeps a cookie, and comes back with it.
fn is_own_page(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "same-origin")
}

fn return_to(host: &Host, text: &str) -> Result<ReturnTo, Problem> {
    let consent = host.config.consent();
    let origins = consent.return_origins.iter().map(String::as_str);
    ReturnTo::new(text, origins).map_err(|error| match &error {
        ReturnToError::Form(_) => Problem::new(ProblemKind::BadRequest, error),
        ReturnToError::Origin(origin) => {
            let remedy = format!(
                "add it to return_origins below [consent] in {}: return_origins = [{origin:?}]",
                host.config.path().display()
            );
            Problem::new(ProblemKind::NotGranted, error).remedy(remedy)
        }
    })
}
