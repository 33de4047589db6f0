//! How somebody with a key of his own would try to reach what is another's: at least one attempt for each
//! route.

use Gives::{Changed, Nobodys, Operators, Own, Theirs};

/// What the attempt gives to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// Its owner reads it; to another it does not exist.
    Theirs,
    /// Its owner might change it; to another it does not exist.
    Changed,
    /// To each what is his, if anything.
    Own,
    /// To operators alone.
    Operators,
    /// Nothing of anybody's, whatever it answers.
    Nobodys,
}

impl Gives {
    /// Whether another is answered so.
    pub(super) fn fits(self, status: u16) -> bool {
        match self {
            Self::Theirs | Self::Changed => (400..500).contains(&status),
            Self::Operators => status == 403,
            Self::Nobodys => status != 500,
            Self::Own => (200..300).contains(&status),
        }
    }
}

/// How somebody would try: method, route, path, body. What stands behind a dollar sign is
/// replaced by what is the other's.
#[rustfmt::skip]
pub(super) const ATTEMPTS: &[Attempt] = &[
    // First: what is named below stands afterwards in the problems of his own operations.
    (Own, "GET", "/api/operations", "/api/operations", ""),
    (Changed, "GET", "/api/operations", "/api/operations?user=$user", ""),
    (Own, "GET", "/api/operations", "/api/operations?account=$account", ""),
    (Own, "GET", "/api/operations", "/api/operations?cursor=$operation", ""),

    (Own, "GET", "/api/accounts", "/api/accounts", ""),
    (Changed, "GET", "/api/accounts", "/api/accounts?user=$user", ""),
    (Own, "GET", "/api/accounts", "/api/accounts?cursor=$account", ""),
    (Theirs, "GET", "/api/accounts/{account}", "/api/accounts/$account", ""),
    (Theirs, "GET", "/api/accounts/{account}", "/api/accounts/$alias", ""),
    (Theirs, "GET", "/api/accounts/{account}", "/api/accounts/$user%2Fetsy", ""),
    (Changed, "DELETE", "/api/accounts/{account}", "/api/accounts/$account", ""),
    (Changed, "DELETE", "/api/accounts/{account}", "/api/accounts/$alias", ""),
    (Changed, "POST", "/api/accounts/{account}/refresh", "/api/accounts/$account/refresh", ""),
    (Changed, "POST", "/api/accounts/{account}/settings", "/api/accounts/$account/settings", r#"{"who_made":"i_did"}"#),
    (Operators, "POST", "/api/accounts/refresh", "/api/accounts/refresh", ""),

    (Theirs, "GET", "/api/{plugin}/connection/status", "/api/etsy/connection/status?account=$account", ""),
    (Theirs, "GET", "/api/{plugin}/connection/status", "/api/etsy/connection/status?user=$user", ""),
    (Own, "GET", "/api/{plugin}/connection/status", "/api/etsy/connection/status", ""),
    (Changed, "POST", "/api/{plugin}/oauth/disconnect", "/api/etsy/oauth/disconnect?account=$account", ""),
    (Changed, "POST", "/api/{plugin}/oauth/disconnect", "/api/etsy/oauth/disconnect?account=$alias", ""),
    (Changed, "POST", "/api/{plugin}/oauth/disconnect", "/api/etsy/oauth/disconnect?user=$user", ""),

    (Changed, "GET", "/api/{plugin}/oauth/connect", "/api/etsy/oauth/connect?account=$account", ""),
    (Changed, "GET", "/api/{plugin}/oauth/connect", "/api/etsy/oauth/connect?user=$user", ""),
    (Changed, "POST", "/api/{plugin}/oauth/connect", "/api/etsy/oauth/connect", r#"{"account":"$account"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/connect", "/api/etsy/oauth/connect", r#"{"account":"$alias"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/connect", "/api/etsy/oauth/connect", r#"{"user":"$user"}"#),
    (Changed, "GET", "/api/{plugin}/oauth/callback", "/api/etsy/oauth/callback?state=$account&code=x", ""),
    (Changed, "POST", "/api/{plugin}/oauth/confirm", "/api/etsy/oauth/confirm", r#"{"consent":"$consent","decision":"connect"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/complete", "/api/etsy/oauth/complete", r#"{"user":"$user","consent":"$consent"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/complete", "/api/etsy/oauth/complete", r#"{"user":"u2","consent":"$consent"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/complete", "/api/etsy/oauth/complete", r#"{"user":"$user","consent":"$consent","decision":"cancel"}"#),

    (Changed, "POST", "/api/{plugin}/oauth/complete", "/api/etsy/oauth/complete", r#"{"user":"u2","callback":"$callback"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/complete", "/api/etsy/oauth/complete", r#"{"callback":"$callback"}"#),

    (Own, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/list", "{}"),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/list?account=$account", "{}"),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/list?account=$alias", "{}"),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/list?user=$user", "{}"),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/get", r#"{"id":"$listing"}"#),
    (Own, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/get-many", r#"{"ids":["$listing","$draft"]}"#),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/get-product", r#"{"id":"$listing"}"#),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/get-product", r#"{"id":"$draft"}"#),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/orders/get", r#"{"id":"$order"}"#),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/publish/pause", r#"{"listing_id":"$listing"}"#),

    (Own, "GET", "/api/{plugin}/products/rules", "/api/etsy/products/rules", ""),
    (Changed, "GET", "/api/{plugin}/products/rules", "/api/etsy/products/rules?account=$account", ""),
    (Changed, "POST", "/api/{plugin}/products/preview", "/api/etsy/products/preview?account=$account", r#"{"product":{"title":"x"},"target":"draft"}"#),
    (Changed, "POST", "/api/{plugin}/products/publish", "/api/etsy/products/publish?account=$account", r#"{"key":"mug","product":{"title":"x"},"target":"draft"}"#),
    // The other's key for his product is none here.
    (Changed, "POST", "/api/{plugin}/products/publish", "/api/etsy/products/publish", r#"{"key":"mug","product":{"title":"x"},"target":"draft"}"#),
    (Changed, "PUT", "/api/{plugin}/products/update", "/api/etsy/products/update", r#"{"listing_id":"$listing","product":{"title":"x"}}"#),
    (Changed, "PUT", "/api/{plugin}/products/update", "/api/etsy/products/update?account=$account", r#"{"listing_id":"$listing","product":{"title":"x"}}"#),
    (Changed, "POST", "/api/{plugin}/products/offers", "/api/etsy/products/offers", r#"{"listing_id":"$listing","offers":[]}"#),
    (Changed, "DELETE", "/api/{plugin}/products/delete", "/api/etsy/products/delete?listing_id=$listing", ""),
    (Changed, "DELETE", "/api/{plugin}/products/delete", "/api/etsy/products/delete?listing_id=$draft", ""),
    (Changed, "DELETE", "/api/{plugin}/products/delete", "/api/etsy/products/delete?listing_id=$draft&account=$alias", ""),

    (Own, "GET", "/api/{plugin}/listings/active", "/api/etsy/listings/active", ""),
    (Theirs, "GET", "/api/{plugin}/listings/active", "/api/etsy/listings/active?account=$account", ""),
    (Own, "GET", "/api/{plugin}/listings/draft", "/api/etsy/listings/draft", ""),
    (Theirs, "GET", "/api/{plugin}/listings/draft", "/api/etsy/listings/draft?account=$alias", ""),
    (Own, "GET", "/api/{plugin}/listings/inactive", "/api/etsy/listings/inactive", ""),
    (Own, "GET", "/api/{plugin}/listings/sold-out", "/api/etsy/listings/sold-out", ""),
    (Own, "GET", "/api/{plugin}/listings/expired", "/api/etsy/listings/expired", ""),
    (Theirs, "GET", "/api/{plugin}/listings/{id}", "/api/etsy/listings/$listing", ""),
    (Theirs, "GET", "/api/{plugin}/listings/{id}", "/api/etsy/listings/$draft", ""),
    (Theirs, "GET", "/api/{plugin}/listings/{id}", "/api/etsy/listings/$listing?user=$user", ""),
    (Theirs, "GET", "/api/{plugin}/listings/{id}/inventory", "/api/etsy/listings/$listing/inventory", ""),
    (Theirs, "GET", "/api/{plugin}/listings/{id}/inventory", "/api/etsy/listings/$draft/inventory", ""),
    (Changed, "PUT", "/api/{plugin}/listings/{id}/inventory", "/api/etsy/listings/$listing/inventory", r#"{"inventory":{"variations":[{"price":{"amount":"1.00","currency":"EUR"},"quantity":1}]}}"#),
    (Changed, "POST", "/api/{plugin}/listings/{id}/images", "/api/etsy/listings/$listing/images", r#"{"image":{"source":"https://127.0.0.1/x.jpg"}}"#),
    (Changed, "POST", "/api/{plugin}/listings/{listing_id}/activate", "/api/etsy/listings/$draft/activate", "{}"),
    (Changed, "POST", "/api/{plugin}/listings/{listing_id}/pause", "/api/etsy/listings/$listing/pause", "{}"),

    (Own, "GET", "/api/{plugin}/orders", "/api/etsy/orders", ""),
    (Theirs, "GET", "/api/{plugin}/orders", "/api/etsy/orders?account=$account", ""),
    (Theirs, "GET", "/api/{plugin}/orders/{id}", "/api/etsy/orders/$order", ""),
    (Theirs, "GET", "/api/{plugin}/orders/{id}", "/api/etsy/orders/$order?account=$alias", ""),
    (Changed, "POST", "/api/{plugin}/orders/{id}/ship", "/api/etsy/orders/$order/ship", r#"{"shipment":{}}"#),
    (Changed, "POST", "/api/{plugin}/orders/{id}/ship", "/api/etsy/orders/$order/ship?account=$account", r#"{"shipment":{}}"#),

    (Own, "GET", "/api/{plugin}/shop", "/api/etsy/shop", ""),
    (Theirs, "GET", "/api/{plugin}/shop", "/api/etsy/shop?account=$account", ""),
    (Own, "GET", "/api/{plugin}/shop/sections", "/api/etsy/shop/sections", ""),
    (Changed, "GET", "/api/{plugin}/shop/sections", "/api/etsy/shop/sections?account=$account", ""),
    (Changed, "POST", "/api/{plugin}/shop/sections", "/api/etsy/shop/sections?account=$account", r#"{"title":"Mine now"}"#),
    (Own, "GET", "/api/{plugin}/shop/readiness", "/api/etsy/shop/readiness", ""),
    (Changed, "GET", "/api/{plugin}/shop/readiness", "/api/etsy/shop/readiness?account=$alias", ""),
    (Own, "GET", "/api/{plugin}/policies", "/api/etsy/policies?kind=shipping", ""),
    (Changed, "GET", "/api/{plugin}/policies", "/api/etsy/policies?kind=shipping&account=$account", ""),
    (Changed, "POST", "/api/{plugin}/policies", "/api/etsy/policies?account=$account", r#"{"kind":"shipping","definition":"{}"}"#),
    (Own, "GET", "/api/{plugin}/policies/{kind}/schema", "/api/etsy/policies/shipping/schema", ""),
    (Changed, "GET", "/api/{plugin}/policies/{kind}/schema", "/api/etsy/policies/shipping/schema?account=$account", ""),
    (Own, "GET", "/api/{plugin}/shipping/profiles", "/api/etsy/shipping/profiles", ""),
    (Changed, "GET", "/api/{plugin}/shipping/profiles", "/api/etsy/shipping/profiles?account=$account", ""),
    (Changed, "POST", "/api/{plugin}/shipping/profiles", "/api/etsy/shipping/profiles?account=$account", r#"{"definition":"{}"}"#),
    (Own, "GET", "/api/{plugin}/taxonomy/nodes", "/api/etsy/taxonomy/nodes", ""),
    (Changed, "GET", "/api/{plugin}/taxonomy/nodes", "/api/etsy/taxonomy/nodes?account=$account", ""),
    (Changed, "GET", "/api/{plugin}/taxonomy/search", "/api/etsy/taxonomy/search?text=mug&account=$account", ""),
    (Changed, "GET", "/api/{plugin}/taxonomy/nodes/{node}/properties", "/api/etsy/taxonomy/nodes/1/properties?user=$user", ""),
    (Changed, "GET", "/api/{plugin}/polling/status", "/api/etsy/polling/status?account=$account", ""),
    (Own, "GET", "/api/{plugin}/polling/status", "/api/etsy/polling/status", ""),
    (Changed, "POST", "/api/{plugin}/polling/run", "/api/etsy/polling/run?account=$account", "{}"),
    (Changed, "POST", "/api/{plugin}/polling/run", "/api/etsy/polling/run?user=$user", "{}"),
    (Nobodys, "GET", "/api/{plugin}/webhooks", "/api/etsy/webhooks?challenge=x", ""),
    (Operators, "GET", "/api/{plugin}/webhooks/received", "/api/etsy/webhooks/received", ""),
    // Anybody may push.
    (Nobodys, "POST", "/api/{plugin}/webhooks", "/api/etsy/webhooks", r#"{"event_type":"order.paid"}"#),

    (Theirs, "GET", "/api/operations/{operation}", "/api/operations/$operation", ""),
    (Theirs, "GET", "/api/operations/{operation}/events", "/api/operations/$operation/events", ""),
    (Own, "POST", "/api/files", "/api/files?name=x", "{}"),
    (Changed, "POST", "/api/files", "/api/files?name=x&user=$user", "{}"),
    (Theirs, "GET", "/api/files/{file}", "/api/files/$file", ""),
    (Changed, "DELETE", "/api/files/{file}", "/api/files/$file", ""),
    // The other's file, named in a product.
    (Changed, "POST", "/api/{plugin}/products/publish", "/api/etsy/products/publish", r#"{"key":"x","product":{"title":"x","images":[{"source":"asset:$file"}]},"target":"draft"}"#),
    (Own, "GET", "/api/events", "/api/events?after=ev0000000000000000", ""),
    (Own, "GET", "/api/events", "/api/events?account=$account&after=ev0000000000000000", ""),
    (Changed, "GET", "/api/events", "/api/events?user=$user", ""),

    (Operators, "GET", "/api/keys", "/api/keys?user=$user", ""),
    (Operators, "POST", "/api/keys", "/api/keys", r#"{"user":"$user","scopes":["orders:read"]}"#),
    (Own, "GET", "/api/keys/self", "/api/keys/self", ""),
    (Operators, "GET", "/api/keys/{key}", "/api/keys/$key", ""),
    (Operators, "DELETE", "/api/keys/{key}", "/api/keys/$key", ""),
    (Own, "GET", "/api/users", "/api/users", ""),
    (Theirs, "GET", "/api/users/{user}", "/api/users/$user", ""),
    (Operators, "DELETE", "/api/users/{user}", "/api/users/$user", ""),

    (Operators, "GET", "/api/plugins", "/api/plugins", ""),
    (Operators, "POST", "/api/plugins", "/api/plugins", ""),
    (Operators, "POST", "/api/plugins/inspect", "/api/plugins/inspect", ""),
    (Operators, "GET", "/api/plugins/{plugin}", "/api/plugins/etsy", ""),
    (Operators, "DELETE", "/api/plugins/{plugin}", "/api/plugins/etsy", ""),
    (Own, "GET", "/api/plugins/{plugin}/schema", "/api/plugins/etsy/schema", ""),
    (Operators, "POST", "/api/plugins/{plugin}/configuration", "/api/plugins/etsy/configuration", r#"{"client_id":"x"}"#),
    (Operators, "GET", "/api/config", "/api/config", ""),
    (Operators, "GET", "/api/quotas", "/api/quotas", ""),
    // Of all users together: a scope that an operator gives to who watches.
    (Nobodys, "GET", "/metrics", "/metrics", ""),
    (Operators, "GET", "/api/store/check", "/api/store/check", ""),
    (Operators, "POST", "/api/store/export", "/api/store/export", ""),
    (Operators, "POST", "/api/store/master-key", "/api/store/master-key", "{}"),

    (Nobodys, "GET", "/healthz", "/healthz", ""),
    (Nobodys, "GET", "/readyz", "/readyz", ""),
    (Own, "GET", "/openapi.json", "/openapi.json", ""),
    (Own, "GET", "/docs", "/docs", ""),
    (Own, "GET", "/problems", "/problems", ""),
    (Own, "GET", "/problems/{slug}", "/problems/not-found", ""),
];

/// Of [`ATTEMPTS`].
pub(super) type Attempt = (
    Gives,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);
