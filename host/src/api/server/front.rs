//! What happens to every request before and after its route: whose it is, whether it may be asked here,
//! its place among those that are worked on, and what is said when it cannot be answered.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Request, Version, header};
use tokio::sync::{Semaphore, mpsc};
use tower::util::{BoxCloneSyncService, ServiceExt as _};
use tower::{Layer as _, service_fn};

use super::super::authenticate::{identify, tell};
use super::super::caller::Caller;
use super::super::correlation::{CorrelationId, stamp};
use super::super::problem::{Problem, ProblemKind};
use super::super::watched;
use super::admission::Admission;
use super::cors;
use super::hosts::Hosts;
use super::upload::Upload;
use crate::config::ServerConfig;
use crate::host::Host;
use crate::keys::Spent;

/// A service that answers whatever happens.
type Answers = BoxCloneSyncService<Request<Body>, Response, Infallible>;

/// What all connections of a server share.
pub(super) struct Front {
    host: Arc<Host>,
    answers: Answers,
    hosts: Hosts,
    /// Held by whatever is to be finished before the server has stopped.
    alive: mpsc::Sender<Infallible>,
}

/// How a request came in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry {
    /// By the socket: from whom the files' permissions let.
    Socket,
    /// By TCP.
    Tcp {
        /// At this address of the machine.
        at: IpAddr,
        /// From this one.
        from: IpAddr,
    },
}

impl Front {
    pub(super) fn new(
        host: Arc<Host>,
        router: Router,
        config: &ServerConfig,
        alive: mpsc::Sender<Infallible>,
    ) -> Self {
        let places = Arc::new(Semaphore::new(
            config.requests_max.min(Semaphore::MAX_PERMITS),
        ));
        let body_time = config.body_time();
        let admitted = service_fn(move |request| {
            let (router, admission) = (router.clone(), Admission::new(&places));
            async move { Ok::<_, Infallible>(admitted(router, request, admission, body_time).await) }
        });
        let answers = match cors::layer(config) {
            Some(cors) => BoxCloneSyncService::new(cors.layer(admitted)),
            None => BoxCloneSyncService::new(admitted),
        };
        Self {
            host,
            answers,
            hosts: Hosts::new(config),
            alive,
        }
    }

    /// Answers a request.
    pub(super) async fn answer(&self, mut request: Request<Body>, entry: Entry) -> Response {
        let id = CorrelationId::of_request(&request);
        request.extensions_mut().insert(id.clone());
        let is_http1 = request.version() < Version::HTTP_2;
        let began = Instant::now();
        let response = match self.admit_caller(&mut request, entry) {
            Ok(spent) => {
                let mut response = self.carried_out(request).await;
                if let Some(spent) = spent {
                    tell(&mut response, &spent);
                }
                response
            }
            Err(problem) => {
                watched::refused(&id, request.method(), problem.status, began);
                problem.into_response()
            }
        };
        let mut response = stamp(response, &id);
        if is_http1 && self.host.stopping.has_begun() {
            // The client is not to send another one here.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }

    /// Says who is asking, and what is left of his key's rate; by TCP, also that it may be asked here.
    fn admit_caller(
        &self,
        request: &mut Request<Body>,
        entry: Entry,
    ) -> Result<Option<Spent>, Problem> {
        match entry {
            Entry::Socket => {
                request.extensions_mut().insert(Caller::Operator);
                Ok(None)
            }
            Entry::Tcp { at, from } => {
                self.hosts.check(request, at)?;
                Ok(identify(&self.host, request, from))
            }
        }
    }

    /// What changes something is carried to its end though the client goes away meanwhile: what was
    /// half done would have to be found out and made good later.
    async fn carried_out(&self, request: Request<Body>) -> Response {
        let answers = self.answers.clone();
        if request.method().is_safe() {
            return said(answers.oneshot(request).await);
        }
        let alive = self.alive.clone();
        let work = tokio::spawn(async move {
            let response = said(answers.oneshot(request).await);
            drop(alive);
            response
        });
        work.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a request was not answered");
            Problem::new(ProblemKind::Internal, "the host failed at this request").into_response()
        })
    }
}

fn said(answer: Result<Response, Infallible>) -> Response {
    match answer {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// A request whose body is waited for within bounds, and which is worked on when there is a place.
async fn admitted(
    router: Router,
    request: Request<Body>,
    admission: Arc<Admission>,
    body_time: Duration,
) -> Response {
    let is_whole = http_body::Body::is_end_stream(request.body());
    let mut response = None;
    if !is_whole || Arc::clone(&admission).admit().await {
        let upload = Arc::clone(&admission);
        let request = request.map(|body| match is_whole {
            true => body,
            false => Body::new(Upload::new(body, upload, body_time)),
        });
        response = Some(said(router.oneshot(request).await));
    }
    match (admission.problem(), response) {
        (Some(problem), _) => {
            let mut response = problem.into_response();
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
            response
        }
        (None, Some(response)) => response,
        (None, None) => Problem::new(ProblemKind::Unavailable, "try again later").into_response(),
    }
}
