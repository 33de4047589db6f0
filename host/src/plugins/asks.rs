//! What a plugin asks for, as sentences a person can say yes to, and what of it is not granted yet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    ClientAuthentication, Credential, Description, Endpoint, Grant, OAuth2Provider,
};

/// One thing that a plugin asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ask {
    /// For people: `https://api.etsy.com/v3/ (GET, POST) with the seller's token`.
    pub text: String,
    /// Whether the present grant holds it.
    pub granted: bool,
}

/// All that is asked for, beside what is granted.
pub(super) fn asks(
    description: &Description,
    provider: Option<&OAuth2Provider>,
    grant: Option<&Grant>,
) -> Vec<Ask> {
    let endpoints = description.endpoints.iter().map(|endpoint| Ask {
        text: endpoint_text(endpoint),
        granted: grant.is_some_and(|grant| grant.endpoints.contains(endpoint)),
    });
    let provider = provider.map(|provider| Ask {
        text: provider_text(provider),
        granted: grant.is_some_and(|grant| grant.provider.as_ref() == Some(provider)),
    });
    endpoints.chain(provider).collect()
}

fn endpoint_text(endpoint: &Endpoint) -> String {
    let methods: Vec<_> = endpoint
        .methods
        .iter()
        .map(|method| method.as_str())
        .collect();
    let mut text = format!(
        "{}{} ({})",
        endpoint.origin,
        endpoint.path_prefix,
        methods.join(", ")
    );
    let credentials: Vec<_> = endpoint.credentials.iter().map(credential_text).collect();
    if credentials.is_empty() {
        text.push_str(" without a credential");
    } else {
        text.push_str(" with ");
        text.push_str(&credentials.join(" and "));
    }
    if let Some(seconds) = endpoint.cache_seconds {
        text.push_str("; replies are kept and used again for ");
        text.push_str(&time(seconds));
    }
    text
}

/// In the largest unit that says it exactly.
fn time(seconds: u32) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let fits = units
        .into_iter()
        .find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, name) = fits.unwrap_or((1, "second"));
    let count = seconds / unit;
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {name}{plural}")
}

fn credential_text(credential: &Credential) -> String {
    match credential {
        Credential::UserToken => "the seller's token".into(),
        Credential::AppToken(_) => "the app's token".into(),
        Credential::Header(header) => format!("the app's key ({})", header.name),
    }
}

fn provider_text(provider: &OAuth2Provider) -> String {
    let secret = match provider.client_authentication {
        ClientAuthentication::None => "tokens",
        ClientAuthentication::Basic | ClientAuthentication::Body => "the app's secret and tokens",
    };
    format!(
        "sellers consent at {}; {secret} go to {}",
        provider.authorize_url, provider.token_url
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Method, SecretHeader};

    #[test]
    fn an_endpoint_reads_as_a_sentence() {
        let header = SecretHeader {
            name: "x-api-key".into(),
            template: "{client-id}".into(),
        };
        let mut endpoint = Endpoint {
            origin: "https://api.etsy.com".into(),
            path_prefix: "/v3/".into(),
            methods: vec![Method::Get, Method::Post],
            credentials: vec![Credential::UserToken, Credential::Header(header)],
            quotas: Vec::new(),
            cache_seconds: None,
        };
        assert_eq!(
            endpoint_text(&endpoint),
            "https://api.etsy.com/v3/ (GET, POST) with the seller's token and the app's key (x-api-key)"
        );
        endpoint.credentials.clear();
        assert!(endpoint_text(&endpoint).ends_with("without a credential"));
        for (seconds, text) in [
            (86_400, "1 day"),
            (7 * 86_400, "7 days"),
            (5_400, "90 minutes"),
            (7_200, "2 hours"),
            (61, "61 seconds"),
            (0, "0 seconds"),
        ] {
            endpoint.cache_seconds = Some(seconds);
            let said = endpoint_text(&endpoint);
            assert!(said.ends_with(&format!("used again for {text}")), "{said}");
        }
    }
}
