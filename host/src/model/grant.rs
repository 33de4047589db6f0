//! What the operator allows a plugin. Written once, when it is granted, from what the plugin asked
//! for then; nothing that a plugin says later changes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Description, Endpoint, OAuth2Provider, Quota};

/// A plugin's grant, as it stands in `stoflow.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// The requests it may make.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// The limits they count against.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// Where sellers consent and where secrets and tokens go; `None` for a plugin that needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<OAuth2Provider>,
}

impl Grant {
    /// All that a plugin asks for.
    pub fn asked(description: &Description, provider: Option<OAuth2Provider>) -> Self {
        Self {
            endpoints: description.endpoints.clone(),
            quotas: description.quotas.clone(),
            provider,
        }
    }

    /// A grant of nothing.
    pub fn nothing() -> Self {
        Self {
            endpoints: Vec::new(),
            quotas: Vec::new(),
            provider: None,
        }
    }

    /// Whether nothing is granted.
    pub fn is_nothing(&self) -> bool {
        self.endpoints.is_empty() && self.provider.is_none()
    }
}
