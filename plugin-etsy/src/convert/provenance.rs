//! Who made it, when, and whether it is a supply: Etsy takes the three together or not at all.

use super::era::{era, eras, is_vintage, recent};
use super::extension::pointer;
use crate::api::Form;
use crate::settings::Settings;
use stoflow_plugin_sdk::types::{Condition, Warning};
use stoflow_plugin_sdk::{Object, Violations};

/// Etsy's words for who made it.
pub const WHO_MADE: [&str; 3] = ["i_did", "someone_else", "collective"];

/// The three that Etsy takes together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// One of [`WHO_MADE`].
    pub who_made: String,
    /// One of the year's eras.
    pub when_made: String,
    /// Whether it is a supply.
    pub is_supply: bool,
}

impl Provenance {
    /// The fields of a form.
    #[must_use]
    pub fn form(&self) -> Form {
        [
            ("who_made", self.who_made.clone()),
            ("when_made", self.when_made.clone()),
            ("is_supply", self.is_supply.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// For a new listing: from the extension, else the settings, else the condition. New goods were
    /// made by the seller just now, as far as nobody says otherwise; of used ones somebody has to
    /// say when.
    #[must_use]
    pub fn of_new(
        extension: Option<&Object<'_>>,
        condition: Option<Condition>,
        settings: &Settings,
        year: i64,
        violations: &mut Violations,
    ) -> Option<Self> {
        let said = |name: &str| extension.and_then(|extension| extension.words(name));
        let is_new = condition == Some(Condition::New);
        let is_used = condition
            .is_some_and(|condition| condition != Condition::New && condition != Condition::Other);
        let who = said("who_made")
            .or_else(|| settings.who_made.clone())
            .or_else(|| match (is_new, is_used) {
                (true, _) => Some("i_did".to_owned()),
                (_, true) => Some("someone_else".to_owned()),
                _ => None,
            });
        let when = said("when_made")
            .or_else(|| settings.when_made.clone())
            .or_else(|| is_new.then(|| recent(year)));
        let supply = extension
            .and_then(|extension| extension.boolean("is_supply"))
            .or(settings.is_supply);
        let who_made = required(
            who,
            "who_made",
            "Etsy needs to know who made it: i_did, someone_else or collective",
            violations,
        );
        let when_made = required(
            when,
            "when_made",
            "Etsy needs to know when it was made: an era like 1970s, or a year",
            violations,
        )
        .and_then(|text| known_era(&text, year, violations));
        Some(Self {
            who_made: who_made?,
            when_made: when_made?,
            is_supply: supply.unwrap_or(false),
        })
    }

    /// For a change: what the extension says, and the rest as it is. `None` where it says nothing
    /// of the three.
    #[must_use]
    pub fn of_change(
        extension: &Object<'_>,
        listing: &Object<'_>,
        year: i64,
        violations: &mut Violations,
    ) -> Option<Self> {
        let (who, when) = (extension.words("who_made"), extension.words("when_made"));
        let supply = extension.boolean("is_supply");
        if who.is_none() && when.is_none() && supply.is_none() {
            return None;
        }
        let who_made = who.or_else(|| listing.words("who_made"));
        let when_made = when.or_else(|| listing.words("when_made"));
        let who_made = required(
            who_made,
            "who_made",
            "Etsy takes who_made, when_made and is_supply together",
            violations,
        );
        let when_made = required(
            when_made,
            "when_made",
            "Etsy takes who_made, when_made and is_supply together",
            violations,
        )
        .and_then(|text| known_era(&text, year, violations));
        let is_supply = supply
            .or_else(|| listing.boolean("is_supply"))
            .unwrap_or(false);
        Some(Self {
            who_made: who_made?,
            when_made: when_made?,
            is_supply,
        })
    }

    /// What a listing says, as far as it says all three.
    #[must_use]
    pub fn of_listing(listing: &Object<'_>, year: i64) -> Option<Self> {
        Some(Self {
            who_made: listing.words("who_made")?,
            when_made: era(&listing.words("when_made")?, year)?,
            is_supply: listing.boolean("is_supply").unwrap_or(false),
        })
    }

    /// Goods that somebody else made sell on Etsy as vintage or as supplies only.
    #[must_use]
    pub fn warning(&self, year: i64) -> Option<Warning> {
        let resold = self.who_made == "someone_else" && !self.is_supply;
        (resold && !is_vintage(&self.when_made, year)).then(|| Warning {
            code: "not-vintage".to_owned(),
            message: "Etsy allows goods that somebody else made only as vintage, twenty years old, or as \
                      supplies; it may take this listing down"
                .to_owned(),
            field: Some(pointer("when_made")),
        })
    }
}

fn required(
    value: Option<String>,
    name: &str,
    message: &str,
    violations: &mut Violations,
) -> Option<String> {
    if value.is_none() {
        let remedy = format!("{message}; say extension.{name}, or set {name} for the account");
        violations.add(pointer(name), "required", remedy);
    }
    value
}

fn known_era(text: &str, year: i64, violations: &mut Violations) -> Option<String> {
    let known = era(text, year);
    if known.is_none() {
        let message = format!(
            "{text:?} is no era of Etsy's; there are {}, or give the year",
            eras(year).join(", ")
        );
        violations.add(pointer("when_made"), "unknown-value", message);
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_new(
        json: &str,
        condition: Option<Condition>,
        settings: &Settings,
    ) -> Result<Provenance, Vec<String>> {
        let extension = Object::parse(json.as_bytes()).unwrap();
        let mut violations = Violations::default();
        let found =
            Provenance::of_new(Some(&extension), condition, settings, 2026, &mut violations);
        found.ok_or_else(|| {
            violations
                .as_slice()
                .iter()
                .map(|wrong| wrong.path.clone())
                .collect()
        })
    }

    #[test]
    fn the_extension_wins_over_settings_and_these_over_the_condition() {
        let settings = Settings {
            who_made: Some("collective".into()),
            is_supply: Some(true),
            ..Settings::default()
        };
        let found = of_new(r#"{"when_made":"1974"}"#, Some(Condition::New), &settings).unwrap();
        assert_eq!(
            found,
            Provenance {
                who_made: "collective".into(),
                when_made: "1970s".into(),
                is_supply: true
            }
        );
        let found = of_new("{}", Some(Condition::New), &Settings::default()).unwrap();
        assert_eq!(
            (found.who_made.as_str(), found.when_made.as_str()),
            ("i_did", "2020_2026")
        );
    }

    #[test]
    fn what_nobody_says_is_asked_for() {
        let paths = of_new("{}", None, &Settings::default()).unwrap_err();
        assert_eq!(
            paths,
            [
                "/product/extension/who_made",
                "/product/extension/when_made"
            ]
        );
        let paths = of_new("{}", Some(Condition::Good), &Settings::default()).unwrap_err();
        assert_eq!(paths, ["/product/extension/when_made"]);
        let paths = of_new(
            r#"{"when_made":"soon"}"#,
            Some(Condition::New),
            &Settings::default(),
        )
        .unwrap_err();
        assert_eq!(paths, ["/product/extension/when_made"]);
    }

    #[test]
    fn a_change_sends_all_three_or_none() {
        let listing =
            Object::parse(br#"{"who_made":"i_did","when_made":"2020_2025","is_supply":null}"#)
                .unwrap();
        let mut violations = Violations::default();
        let nothing = Object::parse(b"{}").unwrap();
        assert_eq!(
            Provenance::of_change(&nothing, &listing, 2026, &mut violations),
            None
        );
        let supply = Object::parse(br#"{"is_supply":true}"#).unwrap();
        let found = Provenance::of_change(&supply, &listing, 2026, &mut violations).unwrap();
        assert_eq!(
            found,
            Provenance {
                who_made: "i_did".into(),
                when_made: "2020_2026".into(),
                is_supply: true
            }
        );
    }

    #[test]
    fn resold_goods_that_are_not_vintage_get_a_warning() {
        let of = |when: &str, is_supply| Provenance {
            who_made: "someone_else".into(),
            when_made: when.into(),
            is_supply,
        };
        assert!(of("2020_2026", false).warning(2026).is_some());
        assert!(of("2020_2026", true).warning(2026).is_none());
        assert!(of("1970s", false).warning(2026).is_none());
    }
}
