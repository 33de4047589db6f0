//! The sixth stage: the quotas that an endpoint counts against, and the order in which they are
//! waited for.

mod gate;
mod line;
mod told;

use std::num::NonZeroU32;
use std::time::Duration;

use super::call::CallContext;
use crate::model::{AccountId, Endpoint, Grant, PluginId, Quota, QuotaScope, QuotaWindow};

pub(super) use line::{Learned, Quotas, Ticket};
pub use told::QuotaUse;

/// A day's window, until the ledger of days is there: the last 24 hours hold at least what the day
/// since midnight does, so this is never too many.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Whose quota: a plugin's, and within it an account's where accounts are counted each for itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    plugin: PluginId,
    name: String,
    account: Option<AccountId>,
}

/// A quota that a request counts against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) key: Key,
    limit: u32,
    /// The most that the operator lets through.
    most: Option<NonZeroU32>,
    window: Duration,
    /// As it was granted; `None` for the one of an endpoint without quotas.
    pub(super) quota: Option<Quota>,
}

/// The quotas of an endpoint, in the order in which they are waited for. An endpoint without any has
/// one of its own without a limit, so that there is something for a 429 to close.
pub(super) fn counted(
    call: &CallContext,
    grant: Option<&Grant>,
    endpoint: &Endpoint,
) -> Vec<Counted> {
    let key = |name: &str, account| Key {
        plugin: call.plugin.clone(),
        name: name.into(),
        account,
    };
    let granted = grant.map_or(&[][..], |grant| &grant.quotas);
    let mut all: Vec<Counted> = granted
        .iter()
        .filter(|quota| endpoint.quotas.contains(&quota.name))
        .map(|quota| Counted {
            key: key(
                &quota.name,
                match quota.scope {
                    QuotaScope::App => None,
                    QuotaScope::Account => call.seller.account().cloned(),
                },
            ),
            limit: quota.limit,
            most: call.config.rate_limits.of(quota),
            window: window(&quota.window),
            quota: Some(quota.clone()),
        })
        .collect();
    if all.is_empty() {
        let name = format!("{}{}", endpoint.origin, endpoint.path_prefix);
        let window = Duration::from_secs(1);
        all.push(Counted {
            key: key(&name, None),
            limit: u32::MAX,
            most: None,
            window,
            quota: None,
        });
    }
    all.sort_by_key(|counted| {
        (
            counted.key.account.is_none(),
            counted.window,
            counted.key.name.clone(),
        )
    });
    all.dedup_by(|one, other| one.key == other.key);
    all
}

fn window(window: &QuotaWindow) -> Duration {
    match window {
        QuotaWindow::Sliding(seconds) => Duration::from_secs(u64::from(*seconds).max(1)),
        QuotaWindow::Day(_) => DAY,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::super::call::Seller;
    use super::*;
    use crate::model::{CallId, Lane};

    pub(super) fn quota(name: &str, scope: QuotaScope, seconds: u32, limit: u32) -> Quota {
        Quota {
            name: name.into(),
            scope,
            window: QuotaWindow::Sliding(seconds),
            limit,
            limit_header: None,
            remaining_header: None,
        }
    }

    fn call(seller: Seller) -> CallContext {
        CallContext {
            call: CallId::random(),
            plugin: "etsy".parse().unwrap(),
            config: Arc::default(),
            seller,
            lane: Lane::Person,
            network: true,
            deadline: Instant::now() + Duration::from_secs(30),
            record: Arc::default(),
        }
    }

    fn endpoint(quotas: &[&str]) -> Endpoint {
        Endpoint {
            origin: "https://a.test".into(),
            path_prefix: "/v3".into(),
            methods: vec![],
            credentials: vec![],
            quotas: quotas.iter().map(|name| (*name).to_owned()).collect(),
            cache_seconds: None,
        }
    }

    pub(super) fn all(seller: Seller, quotas: Vec<Quota>) -> Vec<Counted> {
        let names: Vec<String> = quotas.iter().map(|quota| quota.name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let grant = Grant {
            quotas,
            ..Grant::nothing()
        };
        counted(&call(seller), Some(&grant), &endpoint(&names))
    }

    #[test]
    fn quotas_are_waited_for_in_one_order() {
        let account = AccountId::random();
        let quotas = vec![
            quota("day", QuotaScope::App, 86_400, 10_000),
            quota("mine", QuotaScope::Account, 86_400, 100),
            quota("second", QuotaScope::App, 1, 10),
        ];
        let counted = all(Seller::Account(account.clone()), quotas);
        let names: Vec<&str> = counted
            .iter()
            .map(|counted| counted.key.name.as_str())
            .collect();
        assert_eq!(names, ["mine", "second", "day"]);
        assert_eq!(counted[0].key.account, Some(account));
        assert_eq!(counted[1].key.account, None);
    }

    #[test]
    fn an_endpoint_without_quotas_has_one_of_its_own() {
        let counted = counted(&call(Seller::None), None, &endpoint(&["unknown"]));
        assert_eq!(counted.len(), 1);
        assert_eq!(counted[0].limit, u32::MAX);
        assert_eq!(counted[0].key.name, "https://a.test/v3");
    }
}
