//! The seller's shop: what it is, its sections, and what keeps it from selling.

mod readiness;
mod section;

use crate::convert::matrix_read::currency;
use crate::id::Id;
use crate::refusal::call;
use crate::{Etsy, api, settings};
use stoflow_plugin_sdk::shop::{Finding, Section, ShopRecord};
use stoflow_plugin_sdk::types::Error;
use stoflow_plugin_sdk::{Object, Shop};

pub use readiness::{Found, findings};
pub use section::section;

impl Shop for Etsy {
    fn get() -> Result<ShopRecord, Error> {
        let reply = call(api::shop(&settings::shop()?))?;
        shop(&reply.object()?).ok_or_else(|| reply.unexpected("a shop without an id"))
    }

    fn sections() -> Result<Vec<Section>, Error> {
        section::list(&settings::shop()?)
    }

    fn create_section(title: String, parent: Option<String>) -> Result<Section, Error> {
        section::create(&title, parent.as_deref())
    }

    fn readiness() -> Result<Vec<Finding>, Error> {
        readiness::readiness()
    }
}

/// The contract's shop; `None` where even the id is missing.
#[must_use]
pub fn shop(object: &Object<'_>) -> Option<ShopRecord> {
    let id = Id::parse(&object.text("shop_id")?)?.to_string();
    let count = object.integer("listing_active_count");
    Some(ShopRecord {
        name: object.words("shop_name").unwrap_or_else(|| id.clone()),
        id,
        url: object.words("url"),
        currency: currency(object),
        locales: object.texts("languages"),
        active_listings: count.and_then(|count| u32::try_from(count).ok()),
        on_vacation: object.boolean("is_vacation"),
        extension: object.unread(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_read_and_what_is_unknown_travels_along() {
        let json = br#"{"shop_id":7,"shop_name":"VieuxParis","currency_code":"EUR","is_vacation":false,
            "listing_active_count":12,"languages":["fr","en"],"url":"https://www.etsy.com/shop/VieuxParis","title":"Old things"}"#;
        let shop = shop(&Object::parse(json).unwrap()).unwrap();
        assert_eq!(
            (shop.name.as_str(), shop.active_listings, shop.on_vacation),
            ("VieuxParis", Some(12), Some(false))
        );
        assert_eq!(shop.extension.as_deref(), Some(r#"{"title":"Old things"}"#));
    }

    #[test]
    fn a_shop_that_says_little_is_still_one() {
        let shop = shop(&Object::parse(br#"{"shop_id":"9007199254740993","shop_name":null,"languages":null,"listing_active_count":-1}"#).unwrap()).unwrap();
        assert_eq!(shop.name, "9007199254740993");
        assert_eq!((shop.locales.len(), shop.active_listings), (0, None));
        assert!(super::shop(&Object::parse(b"{}").unwrap()).is_none());
    }
}
