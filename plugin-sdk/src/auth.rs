//! How sellers give consent.

pub use crate::bindings::exports::stoflow::marketplace::auth::{
    ClientAuthentication, Grant, Identity, Oauth2Provider, Redirect, Scope, TokenLimit,
};
use crate::interface::interface;
use crate::types::Error;

interface! {
    /// The marketplace's particulars of OAuth 2. The host runs the flow, keeps and refreshes the
    /// tokens; the plugin never sees one.
    pub trait Auth for crate::bindings::exports::stoflow::marketplace::auth::Guest {
        /// Where sellers consent and where the host sends tokens; part of what the operator
        /// grants. By default without addresses: nobody consents, and nothing is asked for.
        fn provider() -> Oauth2Provider = nobody();

        /// Asks the marketplace who the fresh token speaks for.
        fn identify() -> Result<Identity, Error> = Err(Error::unsupported("auth.identify"));
    }
}

fn nobody() -> Oauth2Provider {
    Oauth2Provider {
        authorize_url: String::new(),
        token_url: String::new(),
        revoke_url: None,
        redirect: Redirect::Url,
        pkce: true,
        client_authentication: ClientAuthentication::None,
        scopes: Vec::new(),
        access_token_seconds: 3600,
        refresh_token_seconds: 86_400,
        refresh_token_rotates: false,
        token_limits: Vec::new(),
    }
}
