//! The only door to the marketplaces: every request of a plugin passes here, and only here do
//! credentials meet requests.
//!
//! A request goes through named stages, each a file of its own that decides or does one thing:
//! *check* what is asked for, *match* it against the grant, *strip* what is not the plugin's to say,
//! collect the *body*, *authorize* it, wait for its *quota*, *send* it, *learn* from the answer,
//! *retry* what is safe; then *read* the reply within bounds and *scrub* it.
//!
//! The mistakes that this prevents: a token that goes where the operator did not allow it, or comes
//! back to the plugin in a reply; an order placed twice because an answer got lost; an app that its
//! marketplace blocks because nobody counted.

mod authorize;
mod body;
mod call;
mod check;
mod learn;
mod matching;
mod quota;
mod read;
mod refusal;
mod replies;
mod retry;
mod scrub;
mod searches;
mod send;
mod strip;
mod tokens;
mod unusable;

pub use call::{CallContext, CallRecord, Seller, Spent};
pub use quota::QuotaUse;
pub use refusal::{Refusal, RefusalKind};
pub use replies::{Replies, ReplyKey};
pub use scrub::Scrub;
pub use tokens::{TokenFuture, Tokens};
pub use unusable::{Unusable, unusable};

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Span, field};

use crate::model::{AccountId, PluginId};
use crate::secret::Secret;
use crate::transport::{Inbound, Transport};
use quota::Quotas;
use replies::{Fetched, Found};
use retry::Budget;
use scrub::Needles;
use searches::Searches;
use send::Exchange;

/// The body of a request or of a reply. An error in a request's body says that the plugin broke it
/// off; one in a reply's says why the rest of it cannot be had.
pub type GatewayBody = UnsyncBoxBody<Bytes, Refusal>;

/// How many secrets one call's replies are searched for: the app's, and the newest tokens.
const SECRETS_MAX: usize = 4;

/// The door.
pub struct Gateway {
    transport: Transport,
    tokens: Arc<dyn Tokens>,
    scrub: Scrub,
    quotas: Quotas,
    budgets: Mutex<HashMap<PluginId, Budget>>,
    searches: Searches,
    replies: Option<Replies>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    /// A door that searches every reply.
    pub fn new(transport: Transport, tokens: Arc<dyn Tokens>) -> Self {
        Self::with_scrub(transport, tokens, Scrub::On)
    }

    /// A door that searches replies or does not. Only the test that shows that the search finds
    /// something has a use for [`Scrub::Off`]; nothing in the program calls this with it.
    pub fn with_scrub(transport: Transport, tokens: Arc<dyn Tokens>, scrub: Scrub) -> Self {
        Self {
            transport,
            tokens,
            scrub,
            quotas: Quotas::default(),
            budgets: Mutex::default(),
            searches: Searches::default(),
            replies: None,
        }
    }

    /// With replies that are used again, for the endpoints that declare it.
    #[must_use]
    pub fn keeping(mut self, replies: Replies) -> Self {
        self.replies = Some(replies);
        self
    }

    /// What is known of quotas since this process has begun.
    pub fn quotas(&self) -> Vec<QuotaUse> {
        self.quotas.told()
    }

    /// Sends a request of a plugin, and answers when the head of the reply is there.
    ///
    /// # Errors
    /// What was refused, where and what to do. The first refusal of a call is also kept in its
    /// [`CallRecord`]; one that only shows while the reply's body is read is kept there too.
    pub async fn send(
        &self,
        call: &CallContext,
        request: Request<GatewayBody>,
    ) -> Result<Response<GatewayBody>, Refusal> {
        let span = tracing::info_span!(
            "marketplace",
            call = %call.call,
            plugin = %call.plugin,
            method = %request.method(),
            host = field::Empty,
            // The granted prefix below which it is: the path itself names buyers' orders.
            endpoint = field::Empty,
            status = field::Empty,
            attempt = field::Empty,
            ms = field::Empty,
        );
        let began = Instant::now();
        let sent = timeout_at(call.deadline, self.stages(call, request))
            .instrument(span.clone())
            .await;
        let answer = sent.unwrap_or_else(|_| {
            Err(Refusal::new(
                RefusalKind::Deadline,
                "the call's time was over before the answer came",
            ))
        });
        span.record(
            "ms",
            u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        );
        span.in_scope(|| match &answer {
            Ok(reply) => tracing::debug!(status = reply.status().as_u16(), "answered"),
            Err(refusal) => tracing::info!(kind = ?refusal.kind, "refused: {refusal}"),
        });
        if let Err(refusal) = &answer {
            call.record.refuse(refusal);
        }
        answer
    }

    /// Keeps no secret of an account that is no more.
    pub fn forget(&self, account: &AccountId) {
        self.searches.forget(account);
        self.transport.give_up_connections();
    }

    /// Keeps no reply of a plugin that is no more.
    pub fn forget_plugin(&self, plugin: &PluginId) {
        if let Some(replies) = &self.replies {
            replies.forget(plugin);
        }
    }

    async fn stages(
        &self,
        call: &CallContext,
        request: Request<GatewayBody>,
    ) -> Result<Response<GatewayBody>, Refusal> {
        let (parts, body) = request.into_parts();
        let checked = check::check(&parts.method, &parts.uri)?;
        Span::current().record("host", checked.origin.host());
        self.allowed(call, &checked, parts.headers, body)
            .await
            .map_err(|refusal| refusal.at(&checked.place))
    }

    async fn allowed(
        &self,
        call: &CallContext,
        checked: &check::Checked,
        headers: http::HeaderMap,
        body: GatewayBody,
    ) -> Result<Response<GatewayBody>, Refusal> {
        if !call.network {
            return Err(
                Refusal::new(RefusalKind::NoNetwork, "this call may not use the network")
                    .remedy("a plugin's `describe` and `provider` answer from what is in it"),
            );
        }
        let granted = matching::granted(&call.plugin, &call.config, checked)?;
        Span::current().record("endpoint", granted.endpoint.path_prefix.as_str());
        let grant = call.config.grant.as_ref();
        let (headers, declared) = strip::strip(headers, grant)?;
        let body = body::prepare(body, declared, &call.record).await?;
        let exchange = Exchange {
            gateway: self,
            call,
            method: checked.method,
            counted: quota::counted(call, grant, granted.endpoint),
            granted,
            headers,
        };
        let kept = self.replies.as_ref().and_then(|replies| {
            let wanted = replies.wanted(
                call,
                &exchange.granted,
                exchange.method,
                &exchange.headers,
                &body,
            )?;
            Some(replies.find(wanted))
        });
        match kept {
            None => self.ask(exchange, body).await.map(Searched::into_reply),
            Some(kept) => self.kept(kept.await, exchange, body).await,
        }
    }

    /// The reply to a request whose reply may be used again: the kept one, or the marketplace's.
    async fn kept(
        &self,
        found: Found,
        exchange: Exchange<'_>,
        body: body::RequestBody,
    ) -> Result<Response<GatewayBody>, Refusal> {
        let record = &exchange.call.record;
        match found {
            Found::Answer(answer) => {
                tracing::debug!("a kept reply is used");
                Ok(answer.again(record))
            }
            Found::Refused(refusal) => Err(refusal),
            Found::Alone => self.ask(exchange, body).await.map(Searched::into_reply),
            Found::Turn(turn) => {
                tracing::debug!("no reply is kept");
                let fetched = match self.ask(exchange, body).await {
                    Ok(searched) => Fetched::of(searched.reply, &searched.starred).await,
                    Err(refusal) => Err(refusal),
                };
                turn.end(fetched).await.map(|answer| answer.fresh())
            }
        }
    }

    /// The marketplace's reply, searched.
    async fn ask(
        &self,
        exchange: Exchange<'_>,
        body: body::RequestBody,
    ) -> Result<Searched, Refusal> {
        let (inbound, secrets) = exchange.run(body).await?;
        self.reply(exchange.call, inbound, secrets)
    }

    /// The reply as the plugin gets it.
    fn reply(
        &self,
        call: &CallContext,
        inbound: Inbound,
        secrets: Vec<Secret>,
    ) -> Result<Searched, Refusal> {
        let Inbound {
            status,
            mut headers,
            body,
        } = inbound;
        strip::strip_reply(&mut headers);
        read::check_headers(&headers)?;
        // What goes wrong in the body goes wrong after this call has returned.
        let record = Arc::clone(&call.record);
        let body = read::bounded(call, body).inspect(move |piece| {
            if let Err(refusal) = piece {
                record.refuse(refusal);
            }
        });
        let starred = Arc::new(AtomicUsize::new(0));
        let body = match self.needles(call, secrets) {
            None => StreamBody::new(body.map(|piece| piece.map(Frame::data))).boxed_unsync(),
            Some(needles) => {
                let alarm = alarm(call, &starred);
                let found = scrub::scrub_headers(&needles, &mut headers);
                if found > 0 {
                    alarm(found);
                }
                let body = scrub::scrubbed(needles, body, alarm);
                StreamBody::new(body.map(|piece| piece.map(Frame::data))).boxed_unsync()
            }
        };
        let mut reply = Response::new(body);
        *reply.status_mut() = status;
        *reply.headers_mut() = headers;
        Ok(Searched { reply, starred })
    }

    /// What this reply is searched for: the secrets of this request and of the call's earlier ones.
    fn needles(&self, call: &CallContext, secrets: Vec<Secret>) -> Option<Arc<Needles>> {
        if self.scrub == Scrub::Off {
            return None;
        }
        let account = call.seller.account();
        let known = call
            .record
            .needles()
            .or_else(|| self.searches.get(account?));
        let covers = |needles: &Needles| {
            secrets
                .iter()
                .all(|secret| needles.secrets().contains(secret))
        };
        if let Some(known) = known.as_ref().filter(|known| covers(known)) {
            return Some(Arc::clone(known));
        }
        let mut all = secrets;
        for secret in known.iter().flat_map(|known| known.secrets()) {
            if all.len() < SECRETS_MAX && !all.contains(secret) {
                all.push(secret.clone());
            }
        }
        let needles = Arc::new(Needles::new(all)?);
        call.record.set_needles(Arc::clone(&needles));
        if let Some(account) = account {
            self.searches.put(account, &needles);
        }
        Some(needles)
    }

    fn budget<T>(&self, plugin: &PluginId, with: impl FnOnce(&mut Budget) -> T) -> T {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        with(budgets.entry(plugin.clone()).or_default())
    }
}

/// A reply that is searched for secrets as it is read.
struct Searched {
    reply: Response<GatewayBody>,
    /// How many were found so far.
    starred: Arc<AtomicUsize>,
}

impl Searched {
    fn into_reply(self) -> Response<GatewayBody> {
        self.reply
    }
}

/// Counts and logs that a reply held a credential.
fn alarm(
    call: &CallContext,
    starred: &Arc<AtomicUsize>,
) -> impl Fn(usize) + Clone + Send + 'static {
    let (record, span, starred) = (
        Arc::clone(&call.record),
        Span::current(),
        Arc::clone(starred),
    );
    move |found| {
        record.starred(found);
        starred.fetch_add(found, Ordering::Relaxed);
        span.in_scope(|| {
            tracing::error!(
                found,
                "a reply holds a credential that went with a request; it is starred out"
            );
        });
    }
}
