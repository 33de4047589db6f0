//! Users and shops.

use serde_json::json;

use super::{Call, lookups, render};
use crate::core::Core;
use crate::facts;
use crate::market::order::Order;
use crate::market::shop::Shop;
use crate::reply::{Refusal, Reply};

/// The texts that a seller writes for the shop's pages.
const MESSAGES: [&str; 4] = [
    "announcement",
    "sale_message",
    "digital_sale_message",
    "policy_additional",
];

pub(super) fn get_me(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let user_id = call.user_id();
    let shop = core
        .market
        .shop_of(user_id)
        .ok_or_else(|| Refusal::missing("shop of user", user_id))?;
    Ok(Reply::ok(
        &json!({ "user_id": user_id, "shop_id": shop.id }),
    ))
}

pub(super) fn get_user(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("user_id");
    let mut orders = core.market.orders.values();
    let bought = |order: &&Order| order.buyer_id == id && order.seller_id == call.user_id();
    if let Some(order) = orders.find(bought) {
        return Ok(Reply::ok(&render::buyer(order)));
    }
    if id != call.user_id() {
        return Err(Refusal::missing("user", id)
            .because("a token sees its own user and the shop's buyers, nobody else"));
    }
    let user = core
        .market
        .users
        .get(&id)
        .ok_or_else(|| Refusal::missing("user", id))?;
    Ok(Reply::ok(&render::user(user, true)))
}

pub(super) fn get_shop(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::shop(core, call)?;
    Ok(Reply::ok(&render::shop(&core.market, shop, call.base_url)))
}

pub(super) fn get_shop_by_owner(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("user_id");
    let shop = core
        .market
        .shop_of(id)
        .ok_or_else(|| Refusal::missing("shop of user", id))?;
    Ok(Reply::ok(&render::shop(&core.market, shop, call.base_url)))
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop_mut(core, call)?;
    let body = &call.input.body;
    if body.has("policy_additional") && !facts::is_eu(&shop.country) {
        return Err(Refusal::bad(
            "policy_additional can be set by shops of the EU only",
        ));
    }
    for message in MESSAGES {
        if let Some(text) = body.text(message) {
            shop.messages.insert(message.to_owned(), text.to_owned());
        }
    }
    if let Some(title) = body.text("title") {
        shop.title = Some(title.to_owned());
    }
    shop.updated = call.now;
    get_shop(core, call)
}

/// The shops whose name contains the words that were asked for, oldest first.
pub(super) fn find(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let wanted = call.input.query.text("shop_name").unwrap_or("");
    let wanted = wanted.trim().to_lowercase();
    let found: Vec<&Shop> = core
        .market
        .shops
        .values()
        .filter(|shop| shop.name.to_lowercase().contains(&wanted))
        .collect();
    let shown = lookups::page(call, &found)
        .map(|shop| render::shop(&core.market, shop, call.base_url))
        .collect();
    Ok(Reply::ok(&render::page(found.len(), shown)))
}

pub(super) fn production_partners(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let shown = shop.partners.values().map(render::production_partner);
    Ok(Reply::ok(&render::all(shown.collect())))
}
