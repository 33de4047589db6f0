//! Buying: what a buyer wants becomes an order, and the stock falls.
//!
//! Everything is checked before anything changes, so a purchase that is refused leaves the stock as it
//! was.

use serde::{Deserialize, Serialize};

use super::Market;
use super::inventory::Product;
use super::listing::{Listing, State};
use super::money::Currency;
use super::order::{Answer, Buyer, Order, Sale};
use super::shop::{Destination, Shop};
use crate::facts;
use crate::ids::{Ids, Kind};

/// What to buy. Absent fields have the values of `Purchase::default()`; the items must be of one shop.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Purchase {
    /// At least one.
    pub items: Vec<PurchaseItem>,
    /// Who buys.
    pub buyer: Buyer,
    /// Whether it is paid at once.
    pub paid: bool,
    /// Whether the payment of an order that is not paid is under way.
    pub processing: bool,
    /// What the buyer writes to the seller.
    pub note: Option<String>,
    /// Makes it a gift.
    pub gift_message: Option<String>,
    /// Whether Etsy keeps the address from the application.
    pub address_withheld: bool,
    /// A coupon's discount, such as `2.50`, in the shop's currency.
    pub discount: Option<String>,
    /// Sales tax, such as `1.20`, in the shop's currency.
    pub tax: Option<String>,
}

/// One article of a purchase.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PurchaseItem {
    /// The listing.
    pub listing_id: i64,
    /// The combination of variations; the first that can be bought where it is none.
    pub product_id: Option<i64>,
    /// How many.
    pub quantity: i64,
    /// The buyer's answers to the seller's questions, in their order.
    pub personalization: Vec<String>,
}

impl Default for Purchase {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            buyer: Buyer::default(),
            paid: true,
            processing: false,
            note: None,
            gift_message: None,
            address_withheld: false,
            discount: None,
            tax: None,
        }
    }
}

impl Default for PurchaseItem {
    fn default() -> Self {
        Self {
            listing_id: 0,
            product_id: None,
            quantity: 1,
            personalization: Vec::new(),
        }
    }
}

impl Purchase {
    /// One piece of a listing, paid.
    #[must_use]
    pub fn of(listing_id: i64) -> Self {
        Self {
            items: vec![PurchaseItem {
                listing_id,
                ..PurchaseItem::default()
            }],
            ..Self::default()
        }
    }
}

/// Buys, without paying; the order's id, or why it cannot be bought.
pub(crate) fn buy(
    market: &mut Market,
    ids: &mut Ids,
    purchase: &Purchase,
    now: i64,
) -> Result<i64, String> {
    let shop = shop_of(market, purchase)?;
    let mut order = blank(shop, purchase, now)?;
    let country = purchase.buyer.country.as_str();
    let mut listings: Vec<Listing> = Vec::new();
    for item in &purchase.items {
        if !listings.iter().any(|listing| listing.id == item.listing_id) {
            listings.push(on_sale(market, shop, item.listing_id)?.clone());
        }
        let listing = listings
            .iter_mut()
            .find(|listing| listing.id == item.listing_id);
        if let Some(listing) = listing {
            let mut sale = sell(market, shop, listing, item)?;
            // What is sent along with something else costs less.
            let is_alone = order.sales.iter().all(|sale| sale.is_digital);
            sale.shipping = shipping(shop, listing, item.quantity, (country, is_alone))?;
            order.sales.push(sale);
        }
    }
    for (name, amount) in [("discount", order.discount), ("tax", order.tax)] {
        if amount > order.total_price() {
            return Err(format!("the {name} is more than the price"));
        }
    }
    number(market, ids, &mut order);
    for mut listing in listings {
        listing.touch(now);
        if listing.inventory.quantity() < 1 {
            listing.enter(State::SoldOut, now);
        }
        market.listings.insert(listing.id, listing);
    }
    let id = order.id;
    market.orders.insert(id, order);
    Ok(id)
}

/// The one shop of all items.
fn shop_of<'a>(market: &'a Market, purchase: &Purchase) -> Result<&'a Shop, String> {
    let first = purchase.items.first().ok_or("there are no items to buy")?;
    let missing = || format!("there is no listing {}", first.listing_id);
    let listing = market.listings.get(&first.listing_id).ok_or_else(missing)?;
    market.shops.get(&listing.shop_id).ok_or_else(missing)
}

/// A listing that can be bought of this shop.
fn on_sale<'a>(market: &'a Market, shop: &Shop, id: i64) -> Result<&'a Listing, String> {
    let listing = market
        .listings
        .get(&id)
        .ok_or_else(|| format!("there is no listing {id}"))?;
    if listing.shop_id != shop.id {
        return Err(format!(
            "listing {id} is of another shop: an order has one shop"
        ));
    }
    if listing.state != State::Active {
        let state = listing.state.name();
        return Err(format!(
            "listing {id} is {state}: only active listings are sold"
        ));
    }
    Ok(listing)
}

fn blank(shop: &Shop, purchase: &Purchase, now: i64) -> Result<Order, String> {
    let buyer = &purchase.buyer;
    if !facts::is_country(&buyer.country) {
        return Err(format!(
            "country \"{}\" is not two capital letters",
            buyer.country
        ));
    }
    Ok(Order {
        id: 0,
        shop_id: shop.id,
        seller_id: shop.user_id,
        buyer_id: 0,
        address_id: 0,
        buyer: buyer.clone(),
        address_withheld: purchase.address_withheld,
        created: now,
        updated: now,
        processing: purchase.processing,
        paid: None,
        shipped: None,
        delivered: None,
        canceled: None,
        note: purchase.note.clone(),
        gift_message: purchase.gift_message.clone(),
        sales: Vec::new(),
        discount: amount(shop.currency, "discount", purchase.discount.as_deref())?,
        tax: amount(shop.currency, "tax", purchase.tax.as_deref())?,
        shipments: Vec::new(),
        refunds: Vec::new(),
        mails: Vec::new(),
    })
}

/// A written amount in minor units, at least 0; 0 where none is written.
pub(super) fn amount(currency: Currency, name: &str, text: Option<&str>) -> Result<i64, String> {
    let Some(text) = text else { return Ok(0) };
    let number = text.parse::<f64>().ok();
    number
        .and_then(|number| currency.minor_units(number))
        .filter(|amount| *amount >= 0)
        .ok_or_else(|| format!("{name} \"{text}\" is no amount such as 2.50"))
}

/// Takes an item from the stock of its listing; what it costs to send is not known yet.
fn sell(
    market: &Market,
    shop: &Shop,
    listing: &mut Listing,
    item: &PurchaseItem,
) -> Result<Sale, String> {
    if item.quantity < 1 {
        return Err(format!("quantity {} is less than 1", item.quantity));
    }
    let product = chosen(listing, item)?.clone();
    let offering = product
        .offerings
        .first()
        .ok_or("the product has no offering")?;
    let processing = offering
        .readiness_state
        .and_then(|id| shop.readiness_states.get(&id));
    listing.inventory.take(&product, item.quantity);
    let profile = listing
        .shipping_profile
        .and_then(|id| shop.shipping_profiles.get(&id));
    let files = listing.files.iter().filter_map(|id| market.files.get(id));
    Ok(Sale {
        id: 0,
        listing_id: listing.id,
        product_id: product.id,
        title: listing.title.clone(),
        description: listing.description.clone(),
        image_id: listing.images.first().map(|image| image.image_id),
        quantity: item.quantity,
        price: offering.price,
        shipping: 0,
        shipping_profile: listing.shipping_profile,
        shipping_method: profile.map(|profile| profile.title.clone()),
        processing_days: processing.map(|it| (it.days(it.min), it.days(it.max))),
        answers: answers(listing, item),
        is_digital: !listing.kind.is_shipped(),
        files: files.map(|file| file.name.clone()).collect(),
        sku: product.sku,
        properties: product.properties,
    })
}

/// Each answer with the question that it answers; what nobody asked has Etsy's general name.
fn answers(listing: &Listing, item: &PurchaseItem) -> Vec<Answer> {
    let mut questions = listing.questions.iter();
    let answer = |text: &String| {
        let question = questions.next();
        Answer {
            question_id: question.map(|question| question.id),
            question: question
                .map_or("Personalization", |it| it.text.as_str())
                .to_owned(),
            text: text.clone(),
        }
    };
    item.personalization.iter().map(answer).collect()
}

/// The product that an item means, if there are enough of it.
fn chosen<'a>(listing: &'a Listing, item: &PurchaseItem) -> Result<&'a Product, String> {
    let stock = |product: &Product| {
        let offering = product.offerings.first();
        offering.filter(|it| it.enabled).map_or(0, |it| it.quantity)
    };
    let mut products = listing.inventory.products.iter();
    let found = match item.product_id {
        Some(id) => products
            .find(|product| product.id == id)
            .ok_or_else(|| format!("listing {} has no product {id}", listing.id))?,
        None => products
            .find(|product| stock(product) > 0)
            .ok_or_else(|| format!("nothing of listing {} can be bought", listing.id))?,
    };
    if stock(found) < item.quantity {
        return Err(format!(
            "there are {} of product {}, not {}",
            stock(found),
            found.id,
            item.quantity
        ));
    }
    Ok(found)
}

/// What it costs to send so many pieces of a listing to a country, alone or along with others.
fn shipping(
    shop: &Shop,
    listing: &Listing,
    quantity: i64,
    (country, is_alone): (&str, bool),
) -> Result<i64, String> {
    if !listing.kind.is_shipped() {
        return Ok(0);
    }
    let profile = listing
        .shipping_profile
        .and_then(|id| shop.shipping_profiles.get(&id))
        .ok_or_else(|| format!("listing {} has no shipping profile", listing.id))?;
    let nearest = profile
        .destinations
        .iter()
        .filter_map(|destination| Some((closeness(destination, country)?, destination)))
        .max_by_key(|(closeness, _)| *closeness);
    let (_, destination) =
        nearest.ok_or_else(|| format!("listing {} is not sent to {country}", listing.id))?;
    let (primary, secondary) = (destination.primary_cost, destination.secondary_cost);
    let first = if is_alone { primary } else { secondary };
    let cost = first.saturating_add(secondary.saturating_mul(quantity - 1));
    if cost > shop.currency.price_max() {
        return Err(format!(
            "sending listing {} costs more than anything may",
            listing.id
        ));
    }
    Ok(cost)
}

/// How exactly a destination means a country; none if it does not.
fn closeness(destination: &Destination, country: &str) -> Option<u8> {
    match (destination.country.as_str(), destination.region.as_str()) {
        (named, _) if named == country => Some(2),
        ("", "eu") => facts::is_eu(country).then_some(1),
        ("", "non_eu") => (!facts::is_eu(country)).then_some(1),
        ("", _) => Some(0),
        _ => None,
    }
}

/// Gives ids to an order and its sales. A buyer who was here before keeps theirs.
fn number(market: &Market, ids: &mut Ids, order: &mut Order) {
    let known = market.orders.values().find(|other| {
        (&other.buyer.name, &other.buyer.email) == (&order.buyer.name, &order.buyer.email)
    });
    order.buyer_id = known.map_or_else(|| ids.next(Kind::Buyer), |other| other.buyer_id);
    order.address_id = ids.next(Kind::Address);
    order.id = ids.next(Kind::Receipt);
    for sale in &mut order.sales {
        sale.id = ids.next(Kind::Transaction);
    }
}
