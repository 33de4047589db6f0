//! How sellers give consent on Etsy, and who they are.

use crate::convert::matrix_read::currency;
use crate::id::Id;
use crate::refusal::call;
use crate::{Etsy, api};
use serde_json::{Map, Value};
use stoflow_plugin_sdk::auth::{ClientAuthentication, Identity, Oauth2Provider, Redirect, Scope};
use stoflow_plugin_sdk::types::Error;
use stoflow_plugin_sdk::{Auth, Object};

/// The scopes that the plugin's requests need.
const SCOPES: [(&str, &str); 7] = [
    (
        "listings_r",
        "see your listings, drafts and expired ones too",
    ),
    ("listings_w", "create and change listings"),
    ("listings_d", "delete listings"),
    ("shops_r", "see your shop, its policies and its profiles"),
    (
        "shops_w",
        "add sections, shipping profiles and policies to your shop",
    ),
    ("transactions_r", "see your orders"),
    (
        "transactions_w",
        "tell buyers that their orders are on their way",
    ),
];

impl Auth for Etsy {
    fn provider() -> Oauth2Provider {
        let scope = |(name, summary): (&str, &str)| Scope {
            name: name.to_owned(),
            summary: summary.to_owned(),
            optional: false,
        };
        Oauth2Provider {
            authorize_url: "https://www.etsy.com/oauth/connect".into(),
            token_url: "https://api.etsy.com/v3/public/oauth/token".into(),
            revoke_url: None,
            redirect: Redirect::Url,
            pkce: true,
            // The client's id goes into the form; the shared secret belongs to x-api-key only.
            client_authentication: ClientAuthentication::None,
            scopes: SCOPES.map(scope).to_vec(),
            access_token_seconds: 3_600,
            refresh_token_seconds: 90 * 86_400,
            refresh_token_rotates: true,
            token_limits: Vec::new(),
        }
    }

    fn identify() -> Result<Identity, Error> {
        let reply = call(api::me())?;
        let me = reply.object()?;
        let user = me
            .text("user_id")
            .ok_or_else(|| reply.unexpected("a user without an id"))?;
        let shop = me
            .text("shop_id")
            .as_deref()
            .and_then(Id::parse)
            .ok_or_else(|| {
                Error::precondition(
                    "",
                    "no-shop",
                    "this Etsy user has no shop: open one on Etsy first",
                )
            })?;
        let reply = call(api::shop(&shop))?;
        Ok(identity(user, &shop, &reply.object()?))
    }
}

/// Who has consented: what later calls need to know is in the extension.
#[must_use]
pub fn identity(user: String, shop: &Id, object: &Object<'_>) -> Identity {
    let country = object
        .words("shop_location_country_iso")
        .or_else(|| object.words("shipping_from_country_iso"));
    let known = [("currency", currency(object)), ("country", country)];
    let extension: Map<String, Value> = known
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
        .collect();
    Identity {
        id: user,
        name: object
            .words("shop_name")
            .unwrap_or_else(|| shop.to_string()),
        shop_id: Some(shop.to_string()),
        site: None,
        extension: Some(Value::Object(extension).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_keeps_what_later_calls_need() {
        let shop = Object::parse(
            br#"{"shop_name":"VieuxParis","currency_code":"EUR","shop_location_country_iso":"FR"}"#,
        )
        .unwrap();
        let identity = identity("42".into(), &Id::parse("7").unwrap(), &shop);
        assert_eq!(
            (
                identity.id.as_str(),
                identity.name.as_str(),
                identity.shop_id.as_deref()
            ),
            ("42", "VieuxParis", Some("7"))
        );
        let extension: Value = serde_json::from_str(&identity.extension.unwrap()).unwrap();
        assert_eq!(
            extension,
            serde_json::json!({"country": "FR", "currency": "EUR"})
        );
    }
}
