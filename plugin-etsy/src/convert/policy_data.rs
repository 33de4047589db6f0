//! `data` of `policies.create`, by kind: what may stand in it, as tables, and the rules about
//! several members that a table cannot say.

use super::member::{Kind, Member, Members, read, schema};
use super::shipping::Profile;
use crate::api::Form;
use crate::limits::{DELIVERY_DAYS, POSTAL_CODES, PROCESSING_TIME, RETURN_DEADLINES};
use serde_json::{Value, json};
use stoflow_plugin_sdk::types::PolicyKind;
use stoflow_plugin_sdk::{Object, Violations};

/// Where `data` is in the arguments.
pub const POINTER: &str = "/data";

const DESTINATION: [Member; 8] = [
    Member {
        name: "destination_country_iso",
        title: "Country",
        summary: "The country that this is about. Either a country or a region.",
        required: false,
        kind: Kind::Country,
        example: "\"FR\"",
    },
    Member {
        name: "destination_region",
        title: "Region",
        summary: "The European Union, or Europe outside it. Either a country or a region.",
        required: false,
        kind: Kind::OneOf(&["eu", "non_eu"]),
        example: "\"eu\"",
    },
    Member {
        name: "primary_cost",
        title: "Cost of one",
        summary: "What shipping one piece costs the buyer, in the shop's currency.",
        required: true,
        kind: Kind::Cost,
        example: "\"4.90\"",
    },
    Member {
        name: "secondary_cost",
        title: "Cost of each further one",
        summary: "What each further piece in the same parcel adds, in the shop's currency.",
        required: true,
        kind: Kind::Cost,
        example: "\"1.50\"",
    },
    Member {
        name: "min_delivery_days",
        title: "Business days of delivery, at least",
        summary: "With the other number of days, instead of a carrier and a mail class.",
        required: false,
        kind: Kind::Integer(DELIVERY_DAYS),
        example: "2",
    },
    Member {
        name: "max_delivery_days",
        title: "Business days of delivery, at most",
        summary: "With the other number of days, instead of a carrier and a mail class.",
        required: false,
        kind: Kind::Integer(DELIVERY_DAYS),
        example: "5",
    },
    Member {
        name: "shipping_carrier_id",
        title: "Carrier",
        summary: "Etsy's id of a carrier of the country of origin, with a mail class, instead of days.",
        required: false,
        kind: Kind::Id,
        example: "\"1\"",
    },
    Member {
        name: "mail_class",
        title: "Mail class",
        summary: "Etsy's key of one of the carrier's mail classes.",
        required: false,
        kind: Kind::Text,
        example: "\"colissimo\"",
    },
];

const SHIPPING: [Member; 3] = [
    Member {
        name: "origin_country_iso",
        title: "Country of origin",
        summary: "The country that the goods are sent from.",
        required: true,
        kind: Kind::Country,
        example: "\"FR\"",
    },
    Member {
        name: "origin_postal_code",
        title: "Postal code of origin",
        summary: "Where the country has postal codes.",
        required: false,
        kind: Kind::Text,
        example: "\"75011\"",
    },
    Member {
        name: "destinations",
        title: "Destinations",
        summary: "Where the goods are sent to, for how much and in how many days.",
        required: true,
        kind: Kind::List(&DESTINATION, destination_rules),
        example: r#"[{"destination_country_iso":"FR","primary_cost":"4.90","secondary_cost":"1.50","min_delivery_days":2,"max_delivery_days":5}]"#,
    },
];

const RETURNS: [Member; 3] = [
    Member {
        name: "accepts_returns",
        title: "Returns",
        summary: "Whether buyers may send goods back for their money.",
        required: true,
        kind: Kind::Boolean,
        example: "true",
    },
    Member {
        name: "accepts_exchanges",
        title: "Exchanges",
        summary: "Whether buyers may exchange goods.",
        required: true,
        kind: Kind::Boolean,
        example: "false",
    },
    Member {
        name: "return_deadline",
        title: "Days",
        summary: "Within how many days; needed where one of the two is accepted, and only there.",
        required: false,
        kind: Kind::OneOfNumbers(&RETURN_DEADLINES),
        example: "30",
    },
];

const PROCESSING: [Member; 4] = [
    Member {
        name: "readiness_state",
        title: "Readiness",
        summary: "Whether the goods lie ready or are made when they are ordered.",
        required: true,
        kind: Kind::OneOf(&["ready_to_ship", "made_to_order"]),
        example: "\"ready_to_ship\"",
    },
    Member {
        name: "min_processing_time",
        title: "At least",
        summary: "How long it takes at least until the parcel is sent.",
        required: true,
        kind: Kind::Integer(PROCESSING_TIME),
        example: "1",
    },
    Member {
        name: "max_processing_time",
        title: "At most",
        summary: "How long it takes at most until the parcel is sent.",
        required: true,
        kind: Kind::Integer(PROCESSING_TIME),
        example: "3",
    },
    Member {
        name: "processing_time_unit",
        title: "Unit",
        summary: "Business days, or weeks of as many days as the seller works; days if left out.",
        required: false,
        kind: Kind::OneOf(&["days", "weeks"]),
        example: "\"days\"",
    },
];

/// JSON Schema of `data`; `None` for a kind that Etsy does not have.
#[must_use]
pub fn data_schema(kind: PolicyKind) -> Option<String> {
    let (title, description, table, rules): (_, _, &'static [Member], _) = match kind {
        PolicyKind::Shipping => (
            "Shipping profile",
            "Where goods are sent from and to, for how much, and how long it takes.",
            &SHIPPING,
            shipping_rules(),
        ),
        PolicyKind::Returns => (
            "Return policy",
            "What comes back. Etsy gives it no name; of two that say the same it keeps one.",
            &RETURNS,
            returns_rules(),
        ),
        PolicyKind::Processing => (
            "Processing profile",
            "How long it takes until a parcel is sent. Etsy names it by its times.",
            &PROCESSING,
            json!({}),
        ),
        PolicyKind::Payment | PolicyKind::Location => return None,
    };
    let mut schema = schema(table, rules);
    if let Some(schema) = schema.as_object_mut() {
        let dialect = "https://json-schema.org/draft/2020-12/schema";
        schema.insert("$schema".to_owned(), Value::from(dialect));
        schema.insert("title".to_owned(), Value::from(title));
        schema.insert("description".to_owned(), Value::from(description));
    }
    Some(schema.to_string())
}

fn shipping_rules() -> Value {
    json!({
        "if": { "properties": { "origin_country_iso": { "enum": &POSTAL_CODES[..] } } },
        "then": { "required": ["origin_postal_code"] },
    })
}

fn destination_rules() -> Value {
    json!({
        "allOf": [
            { "oneOf": [
                { "title": "A country", "required": ["destination_country_iso"] },
                { "title": "A region", "required": ["destination_region"] },
            ] },
            { "oneOf": [
                { "title": "Days", "required": ["min_delivery_days", "max_delivery_days"] },
                { "title": "A carrier", "required": ["shipping_carrier_id", "mail_class"] },
            ] },
        ],
        "dependentRequired": {
            "min_delivery_days": ["max_delivery_days"],
            "max_delivery_days": ["min_delivery_days"],
            "shipping_carrier_id": ["mail_class"],
            "mail_class": ["shipping_carrier_id"],
        },
    })
}

fn returns_rules() -> Value {
    let accepts = |name: &str| json!({ "properties": { name: { "const": true } } });
    json!({
        "if": { "anyOf": [accepts("accepts_returns"), accepts("accepts_exchanges")] },
        "then": { "required": ["return_deadline"] },
        "else": { "properties": { "return_deadline": false } },
    })
}

/// A shipping profile, as far as it is right.
pub fn shipping(name: &str, data: &str, violations: &mut Violations) -> Option<Profile> {
    let members = read(&SHIPPING, data, POINTER, violations);
    Profile::new(name, &members, violations)
}

/// A return policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returns {
    accepts_returns: bool,
    accepts_exchanges: bool,
    deadline: Option<i64>,
}

impl Returns {
    /// As `data` has it; `None` where something is wrong.
    pub fn read(data: &str, violations: &mut Violations) -> Option<Self> {
        let members = read(&RETURNS, data, POINTER, violations);
        let returns = Self {
            accepts_returns: members.boolean("accepts_returns")?,
            accepts_exchanges: members.boolean("accepts_exchanges")?,
            deadline: members.integer("return_deadline"),
        };
        let at = format!("{POINTER}/return_deadline");
        let accepts = returns.accepts_returns || returns.accepts_exchanges;
        if accepts && returns.deadline.is_none() && !members.is_wrong(&["return_deadline"]) {
            let message = "goods that may come back need a number of days";
            violations.add(&at, "required", message);
        }
        if !accepts && returns.deadline.is_some() {
            let message = "nothing comes back, so there is no deadline: leave it out";
            violations.add(&at, "not-allowed", message);
        }
        Some(returns)
    }

    /// The form that creates it.
    #[must_use]
    pub fn form(self) -> Form {
        let mut form = vec![
            (
                "accepts_returns".to_owned(),
                self.accepts_returns.to_string(),
            ),
            (
                "accepts_exchanges".to_owned(),
                self.accepts_exchanges.to_string(),
            ),
        ];
        if let Some(days) = self.deadline {
            form.push(("return_deadline".to_owned(), days.to_string()));
        }
        form
    }

    /// Whether a policy of the shop's says the same.
    #[must_use]
    pub fn is(self, policy: &Object<'_>) -> bool {
        let known = (
            policy.boolean("accepts_returns"),
            policy.boolean("accepts_exchanges"),
        );
        known == (Some(self.accepts_returns), Some(self.accepts_exchanges))
            && (self.deadline.is_none() || policy.integer("return_deadline") == self.deadline)
    }
}

/// The form that creates a processing profile; `None` where something is wrong.
pub fn processing_form(data: &str, violations: &mut Violations) -> Option<Form> {
    let members = read(&PROCESSING, data, POINTER, violations);
    let times = times(&members, violations);
    let (min, max) = times?;
    let unit = members.text("processing_time_unit").unwrap_or("days");
    Some(
        [
            (
                "readiness_state",
                members.text("readiness_state")?.to_owned(),
            ),
            ("min_processing_time", min.to_string()),
            ("max_processing_time", max.to_string()),
            ("processing_time_unit", unit.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec(),
    )
}

fn times(members: &Members, violations: &mut Violations) -> Option<(i64, i64)> {
    let min = members.integer("min_processing_time")?;
    let max = members.integer("max_processing_time")?;
    if min > max {
        let message = format!("the most, {max}, is less than the least, {min}");
        violations.add(
            format!("{POINTER}/max_processing_time"),
            "not-allowed",
            message,
        );
    }
    Some((min, max))
}

#[cfg(test)]
mod tests;
