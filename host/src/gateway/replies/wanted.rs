//! Which requests have replies that may be used again, and by what a reply is found: everything that
//! it may depend on.

use std::time::Duration;

use http::HeaderMap;
use http::header::CACHE_CONTROL;

use super::super::body::RequestBody;
use super::super::call::CallContext;
use super::super::matching::Granted;
use super::Replies;
use super::answer::has_directive;
use crate::model::{Credential, Method, PluginId};

/// The longest life: what is not asked for anew in a month is nobody's cache any more.
const LIFE_MAX: Duration = Duration::from_hours(30 * 24);

/// By what a reply is found: a keyed digest of all that it may depend on. Who reads the directory
/// learns no URL from it.
pub(super) type Name = [u8; 32];

/// A request whose reply may be used again.
#[derive(Debug, Clone)]
pub(in super::super) struct Wanted {
    pub(super) plugin: PluginId,
    pub(super) name: Name,
    /// How old its reply may be.
    pub(super) life: Duration,
    /// Whether the plugin has no use for the kept one, which it could not read: the marketplace's next
    /// takes its place.
    pub(super) anew: bool,
}

impl Wanted {
    pub(super) fn name(&self) -> &Name {
        &self.name
    }
}

impl Replies {
    /// The request as something whose reply may be kept; `None` where it may not. The grant's endpoint
    /// has allowed the request: what another grant has kept is found only where its credentials and
    /// the app are the same.
    pub(in super::super) fn wanted(
        &self,
        call: &CallContext,
        granted: &Granted<'_>,
        method: Method,
        headers: &HeaderMap,
        body: &RequestBody,
    ) -> Option<Wanted> {
        let endpoint = granted.endpoint;
        let seconds = endpoint.cache_seconds.filter(|seconds| *seconds > 0)?;
        let is_fit = method == Method::Get
            && body.is_empty()
            && !endpoint.credentials.contains(&Credential::UserToken)
            && !has_directive(headers, &["no-store"]);
        if !is_fit {
            return None;
        }
        let credentials = serde_json::to_vec(&endpoint.credentials).ok()?;
        let app = call.config.client_id.as_deref().unwrap_or_default();
        let mut parts = vec![
            call.plugin.as_str().as_bytes(),
            endpoint.origin.as_bytes(),
            granted.target.url.as_str().as_bytes(),
            &credentials,
            app.as_bytes(),
        ];
        parts.extend(sorted(headers));
        Some(Wanted {
            plugin: call.plugin.clone(),
            name: self.shelf.name(&parts),
            life: Duration::from_secs(seconds.into()).min(LIFE_MAX),
            anew: has_directive(headers, &["no-cache"]),
        })
    }
}

/// Names and values in an order of their own. What the plugin says about caches is no part of what it
/// asks for.
fn sorted(headers: &HeaderMap) -> Vec<&[u8]> {
    let mut names: Vec<_> = headers
        .keys()
        .filter(|name| *name != CACHE_CONTROL)
        .collect();
    names.sort_unstable_by_key(|name| name.as_str());
    let fields = names.into_iter().flat_map(|name| {
        let values = headers.get_all(name).iter();
        values.flat_map(move |value| [name.as_str().as_bytes(), value.as_bytes()])
    });
    fields.collect()
}
