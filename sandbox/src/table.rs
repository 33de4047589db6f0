//! Etsy's operations as data: what each takes, demands and answers.
//!
//! The table is extracted from Etsy's own document by `cargo xtask spec` and compiled in, so that no
//! path, scope, encoding or enum is typed by hand. What the document leaves out or has wrong stands
//! in `facts`, never in the table.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// The table as `cargo xtask spec` wrote it.
const SOURCE: &str = include_str!("../etsy-operations.json");

/// The table, read once.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the file is compiled in and a test reads it"
    )]
    serde_json::from_str::<Table>(SOURCE)
        .expect("etsy-operations.json is valid")
        .named()
});

/// Every operation and schema of Etsy's document.
#[derive(Debug, Deserialize)]
pub struct Table {
    /// The document that the table was extracted from.
    pub source: Source,
    /// The operations by operationId.
    pub operations: BTreeMap<String, Operation>,
    /// The named schemas.
    pub schemas: BTreeMap<String, Shape>,
}

/// Which document a table was made of.
#[derive(Debug, Deserialize)]
pub struct Source {
    /// SHA-256 of the document's bytes, in hexadecimal.
    pub sha256: String,
    /// The document's length in bytes.
    pub bytes: u64,
}

/// One operation: a method of a path.
#[derive(Debug, Deserialize)]
pub struct Operation {
    /// The operationId, filled in from the table's key.
    #[serde(skip)]
    pub id: String,
    /// The method in capitals.
    pub method: String,
    /// The path with `{names}` of its parameters.
    pub path: String,
    /// Whether `x-api-key` is demanded.
    pub api_key: bool,
    /// The scopes that the bearer token must all have; none for a public operation.
    pub scopes: Vec<String>,
    /// Parameters of path and query.
    pub parameters: Vec<Parameter>,
    /// The body, where the operation takes one.
    pub body: Option<Body>,
    /// The schema of each status's reply; `None` for a reply without a body.
    pub responses: BTreeMap<String, Option<Shape>>,
}

/// One parameter of a path or a query.
#[derive(Debug, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it stands.
    #[serde(rename = "in")]
    pub place: Place,
    /// Whether a request without it is refused.
    #[serde(default)]
    pub required: bool,
    /// What its value must be.
    pub schema: Shape,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
}

/// The body of a request.
#[derive(Debug, Deserialize)]
pub struct Body {
    /// The one content type that the operation takes.
    pub content_type: String,
    /// An object's shape.
    pub schema: Shape,
}

/// The structure of a value.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// The JSON type; none for a reference.
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    /// The name of a schema to look up.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Whether null is a value.
    #[serde(default)]
    pub nullable: bool,
    /// The only values that are allowed, where there are any.
    #[serde(rename = "enum", default)]
    pub allowed: Vec<Value>,
    /// The smallest number.
    pub minimum: Option<f64>,
    /// The largest number.
    pub maximum: Option<f64>,
    /// What holds where the value is absent.
    pub default: Option<Value>,
    /// Hints such as `binary`.
    pub format: Option<String>,
    /// What each element of an array is.
    pub items: Option<Box<Shape>>,
    /// The fields of an object.
    pub properties: Option<BTreeMap<String, Shape>>,
    /// The fields that an object must have.
    #[serde(default)]
    pub required: Vec<String>,
}

/// A JSON type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A whole number of 64 bits.
    Integer,
    /// Any finite number.
    Number,
    /// Text.
    String,
    /// true or false.
    Boolean,
    /// A list.
    Array,
    /// Named fields.
    Object,
}

/// What a method and a path lead to.
#[derive(Debug)]
pub(crate) enum Found {
    /// The operation, and the path's parameters as written.
    Operation(&'static Operation, Vec<(String, String)>),
    /// The path exists, but not with this method.
    OtherMethods(Vec<&'static str>),
    /// There is no such path.
    Nothing,
}

impl Table {
    /// The table compiled into this crate.
    #[must_use]
    pub fn get() -> &'static Self {
        &TABLE
    }

    /// The operation of a method and path. Literal segments win over parameters, so that
    /// `/listings/batch` is not the listing `batch`.
    pub(crate) fn find(&'static self, method: &str, path: &str) -> Found {
        let mut matches: Vec<(&'static Operation, Vec<(String, String)>)> = self
            .operations
            .values()
            .filter_map(|operation| Some((operation, operation.matches(path)?)))
            .collect();
        let fewest = matches.iter().map(|(_, parameters)| parameters.len()).min();
        matches.retain(|(_, parameters)| Some(parameters.len()) == fewest);
        let methods: Vec<&'static str> = matches
            .iter()
            .map(|(operation, _)| operation.method.as_str())
            .collect();
        match matches
            .into_iter()
            .find(|(operation, _)| operation.method == method)
        {
            Some((operation, parameters)) => Found::Operation(operation, parameters),
            None if methods.is_empty() => Found::Nothing,
            None => Found::OtherMethods(methods),
        }
    }

    /// A shape with its reference followed.
    #[must_use]
    pub fn resolve<'a>(&'a self, shape: &'a Shape) -> &'a Shape {
        match &shape.reference {
            Some(name) => self.schemas.get(name).unwrap_or(shape),
            None => shape,
        }
    }

    fn named(mut self) -> Self {
        for (id, operation) in &mut self.operations {
            operation.id.clone_from(id);
        }
        self
    }
}

impl Operation {
    /// The parameters of `path`, if it is one of this operation's.
    fn matches(&self, path: &str) -> Option<Vec<(String, String)>> {
        let mut wanted = self.path.split('/');
        let mut given = path.split('/');
        let mut parameters = Vec::new();
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(parameters),
                (Some(wanted), Some(given)) => {
                    let name = wanted
                        .strip_prefix('{')
                        .and_then(|name| name.strip_suffix('}'));
                    match name {
                        Some(name) if !given.is_empty() => {
                            parameters.push((name.to_owned(), given.to_owned()));
                        }
                        None if wanted == given => {}
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
    }

    /// The schema of a reply with this status, if the document has one.
    #[must_use]
    pub fn response(&self, status: u16) -> Option<&Shape> {
        self.responses.get(&status.to_string())?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &str, path: &str) -> String {
        match Table::get().find(method, path) {
            Found::Operation(operation, parameters) => format!("{} {parameters:?}", operation.id),
            Found::OtherMethods(methods) => format!("{methods:?}"),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn is_readable_and_names_its_source() {
        assert_eq!(Table::get().operations.len(), 105);
        assert_eq!(Table::get().source.sha256.len(), 64);
        assert_eq!(Table::get().operations["getListing"].id, "getListing");
    }

    #[test]
    fn literal_segments_win_over_parameters() {
        assert_eq!(
            found("GET", "/v3/application/listings/batch"),
            "getListingsByListingIds []"
        );
        assert_eq!(
            found("GET", "/v3/application/listings/7"),
            "getListing [(\"listing_id\", \"7\")]"
        );
        assert_eq!(found("GET", "/v3/application/users/me"), "getMe []");
    }

    #[test]
    fn tells_a_wrong_method_from_a_wrong_path() {
        assert_eq!(
            found("PUT", "/v3/application/shops/1/listings/2"),
            "[\"PATCH\"]"
        );
        assert_eq!(found("GET", "/v3/application/listing/7"), "nothing");
        assert_eq!(found("GET", "/v3/application/listings/"), "nothing");
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        fn visit(shape: &Shape, at: &str) {
            if let Some(name) = &shape.reference {
                assert!(Table::get().schemas.contains_key(name), "{at}: {name}");
            }
            for (name, inner) in shape.properties.iter().flatten() {
                visit(inner, &format!("{at}/{name}"));
            }
            if let Some(items) = &shape.items {
                visit(items, at);
            }
        }
        for (name, shape) in &Table::get().schemas {
            visit(shape, name);
        }
        for (id, operation) in &Table::get().operations {
            for shape in operation.responses.values().flatten() {
                visit(shape, id);
            }
        }
    }
}
