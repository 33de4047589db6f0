//! What a plugin says of itself, as the host reads it: the records of `plugin.describe` and
//! `auth.provider` in their JSON form.
//!
//! Every field that the contract may gain has a default here, so that a plugin built before it
//! goes on working.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PluginId;

/// `plugin.description`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Description {
    /// Lower-case letters, digits and hyphens.
    pub id: PluginId,
    /// For people.
    pub name: String,
    /// Of this build.
    pub version: semver::Version,
    /// Empty where the marketplace is one for all countries.
    #[serde(default)]
    pub sites: Vec<Site>,
    /// The requests that it wants to make.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// The limits that the marketplace sets.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// What can be set.
    #[serde(default)]
    pub settings: Vec<Setting>,
}

/// `plugin.site`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Site {
    /// As the marketplace calls it.
    pub id: String,
    /// For people.
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// BCP 47, the usual one first.
    #[serde(default)]
    pub locales: Vec<String>,
}

/// `plugin.endpoint`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Endpoint {
    /// Scheme, host and port.
    pub origin: String,
    /// Matched on a segment boundary.
    pub path_prefix: String,
    /// The methods that these requests may have.
    #[serde(default)]
    pub methods: Vec<Method>,
    /// What the host adds.
    #[serde(default)]
    pub credentials: Vec<Credential>,
    /// Names of [`Quota`]s.
    #[serde(default)]
    pub quotas: Vec<String>,
    /// How long a GET's reply may be used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_seconds: Option<u32>,
}

/// One of `plugin.methods`. TRACE, CONNECT and the rest do not exist for a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the HTTP method of that name")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As it stands in a request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// `plugin.credential`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// `Authorization: Bearer`, the seller's token.
    UserToken,
    /// `Authorization: Bearer`, the app's own token, for these scopes.
    AppToken(Vec<String>),
    /// A header made from the app's client id and secret.
    Header(SecretHeader),
}

/// `plugin.secret-header`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretHeader {
    /// The header's name.
    pub name: String,
    /// `{client-id}` and `{client-secret}` are filled in.
    pub template: String,
}

/// `plugin.quota`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quota {
    /// By which endpoints name it.
    pub name: String,
    /// Whom the marketplace counts.
    pub scope: QuotaScope,
    /// Over what time.
    pub window: QuotaWindow,
    /// Requests in the window.
    pub limit: u32,
    /// Reply header that carries the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_header: Option<String>,
    /// Reply header that carries what is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_header: Option<String>,
}

/// `plugin.quota-scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaScope {
    /// All sellers of the app together.
    App,
    /// Each seller for itself.
    Account,
}

/// `plugin.quota-window`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaWindow {
    /// The last so many seconds.
    Sliding(u32),
    /// From midnight to midnight in this time zone.
    Day(String),
}

/// `plugin.setting`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// By which the plugin reads it.
    pub name: String,
    /// For people.
    pub summary: String,
    /// Where nobody has set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether each account may have its own value.
    #[serde(default)]
    pub per_account: bool,
}

/// `auth.oauth2-provider`: where sellers consent and where secrets and tokens are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OAuth2Provider {
    /// RFC 6749 §3.1.
    pub authorize_url: String,
    /// RFC 6749 §3.2.
    pub token_url: String,
    /// RFC 7009, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke_url: Option<String>,
    /// What stands in `redirect_uri`.
    pub redirect: Redirect,
    /// RFC 7636, S256.
    #[serde(default)]
    pub pkce: bool,
    /// RFC 6749 §2.3.
    pub client_authentication: ClientAuthentication,
    /// What consent is asked for.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// Life of an access token, seconds, where a reply does not say.
    pub access_token_seconds: u32,
    /// Life of a refresh token, seconds, where a reply does not say.
    pub refresh_token_seconds: u32,
    /// Whether a refresh reply replaces the refresh token.
    #[serde(default)]
    pub refresh_token_rotates: bool,
    /// How many tokens one app is issued in a day.
    #[serde(default)]
    pub token_limits: Vec<TokenLimit>,
}

/// `auth.redirect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Redirect {
    /// The URL of the host's callback.
    Url,
    /// A name that the marketplace gave that URL.
    Name,
}

/// `auth.client-authentication`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// A public client: `client_id` in the body.
    None,
    /// HTTP Basic.
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
}

/// `auth.scope`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// As the marketplace calls it.
    pub name: String,
    /// For people.
    pub summary: String,
    /// The operator may leave it out.
    #[serde(default)]
    pub optional: bool,
}

/// `auth.token-limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenLimit {
    /// Of this grant.
    pub grant: GrantType,
    /// Tokens a day.
    pub limit: u32,
}

/// `auth.grant`: RFC 6749's grant types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the OAuth 2.0 grant of that name")]
pub enum GrantType {
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
}

/// `auth.identity`: who has consented.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// The seller's id: two connections with the same one are the same account.
    pub id: String,
    /// For people: the shop's name.
    pub name: String,
    /// The shop's id, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop_id: Option<String>,
    /// One of [`Description::sites`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// What the plugin needs to know again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<serde_json::Value>,
}
