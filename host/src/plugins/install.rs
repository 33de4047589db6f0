//! Installing: a file is decoded, compiled, asked what it is in an instance without a network, and
//! entered. Nothing is written before all of that went well and the operator has said yes.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::asks::{Ask, asks};
use super::call::CallRequest;
use super::catalogue::{ActivePlugin, Installed, Plugins, PluginsError, version_key};
use crate::contract::Outcome;
use crate::model::{Description, Grant, OAuth2Provider};
use crate::runtime::LinkedPlugin;

/// What the operator says to what a plugin asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Grant all that it asks for.
    Asked,
    /// Grant nothing new: what is not granted yet is an error.
    Present,
}

/// What a file is, before it is installed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Inspection {
    /// The version as it would be entered.
    pub installed: Installed,
    /// The interfaces that it exports.
    pub interfaces: Vec<String>,
    /// What it asks for.
    pub asks: Vec<Ask>,
    /// The version that is active now.
    pub active: Option<semver::Version>,
    /// Whether this version is there with this content.
    pub present: bool,
}

impl Inspection {
    /// Whether somebody has to say yes.
    pub fn needs_grant(&self) -> bool {
        self.asks.iter().any(|ask| !ask.granted)
    }
}

impl Plugins {
    /// Looks at a component: verifies it, and asks it what it is. Changes nothing.
    pub async fn inspect(&self, component: &[u8]) -> Result<Inspection, PluginsError> {
        let (plugin, _) = self.examine(component).await?;
        self.inspection(&plugin)
    }

    /// Installs a component. The first version of a plugin is active at once, a later one if
    /// `activate` says so.
    pub async fn install(
        &self,
        component: &[u8],
        choice: Choice,
        activate: bool,
        replace: bool,
    ) -> Result<Inspection, PluginsError> {
        let (plugin, grant) = self.examine(component).await?;
        let inspection = self.inspection(&plugin)?;
        let (id, version) = (
            &plugin.installed.description.id,
            &plugin.installed.description.version,
        );
        let other = self.store.get::<Installed>(&version_key(id, version))?;
        if other.is_some_and(|other| other.sha256 != plugin.installed.sha256) && !replace {
            return Err(PluginsError::Exists {
                id: id.clone(),
                version: version.clone(),
            });
        }
        if inspection.needs_grant() {
            if choice == Choice::Present {
                return Err(PluginsError::NotGranted {
                    id: id.clone(),
                    version: version.clone(),
                });
            }
            self.config.grant(id, &grant)?;
        }
        let becomes_active = activate
            || inspection
                .active
                .as_ref()
                .is_none_or(|active| active == version);
        let ActivePlugin { installed, linked } = plugin;
        self.enter(component, installed, becomes_active.then_some(linked))
            .await?;
        Ok(inspection)
    }

    /// Decodes, compiles and describes.
    async fn examine(&self, component: &[u8]) -> Result<(ActivePlugin, Grant), PluginsError> {
        let linked = self.load(component)?;
        let description: Description = self.ask(&linked, "plugin", "describe").await?;
        check(&description)?;
        let provider: OAuth2Provider = self.ask(&linked, "auth", "provider").await?;
        // A plugin without sellers leaves its provider empty.
        let provider = (!provider.authorize_url.is_empty()).then_some(provider);
        let grant = Grant::asked(&description, provider.clone());
        let installed = Installed {
            description,
            provider,
            sha256: linked.digest().to_string(),
            bytes: component.len() as u64,
            installed_at: Timestamp::now(),
        };
        Ok((ActivePlugin { installed, linked }, grant))
    }

    fn inspection(&self, plugin: &ActivePlugin) -> Result<Inspection, PluginsError> {
        let installed = plugin.installed.clone();
        let id = &installed.description.id;
        let present = self.config.plugin(id);
        let asks = asks(
            &installed.description,
            installed.provider.as_ref(),
            present.grant.as_ref(),
        );
        let interfaces = plugin.linked.schema().interfaces();
        let known = self
            .store
            .get::<Installed>(&version_key(id, &installed.description.version))?;
        Ok(Inspection {
            interfaces: interfaces
                .iter()
                .map(|interface| interface.shape().name.clone())
                .collect(),
            asks,
            active: self.active_version(id)?,
            present: known.is_some_and(|known| known.sha256 == installed.sha256),
            installed,
        })
    }

    /// Calls a function without arguments in an instance without a network.
    async fn ask<T: DeserializeOwned>(
        &self,
        linked: &LinkedPlugin,
        interface: &str,
        function: &str,
    ) -> Result<T, PluginsError> {
        let name = format!("{interface}.{function}");
        let wrong = |what: String| PluginsError::Description(format!("{name}: {what}"));
        let callee = linked.schema().function(interface, function);
        let callee = callee.map_err(|error| wrong(error.to_string()))?;
        let finished = self
            .call_offline(linked, callee, CallRequest::offline())
            .await;
        match finished.outcome {
            Ok(Outcome::Ok(json)) => {
                serde_json::from_slice(&json).map_err(|error| wrong(error.to_string()))
            }
            Ok(Outcome::Err(json)) => Err(wrong(String::from_utf8_lossy(&json).into_owned())),
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

/// What no description may say: the grant would mean something else than it shows.
fn check(description: &Description) -> Result<(), PluginsError> {
    let wrong = |what: String| {
        Err(PluginsError::Description(format!(
            "plugin.describe: {what}"
        )))
    };
    for (index, endpoint) in description.endpoints.iter().enumerate() {
        let origin =
            url::Url::parse(&endpoint.origin).map(|url| url.origin().ascii_serialization());
        if origin.as_deref() != Ok(endpoint.origin.as_str()) {
            return wrong(format!(
                "/endpoints/{index}/origin: {:?} is not scheme, host and port",
                endpoint.origin
            ));
        }
        if !endpoint.path_prefix.starts_with('/') {
            return wrong(format!(
                "/endpoints/{index}/path_prefix: {:?} does not begin with /",
                endpoint.path_prefix
            ));
        }
        for name in &endpoint.quotas {
            if !description.quotas.iter().any(|quota| quota.name == *name) {
                return wrong(format!(
                    "/endpoints/{index}/quotas: there is no quota {name:?}"
                ));
            }
        }
        if endpoint.cache_seconds.is_some()
            && endpoint
                .credentials
                .contains(&crate::model::Credential::UserToken)
        {
            return wrong(format!(
                "/endpoints/{index}/cache_seconds: replies to a seller's token are never kept"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(credentials: &serde_json::Value, cache_seconds: Option<u32>) -> Result<(), String> {
        let description = serde_json::from_value(json!({
            "id": "etsy",
            "name": "Etsy",
            "version": "1.0.0",
            "endpoints": [{
                "origin": "https://api.etsy.com",
                "path_prefix": "/v3",
                "methods": ["get"],
                "credentials": credentials,
                "cache_seconds": cache_seconds,
            }],
        }));
        check(&description.unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_endpoint_with_a_sellers_token_cannot_ask_for_its_replies_to_be_kept() {
        let key = json!({ "header": { "name": "x-api-key", "template": "{client-id}" } });
        assert_eq!(checked(&json!([key]), Some(86_400)), Ok(()));
        assert_eq!(checked(&json!([key, "user_token"]), None), Ok(()));
        let refused = checked(&json!([key, "user_token"]), Some(86_400)).unwrap_err();
        assert!(refused.contains("/endpoints/0/cache_seconds"), "{refused}");
        assert!(
            refused.contains("seller's token are never kept"),
            "{refused}"
        );
    }
}
