//! The nouns that every part of the host shares: ids, what a plugin asks for, what it is granted,
//! accounts. Nothing here does anything; it keeps two parts from having two ideas of one thing.

mod account;
mod api_key;
mod description;
mod grant;
mod ids;
mod key_scope;
mod lane;
mod push;

pub use account::{Account, AccountState};
pub use api_key::{ApiKey, KeyRate};
pub use description::{
    ClientAuthentication, Credential, Description, Endpoint, GrantType, Identity, Method,
    OAuth2Provider, Quota, QuotaScope, QuotaWindow, Redirect, Scope, SecretHeader, Setting, Site,
    TokenLimit,
};
pub use grant::Grant;
pub(crate) use ids::base32;
pub use ids::{AccountId, CallId, FileId, IdError, KeyId, OperationId, PluginId, UserId};
pub use key_scope::{Access, KeyScope, KeyScopeError, KeyScopes};
pub use lane::Lane;
pub use push::{AccountRef, Notice, PollNotice, PushOutcome, PushResponse, Verification, tells_of};
