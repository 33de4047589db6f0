//! What the plugin asks for.

use crate::api::{ORIGIN, PREFIX};
use crate::{Etsy, settings};
use stoflow_plugin_sdk::Plugin;
use stoflow_plugin_sdk::plugin::{
    Credential, Description, Endpoint, Methods, Quota, QuotaScope, QuotaWindow, SecretHeader,
    describe,
};

/// What all requests count against.
const QUOTAS: [&str; 2] = ["per-second", "per-day"];
/// For how long the categories hold: Etsy changes them a few times a year.
const CATEGORIES_SECONDS: u32 = 86_400;

impl Plugin for Etsy {
    fn describe() -> Description {
        Description {
            endpoints: vec![everything(), categories()],
            quotas: vec![
                quota(
                    "per-second",
                    1,
                    10,
                    "x-limit-per-second",
                    "x-remaining-this-second",
                ),
                quota(
                    "per-day",
                    86_400,
                    10_000,
                    "x-limit-per-day",
                    "x-remaining-today",
                ),
            ],
            settings: settings::describe(),
            ..describe("etsy", "Etsy", env!("CARGO_PKG_VERSION"))
        }
    }
}

/// Every operation, for the seller who has consented.
fn everything() -> Endpoint {
    Endpoint {
        origin: ORIGIN.into(),
        path_prefix: format!("{PREFIX}/"),
        methods: Methods::GET | Methods::POST | Methods::PUT | Methods::PATCH | Methods::DELETE,
        credentials: vec![Credential::UserToken, app_key()],
        quotas: QUOTAS.map(Into::into).to_vec(),
        cache_seconds: None,
    }
}

/// The categories, which are the same for everybody: without a token the host may keep them.
fn categories() -> Endpoint {
    Endpoint {
        path_prefix: format!("{PREFIX}/seller-taxonomy/"),
        methods: Methods::GET,
        credentials: vec![app_key()],
        cache_seconds: Some(CATEGORIES_SECONDS),
        ..everything()
    }
}

fn app_key() -> Credential {
    Credential::Header(SecretHeader {
        name: "x-api-key".into(),
        template: "{client-id}:{client-secret}".into(),
    })
}

/// The limits that new apps are given; Etsy's replies say what holds for this one.
fn quota(
    name: &str,
    seconds: u32,
    limit: u32,
    limit_header: &str,
    remaining_header: &str,
) -> Quota {
    Quota {
        name: name.into(),
        scope: QuotaScope::App,
        window: QuotaWindow::Sliding(seconds),
        limit,
        limit_header: Some(limit_header.into()),
        remaining_header: Some(remaining_header.into()),
    }
}
