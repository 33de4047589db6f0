//! Etsy's JSON of everything: exactly the fields that its document names, each of them always there.
//!
//! Times stand twice under two names, a draft has no address, `style` is singular on reading and
//! `styles` on writing: what looks odd here is what Etsy sends.

use serde_json::{Map, Value, json};

use crate::market::Market;
use crate::market::image::StoredImage;
use crate::market::inventory::{Inventory, Offering, Product, PropertyValues};
use crate::market::listing::{Listing, State, StoredFile, Translation};
use crate::market::money::Currency;
use crate::table::Table;

pub(crate) use super::render_extras::*;
pub(crate) use super::render_money::*;
pub(crate) use super::render_orders::*;
pub(crate) use super::render_shop::*;

use super::human_size;

/// How a listing is to be shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// Whether its owner looks: SKUs and drafts' details are the owner's.
    pub(crate) owner: bool,
    /// Where images are served.
    pub(crate) base_url: &'a str,
}

/// `{count, results}`.
pub(crate) fn page(count: usize, results: Vec<Value>) -> Value {
    json!({ "count": count, "results": results })
}

/// All of a short list.
pub(crate) fn all(results: Vec<Value>) -> Value {
    page(results.len(), results)
}

/// The currency of a shop's amounts.
pub(crate) fn currency(market: &Market, shop_id: i64) -> Currency {
    const FALLBACK: Currency = crate::market::money::CURRENCIES[0];
    market
        .shops
        .get(&shop_id)
        .map_or(FALLBACK, |shop| shop.currency)
}

/// The document's `ShopListing`.
pub(crate) fn listing(market: &Market, listing: &Listing, base_url: &str) -> Map<String, Value> {
    let currency = currency(market, listing.shop_id);
    let url = (listing.state != State::Draft)
        .then(|| format!("{base_url}/listing/{}/{}", listing.id, slug(&listing.title)));
    let shown_readiness = listing.state == State::Active && listing.kind.is_shipped();
    let readiness = listing
        .inventory
        .readiness_state()
        .filter(|_| shown_readiness);
    let measures = &listing.measures;
    let language = market
        .shops
        .get(&listing.shop_id)
        .map(|shop| shop.language.as_str());
    let value = json!({
        "listing_id": listing.id,
        "user_id": listing.user_id,
        "shop_id": listing.shop_id,
        "title": listing.title,
        "description": listing.description,
        "rich_description": null,
        "state": listing.state.name(),
        "creation_timestamp": listing.created,
        "created_timestamp": listing.created,
        "ending_timestamp": listing.ends,
        "original_creation_timestamp": listing.original_created,
        "last_modified_timestamp": listing.modified,
        "updated_timestamp": listing.modified,
        "state_timestamp": listing.state_changed,
        "quantity": listing.inventory.quantity(),
        "shop_section_id": listing.section,
        "featured_rank": -1,
        "url": url,
        "num_favorers": 0,
        "non_taxable": !listing.is_taxable,
        "is_taxable": listing.is_taxable,
        "is_customizable": listing.is_customizable,
        "is_personalizable": !listing.questions.is_empty(),
        "listing_type": listing.kind.name(),
        "tags": listing.tags,
        "materials": listing.materials,
        "shipping_profile_id": listing.shipping_profile,
        "return_policy_id": listing.return_policy,
        "processing_min": listing.processing.0,
        "processing_max": listing.processing.1,
        "who_made": listing.who_made,
        "when_made": listing.when_made,
        "is_supply": listing.is_supply,
        "item_weight": measures.weight,
        "item_weight_unit": measures.weight_unit,
        "item_length": measures.length,
        "item_width": measures.width,
        "item_height": measures.height,
        "item_dimensions_unit": measures.unit,
        "is_private": false,
        "style": listing.styles,
        "file_data": file_data(market, listing),
        "has_variations": listing.inventory.has_variations(),
        "should_auto_renew": listing.should_auto_renew,
        "language": language,
        "price": currency.money(listing.inventory.price()),
        "converted_price": null,
        "taxonomy_id": listing.taxonomy_id,
        "readiness_state_id": readiness,
        "suggested_title": null,
    });
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The document's `ShopListingWithAssociations`, with what `includes` names filled in.
pub(crate) fn with_associations(
    market: &Market,
    shown: &Listing,
    includes: &[String],
    view: View<'_>,
) -> Value {
    let wants = |name: &str| includes.iter().any(|include| include == name);
    let shop = market.shops.get(&shown.shop_id);
    let user = market.users.get(&shown.user_id);
    let profile = shown.shipping_profile.filter(|_| view.owner);
    let profile = shop
        .zip(profile)
        .and_then(|(shop, id)| Some((shop, shop.shipping_profiles.get(&id)?)));
    let skus = if view.owner {
        shown.inventory.skus()
    } else {
        Vec::new()
    };
    let mut fields = listing(market, shown, view.base_url);
    let mut set = |name: &str, wanted: bool, absent: Value, value: &dyn Fn() -> Value| {
        fields.insert(name.to_owned(), if wanted { value() } else { absent });
    };
    set("shipping_profile", wants("Shipping"), Value::Null, &|| {
        profile.map_or(Value::Null, |(shop, profile)| {
            shipping_profile(shop, profile)
        })
    });
    set("user", wants("User"), Value::Null, &|| {
        user.map_or(Value::Null, |user| self::user(user, view.owner))
    });
    set("shop", wants("Shop"), Value::Null, &|| {
        shop.map_or(Value::Null, |shop| self::shop(market, shop, view.base_url))
    });
    set("images", wants("Images"), json!([]), &|| {
        Value::from(images(market, shown, view.base_url))
    });
    set("videos", wants("Videos"), json!([]), &|| {
        Value::from(videos(market, shown, view.base_url))
    });
    set("inventory", wants("Inventory"), Value::Null, &|| {
        inventory(market, shown, view.owner, false)
    });
    set("production_partners", true, json!([]), &|| {
        let ids = shown.production_partners.iter();
        let partners = ids.filter_map(|id| shop?.partners.get(id));
        partners.map(production_partner).collect()
    });
    set("skus", true, json!([]), &|| json!(skus));
    set("translations", wants("Translations"), Value::Null, &|| {
        translations(shown)
    });
    set("views", true, json!(0), &|| json!(0));
    set(
        "personalization",
        wants("Personalization"),
        Value::Null,
        &|| personalization(market, shown),
    );
    set("buyer_price", wants("BuyerPrice"), Value::Null, &|| {
        buyer_price(market, shown)
    });
    Value::Object(fields)
}

fn buyer_price(market: &Market, listing: &Listing) -> Value {
    let price = currency(market, listing.shop_id).money(listing.inventory.price());
    json!({
        "base_price": price,
        "shipping_cost": null,
        "is_free_shipping": false,
        "original_price": price,
        "discounted_price": null,
        "discount_amount": null,
        "discount_percentage": null,
        "has_discount": false,
        "discount_start_epoch": null,
        "discount_end_epoch": null,
    })
}

fn file_data(market: &Market, listing: &Listing) -> Option<String> {
    if listing.files.is_empty() {
        return None;
    }
    let names: Vec<&str> = listing
        .files
        .iter()
        .filter_map(|id| Some(market.files.get(id)?.name.as_str()))
        .collect();
    Some(format!("{} files: {}", names.len(), names.join(", ")))
}

/// The end of a listing's address.
fn slug(title: &str) -> String {
    let words: Vec<String> = title
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

/// The document's `ListingInventory`; with `deleted` also the products that are gone.
pub(crate) fn inventory(market: &Market, listing: &Listing, owner: bool, deleted: bool) -> Value {
    let currency = currency(market, listing.shop_id);
    let Inventory {
        products,
        deleted: gone,
        price_on,
        quantity_on,
        sku_on,
        readiness_on,
    } = &listing.inventory;
    let now = products
        .iter()
        .map(|product| self::product(product, currency, owner, false));
    let past = gone
        .iter()
        .filter(|_| deleted)
        .map(|product| self::product(product, currency, owner, true));
    json!({
        "products": now.chain(past).collect::<Vec<_>>(),
        "price_on_property": price_on,
        "quantity_on_property": quantity_on,
        "sku_on_property": sku_on,
        "readiness_state_on_property": readiness_on,
    })
}

/// The document's `ListingInventoryProduct`. SKUs are shown to the owner alone.
pub(crate) fn product(product: &Product, currency: Currency, owner: bool, deleted: bool) -> Value {
    let offerings = product
        .offerings
        .iter()
        .map(|it| offering(it, currency, deleted));
    json!({
        "product_id": product.id,
        "sku": if owner { product.sku.as_str() } else { "" },
        "is_deleted": deleted,
        "offerings": offerings.collect::<Vec<_>>(),
        "property_values": product.properties.iter().map(property_values).collect::<Vec<_>>(),
    })
}

/// The document's `ListingInventoryProductOffering`.
pub(crate) fn offering(offering: &Offering, currency: Currency, deleted: bool) -> Value {
    json!({
        "offering_id": offering.id,
        "quantity": offering.quantity,
        "is_enabled": offering.enabled,
        "is_deleted": deleted,
        "price": currency.money(offering.price),
        "readiness_state_id": offering.readiness_state,
    })
}

/// The document's `ListingPropertyValue`.
pub(crate) fn property_values(values: &PropertyValues) -> Value {
    json!({
        "property_id": values.property_id,
        "property_name": values.name,
        "scale_id": values.scale.as_ref().map(|(id, _)| id),
        "scale_name": values.scale.as_ref().map(|(_, name)| name),
        "value_ids": values.value_ids,
        "values": values.values,
    })
}

/// All images of a listing, in order of rank.
pub(crate) fn images(market: &Market, listing: &Listing, base_url: &str) -> Vec<Value> {
    let stored = listing.images.iter().filter_map(|listed| {
        let image = market.images.get(&listed.image_id)?;
        Some((listed, image))
    });
    (1..)
        .zip(stored)
        .map(|(rank, (listed, image))| {
            self::image(listing.id, image, rank, &listed.alt_text, base_url, true)
        })
        .collect()
}

/// The document's `ListingImage`. Sizes are unknown while Etsy still works on the image.
pub(crate) fn image(
    listing_id: i64,
    image: &StoredImage,
    rank: usize,
    alt_text: &str,
    base_url: &str,
    processed: bool,
) -> Value {
    let size = image.sniffed.size.filter(|_| processed);
    let url = |size: &str| {
        let extension = image.sniffed.kind.extension();
        format!(
            "{base_url}{}il_{size}.{}.{extension}",
            crate::page::IMAGE_PREFIX,
            image.id
        )
    };
    json!({
        "listing_id": listing_id,
        "listing_image_id": image.id,
        "hex_code": null,
        "red": null,
        "green": null,
        "blue": null,
        "hue": null,
        "saturation": null,
        "brightness": null,
        "is_black_and_white": null,
        "creation_tsz": image.created,
        "created_timestamp": image.created,
        "rank": rank,
        "url_75x75": url("75x75"),
        "url_170x135": url("170x135"),
        "url_570xN": url("570xN"),
        "url_fullxfull": url("fullxfull"),
        "full_height": size.map(|(_, height)| height),
        "full_width": size.map(|(width, _)| width),
        "alt_text": alt_text,
    })
}

/// The document's `ShopListingFile`.
pub(crate) fn file(listing_id: i64, file: &StoredFile, rank: usize) -> Value {
    json!({
        "listing_file_id": file.id,
        "listing_id": listing_id,
        "rank": rank,
        "filename": file.name,
        "filesize": human_size(file.bytes.len()),
        "size_bytes": file.bytes.len(),
        "filetype": super::files::content_type(&file.name),
        "create_timestamp": file.created,
        "created_timestamp": file.created,
    })
}

/// The document's `ListingTranslation`.
pub(crate) fn translation(listing_id: i64, language: &str, translation: &Translation) -> Value {
    json!({
        "listing_id": listing_id,
        "language": language,
        "title": translation.title,
        "description": translation.description,
        "tags": translation.tags,
    })
}

/// The document's `ListingTranslations`: every language that Etsy has, null where there is none.
fn translations(listing: &Listing) -> Value {
    let languages = languages();
    let one = |language: &str| match listing.translations.get(language) {
        Some(translation) => self::translation(listing.id, language, translation),
        None => Value::Null,
    };
    languages
        .map(|language| (language.to_owned(), one(language)))
        .collect::<Map<_, _>>()
        .into()
}

/// The languages that listings can be translated to.
pub(crate) fn languages() -> impl Iterator<Item = &'static str> {
    let schema = Table::get().schemas.get("ListingTranslations");
    let properties = schema.and_then(|schema| schema.properties.as_ref());
    properties
        .into_iter()
        .flat_map(|properties| properties.keys().map(String::as_str))
}
