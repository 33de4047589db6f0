//! What of a grant cannot work, found when it is granted and not when a seller waits.

use http::HeaderName;

use crate::model::{Credential, Endpoint, Grant};
use crate::transport::Origin;

/// Something in a grant that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {what}")]
pub struct Unusable {
    /// Where, as a JSON Pointer into the grant.
    pub pointer: String,
    /// What is wrong with it.
    pub what: String,
}

/// Everything in a grant that the gateway could not act on; empty where all is well.
pub fn unusable(grant: &Grant) -> Vec<Unusable> {
    let mut found = Vec::new();
    for (index, endpoint) in grant.endpoints.iter().enumerate() {
        let mut add = |place: String, what: String| {
            found.push(Unusable {
                pointer: format!("/endpoints/{index}/{place}"),
                what,
            });
        };
        match endpoint.origin.parse::<Origin>() {
            Err(error) => add("origin".into(), error.to_string()),
            Ok(origin) if !origin.is_secure() => {
                add(
                    "origin".into(),
                    "only https is dialled, but for stand-ins".into(),
                );
            }
            Ok(_) => {}
        }
        if !endpoint.path_prefix.starts_with('/') {
            add(
                "path_prefix".into(),
                format!("{:?} does not begin with /", endpoint.path_prefix),
            );
        }
        if endpoint.methods.is_empty() {
            add("methods".into(), "none, so no request matches".into());
        }
        for (place, name) in endpoint.quotas.iter().enumerate() {
            if !grant.quotas.iter().any(|quota| quota.name == *name) {
                add(
                    format!("quotas/{place}"),
                    format!("there is no quota {name:?}"),
                );
            }
        }
        for (place, credential) in endpoint.credentials.iter().enumerate() {
            if let Some(what) = unusable_credential(endpoint, credential) {
                add(format!("credentials/{place}"), what);
            }
        }
    }
    found
}

fn unusable_credential(endpoint: &Endpoint, credential: &Credential) -> Option<String> {
    match credential {
        Credential::UserToken => None,
        // Beside a seller's token it is for calls without one, and those say so when they come.
        Credential::AppToken(_) if endpoint.credentials.contains(&Credential::UserToken) => None,
        Credential::AppToken(_) => Some("this host cannot get an app's own token yet".into()),
        Credential::Header(header) if header.name.parse::<HeaderName>().is_err() => {
            Some(format!("{:?} is no header name", header.name))
        }
        Credential::Header(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Method, Quota, QuotaScope, QuotaWindow, SecretHeader};

    fn header(name: &str) -> Credential {
        Credential::Header(SecretHeader {
            name: name.into(),
            template: "{client-id}".into(),
        })
    }

    fn grant() -> Grant {
        Grant {
            endpoints: vec![Endpoint {
                origin: "https://api.etsy.com".into(),
                path_prefix: "/v3".into(),
                methods: vec![Method::Get],
                credentials: vec![
                    Credential::UserToken,
                    Credential::AppToken(vec![]),
                    header("x-api-key"),
                ],
                quotas: vec!["second".into()],
                cache_seconds: None,
            }],
            quotas: vec![Quota {
                name: "second".into(),
                scope: QuotaScope::App,
                window: QuotaWindow::Sliding(1),
                limit: 10,
                limit_header: None,
                remaining_header: None,
            }],
            provider: None,
        }
    }

    #[test]
    fn a_grant_that_works_has_nothing_unusable() {
        assert_eq!(unusable(&grant()), []);
    }

    #[test]
    fn everything_that_cannot_work_is_named_at_once() {
        let mut grant = grant();
        let endpoint = &mut grant.endpoints[0];
        endpoint.origin = "http://api.etsy.com".into();
        endpoint.path_prefix = "v3".into();
        endpoint.methods.clear();
        endpoint.quotas.push("day".into());
        endpoint.credentials = vec![Credential::AppToken(vec![]), header("not a name")];
        let second = Endpoint {
            origin: "api.etsy.com".into(),
            ..grant.endpoints[0].clone()
        };
        grant.endpoints.push(second);
        let pointers: Vec<_> = unusable(&grant)
            .into_iter()
            .map(|found| found.pointer)
            .collect();
        assert_eq!(
            pointers[..6],
            [
                "/endpoints/0/origin",
                "/endpoints/0/path_prefix",
                "/endpoints/0/methods",
                "/endpoints/0/quotas/1",
                "/endpoints/0/credentials/0",
                "/endpoints/0/credentials/1",
            ]
        );
        assert_eq!(pointers[6], "/endpoints/1/origin");
    }
}
