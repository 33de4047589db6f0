//! A shipping profile that is to be made: what it says, as forms, and how one on Etsy is recognised.
//!
//! Etsy takes one destination with the profile and the others one by one. So a profile can be there
//! in part, and what is missing of it has to be told.

use super::matrix_read::amount;
use super::member::Members;
use super::policy_data::POINTER;
use super::text::{decode, essence};
use crate::api::Form;
use crate::fingerprint::Fingerprint;
use crate::id::Id;
use crate::limits::{WHOLE_CURRENCIES, has_postal_codes};
use stoflow_plugin_sdk::{Decimal, Object, Violations};

/// A profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    title: String,
    origin: String,
    postal_code: Option<String>,
    /// At least one.
    pub destinations: Vec<Destination>,
}

/// Where goods are sent to, for how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    place: Place,
    primary: Decimal,
    secondary: Decimal,
    delivery: Delivery,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Country(String),
    Region(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Delivery {
    Days(i64, i64),
    Carrier(Id, String),
}

impl Profile {
    /// As `data` has it; `None` where something is wrong, which is added to the violations.
    pub fn new(name: &str, members: &Members, violations: &mut Violations) -> Option<Self> {
        let title = name.trim();
        if title.is_empty() {
            violations.add("/name", "required", "a shipping profile has a name");
        }
        let origin = members.text("origin_country_iso");
        let postal_code = members.text("origin_postal_code");
        if let Some(origin) = origin
            && has_postal_codes(origin)
            && postal_code.is_none()
            && !members.is_wrong(&["origin_postal_code"])
        {
            let message = format!("{origin} has postal codes, and Etsy wants to know it");
            violations.add(format!("{POINTER}/origin_postal_code"), "required", message);
        }
        let mut destinations: Vec<Option<Destination>> = Vec::new();
        for (place, members) in members.list("destinations").iter().enumerate() {
            let at = format!("{POINTER}/destinations/{place}");
            let destination = Destination::new(members, &at, violations);
            let same = |known: &Option<Destination>| {
                known.as_ref().map(|known| &known.place) == destination.as_ref().map(|it| &it.place)
            };
            if destination.is_some() && destinations.iter().any(same) {
                let message = "a place stands once: another destination has it already";
                violations.add(at, "repeated", message);
            }
            destinations.push(destination);
        }
        let destinations: Option<Vec<Destination>> = destinations.into_iter().collect();
        Some(Self {
            title: title.to_owned(),
            origin: origin?.to_owned(),
            postal_code: postal_code.map(str::to_owned),
            destinations: destinations.filter(|destinations| !destinations.is_empty())?,
        })
    }

    /// Where it is sent from.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The form that creates it with its first destination.
    #[must_use]
    pub fn form(&self) -> Form {
        let mut form = vec![
            ("title".to_owned(), self.title.clone()),
            ("origin_country_iso".to_owned(), self.origin.clone()),
        ];
        if let Some(code) = &self.postal_code {
            form.push(("origin_postal_code".to_owned(), code.clone()));
        }
        form.extend(self.destinations.iter().take(1).flat_map(Destination::form));
        form
    }

    /// What it says, to notice that a later call says something else.
    #[must_use]
    pub fn says(&self) -> String {
        let all = self.destinations.iter().flat_map(Destination::form);
        let fields = self.form().into_iter().chain(all);
        fields
            .fold(Fingerprint::default(), |sum, (name, value)| {
                sum.part(&name).part(&value)
            })
            .text()
    }

    /// Whether a profile on Etsy is this one, whole.
    #[must_use]
    pub fn is(&self, object: &Object<'_>) -> bool {
        let known = object.objects("shipping_profile_destinations");
        let has = |wanted: &Destination| known.iter().any(|known| wanted.is(known));
        self.has_head(object)
            && known.len() == self.destinations.len()
            && self.destinations.iter().all(has)
    }

    /// Whether a profile on Etsy may be this one, as far as it came.
    #[must_use]
    pub fn may_be(&self, object: &Object<'_>) -> bool {
        let there = object.objects("shipping_profile_destinations");
        let known = |there: &Object<'_>| self.destinations.iter().any(|it| it.is_at(there));
        self.has_head(object) && there.iter().all(known)
    }

    fn has_head(&self, object: &Object<'_>) -> bool {
        let text = |name: &str| object.words(name).unwrap_or_default();
        let is_deleted = object.boolean("is_deleted") == Some(true);
        !is_deleted
            && decode(text("title")).trim() == self.title
            && text("origin_country_iso") == self.origin
            && essence(&text("origin_postal_code"))
                == essence(self.postal_code.as_deref().unwrap_or_default())
    }

    /// Its destinations that a profile on Etsy does not ship to, by their place in the list. What
    /// they cost is not looked at: one that Etsy rounded is there all the same.
    pub fn missing<'a>(
        &'a self,
        object: &Object<'_>,
    ) -> impl Iterator<Item = (usize, &'a Destination)> + use<'a> {
        let there = object.objects("shipping_profile_destinations");
        let missing: Vec<(usize, &Destination)> = self
            .destinations
            .iter()
            .enumerate()
            .filter(|(_, wanted)| !there.iter().any(|there| wanted.is_at(there)))
            .collect();
        missing.into_iter()
    }

    /// Holds costs against the currency that the shop sells in: Etsy would round them without a word,
    /// and the profile would never again be recognised.
    pub fn check_costs(&self, currency: Option<&str>, violations: &mut Violations) {
        let Some(currency) = currency.filter(|currency| WHOLE_CURRENCIES.contains(currency)) else {
            return;
        };
        for (place, destination) in self.destinations.iter().enumerate() {
            for (name, cost) in destination.costs() {
                if cost.fraction_digits() > 0 {
                    let at = format!("{POINTER}/destinations/{place}/{name}");
                    let message = format!("{cost} {currency} is no whole number");
                    violations.add(at, "too-fine", message);
                }
            }
        }
    }

    /// Whether one of its destinations names a carrier.
    #[must_use]
    pub fn names_a_carrier(&self) -> bool {
        let named = |it: &Destination| matches!(it.delivery, Delivery::Carrier(..));
        self.destinations.iter().any(named)
    }

    /// Holds carriers and mail classes against those that the country of origin has.
    pub fn check_carriers(&self, known: &Object<'_>, violations: &mut Violations) {
        let carriers = known.objects("results");
        for (place, destination) in self.destinations.iter().enumerate() {
            let Delivery::Carrier(id, class) = &destination.delivery else {
                continue;
            };
            let at = format!("{POINTER}/destinations/{place}");
            let carrier = carriers.iter().find(|carrier| {
                carrier.text("shipping_carrier_id").as_deref() == Some(id.as_str())
            });
            let Some(carrier) = carrier else {
                let message = format!(
                    "no carrier {id} ships from {}; there are {}",
                    self.origin,
                    listed(&carriers, "shipping_carrier_id")
                );
                violations.add(
                    format!("{at}/shipping_carrier_id"),
                    "no-such-choice",
                    message,
                );
                continue;
            };
            let mut classes = carrier.objects("domestic_classes");
            classes.extend(carrier.objects("international_classes"));
            let is_known = |it: &Object<'_>| it.text("mail_class_key").as_ref() == Some(class);
            if !classes.iter().any(is_known) {
                let message = format!(
                    "the carrier has no mail class {class:?}; it has {}",
                    listed(&classes, "mail_class_key")
                );
                violations.add(format!("{at}/mail_class"), "no-such-choice", message);
            }
        }
    }
}

fn listed(objects: &[Object<'_>], key: &str) -> String {
    let listed: Vec<String> = objects
        .iter()
        .filter_map(|object| {
            let name = object.words("name").unwrap_or_default();
            Some(format!("{} ({name})", object.text(key)?))
        })
        .collect();
    if listed.is_empty() {
        "none".to_owned()
    } else {
        listed.join(", ")
    }
}

impl Destination {
    fn new(members: &Members, at: &str, violations: &mut Violations) -> Option<Self> {
        if !members.is_document() {
            return None;
        }
        let place = place(members, at, violations);
        let delivery = delivery(members, at, violations);
        Some(Self {
            place: place?,
            delivery: delivery?,
            primary: members.cost("primary_cost")?,
            secondary: members.cost("secondary_cost")?,
        })
    }

    fn costs(&self) -> [(&'static str, Decimal); 2] {
        [
            ("primary_cost", self.primary),
            ("secondary_cost", self.secondary),
        ]
    }

    /// The form that adds it to a profile.
    #[must_use]
    pub fn form(&self) -> Form {
        let place = match &self.place {
            Place::Country(country) => ("destination_country_iso", country.clone()),
            Place::Region(region) => ("destination_region", region.clone()),
        };
        let delivery = match &self.delivery {
            Delivery::Days(min, max) => [
                ("min_delivery_days", min.to_string()),
                ("max_delivery_days", max.to_string()),
            ],
            Delivery::Carrier(id, class) => [
                ("shipping_carrier_id", id.to_string()),
                ("mail_class", class.clone()),
            ],
        };
        let costs = self.costs().map(|(name, cost)| (name, cost.to_string()));
        std::iter::once(place)
            .chain(costs)
            .chain(delivery)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Whether a destination on Etsy is the same place.
    fn is_at(&self, object: &Object<'_>) -> bool {
        match &self.place {
            Place::Country(country) => {
                object.words("destination_country_iso").as_ref() == Some(country)
            }
            Place::Region(region) => object.words("destination_region").as_ref() == Some(region),
        }
    }

    /// Whether a destination on Etsy says the same.
    fn is(&self, object: &Object<'_>) -> bool {
        let cost = |name: &str| object.object(name).as_ref().and_then(amount);
        let same_delivery = match &self.delivery {
            Delivery::Days(min, max) => {
                object.integer("min_delivery_days") == Some(*min)
                    && object.integer("max_delivery_days") == Some(*max)
            }
            Delivery::Carrier(id, class) => {
                object.text("shipping_carrier_id").as_deref() == Some(id.as_str())
                    && object.text("mail_class").as_ref() == Some(class)
            }
        };
        self.is_at(object)
            && same_delivery
            && self
                .costs()
                .iter()
                .all(|(name, wanted)| cost(name) == Some(*wanted))
    }
}

fn place(members: &Members, at: &str, violations: &mut Violations) -> Option<Place> {
    if members.is_wrong(&["destination_country_iso", "destination_region"]) {
        return None;
    }
    let country = members.text("destination_country_iso");
    match (country, members.text("destination_region")) {
        (Some(country), None) => Some(Place::Country(country.to_owned())),
        (None, Some(region)) => Some(Place::Region(region.to_owned())),
        (Some(_), Some(_)) => {
            let message = "destination_country_iso and destination_region exclude each other";
            violations.add(at, "exclusive", message);
            None
        }
        (None, None) => {
            let message = "it needs a destination_country_iso or a destination_region";
            violations.add(at, "required", message);
            None
        }
    }
}

fn delivery(members: &Members, at: &str, violations: &mut Violations) -> Option<Delivery> {
    if members.is_wrong(&[
        "shipping_carrier_id",
        "mail_class",
        "min_delivery_days",
        "max_delivery_days",
    ]) {
        return None;
    }
    let carrier = members.text("shipping_carrier_id").and_then(Id::parse);
    let days = (
        members.integer("min_delivery_days"),
        members.integer("max_delivery_days"),
    );
    match (carrier, members.text("mail_class"), days) {
        (Some(id), Some(class), (None, None)) => Some(Delivery::Carrier(id, class.to_owned())),
        (None, None, (Some(min), Some(max))) if min <= max => Some(Delivery::Days(min, max)),
        (None, None, (Some(min), Some(max))) => {
            let message = format!("the most, {max}, is less than the least, {min}");
            violations.add(format!("{at}/max_delivery_days"), "not-allowed", message);
            None
        }
        (None, None, (None, None)) => {
            let message = "it needs min_delivery_days and max_delivery_days, or shipping_carrier_id and \
                           mail_class";
            violations.add(at, "required", message);
            None
        }
        _ => {
            let message = "either both numbers of delivery days, or a carrier with a mail class, is taken; \
                           one of a pair alone or both pairs are not";
            violations.add(at, "exclusive", message);
            None
        }
    }
}
