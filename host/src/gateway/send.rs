//! The stages around the wire: authorize, wait for the quota, send, learn, and again where that is
//! safe.

use std::time::{Duration, SystemTime};

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::Instant;
use tracing::Span;

use super::authorize::{Credentials, credentials};
use super::body::RequestBody;
use super::call::CallContext;
use super::learn::learn;
use super::matching::Granted;
use super::quota::{Counted, Ticket};
use super::refusal::{Refusal, RefusalKind};
use super::retry::{Attempt, Outcome, wait};
use super::{Gateway, retry};
use crate::model::Method;
use crate::secret::Secret;
use crate::telemetry;
use crate::transport::{Body, Inbound, Outbound, TransportError};

/// How long one attempt waits for the reply's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Who asks, where the plugin does not say.
const AGENT: &str = concat!("stoflow/", env!("CARGO_PKG_VERSION"));

/// A request that is allowed, with all that its attempts need.
pub(super) struct Exchange<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) call: &'a CallContext,
    pub(super) method: Method,
    pub(super) granted: Granted<'a>,
    pub(super) counted: Vec<Counted>,
    pub(super) headers: HeaderMap,
}

/// What came of one attempt.
type Sent = Result<(Inbound, Option<Duration>), TransportError>;

impl Exchange<'_> {
    /// Sends it until there is an answer for the plugin, and says which secrets to search that for.
    pub(super) async fn run(
        &self,
        mut body: RequestBody,
    ) -> Result<(Inbound, Vec<Secret>), Refusal> {
        self.gateway
            .budget(&self.call.plugin, |budget| budget.earn());
        let mut made = self.authorize(None).await?;
        let mut secrets = made.secrets.clone();
        let mut number = 1;
        let mut refreshed = false;
        loop {
            let sent = self.attempt(number, &made, &mut body).await?;
            let refused = self.token_refused(&sent, &made).filter(|_| !refreshed);
            if let Some(refused) = refused {
                refreshed = true;
                made = self.authorize(Some(refused)).await?;
                for secret in &made.secrets {
                    if !secrets.contains(secret) {
                        secrets.insert(0, secret.clone());
                    }
                }
                if !body.is_repeatable() {
                    return Err(unrepeatable());
                }
            } else {
                let Some(wait) = self.again(number, &body, &sent) else {
                    return sent
                        .map(|(inbound, _)| (inbound, secrets))
                        .map_err(Refusal::from);
                };
                drop(sent);
                tokio::time::sleep(wait).await;
                made = self.authorize(None).await?;
            }
            number += 1;
        }
    }

    async fn authorize(&self, refused: Option<u64>) -> Result<Credentials, Refusal> {
        credentials(
            self.gateway.tokens.as_ref(),
            self.call,
            self.granted.endpoint,
            refused,
        )
        .await
    }

    async fn attempt(
        &self,
        number: u32,
        made: &Credentials,
        body: &mut RequestBody,
    ) -> Result<Sent, Refusal> {
        let call = self.call;
        let quotas = &self.gateway.quotas;
        let ticket = quotas
            .acquire(&self.counted, call.lane, call.deadline)
            .await?;
        let body = body.take().ok_or_else(unrepeatable)?;
        call.record.sent(number);
        Span::current().record("attempt", number);
        let began = Instant::now();
        let sent = self.gateway.transport.send(self.outbound(made, body)).await;
        let status = sent.as_ref().ok().map(|inbound| inbound.status.as_u16());
        telemetry::marketplace(&call.plugin, status, number > 1, began.elapsed());
        call.record.active();
        Ok(sent.map(|inbound| {
            Span::current().record("status", inbound.status.as_u16());
            self.note_worked(&inbound, made);
            let asked = self.learn(&ticket, &inbound);
            (inbound, asked)
        }))
    }

    fn outbound(&self, made: &Credentials, body: Body) -> Outbound {
        let mut headers = self.headers.clone();
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(AGENT));
        made.apply(&mut headers);
        let left = self.call.deadline.saturating_duration_since(Instant::now());
        let mut outbound = Outbound::new(method(self.method), self.granted.target.clone());
        outbound.headers = headers;
        outbound.body = body;
        outbound.timeout = HEAD_TIMEOUT.min(left);
        outbound
    }

    fn learn(&self, ticket: &Ticket, inbound: &Inbound) -> Option<Duration> {
        let quotas = &self.gateway.quotas;
        let now = SystemTime::now();
        learn(
            quotas,
            &self.counted,
            ticket,
            inbound.status,
            &inbound.headers,
            now,
        )
    }

    /// Says which token the marketplace has taken, if it has taken one.
    fn note_worked(&self, inbound: &Inbound, made: &Credentials) {
        let generation = made.generation.filter(|_| inbound.status.is_success());
        if let (Some(account), Some(generation)) = (self.call.seller.account(), generation) {
            self.gateway.tokens.worked(account, generation);
        }
    }

    /// The generation of the account's token, where the marketplace refused it and a newer one may
    /// help.
    fn token_refused(&self, sent: &Sent, made: &Credentials) -> Option<u64> {
        let (inbound, _) = sent.as_ref().ok()?;
        let generation = made
            .generation
            .filter(|_| inbound.status == StatusCode::UNAUTHORIZED)?;
        self.call
            .record
            .may_refresh(generation)
            .then_some(generation)
    }

    /// How long to wait before another attempt, if there is to be one.
    fn again(&self, number: u32, body: &RequestBody, sent: &Sent) -> Option<Duration> {
        let attempt = Attempt {
            method: self.method,
            repeatable: body.is_repeatable(),
            number,
        };
        let outcome = match sent {
            Ok((inbound, asked)) => Outcome::Answer(inbound.status.as_u16(), *asked),
            Err(error) => Outcome::Failure(error),
        };
        let wait = wait(attempt, &outcome, rand::random())?;
        let in_time = Instant::now() + wait < self.call.deadline;
        let earned = in_time && self.gateway.budget(&self.call.plugin, retry::Budget::spend);
        if earned {
            tracing::debug!(
                attempt = number,
                wait_ms = wait.as_millis(),
                "is sent again"
            );
        }
        earned.then_some(wait)
    }
}

fn method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
    }
}

fn unrepeatable() -> Refusal {
    let what = "the marketplace did not take the token, and a request this large is not kept to be \
                sent again";
    Refusal::new(RefusalKind::Unavailable, what).remedy("try again: the token is a fresh one now")
}
