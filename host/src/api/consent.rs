//! `/api/{plugin}/oauth`: a seller's consent, begun, answered and decided.
//!
//! The marketplace sends the seller's browser to `callback`. Who finishes it there depends on how it
//! was begun: the person in that browser, on a page that says whose shop is connected to whom; or the
//! backend that the browser is sent on to (`return_to`), with `complete`; or whoever listens at the
//! redirect address himself, as the command line does, also with `complete`.

mod cookies;
mod failed;
mod identify;
mod link;
mod pages;
mod replies;

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::caller::Caller;
use super::extract::{Body, Path};
use super::plugins::plugin_id;
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::accounts::{Bearer, Connected};
use crate::consent::{ConsentError, Declined, Offered, Party, Returned};
use crate::host::Host;
use crate::model::{PluginId, UserId};
use crate::secret::Secret;
use crate::telemetry;
use cookies::SameSite;
use link::{Connect, connect, connect_by_link};
use replies::{Callback, Completed, Invitation};

/// A seller's consent.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Consent";
    let write = || Permission::write("accounts");
    vec![
        Route::new(
            Method::POST,
            "/api/{plugin}/oauth/connect",
            write(),
            (TAG, "Begins a consent"),
            connect,
        )
        .body::<Connect>()
        .replies::<Invitation>(200, LINK)
        .fails(BEGIN_PROBLEMS),
        Route::new(
            Method::GET,
            "/api/{plugin}/oauth/connect",
            write(),
            (TAG, "Begins a consent; a browser is sent on"),
            connect_by_link,
        )
        .query::<Connect>()
        .replies::<Invitation>(200, LINK)
        .replies_empty(
            303,
            "For `Accept: text/html`: the way to the marketplace's page.",
        )
        .fails(BEGIN_PROBLEMS),
        Route::new(
            Method::GET,
            "/api/{plugin}/oauth/callback",
            Permission::Anybody,
            (TAG, "Takes the seller's browser back from the marketplace"),
            callback,
        )
        .query::<Callback>()
        .replies_with(200, "A page that asks the person.", PAGE)
        .replies_empty(303, "The way back to the backend that began it.")
        .replies_with(400, NOTHING, PAGE)
        .replies_with(403, NOTHING, PAGE)
        .replies_with(404, "There is no such marketplace here.", PAGE)
        .replies_with(409, NOTHING, PAGE)
        .replies_with(500, NOTHING, PAGE)
        .replies_with(503, NOTHING, PAGE),
        Route::new(
            Method::POST,
            "/api/{plugin}/oauth/confirm",
            Permission::Anybody,
            (TAG, "Takes the decision of the person in the browser"),
            confirm,
        )
        .form::<Confirm>()
        .replies_with(200, "A page that says what was done.", PAGE)
        .replies_with(400, NOTHING, PAGE)
        .replies_with(403, NOTHING, PAGE)
        .replies_with(404, "There is no such marketplace here.", PAGE)
        .replies_with(409, NOTHING, PAGE)
        .replies_with(500, NOTHING, PAGE)
        .replies_with(503, NOTHING, PAGE)
        .body_bytes_max(FORM_BYTES_MAX),
        Route::new(
            Method::POST,
            "/api/{plugin}/oauth/complete",
            write(),
            (TAG, "Takes the marketplace's answer, then the decision"),
            complete,
        )
        .body::<Complete>()
        .replies::<Completed>(200, "An offer, or what became of it.")
        .fails(&[
            ProblemKind::UnknownPlugin,
            ProblemKind::UnknownAccount,
            ProblemKind::NotGranted,
            ProblemKind::ConsentFailed,
            ProblemKind::ConsentDenied,
            ProblemKind::ConsentExpired,
            ProblemKind::ConsentUsed,
            ProblemKind::ConsentForeign,
            ProblemKind::OtherSeller,
            ProblemKind::Configuration,
        ]),
    ]
}

const LINK: &str = "Where to send the seller's browser.";
const PAGE: &str = "text/html";
const NOTHING: &str = "A page that says why nothing was connected.";

/// How a consent fails to begin, besides as every route may.
const BEGIN_PROBLEMS: &[ProblemKind] = &[
    ProblemKind::UnknownPlugin,
    ProblemKind::UnknownAccount,
    ProblemKind::AccountNeeded,
    ProblemKind::InvalidPlugin,
    ProblemKind::Configuration,
    ProblemKind::NotGranted,
];

/// What a page's form has.
const FORM_BYTES_MAX: usize = 16 << 10;

/// Where the marketplace sends the seller's browser. Nobody says who is asking: the state does.
pub(super) async fn callback(
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let Some((plugin, name)) = marketplace(&host, &plugin) else {
        return pages::no_marketplace().into_response();
    };
    if method != Method::GET {
        // Whoever only looks ahead must not use the answer up.
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let address = query.unwrap_or_default();
    let return_to = host.consent.return_to(&plugin, &address);
    let answer = Answer {
        plugin: plugin.clone(),
        address,
        from: From::Browser(cookies::sent(&headers)),
    };
    let answered = answer.give(&host).await;
    match (answered, return_to) {
        (Ok(offered), _) => asked(&host, &plugin, &name, offered),
        (Err(error), Some(return_to)) => {
            let problem = failed::problem(error);
            redirect(&return_to.with_error(problem.kind().slug()))
        }
        (Err(error), None) => failed::page(&error, &name).into_response(),
    }
}

/// What the browser gets with an offer: the question, or the way to the backend that answers it.
fn asked(host: &Host, plugin: &PluginId, name: &str, offered: Offered) -> Response {
    if let Some(return_to) = &offered.return_to {
        return redirect(&return_to.with_consent(&offered.id));
    }
    let is_https = cookies::is_https(plugin, &host.config.plugin(plugin));
    let cookie = offered.cookie.as_ref();
    let cookie = cookie.and_then(|cookie| cookies::set(cookie, SameSite::Strict, is_https));
    let page = pages::question(&offered, name);
    with_cookie(page.into_response(), cookie)
}

/// What the person in the browser decided.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Confirm {
    consent: String,
    decision: Decision,
}

/// Yes or no to an offer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Decision {
    #[default]
    Connect,
    Cancel,
}

/// The page's buttons. Nobody says who is asking: the cookie of the page does.
pub(super) async fn confirm(
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Confirm>, FormRejection>,
) -> Response {
    let Some((plugin, name)) = marketplace(&host, &plugin) else {
        return pages::no_marketplace().into_response();
    };
    let Ok(Form(form)) = form else {
        return failed::page(&ConsentError::Form("it has no decision"), &name).into_response();
    };
    let sent = cookies::sent(&headers);
    let (id, party) = (Secret::new(form.consent), Party::Browser(&sent));
    match decide(&host, &plugin, &id, party, form.decision).await {
        Ok(Decided::Connected(connected)) => pages::connected(&connected).into_response(),
        Ok(Decided::Declined(declined)) => pages::declined(&declined, &name).into_response(),
        Err(error) => failed::page(&error, &name).into_response(),
    }
}

enum Decided {
    Connected(Box<Connected>),
    Declined(Declined),
}

async fn decide(
    host: &Host,
    plugin: &PluginId,
    id: &Secret,
    party: Party<'_>,
    decision: Decision,
) -> Result<Decided, ConsentError> {
    let config = host.config.plugin(plugin);
    let consent = &host.consent;
    match decision {
        Decision::Connect => {
            let connected = consent.confirm(plugin, id, party, &config).await?;
            Ok(Decided::Connected(Box::new(connected)))
        }
        Decision::Cancel => {
            let declined = consent.decline(plugin, id, party, &config).await?;
            Ok(Decided::Declined(declined))
        }
    }
}

/// What the one who began it brings: the marketplace's answer first, then the decision.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Complete {
    /// For whom the caller finishes it: nobody else than for whom it was begun. A user's key can leave
    /// it out.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    user: Option<UserId>,
    /// The address that the browser ended at, or its query.
    #[serde(default)]
    callback: Option<String>,
    /// The offer's id.
    #[serde(default)]
    consent: Option<String>,
    #[serde(default)]
    decision: Decision,
}

pub(super) async fn complete(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    Body(body): Body<Complete>,
) -> Result<Json<Completed>, Problem> {
    let plugin = plugin_id(&host, &plugin)?;
    let name = host.plugins.active_installed(&plugin)?.description.name;
    let user = caller.whose(body.user)?;
    let user = user.ok_or_else(|| Problem::new(ProblemKind::BadRequest, "say for whom: user"))?;
    match (body.callback, body.consent) {
        (Some(address), None) => {
            let answer = Answer {
                plugin,
                address,
                from: From::Caller(caller, user),
            };
            let offered = answer.give(&host).await.map_err(failed::problem)?;
            Ok(Json(offered.into()))
        }
        (None, Some(id)) => {
            let party = Party::Caller {
                name: caller.name(),
                user: &user,
            };
            let id = Secret::new(id);
            let decided = decide(&host, &plugin, &id, party, body.decision).await;
            Ok(Json(match decided.map_err(failed::problem)? {
                Decided::Connected(connected) => (*connected).into(),
                Decided::Declined(declined) => Completed::declined(format!(
                    "Nothing was connected; {}.",
                    pages::given_back(&declined, &name)
                )),
            }))
        }
        _ => Err(Problem::new(
            ProblemKind::BadRequest,
            "say what to complete: callback (the address that the browser ended at) or consent (what came of it)",
        )),
    }
}

/// A marketplace's answer, and who brings it.
struct Answer {
    plugin: PluginId,
    address: String,
    from: From,
}

enum From {
    Browser(Vec<Secret>),
    Caller(Caller, UserId),
}

impl Answer {
    /// In a task of its own: a browser that goes away meanwhile takes no tokens along.
    async fn give(self, host: &Arc<Host>) -> Result<Offered, ConsentError> {
        let host = Arc::clone(host);
        let answered = tokio::spawn(telemetry::carried(async move {
            let party = match &self.from {
                From::Browser(cookies) => Party::Browser(cookies),
                From::Caller(caller, user) => Party::Caller {
                    name: caller.name(),
                    user,
                },
            };
            let returned = Returned {
                plugin: &self.plugin,
                address: &self.address,
                party,
            };
            let config = host.config.plugin(&self.plugin);
            let identify = |token: Bearer| identify::identify(&host, &self.plugin, token);
            host.consent.answer(returned, &config, identify).await
        }));
        let stopped = || ConsentError::Unavailable("the host is being stopped".to_owned());
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }
}

fn redirect(to: &Url) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    // A URL is printable ASCII.
    if let Ok(location) = HeaderValue::from_str(to.as_str()) {
        headers.insert(header::LOCATION, location);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let policy = HeaderValue::from_static("no-referrer");
    headers.insert(header::REFERRER_POLICY, policy);
    response
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The marketplace of an address, with the name that people know. `None` where none is installed.
fn marketplace(host: &Host, plugin: &str) -> Option<(PluginId, String)> {
    let plugin = plugin.parse().ok()?;
    let installed = host.plugins.active_installed(&plugin).ok()?;
    Some((plugin, installed.description.name.clone()))
}
