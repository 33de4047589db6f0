//! What each operation does: one file for each kind of thing, as Etsy's reference has them.
//!
//! A handler gets a request whose values are typed and whose caller is known, and answers with Etsy's
//! JSON or refuses in Etsy's shape. An operation without a handler says so with a 501.

mod activation;
mod addresses;
mod application;
mod carriers;
mod destinations;
mod files;
mod holidays;
mod images;
mod inventory;
mod inventory_axes;
mod inventory_rules;
mod ledger;
mod listing_fields;
mod listings;
mod lookups;
mod payments;
mod personalization;
mod properties;
mod readiness_states;
mod receipts;
pub(crate) mod render;
mod render_extras;
mod render_money;
mod render_orders;
mod render_shop;
mod return_policies;
mod reviews;
mod search;
mod sections;
mod shipments;
mod shipping;
mod shops;
mod taxonomy;
mod text_rules;
mod transactions;
mod translations;
mod upgrades;
mod variation_images;
mod videos;

use axum::http::StatusCode;

use crate::core::Core;
use crate::input::Input;
use crate::oauth::grants::Caller;
use crate::reply::{Refusal, Reply};
use crate::table::Operation;

pub(crate) use files::human_size;

/// A checked request.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static Operation,
    pub(crate) input: Input,
    /// Whose token the request carries, if it carries one.
    pub(crate) caller: Option<Caller>,
    /// Seconds since 1970.
    pub(crate) now: i64,
    /// Where the sandbox is reached, for addresses in replies.
    pub(crate) base_url: &'a str,
}

impl Call<'_> {
    /// The caller's user id; 0, which nobody has, without a token.
    pub(crate) fn user_id(&self) -> i64 {
        self.caller.as_ref().map_or(0, |caller| caller.user_id)
    }
}

type Handler = fn(&mut Core, &Call<'_>) -> Result<Reply, Refusal>;

/// Answers one operation.
pub(crate) fn dispatch(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    match handler(&call.operation.id) {
        Some(handler) => handler(core, call),
        None => Err(Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            format!("The sandbox does not serve {} yet", call.operation.id),
        )),
    }
}

/// Whether the sandbox serves an operation of Etsy's document.
#[must_use]
pub fn is_served(operation: &str) -> bool {
    handler(operation).is_some()
}

fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "ping" => application::ping,
        "tokenScopes" => application::token_scopes,

        "getMe" => shops::get_me,
        "getUser" => shops::get_user,
        "getUserAddresses" => addresses::list,
        "getUserAddress" => addresses::get,
        "deleteUserAddress" => addresses::delete,
        "findShops" => shops::find,
        "getShop" => shops::get_shop,
        "getShopByOwnerUserId" => shops::get_shop_by_owner,
        "updateShop" => shops::update,
        "getShopProductionPartners" => shops::production_partners,
        "getHolidayPreferences" => holidays::list,
        "updateHolidayPreferences" => holidays::update,

        "getShopSections" => sections::list,
        "getShopSection" => sections::get,
        "createShopSection" => sections::create,
        "updateShopSection" => sections::update,
        "deleteShopSection" => sections::delete,

        "getShippingCarriers" => carriers::list,
        "getShopShippingProfiles" => shipping::list,
        "getShopShippingProfile" => shipping::get,
        "createShopShippingProfile" => shipping::create,
        "updateShopShippingProfile" => shipping::update,
        "deleteShopShippingProfile" => shipping::delete,
        "getShopShippingProfileDestinationsByShippingProfile" => destinations::list,
        "createShopShippingProfileDestination" => destinations::create,
        "updateShopShippingProfileDestination" => destinations::update,
        "deleteShopShippingProfileDestination" => destinations::delete,
        "getShopShippingProfileUpgrades" => upgrades::list,
        "createShopShippingProfileUpgrade" => upgrades::create,
        "updateShopShippingProfileUpgrade" => upgrades::update,
        "deleteShopShippingProfileUpgrade" => upgrades::delete,

        "getShopReadinessStateDefinitions" => readiness_states::list,
        "getShopReadinessStateDefinition" => readiness_states::get,
        "createShopReadinessStateDefinition" => readiness_states::create,
        "updateShopReadinessStateDefinition" => readiness_states::update,
        "deleteShopReadinessStateDefinition" => readiness_states::delete,

        "getShopReturnPolicies" => return_policies::list,
        "getShopReturnPolicy" => return_policies::get,
        "createShopReturnPolicy" => return_policies::create,
        "updateShopReturnPolicy" => return_policies::update,
        "deleteShopReturnPolicy" => return_policies::delete,
        "consolidateShopReturnPolicies" => return_policies::consolidate,
        "getListingsByShopReturnPolicy" => return_policies::listings,

        // Buyers' categories are the sellers' here.
        "getSellerTaxonomyNodes" | "getBuyerTaxonomyNodes" => taxonomy::nodes,
        "getPropertiesByTaxonomyId" | "getPropertiesByBuyerTaxonomyId" => taxonomy::properties,

        "createDraftListing" => listings::create_draft,
        "getListing" => listings::get,
        "getListingsByShop" => listings::by_shop,
        "getListingsByListingIds" => listings::batch,
        "findAllActiveListingsByShop" => search::by_shop,
        "findAllListingsActive" => search::everywhere,
        "getFeaturedListingsByShop" => listings::featured,
        "getListingsByShopSectionId" => listings::by_section,
        "updateListing" => listings::update,
        "deleteListing" => listings::delete,

        "getListingInventory" => inventory::get,
        "updateListingInventory" => inventory::update,
        "getListingsInventoryByListingIds" => inventory::batch,
        "getListingsShippingByListingIds" => listings::batch_shipping,
        "getListingProduct" => inventory::product,
        "getListingOffering" => inventory::offering,

        "uploadListingImage" => images::upload,
        "getListingImages" => images::list,
        "getListingImage" => images::get,
        "deleteListingImage" => images::delete,

        "uploadListingFile" => files::upload,
        "getAllListingFiles" => files::list,
        "getListingFile" => files::get,
        "deleteListingFile" => files::delete,

        "getListingProperties" => properties::list,
        "getListingProperty" => properties::get,
        "updateListingProperty" => properties::update,
        "deleteListingProperty" => properties::delete,

        "createListingTranslation" => translations::create,
        "getListingTranslation" => translations::get,
        "updateListingTranslation" => translations::update,

        "getListingVariationImages" => variation_images::get,
        "updateVariationImages" => variation_images::update,

        "uploadListingVideo" => videos::upload,
        "getListingVideos" => videos::list,
        "getListingVideo" => videos::get,
        "deleteListingVideo" => videos::delete,

        "getListingPersonalization" => personalization::get,
        "updateListingPersonalization" => personalization::update,
        "deleteListingPersonalization" => personalization::delete,

        "getReviewsByListing" => reviews::by_listing,
        "getReviewsByShop" => reviews::by_shop,

        "getShopReceipts" => receipts::list,
        "getShopReceipt" => receipts::get,
        "updateShopReceipt" => receipts::update,
        "getListingsByShopReceipt" => receipts::listings,
        "createReceiptShipment" => shipments::create,

        "getShopReceiptTransaction" => transactions::get,
        "getShopReceiptTransactionsByReceipt" => transactions::by_receipt,
        "getShopReceiptTransactionsByListing" => transactions::by_listing,
        "getShopReceiptTransactionsByShop" => transactions::by_shop,

        "getShopPaymentByReceiptId" => payments::by_receipt,
        "getPayments" => payments::list,
        "getPaymentAccountLedgerEntryPayments" => payments::by_ledger_entries,
        "getShopPaymentAccountLedgerEntries" => ledger::list,
        "getShopPaymentAccountLedgerEntry" => ledger::get,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::table::Table;

    #[test]
    fn every_operation_of_the_table_is_served_and_no_other() {
        let unserved: Vec<&String> = Table::get()
            .operations
            .keys()
            .filter(|id| !super::is_served(id))
            .collect();
        assert!(unserved.is_empty(), "{unserved:?}");
        assert!(!super::is_served("createListing"));
    }
}
