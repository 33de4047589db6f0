//! `/api/keys`: keys to the API are made, shown and taken back. The text of one is in the reply that
//! makes it and nowhere else.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use jiff::{SpanRelativeTo, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::extract::{Body, Path, Query};
use super::idempotency::Repeats;
use super::nouns::read_scopes;
use super::problem::{Problem, ProblemKind, Violation};
use super::route::{Permission, Route};
use crate::host::Host;
use crate::keys::{CreateError, KeyState, KeyStatus, NewKey};
use crate::model::{ApiKey, KeyId, KeyRate, UserId};

/// Keys to the API.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Keys";
    let operator = || Permission::Operator;
    let unknown = [ProblemKind::UnknownKey];
    vec![
        Route::new(
            Method::GET,
            "/api/keys",
            operator(),
            (TAG, "Lists the keys to the API"),
            list,
        )
        .query::<ListQuery>()
        .replies::<Vec<KeyReport>>(200, "The keys, the latest first"),
        Route::new(
            Method::POST,
            "/api/keys",
            operator(),
            (TAG, "Makes a key to the API"),
            create,
        )
        .body::<CreateKey>()
        .replies::<CreatedKey>(201, "The key, with its text, which is shown only here")
        .repeats(Repeats::AnsweredWithoutBody)
        .fails(&[ProblemKind::InvalidArguments]),
        Route::new(
            Method::GET,
            "/api/keys/self",
            Permission::Caller,
            (TAG, "Shows the key that comes with the request"),
            own,
        )
        .replies::<KeyReport>(200, "The key")
        .fails(&unknown),
        Route::new(
            Method::GET,
            "/api/keys/{key}",
            operator(),
            (TAG, "Shows a key to the API"),
            show,
        )
        .replies::<KeyReport>(200, "The key")
        .fails(&unknown),
        Route::new(
            Method::DELETE,
            "/api/keys/{key}",
            operator(),
            (TAG, "Takes a key to the API back, at once"),
            revoke,
        )
        .replies::<KeyReport>(200, "The key, which opens nothing any more")
        .fails(&unknown),
    ]
}

/// What is told of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyReport {
    /// What it is and opens.
    #[serde(flatten)]
    pub key: ApiKey,
    /// Whether it opens anything.
    pub state: ReportedKeyState,
    /// When it was last used; after a crash, up to a minute earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// Whether a key opens anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportedKeyState {
    /// It does.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

/// A key that was just made. Its text is no [`Secret`](crate::secret::Secret) here: this is where it
/// is handed over.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct CreatedKey {
    /// What is told of it from now on.
    #[serde(flatten)]
    pub report: KeyReport,
    /// What stands behind `Bearer`. It is shown only here.
    pub secret: String,
}

impl From<KeyStatus> for KeyReport {
    fn from(status: KeyStatus) -> Self {
        Self {
            key: ApiKey::clone(&status.key),
            state: match status.state {
                KeyState::Active => ReportedKeyState::Active,
                KeyState::Expired => ReportedKeyState::Expired,
                KeyState::Revoked => ReportedKeyState::Revoked,
            },
            last_used_at: status.last_used_at,
            revoked_at: status.revoked_at,
        }
    }
}

/// Whose keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// All, where it is left out.
    user: Option<UserId>,
}

async fn list(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<KeyReport>>, Problem> {
    let user = caller.whose(query.user)?;
    let keys = host.keys.list(user.as_ref());
    Ok(Json(keys.into_iter().map(KeyReport::from).collect()))
}

/// What a key is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateKey {
    /// Whose things it reaches. Either this or `admin` is given.
    #[serde(default)]
    user: Option<UserId>,
    /// Whether it is an operator's, which reaches everybody's things and may do everything.
    #[serde(default)]
    admin: bool,
    /// What it may do: `listings:write`.
    #[serde(default)]
    scopes: Vec<String>,
    /// What a person calls it.
    #[serde(default)]
    name: Option<String>,
    /// How long it lives (`90d`, `12h`), or until when (RFC 3339); for ever, where it is left out.
    #[serde(default)]
    expires: Option<String>,
    /// How many requests it may make; the usual number, where it is left out.
    #[serde(default)]
    rate: Option<KeyRate>,
}

async fn create(
    _: Caller,
    State(host): State<Arc<Host>>,
    Body(wanted): Body<CreateKey>,
) -> Result<Response, Problem> {
    if wanted.user.is_some() == wanted.admin {
        return Err(Problem::new(
            ProblemKind::BadRequest,
            "say whose key it is: user, or admin for an operator's, and not both",
        ));
    }
    let scopes = read_scopes(&host, &wanted.scopes)?;
    let expires_at = wanted.expires.as_deref();
    let expires_at = expires_at.map(|text| end(text, host.accounts.now()));
    let new = NewKey {
        user: wanted.user,
        scopes,
        name: wanted.name,
        expires_at: expires_at.transpose()?,
        rate: wanted.rate,
    };
    let (status, secret) = host.keys.create(new).await?;
    let created = CreatedKey {
        report: status.into(),
        secret: secret.expose().to_owned(),
    };
    let mut response = (StatusCode::CREATED, Json(created)).into_response();
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

/// A moment, or one so much later than now. Days have 24 hours here.
fn end(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let span = text.parse::<jiff::Span>().ok();
    let lasting = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let end = lasting.and_then(|lasting| now.checked_add(lasting).ok());
    end.ok_or_else(|| {
        wrong(
            "/expires",
            "expires",
            "it is neither a time to live (90d, 12h) nor a moment (2027-01-31T00:00:00Z)"
                .to_owned(),
        )
    })
}

/// A problem with one member of what a key is to be.
pub(super) fn wrong(path: &str, code: &str, message: String) -> Problem {
    let title = "this is no key that could be made; none was";
    let mut problem = Problem::new(ProblemKind::InvalidArguments, title);
    problem.violations.push(Violation {
        path: path.to_owned(),
        code: code.to_owned(),
        message,
    });
    problem
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        let (path, code) = match &error {
            CreateError::NoScopes(_) | CreateError::ScopesOfOperator => ("/scopes", "scopes"),
            CreateError::Name => ("/name", "name"),
            CreateError::Past(_) => ("/expires", "past"),
            CreateError::Store(_) => return Self::new(ProblemKind::Internal, error),
        };
        wrong(path, code, error.to_string())
    }
}

async fn own(caller: Caller, State(host): State<Arc<Host>>) -> Result<Json<KeyReport>, Problem> {
    match caller {
        Caller::Key(key) => report(&host, key.id.as_str()).map(Json),
        Caller::Operator => Err(Problem::new(
            ProblemKind::UnknownKey,
            "no key came with the request: who reaches the socket needs none",
        )),
    }
}

async fn show(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(key): Path<String>,
) -> Result<Json<KeyReport>, Problem> {
    report(&host, &key).map(Json)
}

async fn revoke(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(key): Path<String>,
) -> Result<Json<KeyReport>, Problem> {
    let id = id(&key)?;
    let revoked = host.keys.revoke(&id).await?;
    let revoked = revoked.ok_or_else(|| unknown(&key))?;
    Ok(Json(revoked.into()))
}

fn report(host: &Host, key: &str) -> Result<KeyReport, Problem> {
    let status = host.keys.show(&id(key)?);
    status.map(KeyReport::from).ok_or_else(|| unknown(key))
}

fn id(text: &str) -> Result<KeyId, Problem> {
    text.parse().map_err(|_| unknown(text))
}

/// What was asked for is not repeated: somebody may have put the key's own text in its id's place.
fn unknown(text: &str) -> Problem {
    let title = match text.parse::<KeyId>() {
        Ok(id) => format!("there is no key {id}"),
        Err(_) => "this is no key's id: key_ and 16 letters and digits".to_owned(),
    };
    Problem::new(ProblemKind::UnknownKey, title).remedy("stoflow key list")
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn an_end_is_a_moment_or_a_time_to_live() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (text, hours) in [
            ("90d", 90 * 24),
            ("12h", 12),
            ("2w", 14 * 24),
            ("2026-01-02T01:00:00+01:00", 24),
        ] {
            let end = end(text, now).unwrap();
            assert_eq!(end.duration_since(now), SignedDuration::from_hours(hours));
        }
        for text in ["", "90", "soon", "1mo", "2026-01-02", "999999y"] {
            let problem = end(text, now).unwrap_err();
            assert_eq!(problem.violations[0].path, "/expires", "{text:?}");
        }
    }

    #[test]
    fn an_unknown_keys_text_is_not_repeated() {
        let problem = unknown("sk_aaaaaaaaaaaaaaaa_secret");
        assert!(!problem.title.contains("secret"), "{}", problem.title);
    }
}
