//! Sellers and what belongs to their shops: sections, shipping, processing, returns.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::money::Currency;
use crate::facts;

/// A person who sells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) login_name: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email: String,
    pub(crate) addresses: BTreeMap<i64, Address>,
}

/// Where a person receives what they buy.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) first_line: String,
    pub(crate) city: String,
    pub(crate) zip: String,
    pub(crate) country: String,
    pub(crate) is_default: bool,
}

/// A shop; each seller has one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shop {
    pub(crate) id: i64,
    pub(crate) user_id: i64,
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    /// Announcement and messages, by the names of Etsy's fields.
    pub(crate) messages: BTreeMap<String, String>,
    pub(crate) country: String,
    pub(crate) postal_code: String,
    pub(crate) currency: Currency,
    pub(crate) language: String,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) sections: BTreeMap<i64, Section>,
    pub(crate) shipping_profiles: BTreeMap<i64, ShippingProfile>,
    pub(crate) readiness_states: BTreeMap<i64, ReadinessState>,
    pub(crate) return_policies: BTreeMap<i64, ReturnPolicy>,
    pub(crate) partners: BTreeMap<i64, Partner>,
    /// The holidays on which the shop works, by Etsy's id of the holiday.
    pub(crate) works_on: BTreeSet<i64>,
}

impl Shop {
    /// Active physical listings need a return policy, except in the European Union.
    pub(crate) fn needs_return_policy(&self) -> bool {
        !facts::is_eu(&self.country)
    }
}

/// Somebody who helps a shop to make what it sells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Partner {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) location: String,
}

/// A shelf of a shop.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    pub(crate) id: i64,
    pub(crate) title: String,
}

/// How a shop ships, and for how much.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShippingProfile {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) origin_country: String,
    pub(crate) origin_postal_code: Option<String>,
    pub(crate) destinations: Vec<Destination>,
    pub(crate) upgrades: Vec<Upgrade>,
}

impl ShippingProfile {
    /// What keeps a listing with this profile from being activated, if anything does.
    pub(crate) fn incomplete(&self) -> Option<&'static str> {
        if self.destinations.is_empty() {
            return Some("it has no destination");
        }
        let postal_code = self.origin_postal_code.as_deref().unwrap_or("");
        if facts::has_postal_codes(&self.origin_country) && postal_code.is_empty() {
            return Some("it has no origin postal code");
        }
        if self
            .destinations
            .iter()
            .any(|destination| destination.delivery.is_none())
        {
            return Some("a destination has neither a carrier with a mail class nor delivery days");
        }
        None
    }
}

impl ShippingProfile {
    /// Whether a buyer in this country can be reached.
    pub(crate) fn ships_to(&self, country: &str) -> bool {
        self.destinations.iter().any(|to| {
            let anywhere = to.country.is_empty() && to.region == "none";
            let in_region = match to.region.as_str() {
                "eu" => facts::is_eu(country),
                "non_eu" => facts::is_european_outside_eu(country),
                _ => false,
            };
            anywhere || in_region || to.country == country
        })
    }
}

/// Where a profile ships to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Destination {
    pub(crate) id: i64,
    /// Empty unless the destination is one country.
    pub(crate) country: String,
    /// `eu`, `non_eu` or `none`.
    pub(crate) region: String,
    pub(crate) primary_cost: i64,
    pub(crate) secondary_cost: i64,
    pub(crate) delivery: Option<Delivery>,
}

/// A dearer way to ship that a buyer may choose.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upgrade {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) is_international: bool,
    pub(crate) price: i64,
    pub(crate) secondary_price: i64,
    pub(crate) delivery: Option<Delivery>,
}

/// How Etsy is to estimate the day of delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Delivery {
    Carrier { id: i64, mail_class: String },
    Days { min: i64, max: i64 },
}

/// How long a shop takes to make or pack something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadinessState {
    pub(crate) id: i64,
    /// `ready_to_ship` or `made_to_order`.
    pub(crate) state: String,
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) unit: TimeUnit,
}

/// The unit of a processing time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TimeUnit {
    Days,
    Weeks,
}

impl ReadinessState {
    /// Whether two profiles say the same, whatever their ids.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        (&self.state, self.min, self.max, self.unit)
            == (&other.state, other.min, other.max, other.unit)
    }

    /// Days in this profile's unit; a week has the five days that a shop works.
    pub(crate) fn days(&self, count: i64) -> i64 {
        match self.unit {
            TimeUnit::Days => count,
            TimeUnit::Weeks => count * 5,
        }
    }

    /// The processing time as Etsy shows it.
    pub(crate) fn label(&self) -> String {
        let unit = match (self.unit, self.max) {
            (TimeUnit::Days, 1) => "day",
            (TimeUnit::Days, _) => "days",
            (TimeUnit::Weeks, 1) => "week",
            (TimeUnit::Weeks, _) => "weeks",
        };
        if self.min == self.max {
            return format!("{} {unit}", self.max);
        }
        format!("{}-{} {unit}", self.min, self.max)
    }
}

/// What a shop takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnPolicy {
    pub(crate) id: i64,
    pub(crate) accepts_returns: bool,
    pub(crate) accepts_exchanges: bool,
    pub(crate) deadline: Option<i64>,
}

impl ReturnPolicy {
    /// Whether two policies say the same, whatever their ids.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        (self.accepts_returns, self.accepts_exchanges, self.deadline)
            == (
                other.accepts_returns,
                other.accepts_exchanges,
                other.deadline,
            )
    }
}
