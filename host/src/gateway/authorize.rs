//! The fourth stage: the credentials that the matched endpoint has, and no others.
//!
//! What is made here goes into the request on its way out and into the search of its reply, and
//! nowhere else. A secret that is too short to be found again safely is not sent at all.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::call::{CallContext, Seller};
use super::refusal::{Refusal, RefusalKind};
use super::tokens::Tokens;
use crate::accounts::{Bearer, TokenError};
use crate::config::SECRET_BYTES_MIN;
use crate::model::{Credential, Endpoint, SecretHeader};
use crate::secret::Secret;

/// What an endpoint's credentials come to for one attempt.
#[derive(Default)]
pub(super) struct Credentials {
    /// Headers to set, each marked as sensitive.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// What replies are searched for.
    pub(super) secrets: Vec<Secret>,
    /// Of the account's token, where one is in it: it can be refreshed.
    pub(super) generation: Option<u64>,
}

impl Credentials {
    /// Sets them, in place of whatever is there by those names.
    pub(super) fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
    }

    fn add(&mut self, name: HeaderName, value: &str) -> Result<(), Refusal> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| credential(format!("the credential for {name} is no header value")))?;
        value.set_sensitive(true);
        self.headers.push((name, value));
        Ok(())
    }

    fn guard(&mut self, secret: &Secret, what: &str) -> Result<(), Refusal> {
        if secret.expose().len() < SECRET_BYTES_MIN {
            return Err(credential(format!("{what} is too short to be guarded"))
                .remedy("it has to have at least 12 characters"));
        }
        self.secrets.push(secret.clone());
        Ok(())
    }
}

/// The credentials of `endpoint` for this call. `refused` is the generation of a token that the
/// marketplace has just refused.
pub(super) async fn credentials(
    tokens: &dyn Tokens,
    call: &CallContext,
    endpoint: &Endpoint,
    refused: Option<u64>,
) -> Result<Credentials, Refusal> {
    let mut made = Credentials::default();
    // Whether it goes into this request or not: a page may have kept it from an earlier one.
    if let Some(secret) = &call.config.client_secret {
        made.guard(secret, "the app's secret")?;
    }
    for credential in &endpoint.credentials {
        match credential {
            Credential::UserToken => {
                if let Some(bearer) = bearer(tokens, call, refused).await? {
                    made.guard(&bearer.token, "the seller's token")?;
                    made.add(AUTHORIZATION, &format!("Bearer {}", bearer.token.expose()))?;
                    made.generation = call.seller.account().map(|_| bearer.generation);
                }
            }
            Credential::AppToken(_) if speaks_for_seller(call, endpoint) => {}
            Credential::AppToken(_) => return Err(app_token(call)),
            Credential::Header(header) => {
                let name = header.name.parse().map_err(|_| {
                    self::credential(format!("{:?} is no header name", header.name))
                })?;
                made.add(name, &filled(header, call)?)?;
            }
        }
    }
    Ok(made)
}

async fn bearer(
    tokens: &dyn Tokens,
    call: &CallContext,
    refused: Option<u64>,
) -> Result<Option<Bearer>, Refusal> {
    let account = match &call.seller {
        Seller::None => return Ok(None),
        Seller::Fresh(bearer) => return Ok(Some(bearer.clone())),
        Seller::Account(account) => account,
    };
    let bearer = match refused {
        None => tokens.bearer(account, &call.config).await,
        Some(refused) => tokens.refreshed(account, &call.config, refused).await,
    };
    bearer.map(Some).map_err(|error| token_error(&error, call))
}

/// Whether an app's token gives way: beside a seller's token it is for calls that have none.
fn speaks_for_seller(call: &CallContext, endpoint: &Endpoint) -> bool {
    !matches!(call.seller, Seller::None) && endpoint.credentials.contains(&Credential::UserToken)
}

fn app_token(call: &CallContext) -> Refusal {
    let what = format!(
        "{} asks for the app's own token, which this host cannot get yet",
        call.plugin
    );
    Refusal::new(RefusalKind::Unsupported, what)
        .remedy("make the call for an account, or use a plugin without `app-token`")
}

fn filled(header: &SecretHeader, call: &CallContext) -> Result<String, Refusal> {
    let plugin = &call.plugin;
    let missing = |what: &str, flag: &str| {
        credential(format!(
            "{plugin} has no {what}, which {} is made of",
            header.name
        ))
        .remedy(format!("stoflow plugin configure {plugin} {flag}"))
    };
    let mut text = header.template.clone();
    if text.contains("{client-id}") {
        let id = call.config.client_id.as_deref();
        text = text.replace(
            "{client-id}",
            id.ok_or_else(|| missing("client id", "--client-id ID"))?,
        );
    }
    if text.contains("{client-secret}") {
        let secret = call.config.client_secret.as_ref();
        let secret = secret.ok_or_else(|| missing("client secret", "--client-secret-file FILE"))?;
        text = text.replace("{client-secret}", secret.expose());
    }
    Ok(text)
}

fn token_error(error: &TokenError, call: &CallContext) -> Refusal {
    let plugin = &call.plugin;
    let (kind, remedy) = match error {
        TokenError::NeedsConsent(_) => (RefusalKind::NeedsConsent, connect_again(call)),
        TokenError::Unavailable(_) => (
            RefusalKind::Unavailable,
            "try again later; the consent is kept".to_owned(),
        ),
        TokenError::Misconfigured(_) => (
            RefusalKind::Credential,
            format!("stoflow plugin configure {plugin}"),
        ),
        TokenError::ClockWrong(_) => (
            RefusalKind::Credential,
            "set this machine's clock; the consent is kept".to_owned(),
        ),
        TokenError::Unknown(_) => (
            RefusalKind::NeedsConsent,
            format!("stoflow account connect {plugin}"),
        ),
    };
    Refusal::new(kind, error.to_string()).remedy(remedy)
}

/// The command that renews the account, and no other one.
fn connect_again(call: &CallContext) -> String {
    let plugin = &call.plugin;
    match &call.seller {
        Seller::Account(account) => format!("stoflow account connect {plugin} --account {account}"),
        _ => format!("stoflow account connect {plugin}"),
    }
}

fn credential(what: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::Credential, what)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::tokens::TokenFuture;
    use super::*;
    use crate::config::PluginConfig;
    use crate::model::{AccountId, CallId, Lane, Method};

    /// Gives out `token-of-generation-N`.
    struct Counted;

    impl Tokens for Counted {
        fn bearer<'a>(&'a self, _: &'a AccountId, _: &'a PluginConfig) -> TokenFuture<'a> {
            Box::pin(async { Ok(token(1)) })
        }
        fn refreshed<'a>(
            &'a self,
            _: &'a AccountId,
            _: &'a PluginConfig,
            refused: u64,
        ) -> TokenFuture<'a> {
            Box::pin(async move { Ok(token(refused + 1)) })
        }
    }

    struct Failing(TokenError);

    impl Tokens for Failing {
        fn bearer<'a>(&'a self, _: &'a AccountId, _: &'a PluginConfig) -> TokenFuture<'a> {
            Box::pin(async { Err(self.0.clone()) })
        }
        fn refreshed<'a>(
            &'a self,
            _: &'a AccountId,
            _: &'a PluginConfig,
            _: u64,
        ) -> TokenFuture<'a> {
            Box::pin(async { Err(self.0.clone()) })
        }
    }

    fn token(generation: u64) -> Bearer {
        let token = Secret::new(format!("token-of-generation-{generation}"));
        Bearer { token, generation }
    }

    fn call(seller: Seller) -> CallContext {
        CallContext {
            call: CallId::random(),
            plugin: "etsy".parse().unwrap(),
            config: Arc::new(PluginConfig {
                client_id: Some("keystring".into()),
                client_secret: Some(Secret::new("shared-secret".into())),
                ..PluginConfig::default()
            }),
            seller,
            lane: Lane::Person,
            network: true,
            deadline: Instant::now() + Duration::from_secs(30),
            record: Arc::default(),
        }
    }

    fn endpoint(credentials: Vec<Credential>) -> Endpoint {
        Endpoint {
            origin: "https://a.test".into(),
            path_prefix: "/".into(),
            methods: vec![Method::Get],
            credentials,
            quotas: vec![],
            cache_seconds: None,
        }
    }

    fn api_key() -> Credential {
        Credential::Header(SecretHeader {
            name: "X-Api-Key".into(),
            template: "{client-id}:{client-secret}".into(),
        })
    }

    fn set(made: &Credentials) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("the plugin's"));
        headers.remove(AUTHORIZATION);
        made.apply(&mut headers);
        headers
            .iter()
            .map(|(name, value)| {
                assert!(value.is_sensitive());
                (name.to_string(), value.to_str().unwrap().to_owned())
            })
            .collect()
    }

    #[tokio::test]
    async fn the_endpoints_credentials_are_set_and_searched_for() {
        let call = call(Seller::Account(AccountId::random()));
        let endpoint = endpoint(vec![Credential::UserToken, api_key()]);
        let made = credentials(&Counted, &call, &endpoint, None).await.unwrap();
        assert_eq!(
            set(&made),
            [
                (
                    "authorization".into(),
                    "Bearer token-of-generation-1".into()
                ),
                ("x-api-key".into(), "keystring:shared-secret".to_owned()),
            ]
        );
        let secrets: Vec<_> = made.secrets.iter().map(Secret::expose).collect();
        assert_eq!(secrets, ["shared-secret", "token-of-generation-1"]);
        assert_eq!(made.generation, Some(1));
        let made = credentials(&Counted, &call, &endpoint, Some(6))
            .await
            .unwrap();
        assert_eq!(made.generation, Some(7));
    }

    #[tokio::test]
    async fn a_call_without_a_seller_goes_without_a_token() {
        let endpoint = endpoint(vec![Credential::UserToken, api_key()]);
        let made = credentials(&Counted, &call(Seller::None), &endpoint, None)
            .await
            .unwrap();
        assert_eq!(set(&made).len(), 1);
        assert_eq!(made.generation, None);
    }

    #[tokio::test]
    async fn a_fresh_token_is_used_and_not_refreshed() {
        let endpoint = endpoint(vec![Credential::UserToken]);
        let made = credentials(&Counted, &call(Seller::Fresh(token(9))), &endpoint, None)
            .await
            .unwrap();
        assert_eq!(set(&made)[0].1, "Bearer token-of-generation-9");
        assert_eq!(made.generation, None);
    }

    #[tokio::test]
    async fn an_endpoint_without_credentials_gets_none_and_its_replies_are_searched_all_the_same() {
        let call = call(Seller::Account(AccountId::random()));
        let made = credentials(&Counted, &call, &endpoint(vec![]), None)
            .await
            .unwrap();
        assert!(set(&made).is_empty());
        assert_eq!(made.secrets.len(), 1);
    }

    #[tokio::test]
    async fn an_apps_token_gives_way_to_a_sellers_and_is_refused_alone() {
        let both = endpoint(vec![Credential::UserToken, Credential::AppToken(vec![])]);
        let account = call(Seller::Account(AccountId::random()));
        assert!(credentials(&Counted, &account, &both, None).await.is_ok());
        let alone = credentials(&Counted, &call(Seller::None), &both, None)
            .await
            .err()
            .unwrap();
        assert_eq!(alone.kind, RefusalKind::Unsupported);
    }

    #[tokio::test]
    async fn what_is_missing_or_cannot_be_guarded_is_named_and_nothing_is_sent() {
        let endpoint = endpoint(vec![Credential::UserToken, api_key()]);
        let refused = async |config: PluginConfig, token: &str| {
            let token = Bearer {
                token: Secret::new(token.into()),
                generation: 1,
            };
            let call = CallContext {
                config: Arc::new(config),
                ..call(Seller::Fresh(token))
            };
            credentials(&Counted, &call, &endpoint, None)
                .await
                .err()
                .unwrap()
        };
        let id = Some("keystring".to_owned());
        let secret = |text: &str| Some(Secret::new(text.into()));
        let none = refused(PluginConfig::default(), "a-long-enough-token").await;
        assert!(none.remedy.contains("--client-id"), "{}", none.remedy);
        let config = PluginConfig {
            client_id: id.clone(),
            ..PluginConfig::default()
        };
        let none = refused(config, "a-long-enough-token").await;
        assert!(none.remedy.contains("--client-secret"), "{}", none.remedy);
        let config = PluginConfig {
            client_id: id.clone(),
            client_secret: secret("short"),
            ..PluginConfig::default()
        };
        assert!(
            refused(config, "a-long-enough-token")
                .await
                .what
                .contains("too short")
        );
        let config = PluginConfig {
            client_id: id,
            client_secret: secret("a-shared-secret"),
            ..PluginConfig::default()
        };
        assert!(
            refused(config.clone(), "short")
                .await
                .what
                .contains("too short")
        );
        let invalid = refused(config, "line\r\nbreak: inside").await;
        assert!(invalid.what.contains("no header value"), "{invalid}");
        assert!(!format!("{invalid:?}").contains("inside"));
    }

    #[tokio::test]
    async fn why_there_is_no_token_stays_told_apart() {
        let endpoint = endpoint(vec![Credential::UserToken]);
        for (error, kind) in [
            (
                TokenError::NeedsConsent("revoked".into()),
                RefusalKind::NeedsConsent,
            ),
            (
                TokenError::Unavailable("503".into()),
                RefusalKind::Unavailable,
            ),
            (
                TokenError::Misconfigured("invalid_client".into()),
                RefusalKind::Credential,
            ),
            (
                TokenError::ClockWrong("1 h ahead".into()),
                RefusalKind::Credential,
            ),
            (
                TokenError::Unknown(AccountId::random()),
                RefusalKind::NeedsConsent,
            ),
        ] {
            let call = call(Seller::Account(AccountId::random()));
            let refusal = credentials(&Failing(error), &call, &endpoint, None)
                .await
                .err()
                .unwrap();
            assert_eq!(refusal.kind, kind);
            assert!(!refusal.remedy.is_empty());
        }
    }
}
