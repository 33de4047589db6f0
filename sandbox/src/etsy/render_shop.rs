//! Etsy's JSON of sellers and of what belongs to their shops.

use serde_json::{Value, json};

use crate::market::Market;
use crate::market::listing::State;
use crate::market::shop::{Address, Delivery, Destination, Partner, ReadinessState, ReturnPolicy};
use crate::market::shop::{Section, ShippingProfile, Shop, Upgrade, User};

/// The document's `User`; the e-mail address is the owner's alone.
pub(crate) fn user(user: &User, owner: bool) -> Value {
    json!({
        "user_id": user.id,
        "primary_email": owner.then_some(user.email.as_str()),
        "first_name": user.first_name,
        "last_name": user.last_name,
        "image_url_75x75": null,
    })
}

/// The document's `Shop`.
pub(crate) fn shop(market: &Market, shop: &Shop, base_url: &str) -> Value {
    let login_name = market
        .users
        .get(&shop.user_id)
        .map_or("", |user| user.login_name.as_str());
    let active = market.count(shop.id, |listing| listing.state == State::Active);
    let digital = market.count(shop.id, |listing| {
        listing.state == State::Active && listing.kind.is_digital()
    });
    let name: String = shop.name.split_whitespace().collect();
    json!({
        "shop_id": shop.id,
        "user_id": shop.user_id,
        "shop_name": shop.name,
        "create_date": shop.created,
        "created_timestamp": shop.created,
        "title": shop.title,
        "announcement": shop.messages.get("announcement"),
        "currency_code": shop.currency.code,
        "is_vacation": false,
        "vacation_message": null,
        "sale_message": shop.messages.get("sale_message"),
        "digital_sale_message": shop.messages.get("digital_sale_message"),
        "update_date": shop.updated,
        "updated_timestamp": shop.updated,
        "listing_active_count": active,
        "digital_listing_count": digital,
        "login_name": login_name,
        "accepts_custom_requests": true,
        "policy_welcome": null,
        "policy_payment": null,
        "policy_shipping": null,
        "policy_refunds": null,
        "policy_additional": shop.messages.get("policy_additional"),
        "policy_seller_info": null,
        "policy_update_date": shop.created,
        "policy_has_private_receipt_info": false,
        "has_unstructured_policies": false,
        "policy_privacy": null,
        "vacation_autoreply": null,
        "url": format!("{base_url}/shop/{name}"),
        "image_url_760x100": null,
        "num_favorers": 0,
        "languages": [shop.language],
        "icon_url_fullxfull": null,
        "is_using_structured_policies": true,
        "has_onboarded_structured_policies": true,
        "include_dispute_form_link": false,
        "is_direct_checkout_onboarded": true,
        "is_etsy_payments_onboarded": true,
        "is_calculated_eligible": shop.country == "US",
        "is_opted_in_to_buyer_promise": false,
        "is_shop_us_based": shop.country == "US",
        "transaction_sold_count": 0,
        "shipping_from_country_iso": shop.country,
        "shop_location_country_iso": shop.country,
        "review_count": 0,
        "review_average": null,
    })
}

/// The document's `ShopSection`.
pub(crate) fn section(market: &Market, shop: &Shop, section: &Section, rank: usize) -> Value {
    let active = market.count(shop.id, |listing| {
        listing.state == State::Active && listing.section == Some(section.id)
    });
    json!({
        "shop_section_id": section.id,
        "title": section.title,
        "rank": rank,
        "user_id": shop.user_id,
        "active_listing_count": active,
    })
}

/// The document's `ShopShippingProfile`.
pub(crate) fn shipping_profile(shop: &Shop, profile: &ShippingProfile) -> Value {
    let destinations = profile
        .destinations
        .iter()
        .map(|it| destination(shop, profile, it));
    json!({
        "shipping_profile_id": profile.id,
        "title": profile.title,
        "user_id": shop.user_id,
        "origin_country_iso": profile.origin_country,
        "is_deleted": false,
        "shipping_profile_destinations": destinations.collect::<Vec<_>>(),
        "shipping_profile_upgrades": upgrades(shop, profile),
        "origin_postal_code": profile.origin_postal_code,
        "profile_type": "manual",
        "domestic_handling_fee": 0,
        "international_handling_fee": 0,
    })
}

/// The document's `ShopShippingProfileDestination`.
pub(crate) fn destination(shop: &Shop, profile: &ShippingProfile, to: &Destination) -> Value {
    let (carrier, mail_class, min, max) = delivery(to.delivery.as_ref());
    json!({
        "shipping_profile_destination_id": to.id,
        "shipping_profile_id": profile.id,
        "origin_country_iso": profile.origin_country,
        "destination_country_iso": to.country,
        "destination_region": to.region,
        "primary_cost": shop.currency.money(to.primary_cost),
        "secondary_cost": shop.currency.money(to.secondary_cost),
        "shipping_carrier_id": carrier,
        "mail_class": mail_class,
        "min_delivery_days": min,
        "max_delivery_days": max,
    })
}

/// Carrier, mail class, and the least and most days.
type Arrival<'a> = (Option<i64>, Option<&'a str>, Option<i64>, Option<i64>);

fn delivery(delivery: Option<&Delivery>) -> Arrival<'_> {
    match delivery {
        Some(Delivery::Carrier { id, mail_class }) => {
            (Some(*id), Some(mail_class.as_str()), None, None)
        }
        Some(Delivery::Days { min, max }) => (None, None, Some(*min), Some(*max)),
        None => (None, None, None, None),
    }
}

/// All upgrades of a profile, in order of rank.
pub(crate) fn upgrades(shop: &Shop, profile: &ShippingProfile) -> Vec<Value> {
    (1..)
        .zip(&profile.upgrades)
        .map(|(rank, it)| upgrade(shop, profile, it, rank))
        .collect()
}

/// The document's `ShopShippingProfileUpgrade`.
pub(crate) fn upgrade(
    shop: &Shop,
    profile: &ShippingProfile,
    upgrade: &Upgrade,
    rank: i64,
) -> Value {
    let (carrier, mail_class, min, max) = delivery(upgrade.delivery.as_ref());
    json!({
        "shipping_profile_id": profile.id,
        "upgrade_id": upgrade.id,
        "upgrade_name": upgrade.name,
        "type": i64::from(upgrade.is_international),
        "rank": rank,
        "language": shop.language,
        "price": shop.currency.money(upgrade.price),
        "secondary_price": shop.currency.money(upgrade.secondary_price),
        "shipping_carrier_id": carrier,
        "mail_class": mail_class,
        "min_delivery_days": min,
        "max_delivery_days": max,
    })
}

/// The document's `ShopProductionPartner`.
pub(crate) fn production_partner(partner: &Partner) -> Value {
    json!({
        "production_partner_id": partner.id,
        "partner_name": partner.name,
        "location": partner.location,
    })
}

/// The document's `UserAddress`.
pub(crate) fn address(user_id: i64, address: &Address) -> Value {
    json!({
        "user_address_id": address.id,
        "user_id": user_id,
        "name": address.name,
        "first_line": address.first_line,
        "second_line": null,
        "city": address.city,
        "state": null,
        "zip": address.zip,
        "iso_country_code": address.country,
        "country_name": null,
        "is_default_shipping_address": address.is_default,
    })
}

/// The document's `ShopProcessingProfile`.
pub(crate) fn readiness_state(shop_id: i64, state: &ReadinessState) -> Value {
    json!({
        "shop_id": shop_id,
        "readiness_state_id": state.id,
        "readiness_state": state.state,
        "min_processing_days": state.days(state.min),
        "max_processing_days": state.days(state.max),
        "processing_days_display_label": state.label(),
    })
}

/// The document's `ShopReturnPolicy`.
pub(crate) fn return_policy(shop_id: i64, policy: &ReturnPolicy) -> Value {
    json!({
        "return_policy_id": policy.id,
        "shop_id": shop_id,
        "accepts_returns": policy.accepts_returns,
        "accepts_exchanges": policy.accepts_exchanges,
        "return_deadline": policy.deadline,
    })
}
