//! The seller's shop.

use crate::refusal::call;
use crate::{Etsy, api, settings};
use stoflow_plugin_sdk::shop::{Section, ShopRecord};
use stoflow_plugin_sdk::types::Error;
use stoflow_plugin_sdk::{Object, Shop};

impl Shop for Etsy {
    fn get() -> Result<ShopRecord, Error> {
        let reply = call(api::shop(&settings::shop()?))?;
        shop(&reply.object()?).ok_or_else(|| reply.unexpected("a shop without an id"))
    }

    fn sections() -> Result<Vec<Section>, Error> {
        let reply = call(api::sections(&settings::shop()?))?;
        Ok(reply
            .object()?
            .objects("results")
            .iter()
            .filter_map(section)
            .collect())
    }
}

/// The contract's shop; `None` where even the id is missing.
#[must_use]
pub fn shop(object: &Object<'_>) -> Option<ShopRecord> {
    let id = object.text("shop_id")?;
    let count = object.integer("listing_active_count");
    Some(ShopRecord {
        name: object.words("shop_name").unwrap_or_else(|| id.clone()),
        id,
        url: object.words("url"),
        currency: object.words("currency_code"),
        locales: object.texts("languages"),
        active_listings: count.and_then(|count| u32::try_from(count).ok()),
        on_vacation: object.boolean("is_vacation"),
        extension: object.unread(),
    })
}

/// The contract's section. Etsy's are not nested.
#[must_use]
pub fn section(object: &Object<'_>) -> Option<Section> {
    let count = object.integer("active_listing_count");
    Some(Section {
        id: object.text("shop_section_id")?,
        title: object
            .words("title")
            .map(|title| crate::convert::text::decode(&title))
            .unwrap_or_default(),
        parent: None,
        active_listings: count.and_then(|count| u32::try_from(count).ok()),
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
        let section = section(
            &Object::parse(
                br#"{"shop_section_id":3,"title":"Coats &amp; hats","active_listing_count":2}"#,
            )
            .unwrap(),
        )
        .unwrap();
        assert_eq!(
            (section.id.as_str(), section.title.as_str()),
            ("3", "Coats & hats")
        );
    }
}
