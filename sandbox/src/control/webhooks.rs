//! Control endpoints for webhooks: Etsy has a portal for them and no API.

use serde::Deserialize;
use serde_json::{Value, json};

use super::read;
use crate::core::Core;
use crate::incoming::Incoming;
use crate::reply::Refusal;
use crate::webhooks::{Subscription, WebhookFault};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    url: String,
    /// All events where empty.
    #[serde(default)]
    events: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultWish {
    kind: WebhookFault,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replay {
    id: String,
}

/// `POST /sandbox/webhooks`: adds a listener.
pub(super) fn subscribe(core: &mut Core, incoming: &Incoming) -> Result<Value, Refusal> {
    let wish: Wish = read(incoming)?;
    let Core { webhooks, ids, .. } = core;
    let secret = webhooks.subscribe(ids, &wish.url, &wish.events);
    Ok(json!({ "secret": secret.map_err(Refusal::bad)? }))
}

/// `GET /sandbox/webhooks`: listeners without their secrets, deliveries, faults to come.
pub(super) fn show(core: &Core) -> Value {
    let listener = |it: &Subscription| json!({ "url": it.url, "events": it.events });
    let webhooks = &core.webhooks;
    json!({
        "subscriptions": webhooks.subscriptions().iter().map(listener).collect::<Vec<_>>(),
        "deliveries": webhooks.deliveries().collect::<Vec<_>>(),
        "faults": webhooks.faults().collect::<Vec<_>>(),
    })
}

/// `POST /sandbox/webhooks/faults`: what is to be wrong with the next delivery.
pub(super) fn disturb(core: &mut Core, incoming: &Incoming) -> Result<Value, Refusal> {
    let wish: FaultWish = read(incoming)?;
    core.webhooks.disturb(wish.kind);
    Ok(json!({}))
}

/// `POST /sandbox/webhooks/replay`: sends a delivery once more.
pub(super) fn replay(core: &mut Core, incoming: &Incoming) -> Result<Value, Refusal> {
    let wish: Replay = read(incoming)?;
    let now_ms = core.clock.now_ms();
    let replayed = core.webhooks.replay(&wish.id, now_ms);
    replayed.map_err(Refusal::bad)?;
    Ok(json!({}))
}
