//! Which of the shop's policies a new listing gets: the product's, else the setting's, else the only
//! one there is. Where that leaves a choice, a person makes it.

use crate::api::{self, Form};
use crate::convert::axis::same_name;
use crate::convert::policy_read::returns_title;
use crate::convert::product::Converted;
use crate::convert::text::decode;
use crate::id::Id;
use crate::limits::is_eu;
use crate::refusal::call_all;
use crate::settings::Setup;
use serde::{Deserialize, Serialize};
use stoflow_plugin_sdk::http::Request;
use stoflow_plugin_sdk::publish::Target;
use stoflow_plugin_sdk::types::{Error, Violation};
use stoflow_plugin_sdk::{Object, violation};

/// What a listing gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resolved {
    /// Shipping profile.
    pub shipping: Option<Id>,
    /// Return policy.
    pub returns: Option<Id>,
    /// Processing profile.
    pub processing: Option<Id>,
    /// Section of the shop.
    pub section: Option<Id>,
}

impl Resolved {
    /// The fields of the form that creates a listing.
    #[must_use]
    pub fn form(&self) -> Form {
        let fields = [
            ("shipping_profile_id", &self.shipping),
            ("return_policy_id", &self.returns),
            ("readiness_state_id", &self.processing),
            ("shop_section_id", &self.section),
        ];
        let known = fields
            .into_iter()
            .filter_map(|(name, id)| Some((name.to_owned(), id.as_ref()?.to_string())));
        known.collect()
    }
}

/// One thing that a listing gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Shipping profile.
    Shipping,
    /// Return policy.
    Returns,
    /// Processing profile.
    Processing,
    /// Section of the shop.
    Section,
}

/// What is known of it before the shop is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is this one, or none is needed.
    Settled(Option<Id>),
    /// One of this title, which the shop has to be asked for.
    Titled(String),
    /// The only one that there is; needed or not.
    Only {
        /// Whether the listing cannot do without.
        needed: bool,
    },
}

/// An object of the shop's that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// By which listings name it.
    pub id: Id,
    /// By which people do.
    pub title: String,
}

impl Choice {
    /// Whether a setting, which has an id or a title, means this one.
    #[must_use]
    pub fn is_named(&self, text: &str) -> bool {
        self.id.as_str() == text || same_name(&self.title, text)
    }
}

/// Choices as a message lists them.
#[must_use]
pub fn shown(choices: &[Choice]) -> String {
    let shown: Vec<String> = choices
        .iter()
        .map(|choice| format!("{} ({})", choice.id, choice.title))
        .collect();
    if shown.is_empty() {
        "none".to_owned()
    } else {
        shown.join(", ")
    }
}

impl Kind {
    /// All, in the order of [`Resolved`].
    pub const ALL: [Self; 4] = [
        Self::Shipping,
        Self::Returns,
        Self::Processing,
        Self::Section,
    ];

    /// What is known of it for this product.
    #[must_use]
    pub fn known(self, converted: &Converted, target: Target, setup: &Setup) -> Known {
        let settings = &setup.settings;
        let (given, set) = match self {
            Self::Shipping => (&converted.policies.shipping, &settings.shipping_profile),
            Self::Returns => (&converted.policies.returns, &settings.return_policy),
            Self::Processing => (&converted.policies.processing, &settings.processing_profile),
            Self::Section => return section(converted, settings.section.as_deref()),
        };
        if converted.digital {
            return Known::Settled(None);
        }
        match (given, set.as_deref().map(str::trim)) {
            (Some(id), _) => Known::Settled(Some(id.clone())),
            (None, Some(text)) => by_text(text),
            (None, None) if self != Self::Returns => Known::Only { needed: true },
            (None, None) if target == Target::Draft => Known::Settled(None),
            // Where the shop is not known to be in the Union it is Etsy that judges.
            (None, None) => Known::Only {
                needed: setup
                    .country
                    .as_deref()
                    .is_some_and(|country| !is_eu(country)),
            },
        }
    }

    /// What the shop is asked for them.
    #[must_use]
    pub fn request(self, shop: &Id) -> Request {
        match self {
            Self::Shipping => api::shipping_profiles(shop),
            Self::Returns => api::return_policies(shop),
            Self::Processing => api::processing_profiles(shop),
            Self::Section => api::sections(shop),
        }
    }

    /// One of them; `None` for what is deleted or has no id.
    #[must_use]
    pub fn choice(self, object: &Object<'_>) -> Option<Choice> {
        if object.boolean("is_deleted") == Some(true) {
            return None;
        }
        let (id, title) = match self {
            Self::Shipping => ("shipping_profile_id", object.words("title")),
            Self::Returns => ("return_policy_id", Some(returns_title(object))),
            Self::Processing => (
                "readiness_state_id",
                object.words("processing_days_display_label"),
            ),
            Self::Section => ("shop_section_id", object.words("title")),
        };
        Some(Choice {
            id: Id::parse(&object.text(id)?)?,
            title: title.map(|title| decode(&title)).unwrap_or_default(),
        })
    }

    /// What people call it, and the setting that names one.
    #[must_use]
    pub fn noun(self) -> (&'static str, &'static str) {
        match self {
            Self::Shipping => ("shipping profile", "shipping_profile"),
            Self::Returns => ("return policy", "return_policy"),
            Self::Processing => ("processing profile", "processing_profile"),
            Self::Section => ("section", "section"),
        }
    }

    fn pointer(self) -> &'static str {
        if self == Self::Section {
            "/product/sections"
        } else {
            "/product/policies"
        }
    }

    fn settle(self, known: &Known, choices: &[Choice]) -> Result<Option<Id>, Violation> {
        let (noun, setting) = self.noun();
        let list = || shown(choices);
        let missing = |code: &str, message: String| Err(violation(self.pointer(), code, message));
        match known {
            Known::Settled(id) => Ok(id.clone()),
            Known::Titled(title) => {
                let mut same = choices
                    .iter()
                    .filter(|choice| same_name(&choice.title, title));
                match (same.next(), same.next()) {
                    (Some(choice), None) => Ok(Some(choice.id.clone())),
                    (Some(_), Some(_)) => missing(
                        "ambiguous",
                        format!(
                            "the shop has more than one {noun} {title:?}: {}; name its id",
                            list()
                        ),
                    ),
                    (None, _) => missing(
                        "no-such-choice",
                        format!("the shop has no {noun} {title:?}; it has {}", list()),
                    ),
                }
            }
            Known::Only { needed } => match choices {
                [only] => Ok(Some(only.id.clone())),
                [] if *needed => missing(
                    "missing",
                    format!(
                        "the shop has no {noun}, which goods that are shipped need: set one up on Etsy"
                    ),
                ),
                _ if *needed => missing(
                    "ambiguous",
                    format!(
                        "more than one {noun}: {}; name one in the product, or set {setting} for the account",
                        list()
                    ),
                ),
                _ => Ok(None),
            },
        }
    }
}

fn section(converted: &Converted, setting: Option<&str>) -> Known {
    match converted.section.as_deref().or(setting).map(str::trim) {
        None | Some("") => Known::Settled(None),
        Some(text) => by_text(text),
    }
}

fn by_text(text: &str) -> Known {
    Id::parse(text).map_or_else(
        || Known::Titled(text.to_owned()),
        |id| Known::Settled(Some(id)),
    )
}

/// What a new listing gets; asks the shop for no more than is open.
///
/// # Errors
///
/// `precondition`, where a person has to choose or to set something up.
pub fn resolve(converted: &Converted, target: Target, setup: &Setup) -> Result<Resolved, Error> {
    settle(
        Kind::ALL.map(|kind| (kind, kind.known(converted, target, setup))),
        setup,
    )
}

/// The section that a change names.
pub(super) fn resolve_section(converted: &Converted, setup: &Setup) -> Result<Option<Id>, Error> {
    let known = section(converted, None);
    Ok(settle([(Kind::Section, known)], setup)?.section)
}

fn settle<const N: usize>(wanted: [(Kind, Known); N], setup: &Setup) -> Result<Resolved, Error> {
    let shop = setup.shop()?;
    let open: Vec<Kind> = wanted
        .iter()
        .filter(|(_, known)| !matches!(known, Known::Settled(_)))
        .map(|(kind, _)| *kind)
        .collect();
    let replies = call_all(open.iter().map(|kind| kind.request(shop)).collect());
    let mut choices: Vec<(Kind, Vec<Choice>)> = Vec::new();
    for (kind, reply) in open.into_iter().zip(replies) {
        let reply = reply?;
        let results = reply.object()?.objects("results");
        choices.push((
            kind,
            results
                .iter()
                .filter_map(|object| kind.choice(object))
                .collect(),
        ));
    }
    let (mut resolved, mut missing) = (Resolved::default(), Vec::new());
    for (kind, known) in &wanted {
        let of_kind = choices.iter().find(|(asked, _)| asked == kind);
        let slot = match kind {
            Kind::Shipping => &mut resolved.shipping,
            Kind::Returns => &mut resolved.returns,
            Kind::Processing => &mut resolved.processing,
            Kind::Section => &mut resolved.section,
        };
        match kind.settle(known, of_kind.map_or(&[], |(_, choices)| choices)) {
            Ok(id) => *slot = id,
            Err(violation) => missing.push(violation),
        }
    }
    if missing.is_empty() {
        Ok(resolved)
    } else {
        Err(Error::Precondition(missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn choices(list: &[(&str, &str)]) -> Vec<Choice> {
        list.iter()
            .map(|(id, title)| Choice {
                id: Id::parse(id).unwrap(),
                title: (*title).into(),
            })
            .collect()
    }

    #[test]
    fn the_product_wins_over_the_setting_and_that_over_the_only_one() {
        let id = Id::parse("5");
        let mut converted = Converted::default();
        let mut setup = Setup {
            country: Some("US".into()),
            ..Setup::default()
        };
        let known = |converted: &Converted, setup: &Setup| {
            Kind::Shipping.known(converted, Target::Draft, setup)
        };
        assert_eq!(known(&converted, &setup), Known::Only { needed: true });
        setup.settings = Settings {
            shipping_profile: Some("Letter".into()),
            ..Settings::default()
        };
        assert_eq!(known(&converted, &setup), Known::Titled("Letter".into()));
        converted.policies.shipping = id.clone();
        assert_eq!(known(&converted, &setup), Known::Settled(id));
        converted.digital = true;
        assert_eq!(known(&converted, &setup), Known::Settled(None));
    }

    #[test]
    fn a_return_policy_is_needed_on_sale_outside_the_union_only() {
        let of = |country: Option<&str>, target| {
            let setup = Setup {
                country: country.map(Into::into),
                ..Setup::default()
            };
            Kind::Returns.known(&Converted::default(), target, &setup)
        };
        assert_eq!(of(Some("US"), Target::Active), Known::Only { needed: true });
        assert_eq!(
            of(Some("FR"), Target::Active),
            Known::Only { needed: false }
        );
        assert_eq!(of(Some("US"), Target::Draft), Known::Settled(None));
    }

    #[test]
    fn a_choice_is_left_to_a_person_who_sees_what_there_is() {
        let needed = Known::Only { needed: true };
        let settle = |known: &Known, list| Kind::Shipping.settle(known, &choices(list));
        assert_eq!(settle(&needed, &[("7", "Letter")]), Ok(Id::parse("7")));
        let error = settle(&needed, &[("7", "Letter"), ("8", "Parcel")]).unwrap_err();
        assert!(
            error.message.contains("7 (Letter), 8 (Parcel)")
                && error.message.contains("shipping_profile"),
            "{}",
            error.message
        );
        assert_eq!(settle(&needed, &[]).unwrap_err().code, "missing");
        assert_eq!(
            settle(&Known::Titled("parcel".into()), &[("8", "Parcel")]),
            Ok(Id::parse("8"))
        );
        let twins = [("8", "Parcel"), ("9", "parcel ")];
        let error = settle(&Known::Titled("parcel".into()), &twins).unwrap_err();
        assert_eq!(error.code, "ambiguous");
        assert!(error.message.contains("9 (parcel"), "{}", error.message);
        assert_eq!(
            settle(&Known::Titled("x".into()), &[("8", "Parcel")])
                .unwrap_err()
                .code,
            "no-such-choice"
        );
        assert_eq!(
            settle(&Known::Only { needed: false }, &[("7", "a"), ("8", "b")]),
            Ok(None)
        );
    }
}
