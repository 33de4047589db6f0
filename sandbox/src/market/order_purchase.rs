//! Buying: what a buyer wants becomes an order, and the stock falls.
//!
//! Everything is checked before anything changes, so a purchase that is refused leaves the stock as it
//! was.

use serde::{Deserialize, Serialize};

use super::Market;
use super::inventory::{Inventory, Product};
use super::listing::{Listing, State};
use super::money::Currency;
use super::order::{Buyer, Order, Sale};
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
    /// The buyer's answers to the seller's questions.
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
    let mut listings: Vec<Listing> = Vec::new();
    for item in &purchase.items {
        if !listings.iter().any(|listing| listing.id == item.listing_id) {
            listings.push(on_sale(market, shop, item.listing_id)?.clone());
        }
        let listing = listings
            .iter_mut()
            .find(|listing| listing.id == item.listing_id);
        if let Some(listing) = listing {
            order
                .sales
                .push(sell(market, shop, listing, item, &purchase.buyer)?);
        }
    }
    if order.discount > order.total_price() {
        return Err("the discount is more than the price".to_owned());
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

/// Takes an item from the stock of its listing.
fn sell(
    market: &Market,
    shop: &Shop,
    listing: &mut Listing,
    item: &PurchaseItem,
    buyer: &Buyer,
) -> Result<Sale, String> {
    if item.quantity < 1 {
        return Err(format!("quantity {} is less than 1", item.quantity));
    }
    let shipping = shipping(shop, listing, item.quantity, &buyer.country)?;
    let product = chosen(listing, item)?.clone();
    let offering = product
        .offerings
        .first()
        .ok_or("the product has no offering")?;
    let processing = offering
        .readiness_state
        .and_then(|id| shop.readiness_states.get(&id));
    take(&mut listing.inventory, &product, item.quantity);
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
        shipping,
        shipping_profile: listing.shipping_profile,
        shipping_method: profile.map(|profile| profile.title.clone()),
        processing_days: processing.map(|it| (it.days(it.min), it.days(it.max))),
        personalization: item.personalization.clone(),
        is_digital: !listing.kind.is_shipped(),
        files: files.map(|file| file.name.clone()).collect(),
        sku: product.sku,
        properties: product.properties,
    })
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

/// Lets the stock fall: of the product, and of every other that stands on the same shelf.
fn take(inventory: &mut Inventory, sold: &Product, quantity: i64) {
    let varies_on = inventory.quantity_on.clone();
    for product in &mut inventory.products {
        if !shares_stock(&varies_on, sold, product) {
            continue;
        }
        for offering in &mut product.offerings {
            offering.quantity = (offering.quantity - quantity).max(0);
        }
    }
}

/// Whether two products have one stock: the same SKU, or the same values of what the quantity varies
/// by. Etsy refuses an inventory in which such products differ in their quantity.
fn shares_stock(varies_on: &[i64], one: &Product, other: &Product) -> bool {
    let values = |product: &Product, id: &i64| {
        let mut properties = product.properties.iter();
        properties
            .find(|property| property.property_id == *id)
            .map(|property| property.values.clone())
    };
    let same_sku = !one.sku.is_empty() && one.sku == other.sku;
    same_sku
        || varies_on
            .iter()
            .all(|id| values(one, id) == values(other, id))
}

/// What it costs to send so many pieces of a listing to a country.
fn shipping(shop: &Shop, listing: &Listing, quantity: i64, country: &str) -> Result<i64, String> {
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
    Ok(destination.primary_cost + destination.secondary_cost * (quantity - 1))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn product(sku: &str, values: &[(i64, &str)]) -> Product {
        let property =
            |(property_id, value): &(i64, &str)| super::super::inventory::PropertyValues {
                property_id: *property_id,
                name: String::new(),
                scale: None,
                value_ids: Vec::new(),
                values: vec![(*value).to_owned()],
            };
        Product {
            id: 0,
            sku: sku.to_owned(),
            properties: values.iter().map(property).collect(),
            offerings: Vec::new(),
        }
    }

    #[test]
    fn products_of_one_shelf_share_their_stock() {
        let red_s = product("", &[(200, "Red"), (100, "S")]);
        let red_m = product("", &[(200, "Red"), (100, "M")]);
        let blue_s = product("", &[(200, "Blue"), (100, "S")]);
        assert!(shares_stock(&[], &red_s, &blue_s));
        assert!(shares_stock(&[200], &red_s, &red_m));
        assert!(!shares_stock(&[200], &red_s, &blue_s));
        assert!(!shares_stock(&[200, 100], &red_s, &red_m));
        let (one, same) = (
            product("A", &[(200, "Red")]),
            product("A", &[(200, "Blue")]),
        );
        assert!(shares_stock(&[200], &one, &same));
    }
}
