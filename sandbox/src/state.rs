//! The whole state as JSON, in Etsy's shapes where Etsy has them.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::core::Core;
use crate::etsy::render;
use crate::market::listing::Listing;
use crate::market::order::Order;
use crate::market::shop::Shop;

/// Associations that every listing is shown with.
const INCLUDES: [&str; 6] = [
    "Shipping",
    "Images",
    "Shop",
    "User",
    "Translations",
    "Inventory",
];

/// Everything that the sandbox holds.
pub(crate) fn state(core: &Core, base_url: &str) -> Value {
    let (access, refresh) = core.grants.counts(core.clock.now());
    let shops = core
        .market
        .shops
        .values()
        .map(|it| shop(core, it, base_url));
    let listings = core
        .market
        .listings
        .values()
        .map(|it| listing(core, it, base_url));
    json!({
        "now": core.clock.now(),
        "clock_ahead_seconds": core.clock.ahead(),
        "tokens": { "access": access, "refresh": refresh },
        "faults": core.faults.queued(),
        "shops": shops.collect::<Vec<_>>(),
        "listings": listings.collect::<Vec<_>>(),
        "receipts": core.market.orders.values().map(|it| receipt(core, it)).collect::<Vec<_>>(),
    })
}

/// A receipt, and what no application sees of it.
fn receipt(core: &Core, order: &Order) -> Value {
    let mut shown = render::receipt(&core.market, order);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("sandbox_shop_id".to_owned(), order.shop_id.into());
        fields.insert("sandbox_mails".to_owned(), json!(order.mails));
        fields.insert("sandbox_delivered".to_owned(), json!(order.delivered));
        fields.insert("sandbox_canceled".to_owned(), json!(order.canceled));
    }
    shown
}

fn shop(core: &Core, shop: &Shop, base_url: &str) -> Value {
    let sections = (1..).zip(shop.sections.values());
    let sections = sections.map(|(rank, it)| render::section(&core.market, shop, it, rank));
    let profiles = shop
        .shipping_profiles
        .values()
        .map(|it| render::shipping_profile(shop, it));
    let readiness = shop.readiness_states.values();
    let policies = shop.return_policies.values();
    json!({
        "shop": render::shop(&core.market, shop, base_url),
        "sections": sections.collect::<Vec<_>>(),
        "shipping_profiles": profiles.collect::<Vec<_>>(),
        "readiness_states":
            readiness.map(|it| render::readiness_state(shop.id, it)).collect::<Vec<_>>(),
        "return_policies":
            policies.map(|it| render::return_policy(shop.id, it)).collect::<Vec<_>>(),
    })
}

/// A listing with all that belongs to it, and the digest of each image's bytes.
fn listing(core: &Core, listing: &Listing, base_url: &str) -> Value {
    let view = render::View {
        owner: true,
        base_url,
    };
    let includes = INCLUDES.map(str::to_owned);
    let mut shown = render::with_associations(&core.market, listing, &includes, view);
    let images = listing
        .images
        .iter()
        .filter_map(|listed| core.market.images.get(&listed.image_id));
    let stored = images.map(|image| {
        json!({
            "listing_image_id": image.id,
            "content_type": image.sniffed.kind.content_type(),
            "bytes": image.bytes.len(),
            "sha256": hex::encode(Sha256::digest(&image.bytes)),
        })
    });
    let files = (1..)
        .zip(&listing.files)
        .filter_map(|(rank, id)| Some(render::file(listing.id, core.market.files.get(id)?, rank)));
    let stored_videos = listing
        .videos
        .iter()
        .filter_map(|id| core.market.videos.get(id));
    let videos = stored_videos.map(
        |video| json!({ "video_id": video.id, "name": video.name, "bytes": video.bytes.len() }),
    );
    let attributes = listing.attributes.values().map(render::property_values);
    let variation_images = listing.variation_images.iter().map(|it| {
        json!({ "property_id": it.property_id, "value_id": it.value_id, "image_id": it.image_id })
    });
    if let Some(fields) = shown.as_object_mut() {
        let mut add = |name: &str, value: Vec<Value>| fields.insert(name.to_owned(), value.into());
        add("sandbox_images", stored.collect());
        add("sandbox_files", files.collect());
        add("sandbox_videos", videos.collect());
        add("sandbox_properties", attributes.collect());
        add("sandbox_variation_images", variation_images.collect());
        fields.insert("sandbox_guarantees".to_owned(), json!(listing.guarantees));
        fields.insert("sandbox_fees".to_owned(), listing.fees.into());
        fields.insert("sandbox_frozen".to_owned(), listing.frozen.into());
    }
    shown
}
