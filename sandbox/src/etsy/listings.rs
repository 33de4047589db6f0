//! Listings: made as drafts, found, changed, published, deleted.

use serde_json::Value;

use super::{Call, activation, listing_fields, lookups, render};
use crate::core::Core;
use crate::facts;
use crate::ids::Kind;
use crate::input::Fields;
use crate::market::inventory::{Inventory, Offering, Product};
use crate::market::listing::{Listing, State, Type};
use crate::market::money::Currency;
use crate::market::shop::Shop;
use crate::reply::{Refusal, Reply};

pub(super) fn create_draft(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let body = &call.input.body;
    let shop = lookups::own_shop(core, call)?;
    let kind = Type::named(body.text("type").unwrap_or("physical"));
    let offering = first_offering(shop, kind, body)?;
    if kind.is_shipped() && body.int("shipping_profile_id").is_none() {
        return Err(Refusal::bad(
            "A shipping_profile_id is required for physical listings",
        ));
    }
    let mut listing = blank(shop, kind, offering, call.now);
    listing_fields::set(&core.market, shop, &mut listing, body)?;
    if !kind.is_shipped() {
        listing.shipping_profile = None;
    }
    listing.id = core.ids.next(Kind::Listing);
    for product in &mut listing.inventory.products {
        product.id = core.ids.next(Kind::Product);
        for offering in &mut product.offerings {
            offering.id = core.ids.next(Kind::Offering);
        }
    }
    let reply = Reply::created(&Value::Object(render::listing(
        &core.market,
        &listing,
        call.base_url,
    )));
    let weightless = listing.measures.weight.is_some_and(|weight| weight <= 0.0);
    let id = listing.id;
    core.market.listings.insert(id, listing);
    if weightless {
        // Seen at Etsy: the listing exists, the answer says that it failed.
        return Err(Refusal::server_error(format!(
            "item_weight is 0; listing {id} was created"
        )));
    }
    Ok(reply)
}

/// The one offering that a new listing has.
fn first_offering(shop: &Shop, kind: Type, body: &Fields) -> Result<Offering, Refusal> {
    let quantity = body.int("quantity").unwrap_or_default();
    if !(1..=facts::QUANTITY_MAX).contains(&quantity) {
        let text = format!("must be between 1 and {}", facts::QUANTITY_MAX);
        return Err(Refusal::problem("/quantity", &text));
    }
    let price = check_price(shop.currency, body.number("price").unwrap_or_default())?;
    let readiness_state = body.int("readiness_state_id");
    match (readiness_state, kind.is_shipped()) {
        (None, true) => {
            return Err(Refusal::bad(
                "A readiness_state_id is required for physical listings",
            ));
        }
        (Some(_), false) => {
            return Err(Refusal::bad(
                "Digital listings cannot have a readiness_state_id",
            ));
        }
        (Some(id), true) if !shop.readiness_states.contains_key(&id) => {
            return Err(Refusal::missing("readiness state", id));
        }
        _ => {}
    }
    Ok(Offering {
        id: 0,
        price,
        quantity,
        enabled: true,
        readiness_state,
    })
}

/// A price in minor units, within Etsy's limits.
pub(super) fn check_price(currency: Currency, price: f64) -> Result<i64, Refusal> {
    let amount = currency.minor_units(price).unwrap_or(i64::MAX);
    if amount < currency.price_min() {
        let text = format!(
            "must be above min price {}",
            currency.display(currency.price_min())
        );
        return Err(Refusal::problem("/price", &text));
    }
    if amount > currency.price_max() {
        let text = format!(
            "must be below max price {}",
            currency.display(currency.price_max())
        );
        return Err(Refusal::problem("/price", &text));
    }
    Ok(amount)
}

fn blank(shop: &Shop, kind: Type, offering: Offering, now: i64) -> Listing {
    let product = Product {
        id: 0,
        sku: String::new(),
        properties: Vec::new(),
        offerings: vec![offering],
    };
    Listing {
        id: 0,
        user_id: shop.user_id,
        shop_id: shop.id,
        state: State::Draft,
        title: String::new(),
        description: String::new(),
        kind,
        taxonomy_id: 0,
        who_made: String::new(),
        when_made: String::new(),
        is_supply: false,
        tags: Vec::new(),
        materials: Vec::new(),
        styles: Vec::new(),
        shipping_profile: None,
        return_policy: None,
        section: None,
        production_partners: Vec::new(),
        processing: (None, None),
        measures: Default::default(),
        is_customizable: true,
        is_taxable: false,
        should_auto_renew: false,
        guarantees: Default::default(),
        created: now,
        original_created: now,
        ends: crate::clock::months_later(now, facts::LISTING_MONTHS),
        modified: now,
        state_changed: now,
        inventory: Inventory {
            products: vec![product],
            ..Inventory::default()
        },
        images: Vec::new(),
        files: Vec::new(),
        attributes: Default::default(),
        translations: Default::default(),
        variation_images: Vec::new(),
        videos: Vec::new(),
        video_uploads: Vec::new(),
        questions: Vec::new(),
        frozen: false,
        fees: 0,
    }
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let body = &call.input.body;
    let mut listing = lookups::own_listing(core, call)?.clone();
    let shop = lookups::own_shop(core, call)?;
    if body
        .number("item_weight")
        .is_some_and(|weight| weight <= 0.0)
    {
        return Err(Refusal::problem("/item_weight", "must be greater than 0"));
    }
    if let Some(kind) = body.text("type") {
        change_type(&mut listing, Type::named(kind))?;
    }
    listing_fields::set(&core.market, shop, &mut listing, body)?;
    if !listing.kind.is_shipped() {
        listing.shipping_profile = None;
    }
    if let Some(state) = body.text("state") {
        activation::change_state(shop, &mut listing, state, call.now)?;
    }
    listing.touch(call.now);
    let reply = Reply::ok(&Value::Object(render::listing(
        &core.market,
        &listing,
        call.base_url,
    )));
    core.market.listings.insert(listing.id, listing);
    Ok(reply)
}

fn change_type(listing: &mut Listing, kind: Type) -> Result<(), Refusal> {
    if kind == listing.kind {
        return Ok(());
    }
    if !kind.is_shipped() {
        if listing.inventory.products.len() > 1 {
            return Err(Refusal::conflict(
                "A listing with variations cannot become digital: its inventory has more than one product",
            ));
        }
        listing_fields::make_digital(listing);
    }
    listing.kind = kind;
    Ok(())
}

pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::own_listing(core, call)?;
    activation::check_deletable(listing)?;
    let id = listing.id;
    core.market.listings.remove(&id);
    Ok(Reply::deleted())
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::visible_listing(core, call)?;
    let mut shown = show(core, call, listing);
    let language = call.input.query.text("language").unwrap_or("");
    if let Some(translation) = listing.translations.get(language)
        && let Some(fields) = shown.as_object_mut()
    {
        fields.insert("title".to_owned(), translation.title.clone().into());
        fields.insert(
            "description".to_owned(),
            translation.description.clone().into(),
        );
        fields.insert("tags".to_owned(), translation.tags.clone().into());
        fields.insert("language".to_owned(), language.into());
    }
    Ok(Reply::ok(&shown))
}

fn show(core: &Core, call: &Call<'_>, listing: &Listing) -> Value {
    let includes = call.input.query.texts("includes").unwrap_or_default();
    let owner = listing.user_id == call.user_id();
    let view = render::View {
        owner,
        base_url: call.base_url,
    };
    render::with_associations(&core.market, listing, &includes, view)
}

pub(super) fn by_shop(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?.id;
    let state = call.input.query.text("state").unwrap_or("active");
    // sort_on and sort_order do nothing without a search option, which this operation has none of.
    let listings = newest_first(core, |it| it.shop_id == shop && it.state.name() == state);
    Ok(paged(call, &listings, |listing| show(core, call, listing)))
}

/// No listing is featured: the field that did it left Etsy's API in 2026.
pub(super) fn featured(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    lookups::shop(core, call)?;
    Ok(Reply::ok(&render::all(Vec::new())))
}

pub(super) fn by_section(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::shop(core, call)?;
    let sections = call
        .input
        .query
        .ints("shop_section_ids")
        .unwrap_or_default();
    let (shop, owner) = (shop.id, shop.user_id == call.user_id());
    let listings = newest_first(core, |it| {
        let shelved = it
            .section
            .is_some_and(|section| sections.contains(&section));
        it.shop_id == shop && shelved && (owner || it.is_public())
    });
    Ok(paged(call, &listings, |listing| plain(core, call, listing)))
}

/// The listings of the ids, without those that the caller does not see.
pub(super) fn batch(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let ids = lookups::batch_ids(call)?;
    let found = ids
        .iter()
        .filter_map(|id| lookups::visible(&core.market, *id, call));
    Ok(Reply::ok(&render::all(
        found.map(|listing| show(core, call, listing)).collect(),
    )))
}

/// Shipping of several listings: one that is missing spoils the whole answer.
pub(super) fn batch_shipping(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let mut results = Vec::new();
    for id in lookups::batch_ids(call)? {
        let listing = lookups::visible(&core.market, id, call)
            .ok_or_else(|| Refusal::missing("listing", id))?;
        let owner = listing.user_id == call.user_id();
        let view = render::View {
            owner,
            base_url: call.base_url,
        };
        let includes = ["Shipping".to_owned()];
        let mut shown = render::with_associations(&core.market, listing, &includes, view);
        if let (false, Some(fields)) = (owner, shown.as_object_mut()) {
            fields.insert("shipping_profile_id".to_owned(), Value::Null);
        }
        results.push(shown);
    }
    Ok(Reply::ok(&render::all(results)))
}

/// Listings by creation, the latest first; of one second the latest id first.
pub(super) fn newest_first(core: &Core, wanted: impl Fn(&Listing) -> bool) -> Vec<&Listing> {
    let mut listings: Vec<&Listing> = core
        .market
        .listings
        .values()
        .filter(|listing| wanted(listing))
        .collect();
    listings.sort_by_key(|listing| (-listing.created, -listing.id));
    listings
}

/// The document's `ShopListing` as a value.
pub(super) fn plain(core: &Core, call: &Call<'_>, listing: &Listing) -> Value {
    Value::Object(render::listing(&core.market, listing, call.base_url))
}

/// One page; `count` is of all pages.
pub(super) fn paged(
    call: &Call<'_>,
    listings: &[&Listing],
    shown: impl Fn(&Listing) -> Value,
) -> Reply {
    let page = lookups::page(call, listings).map(|listing| shown(listing));
    Reply::ok(&render::page(listings.len(), page.collect()))
}
