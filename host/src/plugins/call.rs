//! A call of the active version: for whom it is, what it may reach, how long it may take.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio::time::Instant;
use tracing::Instrument;

use super::catalogue::{ActivePlugin, Plugins, PluginsError};
use crate::accounts::Bearer;
use crate::config::PluginConfig;
use crate::contract::{AccountNeed, Function, NameError};
use crate::gateway::{CallContext, Seller};
use crate::model::{Account, AccountId, CallId, Description, Lane};
use crate::runtime::{Assets, Call, Finished, LinkedPlugin, Progress, Subject, TimeLimit};
use crate::store::StoreError;
use crate::telemetry;

/// For whom a call is, and what comes with it.
#[derive(Debug)]
pub struct CallRequest {
    /// By which it is found in the log: that of the request which it is made of, if there is one.
    pub call: CallId,
    /// The seller's account, where there is one.
    pub account: Option<Account>,
    /// A token that belongs to no account yet.
    pub fresh: Option<Bearer>,
    /// One of the plugin's sites.
    pub site: Option<String>,
    /// Who waits for it.
    pub lane: Lane,
    /// Whether requests may leave.
    pub network: bool,
    /// The files given with it.
    pub assets: Assets,
    /// Who hears of its steps; those that come faster than they are heard are left out.
    pub progress: Option<Sender<Progress>>,
}

impl CallRequest {
    /// For nobody, by a person.
    pub fn new() -> Self {
        Self {
            call: telemetry::current().unwrap_or_else(CallId::random),
            account: None,
            fresh: None,
            site: None,
            lane: Lane::Person,
            network: true,
            assets: Assets::default(),
            progress: None,
        }
    }

    /// For nobody, without a network.
    pub(super) fn offline() -> Self {
        Self {
            network: false,
            ..Self::new()
        }
    }
}

impl Default for CallRequest {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a call was not made.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// The plugin is not there.
    #[error(transparent)]
    Plugin(#[from] PluginsError),
    /// It has no such interface or function.
    #[error(transparent)]
    Name(#[from] NameError),
    /// It needs an account, and there is none.
    #[error(
        "{interface}.{function} is for an account; connect one with stoflow account connect {plugin}"
    )]
    NeedsAccount {
        /// The plugin.
        plugin: String,
        /// The interface.
        interface: String,
        /// The function.
        function: String,
    },
    /// It is no site of the plugin.
    #[error("{site:?} is no site of {plugin}{known}")]
    Site {
        /// As asked for.
        site: String,
        /// The plugin.
        plugin: String,
        /// Those that there are, as the end of the sentence.
        known: String,
    },
}

impl Plugins {
    /// Calls a function of a plugin's active version, with arguments as a JSON object.
    pub async fn call(
        &self,
        plugin: &ActivePlugin,
        interface: &str,
        function: &str,
        arguments: &[u8],
        request: CallRequest,
    ) -> Result<Finished, Rejected> {
        let callee = plugin.linked.schema().function(interface, function)?;
        let facts = callee.facts();
        let description = &plugin.installed.description;
        check_site(description, request.site.as_deref())?;
        if plugin.account_need(callee) == AccountNeed::Required
            && request.account.is_none()
            && request.fresh.is_none()
        {
            return Err(Rejected::NeedsAccount {
                plugin: description.id.to_string(),
                interface: callee.interface().to_owned(),
                function: callee.name().to_owned(),
            });
        }
        let _turn = match (&request.account, facts.one_at_a_time) {
            (Some(account), true) => Some(self.one_at_a_time.hold(account.id.as_str()).await),
            _ => None,
        };
        Ok(self.call_function(plugin, callee, arguments, request).await)
    }

    /// Forgets what calls for an account have left behind.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget(&self, account: &AccountId) -> Result<(), StoreError> {
        self.doors.journal.forget(account).await
    }

    async fn call_function(
        &self,
        plugin: &ActivePlugin,
        callee: &Function,
        arguments: &[u8],
        request: CallRequest,
    ) -> Finished {
        let description = &plugin.installed.description;
        let config = self.config.plugin(&description.id);
        let facts = callee.facts();
        let limit = facts.time_limit;
        let time = TimeLimit {
            total: limit.total(),
            idle: limit.without_progress(),
        };
        let subject = subject(description, &config, &request);
        let seller = match (&request.account, request.fresh) {
            (_, Some(fresh)) => Seller::Fresh(fresh),
            (Some(account), None) => Seller::Account(account.id.clone()),
            (None, None) => Seller::None,
        };
        let http = CallContext {
            call: request.call.clone(),
            plugin: description.id.clone(),
            config,
            seller,
            lane: request.lane,
            network: request.network && facts.network,
            deadline: Instant::now() + time.total,
            record: Arc::default(),
        };
        let call = Call {
            doors: self.doors.clone(),
            subject,
            http,
            assets: request.assets,
            progress: request.progress,
            time,
        };
        let span = tracing::info_span!(
            "call",
            id = %request.call,
            plugin = %description.id,
            version = %description.version,
            interface = callee.interface(),
            function = callee.name(),
        );
        let done = self
            .runtime
            .call(&plugin.linked, callee, arguments, call)
            .instrument(span.clone())
            .await;
        let outcome = done.name();
        let ms = u64::try_from(done.elapsed.as_millis()).unwrap_or(u64::MAX);
        span.in_scope(|| tracing::info!(outcome, ms, "called"));
        let function = format!("{}.{}", callee.interface(), callee.name());
        telemetry::call(&description.id, function, outcome, done.elapsed);
        done
    }

    /// Calls a function of a component that is not installed: no account, no network, no settings.
    pub(super) async fn call_offline(
        &self,
        linked: &LinkedPlugin,
        callee: &Function,
        request: CallRequest,
    ) -> Finished {
        let limit = callee.facts().time_limit;
        let time = TimeLimit {
            total: limit.total(),
            idle: limit.without_progress(),
        };
        let http = CallContext {
            call: request.call.clone(),
            plugin: crate::model::PluginId::unnamed(),
            config: Arc::default(),
            seller: Seller::None,
            lane: request.lane,
            network: false,
            deadline: Instant::now() + time.total,
            record: Arc::default(),
        };
        let call = Call {
            doors: self.doors.clone(),
            subject: Subject::default(),
            http,
            assets: request.assets,
            progress: None,
            time,
        };
        self.runtime.call(linked, callee, b"{}", call).await
    }
}

impl ActivePlugin {
    /// For whom a function is called. A plugin without sellers has no accounts: there the function
    /// is called for nobody.
    pub fn account_need(&self, callee: &Function) -> AccountNeed {
        match callee.facts().account {
            AccountNeed::Required if self.installed.provider.is_none() => AccountNeed::IfAny,
            need => need,
        }
    }
}

fn subject(description: &Description, config: &PluginConfig, request: &CallRequest) -> Subject {
    let account = request.account.as_ref();
    let own = |name: &str| account.and_then(|account| account.settings.get(name));
    let mut settings = BTreeMap::new();
    for setting in &description.settings {
        let own = own(&setting.name).filter(|_| setting.per_account);
        let value = own
            .or_else(|| config.settings.get(&setting.name))
            .or(setting.default.as_ref());
        if let Some(value) = value {
            settings.insert(setting.name.clone(), value.clone());
        }
    }
    let home = || account.and_then(|account| account.identity.site.clone());
    Subject {
        account: request.account.clone(),
        site: request.site.clone().or_else(home),
        settings,
    }
}

fn check_site(description: &Description, site: Option<&str>) -> Result<(), Rejected> {
    let Some(site) = site else { return Ok(()) };
    if description.sites.iter().any(|known| known.id == site) {
        return Ok(());
    }
    let ids: Vec<_> = description
        .sites
        .iter()
        .map(|site| site.id.as_str())
        .collect();
    let known = if ids.is_empty() {
        ": it has none".into()
    } else {
        format!("; there is {}", ids.join(", "))
    };
    Err(Rejected::Site {
        site: site.to_owned(),
        plugin: description.id.to_string(),
        known,
    })
}
