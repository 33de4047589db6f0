//! What marketplaces push: whether it is genuine, and what the plugin makes of it.
//!
//! A push is a hint, and anybody can send one: before the plugin sees it, its signature is checked,
//! by Standard Webhooks and the operator's secrets, unless the plugin says that it checks itself. What
//! comes again within the time in which it is believed, as a marketplace repeats what was not answered
//! in time, is answered and not acted on. What the plugin reads in it, the [`Notice`]s, is on disk
//! before the marketplace is answered, and carried out afterwards: it is kept until it is.
//!
//! The mistakes that this prevents: a stranger who makes the host poll, or erase a buyer; a recorded
//! push that is played again; a repeat that is counted as a second event; a push that was answered and
//! is forgotten because the program was killed.

mod carry;
mod kept;
mod quiet;
mod signature;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::config::Config;
use crate::contract::Outcome;
use crate::events::Events;
use crate::idempotency::Idempotency;
use crate::locks::NamedLocks;
use crate::model::{Notice, PluginId, PushOutcome, Verification};
use crate::operations::Operations;
use crate::plugins::{ActivePlugin, CallRequest, Plugins, Rejected};
use crate::runtime::Finished;
use crate::store::{Commit, Store, StoreError};
use crate::telemetry;
use quiet::Quiet;
use signature::{Doubt, Signed};

pub use kept::{Carried, KeptNotice, KeptPush};

/// The largest push. Marketplaces push pointers, not things.
pub const PUSH_BYTES_MAX: usize = 64 << 10;

/// Pushes that nobody has checked yet, in the hands of plugins that check themselves, at a time: a
/// stranger must not take the places in which people's calls run.
const UNCHECKED_MAX: usize = 4;

/// A push as it came in.
#[derive(Debug)]
pub struct Push<'a> {
    /// The method.
    pub method: &'a str,
    /// The public one that the marketplace was given, with the query.
    pub url: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, to the byte.
    pub body: &'a [u8],
}

/// What came of a push.
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    /// What to act on; none where it was received before.
    pub notices: Vec<Notice>,
    /// What the marketplace is answered.
    pub answer: Answer,
}

/// What the marketplace is answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Of the body.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a push was not received.
#[derive(Debug, thiserror::Error)]
pub enum NotReceived {
    /// The plugin is not there, or takes no pushes.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The operator has set no secret.
    #[error("nothing that is pushed to {plugin} can be believed: no secret is set for it")]
    NoSecret {
        /// The plugin.
        plugin: PluginId,
    },
    /// It has not what a push has: nothing was looked at further.
    #[error("this is no push: {0}")]
    Malformed(&'static str),
    /// Nobody who has the secret has signed it, or not now. The sender is told no more.
    #[error("this push is not genuine")]
    NotGenuine,
    /// Too many are being looked at: the marketplace has to send it again.
    #[error("too many pushes are being looked at; send it again")]
    Busy,
    /// The plugin failed over it: the marketplace has to send it again.
    #[error("the push could not be read; send it again")]
    Failed,
    /// It cannot be kept: the marketplace has to send it again.
    #[error("the push could not be kept; send it again")]
    NotKept(#[source] StoreError),
}

/// What carries out what pushes ask for.
#[derive(Debug)]
pub struct Carriers {
    /// What the operator set.
    pub config: Arc<Config>,
    /// Accounts and tokens.
    pub accounts: Accounts,
    /// What has happened.
    pub events: Events,
    /// Calls that take long.
    pub operations: Operations,
    /// Requests that may come twice.
    pub idempotency: Idempotency,
}

impl NotReceived {
    /// Why, in a word.
    fn name(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "rejected",
            Self::NoSecret { .. } => "no secret",
            Self::Malformed(_) => "malformed",
            Self::NotGenuine => "not genuine",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NotKept(_) => "not kept",
        }
    }
}

/// What is known of pushes, of all plugins.
#[derive(Debug)]
pub struct Webhooks {
    clock: Clock,
    store: Store,
    config: Arc<Config>,
    accounts: Accounts,
    events: Events,
    operations: Operations,
    idempotency: Idempotency,
    quiet: Quiet,
    unchecked: Semaphore,
    /// Two deliveries of one push, one after the other.
    turns: NamedLocks,
    /// What follows from one push, once.
    carrying: NamedLocks,
    /// By a version's file: who checks never changes, and a stranger must not start an instance.
    verified_by: Mutex<HashMap<String, Verification>>,
}

impl Webhooks {
    /// The pushes in a store. Times are compared by this clock.
    pub fn new(store: Store, clock: Clock, carriers: Carriers) -> Self {
        Self {
            clock,
            store,
            config: carriers.config,
            accounts: carriers.accounts,
            events: carriers.events,
            operations: carriers.operations,
            idempotency: carriers.idempotency,
            quiet: Quiet::default(),
            unchecked: Semaphore::new(UNCHECKED_MAX),
            turns: NamedLocks::default(),
            carrying: NamedLocks::default(),
            verified_by: Mutex::default(),
        }
    }

    /// Takes a push for a plugin. What follows from it is on disk when this returns, and is carried
    /// out from then on.
    ///
    /// # Errors
    /// It was not received, and why; what the sender is not told is in the log.
    pub async fn receive(
        self: &Arc<Self>,
        plugins: &Plugins,
        id: &PluginId,
        push: Push<'_>,
    ) -> Result<Received, NotReceived> {
        if push.body.len() > PUSH_BYTES_MAX {
            return Err(NotReceived::Malformed("it is larger than 64 KiB"));
        }
        let plugin = plugins.active(id).map_err(Rejected::from)?;
        let received = self.taken(plugins, &plugin, push).await;
        let outcome = received
            .as_ref()
            .map_or_else(NotReceived::name, |_| "received");
        telemetry::push(id, outcome);
        received
    }

    async fn taken(
        self: &Arc<Self>,
        plugins: &Plugins,
        plugin: &ActivePlugin,
        push: Push<'_>,
    ) -> Result<Received, NotReceived> {
        let id = &plugin.installed.description.id;
        match self.verified_by(plugins, plugin).await? {
            Verification::Plugin => {
                let place = self.unchecked.try_acquire();
                let place = place.map_err(|_| NotReceived::Busy)?;
                let received = self.read(plugins, plugin, &push).await?;
                drop(place);
                let name = digest(&push);
                let _turn = self.turns.hold(&format!("{id} {name}")).await;
                if push.method == Method::GET.as_str() || self.is_known(id, &name)? {
                    return Ok(received);
                }
                self.keep(id, &name, received).await
            }
            Verification::StandardWebhooks => {
                let signed = self.genuine(&self.config, id, &push)?;
                let _turn = self.turns.hold(&format!("{id} {}", signed.id)).await;
                if self.is_known(id, signed.id)? {
                    tracing::info!(plugin = %id, push = signed.id, "a push came again");
                    return Ok(Received::again());
                }
                let received = self.read(plugins, plugin, &push).await?;
                self.keep(id, signed.id, received).await
            }
        }
    }

    fn is_known(&self, plugin: &PluginId, id: &str) -> Result<bool, NotReceived> {
        let known = self.store.get::<KeptPush>(&kept::push_key(plugin, id));
        Ok(known.map_err(NotReceived::NotKept)?.is_some())
    }

    /// Puts on disk what follows from a push that was taken, and begins to carry it out.
    async fn keep(
        self: &Arc<Self>,
        plugin: &PluginId,
        id: &str,
        received: Received,
    ) -> Result<Received, NotReceived> {
        if !(200..300).contains(&received.answer.status) {
            return Ok(received);
        }
        let notices = received.notices.iter().cloned().map(KeptNotice::new);
        let push = KeptPush {
            plugin: plugin.clone(),
            id: id.to_owned(),
            received_at: self.clock.now(),
            notices: notices.collect(),
        };
        let commit = kept::put(Commit::new(), &push);
        let kept = self.store.commit(commit).await;
        kept.map_err(NotReceived::NotKept)?;
        let (webhooks, key) = (Arc::clone(self), push.key());
        tokio::spawn(async move {
            if let Err(error) = webhooks.carry(&key).await {
                tracing::error!(%error, "what a push asks for is not done yet");
            }
        });
        Ok(received)
    }

    async fn verified_by(
        &self,
        plugins: &Plugins,
        plugin: &ActivePlugin,
    ) -> Result<Verification, NotReceived> {
        let known = self.known().get(&plugin.installed.sha256).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let request = CallRequest::new();
        let done = plugins
            .call(plugin, "webhooks", "verified-by", b"{}", request)
            .await?;
        let verification = result(done, plugin)?;
        let verification = serde_json::from_slice(&verification).map_err(|error| {
            tracing::error!(plugin = %plugin.installed.description.id, %error, "verified-by is not read");
            NotReceived::Failed
        })?;
        self.known()
            .insert(plugin.installed.sha256.clone(), verification);
        Ok(verification)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Verification>> {
        self.verified_by
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Who holds one of the secrets has signed it, and not long ago.
    fn genuine<'a>(
        &self,
        config: &Config,
        id: &PluginId,
        push: &Push<'a>,
    ) -> Result<Signed<'a>, NotReceived> {
        let signed = Signed::of(push.headers, push.body).map_err(NotReceived::Malformed)?;
        let may_say = |what| self.quiet.may_say(id, what, Instant::now());
        let secrets = &config.plugin(id).webhook_secrets;
        if secrets.is_empty() {
            if may_say("secret") {
                tracing::error!(
                    plugin = %id,
                    "a push cannot be believed: set the secret that the marketplace gave, \
                     stoflow plugin configure {id} --webhook-secrets-file FILE"
                );
            }
            return Err(NotReceived::NoSecret { plugin: id.clone() });
        }
        signed.check(secrets, self.clock.now()).map_err(|doubt| {
            match doubt {
                Doubt::Time { seconds } if may_say("time") => tracing::warn!(
                    plugin = %id, seconds,
                    "a push is not believed: it is from another time; is this machine's clock right?"
                ),
                Doubt::Signature if may_say("signature") => tracing::warn!(
                    plugin = %id,
                    "a push is not believed: none of the secrets that are set has signed it"
                ),
                Doubt::Time { .. } | Doubt::Signature => {}
            }
            NotReceived::NotGenuine
        })?;
        Ok(signed)
    }

    /// What the plugin makes of it.
    async fn read(
        &self,
        plugins: &Plugins,
        plugin: &ActivePlugin,
        push: &Push<'_>,
    ) -> Result<Received, NotReceived> {
        let headers: Vec<_> = push
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let arguments = json!({ "request": {
            "method": push.method,
            "url": push.url,
            "headers": headers,
            "body": STANDARD.encode(push.body),
        }});
        let arguments = arguments.to_string().into_bytes();
        let done = plugins
            .call(
                plugin,
                "webhooks",
                "receive",
                &arguments,
                CallRequest::new(),
            )
            .await?;
        let id = &plugin.installed.description.id;
        let received = Received::of(&result(done, plugin)?).map_err(|error| {
            tracing::error!(plugin = %id, error, "what the plugin made of a push is not read");
            NotReceived::Failed
        })?;
        for notice in &received.notices {
            log(id, notice);
        }
        Ok(received)
    }
}

/// By which a push is known again that has no id of its own.
fn digest(push: &Push<'_>) -> String {
    let mut digest = Sha256::new();
    for part in [push.method.as_bytes(), push.url.as_bytes(), push.body] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}

impl Received {
    /// It was received before.
    fn again() -> Self {
        let answer = Answer {
            status: 200,
            content_type: "text/plain".into(),
            body: Vec::new(),
        };
        Self {
            notices: Vec::new(),
            answer,
        }
    }

    fn of(json: &[u8]) -> Result<Self, String> {
        let outcome: PushOutcome =
            serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let response = outcome.response;
        let is_answer = (200..600).contains(&response.status);
        if !is_answer {
            return Err(format!("{} is no status of an answer", response.status));
        }
        let is_taken = response.status < 300;
        let body = STANDARD.decode(&response.body);
        Ok(Self {
            // A push that is not taken says nothing, whatever stands beside it.
            notices: if is_taken {
                outcome.notices
            } else {
                Vec::new()
            },
            answer: Answer {
                status: response.status,
                content_type: response.content_type,
                body: body.map_err(|error| error.to_string())?,
            },
        })
    }
}

/// The JSON that a call came to. Why there is none is for the log: the sender may be anybody.
fn result(done: Finished, plugin: &ActivePlugin) -> Result<Vec<u8>, NotReceived> {
    let said = match done.outcome {
        Ok(Outcome::Ok(json)) => return Ok(json),
        Ok(Outcome::Err(json)) => String::from_utf8_lossy(&json).into_owned(),
        Err(error) => error.to_string(),
    };
    let id = &plugin.installed.description.id;
    tracing::error!(plugin = %id, said, "the plugin failed over a push");
    Err(NotReceived::Failed)
}

/// Whom it is about is for those who act on it; an erased person's ids are in no log.
fn log(plugin: &PluginId, notice: &Notice) {
    match notice {
        Notice::Poll(poll) => {
            tracing::info!(%plugin, job = poll.job, account = ?poll.account, "pushed: something happened");
        }
        Notice::Revoked(account) => {
            tracing::info!(%plugin, ?account, "pushed: the consent is taken back");
        }
        Notice::Erase(ids) => {
            tracing::info!(%plugin, ids = ids.len(), "pushed: a person is to be erased");
        }
    }
}
