//! The HTTP side: which part of the sandbox answers a request, what fault hits it, how it is recorded.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_LENGTH, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::Notify;

use crate::api::{self, Answer};
use crate::control;
use crate::core::{Core, Memory};
use crate::echo::{self, Echo};
use crate::faults::{self, Fault, FaultKind};
use crate::history::{RequestRecord, now_us, shorten};
use crate::incoming::Incoming;
use crate::line::Line;
use crate::options::Options;
use crate::page;
use crate::reply::{Refusal, Reply};

/// A running sandbox, as its connections see it.
pub(crate) struct Server {
    core: Mutex<Core>,
    /// Rung when a webhook may have become due.
    pub(crate) bell: Notify,
    /// Requests to the marketplace that have come, answered or not.
    pub(crate) begun: AtomicUsize,
    pub(crate) options: Options,
    /// Where it is reached, without a slash at the end.
    pub(crate) base_url: String,
}

/// How a reply leaves.
enum Departure {
    Whole(Reply),
    /// In chunks, flushed apart.
    Split(Vec<Bytes>),
    /// Half of it, and then the connection ends.
    Cut(Reply),
}

impl Server {
    pub(crate) fn new(options: Options, base_url: String) -> Self {
        Self {
            core: Mutex::new(Core::new(&options)),
            bell: Notify::new(),
            begun: AtomicUsize::new(0),
            options,
            base_url,
        }
    }

    /// The memory, locked. Whoever lets go of it rings the bell if a webhook waits: any change, of
    /// orders or of the clock, may have made it due.
    pub(crate) fn core(&self) -> Memory<'_> {
        Memory::new(self.quiet_core(), &self.bell)
    }

    /// The memory, locked, to look into. A panic elsewhere does not make it unreadable.
    pub(crate) fn quiet_core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers every request.
pub(crate) async fn serve(
    State(server): State<Arc<Server>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let incoming = match Incoming::read(request).await {
        Ok(incoming) => incoming,
        Err(refusal) => return whole(refusal.reply),
    };
    let path = incoming.path.as_str();
    if path.starts_with("/v3/") || path == api::CONNECT_PATH {
        return marketplace(&server, &incoming, &line, started).await;
    }
    if path == control::ECHO_PATH {
        let operation = Some(faults::ECHO.to_owned());
        let departure = reflect(&server, &incoming, &line, operation, started, None);
        return depart(departure);
    }
    whole(match path {
        "/" => page::answer(&server),
        _ if path.starts_with(control::PREFIX) => control::answer(&server, &incoming),
        _ if path.starts_with(page::IMAGE_PREFIX) => page::image(&server, path),
        _ if path.starts_with(page::VIDEO_PREFIX) => page::video(&server, path),
        _ => Refusal::new(StatusCode::NOT_FOUND, "Resource not found").reply,
    })
}

/// A request to the stand-in's marketplace side, with whatever fault hits it.
async fn marketplace(
    server: &Server,
    incoming: &Incoming,
    line: &Line,
    started: Instant,
) -> Response {
    server.begun.fetch_add(1, Ordering::SeqCst);
    let operation = api::operation_name(incoming);
    let fault = take_fault(server, incoming, operation.as_deref());
    let kind = fault.as_ref().map(|fault| fault.kind);
    let wait = Duration::from_millis(fault.as_ref().map_or(0, |fault| fault.ms));
    tokio::time::sleep(server.options.latency).await;
    if kind == Some(FaultKind::Slow) {
        tokio::time::sleep(wait).await;
    }
    let instead = fault.as_ref().and_then(instead);
    let is_echo = operation.as_deref() == Some(faults::ECHO) || kind == Some(FaultKind::Echo);
    if is_echo && instead.is_none() {
        return match reflect(server, incoming, line, operation, started, kind) {
            Departure::Whole(reply) => spoil(reply, kind, line),
            split => depart(split),
        };
    }
    let answer = instead.unwrap_or_else(|| {
        api::answer(
            &mut server.core(),
            &server.options,
            &server.base_url,
            incoming,
        )
    });
    record(server, incoming, line, operation, &answer, started, kind);
    if kind == Some(FaultKind::SlowAfter) {
        tokio::time::sleep(wait).await;
    }
    spoil(answer.reply, kind, line)
}

/// The fault that hits a request, if one does.
fn take_fault(server: &Server, incoming: &Incoming, operation: Option<&str>) -> Option<Fault> {
    let mut core = server.core();
    let fault = core
        .faults
        .take(operation, &incoming.method, &incoming.path)?;
    if fault.kind == FaultKind::RevokeToken {
        let header = incoming.header("authorization");
        let token = header.rsplit(' ').next().unwrap_or("");
        core.grants.revoke(token);
    }
    Some(fault)
}

/// A reply as it leaves after the work was done, with the fault that spoils it.
fn spoil(reply: Reply, kind: Option<FaultKind>, line: &Line) -> Response {
    match kind {
        Some(FaultKind::ErrorAfter) => whole(server_error().reply),
        Some(FaultKind::Empty) => whole(Reply::empty(reply.status)),
        Some(FaultKind::CutBefore) => cut_before(line),
        // Half of nothing is nothing: the connection ends before the reply.
        Some(FaultKind::Cut) if reply.body.len() < 2 => cut_before(line),
        Some(FaultKind::Cut) => depart(Departure::Cut(reply)),
        _ => whole(reply),
    }
}

/// The answer of a fault that keeps the work from being done.
fn instead(fault: &Fault) -> Option<Answer> {
    let refusal = match fault.kind {
        FaultKind::ErrorBefore => server_error(),
        FaultKind::Unavailable => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable")
                .because("fault: unavailable")
        }
        FaultKind::RateLimited => {
            let refusal = Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Exceeded per second rate limit",
            );
            match fault.retry_after {
                Some(seconds) => refusal.with(RETRY_AFTER, &seconds.to_string()),
                None => refusal,
            }
        }
        FaultKind::Html => {
            let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                        <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
            let reply = Reply::html(StatusCode::BAD_GATEWAY, page.to_owned());
            Refusal {
                reply,
                reason: "fault: a gateway's page".to_owned(),
            }
        }
        FaultKind::CutBefore => {
            let reply = Reply::empty(StatusCode::BAD_GATEWAY);
            Refusal {
                reply,
                reason: "fault: the connection was cut".to_owned(),
            }
        }
        _ => return None,
    };
    Some(Answer {
        reply: refusal.reply,
        reason: Some(refusal.reason),
        user_id: None,
    })
}

fn server_error() -> Refusal {
    Refusal::server_error("fault: a server error")
}

/// The page that reflects headers.
fn reflect(
    server: &Server,
    incoming: &Incoming,
    line: &Line,
    operation: Option<String>,
    started: Instant,
    fault: Option<FaultKind>,
) -> Departure {
    let (answer, departure) = match echo::answer(&incoming.headers, &incoming.query) {
        Ok(Echo::Whole(reply)) => (reply.clone(), Departure::Whole(reply)),
        Ok(Echo::Split(chunks)) => (Reply::empty(StatusCode::OK), Departure::Split(chunks)),
        Err(refusal) => (refusal.reply.clone(), Departure::Whole(refusal.reply)),
    };
    let answer = Answer {
        reply: answer,
        reason: None,
        user_id: None,
    };
    record(server, incoming, line, operation, &answer, started, fault);
    departure
}

fn record(
    server: &Server,
    incoming: &Incoming,
    line: &Line,
    operation: Option<String>,
    answer: &Answer,
    started: Instant,
    fault: Option<FaultKind>,
) {
    let us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let ms = us / 1000;
    let status = answer.reply.status.as_u16();
    tracing::info!(
        method = incoming.method,
        path = incoming.path,
        operation = operation.as_deref().unwrap_or("-"),
        status,
        ms,
        reason = answer.reason.as_deref().unwrap_or("-"),
        fault = fault
            .map(|kind| format!("{kind:?}"))
            .as_deref()
            .unwrap_or("-"),
    );
    let headers = incoming.headers.iter().map(|(name, value)| {
        (
            name.to_string(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let body = |body: &[u8]| server.options.keep_bodies.then(|| shorten(body));
    let mut core = server.core();
    let at_ms = core.clock.now_ms();
    let record = RequestRecord {
        number: 0,
        at_ms,
        method: incoming.method.clone(),
        path: incoming.path.clone(),
        query: incoming.query.clone(),
        operation,
        status,
        ms,
        us,
        reason: answer.reason.clone(),
        fault,
        user_id: answer.user_id,
        headers: headers.collect(),
        request_bytes: incoming.body.len(),
        response_bytes: answer.reply.body.len(),
        done_us: now_us(),
        sent_us: None,
        sent_bytes: 0,
        request_body: body(&incoming.body),
        response_body: body(&answer.reply.body),
    };
    core.history.push(record, line.next_reply());
}

fn cut_before(line: &Line) -> Response {
    line.cut();
    Response::new(Body::empty())
}

fn whole(reply: Reply) -> Response {
    depart(Departure::Whole(reply))
}

fn depart(departure: Departure) -> Response {
    match departure {
        Departure::Whole(reply) => {
            let body = Body::from(reply.body.clone());
            respond(reply, body)
        }
        Departure::Split(chunks) => {
            let chunks = stream::unfold(chunks.into_iter(), |mut left| async move {
                let chunk = left.next()?;
                // Whoever serves the connection flushes while this waits.
                tokio::time::sleep(Duration::from_millis(1)).await;
                Some((Ok::<Bytes, Infallible>(chunk), left))
            });
            let reply = Reply::typed(StatusCode::OK, "application/json", Bytes::new());
            respond(reply, Body::from_stream(chunks))
        }
        Departure::Cut(reply) => {
            let length = reply.body.len();
            let half = reply.body.slice(..length / 2);
            let chunks = stream::unfold(Some(half), |half| async move {
                match half {
                    Some(half) if !half.is_empty() => Some((Ok(half), Some(Bytes::new()))),
                    Some(_) => {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        Some((Err(std::io::Error::other("cut on purpose")), None))
                    }
                    None => None,
                }
            });
            let mut response = respond(reply, Body::from_stream(chunks));
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
            response
        }
    }
}

fn respond(reply: Reply, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        response.headers_mut().append(name, value);
    }
    response
}
