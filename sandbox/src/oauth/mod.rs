//! Consent and tokens: the page where a seller says yes, and the endpoint that hands out tokens.

pub(crate) mod connect;
pub(crate) mod grants;
pub(crate) mod token;

/// Every scope that Etsy's documentation names.
pub(crate) const SCOPES: [&str; 20] = [
    "address_r",
    "address_w",
    "billing_r",
    "cart_r",
    "cart_w",
    "email_r",
    "favorites_r",
    "favorites_w",
    "feedback_r",
    "listings_d",
    "listings_r",
    "listings_w",
    "profile_r",
    "profile_w",
    "recommend_r",
    "recommend_w",
    "shops_r",
    "shops_w",
    "transactions_r",
    "transactions_w",
];

/// Whether Etsy knows a scope.
pub(crate) fn is_scope(name: &str) -> bool {
    SCOPES.contains(&name)
}
