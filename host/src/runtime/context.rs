//! `context`: for whom a call is, and how it is set up.

use std::collections::BTreeMap;

use wasmtime::Result;

use super::bindings::stoflow::marketplace::context;
use super::state::CallState;
use crate::model::Account;

/// For whom a call is. Put together by the host before the call; a plugin reads it and nothing else.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// `None` where the call needs no seller.
    pub account: Option<Account>,
    /// One of the plugin's sites.
    pub site: Option<String>,
    /// As the account has them, or else the operator, or else the plugin's own defaults.
    pub settings: BTreeMap<String, String>,
}

impl context::Host for CallState {
    async fn current(&mut self) -> Result<Option<context::Account>> {
        Ok(self
            .subject
            .account
            .as_ref()
            .map(|account| context::Account {
                id: account.id.to_string(),
                shop_id: account.identity.shop_id.clone(),
                name: account.identity.name.clone(),
                extension: account.identity.extension.as_ref().map(ToString::to_string),
            }))
    }

    async fn site(&mut self) -> Result<Option<String>> {
        Ok(self.subject.site.clone())
    }

    async fn setting(&mut self, name: String) -> Result<Option<String>> {
        Ok(self.subject.settings.get(&name).cloned())
    }
}
