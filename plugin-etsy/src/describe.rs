//! What the plugin asks for.

use crate::api::{ORIGIN, PREFIX};
use crate::{Etsy, settings};
use stoflow_plugin_sdk::Plugin;
use stoflow_plugin_sdk::plugin::{
    Credential, Description, Endpoint, Methods, Quota, QuotaScope, QuotaWindow, SecretHeader,
    describe,
};

impl Plugin for Etsy {
    fn describe() -> Description {
        Description {
            endpoints: vec![Endpoint {
                origin: ORIGIN.into(),
                path_prefix: format!("{PREFIX}/"),
                methods: Methods::GET
                    | Methods::POST
                    | Methods::PUT
                    | Methods::PATCH
                    | Methods::DELETE,
                credentials: vec![
                    Credential::UserToken,
                    Credential::Header(SecretHeader {
                        name: "x-api-key".into(),
                        template: "{client-id}:{client-secret}".into(),
                    }),
                ],
                quotas: vec!["per-second".into(), "per-day".into()],
                cache_seconds: None,
            }],
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
