//! Built against a contract that lacks what today's has: fields (`plugin.description.settings`,
//! `auth.oauth2-provider.token-limits`, most of a listing), cases (most of `types.error`) and
//! functions (all of `publish` but one). It goes on working.

wit_bindgen::generate!({
    inline: "
        package stoflow:marketplace@0.1.0;

        interface types {
            variant error { not-found(string), unavailable(string) }
            record listing { id: string, title: string, quantity: u32 }
        }
        interface plugin {
            record description { id: string, name: string, version: string }
            describe: func() -> description;
        }
        interface auth {
            enum redirect { url }
            enum client-authentication { none }
            record oauth2-provider {
                authorize-url: string,
                token-url: string,
                redirect: redirect,
                client-authentication: client-authentication,
                access-token-seconds: u32,
                refresh-token-seconds: u32,
            }
            provider: func() -> oauth2-provider;
        }
        interface publish {
            use types.{error};
            delete: func(listing-id: string) -> result<_, error>;
        }
        interface listings {
            use types.{error, listing};
            get: func(id: string) -> result<listing, error>;
        }
        interface orders { use types.{error}; get: func(id: string) -> result<_, error>; }
        interface poll { jobs: func() -> list<string>; }

        world older {
            export plugin;
            export auth;
            export publish;
            export listings;
            export orders;
            export poll;
        }
    ",
});

use exports::stoflow::marketplace::{auth, listings, orders, plugin, poll, publish};
use stoflow::marketplace::types::{Error, Listing};

struct Older;

impl plugin::Guest for Older {
    fn describe() -> plugin::Description {
        plugin::Description {
            id: "older".into(),
            name: "Older".into(),
            version: "0.0.1".into(),
        }
    }
}

impl auth::Guest for Older {
    fn provider() -> auth::Oauth2Provider {
        auth::Oauth2Provider {
            authorize_url: String::new(),
            token_url: String::new(),
            redirect: auth::Redirect::Url,
            client_authentication: auth::ClientAuthentication::None,
            access_token_seconds: 1,
            refresh_token_seconds: 1,
        }
    }
}

impl publish::Guest for Older {
    fn delete(listing_id: String) -> Result<(), Error> {
        Err(Error::Unavailable(listing_id))
    }
}

impl listings::Guest for Older {
    fn get(id: String) -> Result<Listing, Error> {
        if id == "1" {
            Ok(Listing {
                id,
                title: "Old mug".into(),
                quantity: 2,
            })
        } else {
            Err(Error::NotFound(id))
        }
    }
}

impl orders::Guest for Older {
    fn get(id: String) -> Result<(), Error> {
        Err(Error::NotFound(id))
    }
}

impl poll::Guest for Older {
    fn jobs() -> Vec<String> {
        vec!["orders".into()]
    }
}

export!(Older);
