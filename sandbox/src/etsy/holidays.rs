//! On which holidays a shop works. Etsy asks shops of the United States and of Canada only.

use serde_json::{Value, json};

use super::{Call, lookups};
use crate::core::Core;
use crate::market::shop::Shop;
use crate::reply::{Refusal, Reply};

/// Holidays by country: id and name. The ids are within those that the document allows; which holiday
/// has which is the sandbox's own choice.
type Holiday = (i64, &'static str, &'static str);

const HOLIDAYS: [Holiday; 12] = [
    (1, "US", "New Year's Day"),
    (2, "US", "Martin Luther King Jr. Day"),
    (3, "US", "Presidents' Day"),
    (4, "US", "Memorial Day"),
    (5, "US", "Independence Day"),
    (6, "US", "Labor Day"),
    (7, "US", "Thanksgiving"),
    (8, "US", "Christmas"),
    (12, "CA", "New Year's Day"),
    (13, "CA", "Good Friday"),
    (14, "CA", "Canada Day"),
    (15, "CA", "Christmas"),
];

/// A bare array, as the document has it.
pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let known = of(shop)?.map(|holiday| shown(shop, holiday));
    Ok(Reply::ok(&Value::from(known.collect::<Vec<_>>())))
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("holiday_id");
    let shop = lookups::own_shop_mut(core, call)?;
    let found = of(shop)?.find(|(known, ..)| *known == id);
    let holiday = found
        .ok_or_else(|| Refusal::bad(format!("Holiday {id} is not one of {}", shop.country)))?;
    if call.input.body.flag("is_working").unwrap_or_default() {
        shop.works_on.insert(id);
    } else {
        shop.works_on.remove(&id);
    }
    Ok(Reply::ok(&shown(shop, holiday)))
}

/// The holidays of a shop's country.
fn of(shop: &Shop) -> Result<impl Iterator<Item = &'static Holiday> + use<>, Refusal> {
    let country = shop.country.clone();
    if !HOLIDAYS.iter().any(|(_, of, _)| *of == country) {
        return Err(Refusal::bad(
            "Holiday preferences are for shops of the US and CA only",
        ));
    }
    Ok(HOLIDAYS.iter().filter(move |(_, of, _)| *of == country))
}

fn shown(shop: &Shop, (id, country, name): &Holiday) -> Value {
    json!({
        "shop_id": shop.id,
        "holiday_id": id,
        "country_iso": country,
        "is_working": shop.works_on.contains(id),
        "holiday_name": name,
    })
}
