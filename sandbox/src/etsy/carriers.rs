//! Carriers, their mail classes, and how a profile says when something arrives.

use serde_json::{Value, json};

use super::{Call, render};
use crate::core::Core;
use crate::facts;
use crate::input::Fields;
use crate::market::shop::Delivery;
use crate::reply::{Refusal, Reply};

/// Carriers by country: id, name, and mail classes at home and abroad.
type Carrier = (
    i64,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const CARRIERS: [Carrier; 6] = [
    (
        1,
        "FR",
        "La Poste",
        &["colissimo", "lettre-suivie"],
        &["colissimo-international"],
    ),
    (
        2,
        "FR",
        "Mondial Relay",
        &["point-relais"],
        &["point-relais-europe"],
    ),
    (
        3,
        "US",
        "USPS",
        &["ground-advantage", "priority-mail"],
        &["first-class-international"],
    ),
    (4, "US", "UPS", &["ups-ground"], &["ups-worldwide"]),
    (5, "DE", "DHL", &["paket"], &["paket-international"]),
    (6, "JP", "Japan Post", &["yu-pack", "letter-pack"], &["ems"]),
];

pub(super) fn list(_: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let country = call.input.query.text("origin_country_iso").unwrap_or("");
    check_country("origin_country_iso", country)?;
    let class = |key: &&str| json!({ "mail_class_key": key, "name": key.replace('-', " ") });
    let shown =
        CARRIERS
            .iter()
            .filter(|(_, of, ..)| *of == country)
            .map(|(id, _, name, home, abroad)| {
                json!({
                    "shipping_carrier_id": id,
                    "name": name,
                    "domestic_classes": home.iter().map(class).collect::<Vec<Value>>(),
                    "international_classes": abroad.iter().map(class).collect::<Vec<Value>>(),
                })
            });
    Ok(Reply::ok(&render::all(shown.collect())))
}

/// A carrier with a class or a range of days: what the body asks for. A body that names neither keeps
/// what was before.
pub(super) fn asked_delivery(
    body: &Fields,
    origin: &str,
    before: Option<&Delivery>,
) -> Result<Delivery, Refusal> {
    let carrier = body.int("shipping_carrier_id").filter(|id| *id != 0);
    let mail_class = body.text("mail_class").filter(|class| !class.is_empty());
    let days = (body.int("min_delivery_days"), body.int("max_delivery_days"));
    match (carrier, mail_class, days) {
        (Some(id), Some(mail_class), _) => {
            check_carrier(id, mail_class, origin)?;
            Ok(Delivery::Carrier {
                id,
                mail_class: mail_class.to_owned(),
            })
        }
        (None, None, (Some(min), Some(max))) if min <= max => Ok(Delivery::Days { min, max }),
        (None, None, (Some(_), Some(_))) => Err(Refusal::bad(
            "min_delivery_days cannot be more than max_delivery_days",
        )),
        (None, None, (None, None)) if before.is_some() => before.cloned().ok_or_else(neither),
        _ => Err(neither()),
    }
}

fn neither() -> Refusal {
    Refusal::bad(
        "Either shipping_carrier_id and mail_class or min_delivery_days and max_delivery_days are required",
    )
}

/// Whether a carrier ships from a country and has a mail class.
pub(super) fn check_carrier(id: i64, mail_class: &str, origin: &str) -> Result<(), Refusal> {
    let known = CARRIERS
        .iter()
        .find(|(carrier, of, ..)| *carrier == id && *of == origin);
    let (_, _, _, home, abroad) =
        known.ok_or_else(|| Refusal::bad(format!("Carrier {id} does not ship from {origin}")))?;
    if home.contains(&mail_class) || abroad.contains(&mail_class) {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "Carrier {id} has no mail class {mail_class}"
    )))
}

pub(super) fn check_country(name: &str, country: &str) -> Result<(), Refusal> {
    if facts::is_country(country) {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "Invalid value for '{name}' (got '{country}'), expected a country code"
    )))
}
