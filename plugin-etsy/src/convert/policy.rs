//! What a product says about the seller's policies and the shop's sections.

use super::product::warning;
use crate::id::Id;
use crate::limits::SECTIONS;
use stoflow_plugin_sdk::Violations;
use stoflow_plugin_sdk::types::{PolicyKind, Product, Warning};

/// Policies by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies {
    /// Shipping profile.
    pub shipping: Option<Id>,
    /// Return policy.
    pub returns: Option<Id>,
    /// Processing profile.
    pub processing: Option<Id>,
}

pub(super) fn policies(
    product: &Product,
    violations: &mut Violations,
    warnings: &mut Vec<Warning>,
) -> Policies {
    let mut policies = Policies::default();
    for (place, policy) in product.policies.iter().enumerate() {
        let path = format!("/product/policies/{place}");
        let slot = match policy.kind {
            PolicyKind::Shipping => &mut policies.shipping,
            PolicyKind::Returns => &mut policies.returns,
            PolicyKind::Processing => &mut policies.processing,
            PolicyKind::Payment | PolicyKind::Location => {
                warnings.push(warning(
                    "left-out",
                    "Etsy has no policies of this kind",
                    &path,
                ));
                continue;
            }
        };
        match Id::parse(&policy.id) {
            Some(_) if slot.is_some() => {
                violations.add(&path, "repeated", "one policy of a kind at most")
            }
            Some(id) => *slot = Some(id),
            None => violations.add(
                format!("{path}/id"),
                "no-such-policy",
                format!(
                    "{:?} is no id of a policy on Etsy, which are numbers",
                    policy.id
                ),
            ),
        }
    }
    policies
}

pub(super) fn section(product: &Product, violations: &mut Violations) -> Option<String> {
    let sections = product.sections.as_ref()?;
    if sections.len() > SECTIONS as usize {
        violations.add(
            "/product/sections",
            "too-many",
            "a listing is in one section of the shop at most",
        );
    }
    Some(
        sections
            .first()
            .map(|section| section.trim().to_owned())
            .unwrap_or_default(),
    )
}
