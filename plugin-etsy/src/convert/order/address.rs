//! Where the parcel goes. In some regions Etsy keeps addresses from applications: an address without
//! a line is then not an empty one, and must not be printed as if it were.

use crate::convert::text::decode;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::types::Address;

/// The address of a receipt, as far as Etsy shows it.
pub(super) fn address(receipt: &Object<'_>) -> Address {
    let text = |name: &str| {
        let text = receipt.words(name)?;
        Some(decode(text.trim()))
    };
    let lines = [text("first_line"), text("second_line")];
    Address {
        name: text("name"),
        company: None,
        lines: lines.into_iter().flatten().collect(),
        city: text("city"),
        region: text("state"),
        postal_code: text("zip"),
        country: text("country_iso").and_then(|text| country(&text)),
        phone: None,
        formatted: text("formatted_address"),
        reference: None,
    }
}

/// Whether Etsy keeps it from the application: the name alone is no address.
pub(super) fn is_withheld(address: &Address) -> bool {
    address.lines.is_empty() && address.city.is_none() && address.formatted.is_none()
}

/// Two letters, as ISO 3166-1 has them.
fn country(text: &str) -> Option<String> {
    let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| text.to_ascii_uppercase())
}
