//! A granted provider as a client of OAuth 2.0: what is asked of it, and what its answers mean.
//!
//! The `oauth2` crate's own errors quote whole replies, tokens included: none of them leaves this
//! file. An answer becomes one of five outcomes, of which only one disconnects anybody.

use jiff::SignedDuration;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, ExtraTokenFields, PkceCodeChallenge,
    PkceCodeVerifier, RefreshToken, RequestTokenError, RevocationUrl, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::endpoint::{Endpoint, EndpointError};
use super::token::Issued;
use super::words::Words;
use crate::config::PluginConfig;
use crate::model::{ClientAuthentication, OAuth2Provider, PluginId};
use crate::secret::Secret;
use crate::transport::{NotSent, Target, TransportError};

/// 256 bits.
const STATE_BYTES: u32 = 32;

type Client = oauth2::Client<
    BasicErrorResponse,
    TokenReply,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointSet,
>;
type TokenReply = StandardTokenResponse<MoreFields, BasicTokenType>;

/// What replies hold beside RFC 6749's fields.
#[derive(Debug, Serialize, Deserialize)]
struct MoreFields {
    #[serde(default)]
    refresh_token_expires_in: Option<u64>,
}

impl ExtraTokenFields for MoreFields {}

/// The provider of one plugin's grant.
pub(crate) struct Provider<'a> {
    plugin: &'a PluginId,
    config: &'a PluginConfig,
    provider: &'a OAuth2Provider,
    client: Client,
}

/// Where a seller is sent, and what has to be known when they come back.
pub(crate) struct Authorization {
    pub(crate) url: Url,
    pub(crate) state: Secret,
    /// RFC 7636; `None` where the provider knows none.
    pub(crate) verifier: Option<Secret>,
}

/// Why a token endpoint gave no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It answered `invalid_grant`: the code or the refresh token is not good any more.
    Grant(String),
    /// The app is not known, or not as the configuration says.
    Misconfigured(String),
    /// It did nothing; later it may.
    NotDone(String),
    /// Nobody knows what it did: no answer came, or none that can be understood.
    Lost(String),
    /// It issued a token that is not sent as a bearer, which is not used (RFC 6749 §7.1). The
    /// refresh token that came with it has replaced the one before.
    TokenType {
        /// What it said of the type.
        words: String,
        /// What came with it.
        refresh_token: Option<Secret>,
    },
}

/// Of what types an access token may be to be sent as a bearer; any case is meant. eBay has a name
/// of its own for it.
const BEARER_TYPES: &[&str] = &["bearer", "user access token"];

impl<'a> Provider<'a> {
    /// The provider that is granted to a plugin, with the app that the operator has there.
    ///
    /// # Errors
    /// What is missing in the configuration, and how to set it.
    pub(crate) fn new(plugin: &'a PluginId, config: &'a PluginConfig) -> Result<Self, String> {
        let provider = config
            .grant
            .as_ref()
            .and_then(|grant| grant.provider.as_ref());
        let provider = provider.ok_or_else(|| {
            format!("{plugin} is granted no provider of consent: install it again, or grant it in stoflow.toml")
        })?;
        Ok(Self {
            plugin,
            config,
            provider,
            client: client(plugin, config, provider)?,
        })
    }

    /// As it is granted.
    pub(crate) fn granted(&self) -> &'a OAuth2Provider {
        self.provider
    }

    /// The names of the scopes that are asked for: the plugin's without those that the operator
    /// leaves out.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let left_out = &self.config.scopes_left_out;
        let names = self.provider.scopes.iter().map(|scope| &scope.name);
        names
            .filter(|name| !left_out.contains(*name))
            .cloned()
            .collect()
    }

    /// Whether the scopes that the operator leaves out are the plugin's at all: a name that is
    /// misspelt would leave nothing out.
    ///
    /// # Errors
    /// Which is none, and which there are.
    pub(crate) fn check_scopes_left_out(&self) -> Result<(), String> {
        let known: Vec<&str> = self
            .provider
            .scopes
            .iter()
            .map(|s| s.name.as_str())
            .collect();
        let mut left_out = self.config.scopes_left_out.iter();
        match left_out.find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(format!(
                "scopes_left_out of {plugin} in stoflow.toml names {name:?}, which is none of its \
                 scopes {}",
                known.join(", "),
                plugin = self.plugin,
            )),
        }
    }

    /// Begins a consent. `redirect_uri` goes out to the letter, whether it is a URL or a name.
    pub(crate) fn authorize(&self, redirect_uri: &str) -> Authorization {
        let scopes = self.scopes().into_iter().map(Scope::new);
        let mut request = self
            .client
            .authorize_url(|| CsrfToken::new_random_len(STATE_BYTES))
            .add_scopes(scopes)
            .add_extra_param("redirect_uri", redirect_uri.to_owned());
        let mut verifier = None;
        if self.provider.pkce {
            let (challenge, secret) = PkceCodeChallenge::new_random_sha256();
            request = request.set_pkce_challenge(challenge);
            verifier = Some(Secret::new(secret.secret().clone()));
        }
        let (url, state) = request.url();
        Authorization {
            url: Target::of(&url, self.config).url,
            state: Secret::new(state.secret().clone()),
            verifier,
        }
    }

    /// The tokens that a code stands for.
    pub(super) async fn exchange(
        &self,
        endpoint: &Endpoint<'_>,
        code: &Secret,
        redirect_uri: &str,
        verifier: Option<&Secret>,
    ) -> Result<Issued, Refusal> {
        let mut request = self
            .client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .add_extra_param("redirect_uri", redirect_uri.to_owned());
        if let Some(verifier) = verifier {
            request =
                request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
        }
        let reply = request.request_async(endpoint).await;
        let secrets = [Some(code), verifier, self.config.client_secret.as_ref()];
        self.outcome(reply, endpoint, secrets.into_iter().flatten())
    }

    /// The tokens that follow a refresh token.
    pub(super) async fn refresh(
        &self,
        endpoint: &Endpoint<'_>,
        refresh_token: &Secret,
    ) -> Result<Issued, Refusal> {
        let token = RefreshToken::new(refresh_token.expose().to_owned());
        let request = self.client.exchange_refresh_token(&token);
        let reply = request.request_async(endpoint).await;
        let secrets = [Some(refresh_token), self.config.client_secret.as_ref()];
        self.outcome(reply, endpoint, secrets.into_iter().flatten())
    }

    /// Takes a token back at the marketplace. `None` where that offers no way.
    pub(super) async fn revoke(
        &self,
        endpoint: &Endpoint<'_>,
        token: StandardRevocableToken,
    ) -> Option<Result<(), String>> {
        self.provider.revoke_url.as_ref()?;
        let request = match self.client.revoke_token(token) {
            Ok(request) => request,
            Err(_) => return Some(Err("its URL for that is not https".to_owned())),
        };
        let done = match request.request_async(endpoint).await {
            Ok(()) => Ok(()),
            Err(RequestTokenError::Request(error)) => Err(error.to_string()),
            Err(_) => Err(self.answered(endpoint)),
        };
        Some(done)
    }

    /// What a reply that was kept holds.
    pub(super) fn read_kept(&self, body: &[u8]) -> Result<Issued, Refusal> {
        match serde_json::from_slice(body) {
            Ok(reply) => issued(self.plugin, reply),
            // What the error quotes is the reply.
            Err(_) => Err(Refusal::Lost(format!(
                "{}'s reply is not what RFC 6749 describes",
                self.plugin
            ))),
        }
    }

    fn outcome<'s>(
        &self,
        reply: Result<TokenReply, RequestTokenError<EndpointError, BasicErrorResponse>>,
        endpoint: &Endpoint<'_>,
        secrets: impl Iterator<Item = &'s Secret>,
    ) -> Result<Issued, Refusal> {
        let status = endpoint.status().map_or(0, |status| status.as_u16());
        let error = match reply {
            Ok(reply) => return issued(self.plugin, reply),
            Err(error) => error,
        };
        match error {
            RequestTokenError::Request(EndpointError::Transport(error)) => {
                unanswered(self.plugin, &error)
            }
            RequestTokenError::Request(error) => {
                Err(Refusal::Lost(format!("{}: {error}", self.plugin)))
            }
            RequestTokenError::ServerResponse(refused) => {
                let said = refused.error_description().map_or("", String::as_str);
                let words = Words::new(secrets).clean(&match said {
                    "" => refused.error().to_string(),
                    said => format!("{}: {said}", refused.error()),
                });
                Err(refusal(self.plugin, refused.error(), status, &words))
            }
            // What these hold is the reply.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                let answered = self.answered(endpoint);
                let understood = (300..500).contains(&status);
                Err(if understood {
                    Refusal::NotDone(answered)
                } else {
                    Refusal::Lost(answered)
                })
            }
        }
    }

    fn answered(&self, endpoint: &Endpoint<'_>) -> String {
        match endpoint.status() {
            Some(status) if status.is_success() => {
                format!(
                    "{} answers {status}, but not with what RFC 6749 describes",
                    self.plugin
                )
            }
            Some(status) => format!("{} answers {status}", self.plugin),
            None => format!("{} does not answer", self.plugin),
        }
    }
}

fn client(
    plugin: &PluginId,
    config: &PluginConfig,
    provider: &OAuth2Provider,
) -> Result<Client, String> {
    let missing = |what: &str| {
        format!("{plugin} has no {what}: set it with stoflow plugin configure {plugin}")
    };
    let no_url =
        |what: &'static str| move |error| format!("the granted {what} of {plugin}: {error}");
    let id = config.client_id.clone().filter(|id| !id.is_empty());
    let id = ClientId::new(id.ok_or_else(|| missing("client_id"))?);
    let authorize =
        AuthUrl::new(provider.authorize_url.clone()).map_err(no_url("authorize_url"))?;
    let token = TokenUrl::new(provider.token_url.clone()).map_err(no_url("token_url"))?;
    let revoke = provider.revoke_url.clone().map(RevocationUrl::new);
    let revoke = revoke.transpose().map_err(no_url("revoke_url"))?;
    let mut client = oauth2::Client::new(id)
        .set_auth_uri(authorize)
        .set_token_uri(token)
        .set_revocation_url_option(revoke);
    let kind = match provider.client_authentication {
        // A secret that there may be is for other things: Etsy's belongs to its API's own header.
        ClientAuthentication::None => return Ok(client.set_auth_type(AuthType::RequestBody)),
        ClientAuthentication::Basic => AuthType::BasicAuth,
        ClientAuthentication::Body => AuthType::RequestBody,
    };
    let secret = config.client_secret.as_ref();
    let secret = secret.ok_or_else(|| missing("client_secret"))?;
    client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    Ok(client.set_auth_type(kind))
}

/// A reply as the host keeps it.
fn issued(plugin: &PluginId, reply: TokenReply) -> Result<Issued, Refusal> {
    let seconds =
        |seconds: u64| SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let refresh_token = reply
        .refresh_token()
        .filter(|token| !token.secret().is_empty())
        .map(|token| Secret::new(token.secret().clone()));
    let kind = reply.token_type().as_ref().to_lowercase();
    if !BEARER_TYPES.contains(&kind.as_str()) {
        let access = Secret::new(reply.access_token().secret().clone());
        let secrets = [Some(&access), refresh_token.as_ref()];
        let kind = Words::new(secrets.into_iter().flatten()).clean(&kind);
        let words = format!(
            "{plugin} issued a token of the type {kind:?}, which this host does not know how to send; it was not used"
        );
        return Err(Refusal::TokenType {
            words,
            refresh_token,
        });
    }
    if reply.access_token().secret().is_empty() {
        let words = format!("{plugin} issued an empty token");
        return Err(Refusal::Lost(words));
    }
    let scopes = reply.scopes().map(|scopes| {
        let names = scopes.iter().map(|scope| scope.to_string());
        names.filter(|name| !name.is_empty()).collect()
    });
    Ok(Issued {
        access_token: Secret::new(reply.access_token().secret().clone()),
        refresh_token,
        expires_in: reply.expires_in().map(|life| seconds(life.as_secs())),
        refresh_expires_in: reply.extra_fields().refresh_token_expires_in.map(seconds),
        scopes,
    })
}

/// No answer: a matter of the configuration, of later, or of not knowing.
fn unanswered(plugin: &PluginId, error: &TransportError) -> Result<Issued, Refusal> {
    let words = format!("{plugin}: {error}");
    Err(match error {
        TransportError::NotSent(
            NotSent::Dns { .. } | NotSent::Connect(_) | NotSent::ConnectTimeout | NotSent::Tls(_),
        ) => Refusal::NotDone(words),
        TransportError::NotSent(_) => Refusal::Misconfigured(words),
        TransportError::Unknown(_) | TransportError::Timeout(_) | TransportError::Read(_) => {
            Refusal::Lost(words)
        }
    })
}

/// What an error of RFC 6749 §5.2 means with the status that it came with: a server in trouble
/// says `invalid_grant` of good tokens, too.
fn refusal(plugin: &PluginId, error: &BasicErrorResponseType, status: u16, words: &str) -> Refusal {
    let words = format!("{plugin} answers {status}, {words}");
    match (error, status) {
        (_, 500..) => Refusal::Lost(words),
        (BasicErrorResponseType::InvalidGrant, 400 | 401) => Refusal::Grant(words),
        (
            BasicErrorResponseType::InvalidClient
            | BasicErrorResponseType::UnauthorizedClient
            | BasicErrorResponseType::UnsupportedGrantType
            | BasicErrorResponseType::InvalidScope
            | BasicErrorResponseType::InvalidRequest,
            400..=403,
        ) => Refusal::Misconfigured(words),
        _ => Refusal::NotDone(words),
    }
}

/// The token whose revocation ends the whole grant: the refresh token, where there is one.
pub(crate) fn revocable(access: &Secret, refresh: Option<&Secret>) -> StandardRevocableToken {
    match refresh {
        Some(refresh) => RefreshToken::new(refresh.expose().to_owned()).into(),
        None => AccessToken::new(access.expose().to_owned()).into(),
    }
}
