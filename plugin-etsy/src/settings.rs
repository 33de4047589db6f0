//! For whom a call is and how it is set up, read once, so that everything after it is pure.

use crate::date::{now, year_of};
use crate::id::Id;
use stoflow_plugin_sdk::plugin::Setting;
use stoflow_plugin_sdk::types::Error;
use stoflow_plugin_sdk::{Object, context};

/// What the operator or the seller has set; `None` for what nobody has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Who made the goods, where a product does not say.
    pub who_made: Option<String>,
    /// When they were made, where a product does not say.
    pub when_made: Option<String>,
    /// Whether they are supplies, where a product does not say.
    pub is_supply: Option<bool>,
    /// Id or title of the shipping profile.
    pub shipping_profile: Option<String>,
    /// Id of the return policy.
    pub return_policy: Option<String>,
    /// Id or label of the processing profile.
    pub processing_profile: Option<String>,
    /// Id or title of the shop's section.
    pub section: Option<String>,
    /// Whether listings renew themselves, where a product does not say.
    pub should_auto_renew: Option<bool>,
}

/// Everything about a call that is not in its arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// The shop; `None` where the call has no account.
    pub shop: Option<Id>,
    /// The currency that the shop sells in, ISO 4217, as the account was connected.
    pub currency: Option<String>,
    /// Where the shop is, ISO 3166-1 alpha-2, as the account was connected.
    pub country: Option<String>,
    /// Settings.
    pub settings: Settings,
    /// The year it is, by which Etsy names its eras.
    pub year: i64,
}

impl Setup {
    /// Of the running call.
    #[must_use]
    pub fn current() -> Self {
        let account = context::current();
        let extension = account
            .as_ref()
            .and_then(|account| account.extension.clone());
        let extension = extension
            .as_deref()
            .and_then(|json| Object::parse(json.as_bytes()).ok());
        let known = |name: &str| {
            extension
                .as_ref()
                .and_then(|extension| extension.words(name))
        };
        Self {
            shop: account.and_then(|account| Id::parse(account.shop_id.as_deref()?)),
            currency: known("currency"),
            country: known("country"),
            settings: Settings::current(),
            year: year_of(now()),
        }
    }

    /// The shop.
    ///
    /// # Errors
    ///
    /// `unauthorized`, where the call has no account.
    pub fn shop(&self) -> Result<&Id, Error> {
        self.shop.as_ref().ok_or_else(|| {
            Error::Unauthorized("this call needs a seller's account with an Etsy shop".into())
        })
    }
}

impl Settings {
    fn current() -> Self {
        let text = |name: &str| context::setting(name).filter(|value| !value.trim().is_empty());
        let flag =
            |name: &str| text(name).map(|value| matches!(value.trim(), "true" | "1" | "yes"));
        Self {
            who_made: text("who_made"),
            when_made: text("when_made"),
            is_supply: flag("is_supply"),
            shipping_profile: text("shipping_profile"),
            return_policy: text("return_policy"),
            processing_profile: text("processing_profile"),
            section: text("section"),
            should_auto_renew: flag("should_auto_renew"),
        }
    }
}

/// The shop of the running call.
///
/// # Errors
///
/// `unauthorized`, where the call has no account.
pub fn shop() -> Result<Id, Error> {
    Setup {
        shop: Id::parse(context::account()?.shop_id.as_deref().unwrap_or_default()),
        ..Setup::default()
    }
    .shop()
    .cloned()
}

/// What can be set. Each account may have its own values.
#[must_use]
pub fn describe() -> Vec<Setting> {
    let setting = |name: &str, summary: &str| Setting {
        name: name.to_owned(),
        summary: summary.to_owned(),
        default: None,
        per_account: true,
    };
    vec![
        setting(
            "who_made",
            "who made the goods, where a product does not say: i_did, someone_else or collective",
        ),
        setting(
            "when_made",
            "when they were made, where a product does not say: an era like 1970s, made_to_order, or a year",
        ),
        setting(
            "is_supply",
            "whether they are supplies to make things with, where a product does not say: true or false",
        ),
        setting(
            "shipping_profile",
            "id or title of the shipping profile, where a product names none",
        ),
        setting(
            "return_policy",
            "id of the return policy, where a product names none",
        ),
        setting(
            "processing_profile",
            "id or label of the processing profile, where a product names none",
        ),
        setting(
            "section",
            "id or title of the shop's section, where a product names none",
        ),
        setting(
            "should_auto_renew",
            "whether listings renew themselves every four months, for a fee: true or false",
        ),
    ]
}
