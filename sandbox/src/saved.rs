//! A sandbox's state as one document, and back.
//!
//! The document holds everything but the history of requests: sellers, goods with the bytes of their
//! images, orders, tokens, what is spent of the limits, faults and webhooks that wait, the clock, and
//! how far ids and tokens have got. It is read whole before anything is replaced, and a document that
//! is damaged is refused with the place, so that nobody looks for a lost listing in a client.

use serde_json::{Value, json};

use crate::clock::LATEST_MS;
use crate::core::Core;
use crate::faults::Faults;
use crate::market::Market;
use crate::market::order::Sale;

/// What the document calls itself. Another form has another name.
const FORM: &str = "stoflow-sandbox-state-1";
/// Numbers beyond this are none that a sandbox writes: milliseconds of the last year that its clock
/// goes to are below it, and no sum of such numbers, nor days of them in seconds, overflows.
const NUMBER_MAX: u64 = 10_000_000_000_000;
/// The only number that may be any.
const SEED: &str = "/state/ids/seed";

/// The state as a document.
pub(crate) fn save(core: &Core) -> Result<Value, String> {
    let failed = |error: serde_json::Error| format!("the state cannot be written: {error}");
    let mut state = serde_json::to_value(core).map_err(failed)?;
    if let Some(fields) = state.as_object_mut() {
        let clock = serde_json::to_value(core.clock.saved()).map_err(failed)?;
        fields.insert("clock".to_owned(), clock);
    }
    Ok(json!({ "form": FORM, "state": state }))
}

/// Puts a document's state in the place of what there is; the history stays.
pub(crate) fn load(core: &mut Core, document: &Value) -> Result<(), String> {
    let mut loaded = read(document)?;
    std::mem::swap(&mut loaded.history, &mut core.history);
    *core = loaded;
    Ok(())
}

fn read(document: &Value) -> Result<Core, String> {
    let form = document.get("form").and_then(Value::as_str);
    if form != Some(FORM) {
        let form = form.unwrap_or("none");
        return Err(format!(
            "/form: this is \"{FORM}\", the document's is \"{form}\""
        ));
    }
    let state = document
        .get("state")
        .ok_or("/state: the document has none")?;
    check_numbers(document, "")?;
    // Text in lines says where a mistake is; a value only says that there is one.
    let text = serde_json::to_string_pretty(state).map_err(|error| error.to_string())?;
    let core: Core = serde_json::from_str(&text)
        .map_err(|error| format!("{}: {error}", place(&text, error.line())))?;
    check_market(&core.market)?;
    check_faults(&core.faults)?;
    if core.clock.now_ms() > LATEST_MS {
        return Err("/state/clock: no clock goes so far".to_owned());
    }
    Ok(core)
}

/// The JSON Pointer of a line of pretty JSON, which has one key or one element on each.
fn place(text: &str, line: usize) -> String {
    // For each depth the last key that was opened, or how many elements there were.
    let mut path: Vec<String> = Vec::new();
    for written in text.lines().take(line) {
        let trimmed = written.trim_start();
        let depth = (written.len() - trimmed.len()) / 2;
        if trimmed.starts_with(['}', ']']) {
            // The end of what stands at this depth.
            path.truncate(depth);
            continue;
        }
        let before = path.get(depth.saturating_sub(1)).cloned();
        path.truncate(depth.saturating_sub(1));
        if depth == 0 {
            continue;
        }
        path.push(key(trimmed).unwrap_or_else(|| {
            let count = before.and_then(|it| it.parse::<usize>().ok());
            count.map_or(0, |count| count + 1).to_string()
        }));
    }
    let keys: Vec<&str> = std::iter::once("/state")
        .chain(path.iter().map(String::as_str))
        .collect();
    keys.join("/")
}

/// The key that a line of pretty JSON begins with.
fn key(line: &str) -> Option<String> {
    let mut values = serde_json::Deserializer::from_str(line).into_iter::<String>();
    let key = values.next()?.ok()?;
    let rest = line.get(values.byte_offset()..)?;
    rest.starts_with(':').then_some(key)
}

/// Whether all numbers are such as a sandbox writes.
fn check_numbers(value: &Value, place: &str) -> Result<(), String> {
    match value {
        Value::Number(number) if place != SEED => {
            let size = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
            match size {
                Some(size) if size > NUMBER_MAX => {
                    Err(format!("{place}: {number} is out of range"))
                }
                _ => Ok(()),
            }
        }
        Value::Array(list) => list
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_numbers(item, &format!("{place}/{index}"))),
        Value::Object(fields) => fields
            .iter()
            .try_for_each(|(key, item)| check_numbers(item, &format!("{place}/{key}"))),
        _ => Ok(()),
    }
}

/// Whether everything is where its id says, and belongs to somebody.
fn check_market(market: &Market) -> Result<(), String> {
    let wrong = |kind: &str, key: i64, why: &str| Err(format!("/state/market/{kind}/{key}: {why}"));
    for (key, user) in &market.users {
        if user.id != *key {
            return wrong("users", *key, "the id is another");
        }
    }
    for (key, shop) in &market.shops {
        if shop.id != *key || !market.users.contains_key(&shop.user_id) {
            return wrong("shops", *key, "the id is another, or nobody owns it");
        }
    }
    let owned = |shop: i64| market.shops.contains_key(&shop);
    let stored = market
        .images
        .iter()
        .map(|(key, it)| ("images", *key, it.id, it.shop_id));
    let files = market
        .files
        .iter()
        .map(|(key, it)| ("files", *key, it.id, it.shop_id));
    let videos = market
        .videos
        .iter()
        .map(|(key, it)| ("videos", *key, it.id, it.shop_id));
    let orders = market
        .orders
        .iter()
        .map(|(key, it)| ("orders", *key, it.id, it.shop_id));
    for (kind, key, id, shop) in stored.chain(files).chain(videos).chain(orders) {
        if id != key || !owned(shop) {
            return wrong(kind, key, "the id is another, or no shop has it");
        }
    }
    for (key, order) in &market.orders {
        let sums = |sale: &Sale| {
            let sum = sale.price.checked_mul(sale.quantity);
            sum.is_some_and(|sum| sum.unsigned_abs() <= NUMBER_MAX)
        };
        if !order.sales.iter().all(sums) {
            return wrong("orders", *key, "nobody can pay so much");
        }
    }
    for (key, listing) in &market.listings {
        let owner = market.shops.get(&listing.shop_id).map(|shop| shop.user_id);
        if listing.id != *key || owner != Some(listing.user_id) {
            return wrong("listings", *key, "the id is another, or no shop has it");
        }
        let mut shown = listing.images.iter().map(|image| image.image_id);
        if let Some(missing) = shown.find(|id| !market.images.contains_key(id)) {
            return wrong("listings", *key, &format!("there is no image {missing}"));
        }
        if listing.ends < 0 {
            return wrong("listings", *key, "it ends before there were listings");
        }
    }
    Ok(())
}

fn check_faults(faults: &Faults) -> Result<(), String> {
    let mut fresh = Faults::default();
    for (index, fault) in faults.queued().iter().enumerate() {
        let added = fresh.add(fault.clone());
        added.map_err(|why| format!("/state/faults/queue/{index}: {why}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    fn saved() -> Value {
        save(&Core::new(&Options::default())).unwrap()
    }

    #[test]
    fn what_is_saved_is_loaded_and_saved_alike() {
        let before = saved();
        let mut core = Core::new(&Options {
            seed: 7,
            start: Some(0),
            tick: Some(std::time::Duration::ZERO),
            ..Options::default()
        });
        load(&mut core, &before).unwrap();
        let mut after = save(&core).unwrap();
        // Time went on.
        after["state"]["clock"] = before["state"]["clock"].clone();
        assert_eq!(after, before);
    }

    #[test]
    fn a_damaged_document_is_refused_with_the_place_and_changes_nothing() {
        let mut core = Core::new(&Options::default());
        for (pointer, damage, place) in [
            ("/form", json!("stoflow-sandbox-state-0"), "/form"),
            (
                "/state/market/shops/5001/currency",
                json!("XYZ"),
                "/state/market/shops/5001/currency",
            ),
            (
                "/state/market/shops/5002/sections/90002/title",
                json!(5),
                "/state/market/shops/5002/sections/90002/title",
            ),
            (
                "/state/market/shops/5001/id",
                json!(5),
                "/state/market/shops/5001",
            ),
            (
                "/state/market/shops/5001/user_id",
                json!(9),
                "/state/market/shops/5001",
            ),
            (
                "/state/market/users/2001",
                json!({}),
                "/state/market/users/2001",
            ),
            ("/state/ids/drawn", json!(u64::MAX), "/state/ids/drawn"),
            (
                "/state/clock",
                json!({ "Still": { "now_ms": 9_000_000_000_000_i64, "tick_ms": 1 } }),
                "/state/clock",
            ),
            (
                "/state/faults/queue",
                json!([{ "kind": "cut", "times": 0 }]),
                "/state/faults/queue/0",
            ),
            (
                "/state/limits/spent",
                json!([["Key", { "recent": [1, "x"], "buckets": [] }]]),
                "/state/limits/spent/0/1/recent/1",
            ),
        ] {
            let mut document = saved();
            *document.pointer_mut(pointer).unwrap() = damage;
            let why = load(&mut core, &document).unwrap_err();
            assert!(why.starts_with(&format!("{place}: ")), "{pointer}: {why}");
        }
        let mut document = saved();
        document["state"].as_object_mut().unwrap().remove("grants");
        assert!(load(&mut core, &document).unwrap_err().contains("grants"));
        for other in [json!(null), json!({}), json!({ "form": FORM })] {
            load(&mut core, &other).unwrap_err();
        }
        assert_eq!(core.market.shops.len(), 3);
    }
}
