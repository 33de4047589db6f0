//! The sellers that a sandbox begins with, and how another is added.
//!
//! Three shops that differ in what a client can get wrong: one in the European Union (no return
//! policy needed), one in the United States (needed), one whose currency has no minor unit.

use serde::{Deserialize, Serialize};

use super::Market;
use super::money::Currency;
use super::shop::{Address, Delivery, Destination, Partner, ReadinessState, ReturnPolicy};
use super::shop::{Section, ShippingProfile, Shop, TimeUnit, User};
use crate::ids::{Ids, Kind};

/// A seller to add. Absent fields have the values of `NewSeller::default()`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewSeller {
    /// The shop's name, unique in the sandbox.
    pub shop_name: String,
    /// The seller's login name; the shop's name in lower case without spaces where empty.
    pub login_name: String,
    /// The country that the shop sells from, ISO 3166-1 alpha-2.
    pub country: String,
    /// EUR, USD, GBP, CAD, AUD or JPY.
    pub currency: String,
    /// The language of the shop's listings.
    pub language: String,
    /// The postal code that the shop ships from.
    pub postal_code: String,
    /// Whether the shop begins with a shipping profile, a processing profile, a return policy, a
    /// section and a production partner; without them nothing physical can be listed.
    pub furnished: bool,
}

impl Default for NewSeller {
    fn default() -> Self {
        Self {
            shop_name: "New shop".to_owned(),
            login_name: String::new(),
            country: "FR".to_owned(),
            currency: "EUR".to_owned(),
            language: "en".to_owned(),
            postal_code: "75011".to_owned(),
            furnished: true,
        }
    }
}

/// A seller that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Seller {
    /// The seller's user id, which begins each of their tokens.
    pub user_id: i64,
    /// The seller's shop.
    pub shop_id: i64,
}

/// The sellers of a fresh sandbox. The first is the one that a consent without a choice means.
pub(crate) fn sellers() -> [NewSeller; 3] {
    let seller =
        |shop: &str, login: &str, country: &str, currency: &str, postal_code: &str| NewSeller {
            shop_name: shop.to_owned(),
            login_name: login.to_owned(),
            country: country.to_owned(),
            currency: currency.to_owned(),
            postal_code: postal_code.to_owned(),
            ..NewSeller::default()
        };
    [
        seller("Vieux Paris", "vieuxparis", "FR", "EUR", "75011"),
        seller("Prairie Attic", "prairieattic", "US", "USD", "66044"),
        seller("Kumo Paper", "kumopaper", "JP", "JPY", "604-8001"),
    ]
}

/// Adds a seller, or says what is wrong with it.
pub(crate) fn add(
    market: &mut Market,
    ids: &mut Ids,
    seller: &NewSeller,
    now: i64,
) -> Result<Seller, String> {
    let (name, login_name) = names(market, seller)?;
    let currency = Currency::named(&seller.currency).ok_or_else(|| {
        format!(
            "currency \"{}\" is not one the sandbox has",
            seller.currency
        )
    })?;
    if !crate::facts::is_country(&seller.country) {
        let country = &seller.country;
        return Err(format!("country \"{country}\" is not two capital letters"));
    }
    let user_id = ids.next(Kind::User);
    let shop_id = ids.next(Kind::Shop);
    let address = Address {
        id: ids.next(Kind::UserAddress),
        name: name.clone(),
        first_line: "1 Sandbox Street".to_owned(),
        city: "Sandbox".to_owned(),
        zip: seller.postal_code.clone(),
        country: seller.country.clone(),
        is_default: true,
    };
    let user = User {
        id: user_id,
        addresses: [(address.id, address)].into(),
        email: format!("{login_name}@example.com"),
        first_name: name.split(' ').next().unwrap_or_default().to_owned(),
        last_name: "Seller".to_owned(),
        login_name,
    };
    let mut shop = Shop {
        id: shop_id,
        user_id,
        title: Some(format!("{name}, a shop of the sandbox")),
        name,
        messages: Default::default(),
        country: seller.country.clone(),
        postal_code: seller.postal_code.clone(),
        currency,
        language: seller.language.clone(),
        created: now,
        updated: now,
        sections: Default::default(),
        shipping_profiles: Default::default(),
        readiness_states: Default::default(),
        return_policies: Default::default(),
        partners: Default::default(),
        works_on: Default::default(),
    };
    if seller.furnished {
        furnish(&mut shop, ids);
    }
    market.users.insert(user_id, user);
    market.shops.insert(shop_id, shop);
    Ok(Seller { user_id, shop_id })
}

/// The shop's name and the login name, if both are free.
fn names(market: &Market, seller: &NewSeller) -> Result<(String, String), String> {
    let name = seller.shop_name.trim();
    if name.is_empty() {
        return Err("shop_name is empty".to_owned());
    }
    let login_name = match seller.login_name.trim() {
        "" => name.to_lowercase().replace(' ', ""),
        login => login.to_owned(),
    };
    if market.seller(name).is_some() || market.seller(&login_name).is_some() {
        return Err(format!(
            "there is a seller named \"{name}\" or \"{login_name}\" already"
        ));
    }
    Ok((name.to_owned(), login_name))
}

/// One of each thing that a listing can refer to.
fn furnish(shop: &mut Shop, ids: &mut Ids) {
    let unit = shop.currency.price_min();
    let profile = ShippingProfile {
        id: ids.next(Kind::ShippingProfile),
        title: "Standard shipping".to_owned(),
        origin_country: shop.country.clone(),
        origin_postal_code: Some(shop.postal_code.clone()),
        destinations: vec![
            Destination {
                id: ids.next(Kind::Destination),
                country: shop.country.clone(),
                region: "none".to_owned(),
                primary_cost: unit * 25,
                secondary_cost: unit * 10,
                delivery: Some(Delivery::Days { min: 2, max: 5 }),
            },
            Destination {
                id: ids.next(Kind::Destination),
                country: String::new(),
                region: "none".to_owned(),
                primary_cost: unit * 75,
                secondary_cost: unit * 25,
                delivery: Some(Delivery::Days { min: 5, max: 15 }),
            },
        ],
        upgrades: Vec::new(),
    };
    shop.shipping_profiles.insert(profile.id, profile);
    let readiness = ReadinessState {
        id: ids.next(Kind::ReadinessState),
        state: "ready_to_ship".to_owned(),
        min: 1,
        max: 3,
        unit: TimeUnit::Days,
    };
    shop.readiness_states.insert(readiness.id, readiness);
    let policy = ReturnPolicy {
        id: ids.next(Kind::ReturnPolicy),
        accepts_returns: true,
        accepts_exchanges: true,
        deadline: Some(30),
    };
    shop.return_policies.insert(policy.id, policy);
    let section = Section {
        id: ids.next(Kind::Section),
        title: "Everything".to_owned(),
    };
    shop.sections.insert(section.id, section);
    let partner = Partner {
        id: ids.next(Kind::Partner),
        name: "The print shop".to_owned(),
        location: format!("Sandbox, {}", shop.country),
    };
    shop.partners.insert(partner.id, partner);
}
