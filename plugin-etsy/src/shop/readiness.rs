//! What a person has to set right before selling works, so that it is found on one page and not at
//! the first publication that fails. Nothing here is a guess: each finding follows from a rule that
//! publishing applies too.

use crate::convert::era::era;
use crate::convert::matrix_read::currency;
use crate::convert::provenance::WHO_MADE;
use crate::id::Id;
use crate::limits::{has_postal_codes, is_eu};
use crate::publish::policies::{Choice, Kind, shown};
use crate::refusal::call_all;
use crate::settings::Setup;
use crate::{api, settings};
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::http::Response;
use stoflow_plugin_sdk::shop::{Finding, Severity};
use stoflow_plugin_sdk::types::Error;

/// What a shop has of a kind.
#[derive(Debug)]
pub struct Found {
    kind: Kind,
    choices: Vec<Choice>,
    /// What is wrong with some of them.
    incomplete: Vec<String>,
}

/// What has to be set right, the worst first.
pub(super) fn readiness() -> Result<Vec<Finding>, Error> {
    let setup = Setup::current();
    let shop = settings::shop()?;
    let mut kinds = vec![Kind::Shipping, Kind::Returns, Kind::Processing];
    if setup.settings.section.is_some() {
        kinds.push(Kind::Section);
    }
    let asked = kinds.iter().map(|kind| kind.request(&shop));
    let requests = std::iter::once(api::shop(&shop)).chain(asked).collect();
    let mut replies = call_all(requests).into_iter();
    let reply = match replies.next() {
        Some(Err(Error::NotFound(_))) => return Ok(vec![no_shop(&shop)]),
        Some(reply) => reply?,
        None => return Err(Error::Unavailable("a request was not answered".into())),
    };
    let mut found = Vec::new();
    for (kind, reply) in kinds.into_iter().zip(replies) {
        found.push(Found::read(kind, reply)?);
    }
    Ok(findings(&reply.object()?, &found, &setup))
}

impl Found {
    fn read(kind: Kind, reply: Result<Response, Error>) -> Result<Self, Error> {
        match reply {
            Ok(reply) => Ok(Self::of(kind, &reply.object()?)),
            // The shop is there: it has none.
            Err(Error::NotFound(_)) => Ok(Self {
                kind,
                choices: Vec::new(),
                incomplete: Vec::new(),
            }),
            Err(error) => Err(error),
        }
    }

    /// What a reply lists.
    #[must_use]
    pub fn of(kind: Kind, reply: &Object<'_>) -> Self {
        let results = reply.objects("results");
        let (mut choices, mut incomplete) = (Vec::new(), Vec::new());
        for object in &results {
            let Some(choice) = kind.choice(object) else {
                continue;
            };
            if kind == Kind::Shipping
                && let Some(wrong) = incomplete_profile(object)
            {
                incomplete.push(format!("{} ({}) {wrong}", choice.id, choice.title));
            }
            choices.push(choice);
        }
        Self {
            kind,
            choices,
            incomplete,
        }
    }
}

/// Why Etsy activates no listing with this shipping profile.
fn incomplete_profile(profile: &Object<'_>) -> Option<&'static str> {
    let destinations = profile.objects("shipping_profile_destinations");
    let origin = profile.words("origin_country_iso").unwrap_or_default();
    if destinations.is_empty() {
        return Some("ships nowhere");
    }
    if has_postal_codes(&origin) && profile.words("origin_postal_code").is_none() {
        return Some("has no postal code to ship from");
    }
    let is_calculated = profile.text("profile_type").as_deref() == Some("calculated");
    let has_delivery = |destination: &Object<'_>| {
        destination.words("mail_class").is_some()
            || destination.integer("max_delivery_days").is_some()
    };
    (!is_calculated && !destinations.iter().all(has_delivery))
        .then_some("has a destination with neither a mail class nor delivery days")
}

/// The findings, the worst first.
#[must_use]
pub fn findings(shop: &Object<'_>, found: &[Found], setup: &Setup) -> Vec<Finding> {
    let mut findings = Vec::new();
    of_shop(shop, setup, &mut findings);
    for found in found {
        found.judge(shop, setup, &mut findings);
    }
    of_settings(setup, &mut findings);
    // The order within a severity stays.
    findings.sort_by_key(|finding| match finding.severity {
        Severity::Blocking => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    });
    findings
}

fn finding(severity: Severity, code: &str, message: impl Into<String>) -> Finding {
    Finding {
        severity,
        code: code.to_owned(),
        message: message.into(),
    }
}

fn no_shop(shop: &Id) -> Finding {
    let message =
        format!("Etsy has no shop {shop} any more: open it again on Etsy, or connect another one");
    finding(Severity::Blocking, "no-shop", message)
}

fn of_shop(shop: &Object<'_>, setup: &Setup, findings: &mut Vec<Finding>) {
    if shop.boolean("is_vacation") == Some(true) {
        let message = "the shop is on vacation, so nobody can buy: end it on Etsy";
        findings.push(finding(Severity::Blocking, "vacation", message));
    }
    let changed = |known: &Option<String>, now: Option<String>| match (known, now) {
        (Some(known), Some(now)) if *known != now => Some((known.clone(), now)),
        _ => None,
    };
    if let Some((known, now)) = changed(&setup.currency, currency(shop)) {
        let message = format!(
            "the shop sells in {now}, and did in {known} when it was connected: connect it again, or its \
             prices are checked against the wrong currency"
        );
        findings.push(finding(Severity::Blocking, "currency-changed", message));
    }
    if let Some((known, now)) = changed(&setup.country, shop.words("shop_location_country_iso")) {
        let message = format!(
            "the shop is in {now}, and was in {known} when it was connected: connect it again, because \
             what a listing needs depends on it"
        );
        findings.push(finding(Severity::Warning, "country-changed", message));
    }
    if shop.boolean("is_etsy_payments_onboarded") == Some(false) {
        let message = "Etsy Payments is not set up, so buyers may have no way to pay";
        findings.push(finding(Severity::Warning, "no-payments", message));
    }
}

impl Found {
    fn judge(&self, shop: &Object<'_>, setup: &Setup, findings: &mut Vec<Finding>) {
        let (noun, setting) = self.kind.noun();
        let dashed = noun.replace(' ', "-");
        let set = self.setting(setup);
        if self.choices.is_empty()
            && let Some(severity) = self.kind.severity_of_none(shop, setup)
        {
            let message = format!("the shop has no {noun}: set one up on Etsy, or create one here");
            findings.push(finding(severity, &format!("no-{dashed}"), message));
        }
        if !self.incomplete.is_empty() {
            let all = self.incomplete.len() == self.choices.len();
            let severity = if all {
                Severity::Blocking
            } else {
                Severity::Warning
            };
            let message = format!(
                "Etsy puts nothing on sale with {noun} {}",
                self.incomplete.join("; ")
            );
            findings.push(finding(severity, &format!("incomplete-{dashed}"), message));
        }
        let named = |set| self.choices.iter().filter(|it| it.is_named(set)).count();
        let wrong = match set.map(named) {
            Some(0) => Some("no-such"),
            Some(1) | None => None,
            Some(_) => Some("ambiguous"),
        };
        if let Some(wrong) = wrong {
            let message = format!(
                "the account's setting {setting} names {:?}, and the shop has {}: set it to the id of one",
                set.unwrap_or_default(),
                shown(&self.choices)
            );
            findings.push(finding(
                Severity::Blocking,
                &format!("{wrong}-{dashed}"),
                message,
            ));
        }
        if set.is_none() && self.choices.len() > 1 && self.kind != Kind::Section {
            let message = format!(
                "the shop has more than one {noun}: {}; set {setting} for the account, or each product has \
                 to name one",
                shown(&self.choices)
            );
            findings.push(finding(
                Severity::Info,
                &format!("ambiguous-{dashed}"),
                message,
            ));
        }
    }

    fn setting<'a>(&self, setup: &'a Setup) -> Option<&'a str> {
        let settings = &setup.settings;
        let set = match self.kind {
            Kind::Shipping => &settings.shipping_profile,
            Kind::Returns => &settings.return_policy,
            Kind::Processing => &settings.processing_profile,
            Kind::Section => &settings.section,
        };
        set.as_deref().map(str::trim)
    }
}

impl Kind {
    /// How bad it is to have none. A shop whose listings are all downloads ships nothing.
    fn severity_of_none(self, shop: &Object<'_>, setup: &Setup) -> Option<Severity> {
        let active = shop.integer("listing_active_count").unwrap_or_default();
        let digital = shop.integer("digital_listing_count");
        if active > 0 && digital == Some(active) {
            return (self != Self::Section).then_some(Severity::Info);
        }
        let country = shop.words("shop_location_country_iso");
        match self {
            Self::Shipping | Self::Processing => Some(Severity::Blocking),
            Self::Returns => match country.as_ref().or(setup.country.as_ref()) {
                Some(country) if is_eu(country) => None,
                Some(_) => Some(Severity::Blocking),
                // It is Etsy that judges.
                None => Some(Severity::Warning),
            },
            Self::Section => None,
        }
    }
}

fn of_settings(setup: &Setup, findings: &mut Vec<Finding>) {
    let settings = &setup.settings;
    if let Some(who) = settings.who_made.as_deref()
        && !WHO_MADE.contains(&who)
    {
        let message = format!(
            "the account's setting who_made is {who:?}, and Etsy knows {}",
            WHO_MADE.join(", ")
        );
        findings.push(finding(Severity::Warning, "unknown-who-made", message));
    }
    if let Some(when) = settings.when_made.as_deref()
        && era(when, setup.year).is_none()
    {
        let message =
            format!("the account's setting when_made is {when:?}, which is no era of Etsy's");
        findings.push(finding(Severity::Warning, "unknown-when-made", message));
    }
}

#[cfg(test)]
mod tests;
