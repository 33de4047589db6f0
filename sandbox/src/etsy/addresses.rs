//! The caller's own addresses.

use super::{Call, lookups, render};
use crate::core::Core;
use crate::market::shop::{Address, User};
use crate::reply::{Refusal, Reply};

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let user = caller(core, call)?;
    let addresses: Vec<&Address> = user.addresses.values().collect();
    let shown = lookups::page(call, &addresses)
        .map(|address| render::address(user.id, address))
        .collect();
    Ok(Reply::ok(&render::page(addresses.len(), shown)))
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("user_address_id");
    let user = caller(core, call)?;
    let address = user.addresses.get(&id).ok_or_else(|| missing(id))?;
    Ok(Reply::ok(&render::address(user.id, address)))
}

/// Left Etsy's API in October 2026; the table still has it.
pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("user_address_id");
    let user = core.market.users.get_mut(&call.user_id());
    let removed = user.and_then(|user| user.addresses.remove(&id));
    removed.map(|_| Reply::deleted()).ok_or_else(|| missing(id))
}

fn caller<'a>(core: &'a Core, call: &Call<'_>) -> Result<&'a User, Refusal> {
    let id = call.user_id();
    let user = core.market.users.get(&id);
    user.ok_or_else(|| Refusal::missing("user", id))
}

fn missing(id: i64) -> Refusal {
    Refusal::missing("user address", id)
}
