//! `Idempotency-Key`: a request that changes something and comes twice is worked on once
//! (draft-ietf-httpapi-idempotency-key-header-07). It holds for every route of that kind, and is bound
//! to the user, the method, the address and the body with its files.
//!
//! An answer is kept where something was done, or may have been and must not be done again; where
//! nothing was, the same request is simply tried again. What became an operation is answered from the
//! operation. A client that goes away harms nothing: the work goes on without it.

use std::fs::File;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio_util::io::ReaderStream;
use tracing::Instrument as _;

use super::caller::Caller;
use super::operation::{self, Usually};
use super::prefer::Preference;
use super::problem::{Problem, ProblemKind};
use crate::host::Host;
use crate::idempotency::{ANSWER_BYTES_MAX, Admitted, Attempt, Digest, IdempotencyKey, KeptAnswer};
use crate::model::OperationId;
use crate::operations::OperationState;
use crate::runtime::{Spool, SpoolError};

/// The header of the request.
const KEY: &str = "idempotency-key";

/// Says that an answer is one that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The headers that are kept with an answer.
const KEPT_HEADERS: &[HeaderName] = &[
    header::CONTENT_TYPE,
    header::LOCATION,
    header::CONTENT_LOCATION,
    header::LINK,
];

/// What a route does with a request that comes again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Repeats {
    /// It is answered as before.
    #[default]
    Answered,
    /// The same, but nobody keeps the answer's body: it holds a secret.
    AnsweredWithoutBody,
    /// It calls functions: those that may be called twice are, and those that take long are
    /// operations, which are answered so.
    Called(Usually),
}

/// A request with a key, for whoever works on it: among the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct Once {
    pub(super) attempt: Arc<Attempt>,
    /// Whether a stop of the host broke off the same request.
    pub(super) broke_off: bool,
}

/// Works on a request once, if it has a key and changes something.
pub(super) async fn once(
    host: Arc<Host>,
    repeats: Repeats,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = request.extensions().get::<Caller>().cloned();
    let (Some(caller), Some(key)) = (caller, key(&request)?) else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let mut body = spooled(body).await?;
    let digest = digest(&parts, &mut body).await?;
    let is_set = matches!(parts.method, Method::PUT | Method::DELETE);
    let admitted = host.idempotency.admit(caller.user(), &key, &digest).await?;
    let (attempt, broke_off) = match admitted {
        Admitted::First(attempt) => (attempt, false),
        Admitted::BrokenOff(attempt) if is_set => (attempt, false),
        Admitted::BrokenOff(attempt) => match repeats {
            Repeats::Called(_) => (attempt, true),
            _ => return Err(uncertain()),
        },
        Admitted::Running => return Err(still_running()),
        Admitted::Other => return Err(another()),
        Admitted::Answered(answer) => return replayed(&answer),
        Admitted::Operation(id, attempt) => {
            let Repeats::Called(usually) = repeats else {
                return Err(another());
            };
            match follow(&host, &id, &parts.headers, usually, attempt).await? {
                Followed::Answer(response) => return Ok(response),
                Followed::Anew(attempt) => (attempt, false),
            }
        }
    };
    let once = Once {
        attempt: Arc::new(attempt),
        broke_off,
    };
    let request = again(parts, body, once.clone());
    // In a task of its own: it goes on when the client does not.
    let working = async move {
        let response = next.run(request).await;
        settle(&once.attempt, repeats, is_set, response).await
    };
    let working = tokio::spawn(working.in_current_span());
    let done = working.await;
    done.map_err(|_| {
        Problem::new(
            ProblemKind::Internal,
            "the request broke off; the log says why",
        )
    })
}

/// The key of a request that changes something.
fn key(request: &Request) -> Result<Option<IdempotencyKey>, Problem> {
    if request.method().is_safe() {
        return Ok(None);
    }
    let mut values = request.headers().get_all(KEY).iter();
    let (first, second) = (values.next(), values.next());
    let Some(first) = first else { return Ok(None) };
    let bad = |why: &dyn std::fmt::Display| {
        Problem::new(ProblemKind::BadRequest, why)
            .remedy("make a key of the request's own, such as a UUID, and send it with each repeat")
    };
    if second.is_some() {
        return Err(bad(&"there are two Idempotency-Keys"));
    }
    let text = first.to_str().unwrap_or_default();
    let key = text.parse::<IdempotencyKey>();
    key.map(Some).map_err(|error| bad(&error))
}

/// The body, on disk.
async fn spooled(body: Body) -> Result<File, Problem> {
    let mut spool = Spool::new(super::BODY_BYTES_MAX as u64)
        .await
        .map_err(not_kept)?;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece: Bytes = piece.map_err(|error| {
            let title = format_args!("the body cannot be read: {error}").to_string();
            Problem::new(ProblemKind::BadRequest, title)
        })?;
        spool.push(&piece).await.map_err(|error| match error {
            SpoolError::TooLarge { .. } => Problem::new(
                ProblemKind::TooLarge,
                format_args!("the body is too large: {error}"),
            ),
            SpoolError::Io(error) => not_kept(error),
        })?;
    }
    spool.finish().await.map_err(not_kept)
}

async fn digest(parts: &Parts, body: &mut File) -> Result<Digest, Problem> {
    let media_type = parts.headers.get(header::CONTENT_TYPE);
    let media_type = media_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let boundary = boundary(media_type);
    let (method, address) = (parts.method.to_string(), parts.uri.to_string());
    let mut body = body.try_clone().map_err(not_kept)?;
    let reading = tokio::task::spawn_blocking(move || {
        let head = [method.as_str(), address.as_str(), essence.as_str()];
        Digest::of(&head, &mut body, boundary.as_deref())
    });
    let digest = reading.await.map_err(std::io::Error::other);
    digest.and_then(|digest| digest).map_err(not_kept)
}

/// The boundary between the parts of a form (RFC 2046 §5.1.1).
fn boundary(media_type: &str) -> Option<String> {
    let parameters = media_type.split(';').skip(1);
    let mut named = parameters.filter_map(|parameter| parameter.trim().split_once('='));
    let (_, boundary) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    Some(boundary.trim().trim_matches('"').to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "it is a map_err argument")]
fn not_kept(error: std::io::Error) -> Problem {
    Problem::new(
        ProblemKind::Internal,
        format_args!("the request's body cannot be kept: {error}"),
    )
}

/// The request once more, as it was.
fn again(parts: Parts, body: File, once: Once) -> Request {
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(body)));
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(once);
    request
}

enum Followed {
    Answer(Response),
    /// Nothing came of the operation: it is asked for again.
    Anew(Attempt),
}

/// The answer of the operation that the same request has become.
async fn follow(
    host: &Arc<Host>,
    id: &OperationId,
    headers: &HeaderMap,
    usually: Usually,
    attempt: Attempt,
) -> Result<Followed, Problem> {
    let Some(operation) = host.operations.get(None, id)? else {
        return Ok(Followed::Anew(attempt));
    };
    let problem = operation.problem.clone();
    let problem: Option<Problem> = problem.and_then(|problem| serde_json::from_value(problem).ok());
    let is_open = problem.is_none_or(|problem| may_have_happened(problem.kind()));
    let is_over = operation.state != OperationState::Running;
    if is_over && operation.problem.is_some() && (operation.order.repeatable || !is_open) {
        return Ok(Followed::Anew(attempt));
    }
    // Whoever else comes meanwhile need not wait for this answer.
    drop(attempt);
    let wished = Preference::of(headers);
    let mut response = operation::answer(host, operation, wished, usually).await?;
    let replayed = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, replayed);
    Ok(Followed::Answer(response))
}

/// Keeps how it was answered, or forgets the request where nothing was done.
async fn settle(attempt: &Attempt, repeats: Repeats, is_set: bool, response: Response) -> Response {
    if attempt.is_bound() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let (body, whole) = collected(body).await;
    let is_kept = match problem_kind(&parts.status, whole.as_deref()) {
        None => true,
        Some(kind) => !is_set && may_have_happened(kind),
    };
    let kept = match is_kept {
        true => {
            let whole = whole.filter(|_| repeats != Repeats::AnsweredWithoutBody);
            attempt.answered(answer(&parts, whole.as_deref())).await
        }
        false => attempt.forget().await,
    };
    if let Err(error) = kept {
        tracing::error!(%error, "how a request with an Idempotency-Key was answered cannot be kept");
    }
    Response::from_parts(parts, body)
}

fn answer(parts: &http::response::Parts, body: Option<&[u8]>) -> KeptAnswer {
    let headers = KEPT_HEADERS.iter().filter_map(|name| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    });
    KeptAnswer::new(parts.status.as_u16(), headers.collect(), body)
}

/// What kind of problem an answer is; `None` for one that is none.
fn problem_kind(status: &StatusCode, body: Option<&[u8]>) -> Option<ProblemKind> {
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let problem: Option<Problem> = body.and_then(|body| serde_json::from_slice(body).ok());
    Some(problem.map_or(ProblemKind::Internal, |problem| problem.kind()))
}

/// Whether something may have been done, though this is the answer.
fn may_have_happened(kind: ProblemKind) -> bool {
    matches!(
        kind,
        ProblemKind::Uncertain
            | ProblemKind::Unexpected
            | ProblemKind::PluginFailed
            | ProblemKind::PluginTimeout
            | ProblemKind::Damaged
            | ProblemKind::Internal
    )
}

/// The body as it will be sent, and, unless it is too large to be kept, its bytes.
async fn collected(body: Body) -> (Body, Option<Vec<u8>>) {
    let mut pieces = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => {
                // It breaks off for the client as it does here.
                let broken = futures_util::stream::iter([Ok(Bytes::from(whole)), Err(error)]);
                return (Body::from_stream(broken), None);
            }
        };
        whole.extend_from_slice(&piece);
        if whole.len() > ANSWER_BYTES_MAX {
            let begun = futures_util::stream::iter([Ok(Bytes::from(whole))]);
            return (Body::from_stream(begun.chain(pieces)), None);
        }
    }
    (Body::from(whole.clone()), Some(whole))
}

/// The answer that was given before.
fn replayed(answer: &KeptAnswer) -> Result<Response, Problem> {
    let Some(body) = answer.body() else {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "this request was carried out before; its answer is not kept",
        )
        .remedy("look at what it has changed"));
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in &answer.headers {
        let name = HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    let replayed = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, replayed);
    Ok(response)
}

fn still_running() -> Problem {
    let mut problem = Problem::new(
        ProblemKind::StillRunning,
        "the same request is being worked on",
    );
    problem.retry_after = Some(1);
    problem.remedy("send it again in a moment, with the same key")
}

fn another() -> Problem {
    Problem::new(
        ProblemKind::IdempotencyConflict,
        "this Idempotency-Key was used for another request",
    )
    .remedy("give each request a key of its own; a repeat has to be the same, to the byte")
}

/// It was broken off, and may not be done twice.
pub(super) fn uncertain() -> Problem {
    Problem::new(
        ProblemKind::Uncertain,
        "the host was stopped while this request was being worked on: it may or may not have been done",
    )
    .remedy("look whether it was done; send it with another Idempotency-Key if it was not")
}
