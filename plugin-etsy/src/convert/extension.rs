//! What only Etsy knows of a product: one table of the members, from which the check, the form and
//! the JSON Schema are made.

use super::provenance::WHO_MADE;
use crate::api::Form;
use crate::id::Id;
use crate::limits::{STYLE_LENGTH, STYLES, is_word};
use serde_json::{Map, Value, json};
use stoflow_plugin_sdk::{Object, Violations, is_document};

/// One member of a product's extension.
#[derive(Debug)]
pub struct Member {
    /// Its name, which is Etsy's.
    pub name: &'static str,
    kind: Kind,
    /// How it travels: in the listing's form, or in a request of its own.
    way: Way,
    summary: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    OneOf(&'static [&'static str]),
    Text,
    Integer,
    Boolean,
    Styles,
    Ids,
    Document,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In the forms that create and change a listing.
    Form,
    /// In the form that creates one only.
    CreateForm,
    /// Not by itself: with others, or in a request of its own.
    Apart,
}

/// The kinds of listing that Etsy has.
pub const TYPES: [&str; 3] = ["physical", "download", "both"];

/// All members of a product's extension.
pub const MEMBERS: [Member; 17] = [
    Member {
        name: "who_made",
        kind: Kind::OneOf(&WHO_MADE),
        way: Way::Apart,
        summary: "Who made it.",
    },
    Member {
        name: "when_made",
        kind: Kind::Text,
        way: Way::Apart,
        summary: "When it was made: one of Etsy's eras, or a year.",
    },
    Member {
        name: "is_supply",
        kind: Kind::Boolean,
        way: Way::Apart,
        summary: "Whether it is a supply or a tool to make things with.",
    },
    Member {
        name: "type",
        kind: Kind::OneOf(&TYPES),
        way: Way::Apart,
        summary: "Physical goods, a download, or both; follows from `files` if left out.",
    },
    Member {
        name: "should_auto_renew",
        kind: Kind::Boolean,
        way: Way::Form,
        summary: "Whether the listing renews itself every four months, for a fee.",
    },
    Member {
        name: "is_taxable",
        kind: Kind::Boolean,
        way: Way::Form,
        summary: "Whether the shop's tax rates apply.",
    },
    Member {
        name: "is_customizable",
        kind: Kind::Boolean,
        way: Way::CreateForm,
        summary: "Whether buyers may ask for a customised one. Set at creation only.",
    },
    Member {
        name: "styles",
        kind: Kind::Styles,
        way: Way::CreateForm,
        summary: "At most two styles. Set at creation only.",
    },
    Member {
        name: "production_partner_ids",
        kind: Kind::Ids,
        way: Way::Form,
        summary: "The shop's production partners that had a part in it.",
    },
    Member {
        name: "personalization_questions",
        kind: Kind::Document,
        way: Way::Apart,
        summary: "What the buyer is asked, as Etsy's personalization endpoint takes it.",
    },
    Member {
        name: "ecgt_garan_brand",
        kind: Kind::Text,
        way: Way::Form,
        summary: "EU guarantee label: the brand.",
    },
    Member {
        name: "ecgt_garan_model",
        kind: Kind::Text,
        way: Way::Form,
        summary: "EU guarantee label: the model.",
    },
    Member {
        name: "ecgt_garan_years",
        kind: Kind::Integer,
        way: Way::Form,
        summary: "EU guarantee label: for how many years.",
    },
    Member {
        name: "ecgt_garan_guarantee_details",
        kind: Kind::Text,
        way: Way::Form,
        summary: "EU guarantee label: the guarantee's terms.",
    },
    Member {
        name: "ecgt_other_commercial_guarantee_details",
        kind: Kind::Text,
        way: Way::Form,
        summary: "EU: other commercial guarantees.",
    },
    Member {
        name: "ecgt_after_sales_service_info",
        kind: Kind::Text,
        way: Way::Form,
        summary: "EU: service after the sale.",
    },
    Member {
        name: "ecgt_software_update_details",
        kind: Kind::Text,
        way: Way::Form,
        summary: "EU: software updates.",
    },
];

/// The extension of a product, checked against the table.
#[must_use]
pub fn parse<'a>(json: Option<&'a str>, violations: &mut Violations) -> Option<Object<'a>> {
    let json = json.filter(|json| json.trim() != "null")?;
    let Ok(extension) = Object::parse(json.as_bytes()) else {
        violations.add(
            "/product/extension",
            "not-an-object",
            "an extension is a JSON object",
        );
        return None;
    };
    for (name, value) in extension.members() {
        let Some(member) = MEMBERS.iter().find(|member| member.name == name) else {
            let known: Vec<&str> = MEMBERS.iter().map(|member| member.name).collect();
            let message = format!(
                "Etsy has no member {name:?}; there are {}",
                known.join(", ")
            );
            violations.add(pointer(name), "unknown-member", message);
            continue;
        };
        if value.get() != "null" {
            member.check(&extension, violations);
        }
    }
    Some(extension)
}

/// Where a member is in the function's arguments.
#[must_use]
pub fn pointer(name: &str) -> String {
    format!(
        "/product/extension/{}",
        name.replace('~', "~0").replace('/', "~1")
    )
}

/// The names of the members that are `null`: to be cleared.
#[must_use]
pub fn cleared(extension: &Object<'_>) -> Vec<String> {
    let null = extension
        .members()
        .filter(|(_, value)| value.get() == "null");
    null.map(|(name, _)| name.to_owned()).collect()
}

/// The members that travel in the form that creates a listing.
#[must_use]
pub fn create_form(extension: &Object<'_>) -> Form {
    form(extension, &[Way::Form, Way::CreateForm])
}

/// The members that travel in the form that changes a listing.
#[must_use]
pub fn update_form(extension: &Object<'_>) -> Form {
    form(extension, &[Way::Form])
}

/// The members that are set at creation only, as they stand in a form.
#[must_use]
pub fn create_only_form(extension: &Object<'_>) -> Form {
    form(extension, &[Way::CreateForm])
}

fn form(extension: &Object<'_>, ways: &[Way]) -> Form {
    let members = MEMBERS.iter().filter(|member| ways.contains(&member.way));
    let fields =
        members.filter_map(|member| Some((member.name.to_owned(), member.form_value(extension)?)));
    fields.collect()
}

/// What a listing says in its members, as a product's extension says it.
#[must_use]
pub fn of_listing(listing: &Object<'_>) -> Map<String, Value> {
    let mut extension = Map::new();
    for member in &MEMBERS {
        let value = match (member.name, member.kind) {
            ("type", _) => listing.text("listing_type").map(Value::from),
            ("styles", _) => Some(listing.texts("style"))
                .filter(|styles| !styles.is_empty())
                .map(Value::from),
            ("production_partner_ids", _) => partners(listing),
            ("personalization_questions", _) => questions(listing),
            (name, Kind::Boolean) => listing.boolean(name).map(Value::from),
            (name, Kind::Integer) => listing.integer(name).map(Value::from),
            (name, _) => listing.words(name).map(Value::from),
        };
        if let Some(value) = value {
            extension.insert(member.name.to_owned(), value);
        }
    }
    extension
}

fn partners(listing: &Object<'_>) -> Option<Value> {
    let partners = listing.objects("production_partners");
    let ids: Vec<String> = partners
        .iter()
        .filter_map(|partner| partner.text("production_partner_id"))
        .collect();
    Some(ids).filter(|ids| !ids.is_empty()).map(Value::from)
}

fn questions(listing: &Object<'_>) -> Option<Value> {
    let personalization = listing.object("personalization")?;
    let questions = personalization.raw("personalization_questions")?;
    if !is_document(questions.get()) {
        return None;
    }
    let questions: Value = serde_json::from_str(questions.get()).ok()?;
    questions
        .as_array()
        .is_some_and(|questions| !questions.is_empty())
        .then_some(questions)
}

/// JSON Schema of a product's extension.
#[must_use]
pub fn schema(eras: &[String]) -> String {
    let members = MEMBERS.iter().map(|member| {
        let mut schema = match member.kind {
            Kind::OneOf(names) => json!({ "enum": names }),
            Kind::Text if member.name == "when_made" => json!({"type": "string", "examples": eras}),
            Kind::Text => json!({"type": "string"}),
            Kind::Integer => json!({"type": "integer"}),
            Kind::Boolean => json!({"type": "boolean"}),
            Kind::Styles => json!({"type": "array", "maxItems": STYLES, "items": {"type": "string", "maxLength": STYLE_LENGTH}}),
            Kind::Ids => json!({"type": "array", "items": {"type": "string", "pattern": "^[1-9][0-9]*$"}}),
            Kind::Document => json!({"type": "array", "items": {"type": "object"}}),
        };
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), Value::from(member.summary));
        }
        (member.name.to_owned(), schema)
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": Map::from_iter(members),
        "additionalProperties": false,
    })
    .to_string()
}

impl Member {
    fn check(&self, extension: &Object<'_>, violations: &mut Violations) {
        let at = pointer(self.name);
        let mut wrong = |code: &str, message: String| violations.add(&at, code, message);
        match self.kind {
            Kind::OneOf(names) => {
                if !extension
                    .text(self.name)
                    .is_some_and(|text| names.contains(&text.as_str()))
                {
                    wrong("unknown-value", format!("one of {}", names.join(", ")));
                }
            }
            Kind::Boolean if extension.boolean(self.name).is_none() => {
                wrong("wrong-type", "true or false".into())
            }
            Kind::Integer if extension.integer(self.name).is_none() => {
                wrong("wrong-type", "a whole number".into())
            }
            Kind::Text if extension.text(self.name).is_none() => {
                wrong("wrong-type", "a text".into())
            }
            Kind::Ids => {
                let ids = extension.texts(self.name);
                if ids.is_empty() || ids.iter().any(|id| Id::parse(id).is_none()) {
                    wrong("wrong-type", "a list of ids".into());
                }
            }
            Kind::Styles => check_styles(&extension.texts(self.name), &mut wrong),
            Kind::Document
                if extension
                    .raw(self.name)
                    .is_none_or(|value| !value.get().starts_with('[')) =>
            {
                wrong("wrong-type", "a list".into());
            }
            Kind::Boolean | Kind::Integer | Kind::Text | Kind::Document => {}
        }
    }

    fn form_value(&self, extension: &Object<'_>) -> Option<String> {
        match self.kind {
            Kind::Boolean => extension.boolean(self.name).map(|value| value.to_string()),
            Kind::Styles | Kind::Ids => {
                Some(extension.texts(self.name).join(",")).filter(|list| !list.is_empty())
            }
            Kind::Integer | Kind::Text | Kind::OneOf(_) => extension.text(self.name),
            Kind::Document => None,
        }
    }
}

fn check_styles(styles: &[String], wrong: &mut impl FnMut(&str, String)) {
    if styles.len() > STYLES {
        wrong(
            "too-many",
            format!("{} styles, at most {STYLES}", styles.len()),
        );
    }
    for style in styles {
        if style.chars().count() > STYLE_LENGTH {
            wrong(
                "too-long",
                format!("{style:?} is longer than {STYLE_LENGTH} characters"),
            );
        }
        if let Some(odd) = style.chars().find(|character| !is_word(*character)) {
            wrong(
                "invalid-characters",
                format!("{style:?} has a character that Etsy refuses: {odd}"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(json: &str) -> Vec<String> {
        let mut violations = Violations::default();
        let _ = parse(Some(json), &mut violations);
        violations
            .as_slice()
            .iter()
            .map(|wrong| format!("{} {}", wrong.path, wrong.code))
            .collect()
    }

    #[test]
    fn members_are_checked_by_the_table() {
        assert!(checked(r#"{"who_made":"i_did","is_taxable":true,"styles":["Boho"],"production_partner_ids":["7"]}"#).is_empty());
        assert!(checked(r#"{"who_made":null,"styles":null}"#).is_empty());
        let wrong = checked(
            r#"{"who_made":"me","is_supply":"perhaps","colour":1,"styles":["a-b","c","d"],"ecgt_garan_years":"two"}"#,
        );
        assert_eq!(
            wrong,
            [
                "/product/extension/who_made unknown-value",
                "/product/extension/is_supply wrong-type",
                "/product/extension/colour unknown-member",
                "/product/extension/styles too-many",
                "/product/extension/styles invalid-characters",
                "/product/extension/ecgt_garan_years wrong-type",
            ]
        );
        assert_eq!(checked("[]"), ["/product/extension not-an-object"]);
    }

    #[test]
    fn forms_hold_what_etsy_takes_there() {
        let json = r#"{"is_taxable":false,"is_customizable":true,"styles":["A","B"],"production_partner_ids":[5,6],"who_made":"i_did"}"#;
        let extension = Object::parse(json.as_bytes()).unwrap();
        let names = |form: Form| {
            form.into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(create_form(&extension)),
            [
                "is_taxable=false",
                "is_customizable=true",
                "styles=A,B",
                "production_partner_ids=5,6"
            ]
        );
        assert_eq!(
            names(update_form(&extension)),
            ["is_taxable=false", "production_partner_ids=5,6"]
        );
    }

    #[test]
    fn what_a_listing_says_can_be_written_back() {
        let json = br#"{"who_made":"collective","when_made":"1970s","is_supply":false,"listing_type":"physical",
            "style":["Boho"],"is_taxable":true,"should_auto_renew":null,"views":7,
            "production_partners":[{"production_partner_id":12}],
            "personalization":{"personalization_questions":[{"question_id":3,"question_text":"Name?"}]}}"#;
        let extension = Value::Object(of_listing(&Object::parse(json).unwrap())).to_string();
        assert!(checked(&extension).is_empty(), "{extension}");
        assert!(extension.contains("question_text") && !extension.contains("views"));
    }

    #[test]
    fn the_schema_names_every_member() {
        let schema: Value = serde_json::from_str(&schema(&["1970s".into()])).unwrap();
        assert_eq!(
            schema["properties"].as_object().unwrap().len(),
            MEMBERS.len()
        );
    }
}
