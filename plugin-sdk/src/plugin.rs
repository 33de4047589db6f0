//! What the plugin is and what it asks for: the one interface without defaults.

use crate::bindings::exports::stoflow::marketplace::plugin::Guest;
pub use crate::bindings::exports::stoflow::marketplace::plugin::{
    Credential, Description, Endpoint, Methods, Quota, QuotaScope, QuotaWindow, SecretHeader,
    Setting, Site,
};

/// What the plugin is and what it asks for. Every plugin says this itself.
pub trait Plugin {
    /// Called once, when a version is installed, without a network. The operator grants what is
    /// asked for here, and a request outside it is refused.
    fn describe() -> Description;
}

impl<T: Plugin> Guest for T {
    fn describe() -> Description {
        <T as Plugin>::describe()
    }
}

/// A description that asks for nothing, to be filled in with `..`: no request is allowed, no
/// setting exists. `version` is usually `env!("CARGO_PKG_VERSION")`.
#[must_use]
pub fn describe(id: &str, name: &str, version: &str) -> Description {
    Description {
        id: id.into(),
        name: name.into(),
        version: version.into(),
        sites: Vec::new(),
        endpoints: Vec::new(),
        quotas: Vec::new(),
        settings: Vec::new(),
    }
}
